"""``restore``: makes an older snapshot current."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.cli.completion import complete_endpoints
from netbox_sync_dagster.cli.session import DryRunOption, session_of
from netbox_sync_dagster.storage.damage import restore
from netbox_sync_dagster.storage.versions import read_manifest


def restore_command(
    context: typer.Context,
    endpoint: Annotated[
        str, typer.Argument(help="The endpoint, or netbox.", autocompletion=complete_endpoints)
    ],
    snapshot: Annotated[
        str | None, typer.Argument(help="The snapshot's id; default: the newest undamaged older one.")
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Make an older snapshot current if a file of the current one is damaged.

    Nothing is deleted. The next sync reads the endpoint again.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context, history=True)
    kind = "netbox" if endpoint == "netbox" else session.endpoint(endpoint).kind
    warehouse = session.warehouse
    version = restore(warehouse, warehouse.snapshots(kind, endpoint), snapshot)
    finished = read_manifest(warehouse.snapshots(kind, endpoint) / version)["finished"]
    becomes = "would be current" if dry_run else "is now current"
    session.out.print(f"{endpoint}: snapshot {version}, finished {finished[:16]}, {becomes}")
    if dry_run:
        return
    session.out.print(f"to read the endpoint again and compare: netbox-sync sync {endpoint}")
