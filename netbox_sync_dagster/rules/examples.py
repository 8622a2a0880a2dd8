"""Tests rules on example rows: a folder with CSV files of tables, and of what the rules are to answer.

``desired.devices.csv``, ``librenms.ports.csv``, ``netbox.tenants.csv``, ...: rows of a table that rules see; columns
that are absent are NULL. ``expected.devices.csv`` (key, field, value) and ``expected.devices.skip.csv`` (key, reason):
the rows that the rules of this resource give, all of them together.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from netbox_sync_dagster.rules.fields import meant
from netbox_sync_dagster.rules.files import Rule, RuleError
from netbox_sync_dagster.rules.sandbox import Sandbox
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import SYSTEMS
from netbox_sync_dagster.storage.connections import connect
from netbox_sync_dagster.storage.tables import table_without_rows

_EXPECTED = re.compile(r"^expected\.(?P<resource>[a-z_]+)(?P<skip>\.skip)?\.csv$")
_INPUT = re.compile(r"^(?P<schema>[a-z0-9_]+)\.(?P<table>[a-z_]+)\.csv$")

Row = tuple[str, ...]


@dataclass(frozen=True)
class ExampleResult:
    """The result of one example for one kind of rules. ``missing``: expected rows that no rule gives; ``unexpected``:
    rows that nobody expects."""

    example: str
    file: str
    missing: Sequence[Row]
    unexpected: Sequence[Row]

    @property
    def ok(self) -> bool:
        """Whether the rules give exactly the expected rows."""
        return not self.missing and not self.unexpected


def run_examples(folder: Path, rules: Sequence[Rule], timeout: float) -> Iterator[ExampleResult]:
    """The results of all examples in ``folder``, a folder each. Raises RuleError for unusable files and rules."""
    examples = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not examples:
        raise RuleError([f"{folder}: has no folders with examples; see docs/rules.md"])
    for example in examples:
        yield from _example(example, rules, timeout)


def _example(example: Path, rules: Sequence[Rule], timeout: float) -> Iterator[ExampleResult]:
    expected = {path: found for path in sorted(example.iterdir()) if (found := _EXPECTED.match(path.name))}
    if not expected:
        raise RuleError([f"{example}: has no file such as expected.devices.csv"])
    con = _tables(example, [path for path in sorted(example.iterdir()) if path not in expected])
    try:
        for path, found in expected.items():
            skips = found["skip"] is not None
            chosen = [rule for rule in rules if rule.resource == found["resource"] and rule.skips == skips]
            if not chosen:
                raise RuleError(
                    [f"{path}: there is no rule {found['resource']}{'.skip' if skips else ''}.sql"]
                )
            wanted = set(_expected_rows(path, chosen[0].columns))
            with Sandbox(con, chosen, timeout) as sandbox:
                given = {
                    row for rule in chosen for row in _rows(sandbox.run(rule).rows.to_pylist(), rule.columns)
                }
            yield ExampleResult(example.name, path.name, sorted(wanted - given), sorted(given - wanted))
    finally:
        con.close()


def _tables(example: Path, files: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """A database with all tables that rules see, filled from these files."""
    con = connect()
    con.execute("CREATE SCHEMA desired")
    con.execute(read_sql("desired/tables.sql"))
    for system, tables in SYSTEMS.items():
        con.execute(f"CREATE SCHEMA {system}; {''.join(table_without_rows(system, name) for name in tables)}")
    known = {
        f"{s}.{t}" for s, t in con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    }
    for path in files:
        table = path.name.removesuffix(".csv")
        if not _INPUT.match(path.name) or table not in known:
            raise RuleError([f"{path}: rules see no table '{table}'{meant(table, sorted(known))}"])
        header, rows = _read(path)
        declared = [column for column, *_ in con.execute(f"SELECT * FROM {table} LIMIT 0").description or ()]
        for column in header:
            if column not in declared:
                raise RuleError([f"{path}:1: {table} has no column '{column}'{meant(column, declared)}"])
        names, marks = ", ".join(f'"{name}"' for name in header), ", ".join("?" * len(header))
        for number, row in enumerate(rows, start=2):
            try:
                con.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({marks})", [value or None for value in row]
                )
            except duckdb.Error as error:
                raise RuleError([f"{path}:{number}: {' '.join(str(error).split())}"]) from None
    return con


def _expected_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    header, rows = _read(path)
    if sorted(header) != sorted(columns):
        raise RuleError([f"{path}:1: has the columns {', '.join(header)}; expected {', '.join(columns)}"])
    for row in rows:
        content = dict(zip(header, row, strict=True))
        yield tuple(content[name] for name in columns)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise RuleError([f"{path}: cannot be read: {error}"]) from None
    if not lines:
        raise RuleError([f"{path}: is empty; its first line names the columns"])
    header = [name.strip() for name in lines[0]]
    for number, row in enumerate(lines[1:], start=2):
        if len(row) != len(header):
            raise RuleError([f"{path}:{number}: has {len(row)} values for {len(header)} columns"])
    return header, lines[1:]


def _rows(rows: list[dict[str, str | None]], columns: Sequence[str]) -> Iterator[Row]:
    for row in rows:
        yield tuple(_text(row[name], name == "value") for name in columns)


def _text(value: str | None, is_json: bool) -> str:
    if value is None or not is_json or not value.startswith('"'):
        return value or ""
    return str(json.loads(value))
