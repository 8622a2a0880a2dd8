"""Filters of GraphQL lists: from coerced input values to a test of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from .filter_lookups import parse_time
from .rules_cables import cable_row
from .schema import Field, Model, Row
from .store import Store

Test = Callable[[Row], bool]


class BadFilter(Exception):
    """A filter value that cannot be read."""


def build(store: Store, model: Model, filters: dict[str, Any]) -> Test:
    """A test for the ``filters`` argument of a list: all its parts must hold; AND, OR and NOT combine."""
    parts: list[Test] = []
    combined: list[tuple[str, Test]] = []
    for name, value in filters.items():
        if value is None or name == "DISTINCT":
            continue
        if name in ("AND", "OR", "NOT"):
            combined.append((name, build(store, model, value)))
        else:
            parts.append(_part(store, model, name, value))

    def test(row: Row) -> bool:
        result = all(part(row) for part in parts)
        for name, other in combined:
            if name == "AND":
                result = result and other(row)
            elif name == "OR":
                result = result or other(row)
            else:
                result = result and not other(row)
        return result

    return test


def _part(store: Store, model: Model, name: str, value: Any) -> Test:
    f = model.by_name.get(name)
    if model.label == "dcim.interface" and name == "cable_id":
        cable = int(value)
        return lambda row: (found := cable_row(store, row)) is not None and found["id"] == cable
    if f is None and name.endswith("_id"):
        column, wanted = name[:-3], int(value)
        return lambda row: row[column] == wanted
    assert f is not None
    if f.kind == "fk":
        target, inner = f.model, build(store, store.models[f.model], value)
        return lambda row: row[name] is not None and inner(store.ref(target, row[name]))
    if f.kind in ("m2m", "tags"):
        target = f.model or "extras.tag"
        # Django's exclude: NOT is about all of an object's tags or VLANs, not about one of them.
        unwanted = value.get("NOT")
        wanted_of_one = {key: part for key, part in value.items() if key != "NOT" and part is not None}
        inner = build(store, store.models[target], wanted_of_one)
        never = build(store, store.models[target], unwanted) if unwanted else None

        def test_many(row: Row) -> bool:
            found = [store.ref(target, pk) for pk in row[name]]
            return (not wanted_of_one or any(map(inner, found))) and not (never and any(map(never, found)))

        return test_many
    if not isinstance(value, dict):
        wanted = int(value)
        return lambda row: row[name] == wanted
    for wrapper in ("filter_lookup", "comparison_lookup"):
        if value.get(wrapper) is not None:
            return _lookup(f, value[wrapper])
    if value.get("range_lookup") is not None:
        return _lookup(f, {"range": value["range_lookup"]})
    return _lookup(f, value)


def _convert(f: Field, value: Any) -> Any:
    if f.kind in ("id", "int", "generic_id"):
        return int(value)
    if f.kind == "decimal":
        return Decimal(str(value))
    if f.kind == "datetime":
        stamp = value if isinstance(value, datetime) else parse_time(str(value))
        if stamp is None:
            raise BadFilter(f"Value cannot represent a DateTime: {value!r}.")
        return stamp
    return value


def _lookup(f: Field, lookups: dict[str, Any]) -> Test:
    tests = [_operator(f, op, value) for op, value in lookups.items() if value is not None]
    name = f.name
    return lambda row: all(test(row[name]) for test in tests)


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a.startswith(b),
    "ends_with": lambda a, b: a.endswith(b),
    "exact": lambda a, b: a == b,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def _operator(f: Field, op: str, value: Any) -> Callable[[Any], bool]:
    if op == "is_null":
        return lambda v: (v is None) == value
    if op == "in_list":
        accepted = {_convert(f, x) for x in value}
        return lambda v: v in accepted
    if op == "range":
        low, high = (None if value.get(k) is None else _convert(f, value[k]) for k in ("start", "end"))
        return lambda v: v is not None and (low is None or v >= low) and (high is None or v <= high)
    if op in ("regex", "i_regex"):
        pattern = re.compile(str(value), re.IGNORECASE if op == "i_regex" else 0)
        return lambda v: v is not None and pattern.search(str(v)) is not None
    wanted = _convert(f, value)
    if op == "exact":
        return lambda v: v == wanted
    if op in _ORDER:
        compare = _ORDER[op]
        return lambda v: v is not None and compare(v, wanted)
    fold = op.startswith("i_")
    match = _TEXT[op.removeprefix("i_")]
    text = str(wanted).casefold() if fold else str(wanted)
    return lambda v: v is not None and match(str(v).casefold() if fold else str(v), text)
