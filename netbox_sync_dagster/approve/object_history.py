"""What happened to one NetBox object: decisions, answers, and what applies wrote to it, whichever endpoint it came from.

A diff names an object by endpoint, resource and key, and a device or an interface is written under several resources
(its primary addresses, its place in a stack). So NetBox's id of the object decides what is in its history, where it is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from netbox_sync_dagster.compare.values import difference, display
from netbox_sync_dagster.sources.netbox.ledger_names import names_of_snapshot
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.connections import named_rows
from netbox_sync_dagster.storage.ledger import apply_files, first_line, ledger_view_queries
from netbox_sync_dagster.storage.view_sql import rows_of_diffs
from netbox_sync_dagster.text import Shown

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.compare.plan import DiffRow

# Fields that distinguish new objects of one name: two endpoints may each know a virtual machine "web".
_PLACES = (
    *("device", "virtual_machine", "cluster", "site", "scope", "group", "vrf", "tenant"),
    *("assigned_object", "object", "manufacturer", "module_bay"),
)

Rows = list[dict[str, Any]]


class NetBoxObject(NamedTuple):
    """An object by its list endpoint (``dcim/devices``) and id."""

    object_type: str
    netbox_id: int


class Key(NamedTuple):
    """What the diffs of an endpoint call an object."""

    endpoint: str
    resource: str
    key: str


def history_of_row(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, endpoint: str, row: DiffRow) -> Rows:
    """The history of the object of a diff's row, as ``history_of_name``. ``con`` has the views of ``storage.views``."""
    objects: set[NetBoxObject] = set()
    keys = {Key(endpoint, row.resource, row.key)}
    target = json.loads(row.target) if row.target else None
    if row.netbox_id is not None:
        objects.add(NetBoxObject(row.object_type, row.netbox_id))
    elif target is not None:
        # An object that the same diff creates.
        keys.add(Key(endpoint, target["ref"], target["key"]))
    if row.netbox_id is None and row.action == "create":
        wanted = {item.name: item.after for item in row.fields}
        for one in _named(con, warehouse, row.resource, row.key):
            ours = one["endpoint"] == endpoint
            if ours or (one["action"] == "create" and _same_place(wanted, _after(one["fields"]))):
                objects |= _object_of(one)
                keys.add(_key_of(one))
    return _history(con, warehouse, objects, keys)


def history_of_name(
    con: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    resource: str,
    name: str,
    *,
    endpoint: str | None = None,
) -> Rows:
    """What was decided about, answered about and written to an object, oldest first. ``name``: its key in diffs, or its id in
    NetBox. ``endpoint``: only by this one.

    Columns: kind (decision, answer, write), recorded_at, what (approve, reject, withdraw; the answer; the verdict), always
    (of a keep: from now on), action (clear: NetBox emptied the fields because the object that resource and key name was
    deleted; replace: NetBox replaced a machine's disk size because the disk was created, or its site because its cluster
    got a scope), endpoint, resource, key, field (of an answer, or all of a decision on some fields), who, through, approver,
    message (a comment, the reason of an answer, or the verdict's), override, change_id, apply_id, object_type, netbox_id,
    fields (of a write: field, before and after as JSON), seq. ``con`` has the views of ``storage.views``.
    """
    known = _named(con, warehouse, resource, name)
    objects = {item for one in known for item in _object_of(one)}
    source = SOURCES.get(resource) or SOURCES.get(f"proxbox_{resource}")
    if source is not None and name.isdecimal() and len(name) < 19:
        objects.add(NetBoxObject(source.path, int(name)))
    keys = {_key_of(one) for one in known}
    decided = "SELECT DISTINCT endpoint FROM ledger.approvals UNION SELECT endpoint FROM ledger.resolutions"
    keys |= {Key(found, resource, name) for (found,) in con.execute(decided).fetchall()}
    found = _history(con, warehouse, objects, keys)
    return [one for one in found if endpoint is None or one["endpoint"] == endpoint]


def written_values(
    action: str | None, fields: Iterable[Mapping[str, Any]] | None, longest: int | None = None
) -> Iterator[tuple[str, Shown]]:
    """(field, its values) of an entry of a history or a verdict, as a person reads it. ``longest``: see
    ``compare.values.display``."""
    for item in fields or ():
        before, after = (json.loads(value) if value else None for value in (item["before"], item["after"]))
        if action == "create":
            yield item["field"], display(after, longest)
        elif action == "delete" or (action == "replace" and after is None):
            yield item["field"], display(before, longest)
        else:
            yield item["field"], difference(before, after, longest)


def _history(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, objects: set[NetBoxObject], keys: set[Key]
) -> Rows:
    here = names_of_snapshot(warehouse)
    objects = objects | _former(con, warehouse, objects, here)
    given = _parameters(objects, keys) | {"here": here}
    known_as = read_sql("evidence/known_as.sql").replace("{rows}", rows_of_diffs(warehouse))
    keys = {Key(*found) for found in con.execute(known_as, given).fetchall()}
    found = named_rows(
        con.execute(read_sql("evidence/history.sql"), _parameters(objects, keys) | {"here": here})
    )
    files = apply_files(warehouse)
    for one in found:
        if one["kind"] == "write" and (file := files.get((one["endpoint"], one["apply_id"]))):
            start = first_line(file)
            one |= {"who": start.get("who"), "through": start.get("through")}
    return found


def _parameters(objects: Iterable[NetBoxObject], keys: Iterable[Key]) -> dict[str, list[dict[str, Any]]]:
    return {
        "objects": [item._asdict() for item in sorted(objects)],
        "keys": [item._asdict() for item in sorted(keys)],
    }


def _named(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, resource: str, name: str) -> Rows:
    sql = read_sql("evidence/named.sql").replace("{rows}", rows_of_diffs(warehouse))
    given = {"resource": resource, "name": name, "here": names_of_snapshot(warehouse)}
    return named_rows(con.execute(sql, given))


def _object_of(one: Mapping[str, Any]) -> set[NetBoxObject]:
    return {NetBoxObject(one["object_type"], one["netbox_id"])} if one["netbox_id"] is not None else set()


def _key_of(one: Mapping[str, Any]) -> Key:
    return Key(one["endpoint"], one["resource"], one["key"])


def _after(fields: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {item["field"]: json.loads(item["after"] or "null") for item in fields or ()}


def _same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two new objects of one resource and key may be the same: no field says that they are in different places."""
    return all(
        _same_object(one[name], other[name])
        for name in _PLACES
        if one.get(name) is not None and other.get(name) is not None
    )


def _same_object(one: Any, other: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return bool(one == other)
    # Of an object that a diff creates only the name is known.
    shared = "id" if "id" in one and "id" in other else "name"
    return one.get("type") == other.get("type") and one.get(shared) == other.get(shared)


def _former(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, objects: set[NetBoxObject], here: list[str] | None
) -> set[NetBoxObject]:
    """The ids that these objects had before an undo created them again."""
    # The query reads the whole ledger.
    if not objects or not any(first_line(file).get("undoes") for file in apply_files(warehouse).values()):
        return set()
    views = ledger_view_queries(warehouse)
    again = views["made_again"].replace("ledger.applied", "applied")
    rows = con.execute(
        f"""WITH applied AS (
                SELECT * REPLACE ('' AS target) FROM ({views["applied"]})
                WHERE $here IS NULL OR list_contains($here::VARCHAR[], target)),
            made_again AS ({again})
            SELECT object_type, former_id FROM made_again
            WHERE (object_type, netbox_id) IN (
                SELECT (object_type, netbox_id) FROM (SELECT unnest($objects, recursive := true)))""",
        {"objects": [item._asdict() for item in sorted(objects)], "here": here},
    ).fetchall()
    return {NetBoxObject(*found) for found in rows}
