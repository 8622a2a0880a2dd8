"""Proofs that NetBox hides objects from the token, from what it shows: references that lead nowhere, and counts.

REST shows every reference, also to an object that the token may not view, and NetBox counts without regard to
permissions. Objects come and go while the tables are read, so each finding is asked again before it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.listings import COUNTS, Count
from netbox_sync_dagster.sources.netbox.queries import Source
from netbox_sync_dagster.storage import connections

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# Table -> {object's id: the number that NetBox gives}, by field.
Totals = dict[tuple[str, str], dict[int, int]]
# Objects that are asked for again: one of them is proof enough.
_SAMPLE = 20
_COUNT_SAMPLE = 3


@dataclass(frozen=True)
class Hidden:
    """A table of which objects are hidden, and how that shows."""

    table: str
    reason: str


def hidden_objects(
    netbox: NetBox, folder: Path, sources: dict[str, Source], totals: Totals, proven: set[str]
) -> Iterator[Hidden]:
    """The tables in ``folder`` that lack objects. ``proven``: tables that need no look, because the token sees all.

    Asks NetBox twice for each finding. Raises ServerError.
    """
    with connections.connect() as con:
        for table in sources:
            file = connections.quoted(connections.pattern(folder / f"{table}.parquet"))
            con.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")
        found: set[str] = set()
        for table, source in sources.items():
            for reference in _references(source, sources):
                other = reference.target.table
                if other in found or other in proven:
                    continue
                reason = _leads_nowhere(netbox, con, reference)
                if reason is not None:
                    found.add(other)
                    yield Hidden(other, reason)
            for count in COUNTS.get(table, ()):
                if count.table in found or count.table in proven or count.table not in sources:
                    continue
                said = totals.get((table, count.field), {})
                rows = con.execute(
                    f"SELECT {count.column}, count(*) FROM {count.table} GROUP BY 1"
                ).fetchall()
                seen = dict(rows)
                short = [number for number, total in sorted(said.items()) if total > seen.get(number, 0)]
                reason = _counts_more(netbox, source, count, sources[count.table], short)
                if reason is not None:
                    found.add(count.table)
                    yield Hidden(count.table, reason)


def _references(source: Source, sources: dict[str, Source]) -> Iterator[_Reference]:
    """Every reference of a table to another one that is read."""
    by_model = {other.model: other for other in sources.values()}
    for column, (field, model) in source.refs.items():
        if model in by_model and column != "tagged_vlan_ids":
            yield _Reference(source, column, field, by_model[model])
    for model in source.generic:
        if model not in by_model:
            continue
        for prefix in ("assigned_object", "scope"):
            if f"{prefix}_id" in source.columns:
                sql = f"CASE WHEN {prefix}_type = '{model}' THEN {prefix}_id END"
                yield _Reference(source, sql, f"{prefix}_id", by_model[model])


@dataclass(frozen=True)
class _Reference:
    """Ids (SQL over the table ``source``) of objects of ``target``, and the REST field that holds them."""

    source: Source
    ids: str
    field: str
    target: Source


def _leads_nowhere(netbox: NetBox, con: duckdb.DuckDBPyConnection, reference: _Reference) -> str | None:
    source, ids, target = reference.source, reference.ids, reference.target
    lost = [
        number
        for (number,) in con.execute(
            f"SELECT DISTINCT {ids} AS other FROM {source.table} WHERE other IS NOT NULL"
            f" AND other NOT IN (SELECT id FROM {target.table}) ORDER BY 1 LIMIT {_SAMPLE}"
        ).fetchall()
    ]
    if not lost:
        return None
    # One that came since its table was read is there now.
    rows, _ = netbox.page(target.path, {"id": lost, "limit": len(lost), "fields": "id"})
    lost = sorted(set(lost) - {int(row["id"]) for row in rows})
    if not lost:
        return None
    # One that was deleted meanwhile is referred to no more.
    listed = ", ".join(str(number) for number in lost)
    holders = [
        number
        for (number,) in con.execute(
            f"SELECT id FROM {source.table} WHERE {ids} IN ({listed}) ORDER BY 1 LIMIT {_SAMPLE}"
        ).fetchall()
    ]
    rows, _ = netbox.page(
        source.path, {"id": holders, "limit": len(holders), "fields": f"id,{reference.field}"}
    )
    for row in rows:
        value = row.get(reference.field)
        other = value.get("id") if isinstance(value, dict) else value
        if other in lost:
            return (
                f"{target.table}: {source.table} {row['id']} refers to id {other}, which the token does not see;"
                f" {_advice(target)}"
            )
    return None


def _counts_more(
    netbox: NetBox, source: Source, count: Count, target: Source, short: list[int]
) -> str | None:
    for number in short[:_COUNT_SAMPLE]:
        rows, _ = netbox.page(source.path, {"id": [number], "limit": 1, "fields": f"id,{count.field}"})
        visible = netbox.number(target.path, {count.filter: number})
        total = rows[0].get(count.field) if rows else None
        if isinstance(total, int) and total > visible:
            return (
                f"{target.table}: NetBox counts {total} of them for {source.table} {number}, and the token sees {visible};"
                f" {_advice(target)}, or let NetBox count again (manage.py calculate_cached_counts)"
            )
    return None


def _advice(target: Source) -> str:
    return f"give its user the permission {target.permission} without constraints"
