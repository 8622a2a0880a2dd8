"""Approvals: people's and policies' decisions on named changes, recorded before anything is written."""

from netbox_sync_dagster.approve.decide import approve, approve_by_policy
from netbox_sync_dagster.approve.limits import over_limit
from netbox_sync_dagster.approve.policy import policy_approvals
from netbox_sync_dagster.approve.records import Approval, ApprovalError, approved, decisions
from netbox_sync_dagster.approve.select import (
    Filter,
    Selection,
    meant,
    missing_dependencies,
    resolve_ids,
    select,
)
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
    "select",
]
