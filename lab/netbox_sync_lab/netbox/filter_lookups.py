"""Comparisons that list filters make: text, numbers, times, choices, and the values they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from .schema import CHOICES, Field, Model, Row
from .values import normal_mac

Test = Callable[[Row], bool]


class BadValue(Exception):
    """A value that a filter does not take; the text is what NetBox says."""


def number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadValue("Enter a whole number.") from None


def parse_time(value: str) -> datetime | None:
    try:
        stamp = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
    except ValueError:
        return None
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)


def time(value: str) -> datetime:
    stamp = parse_time(value)
    if stamp is None:
        raise BadValue("Enter a valid date/time.")
    return stamp


def truth(value: str) -> bool | None:
    """true or false; anything else asks nothing."""
    return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())


def uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise BadValue("Enter a valid UUID.") from None


def decimals(values: list[str]) -> list[Decimal]:
    try:
        return [Decimal(v) for v in values]
    except InvalidOperation:
        raise BadValue("Enter a number.") from None


def compare(get: Callable[[Row], Any], lookup: str, wanted: list[Any]) -> Test | None:
    if lookup in ("", "n"):
        accepted = set(wanted)
        return lambda row: (get(row) in accepted) != (lookup == "n")
    operators: dict[str, Callable[[Any, Any], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    if lookup not in operators:
        return None
    holds = operators[lookup]
    return lambda row: get(row) is not None and any(holds(get(row), w) for w in wanted)


def text(get: Callable[[Row], Any], lookup: str, values: list[str]) -> Test | None:
    negate = lookup.startswith("n") and lookup != ""
    base = lookup[1:] if negate and lookup != "n" else lookup
    folded = [v.casefold() for v in values]
    matchers: dict[str, Callable[[str], bool]] = {
        "": lambda s: s in values,
        "n": lambda s: s in values,
        "ie": lambda s: s.casefold() in folded,
        "ic": lambda s: any(v in s.casefold() for v in folded),
        "isw": lambda s: any(s.casefold().startswith(v) for v in folded),
        "iew": lambda s: any(s.casefold().endswith(v) for v in folded),
        "regex": lambda s: any(re.search(v, s) for v in values),
        "iregex": lambda s: any(re.search(v, s, re.IGNORECASE) for v in values),
    }
    if base not in matchers:
        return None
    match = matchers[base]

    def test(row: Row) -> bool:
        value = get(row)
        return (value is not None and match(str(value))) != negate

    return test


def column(model: Model, f: Field | None, name: str, lookup: str, values: list[str]) -> Test | None:
    if name in ("created", "last_updated", "time") or (f is not None and f.kind in ("datetime", "timestamp")):
        return compare(lambda row: row[name], lookup, [time(v) for v in values])
    if f is None:
        return compare(lambda row: row[name], lookup, [number(v) for v in values])
    if lookup == "empty":
        empty = values[-1].lower() == "true"
        return lambda row: (row[name] in (None, "")) == empty
    if f.kind == "bool":
        wanted = truth(values[-1])
        return None if lookup else lambda row: wanted is None or row[name] is wanted
    if f.kind in ("id", "int", "generic_id"):
        return compare(lambda row: row[name], lookup, [number(v) for v in values])
    if f.kind == "decimal":
        return compare(lambda row: row[name], lookup, decimals(values))
    if f.kind == "choice":
        return choice(f, name, lookup, values)
    if f.kind == "mac":
        macs = [normal_mac(v) or v for v in values]
        return text(lambda row: row[name], lookup, macs)
    if f.kind == "prefix":
        return text(lambda row: row[name], lookup, [str(n) for v in values if (n := network(v)) is not None])
    if f.kind in ("content_type", "char", "slug", "read_only"):
        return text(lambda row: row[name], lookup, values)
    if f.kind == "content_types" and not lookup:
        return lambda row: any(v in row[name] for v in values)
    return None


def choice(f: Field, name: str, lookup: str, values: list[str]) -> Test | None:
    known = {str(v): v for v, _ in CHOICES[f.choices]}
    if lookup in ("", "n"):
        for value in values:
            if value not in known and value != "null":
                raise BadValue(f"Select a valid choice. {value} is not one of the available choices.")
        accepted = {known.get(v) for v in values}
        return lambda row: (row[name] in accepted) != (lookup == "n")
    return text(lambda row: row[name], lookup, values)


def network(value: str) -> Any:
    try:
        return ip_network(value.strip(), strict=False)
    except ValueError:
        return None
