"""What an apply of a plan would write for one person, and why it would be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netbox_sync_dagster.approve.agreement import rules_of, why_not_agreed
from netbox_sync_dagster.approve.freeze import frozen
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.people import Actor, me
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.approve.states import applied_ids
from netbox_sync_dagster.compare.plan import DiffRow, Plan, PlanHead, is_undo
from netbox_sync_dagster.web.visit import Visit

_NOTHING = "no approved change is waiting to be applied"


@dataclass(frozen=True)
class ToApply:
    """``rows``: the approved changes that are not applied yet, by id. ``why_not``: why an
    apply by this person would be refused, or None."""

    rows: dict[str, DiffRow]
    why_not: str | None


@dataclass(frozen=True)
class ApplyOffer:
    """``why_not``: why the button can do nothing, or None; ``number``: how many changes it would write, 0 if not counted."""

    why_not: str | None
    number: int = 0


def to_apply(visit: Visit, plan: Plan, *, ask_netbox: bool = True) -> ToApply:
    """What an apply of the plan, which has its parts (``with_parts``), would write for this person. ``ask_netbox``: about each
    object too, where the person's rights are limited to some."""
    by_id = plan.by_id()
    given = approved(visit.warehouse, plan.endpoint, plan)
    done = applied_ids(visit.warehouse, plan)
    rows = {change_id: by_id[change_id] for change_id in given if change_id not in done}
    if not rows:
        return ToApply(rows, _NOTHING)
    if gates := plan.manifest.get("gates"):
        return ToApply(rows, f"the diff failed its checks: {'; '.join(map(str, gates))}")
    rights = visit.rights
    refused = rights.refusals(
        row for row in rows.values() if ask_netbox or not rights.may_write(row.object_type, row.action)
    )
    if refused:
        first = next(iter(refused.values()))
        return ToApply(
            rows, f"{len(refused)} of the {len(rows)} approved changes are not for you to write: {first}"
        )
    policies, by = visit.config.endpoint(plan.endpoint).policies, _applier(visit, plan)
    alone = [
        why_not_agreed(given[change_id].voices, by, rules_of(given[change_id].agreement, policies))
        for change_id in rows
    ]
    # One that everybody agreed to is enough to begin; the others become blocked.
    return ToApply(rows, alone[0] if all(alone) else None)


def apply_offer(visit: Visit, head: PlanHead, approvals: int, load: Callable[[], Plan | None]) -> ApplyOffer:
    """What the button of a plan offers. ``approvals``: how many of the endpoint's hold, of whatever diff; ``load``: the plan,
    or None where reading it takes too long."""
    if frozen(visit.warehouse) is not None:
        return ApplyOffer("applies are frozen")
    who = next((run.who for run in visit.state.applies.running() if run.endpoint == head.endpoint), None)
    if who is not None:
        return ApplyOffer(f"another apply of {head.endpoint}, by {who}, is running")
    if not approvals:
        return ApplyOffer(_NOTHING)
    plan = load()
    if plan is None:
        return ApplyOffer(None)
    # A page that is only looked at does not ask NetBox about each object.
    found = to_apply(visit, with_parts(visit.warehouse, plan), ask_netbox=False)
    return ApplyOffer(found.why_not, len(found.rows))


def _applier(visit: Visit, plan: Plan) -> Actor:
    """Who applies: the person, or Dagster, which knows no users."""
    if visit.config.web.dagster_url is not None and not is_undo(plan.name):
        return Actor("apply", "dagster run")
    return me(visit.session.user, "web", login_by=visit.session.login_by)
