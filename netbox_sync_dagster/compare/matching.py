"""Matches the desired tables with NetBox's and finds the differences: the stages, then the decision on every row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import Database, number_of_rows
from netbox_sync_dagster.compare.desired import can_have_rows, say_why
from netbox_sync_dagster.compare.graph import Stage, compare_stages, tables_between_stages
from netbox_sync_dagster.compare.rules import change_rows
from netbox_sync_dagster.compare.stages import DIFF_SHAPE, EVALUATED_SHAPE, RULE_VALUES_SHAPE, SLICE_ROWS
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")


class CompareError(UserError):
    """The comparison cannot run: the sentence says which snapshot is missing and what to do."""


def match_and_diff(database: Database, say: Callable[[str], None], all_tables: bool = False) -> None:
    """Match and diff tables, then ``diff.rows`` with every row of every resource decided.

    Diff tables without rows are made only if a stage reads them, or with ``all_tables``.
    """
    database.forget()
    database.create_tables("match")
    database.run("CREATE SCHEMA diff")
    diffs = []
    for stage in compare_stages():
        is_diff = stage.makes[0] == "diff"
        if not can_have_rows(database, stage.only_with):
            if is_diff:
                if all_tables or stage.makes in tables_between_stages():
                    database.run(f"CREATE TABLE {stage.table} {DIFF_SHAPE}")
                database.made(stage.table, 0)
            continue
        say(stage.table)
        try:
            _make(database, stage)
        except duckdb.Error as error:
            raise CompareError(f"sql/{stage.file}: {error}") from error
        if stage.joins is not None and not database.is_empty(stage.table):
            database.run(f"INSERT INTO {'.'.join(stage.joins)} BY NAME FROM {stage.table}")
            database.wrote(".".join(stage.joins))
        if is_diff and not database.is_empty(stage.table):
            diffs.append(stage.table)
    database.run(f"CREATE TABLE diff.rows {DIFF_SHAPE}")
    if diffs or not database.is_empty("desired.rule_fields"):
        # The empty table sets the types of the columns: an empty list of fields has none.
        database.run(f"CREATE TABLE diff.shape {DIFF_SHAPE}")
        union = " UNION ALL BY NAME ".join(f"FROM {table}" for table in ["diff.shape", *sorted(diffs)])
        database.run(f"CREATE VIEW diff.compared AS {union}")
        database.run(f"CREATE TABLE diff.rule_values {RULE_VALUES_SHAPE}")
        change_rows(database)
        database.run(f"CREATE TABLE diff.evaluated {EVALUATED_SHAPE}")
        if not database.is_empty("diff.candidates WHERE action = 'update'"):
            database.run(f"INSERT INTO diff.evaluated BY NAME {read_sql('plan/evaluated.sql')}")
        database.run(f"INSERT INTO diff.rows BY NAME {read_sql('plan/decided_rows.sql')}")
        add_new_values(database)
        _block_names(database)
        if not database.is_empty("match.freed_addresses"):
            database.run(read_sql("plan/not_freed.sql"))
    block_undecided(database)
    say_why(database.con, "skipped_addresses")


def add_new_values(database: Database) -> None:
    """Add the tenants, tags and custom fields that the configuration and NetBox give new objects."""
    sources = (
        "config.default_tenants",
        "config.default_tags",
        "config.default_custom_fields",
        "netbox.custom_fields WHERE required OR coalesce(\"default\", 'null') <> 'null'",
    )
    if not all(database.is_empty(source) for source in sources):
        database.run(read_sql("plan/new_values.sql"))


def block_undecided(database: Database) -> None:
    """Block changes that incomplete data cannot decide."""
    if not (database.is_empty("desired.undecided") and database.is_empty("desired.remembered_addresses")):
        database.run(read_sql("plan/undecided.sql"))


def block_written_since(database: Database) -> bool:
    """Block rows of objects that applies wrote after NetBox was read; returns whether there were any."""
    if database.is_empty("ledger.written_since"):
        return False
    row = database.run(read_sql("plan/written_since.sql")).fetchone()
    return bool(row and row[0])


def _block_names(database: Database) -> None:
    """Block the rows whose names nobody could see or NetBox would not take, whatever wrote them."""
    made = database.run(f"CREATE TEMP TABLE bad_names AS {read_sql('plan/names.sql')}")
    if number_of_rows(made):
        database.run(
            """UPDATE diff.rows SET action = 'blocked', reason = n.reason
               FROM bad_names n WHERE n.resource = rows.resource AND n.key = rows.key"""
        )
    database.run("DROP TABLE bad_names")


def _make(database: Database, stage: Stage) -> None:
    """The table or view of a stage; of one that runs in slices for SLICE_ROWS rows of another table at a time."""
    query, by = read_sql(stage.file), stage.slices
    row = database.run(f"SELECT count(*) FROM {by}").fetchone() if by else None
    slices = -(-row[0] // SLICE_ROWS) if row else 1
    if by is None or slices <= 1:
        kind_of = "VIEW" if stage.is_view else "TABLE"
        if stage.is_view and stage.only_with:
            # Until now a table without rows.
            database.run(f"DROP TABLE IF EXISTS {stage.table}")
        made = database.run(f"CREATE OR REPLACE {kind_of} {stage.table} AS {query}")
        if stage.is_view:
            database.wrote(stage.table)
        else:
            database.made(stage.table, number_of_rows(made))
        return
    database.run(f"ALTER TABLE {by} RENAME TO {by.split('.')[1]}_whole")
    database.run(f"CREATE TABLE {stage.table} {DIFF_SHAPE}")
    for number in range(slices):
        database.run(f"CREATE OR REPLACE VIEW {by} AS FROM {by}_whole WHERE hash(key) % {slices} = {number}")
        database.run(f"INSERT INTO {stage.table} BY NAME {query}")
    database.wrote(stage.table)
