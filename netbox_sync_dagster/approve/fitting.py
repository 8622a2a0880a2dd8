"""Which of the selected changes a decision covers, and why not the others: the same for every way in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from netbox_sync_dagster.approve.needing import bereft_sentence, needing_rejected
from netbox_sync_dagster.approve.parts import Divided, decided_parts, with_parts
from netbox_sync_dagster.approve.records import DECISIONS
from netbox_sync_dagster.approve.select import Filter, asking_rows
from netbox_sync_dagster.approve.states import State, decided_ids, left_sentence, states
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.text import rows_ask

_FITTING = {
    "approve": ("waiting", "approval expired", "approved"),
    "reject": ("waiting", "approval expired", "approved"),
    "withdraw": ("approved", "rejected", "approval expired"),
}
NOT_DECIDED = "nobody has decided on it"


def fits(decision: str, state: str | None) -> bool:
    """Whether the decision would alter anything about a change in this state; rows that are no changes have none."""
    return state in _FITTING[decision]


def possible(state: str | None, parts: Collection[str] = ()) -> list[str]:
    """The decisions that fit this state, or for a withdrawal the state of one of its ``parts``."""
    return [
        decision
        for decision in DECISIONS
        if fits(decision, state) or (decision == "withdraw" and any(fits(decision, one) for one in parts))
    ]


@dataclass(frozen=True)
class Fitting:
    """``chosen``: the changes that the decision covers; ``left_out``: why it does not cover the others, by change id."""

    chosen: Divided
    left_out: dict[str, str]

    @property
    def notes(self) -> list[str]:
        """A sentence per reason, with the number of changes."""
        reasons = list(self.left_out.values())
        return [f"left out {reasons.count(reason)}: {reason}" for reason in dict.fromkeys(reasons)]


def fitting(
    warehouse: Warehouse,
    chosen: Divided,
    decision: str,
    *,
    named: Collection[str] = (),
    rejected: Collection[str] = (),
) -> Fitting:
    """The selected changes without those that the decision does not fit.

    An approval leaves out rejected changes and those that need one. A withdrawal leaves out those that nobody has decided
    on; of a change of which only fields are decided it takes these. A rejection leaves out those that are rejected.
    ``named``: ids, or their first characters, of changes that a person has named one by one. These are not left out of an
    approval: a rejected one is refused by name, and of one that needs a rejected change
    ``unmet_sentence`` warns. ``rejected``: change ids that are rejected together with this decision.
    """
    plan = with_parts(warehouse, chosen.plan)
    if decision == "withdraw":
        chosen = _with_decided_parts(warehouse, plan, chosen)
    known = states(warehouse, plan) | {change_id: State("rejected") for change_id in rejected}
    reasons = _reasons(warehouse, plan, chosen, decision, known)
    left_out = {
        row.change_id: reasons[row.change_id]
        for row in chosen.rows
        if row.change_id in reasons
        and not (decision == "approve" and _is_named(chosen.whole_of[row.change_id], named))
    }
    rows = tuple(row for row in chosen.rows if row.change_id not in left_out)
    whole_of = {row.change_id: chosen.whole_of[row.change_id] for row in rows}
    return Fitting(replace(chosen, rows=rows, whole_of=whole_of), left_out)


def open_parts(warehouse: Warehouse, plan: Plan) -> dict[str, list[DiffRow]]:
    """The parts whose decisions can be withdrawn, by the id of the whole change. ``plan``: with its parts."""
    decided = decided_ids(warehouse, plan)
    parts = {
        whole: [part for part in those.values() if part.change_id in decided]
        for whole, those in decided_parts(warehouse, plan).items()
    }
    return {whole: those for whole, those in parts.items() if those}


def _with_decided_parts(warehouse: Warehouse, plan: Plan, chosen: Divided) -> Divided:
    """The selected changes; of those on which nobody has decided, the parts on which somebody has."""
    parts, decided = open_parts(warehouse, plan), decided_ids(warehouse, plan)
    rows: dict[str, DiffRow] = {}
    whole_of: dict[str, str] = {}
    for row in chosen.rows:
        instead = [] if row.change_id in decided else parts.get(row.change_id, [])
        for one in instead or [row]:
            rows.setdefault(one.change_id, one)
            whole_of.setdefault(one.change_id, chosen.whole_of[row.change_id])
    return replace(chosen, plan=plan, rows=tuple(rows.values()), whole_of=whole_of)


def follow_ups(
    plan: Plan, change_ids: Collection[str], known: Mapping[str, State], decision: str
) -> list[str]:
    """What the decision means for other changes that are approved: sentences. ``known``: the states of the plan before."""
    if decision == "approve":
        return []
    word = "withdrawn" if decision == "withdraw" else "rejected"
    left = left_sentence(plan, change_ids, known) if decision == "withdraw" else None
    return [text for text in (left, bereft_sentence(plan, change_ids, known, word)) if text is not None]


def nothing_sentence(plan: Plan, wanted: Filter, decision: str, *, picked: bool) -> str:
    """That no change is selected that the decision covers, and how many of the selected rows ask something. ``picked``: there
    are changes, but the decision covers none of them."""
    if decision == "withdraw":
        return f"{'nothing was decided' if picked else 'no matching changes'}; nothing recorded"
    asking = len(asking_rows(plan, wanted))
    more = f"; {rows_ask(asking)}: netbox-sync resolve {plan.name}" if asking else ""
    return f"no matching changes; nothing recorded{more}"


def _is_named(change_id: str, named: Collection[str]) -> bool:
    return any(change_id.startswith(text) for text in named)


def _reasons(
    warehouse: Warehouse, plan: Plan, chosen: Divided, decision: str, known: Mapping[str, State]
) -> dict[str, str]:
    ids = [row.change_id for row in chosen.rows]
    if decision == "withdraw":
        decided = decided_ids(warehouse, plan)
        return {change_id: NOT_DECIDED for change_id in ids if change_id not in decided}
    rejected = {
        row.change_id for row in chosen.rows if _is_rejected(row, chosen.whole_of[row.change_id], known)
    }
    if decision == "reject":
        return dict.fromkeys(rejected, "rejected already")
    return {**needing_rejected(plan, known), **dict.fromkeys(rejected, "rejected")}


def _is_rejected(row: DiffRow, whole: str, known: Mapping[str, State]) -> bool:
    return any(one in known and known[one].state == "rejected" for one in (row.change_id, whole))
