"""Finds changes that were already applied."""

from __future__ import annotations

from netbox_sync_dagster.approve.records import applied_numbers, netbox_read_at
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse


def applied_ids(warehouse: Warehouse, plan: Plan) -> set[str]:
    """The changes of the plan that were applied after NetBox was read for it.

    If an applied create was deleted by someone and is proposed again, it has the same content and the same change id,
    so older applies do not count.
    """
    read = netbox_read_at(plan)
    known = plan.by_id()
    numbers = applied_numbers(warehouse, plan.endpoint)
    return {change_id for change_id, number in numbers.items() if change_id in known and number >= read}
