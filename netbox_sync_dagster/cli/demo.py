"""``demo``: runs all steps on lab servers."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.demo_extra import run_extra


def demo(context: typer.Context) -> None:
    """Run a demonstration: lab servers and all steps from check to apply."""
    run_extra("demo", context)
