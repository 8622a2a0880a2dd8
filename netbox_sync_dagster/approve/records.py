"""Decisions on changes: what is recorded, and which changes of a plan are approved at a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.ledger import (
    Line,
    append_lines,
    approvals_folder,
    ledger_files,
    open_ledger,
    read_lines,
)
from netbox_sync_dagster.warehouse.store import now

THROUGH = ("cli", "policy", "dagster", "review")
DECISIONS = ("approve", "reject", "withdraw")

# A decision on more changes than this becomes several lines: DuckDB reads lines of up to 16 MB.
_CHANGES_PER_LINE = 5_000


class ApprovalError(Exception):
    """A decision is not possible; the sentence says why and what to do."""


@dataclass(frozen=True)
class Approval:
    """One recorded decision. ``at`` and ``expires`` are in UTC; ``override`` names why a limit was lifted."""

    approval_id: str
    at: datetime
    who: str
    through: str
    decision: str
    endpoint: str
    diff_id: str
    expires: datetime | None
    override: str | None
    change_ids: tuple[str, ...]
    # Somebody else has to start the apply.
    second: bool = False
    # Of those that are part of a change of the diff: that change's id, and the fields.
    parts: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


def write_approval(warehouse: Warehouse, approval: Approval, rows: list[DiffRow]) -> None:
    """Append a decision on these changes to the ledger; on disk when this returns."""
    head: Line = {
        "kind": "approval",
        "approval_id": approval.approval_id,
        "at": approval.at.isoformat(),
        "who": approval.who,
        "through": approval.through,
        "decision": approval.decision,
        "endpoint": approval.endpoint,
        "diff_id": approval.diff_id,
        "expires": approval.expires.isoformat() if approval.expires else None,
        "override": approval.override,
        "second": approval.second,
    }
    changes = []
    for row in rows:
        whole, fields = approval.parts.get(row.change_id, (None, None))
        changes.append(
            {
                "change_id": row.change_id,
                "resource": row.resource,
                "action": row.action,
                "key": row.key,
                "part_of": whole,
                "fields": fields,
            }
        )
    path = approvals_folder(warehouse, approval.endpoint) / f"{approval.at:%Y-%m}.jsonl"
    pieces = range(0, len(changes), _CHANGES_PER_LINE)
    append_lines(
        warehouse, path, ({**head, "changes": changes[at : at + _CHANGES_PER_LINE]} for at in pieces)
    )


def read_approvals(warehouse: Warehouse, endpoint: str) -> Iterator[Approval]:
    """Every recorded decision on this endpoint's changes, oldest first."""
    for path in ledger_files(warehouse, approvals_folder(warehouse, endpoint)):
        for line in read_lines(path):
            expires = line["expires"]
            yield Approval(
                approval_id=line["approval_id"],
                at=datetime.fromisoformat(line["at"]),
                who=line["who"],
                through=line["through"],
                decision=line["decision"],
                endpoint=line["endpoint"],
                diff_id=line["diff_id"],
                expires=datetime.fromisoformat(expires) if expires else None,
                override=line["override"],
                second=bool(line.get("second")),
                change_ids=tuple(change["change_id"] for change in line["changes"]),
                parts={
                    change["change_id"]: (change["part_of"], tuple(change["fields"]))
                    for change in line["changes"]
                    if change.get("part_of")
                },
            )


def decisions(warehouse: Warehouse, endpoint: str) -> dict[str, Approval]:
    """The decision that stands for each change id ever decided, expired approvals included.

    A rejection sticks to its change id: only ``withdraw`` lifts it, no later approval does.
    """
    standing: dict[str, Approval] = {}
    for approval in read_approvals(warehouse, endpoint):
        for change_id in approval.change_ids:
            before = standing.get(change_id)
            if approval.decision == "withdraw":
                standing.pop(change_id, None)
            elif before is None or before.decision != "reject":
                standing[change_id] = approval
    return standing


def approved(
    warehouse: Warehouse, endpoint: str, plan: Plan, at: datetime | None = None
) -> dict[str, Approval]:
    """The changes of ``plan`` that may be applied at that moment (default: now), with their approval.

    Left out are changes whose approval has expired, that were rejected, parts of changes that are approved or
    rejected as a whole, and changes that were applied under their approval: it is used up then, and what comes back with the same
    content (somebody deleted the object that we created) needs another. Keys are in apply order.
    """
    moment = at or now()
    standing = decisions(warehouse, endpoint)
    done = applied_times(warehouse, endpoint)
    result = {}
    for row in plan.changes:
        approval = standing.get(row.change_id)
        if approval is None or approval.decision != "approve":
            continue
        used_up = row.change_id in done and done[row.change_id] >= approval.at
        whole = approval.parts.get(row.change_id, ("", ()))[0]
        if whole in result or (whole in standing and standing[whole].decision == "reject"):
            continue
        if not used_up and (approval.expires is None or approval.expires > moment):
            result[row.change_id] = replace(approval, change_ids=(row.change_id,))
    return result


def applied_times(warehouse: Warehouse, endpoint: str) -> dict[str, datetime]:
    """When each change of this endpoint was applied last, by change id."""
    con = open_ledger(warehouse)
    try:
        rows = con.execute(
            """
            SELECT change_id, max("at") FROM ledger.verdicts
            WHERE endpoint = ? AND verdict = 'applied' GROUP BY change_id
            """,
            [endpoint],
        ).fetchall()
    finally:
        con.close()
    return {change_id: moment.replace(tzinfo=UTC) for change_id, moment in rows}


def netbox_read_at(plan: Plan) -> datetime:
    """When NetBox was read for this diff; what was applied before it shows in the diff.

    A diff that does not say counts as read before everything.
    """
    match = re.match(r"(\d{8}T\d{6})(\d{3})Z-", str(plan.manifest.get("target_snapshot") or ""))
    if match is None:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.strptime(f"{match[1]}{match[2]}000+0000", "%Y%m%dT%H%M%S%f%z")
