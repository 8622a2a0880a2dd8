"""``netbox-sync``: the command line over snapshots, diffs, approvals and applies."""

from netbox_sync_dagster.cli.app import app, main

__all__ = ["app", "main"]
