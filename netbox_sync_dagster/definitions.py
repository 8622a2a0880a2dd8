"""The code location: what ``dagster dev -w workspace.yaml`` and ``dg dev`` load."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from netbox_sync_dagster.defs.resources import SyncResource


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything below ``defs/``: a file there that defines an asset, job, sensor or schedule needs no other entry.

    ``dg.toml`` beside this file names the folder, in a checkout and in an installed package alike.

    A step in a process of its own costs about two seconds of CPU, one in the run's process some milliseconds;
    what waits for servers waits in threads.
    """
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(resources={"sync": SyncResource()}, executor=dg.in_process_executor),
    )
