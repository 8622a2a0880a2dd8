"""What the command line asks of the ledger."""

from __future__ import annotations

from netbox_sync_dagster.approve.records import applied_numbers, netbox_read_at
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse


def applied_ids(warehouse: Warehouse, plan: Plan) -> set[str]:
    """The changes of the plan that were applied after NetBox was read for it.

    A create that was applied, deleted by somebody, and is proposed again has the same content and so the same
    change id: what was applied before NetBox was read says nothing about it.
    """
    read = netbox_read_at(plan)
    known = plan.by_id()
    numbers = applied_numbers(warehouse, plan.endpoint)
    return {change_id for change_id, number in numbers.items() if change_id in known and number >= read}
