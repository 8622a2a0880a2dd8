"""Records decisions on changes, and finds the changes of a plan that are approved at a given time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from netbox_sync_dagster.approve.agreement import Agreement
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.compare.change_id import SHORT_LENGTH
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import TOLERANCE, now
from netbox_sync_dagster.storage.ledger import (
    Line,
    append_lines,
    approvals_folder,
    ask_verdicts,
    ledger_files,
    month_file,
    read_lines,
)
from netbox_sync_dagster.storage.sequence import number_of, number_of_line

THROUGH = ("cli", "policy", "dagster", "web")
DECISIONS = ("approve", "reject", "withdraw")

# A decision on more changes than this is split into several lines: DuckDB reads lines of up to 16 MB.
_CHANGES_PER_LINE = 5_000


class ApprovalError(UserError):
    """A decision is not possible; the sentence says why and what to do."""


@dataclass(frozen=True)
class Approval:
    """One recorded decision. ``at`` and ``expires`` are in UTC; ``override`` names why a limit was lifted.

    ``seq``: its number in the order of all records. ``by``: who decided, as far as the operating system knows.
    """

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
    by: Actor
    seq: int = 0
    # The person's comment.
    comment: str | None = None
    # Who has to agree, by the policies at that time.
    agreement: Agreement = field(default_factory=Agreement)
    # All valid approvals of the change, including the last.
    voices: tuple[Actor, ...] = ()
    # For parts of a change: the id of the whole change, and the fields.
    parts: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    # The URL of the NetBox with which the diff was made; None in records of older versions.
    netbox: str | None = None


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
        "netbox": approval.netbox,
        "expires": approval.expires.isoformat() if approval.expires else None,
        "override": approval.override,
        "comment": approval.comment,
        **approval.agreement.to_json(),
        "by": approval.by.to_json(),
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
    path = month_file(warehouse, approvals_folder(warehouse, approval.endpoint))
    pieces = range(0, len(changes), _CHANGES_PER_LINE)
    append_lines(
        warehouse, path, ({**head, "changes": changes[at : at + _CHANGES_PER_LINE]} for at in pieces)
    )


def read_approvals(warehouse: Warehouse, endpoint: str) -> Iterator[Approval]:
    """Every recorded decision on this endpoint's changes, oldest first."""
    for path in ledger_files(warehouse, approvals_folder(warehouse, endpoint)):
        for line in read_lines(path):
            if line.get("kind") != "approval":
                continue
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
                netbox=line.get("netbox"),
                comment=line.get("comment"),
                by=Actor.from_json(line["who"], line["through"], line.get("by")),
                seq=number_of_line(line),
                agreement=Agreement.from_json(line),
                change_ids=tuple(change["change_id"] for change in line["changes"]),
                parts={
                    change["change_id"]: (change["part_of"], tuple(change["fields"]))
                    for change in line["changes"]
                    if change.get("part_of")
                },
            )


def decisions(warehouse: Warehouse, plan: Plan) -> dict[str, Approval]:
    """The current decision for each change id ever decided about the plan's NetBox, including expired approvals.

    Only ``withdraw`` cancels a rejection of a change id; a later approval does not.

    Ids of an older version are shorter. An approval of one approves only that id, so nothing in a newer diff; a
    rejection is valid for the change whose id begins with it, see ``rejection``.
    """
    return {change_id: given[-1] for change_id, given in _standing(warehouse, plan).items()}


def _standing(warehouse: Warehouse, plan: Plan) -> dict[str, list[Approval]]:
    """For each change id the approvals since the last withdrawal, oldest first, or only its rejection."""
    standing: dict[str, list[Approval]] = {}
    for approval in read_approvals(warehouse, plan.endpoint):
        if not _same_netbox(approval, plan):
            continue
        for change_id in approval.change_ids:
            before = standing.get(change_id)
            if approval.decision == "withdraw":
                standing.pop(change_id, None)
                standing.pop(change_id[:SHORT_LENGTH], None)
            elif (
                approval.decision == "reject" and (before is None or before[-1].decision != "reject")
            ) or before is None:
                standing[change_id] = [approval]
            elif before[-1].decision != "reject":
                before.append(approval)
    return standing


def _same_netbox(approval: Approval, plan: Plan) -> bool:
    """Whether the decision was about the NetBox of the plan: a change with the same ids is another one in another NetBox."""
    url = plan.manifest.get("netbox_url")
    return (
        approval.netbox is None
        or url is None
        or approval.netbox in (plan.manifest.get("netbox_urls") or [url])
    )


def rejection(standing: dict[str, Approval], change_id: str) -> Approval | None:
    """The rejection of a change, under its id or the shorter id of an older version."""
    for known_as in (change_id, change_id[:SHORT_LENGTH]):
        if known_as in standing and standing[known_as].decision == "reject":
            return standing[known_as]
    return None


def approved(
    warehouse: Warehouse, endpoint: str, plan: Plan, at: datetime | None = None
) -> dict[str, Approval]:
    """The changes of ``plan`` that may be applied at that time (default: now), with their approval.

    Excluded are changes whose approval has expired, rejected changes, parts of changes that are approved or rejected as
    a whole, and changes that were already applied under their approval: an approval is used only once, and a change
    that comes back with the same content (a person deleted the object that we created) needs another. Keys are in apply
    order.
    """
    standing = _standing(warehouse, plan)
    latest = {change_id: given[-1] for change_id, given in standing.items()}
    done = applied_numbers(warehouse, endpoint)
    result = {}
    for row in plan.changes:
        given = standing.get(row.change_id)
        if given is None or given[-1].decision != "approve" or rejection(latest, row.change_id):
            continue
        whole = given[-1].parts.get(row.change_id, ("", ()))[0]
        if whole in result or rejection(latest, whole):
            continue
        valid = [
            approval
            for approval in given
            if approval.seq > done.get(row.change_id, 0) and holds(approval, plan, at)
        ]
        if valid and valid[-1] is given[-1]:
            voices = tuple(approval.by for approval in valid)
            result[row.change_id] = replace(valid[-1], change_ids=(row.change_id,), voices=voices)
    return result


def holds(approval: Approval, plan: Plan, at: datetime | None = None) -> bool:
    """Whether an approval has not expired.

    Expiry uses the clock, which may have been wrong when the approval was given. So an approval dated later than now
    counts as expired. So does one that a later diff contradicts, because the diff is dated before the approval or after
    its end.
    """
    moment = at or now()
    if approval.at > moment + TOLERANCE:
        return False
    if approval.expires is None:
        return True
    made = plan.manifest.get("finished")
    if made and number_of(plan.diff_id) > approval.seq:
        moment = max(moment, datetime.fromisoformat(made))
        if datetime.fromisoformat(made) < approval.at - TOLERANCE:
            return False
    return approval.expires > moment


def applied_numbers(warehouse: Warehouse, endpoint: str) -> dict[str, int]:
    """When each change of this endpoint was last applied, as a number of the warehouse's sequence, by change id."""
    sql = "SELECT change_id, max(seq) FROM verdicts WHERE verdict = 'applied' GROUP BY change_id"
    return dict(ask_verdicts(warehouse, endpoint, sql))


def netbox_read_at(plan: Plan) -> int:
    """When NetBox was read for this diff, as a number of the warehouse's sequence; the diff includes earlier applies. A
    diff without the number counts as read before everything."""
    return number_of(plan.manifest.get("target_snapshot"))
