"""Approved changes that no apply has tried yet, which may be applied automatically."""

from __future__ import annotations

from netbox_sync_dagster.approve.agreement import why_not_agreed
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import ask_verdicts


def not_taken_up(warehouse: Warehouse, plan: Plan) -> tuple[list[str], list[str]]:
    """The approved changes of the plan without a verdict since they were approved, in apply order; and those among them
    that wait for another person.

    A stale, failed or blocked change was already tried: it needs another decision, or the next diff contains it as
    another change. An uncertain one is settled by the next apply, which reads NetBox. If more people are required than
    have approved, a program does not count as one of them.
    """
    decided = approved(warehouse, plan.endpoint, with_parts(warehouse, plan))
    if not decided:
        return [], []
    had = _last_verdicts(warehouse, plan.endpoint, list(decided))
    program = Actor("apply_when_approved", "sensor")
    ready: list[str] = []
    alone: list[str] = []
    for change_id, approval in decided.items():
        if had.get(change_id, 0) >= approval.seq:
            continue
        why = why_not_agreed(approval.voices, program, [approval.agreement])
        (alone if why else ready).append(change_id)
    return ready, alone


def _last_verdicts(warehouse: Warehouse, endpoint: str, change_ids: list[str]) -> dict[str, int]:
    """When each of these changes had its last certain verdict, as a number of the warehouse's sequence."""
    rows = ask_verdicts(
        warehouse,
        endpoint,
        """
        SELECT change_id, max(seq) FROM verdicts
        WHERE verdict <> 'uncertain' AND change_id IN (SELECT unnest(?::VARCHAR[]))
        GROUP BY change_id
        """,
        [change_ids],
    )
    return dict(rows)
