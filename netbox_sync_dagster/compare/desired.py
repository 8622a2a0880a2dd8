"""The desired tables: an endpoint's snapshot in NetBox's terms, and their files next to the diff."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.causes import read_reason
from netbox_sync_dagster.compare.database import Database, number_of_rows, parquet, run
from netbox_sync_dagster.compare.graph import desired_stages
from netbox_sync_dagster.compare.rules import RuleSet, evaluate
from netbox_sync_dagster.compare.stages import SPILLED_TO_PARQUET
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import CAUSE_COLUMNS, SENTENCE_COLUMNS, SENTENCES, Columns

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")

# The columns of desired tables, equal in every comparison.
_COLUMNS: dict[str, Columns] = {}
# Rows of the last comparison, used for objects that cannot be read now.
_REMEMBERED = ("ip_addresses", "remembered_addresses", "virtual_machines")


def make_desired(
    database: Database,
    endpoint: Endpoint,
    stage: Path | None,
    say: Callable[[str], None],
    earlier: Sequence[Path] = (),
    *,
    rules: RuleSet | None = None,
) -> None:
    """The desired tables; with ``stage`` those that grow with the estate as files there. ``earlier``: the folders of the
    endpoint's diffs, the last one first. Raises RuleError."""
    # As a variable the path is a constant for DuckDB, which is parsed once, not per row.
    database.run(
        """SET VARIABLE id_path = (SELECT '$.' || id_field || '."' || id_scope || '"' FROM config.endpoint);
           SET VARIABLE numeric_ids = (SELECT numeric_ids FROM config.endpoint);
           SET VARIABLE numeric_guest_ids = (SELECT numeric_guest_ids FROM config.endpoint)"""
    )
    database.forget()
    database.create_tables("desired")
    database.run(f"CREATE VIEW config.scopes AS FROM {endpoint.kind}.scopes")
    database.run(f"CREATE VIEW config.row_counts AS FROM {endpoint.kind}.row_counts")
    _remember(database.con, earlier, say)
    for one in desired_stages(endpoint.kind):
        if not can_have_rows(database, one.only_with):
            continue
        say(f"desired {one.name}")
        query = read_sql(one.file)
        if one.name in SPILLED_TO_PARQUET and stage is not None:
            _file(database.con, endpoint.name, stage, one.name, query)
            database.wrote(one.table)
        elif one.makes[0] == "desired":
            made = database.run(f"INSERT INTO {one.table} BY NAME {query}")
            database.wrote(one.table, number_of_rows(made))
        else:
            database.made(one.table, number_of_rows(database.run(f"CREATE TABLE {one.table} AS {query}")))
    evaluate(database, rules or RuleSet(), say)
    say_why(database.con, "skipped")


def say_why(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """``desired.<name>`` with each reason as a sentence, beside its cause and subject."""
    # A setting or a rule leaves out thousands of objects with one text.
    texts = [text for (text,) in run(con, f"SELECT DISTINCT reason FROM desired.{name}").fetchall()]
    if not texts:
        return
    said = [read_reason(text) for text in texts]
    table = pa.table(
        {
            "text": pa.array(texts, pa.string()),
            "sentence": [one.sentence for one in said],
            "cause": pa.array([one.cause for one in said], pa.string()),
            "subject": pa.array([one.subject for one in said], pa.string()),
        }
    )
    con.register("sentences_of_reasons", table)
    con.execute(
        f"""UPDATE desired.{name} AS s SET reason = t.sentence, cause = t.cause, subject = t.subject
            FROM sentences_of_reasons t WHERE t.text IS NOT DISTINCT FROM s.reason"""
    )
    con.unregister("sentences_of_reasons")


def _remember(con: duckdb.DuckDBPyConnection, earlier: Sequence[Path], say: Callable[[str], None]) -> None:
    """``config.last_*``: data of the last diff, or of the one before if one of its files is damaged."""
    for folder in earlier:
        try:
            for table in _REMEMBERED:
                file = folder / "desired" / f"{table}.parquet"
                known = parquet(file) if file.exists() else f"desired.{table} WHERE false"
                con.execute(f"CREATE OR REPLACE TABLE config.last_{table} AS FROM {known}")
            return
        except duckdb.Error as error:
            if storage_sentence(error) is not None:
                raise
            say(f"the diff {folder.name} is damaged: what it remembers is taken from the one before")
    for table in _REMEMBERED:
        con.execute(f"CREATE OR REPLACE TABLE config.last_{table} AS FROM desired.{table} WHERE false")


def can_have_rows(database: Database, only_with: Sequence[str]) -> bool:
    """Whether a stage can have rows at all: if its rows come only from others (``table``, or ``table WHERE
    condition``), one of these must have rows."""
    return not only_with or not all(database.is_empty(other) for other in only_with)


def keep_desired(con: duckdb.DuckDBPyConnection, endpoint: str, stage: Path) -> None:
    """Store the desired tables next to the diff, for ``desired.*`` in ad-hoc SQL."""
    for table, rows in desired_rows(con).items():
        path = _path(stage, table)
        if table in SPILLED_TO_PARQUET and path.exists():
            continue
        if rows:
            _write(con, endpoint, path, f"FROM desired.{table}")
        else:
            write_parquet(path, {"endpoint": "VARCHAR", **_columns(con, table)}, [])
    # For people: the tables' own texts are causes, which the next comparison needs unchanged.
    texts = [text for (text,) in run(con, _cause_texts()).fetchall()]
    said = [{"endpoint": endpoint, "text": text, "sentence": read_reason(text).sentence} for text in texts]
    write_parquet(_path(stage, SENTENCES), SENTENCE_COLUMNS, said)


@cache
def _cause_texts() -> str:
    """A query of every text with a cause in the desired tables."""
    tables = re.findall(r"(?ms)^create table desired\.(\w+) \((.*?)\);", read_sql("desired/tables.sql"))
    return " UNION ".join(
        f"SELECT {column} FROM desired.{table} WHERE contains({column}, '{{\"cause\":')"
        for table, columns in tables
        for column in CAUSE_COLUMNS
        if re.search(rf"\b{column} varchar", columns)
    )


def desired_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The number of rows of each desired table."""
    counts = " UNION ALL ".join(
        f"SELECT '{table}', count(*) FROM desired.{table}" for table in desired_tables()
    )
    return dict(run(con, counts).fetchall())


@cache
def desired_tables() -> tuple[str, ...]:
    """The names of the desired tables."""
    # Not from DuckDB's catalog: its views cost more than all these tables.
    return tuple(re.findall(r"(?m)^create table desired\.(\w+)", read_sql("desired/tables.sql")))


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> Columns:
    if table not in _COLUMNS:
        relation = con.table(f"desired.{table}")
        _COLUMNS[table] = dict(zip(relation.columns, map(str, relation.types), strict=True))
    return _COLUMNS[table]


def _file(con: duckdb.DuckDBPyConnection, endpoint: str, stage: Path, table: str, query: str) -> None:
    """Write the result of ``query`` to the file of ``desired.<table>``, and make the table a view of it."""
    path = _path(stage, table)
    _write(con, endpoint, path, f"FROM desired.{table} WHERE false UNION ALL BY NAME ({query}\n)")
    con.execute(f"DROP TABLE desired.{table}")
    con.execute(f"CREATE VIEW desired.{table} AS SELECT * EXCLUDE (endpoint) FROM {parquet(path)}")


def _write(con: duckdb.DuckDBPyConnection, endpoint: str, path: Path, query: str) -> None:
    # Keys and names are all different: a large dictionary costs time and saves no space. Row groups of a third of
    # DuckDB's default are written and read 5 % faster: they stay in the cache, and no thread waits for the last one.
    con.execute(
        f"COPY (SELECT '{endpoint}' AS endpoint, * FROM ({query})) TO '{connections.quoted(path)}'"
        " (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 1000, ROW_GROUP_SIZE 40960)"
    )


def _path(stage: Path, table: str) -> Path:
    folder = stage / "desired"
    folder.mkdir(exist_ok=True)
    return folder / f"{table}.parquet"
