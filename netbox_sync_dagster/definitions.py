"""The code location: what ``dagster dev -w workspace.yaml`` and ``dg dev`` load."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import dagster as dg

from netbox_sync_dagster import defs
from netbox_sync_dagster.defs.resources import SyncResource

# Jobs of assets have a class without a public name.
_JOBS = (dg.JobDefinition, type(dg.define_asset_job("job")))


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything below ``defs/``: a file there that defines an asset, job, sensor or schedule needs no other entry.

    ``load_from_defs_folder`` takes the folder and the location's name from a project file, which an installed package does
    not have, and describes all of Dagster's components too, which takes as long as these definitions.

    A step in a separate process costs about two seconds of CPU, one in the run's process some milliseconds;
    what waits for servers waits in threads.
    """
    found = list({id(item): item for item in _defined()}.values())
    return dg.Definitions(
        assets=[item for item in found if isinstance(item, dg.AssetsDefinition)],
        asset_checks=[item for item in found if isinstance(item, dg.AssetChecksDefinition)],
        jobs=[item for item in found if isinstance(item, _JOBS)],
        schedules=[item for item in found if isinstance(item, dg.ScheduleDefinition)],
        sensors=[item for item in found if isinstance(item, dg.SensorDefinition)],
        resources={"sync": SyncResource()},
        executor=dg.in_process_executor,
    )


def _defined() -> Iterator[Any]:
    """The values of all modules below ``defs``, those in lists too."""
    for module in pkgutil.walk_packages(defs.__path__, f"{defs.__name__}."):
        for value in vars(import_module(module.name)).values():
            yield from value if isinstance(value, list) else (value,)
