"""Read, compare, let the policies approve: one function for all callers (CLI, Dagster)."""

from netbox_sync_dagster.sync.endpoint import EmptySnapshot, Outcome, SyncOptions, is_empty, sync_endpoint
from netbox_sync_dagster.sync.together import Stopped, run_together

__all__ = [
    "EmptySnapshot",
    "Outcome",
    "Stopped",
    "SyncOptions",
    "is_empty",
    "run_together",
    "sync_endpoint",
]
