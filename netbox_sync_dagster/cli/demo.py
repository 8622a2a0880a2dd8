"""``demo``: the whole job on lab servers."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.demo_extra import run_extra


def demo(context: typer.Context) -> None:
    """See it work: lab servers and a first sync."""
    run_extra("demo", context)
