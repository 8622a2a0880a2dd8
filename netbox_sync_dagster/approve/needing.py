"""Changes that need others: what a rejection or a withdrawal of one means for the changes that need it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.approve.states import State

# Changes that a sentence names.
_SHOWN = 5
_IDS_SHOWN = 20


def needing(plan: Plan, change_ids: Collection[str], done: Collection[str]) -> dict[str, DiffRow]:
    """The changes of the plan that need one of these, directly or through others, with the first one that each needs; by change
    id. Through those that are ``done`` (applied) nothing is needed any longer.
    """
    users: dict[str, list[str]] = defaultdict(list)
    for row in plan.changes:
        for need in row.depends_on:
            users[need].append(row.change_id)
    found: dict[str, DiffRow] = {}
    by_id = plan.by_id()
    for change_id in change_ids:
        if change_id not in by_id or change_id in done:
            continue
        todo = [change_id]
        while todo:
            for user in users[todo.pop()]:
                if user not in found and user not in change_ids and user not in done:
                    found[user] = by_id[change_id]
                    todo.append(user)
    return found


def needing_rejected(plan: Plan, known: Mapping[str, State]) -> dict[str, str]:
    """Why changes cannot be applied, by change id: they need one that was rejected. ``known``: the states of the plan, which
    has its parts (``with_parts``)."""
    rejected = [change_id for change_id, state in known.items() if state.state == "rejected"]
    if not rejected:
        return {}
    done = {change_id for change_id, state in known.items() if state.state == "applied"}
    return {
        change_id: f"needs {title(needed)}, which was rejected"
        for change_id, needed in needing(plan, rejected, done).items()
    }


def why_unapproved(plan: Plan, known: Mapping[str, State]) -> dict[str, str]:
    """Of changes that are not approved because of a rejection, what to say of them instead, by change id."""
    because = {
        change_id: f"not approved, because it {why}"
        for change_id, why in needing_rejected(plan, known).items()
    }
    rejected = {change_id: "rejected" for change_id, state in known.items() if state.state == "rejected"}
    return {**because, **rejected}


def bereft(plan: Plan, taken: Collection[str], known: Mapping[str, State]) -> list[DiffRow]:
    """The approved changes that need changes whose approval was ``taken``, so that an apply would block them; in apply order.
    ``known``: the states before."""
    applied = {change_id for change_id, state in known.items() if state.state == "applied"}
    found = needing(plan, taken, applied)
    return [
        row
        for row in plan.changes
        if row.change_id in found and row.change_id in known and known[row.change_id].state == "approved"
    ]


def bereft_sentence(plan: Plan, taken: Collection[str], known: Mapping[str, State], done: str) -> str | None:
    """The same in a sentence; None where there are none. ``done``: ``withdrawn`` or ``rejected``."""
    rows = bereft(plan, taken, known)
    if not rows:
        return None
    number = len(rows)
    named = ", ".join(title(row) for row in rows[:_SHOWN])
    more = f", and {number - _SHOWN} more" if number > _SHOWN else ""
    changes, them = ("change needs", "it") if number == 1 else ("changes need", "them")
    said = f"{number} approved {changes} what was {done} ({named}{more}): an apply would block {them}"
    if number > _IDS_SHOWN:
        return f"{said}; withdraw {them} too"
    ids = " ".join(row.change_id[:12] for row in rows)
    return f"{said}; to withdraw {them} too: netbox-sync withdraw {plan.name} {ids}"


def title(row: DiffRow) -> str:
    """A change as text for people."""
    return f"{row.action} {row.resource} {visible(row.key, 120)}"
