"""Checks the result of a SQL file and makes rows of it: columns first, then every value."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_interface
from typing import Any

import duckdb

from netbox_sync_dagster.config.secrets import has_credential, redact
from netbox_sync_dagster.sources.tables.columns import Column, Shape

Row = dict[str, Any]
_BATCH = 10_000
_TYPES = {
    "BOOLEAN": "true or false",
    "INTEGER": "a whole number",
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
    "VARCHAR[]": "a list of texts",
    "INTEGER[]": "a list of whole numbers",
}
# Characters of a value that an error quotes.
_SHOWN = 60
# NetBox's rule.
_DNS_NAME = re.compile(r"^([0-9A-Za-z_-]+|\*)(\.[0-9A-Za-z_-]+)*\.?$")
_MAC = re.compile(r"^[0-9A-Fa-f]{12}$")


@dataclass
class Delivered:
    """The rows of one file, each with its number from 1. ``rejected``: (number, row, reason)."""

    shape: Shape
    rows: list[tuple[int, Row]] = field(default_factory=list)
    rejected: list[tuple[int, Row, str]] = field(default_factory=list)

    def reject(self, number: int, row: Row, reason: str) -> None:
        """Leave a row out."""
        self.rejected.append((number, row, reason))


def column_problems(shape: Shape, names: Collection[str]) -> list[str]:
    """What is wrong with the columns of a result, one sentence each."""
    problems = []
    for name in names:
        if name not in shape.by_name:
            near = get_close_matches(name.lower(), shape.by_name, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(shape.by_name)}"
            problems.append(f"{shape.file}: unknown column {name}; {advice}")
    problems += [
        f"{shape.file}: the column {column.name} is missing"
        for column in shape.columns
        if column.required and column.name not in names
    ]
    if shape.owners and not set(shape.owners) & set(names):
        problems.append(f"{shape.file}: one of the columns {' and '.join(shape.owners)} is missing")
    twice = sorted({name for name in names if list(names).count(name) > 1})
    problems += [f"{shape.file}: has two columns {name}" for name in twice]
    return problems


def read_rows(shape: Shape, con: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> Delivered:
    """The rows of a table whose columns are right; values that do not fit are reasons for rejection."""
    delivered = Delivered(shape)
    given = [shape.by_name[name] for name in columns]
    number = 0
    cursor = con.execute(f'SELECT {", ".join(map(_cast, given))} FROM "{table}"')
    while batch := cursor.fetchmany(_BATCH):
        for values in batch:
            number += 1
            _take(delivered, number, given, values)
    _without_duplicates(delivered)
    return delivered


def _cast(column: Column) -> str:
    name = f'"{column.name}"'
    text = f"{name}::VARCHAR"
    if column.type.endswith("[]"):
        # A text like '10, 20' is a list too.
        parts = (
            f"list_filter(list_transform(string_split({text}, ','), lambda p: trim(p)), lambda p: p <> '')"
        )
        lists = f"if(starts_with({text}, '['), try_cast({text} AS {column.type}), try_cast({parts} AS {column.type}))"
        return f"{lists}, {text}"
    if column.type in ("INTEGER", "BIGINT"):
        # DuckDB would round.
        number = f"try_cast({name} AS DOUBLE)"
        return f"if({number} = floor({number}), try_cast({name} AS {column.type}), NULL), {text}"
    return f"try_cast({name} AS {column.type}), {text}"


def _take(delivered: Delivered, number: int, given: list[Column], values: tuple[Any, ...]) -> None:
    row: Row = {}
    problem: str | None = None
    for position, column in enumerate(given):
        value, text = values[2 * position], values[2 * position + 1]
        value = _tidied(column, value)
        if isinstance(value, str) and has_credential(value):
            value, problem = redact(value), problem or f"{column.name} contains a credential of netbox-sync"
        row[column.name] = value
        problem = problem or _value_problem(column, value, text)
    problem = problem or _owner_problem(delivered.shape, row)
    if delivered.shape.name == "ip_addresses" and problem is None:
        problem = _place_address(row)
    if problem is None:
        delivered.rows.append((number, row))
    else:
        delivered.reject(number, row, problem)


def _tidied(column: Column, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip()
    if column.allowed:
        return value.lower() or None
    # '' says "none" of a description or MAC address; a name has no such value.
    return value if value or column.name in ("description", "comments", "mac") else None


def _value_problem(column: Column, value: Any, text: str | None) -> str | None:
    quoted = f"'{(text or '')[:_SHOWN]}'"
    values = value if isinstance(value, list) else [value]
    if value is None and not (text or "").strip():
        return f"{column.name}: has no value" if column.required else None
    if column.type != "VARCHAR" and None in values:
        return f"{column.name}: {quoted} is not {_TYPES[column.type]}"
    if column.name == "mac" and value and not _MAC.match(re.sub(r"[:.\- ]", "", value)):
        return f"mac: {quoted} is not a MAC address"
    if column.allowed and value not in column.allowed:
        return f"{column.name}: {quoted} is not one of {', '.join(column.allowed)}"
    low, high = column.least, column.most
    if low is not None and high is not None and not all(low <= one <= high for one in values):
        return f"{column.name}: {quoted} is not from {low} to {high}"
    return None


def _owner_problem(shape: Shape, row: Row) -> str | None:
    if shape.owners and sum(row.get(name) is not None for name in shape.owners) != 1:
        return f"exactly one of {' and '.join(shape.owners)} must have a value"
    return None


def _place_address(row: Row) -> str | None:
    """Write the address in its canonical form, and add host, family and prefixlen (None where the text has none); the
    reason if it is not an address."""
    text, name = str(row["address"]), row.get("dns_name")
    try:
        found = ip_interface(text)
    except ValueError:
        return f"address: '{text[:_SHOWN]}' is not an address, such as 192.0.2.10/24"
    host = str(found.ip).partition("%")[0]
    length = found.network.prefixlen if "/" in text else None
    row |= {
        "address": host if length is None else f"{host}/{length}",
        **{"host": host, "family": found.version, "prefixlen": length},
    }
    if name is not None and not _DNS_NAME.match(name):
        return f"dns_name: '{name[:_SHOWN]}' is not a DNS name"
    return None


def key_of(shape: Shape, row: Row) -> tuple[Any, ...]:
    """What identifies a row."""
    return tuple(row.get(name) for name in shape.key)


def key_text(shape: Shape, row: Row, number: int) -> str:
    """A row's key for people: the values of its key, or its number."""
    return " ".join(str(value) for value in key_of(shape, row) if value is not None) or f"row {number}"


def owner_of(shape: Shape, row: Row) -> str:
    """The id of the device or virtual machine that a row is about; '*' where it has none."""
    for name in ("device", "virtual_machine") if shape.key != ("id",) else ("id",):
        if row.get(name) is not None:
            return str(row[name])
    return "*"


def _without_duplicates(delivered: Delivered) -> None:
    """Rows that are equal are one row, as joins repeat them; different rows with one key are rejected."""
    shape = delivered.shape
    found: dict[tuple[Any, ...], list[tuple[int, Row]]] = defaultdict(list)
    for number, row in delivered.rows:
        known = found[key_of(shape, row)]
        if all(row != other for _, other in known):
            known.append((number, row))
    delivered.rows = [rows[0] for rows in found.values() if len(rows) == 1]
    for rows in (rows for rows in found.values() if len(rows) > 1):
        numbers = " and ".join(str(number) for number, _ in rows[:3])
        columns = ", ".join(
            "address" if name == "host" else name for name in shape.key if rows[0][1].get(name) is not None
        )
        for number, row in rows:
            delivered.reject(number, row, f"rows {numbers} have the same {columns}")


def check_references(delivered: Mapping[str, Delivered]) -> None:
    """Reject rows whose owner or interface the other files do not have."""
    for shape_name, one in delivered.items():
        for column, file, other in one.shape.refers:
            known = {row[other] for _, row in delivered[file].rows} if file in delivered else set()
            _keep(one, column, known, None if file in delivered else f"there is no {file}.sql", file)
        if shape_name in ("ip_addresses", "cables"):
            _check_interfaces(one, delivered)


def _keep(one: Delivered, column: str, known: Collection[Any], absent: str | None, file: str) -> None:
    kept = []
    for number, row in one.rows:
        value = row.get(column)
        if value is None or value in known:
            kept.append((number, row))
        else:
            unknown = f"{file}.sql has no row with the id '{str(value)[:_SHOWN]}'"
            one.reject(number, row, f"{column}: {absent or unknown}")
    one.rows = kept


def _check_interfaces(one: Delivered, delivered: Mapping[str, Delivered]) -> None:
    kept = []
    known = {
        owner: _pairs(delivered[file].rows, owner) if file in delivered else set()
        for owner, file in (("device", "interfaces"), ("virtual_machine", "vm_interfaces"))
    }
    for number, row in one.rows:
        owner = "device" if row.get("device") is not None else "virtual_machine"
        if (row[owner], row["interface"]) in known[owner]:
            kept.append((number, row))
        else:
            file = "interfaces" if owner == "device" else "vm_interfaces"
            name = str(row["interface"])[:_SHOWN]
            one.reject(number, row, f"interface: {file}.sql has no '{name}' of the {owner} '{row[owner]}'")
    one.rows = kept


def _pairs(rows: Iterable[tuple[int, Row]], owner: str) -> set[tuple[Any, Any]]:
    return {(row[owner], row["name"]) for _, row in rows}
