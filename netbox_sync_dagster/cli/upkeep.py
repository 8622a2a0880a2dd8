"""``metrics``, ``clean`` and ``restore``: what a long-running installation needs besides."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.cli.console import write_data
from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.warehouse.cleaning import clean
from netbox_sync_dagster.warehouse.configured import note_endpoints
from netbox_sync_dagster.warehouse.damage import restore
from netbox_sync_dagster.warehouse.files import put_in_place
from netbox_sync_dagster.warehouse.store import read_manifest


def metrics_command(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", help="Write them there, whole or not at all: for node_exporter's textfile collector."
        ),
    ] = None,
) -> None:
    """Show metrics in Prometheus's text format."""
    from netbox_sync_dagster.metrics import metrics

    session = session_of(context)
    with suppress(ConfigError, OSError):
        if session.warehouse.home.is_dir():
            note_endpoints(session.warehouse, session.config)
    text = metrics(session.warehouse)
    if file is None:
        write_data(session.out, text)
        return
    put_in_place(file, text.encode())


def clean_command(context: typer.Context) -> None:
    """Remove what is older than `retention` in the configuration keeps, and what killed processes left.

    Never the ledger. Dagster's job clean_up does the same every night, and prunes Dagster's runs.
    """
    session = session_of(context)
    counts = clean(session.warehouse, session.config.retention)
    session.out.print("removed: " + ", ".join(f"{number} {what}" for what, number in counts.items()))


def restore_command(
    context: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="The endpoint, or netbox.")],
    snapshot: Annotated[
        str | None, typer.Argument(help="The snapshot's id; default: the newest older one that is whole.")
    ] = None,
) -> None:
    """Make an older snapshot current, where a file of the current one is damaged.

    Nothing is removed. The next sync reads the endpoint again.
    """
    session = session_of(context)
    kind = "netbox" if endpoint == "netbox" else session.endpoint(endpoint).kind
    warehouse = session.warehouse
    version = restore(warehouse, warehouse.snapshots(kind, endpoint), snapshot)
    finished = read_manifest(warehouse.snapshots(kind, endpoint) / version)["finished"]
    session.out.print(f"{endpoint}: the snapshot {version}, read until {finished[:16]}, is current")
    session.out.print(f"read the endpoint again and compare: netbox-sync sync {endpoint}")
