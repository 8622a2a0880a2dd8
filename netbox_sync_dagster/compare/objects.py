"""The rows of a diff as people read them: one line per object, and objects that change alike as one line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.compare.values import GENERIC, Value, parse
from netbox_sync_dagster.config.resources import PREREQUISITES, RESOURCES
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.folding import folded
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# The columns that folding needs.
_TEXTS = (
    "endpoint",
    "diff_id",
    "change_id",
    "resource",
    "action",
    "key",
    "parent",
    "object_type",
    "target",
    "reason",
    "cause",
)
_SHAPE: dict[str, Any] = {
    **dict.fromkeys((*_TEXTS, "first_diff", "decision"), "VARCHAR"),
    "netbox_id": "BIGINT",
    "fields": [dict.fromkeys(("field", "before", "after", "decision", "reason", "cause"), "VARCHAR")],
}
_OF_ROW = tuple(name for name in _SHAPE if name in DIFF_COLUMNS and name != "fields")
_BATCH = 20_000
_encode = json.JSONEncoder(ensure_ascii=False).encode
_IN_APPLY_ORDER = f"list_position({list(RESOURCES)}, resource)"
# Other objects than these belong to a device, a guest or a cluster.
_PLACE = f"if(list_contains({list(PREREQUISITES)}, resource), '', coalesce(parent, ''))"


@dataclass(frozen=True)
class ChangedObject:
    """An object, with the rows about itself and those about what is attached to it.

    ``parent``: its device, guest or cluster. ``netbox_id``: None if it is created. Two objects can have the same ``key``.
    """

    resource: str
    key: str
    netbox_id: int | None
    action: str
    parent: str
    rows: tuple[DiffRow, ...]
    attached: tuple[DiffRow, ...]


@dataclass(frozen=True)
class Shared:
    """A field that all objects of a group get: the number of different values, and one of them."""

    name: str
    values: int
    before: Value
    after: Value


@dataclass(frozen=True)
class Alike:
    """Objects that change alike.

    ``place``: the device, guest or cluster of all of them, if they were grouped by it. ``parents``: (device, guest or
    cluster; number of objects), most first. ``attached``: the number of objects that get something, by resource.
    ``decided``: the number of changes by state, without those that wait.
    """

    resource: str
    action: str
    place: str
    objects: int
    changes: int
    new: int
    first_diff: str
    example: ChangedObject
    differs: tuple[Shared, ...]
    parents: tuple[tuple[str, int], ...]
    attached: Mapping[str, int]
    reason: str | None
    decided: Mapping[str, int]


def objects_of(
    rows: Sequence[DiffRow], decisions: Mapping[str, str], *, by_place: bool = False
) -> tuple[list[ChangedObject], list[Alike]]:
    """(the objects that these rows change, those that change alike), in apply order of the resources.

    Objects are in natural order of their keys, groups by size. ``decisions``: states by change id; others wait. With
    ``by_place``, both are by device, guest or cluster first. Rows that are not changes are left out.
    """
    changes = [row for row in rows if row.is_change]
    if not changes:
        return [], []
    place = _PLACE if by_place else "''"
    with connections.scratch() as con:
        _load(con, changes, decisions)
        con.execute(read_sql("natural.sql") + folded("changes", "main", place))
        objects = list(_objects(con, changes, place))
        return objects, list(_groups(con, objects))


def _load(con: duckdb.DuckDBPyConnection, rows: Sequence[DiffRow], decisions: Mapping[str, str]) -> None:
    """Table ``changes`` with the rows. As JSON: Arrow takes longer to import than most diffs to fold."""
    shape = json.dumps(_SHAPE)
    columns = ", ".join(f'"{name}" {kind}' for name, kind in DIFF_COLUMNS.items())
    con.execute(f"CREATE TABLE changes ({columns}, decision VARCHAR, link VARCHAR)")
    for start in range(0, len(rows), _BATCH):
        content = [_content(row, decisions) for row in rows[start : start + _BATCH]]
        # The rows one by one: DuckDB takes ten times as long for a list of them.
        con.execute(
            f"INSERT INTO changes BY NAME SELECT unnest(from_json(item, '{shape}'))"
            " FROM (SELECT unnest(json_extract(?, '$[*]')) AS item)",
            [_encode(content)],
        )


def _content(row: DiffRow, decisions: Mapping[str, str]) -> dict[str, Any]:
    fields = [
        {
            "field": item.name,
            "before": _encode(item.before),
            "after": _encode(item.after),
            "decision": item.decision,
            "reason": item.reason,
            "cause": item.cause,
        }
        for item in row.fields
        # Of other rows only what they are attached to is read.
        if row.action == "update" or item.name in GENERIC
    ]
    content: dict[str, Any] = {name: getattr(row, name) for name in _OF_ROW}
    return content | {"fields": fields, "decision": decisions.get(row.change_id, "waiting")}


def _objects(con: duckdb.DuckDBPyConnection, rows: Sequence[DiffRow], place: str) -> Iterator[ChangedObject]:
    by_id = {row.change_id: row for row in rows}
    found = con.execute(
        f"""SELECT resource, key, netbox_id, action, coalesce(parent, ''), change_ids,
                list_transform(attached, lambda a: a.change_id)
            FROM (SELECT *, {place} AS place FROM objects)
            ORDER BY natural_order(place), place, {_IN_APPLY_ORDER}, natural_order(key), key, netbox_id NULLS FIRST"""
    ).fetchall()
    for resource, key, netbox_id, action, parent, ids, attached in found:
        others = set(attached)
        yield ChangedObject(
            resource,
            key,
            netbox_id,
            action,
            parent,
            tuple(by_id[change_id] for change_id in ids if change_id not in others),
            tuple(by_id[change_id] for change_id in attached),
        )


def _groups(con: duckdb.DuckDBPyConnection, objects: Sequence[ChangedObject]) -> Iterator[Alike]:
    by_key = {(one.resource, one.key, one.netbox_id): one for one in objects}
    cursor = con.execute(
        f"""SELECT * FROM summary
            ORDER BY natural_order(place), place, {_IN_APPLY_ORDER}, objects DESC, action, differs, cause"""
    )
    for raw in connections.named_rows(cursor):
        yield Alike(
            raw["resource"],
            raw["action"],
            raw["place"],
            raw["objects"],
            raw["changes"],
            raw["new_changes"],
            raw["first_diff"],
            by_key[raw["resource"], raw["example"], raw["example_id"]],
            tuple(_shared(item) for item in raw["fields"] or ()),
            tuple((item["parent"] or "", item["objects"]) for item in raw["parents"] or ()),
            raw["with_attached"] or {},
            raw["reason"],
            {state: number for state, number in (raw["decisions"] or {}).items() if state != "waiting"},
        )


def _shared(raw: Mapping[str, Any]) -> Shared:
    return Shared(raw["field"], raw["values"], parse(raw["before"]), parse(raw["after"]))
