"""Deciding: first what a decision would cover, with everything that speaks against it, then the record.

A decision is always on change ids, which name the content that was shown; a filter is turned into ids before it is shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.responses import Response

from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.approve.decide import limits_of
from netbox_sync_dagster.approve.needing import bereft
from netbox_sync_dagster.approve.parts import added_notes, with_parts
from netbox_sync_dagster.approve.records import DECISIONS, ApprovalError
from netbox_sync_dagster.approve.states import State, left_approved, states
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.web.cover import cover
from netbox_sync_dagster.web.offers import closed_for, groups_of
from netbox_sync_dagster.web.pages import head_of
from netbox_sync_dagster.web.query import RowQuery
from netbox_sync_dagster.web.visit import NotFound, Visit

# Decisions that a person has begun and not finished.
_MOST_PICKED = 20
_SHOWN = 200
_LONGEST_COMMENT = 2_000
_DONE = {"approve": "approved", "reject": "rejected", "withdraw": "withdrew the decisions on"}


@dataclass(frozen=True)
class Picked:
    """What a person has picked: change ids of one plan, prerequisites apart, and of an update the fields."""

    plan: str
    diff_id: str
    decision: str
    ids: tuple[str, ...]
    prerequisites: tuple[str, ...]
    fields: tuple[str, ...]
    back: str


def review(visit: Visit) -> Response:
    """``POST /plans/{plan}/review``: what the decision would cover. Nothing is recorded."""
    head = head_of(visit)
    form = visit.form
    decision = str(form.get("decision"))
    if decision not in DECISIONS:
        raise ApprovalError(f"decision must be one of {', '.join(DECISIONS)}")
    plan = with_parts(visit.warehouse, load_plan(visit.warehouse, head.name))
    query = RowQuery.read(dict(parse_qsl(str(form.get("query") or ""))))
    fields = tuple(str(item) for item in form.getlist("field"))
    found = cover(visit, head, plan, query, decision=decision, fields=fields)
    rows = found.picked.rows
    picked = Picked(
        plan=head.name,
        diff_id=plan.diff_id,
        decision=decision,
        ids=tuple(dict.fromkeys(found.picked.whole_of.values())),
        prerequisites=tuple(row.change_id for row in found.needed),
        fields=fields,
        back=f"/plans/{quote(head.name, safe='')}{query.address(page=query.page)}",
    )
    key = _keep(visit, picked)
    policies = visit.config.endpoint(plan.endpoint).policies
    return visit.show(
        "decide.html",
        head=head,
        key=key,
        picked=picked,
        rows=rows[:_SHOWN],
        prerequisites=found.needed[:_SHOWN],
        left_out=found.left_out,
        changed=found.changed,
        added=added_notes(found.picked.wholes, dict.fromkeys(picked.ids, fields)) if fields else [],
        newer=str(form.get("diff_id") or plan.diff_id) != plan.diff_id,
        deletes=sum(row.action == "delete" for row in rows),
        limits=limits_of(visit.warehouse, found.picked.plan, policies, rows) if decision == "approve" else [],
        hours=policies.approval_hours,
        second=policies.second_approver,
        approvers=policies.approvers,
        closed=closed_for(visit, head) if decision == "approve" else None,
    )


def decide(visit: Visit) -> Response:
    """``POST /plans/{plan}/decide``: record the decision that was just shown."""
    form = visit.form
    picked = visit.session.picked.pop(str(form.get("key")), None)
    if not isinstance(picked, Picked) or picked.plan != visit.path("plan"):
        raise NotFound("this form was sent before, or is too old; pick the rows again")
    plan = load_plan(visit.warehouse, picked.plan)
    chosen = list(picked.ids)
    if form.get("with_dependencies") == "1":
        chosen += picked.prerequisites
    if not chosen:
        raise ApprovalError("nothing is picked; nothing was recorded")
    comment = str(form.get("comment") or "").strip()[:_LONGEST_COMMENT]
    if picked.decision == "reject" and not comment:
        visit.session.picked[str(form.get("key"))] = picked
        raise ApprovalError("a rejection needs a comment, so that others know why; go back and write one")
    parted = with_parts(visit.warehouse, plan)
    by_id = parted.by_id()
    gone = [change_id for change_id in chosen if change_id not in by_id]
    if gone:
        raise ApprovalError(
            f"{len(gone)} of the changes are no longer in the current diff: a sync has made a newer one meanwhile; nothing was "
            "recorded, pick the rows again"
        )
    refused = visit.rights.refusals(by_id[change_id] for change_id in chosen)
    if refused:
        raise ApprovalError(f"nothing was recorded: {next(iter(refused.values()))}")
    known = states(visit.warehouse, parted) if picked.decision != "approve" else {}
    left = _left_approved(parted, chosen, known) if picked.decision == "withdraw" else ""
    if picked.decision != "approve":
        left += _bereft(parted, chosen, known, picked.decision)
    is_approval = picked.decision == "approve"
    policies = visit.config.endpoint(plan.endpoint).policies
    approve(
        visit.warehouse,
        plan,
        chosen,
        who=visit.session.user,
        through="web",
        policies=policies,
        target=visit.config.netbox,
        decision=picked.decision,
        fields=dict.fromkeys(picked.ids, picked.fields) if picked.fields else None,
        expires_hours=_hours(form) if is_approval else None,
        override_limit=str(form.get("override") or "").strip() or None if is_approval else None,
        comment=comment,
        login_by=visit.session.login_by,
        netbox_groups=groups_of(visit, policies) if is_approval else (),
    )
    changes = f"{len(chosen)} change{'s' if len(chosen) != 1 else ''}"
    return visit.go(picked.back, f"{_DONE[picked.decision]} {changes}{left}")


def _bereft(plan: Plan, taken: list[str], known: Mapping[str, State], decision: str) -> str:
    """That approved changes need what was withdrawn or rejected; empty where there are none."""
    number = len(bereft(plan, taken, known))
    if not number:
        return ""
    needs, them = ("change needs", "it") if number == 1 else ("changes need", "them")
    done = "withdrawn" if decision == "withdraw" else "rejected"
    return f"; {number} approved {needs} what was {done}: an apply would block {them}"


def _left_approved(plan: Plan, withdrawn: list[str], known: Mapping[str, State]) -> str:
    """That changes which the withdrawn ones need stay approved; empty where there are none."""
    idle, wanted = left_approved(plan, withdrawn, known)
    number = len(idle) + len(wanted)
    return f"; {number} prerequisite{'s stay' if number != 1 else ' stays'} approved" if number else ""


def _keep(visit: Visit, picked: Picked) -> str:
    kept = visit.session.picked
    while len(kept) >= _MOST_PICKED:
        kept.pop(next(iter(kept)))
    key = secrets.token_urlsafe(16)
    kept[key] = picked
    return key


def _hours(form: Any) -> float | None:
    text = str(form.get("hours") or "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ApprovalError(f"an approval expires after a number of hours, not '{text[:40]}'") from None
