"""Objects that an existing NetBox has under other names: the pairs that the comparison asks about, with their evidence.

Taking a pair over is an answer (``resolve``): "it is this NetBox object". The update that follows is approved like any
other change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netbox_sync_dagster.approve.resolve import Answer, Question, questions_of, resolve
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.resolutions import Resolution
from netbox_sync_dagster.storage.views import ask

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")


@dataclass(frozen=True)
class Pair:
    """A source object and the only NetBox object that it may be. ``place``: the site or cluster where NetBox has it.
    ``agree`` and ``differ``: the witnesses (name, serial, MAC, address); a witness that one side does not have is in
    neither. ``taken_by``: another endpoint that a person has given the virtual machine to."""

    question: Question
    netbox_id: int
    netbox_name: str
    place: str | None
    agree: tuple[str, ...]
    differ: tuple[str, ...]
    taken_by: str | None

    @property
    def is_contradicted(self) -> bool:
        """Whether it looks like another object: by its serial number, by all MAC addresses, by all addresses where only
        the name agrees, or because it is another endpoint's."""
        only_named = "address" in self.differ and set(self.agree) <= {"name", "short name"}
        return "serial" in self.differ or "MAC" in self.differ or only_named or self.taken_by is not None


def pairs_of(warehouse: Warehouse, plan: Plan) -> list[Pair]:
    """The pairs of a diff, those with the most evidence first.

    Questions with several candidates are not pairs, nor are those whose candidate another question has too: a person
    answers these one by one.
    """
    asked = [
        question
        for question in questions_of(plan)
        if question.field is None and "pick" in question.answers and len(question.candidates) == 1
    ]
    claimed: dict[tuple[str, int], int] = {}
    for question in asked:
        mark = (question.row.resource, question.candidates[0])
        claimed[mark] = claimed.get(mark, 0) + 1
    alone = [one for one in asked if claimed[one.row.resource, one.candidates[0]] == 1]
    if not alone:
        return []
    evidence = ask(warehouse, lambda con: _evidence(con, plan.endpoint, alone), few=False)
    pairs = [
        Pair(one, one.candidates[0], *evidence[one.row.resource, one.row.key, one.candidates[0]])
        for one in alone
    ]
    return sorted(pairs, key=lambda pair: (pair.is_contradicted, len(pair.differ) - len(pair.agree)))


def take_over(
    warehouse: Warehouse,
    endpoint: Endpoint,
    plan: Plan,
    pairs: Sequence[Pair],
    *,
    who: str,
    through: str,
    why: str = "",
) -> list[Resolution]:
    """Record for each pair that it is one object. Raises ResolveError."""
    return [
        resolve(
            warehouse,
            endpoint,
            plan,
            [pair.question],
            Answer("pick", netbox_id=pair.netbox_id),
            who=who,
            through=through,
            why=why or f"adopted: {', '.join(pair.agree) or 'no witness'}",
        )
        for pair in pairs
    ]


_Evidence = dict[tuple[str, str, int], tuple[str, str | None, tuple[str, ...], tuple[str, ...], str | None]]


def _evidence(con: duckdb.DuckDBPyConnection, endpoint: str, asked: Sequence[Question]) -> _Evidence:
    columns = [
        [one.row.resource for one in asked],
        [one.row.key for one in asked],
        [one.candidates[0] for one in asked],
    ]
    con.register("pairs", pa.table(columns, names=["resource", "key", "netbox_id"]))
    rows = con.execute(read_sql("adopt.sql"), {"endpoint": endpoint}).fetchall()
    return {
        (resource, key, netbox_id): (name or f"id {netbox_id}", place, tuple(agree), tuple(differ), taken_by)
        for resource, key, netbox_id, name, place, agree, differ, taken_by in rows
    }
