"""Runs a rule in a separate DuckDB that has copies of the tables it may see, and nothing else.

No files but those of these tables, no network, no extensions, no settings, bounded memory and time.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.rules.fields import CONTACTS, SEEN_AS, WITH_CONTACTS, field_of, meant, names_of
from netbox_sync_dagster.rules.files import Rule, RuleError
from netbox_sync_dagster.storage import SYSTEMS
from netbox_sync_dagster.storage.connections import connect, without_semicolon
from netbox_sync_dagster.storage.tables import table_without_rows

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")

MEMORY_LIMIT = "256MB"
# Results are outside DuckDB's memory.
MAX_ROWS = 5_000_000
_TABLE = re.compile(r'\b"?([a-z][a-z0-9_]*)"?\s*\.\s*"?([a-z_][a-z0-9_]*)"?')
_FILE = re.compile(r"read_parquet\('((?:[^']|'')*)'")
_LINE = re.compile(r"LINE (\d+):.*", re.DOTALL)
# The query is wrapped; the user's own text begins on the line after.
_ABOVE = 1


@dataclass(frozen=True)
class Outcome:
    """The rows of a rule, and how long it took. ``rows``: (key, field, value as JSON text) or (key, reason)."""

    rule: Rule
    rows: pa.Table
    seconds: float


class Sandbox:
    """A locked database with the tables of a comparison that the given rules name. Use it in a ``with``."""

    def __init__(self, comparison: duckdb.DuckDBPyConnection, rules: Iterable[Rule], timeout: float):
        self._timeout = timeout
        self._con = connect()
        self._con.execute("SET python_enable_replacements = false; SET allow_persistent_secrets = false")
        self._con.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        self._con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'; SET threads = 1; SET temp_directory = ''")
        self._con.execute("SET timezone = 'UTC'")
        files = self._give(comparison, list(rules))
        if files:
            self._con.execute(f"SET allowed_paths = [{', '.join(files)}]")
        self._con.execute("SET enable_external_access = false")
        self._con.execute("SET lock_configuration = true")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def run(self, rule: Rule) -> Outcome:
        """The checked rows of a rule. Raises RuleError with file, line and what is wrong."""
        query = self._query(rule)
        started = time.monotonic()
        timer = threading.Timer(self._timeout, self._con.interrupt)
        timer.start()
        try:
            columns = self._con.execute(f"DESCRIBE (\n{query}\n)").fetchall()
            self._check_columns(rule, [str(column[0]) for column in columns])
            shown = '"key"::VARCHAR AS key, "reason"::VARCHAR AS reason'
            if not rule.skips:
                shown = '"key"::VARCHAR AS key, "field"::VARCHAR AS field, to_json("value")::VARCHAR AS value'
            rows = self._con.sql(f"SELECT {shown} FROM (\n{query}\n) LIMIT {MAX_ROWS + 1}").to_arrow_table()
        except duckdb.Error as error:
            raise RuleError([self._sentence(rule, error)]) from None
        finally:
            timer.cancel()
        self._check_rows(rule, rows)
        return Outcome(rule, rows, time.monotonic() - started)

    def explain(self, rule: Rule) -> str:
        """DuckDB's plan of a rule. Raises RuleError."""
        query = self._query(rule)
        try:
            row = self._con.execute(f"EXPLAIN\n{query}").fetchone()
        except duckdb.Error as error:
            raise RuleError([self._sentence(rule, error)]) from None
        return str(row[1]) if row else ""

    def _give(self, comparison: duckdb.DuckDBPyConnection, rules: list[Rule]) -> list[str]:
        """Create the tables that the rules name; returns the files that views of them read, as SQL texts."""
        # In comments too: what looks like one may be part of a text.
        named = {found for rule in rules for found in _TABLE.findall(rule.sql.lower())}
        views = {
            (schema, name): sql
            for schema, name, sql in comparison.execute(
                "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        }
        tables = set(comparison.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall())
        files: list[str] = []
        for schema in ("desired", *SYSTEMS):
            self._con.execute(f"CREATE SCHEMA {schema}")
        for schema, name in sorted(found for found in named if found[0] in ("desired", *SYSTEMS)):
            query = SEEN_AS.get(name) if schema == "desired" else None
            if (schema, name) in views and query is None:
                self._con.execute(views[schema, name])
                files += [f"'{path}'" for path in _FILE.findall(views[schema, name])]
            elif (schema, name) in tables or (schema, name) in views:
                self._con.register("given", comparison.sql(query or f"FROM {schema}.{name}").to_arrow_table())
                self._con.execute(f"CREATE TABLE {schema}.{name} AS FROM given")
                self._con.unregister("given")
            elif schema in SYSTEMS and name in SYSTEMS[schema]:
                # Of a kind that this endpoint is not: the rule has nothing to say here.
                self._con.execute(table_without_rows(schema, name))
        return files

    def _query(self, rule: Rule) -> str:
        """The text of the rule up to its semicolon. Raises RuleError if it is not one SELECT."""
        try:
            statements = self._con.extract_statements(rule.sql)
        except duckdb.Error as error:
            raise RuleError([self._sentence(rule, error, above=0)]) from None
        if not statements:
            raise RuleError([f"{rule.name}: is empty; write a SELECT of {', '.join(rule.columns)}"])
        if len(statements) > 1:
            raise RuleError([f"{rule.name}: has {len(statements)} statements; a rule is one SELECT"])
        if statements[0].type != duckdb.StatementType.SELECT:
            raise RuleError([f"{rule.name}: is {statements[0].type.name}; a rule is one SELECT"])
        return without_semicolon(rule.sql)

    @staticmethod
    def _check_columns(rule: Rule, columns: list[str]) -> None:
        if sorted(columns) != sorted(rule.columns):
            raise RuleError(
                [f"{rule.name}: returns the columns {', '.join(columns)}; expected {', '.join(rule.columns)}"]
            )

    @staticmethod
    def _check_rows(rule: Rule, rows: pa.Table) -> None:
        if rows.num_rows > MAX_ROWS:
            raise RuleError([f"{rule.name}: returns more than {MAX_ROWS:,} rows"])
        unkeyed = rows.column("key").null_count
        if unkeyed:
            raise RuleError([f"{rule.name}: {_rows(unkeyed)} without a key; add WHERE key IS NOT NULL"])
        if rule.skips:
            return
        counts = [
            (found["values"].as_py(), found["counts"].as_py())
            for found in rows.column("field").value_counts()
        ]
        errors = [
            f"{rule.name}: {_rows(number)} without a field"
            if name is None
            else f"{rule.name}: {_no_field(rule.resource, name)}"
            for name, number in counts
            if name is None or field_of(rule.resource, name) is None
        ]
        if errors:
            raise RuleError(errors)

    def _sentence(self, rule: Rule, error: duckdb.Error, above: int = _ABOVE) -> str:
        if isinstance(error, duckdb.InterruptException):
            return f"{rule.name}: takes longer than {self._timeout:g} s (rules.timeout)"
        if isinstance(error, duckdb.OutOfMemoryException):
            return f"{rule.name}: needs more than {MEMORY_LIMIT} of memory"
        text = str(error)
        line = _LINE.search(text)
        where = f"{rule.name}:{max(int(line[1]) - above, 1)}" if line else rule.name
        return f"{where}: {' '.join(_LINE.sub('', text).split())}"


def _rows(number: int) -> str:
    return f"{number} row{'s' if number != 1 else ''}"


def _no_field(resource: str, name: str) -> str:
    if resource in WITH_CONTACTS and name.partition(":")[0] == CONTACTS:
        return f"'{name}' names no contact role, which NetBox needs; write {CONTACTS}:<role>"
    return f"{resource} have no field '{name}'{meant(name, names_of(resource))}"
