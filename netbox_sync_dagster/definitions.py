"""The code location: what ``dagster dev -w workspace.yaml`` and ``dg dev`` load."""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg

from netbox_sync_dagster import defs
from netbox_sync_dagster.defs.resources import SyncResource


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything below ``defs/``: a file there that defines an asset, job, sensor or schedule needs no other entry.

    As ``load_from_defs_folder`` does it, which takes the folder and the location's name from a project file: an installed
    package has none, and under another name (``-m``, a code server) it warns once for every file.

    A step in a separate process costs about two seconds of CPU, one in the run's process some milliseconds;
    what waits for servers waits in threads.
    """
    with warnings.catch_warnings():
        # Of what Dagster itself uses for it.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        found = dg.ComponentTree.from_module(defs, Path(__file__).parents[1]).build_defs()
    return dg.Definitions.merge(
        found, dg.Definitions(resources={"sync": SyncResource()}, executor=dg.in_process_executor)
    )
