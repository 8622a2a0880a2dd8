"""Objects beside a changed one: those that refer to it, and those it refers to, in an earlier snapshot.

NetBox changes some of them without a new ``last_updated`` and without an entry in its changelog: an interface whose
tagged VLAN or primary MAC address was deleted, a device whose rack moved, a VM's disk size. Reading all neighbours of a
changed object again needs no list of such cases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.netbox.queries import LISTED, Source
from netbox_sync_dagster.storage import connections

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

Row = dict[str, Any]
# (model, id)
Object = tuple[str, int]
# Generic references: columns of the type and of the id, or of several ids.
_GENERIC = (
    ("scope_type", "scope_id"),
    ("assigned_object_type", "assigned_object_id"),
    ("object_type", "object_id"),
    ("a_type", "a_ids"),
    ("b_type", "b_ids"),
)
# What a change of these objects touches is found beside their owner: a module takes over interfaces of its device.
_OWNERS = {"modules": ("device_id", "dcim.device")}


class Neighbours:
    """Looks into the tables of one snapshot in ``folder``. Use as a context manager."""

    def __init__(self, folder: Path, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._files = {
            table: f"read_parquet('{connections.quoted(connections.pattern(folder / f'{table}.parquet'))}')"
            for table in sources
        }
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Neighbours:
        return self

    def __exit__(self, *_: object) -> None:
        if self._con is not None:
            self._con.close()

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """Opened at the first question: an unchanged NetBox asks none."""
        if self._con is None:
            self._con = connections.connect()
            self._con.execute("CREATE TEMP TABLE changed (model VARCHAR, id BIGINT)")
            self._con.execute("CREATE TEMP TABLE wanted (id BIGINT)")
        return self._con

    def rows(self, table: str, ids: Collection[int]) -> dict[int, Row]:
        """The rows of a table with these ids, without endpoint and snapshot id."""
        if not ids:
            return {}
        self._fill("wanted", [(number,) for number in ids])
        found = self.con.execute(
            f"SELECT * EXCLUDE (endpoint, snapshot_id) FROM {self._files[table]} SEMI JOIN wanted USING (id)"
        )
        names = [column[0] for column in found.description or ()]
        return {row["id"]: row for row in (dict(zip(names, one, strict=True)) for one in found.fetchall())}

    def differing(self, table: str, file: Path) -> set[int]:
        """The ids of the rows that differ between the snapshot's table and another file of it."""
        other = f"read_parquet('{connections.quoted(connections.pattern(file))}')"
        one, two = (
            f"(SELECT * EXCLUDE (endpoint, snapshot_id) FROM {place})"
            for place in (self._files[table], other)
        )
        found = self.con.execute(
            f"SELECT id FROM (({one} EXCEPT {two}) UNION ALL ({two} EXCEPT {one}))"
        ).fetchall()
        return {number for (number,) in found}

    def below(self, table: str, column: str, ids: Collection[int]) -> set[int]:
        """The ids of a tree's nodes below these, by the column with the parent."""
        if not ids:
            return set()
        self._fill("wanted", [(number,) for number in ids])
        found = self.con.execute(
            f"""WITH RECURSIVE tree AS (FROM wanted
                UNION SELECT t.id FROM {self._files[table]} t JOIN tree ON t.{column} = tree.id) FROM tree"""
        ).fetchall()
        return {number for (number,) in found}

    def referring(self, table: str, objects: Iterable[Object], slugs: Collection[str]) -> set[int]:
        """The ids of the rows that refer to one of these objects, or have one of these tags."""
        objects = list(objects)
        models = {model for model, _ in objects}
        conditions = list(_conditions(self._sources[table], models, bool(slugs)))
        if not conditions:
            return set()
        self._fill("changed", objects)
        found = self.con.execute(
            f"SELECT id FROM {self._files[table]} WHERE {' OR '.join(conditions)}",
            {"slugs": list(slugs)} if any("$slugs" in one for one in conditions) else None,
        ).fetchall()
        return {number for (number,) in found}

    def _fill(self, table: str, rows: Collection[tuple[Any, ...]]) -> None:
        self.con.execute(f"DELETE FROM {table}")
        columns = list(zip(*rows, strict=True))
        if columns:
            places = ", ".join(f"unnest(${number + 1})" for number in range(len(columns)))
            self.con.execute(f"INSERT INTO {table} SELECT {places}", [list(column) for column in columns])


def _conditions(source: Source, models: Collection[str], tags: bool) -> Iterator[str]:
    columns = source.columns
    for column, model in references(source):
        if model in models:
            ids = f"(SELECT id FROM changed WHERE model = '{model}')"
            if column.endswith("_ids"):
                yield f"list_has_any({column}, (SELECT coalesce(list(id), []) FROM changed WHERE model = '{model}'))"
            else:
                yield f"{column} IN {ids}"
    for kind, column in _GENERIC:
        if kind in columns and column in columns:
            for model in sorted(models):
                if column.endswith("_ids"):
                    ids = f"(SELECT coalesce(list(id), []) FROM changed WHERE model = '{model}')"
                    yield f"({kind} = '{model}' AND list_has_any({column}, {ids}))"
                else:
                    yield f"({kind} = '{model}' AND {column} IN (SELECT id FROM changed WHERE model = '{model}'))"
    if tags and "tags" in columns:
        yield "list_has_any(tags, $slugs)"


def references(source: Source) -> Iterator[tuple[str, str]]:
    """(column, model) of every reference of a table to objects of one model; ``..._ids`` holds several."""
    for column, (_, model) in source.refs.items():
        yield column, model
    for column, (model, _) in LISTED.items():
        if column in source.columns:
            yield column, model


def referred_by(source: Source, row: Row) -> Iterator[Object]:
    """The objects that a row refers to."""
    for column, model in references(source):
        value = row[column]
        for number in value if isinstance(value, list) else [value]:
            if number is not None:
                yield model, number
    for kind, column in _GENERIC:
        if kind in row and column in row and row[kind] is not None:
            value = row[column]
            for number in value if isinstance(value, list) else [value]:
                if number is not None:
                    yield str(row[kind]), number


def owner_of(table: str, row: Row) -> Object | None:
    """The object whose neighbours a change of this row touches too."""
    column, model = _OWNERS.get(table, ("", ""))
    number = row.get(column)
    return None if number is None else (model, number)
