"""``lab``: servers to try things against."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.demo_extra import run_extra


def lab(context: typer.Context) -> None:
    """Run lab servers to try things against."""
    run_extra("lab", context)
