"""Approvals that end because something that their change needs has been taken back: an undo, or a delete in NetBox."""

from __future__ import annotations

from typing import NamedTuple

from netbox_sync_dagster.approve.decide import approve
from netbox_sync_dagster.approve.needing import needing, title
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.records import approved, netbox_read_at
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import ask_verdicts


class Lapsed(NamedTuple):
    """``change_ids``: the changes whose approvals have ended; ``sentence``: why."""

    change_ids: tuple[str, ...]
    sentence: str


def end_lapsed(warehouse: Warehouse, plan: Plan, policies: Policies) -> Lapsed | None:
    """Withdraw the approvals of changes that need a create which was applied after they were approved, and which the diff
    proposes again: NetBox has lost the object since. None if there are none.

    They were given when that object was new, or there. Without it, they would be blocked at every apply until they expire;
    once it is approved again, they would come back with it, although nobody asked for them.
    """
    again = _applied_before(warehouse, plan)
    if not again:
        return None
    whole = with_parts(warehouse, plan)
    given = approved(warehouse, plan.endpoint, whole)
    newest = sorted(again, key=lambda change_id: -again[change_id])
    lost = {
        change_id: needed
        for change_id, needed in (needing(whole, newest, ()) if given else {}).items()
        if change_id in given and given[change_id].seq < again[needed.change_id]
    }
    if not lost:
        return None
    first = title(next(iter(lost.values())))
    more = len({needed.change_id for needed in lost.values()}) - 1
    approvals, they = (
        ("1 approval", "its change needs") if len(lost) == 1 else (f"{len(lost)} approvals", "they need")
    )
    why = f"{they} {first}{f' and {more} more' if more else ''}, applied after the approval and no longer in NetBox"
    approve(
        warehouse,
        whole,
        lost,
        who="sync",
        through="policy",
        policies=policies,
        decision="withdraw",
        comment=why,
    )
    return Lapsed(tuple(lost), f"{approvals} withdrawn: {why}; approve again what is still wanted")


def _applied_before(warehouse: Warehouse, plan: Plan) -> dict[str, int]:
    """When each create of the plan was last applied, if that was before NetBox was read, as a number of the warehouse's
    sequence."""
    creates = [row.change_id for row in plan.changes if row.action == "create"]
    if not creates:
        return {}
    rows = ask_verdicts(
        warehouse,
        plan.endpoint,
        """
        SELECT change_id, max(seq) FROM verdicts
        WHERE verdict = 'applied' AND change_id IN (SELECT unnest(?::VARCHAR[]))
        GROUP BY change_id HAVING max(seq) < ?
        """,
        [creates, netbox_read_at(plan)],
    )
    return dict(rows)
