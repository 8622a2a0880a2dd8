"""Approved changes that no apply has taken up: what may be applied without anybody asking for it."""

from __future__ import annotations

from datetime import UTC, datetime

from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.ledger import open_ledger


def not_taken_up(warehouse: Warehouse, plan: Plan) -> list[str]:
    """The approved changes of the plan without a verdict since they were approved, in apply order.

    A change that is stale, failed or blocked has had its try: it needs another decision, or comes back as another
    change with the next diff. An uncertain one has not: the next apply settles it by reading NetBox. Left out are
    changes whose approver must not be the one who starts the apply: a program is not the second person.
    """
    decided = {
        change_id: approval.at
        for change_id, approval in approved(warehouse, plan.endpoint, with_parts(warehouse, plan)).items()
        if not approval.second
    }
    if not decided:
        return []
    had = _last_verdicts(warehouse, plan.endpoint, list(decided))
    return [i for i, at in decided.items() if i not in had or had[i] < at]


def _last_verdicts(warehouse: Warehouse, endpoint: str, change_ids: list[str]) -> dict[str, datetime]:
    """When each of these changes had its last verdict that is one."""
    con = open_ledger(warehouse)
    try:
        rows = con.execute(
            """
            SELECT change_id, max("at") FROM ledger.verdicts
            WHERE endpoint = ? AND verdict <> 'uncertain' AND change_id IN (SELECT unnest(?::VARCHAR[]))
            GROUP BY change_id
            """,
            [endpoint, change_ids],
        ).fetchall()
    finally:
        con.close()
    return {change_id: moment.replace(tzinfo=UTC) for change_id, moment in rows}
