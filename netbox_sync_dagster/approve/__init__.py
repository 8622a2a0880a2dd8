"""Approvals: people's and policies' decisions on named changes, recorded before anything is written."""

from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_names

if TYPE_CHECKING:
    from netbox_sync_dagster.approve.decide import approve, approve_by_policy
    from netbox_sync_dagster.approve.limits import over_limit
    from netbox_sync_dagster.approve.policy import policy_approvals
    from netbox_sync_dagster.approve.records import Approval, ApprovalError, approved, decisions
    from netbox_sync_dagster.approve.select import Filter, Selection, meant, missing_dependencies, resolve_ids
    from netbox_sync_dagster.storage.ledger import ledger_views, open_ledger, prepare_ledger

__all__ = [
    "Approval",
    "ApprovalError",
    "Filter",
    "Selection",
    "approve",
    "approve_by_policy",
    "approved",
    "decisions",
    "ledger_views",
    "meant",
    "missing_dependencies",
    "open_ledger",
    "over_limit",
    "policy_approvals",
    "prepare_ledger",
    "resolve_ids",
]

__getattr__ = lazy_names(
    __name__,
    {
        "netbox_sync_dagster.approve.decide": ("approve", "approve_by_policy"),
        "netbox_sync_dagster.approve.limits": ("over_limit",),
        "netbox_sync_dagster.approve.policy": ("policy_approvals",),
        "netbox_sync_dagster.approve.records": ("Approval", "ApprovalError", "approved", "decisions"),
        "netbox_sync_dagster.approve.select": (
            "Filter",
            "Selection",
            "meant",
            "missing_dependencies",
            "resolve_ids",
        ),
        "netbox_sync_dagster.storage.ledger": ("ledger_views", "open_ledger", "prepare_ledger"),
    },
)
