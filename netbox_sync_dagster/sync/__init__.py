"""Read, compare, let the policies approve: one function for all callers (CLI, Dagster, the review page)."""

from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_names

if TYPE_CHECKING:
    from netbox_sync_dagster.sync.endpoint import (
        EmptySnapshot,
        Outcome,
        SyncOptions,
        compare_again,
        is_empty,
        sync_endpoint,
    )
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
    "run_together",
    "sync_endpoint",
    "sync_with_netbox",
]

__getattr__ = lazy_names(
    __name__,
    {
        "netbox_sync_dagster.sync.endpoint": (
            "EmptySnapshot",
            "Outcome",
            "SyncOptions",
            "compare_again",
            "is_empty",
            "sync_endpoint",
        ),
        "netbox_sync_dagster.sync.together": ("Stopped", "run_together"),
        "netbox_sync_dagster.sync.with_netbox": ("TARGET", "sync_with_netbox"),
    },
)
