"""``netbox-sync``: the command line over snapshots, diffs, approvals and applies."""

from netbox_sync_dagster.cli.app import main

__all__ = ["main"]
