"""Reads plans for the page: one page of rows at a time, from the diff's files, whatever their size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from netbox_sync_dagster.approve.states import states_of
from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.compare.plan import DiffRow, PlanHead, diff_row
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.web.query import PAGE_SIZE, RowQuery

# A page asks several times. Up to so many rows, reading the files once and keeping all rows is quicker; of more, only the
# rows of the page are read.
_KEPT_UP_TO = 5_000
# Natural order costs a look at every key.
_NATURAL_UP_TO = 100_000
_ORDERS = {
    "resource": "resource_order, {key}",
    "key": "{key}, resource_order",
    "parent": "{parent}, resource_order, {key}",
    "action": "action, resource_order, {key}",
    "endpoint": "endpoint, resource_order, {key}",
}
_ORDER_OF = {
    True: {
        "key": "natural_order(key), key",
        "parent": "natural_order(parent) nulls first, parent nulls first",
    },
    False: {"key": "key", "parent": "parent nulls first"},
}
# Columns of a row of a list: those of a diff row, and how far it is.
_ABOUT = ("state", "who", "decided_at", "expires", "missing", "parts")


@dataclass(frozen=True)
class ShownRow:
    """A diff row, and how far it is: ``state`` is None for rows that are not changes; ``who`` decided, and when (UTC).
    ``parts``: the decisions on some of its fields, or None: [{change_id, state, fields}]."""

    row: DiffRow
    state: str | None
    who: str | None
    decided_at: datetime | None
    expires: datetime | None
    missing: str | None
    parts: list[dict[str, Any]] | None


@dataclass(frozen=True)
class Count:
    """How many rows of a tab there are, by action."""

    name: str
    actions: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.actions.values())


class StateCount(NamedTuple):
    """How many rows of an action and object type are in one state; ``state`` is None for rows that are not changes."""

    action: str
    object_type: str
    state: str | None
    rows: int


class PlanRows:
    """The rows of one plan or of several endpoints' plans, over a connection with the views of ``storage.views``.

    ``allowed`` is called with the object types that the plan has, and says which of them may be shown; ``hidden`` are the
    others.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        warehouse: Warehouse,
        heads: Sequence[PlanHead],
        allowed: Callable[[Collection[str]], Collection[str]],
    ) -> None:
        self.con = con
        self._endpoints = [head.endpoint for head in heads]
        patterns = (
            connections.quoted(Path(f"{connections.pattern(head.folder)}/*.parquet")) for head in heads
        )
        files = "[" + ", ".join(f"'{pattern}'" for pattern in patterns) + "]"
        # Files of one diff have the same columns; those of several may be of different versions.
        files += ", union_by_name = true" * (len(heads) > 1)
        types = con.execute(
            f"select object_type, count(*) from read_parquet({files}) group by all order by all"
        ).fetchall()
        visible = allowed([kind for kind, _ in types])
        self.hidden = [kind for kind, _ in types if kind not in visible]
        states_of(warehouse, [head.name for head in heads], con)
        # Most changes wait: a join with those that do not is small.
        con.execute("create or replace temp table decided as from states where state <> 'waiting'")
        con.execute(
            """create or replace temp table parts as
                select endpoint, part_of, list({change_id: change_id, state: state, fields: fields} order by change_id) as parts
                from sync.parts group by all"""
        )
        # As a value: planning the list of all causes takes a quarter of what a page asks.
        about = {code: kind.about for code, kind in cause_kinds().items() if kind.about}
        con.execute(
            "create or replace temp table known as select map(?::varchar[], ?::varchar[][]) as abouts",
            [list(about), [list(names) for names in about.values()]],
        )
        order = " ".join(f"when '{name}' then {position}" for position, name in enumerate(RESOURCES))
        hidden = ", ".join("'" + kind.replace("'", "''") + "'" for kind in self.hidden)
        sql = f"""
                select d.*, coalesce(s.state, if(d.change_id <> '', 'waiting', null)) as state, s.who, s.decided_at, s.expires, p.parts, case d.resource {order} end as resource_order,
                    missing_of(d.cause, d.subject, known.abouts) as missing
                from read_parquet({files}) as d
                left join decided as s on s.resource = d.resource and s.key = d.key and s.change_id = d.change_id
                    and s.endpoint = d.endpoint
                left join parts as p on p.endpoint = d.endpoint and p.part_of = d.change_id
                cross join known
                where d.object_type not in ({hidden or "''"})"""
        if sum(number for _, number in types) <= _KEPT_UP_TO:
            con.execute(f"create or replace temp table kept as {sql}")
            sql = "from kept"
        con.execute(f"create or replace temp view found as {sql}")

    def number(self, query: RowQuery) -> int:
        """How many rows match."""
        where, values = query.conditions()
        total = self.con.execute(f"select count(*) from found where {where}", values).fetchone()
        return int(total[0]) if total else 0

    def states(self, query: RowQuery) -> list[StateCount]:
        """How many rows match, by action, object type and state."""
        where, values = query.conditions()
        rows = self.con.execute(
            f"""select action, object_type, state, count(*) from found where {where}
                group by action, object_type, state, resource_order order by resource_order, action""",
            values,
        ).fetchall()
        return [StateCount(*row) for row in rows]

    def approvals(self) -> int:
        """How many approvals of the plans' endpoints hold, whatever they approve."""
        names = ", ".join("?" for _ in self._endpoints)
        sql = f"select count(*) from sync.decisions where state = 'approved' and endpoint in ({names})"
        [(number,)] = self.con.execute(sql, self._endpoints).fetchall()
        return int(number)

    def page(self, query: RowQuery) -> tuple[list[ShownRow], int]:
        """(the rows of one page, how many match)."""
        where, values = query.conditions()
        number = self.number(query)
        order = _ORDERS[query.sort].format(**_ORDER_OF[number <= _NATURAL_UP_TO])
        # First which rows: their fields are read for these alone.
        chosen = self.con.execute(
            f"select endpoint, resource, key, change_id from found where {where} order by {order} limit ? offset ?",
            [*values, PAGE_SIZE, (query.page - 1) * PAGE_SIZE],
        ).fetchall()
        if not chosen:
            return [], number
        # The keys as such, so that the files are read only where they are.
        keys = ", ".join("?" for _ in chosen)
        tuples = ", ".join("(?, ?, ?, ?)" for _ in chosen)
        cursor = self.con.execute(
            f"""select * from found where key in ({keys})
                    and (endpoint, resource, key, change_id) in (values {tuples}) order by {order}""",
            [*(row[2] for row in chosen), *(value for row in chosen for value in row)],
        )
        return _shown(cursor), number

    def ids(self, query: RowQuery) -> list[str]:
        """The change ids of all changes that match and are still to be decided on or applied."""
        where, values = query.conditions()
        sql = f"select change_id from found where state <> 'applied' and {where} order by resource_order, key"
        return [change_id for (change_id,) in self.con.execute(sql, values).fetchall()]

    def keys(self, query: RowQuery) -> set[tuple[str, str]]:
        """(resource, key) of all rows that match."""
        where, values = query.conditions()
        return set(self.con.execute(f"select resource, key from found where {where}", values).fetchall())

    def one(self, resource: str, key: str) -> list[ShownRow]:
        """The rows with this key."""
        return _shown(self.con.execute("select * from found where resource = ? and key = ?", [resource, key]))

    def related(self, row: DiffRow) -> tuple[list[ShownRow], list[ShownRow]]:
        """(the changes that a change needs, those that need it), at most a page of each."""
        if not row.change_id:
            return [], []
        sql = f"select * from found where list_contains(?, change_id) limit {PAGE_SIZE}"
        needs = _shown(self.con.execute(sql, [list(row.depends_on)]))
        sql = f"select * from found where list_contains(depends_on, ?) limit {PAGE_SIZE}"
        return needs, _shown(self.con.execute(sql, [row.change_id]))

    def counts(self, by: str, query: RowQuery) -> list[Count]:
        """How many rows there are of each ``resource``, ``parent`` or ``endpoint``, of those that match; at most 500 of them."""
        where, values = query.conditions()
        order = "place" if by == "resource" else "total desc"
        rows = self.con.execute(
            f"""with counted as (
                    select coalesce({by}, '') as name, action, count(*) as number, min(resource_order) as place
                    from found where {where} group by name, action
                ),
                totals as (
                    select name, sum(number) as total, min(place) as place from counted
                    group by name order by {order}, natural_order(name), name limit 500
                )
                select name, action, number from counted join totals using (name)
                order by totals.{order}, natural_order(name), name, action""",
            values,
        ).fetchall()
        found: dict[str, dict[str, int]] = {}
        for name, action, number in rows:
            found.setdefault(name, {})[action] = number
        return [Count(name, actions) for name, actions in found.items()]

    def causes(self, query: RowQuery) -> list[dict[str, Any]]:
        """The open questions: cause, missing, action, resource, rows, example, reason."""
        where, values = query.conditions()
        cursor = self.con.execute(
            f"""select cause, missing, action, resource, count(*) as "rows", arg_min(key, (natural_order(key), key)) as example,
                    arg_min(reason, (natural_order(key), key)) as reason
                from found where cause is not null and state is null and {where}
                group by all order by "rows" desc, cause, missing limit 500""",
            values,
        )
        return connections.named_rows(cursor)


def _shown(cursor: duckdb.DuckDBPyConnection) -> list[ShownRow]:
    found = []
    for raw in connections.named_rows(cursor):
        raw.pop("resource_order")
        about = {name: raw.pop(name) for name in _ABOUT}
        found.append(ShownRow(diff_row(raw), **about))
    return found
