"""What a decision on the rows that a person picked would cover, and what not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.approve.fitting import fits, fitting, open_parts
from netbox_sync_dagster.approve.parts import Divided, divided
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.approve.states import State, is_open, states, unmet
from netbox_sync_dagster.compare.plan import DiffRow, Plan, PlanHead
from netbox_sync_dagster.web import left_out
from netbox_sync_dagster.web.left_out import LeftOut
from netbox_sync_dagster.web.pages import read_rows
from netbox_sync_dagster.web.query import RowQuery
from netbox_sync_dagster.web.visit import Visit


@dataclass(frozen=True)
class Cover:
    """``picked``: the changes that the decision covers; ``needed``: those that an approval of them needs and that wait for one;
    ``left_out``: of what was picked or is needed, the rest; ``changed``: how many picked ids are no changes of the plan."""

    picked: Divided
    needed: list[DiffRow]
    left_out: list[LeftOut]
    changed: int


def cover(
    visit: Visit, head: PlanHead, plan: Plan, query: RowQuery, *, decision: str, fields: Collection[str] = ()
) -> Cover:
    """What the form of a list of rows picked. ``plan`` has its parts (``with_parts``). ``fields``: only these of one update.
    Raises ApprovalError if it cannot be divided."""
    known, by_id = states(visit.warehouse, plan), plan.by_id()
    everything = visit.form.get("scope") == "filter"
    given: Sequence[str] = [str(item) for item in visit.form.getlist("id")]
    causes: list[dict[str, Any]] = []
    if everything:
        given, causes = read_rows(visit, head, lambda rows: (rows.ids(query), rows.causes(query)))
    ids = list(dict.fromkeys(given))
    there = [by_id[change_id] for change_id in ids if change_id in by_id]
    # Deletes are picked one by one, or by a filter that names them.
    without_deletes = everything and query.action != "delete"
    deletes = [row for row in there if without_deletes and row.action == "delete"]
    asked = [(row, _state(known, row)) for row in there if not (without_deletes and row.action == "delete")]
    with_open_parts = open_parts(visit.warehouse, plan) if decision == "withdraw" else {}

    def fit(row: DiffRow, state: str) -> bool:
        return fits(decision, state) or row.change_id in with_open_parts

    rows = [row for row, state in asked if fit(row, state)]
    refused = visit.rights.refusals(rows)
    covered = [row for row in rows if row.change_id not in refused]
    if fields and len(covered) > 1:
        raise ApprovalError("single fields are approved of one update at a time")
    divided_rows = divided(plan, covered, {row.change_id: fields for row in covered})
    fitted = fitting(visit.warehouse, divided_rows, decision, named=() if everything else ids)
    picked = fitted.chosen
    needed, apart = _needed(picked, known) if decision == "approve" else ([], [])
    not_given = visit.rights.refusals(needed)
    return Cover(
        picked,
        [row for row in needed if row.change_id not in not_given],
        [
            *left_out.asking(causes, query),
            *left_out.deletes(deletes, query),
            *left_out.unfit([(row, state) for row, state in asked if not fit(row, state)], decision),
            *left_out.refused(refused, rows),
            *left_out.refused(fitted.left_out, divided_rows.rows),
            *left_out.refused(not_given, needed, needed=True),
            # Those that were picked are listed already.
            *left_out.apart([(row, _state(known, row)) for row in apart if row not in there]),
        ],
        len(ids) - len(there),
    )


def _state(known: Mapping[str, State], row: DiffRow) -> str:
    return known[row.change_id].state if row.change_id in known else "waiting"


def _needed(picked: Divided, known: Mapping[str, State]) -> tuple[list[DiffRow], list[DiffRow]]:
    """(the changes that the picked ones need and that can be approved with them, those that must be decided on apart)."""
    found = unmet(picked.plan, list(picked.whole_of), known)
    with_them = {row.change_id for row in found if row.action != "delete" and is_open(known, row.change_id)}
    return (
        [row for row in found if row.change_id in with_them],
        [row for row in found if row.change_id not in with_them],
    )
