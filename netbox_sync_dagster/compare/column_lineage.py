"""The columns of the snapshots from which each field of a diff is computed, derived from the SQL files.

A field's values are followed through CTEs, desired and match tables down to the tables that servers were read into.
Conditions (WHERE, JOIN ... ON) do not count: they choose rows, the values come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from netbox_sync_dagster.compare.graph import compare_stages, desired_stages
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.tables import SYSTEMS

# SQL that cannot be parsed.
NotFollowed = sqlglot.errors.SqlglotError
# (system, table, column)
Origins = frozenset[tuple[str, str, str]]
_NOTHING: Origins = frozenset()


@dataclass(frozen=True, eq=False)
class _Query:
    """A query, and the CTEs that it may name."""

    node: exp.Expr
    ctes: Mapping[str, _Query] = field(default_factory=dict)


_Source = tuple[str, str] | _Query | tuple[exp.Expr, ...]


@cache
def _parsed(file: str) -> exp.Expr:
    statements = sqlglot.parse(read_sql(file), dialect="duckdb")
    [query] = [node for node in statements if isinstance(node, exp.Query)]
    return query


class FieldOrigins:
    """The origins of the fields of one kind's diffs."""

    def __init__(self, kind: str) -> None:
        self._systems = {kind, "netbox"}
        self._files: dict[tuple[str, str], list[str]] = {}
        for stage in (*desired_stages(kind), *compare_stages()):
            self._files.setdefault(stage.makes, []).append(stage.file)
        self._known: dict[tuple[Any, ...], Origins] = {}

    def of_diff(self, files: Iterable[str]) -> dict[str, Origins]:
        """{``fields.<NetBox field>``: its origins} of the diff rows that these files make. Raises NotFollowed."""
        found: dict[str, set[tuple[str, str, str]]] = {}
        for file in files:
            for query in _selects(_Query(_parsed(file))):
                sources = self._sources(query)
                for name, values in _field_calls(query.node):
                    for value in values:
                        found.setdefault(f"fields.{name}", set()).update(self._values(value, query, sources))
        return {name: frozenset(origins) for name, origins in sorted(found.items()) if origins}

    def _table(self, schema: str, table: str, column: str) -> Origins:
        if schema in self._systems:
            columns = SYSTEMS[schema][table].columns if table in SYSTEMS[schema] else {}
            return frozenset(
                (schema, table, name)
                for name in ("endpoint", *columns)
                if name.lower() == column and name in columns
            )
        key = (schema, table, column)
        if key not in self._known:
            # The file reads the table to which it adds.
            self._known[key] = _NOTHING
            self._known[key] = _NOTHING.union(
                *(
                    self._column(_Query(_parsed(file)), column)
                    for file in self._files.get((schema, table), ())
                )
            )
        return self._known[key]

    def _column(self, query: _Query, column: str) -> Origins:
        """The origins of a column of a query's result."""
        key = (query.node, column)
        if key not in self._known:
            self._known[key] = _NOTHING
            self._known[key] = self._column_anew(query, column)
        return self._known[key]

    def _column_anew(self, query: _Query, column: str) -> Origins:
        inside = _with_ctes(query)
        node = inside.node
        if isinstance(node, exp.Subquery):
            return self._column(_Query(node.this, inside.ctes), column)
        if isinstance(node, exp.SetOperation):
            left, right = _Query(node.left, inside.ctes), _Query(node.right, inside.ctes)
            return self._column(left, column) | self._column(
                right, _same_place(left.node, right.node, column)
            )
        if not isinstance(node, exp.Select):
            return _NOTHING
        sources = self._sources(inside)
        found = _NOTHING
        for projection in node.expressions:
            star = projection.this if isinstance(projection, exp.Column) else projection
            if isinstance(star, exp.Star):
                replaced = {item.alias.lower(): item.this for item in star.args.get("replace") or ()}
                left_out = {
                    item.name.lower() for item in star.args.get("except_") or star.args.get("except") or ()
                }
                if column in replaced:
                    found |= self._values(replaced[column], inside, sources)
                elif column not in left_out:
                    table = projection.table.lower() if isinstance(projection, exp.Column) else ""
                    for name, source in sources.items():
                        if not table or name == table:
                            found |= self._of_source(source, column, inside, sources)
            elif projection.alias_or_name.lower() == column:
                found |= self._values(projection, inside, sources)
        return found

    def _values(self, value: exp.Expr, query: _Query, sources: Mapping[str, _Source]) -> Origins:
        """The origins of everything that an expression of a query is computed from."""
        if isinstance(value, exp.Query):
            inner = _with_ctes(_Query(value.unnest(), query.ctes))
            own = {**sources, **self._sources(inner)}
            parts = value.unnest().expressions if isinstance(value.unnest(), exp.Select) else ()
            return _NOTHING.union(*(self._values(part, inner, own) for part in parts))
        if isinstance(value, exp.Column) and not isinstance(value.this, exp.Star):
            name, table = value.name.lower(), value.table.lower()
            chosen = [sources[table]] if table in sources else [] if table else list(sources.values())
            return _NOTHING.union(*(self._of_source(source, name, query, sources) for source in chosen))
        return _NOTHING.union(*(self._values(part, query, sources) for part in value.iter_expressions()))

    def _of_source(
        self, source: _Source, column: str, query: _Query, sources: Mapping[str, _Source]
    ) -> Origins:
        if isinstance(source, _Query):
            return self._column(source, column)
        if isinstance(source[0], str):
            return self._table(source[0], str(source[1]), column)
        # unnest(...): whatever its columns are called.
        others = {name: other for name, other in sources.items() if other is not source}
        values = [part for part in source if isinstance(part, exp.Expr)]
        return _NOTHING.union(*(self._values(part, query, others) for part in values))

    def _sources(self, query: _Query) -> dict[str, _Source]:
        """{alias: what it stands for} of the FROM and the JOINs of a SELECT."""
        if not isinstance(query.node, exp.Select):
            return {}
        start = query.node.args.get("from_") or query.node.args.get("from")
        joined = [start.this] if start else []
        joined += [join.this for join in query.node.args.get("joins") or ()]
        joined += query.node.args.get("laterals") or []
        found: dict[str, _Source] = {}
        for number, item in enumerate(joined):
            name = item.alias_or_name.lower() or f"#{number}"
            if isinstance(item, exp.Table) and item.db:
                found[name] = (item.db.lower(), item.name.lower())
            elif isinstance(item, exp.Table) and item.name.lower() in query.ctes:
                found[name] = query.ctes[item.name.lower()]
            elif isinstance(item, exp.Subquery):
                found[name] = _Query(item.this, query.ctes)
            else:
                found[name] = tuple(item.expressions or [item.this])
        return found


def _with_ctes(query: _Query) -> _Query:
    ctes = dict(query.ctes)
    for cte in query.node.ctes if isinstance(query.node, exp.Query) else ():
        ctes[cte.alias.lower()] = _Query(cte.this, dict(ctes))
    return _Query(query.node, ctes)


def _selects(query: _Query) -> Iterator[_Query]:
    """Every SELECT of a file with the CTEs that it may name."""
    inside = _with_ctes(query)
    ctes = inside.node.ctes if isinstance(inside.node, exp.Query) else []
    for cte in ctes:
        yield from _selects(_Query(cte.this, inside.ctes))
    if isinstance(inside.node, exp.SetOperation):
        yield from _selects(_Query(inside.node.left, inside.ctes))
        yield from _selects(_Query(inside.node.right, inside.ctes))
    elif isinstance(inside.node, exp.Subquery):
        yield from _selects(_Query(inside.node.this, inside.ctes))
    elif isinstance(inside.node, exp.Select):
        yield inside


def _field_calls(select: exp.Expr) -> Iterator[tuple[str, list[exp.Expr]]]:
    """(NetBox field, its values) of every ``..._field('name', before, after)`` that a SELECT itself makes."""
    for call in select.find_all(exp.Anonymous):
        if call.name.lower().endswith("field") and call.expressions and call.parent_select is select:
            word = call.expressions[0]
            if isinstance(word, exp.Literal):
                yield word.name, call.expressions[1:]
            elif isinstance(word, exp.DPipe) and isinstance(word.left, exp.Literal):
                # 'cf.' || <a name from the configuration>
                yield f"{word.left.name}*", call.expressions[1:]


def _same_place(left: exp.Expr, right: exp.Expr, column: str) -> str:
    """The column's name in the second query of a UNION, which is by position."""
    names = [[part.alias_or_name.lower() for part in _first(side).expressions] for side in (left, right)]
    if column in names[1] or column not in names[0] or names[0].index(column) >= len(names[1]):
        return column
    return names[1][names[0].index(column)] or column


def _first(node: exp.Expr) -> exp.Select:
    while not isinstance(node, exp.Select):
        node = node.left if isinstance(node, exp.SetOperation) else node.this
    return node
