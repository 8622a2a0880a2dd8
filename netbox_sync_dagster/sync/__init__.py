"""Read, compare, let the policies approve: one function for all callers (CLI, Dagster, the review page)."""

from netbox_sync_dagster.sync.endpoint import (
    EmptySnapshot,
    Outcome,
    SyncOptions,
    compare_again,
    is_empty,
    sync_endpoint,
)
from netbox_sync_dagster.sync.next_sync import next_sync
from netbox_sync_dagster.sync.together import Stopped, run_together
from netbox_sync_dagster.sync.with_netbox import TARGET, sync_with_netbox

__all__ = [
    "TARGET",
    "EmptySnapshot",
    "Outcome",
    "Stopped",
    "SyncOptions",
    "compare_again",
    "is_empty",
    "next_sync",
    "run_together",
    "sync_endpoint",
    "sync_with_netbox",
]
