"""What a decision does not cover of the rows that a person picked, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.web.query import RowQuery

# Kinds of rows that ask something, each named; further ones are only counted.
_KINDS_SHOWN = 50
_STATES = {
    ("approve", "rejected"): "withdraw the rejection first",
    ("reject", "rejected"): "rejected already",
    ("withdraw", "waiting"): "nobody has decided on it",
}


@dataclass(frozen=True)
class LeftOut:
    """``number`` rows of an ``action`` that the decision does not cover. ``state``: of the changes, if that is why; ``example``:
    one of them; ``link``: the filters that show them, or None."""

    number: int
    action: str
    resource: str | None
    why: str
    example: str
    state: str | None = None
    link: str | None = None


def asking(causes: Sequence[Mapping[str, Any]], query: RowQuery) -> list[LeftOut]:
    """The rows that are no changes, from ``PlanRows.causes``; the most frequent kinds first."""
    found = [
        LeftOut(
            *(one["rows"], one["action"], one["resource"], one["reason"], one["example"]),
            link=query.address(
                cause=one["cause"],
                missing=one["missing"] or "",
                action=one["action"],
                resource=one["resource"],
            ),
        )
        for one in causes[:_KINDS_SHOWN]
    ]
    if rest := causes[_KINDS_SHOWN:]:
        number, first = sum(one["rows"] for one in rest), rest[0]
        found.append(LeftOut(number, first["action"], None, "they ask something else", first["example"]))
    return found


def deletes(rows: Sequence[DiffRow], query: RowQuery) -> list[LeftOut]:
    """The deletes that a filter for all actions finds."""
    why = "deletes are picked by the filter delete, or ticked one by one"
    return [LeftOut(*_of(rows, why), link=query.address(action="delete"))] if rows else []


def unfit(rows: Iterable[tuple[DiffRow, str]], decision: str) -> list[LeftOut]:
    """The changes, each with its state, that the decision would not alter; by state."""
    by_state: dict[str, list[DiffRow]] = {}
    for row, state in rows:
        by_state.setdefault(state, []).append(row)
    return [
        LeftOut(*_of(found, _STATES.get((decision, state), f"{state} already")), state=state)
        for state, found in by_state.items()
    ]


def refused(why: Mapping[str, str], rows: Iterable[DiffRow], *, needed: bool = False) -> list[LeftOut]:
    """The changes of ``rows`` that NetBox would not let the person write, by reason, the most frequent first. ``needed``: they
    were not picked, but what is picked needs them."""
    by_reason: dict[str, list[DiffRow]] = {}
    for row in rows:
        if row.change_id in why:
            by_reason.setdefault(why[row.change_id], []).append(row)
    note = "; what needs it will be blocked until somebody else approves it" if needed else ""
    found = [LeftOut(*_of(those, f"{reason}{note}")) for reason, those in by_reason.items()]
    return sorted(found, key=lambda one: -one.number)


def apart(rows: Iterable[tuple[DiffRow, str]]) -> list[LeftOut]:
    """Changes, each with its state, that picked ones need and that are not approved with them: deletes, and changes
    that were rejected."""
    found: dict[tuple[str, str], list[DiffRow]] = {}
    for row, state in rows:
        found.setdefault((row.action, state), []).append(row)
    return [
        LeftOut(
            *_of(those, f"needed: {_apart(action, state)}; until then, what needs it will be blocked"),
            state=state,
            link=RowQuery(action=action, state=state).address(),
        )
        for (action, state), those in found.items()
    ]


def _apart(action: str, state: str) -> str:
    if state == "rejected":
        return "withdraw the rejection, then approve it"
    return "approve this delete separately" if action == "delete" else "approve it"


def _of(rows: Sequence[DiffRow], why: str) -> tuple[int, str, str | None, str, str]:
    resources = {row.resource for row in rows}
    return len(rows), rows[0].action, resources.pop() if len(resources) == 1 else None, why, rows[0].key
