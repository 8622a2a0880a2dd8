"""Decisions of a person, and the NetBox objects of the changes that are decided."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse

# {what a test calls a change: its id}
Ids = dict[str, str]


def row(netbox_id: int) -> dict[str, Any]:
    """An object of NetBox."""
    return {"id": netbox_id, "last_updated": f"2026-01-01T00:00:00.{netbox_id:06d}Z"}


def decide(warehouse: Warehouse, plan: Plan, ids: list[str], **more: Any) -> Any:
    settings = {"who": "alice", "through": "cli", "policies": Policies(), **more}
    return approve(warehouse, plan, ids, **settings)
