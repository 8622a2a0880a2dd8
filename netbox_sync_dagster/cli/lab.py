"""``lab``: runs servers for experiments."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.demo_extra import run_extra


def lab(context: typer.Context) -> None:
    """Run lab servers for experiments."""
    run_extra("lab", context)
