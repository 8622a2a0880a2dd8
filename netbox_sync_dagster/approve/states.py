"""How far the changes of a plan are: waiting, approved, approval expired, rejected, applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from netbox_sync_dagster.approve.parts import decided_parts, with_parts
from netbox_sync_dagster.approve.records import (
    applied_numbers,
    approved,
    decisions,
    holds,
    netbox_read_at,
    rejection,
)
from netbox_sync_dagster.approve.select import needed_by
from netbox_sync_dagster.compare.plan import DiffRow, Plan, is_undo, load_plan
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# Changes that a sentence names.
_LEFT_SHOWN = 5
_NEEDS_SHOWN = 3
_SHAPE = """(endpoint varchar, resource varchar, key varchar, change_id varchar, state varchar, who varchar,
    decided_at timestamptz, expires timestamptz)"""


class State(NamedTuple):
    """``state``, and the decision behind it: who and when (UTC), and until when."""

    state: str
    who: str | None = None
    at: datetime | None = None
    expires: datetime | None = None


def applied_ids(warehouse: Warehouse, plan: Plan) -> set[str]:
    """The changes of the plan that were applied after NetBox was read for it.

    If an applied create was deleted by someone and is proposed again, it has the same content and the same change id,
    so older applies do not count.
    """
    read = netbox_read_at(plan)
    known = plan.by_id()
    numbers = applied_numbers(warehouse, plan.endpoint)
    return {change_id for change_id, number in numbers.items() if change_id in known and number >= read}


def states(warehouse: Warehouse, plan: Plan) -> dict[str, State]:
    """The state of each change that has a decision or was applied, by change id; all others are waiting."""
    standing = decisions(warehouse, plan)
    used = applied_numbers(warehouse, plan.endpoint)
    found: dict[str, State] = {}
    for change_id in plan.by_id() if standing else ():
        decision = rejection(standing, change_id) or standing.get(change_id)
        if decision is None:
            continue
        if decision.decision == "reject":
            found[change_id] = State("rejected", decision.who, decision.at)
        elif decision.seq > used.get(change_id, 0) and not holds(decision, plan):
            found[change_id] = State("approval expired", decision.who, decision.at, decision.expires)
    for change_id, given in approved(warehouse, plan.endpoint, plan).items():
        found[change_id] = State("approved", given.who, given.at, given.expires)
    for change_id in applied_ids(warehouse, plan):
        found[change_id] = found.get(change_id, State("applied"))._replace(state="applied")
    return found


def decided_ids(warehouse: Warehouse, plan: Plan) -> set[str]:
    """The changes of the plan, which has its parts (``with_parts``), on which a decision can be withdrawn: a rejection, or an
    approval under which they were not applied yet, also if it has expired or the whole change is approved."""
    standing = decisions(warehouse, plan)
    used = applied_numbers(warehouse, plan.endpoint)
    return {
        change_id
        for change_id in plan.by_id()
        if rejection(standing, change_id)
        or (change_id in standing and standing[change_id].seq > used.get(change_id, 0))
    }


def notes(warehouse: Warehouse, plan: Plan, known: Mapping[str, State]) -> dict[str, str]:
    """What lists say of each change that has a decision or was applied: its state, and of a change that is open that of its
    parts, as ``approved: platform, start_on_boot``. ``known`` is what ``states`` returned for the plan."""
    found = {change_id: state.state for change_id, state in known.items()}
    parts = decided_parts(warehouse, plan)
    if parts:
        of_parts = states(warehouse, with_parts(warehouse, plan))
        for whole, those in parts.items():
            said = [
                f"{of_parts[part.change_id].state}: {', '.join(item.name for item in part.written)}"
                for part in those.values()
                if part.change_id in of_parts
            ]
            if said and is_open(known, whole):
                found[whole] = "; ".join([found[whole], *said] if whole in found else said)
    return found


def is_open(known: Mapping[str, State], change_id: str) -> bool:
    """Whether a change waits for a decision; ``known`` is what ``states`` returned."""
    return change_id not in known or known[change_id].state in ("waiting", "approval expired")


def open_dependencies(plan: Plan, change_ids: Collection[str], known: Mapping[str, State]) -> list[str]:
    """The creates and updates that these changes need, that are not among them and wait for a decision."""
    return [
        row.change_id
        for row in unmet(plan, change_ids, known)
        if row.action != "delete" and is_open(known, row.change_id)
    ]


def unmet(plan: Plan, change_ids: Collection[str], known: Mapping[str, State]) -> list[DiffRow]:
    """The changes that these need, directly or through others, without which an apply would block them: neither among them
    nor approved nor applied. In apply order."""
    return [
        row
        for row in needed_by(plan, change_ids)
        if row.change_id not in known or known[row.change_id].state not in ("approved", "applied")
    ]


def unmet_sentence(
    plan: Plan, change_ids: Collection[str], known: Mapping[str, State], add: str
) -> str | None:
    """What these changes need that is not approved, and what to do; None if there is no such change. ``add``: what approves
    needed creates and updates, as ``--with-dependencies adds {them}``."""
    needs = unmet(plan, change_ids, known)
    if not needs:
        return None
    is_rejected = [row.change_id in known and known[row.change_id].state == "rejected" for row in needs]
    named = [
        f"{row.action} {row.resource} {visible(row.key, 120)}{' (rejected)' if rejected else ''}"
        for row, rejected in zip(needs, is_rejected, strict=True)
    ]
    more = f", and {len(named) - _NEEDS_SHOWN} more" if len(named) > _NEEDS_SHOWN else ""
    what, them = ("prerequisite is", "it") if len(needs) == 1 else ("prerequisites are", "them")
    blocked = "this change" if len(change_ids) == 1 else f"changes that need {them}"
    kinds = {(row.action == "delete", rejected) for row, rejected in zip(needs, is_rejected, strict=True)}
    advice = [
        *([add.format(them=them if len(kinds) == 1 else "creates and updates")] * ((False, False) in kinds)),
        *(["deletes are approved by their ids"] * ((True, False) in kinds)),
        *(["withdraw rejections first"] * any(rejected for _, rejected in kinds)),
    ]
    return (
        f"{len(needs)} {what} not approved ({', '.join(named[:_NEEDS_SHOWN])}{more}); without {them} {blocked} will be "
        f"blocked ({'; '.join(advice)})"
    )


def left_approved(
    plan: Plan, withdrawn: Collection[str], known: Mapping[str, State]
) -> tuple[list[DiffRow], list[DiffRow]]:
    """What approvals that are withdrawn leave approved of the changes that they need, directly or through others: (those that
    nothing else that is approved needs, the others), in apply order. ``known``: the states before the withdrawal."""
    approved_ids = {change_id for change_id, state in known.items() if state.state == "approved"}
    left = approved_ids.difference(withdrawn)
    needs = [row for row in needed_by(plan, approved_ids.intersection(withdrawn)) if row.change_id in left]
    rest = left.difference(row.change_id for row in needs)
    wanted = {row.change_id for row in needed_by(plan, rest)}
    return (
        [row for row in needs if row.change_id not in wanted],
        [row for row in needs if row.change_id in wanted],
    )


def left_sentence(plan: Plan, withdrawn: Collection[str], known: Mapping[str, State]) -> str | None:
    """That changes which the withdrawn ones need stay approved, and which; None where there are none."""
    idle, wanted = left_approved(plan, withdrawn, known)
    number = len(idle) + len(wanted)
    if not number:
        return None
    named = [f"{row.action} {row.resource} {visible(row.key, 120)}" for row in (*idle, *wanted)]
    more = f", and {number - _LEFT_SHOWN} more" if number > _LEFT_SHOWN else ""
    said = f"{number} prerequisite{'s stay' if number != 1 else ' stays'} approved ({', '.join(named[:_LEFT_SHOWN])}{more})"
    if not idle:
        return f"{said}; other approved changes need {'it' if number == 1 else 'them'}"
    which = "" if not wanted else f"; nothing else that is approved needs {len(idle)} of them"
    ids = " ".join(row.change_id[:12] for row in idle)
    return f"{said}{which}; to withdraw {'it' if len(idle) == 1 else 'them'} too: netbox-sync withdraw {plan.name} {ids}"


def states_of(warehouse: Warehouse, names: Sequence[str], con: duckdb.DuckDBPyConnection) -> None:
    """Make the relation ``states`` (endpoint, resource, key, change_id, state, who, decided_at, expires) of the rows of one
    plan, or of several endpoints' plans.

    ``con`` has the views of ``storage.views``. Changes alone have a state.
    """
    if not any(is_undo(name) for name in names):
        quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
        con.execute(
            "create or replace temp view states as select endpoint, resource, key, change_id, state, who, decided_at, expires "
            f"from sync.change_states where endpoint in ({quoted}) and state is not null"
        )
        return
    [name] = names
    plan = load_plan(warehouse, name)
    known = states(warehouse, plan)
    con.execute(f"create or replace temp table states {_SHAPE}")
    rows = [
        [
            row.endpoint,
            row.resource,
            row.key,
            row.change_id,
            *known.get(row.change_id, State("waiting")),
        ]
        for row in plan.changes
    ]
    if rows:
        con.executemany("insert into states values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
