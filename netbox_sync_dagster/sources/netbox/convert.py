"""From NetBox's answers to table values: the same value whether GraphQL or REST gave it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import orjson

from netbox_sync_dagster.sources.addresses import canonical_address
from netbox_sync_dagster.sources.netbox.queries import MODEL_OF_TYPE, Source
from netbox_sync_dagster.storage.tables import NETBOX

Row = dict[str, Any]
Take = Callable[[Row], Any]
# Custom field name -> type, of one model.
CustomFields = dict[str, str]

# Columns that NetBox gives as {value, label} in REST, as the plain value in GraphQL; empty means none.
_CHOICES = {
    *("status", "type", "mode", "role", "start_on_boot", "subtype", "format", "priority"),
    *("face", "subdevice_role", "poe_mode", "rf_role"),
}
# GraphQL writes decimals, and whole numbers that may be large, as text.
_NUMBERS = {"BIGINT": int, "DOUBLE": float}


def utc_text(value: str | None) -> str | None:
    """``last_updated`` as in the ETag: UTC with ``+00:00``, microseconds as the server has them.

    REST writes ``Z``, or the server's own time zone where one is configured; GraphQL writes ``+00:00``.
    """
    if value is None or value.endswith("+00:00"):
        return value
    if value.endswith("Z"):
        return f"{value[:-1]}+00:00"
    return datetime.fromisoformat(value).astimezone(UTC).isoformat()


def vid_ranges(ranges: list[Any] | None) -> list[list[int]]:
    """``"[1, 100)"`` (GraphQL) or ``[1, 99]`` (REST) -> ``[1, 99]``, both ends inclusive."""
    result = []
    for item in ranges or []:
        if isinstance(item, str):
            low, high = (int(text) for text in item.strip("[]() ").split(","))
            result.append([low + item.startswith("("), high - item.endswith(")")])
        else:
            result.append([int(item[0]), int(item[1])])
    return result


def _id(value: Any) -> int | None:
    if value is None:
        return None
    return int(value["id"] if isinstance(value, dict) else value)


def _choice(value: Any) -> Any:
    if isinstance(value, dict):
        value = value["value"]
    return None if value in ("", None) else value


def custom_fields_text(values: dict[str, Any] | None, types: CustomFields) -> str:
    """Custom fields as JSON text with sorted keys; objects as ids, decimals as numbers, choices as values."""
    if not values and not types:
        return "{}"
    names = {**dict.fromkeys(types), **(values or {})}
    plain = {name: _custom(value, types.get(name)) for name, value in names.items()}
    try:
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        # A whole number of more than 64 bits in a JSON field.
        return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _custom(value: Any, kind: str | None) -> Any:  # noqa: PLR0911
    if value is None:
        return None
    match kind:
        case "object":
            return _id(value)
        case "multiobject":
            return sorted(int(item["id"] if isinstance(item, dict) else item) for item in value)
        case "select":
            return _choice(value)
        case "multiselect":
            return [_choice(item) for item in value]
        case "decimal":
            return float(value)
        case "datetime":
            return f"{value[:-1]}+00:00" if str(value).endswith("Z") else value
        case None:
            # A field whose definition the token may not see: REST shows objects, GraphQL their ids.
            if isinstance(value, list) and value and all(_is_object(item) for item in value):
                return sorted(int(item["id"]) for item in value)
            return _id(value) if _is_object(value) else value
    return value


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and "id" in value and "url" in value


def _end(row: Row, side: str) -> list[tuple[str, int]]:
    """(model, id) of what is plugged into one end of a cable."""
    if "terminations" in row:
        ends = (t["termination"] for t in row["terminations"] if t["cable_end"] == side)
        found = [(MODEL_OF_TYPE[end["__typename"]], int(end["id"])) for end in ends if end is not None]
    else:
        ends = row[f"{side.lower()}_terminations"]
        found = [(end["object_type"], int(end["object_id"])) for end in ends]
    return sorted(found)


def _end_type(side: str) -> Take:
    def take(row: Row) -> str | None:
        end = _end(row, side)
        return end[0][0] if end else None

    return take


def _end_ids(side: str) -> Take:
    return lambda row: [number for _, number in _end(row, side)]


def _generic_type(graphql: str, column: str) -> Take:
    def take(row: Row) -> str | None:
        if graphql in row:
            return None if row[graphql] is None else MODEL_OF_TYPE[row[graphql]["__typename"]]
        return row[column] or None

    return take


def _generic_id(graphql: str, column: str) -> Take:
    return lambda row: _id(row[graphql] if graphql in row else row[column])


def _interface(row: Row) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    return ipaddress.ip_interface(_text(row))


def _text(row: Row) -> str:
    """What a row's host, prefix length and family come from."""
    return str(row["address"] if "address" in row else row["prefix"])


_SPECIAL: dict[str, Take] = {
    "id": lambda row: int(row["id"]),
    "last_updated": lambda row: utc_text(row["last_updated"]),
    "tags": lambda row: sorted(tag["slug"] for tag in row["tags"]),
    "tagged_vlan_ids": lambda row: sorted(int(vlan["id"]) for vlan in row["tagged_vlans"]),
    "bay_type_ids": lambda row: sorted(int(one["id"]) for one in row["module_bay_types"]),
    "scope_type": _generic_type("scope", "scope_type"),
    "scope_id": _generic_id("scope", "scope_id"),
    "assigned_object_type": _generic_type("assigned_object", "assigned_object_type"),
    "assigned_object_id": _generic_id("assigned_object", "assigned_object_id"),
    "vid_ranges": lambda row: vid_ranges(row["vid_ranges"]),
    "a_type": _end_type("A"),
    "a_ids": _end_ids("A"),
    "b_type": _end_type("B"),
    "b_ids": _end_ids("B"),
    "host": lambda row: canonical_address(_text(row).partition("/")[0]),
    "prefixlen": lambda row: _interface(row).network.prefixlen,
    "family": lambda row: _interface(row).version,
    **{
        name: lambda row, name=name: None if row[name] is None else utc_text(row[name])  # type: ignore[misc]
        for name in ("creation_time", "snaptime", "start_time", "end_time")
    },
    "is_unique": lambda row: row["unique"],
    "object_types": lambda row: sorted(row["object_types"] or []),
    "default": lambda row: None if row["default"] is None else json.dumps(row["default"], ensure_ascii=False),
}


def _reference(name: str) -> Take:
    return lambda row: _id(row[name])


def _number(name: str, kind: type[int] | type[float]) -> Take:
    return lambda row: None if row[name] is None else kind(row[name])


def _chosen(name: str) -> Take:
    return lambda row: _choice(row[name])


def converter(source: Source, types: CustomFields, absent: set[str]) -> Callable[[Row], Row]:
    """A function from one object, as GraphQL or REST gives it, to a row of the table.

    It raises KeyError, TypeError or ValueError for an object that is not as NetBox documents it.
    """
    plain: list[str] = []
    takes: list[tuple[str, Take]] = []
    for column, kind in NETBOX[source.table].columns.items():
        if source.lacks(column, absent):
            takes.append((column, lambda _: None))
        elif column in source.refs and column != "tagged_vlan_ids":
            takes.append((column, _reference(source.refs[column][0])))
        elif column == "cf":
            takes.append((column, lambda row: custom_fields_text(row["custom_fields"], types)))
        elif column in _SPECIAL:
            takes.append((column, _SPECIAL[column]))
        elif column in _CHOICES:
            takes.append((column, _chosen(column)))
        elif kind in _NUMBERS:
            takes.append((column, _number(column, _NUMBERS[kind])))
        else:
            plain.append(column)
    # Most columns are copied unchanged, and in large tables every microsecond per row counts. The id is
    # always among them, so that there are two or more names and itemgetter gives a tuple.
    taken = itemgetter("id", *plain)

    def convert(row: Row) -> Row:
        result = dict(zip(("id", *plain), taken(row), strict=True))
        for column, take in takes:
            result[column] = take(row)
        return result

    return convert
