"""``metrics``: prints metrics of all endpoints for Prometheus."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.cli.console import write_data
from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.storage.configured import note_endpoints
from netbox_sync_dagster.storage.files import rewrite


def metrics_command(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Write to this file atomically, for node_exporter's textfile collector."),
    ] = None,
) -> None:
    """Print metrics in Prometheus's text format."""
    from netbox_sync_dagster.metrics import metrics

    session = session_of(context)
    with suppress(ConfigError, OSError):
        if session.warehouse.home.is_dir():
            note_endpoints(session.warehouse, session.config)
    text = metrics(session.warehouse)
    if file is None:
        write_data(session.out, text)
        return
    rewrite(file, text.encode())
