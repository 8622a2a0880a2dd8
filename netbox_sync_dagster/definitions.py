"""The code location: what ``dg dev`` loads."""

from __future__ import annotations

import gc
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import dagster as dg

from netbox_sync_dagster.defs import assets, jobs, sensors

# Jobs of assets have a class without a public name.
_JOBS = (dg.JobDefinition, type(dg.define_asset_job("job")))


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything in ``assets/``, ``jobs/`` and ``sensors/`` of ``defs/``: a file there that defines an asset, job, sensor or
    schedule needs no other entry. The modules beside do the work of runs and ticks, and are loaded when it begins.

    ``load_from_defs_folder`` takes the folder and the location's name from a project file, which an installed package does
    not have, and describes all of Dagster's components too, which takes as long as these definitions.

    A step in a separate process costs about a second of CPU, one in the run's process some milliseconds;
    what waits for servers waits in threads.
    """
    with _without_collection():
        found = list({id(item): item for item in _defined()}.values())
        from netbox_sync_dagster.defs.resources import SyncResource

        return dg.Definitions(
            assets=[item for item in found if isinstance(item, dg.AssetsDefinition)],
            jobs=[item for item in found if isinstance(item, _JOBS)],
            schedules=[item for item in found if isinstance(item, dg.ScheduleDefinition)],
            sensors=[item for item in found if isinstance(item, dg.SensorDefinition)],
            resources={"sync": SyncResource()},
            executor=dg.in_process_executor,
        )


def _defined() -> Iterator[Any]:
    """The values of all modules in these folders, those in lists too."""
    for folder in (assets, jobs, sensors):
        for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
            for value in vars(import_module(module.name)).values():
                yield from value if isinstance(value, list) else (value,)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No garbage collection meanwhile, nor later of the objects that exist then.

    Dagster, its libraries and the definitions are hundreds of thousands of objects that live as long as the process.
    Looking for garbage among them takes as long as making the definitions, and three times as long at the end of a run.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # In a process that has used DuckDB already, its types would be reported as leaks at exit.
        if "duckdb" not in sys.modules:
            gc.freeze()
        if enabled:
            gc.enable()
