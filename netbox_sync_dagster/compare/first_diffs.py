"""Since when each row is in the diffs of its endpoint: the first diff that had it, without interruption since.
A diff of one device or guest interrupts nothing.

Only earlier diffs with rows are read, first no more than their keys and ids. The diff of an endpoint in which nothing
changed is carried over (``reuse``) and needs none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import WarehouseError, connections
from netbox_sync_dagster.storage.versions import read_manifest

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")
    pq = lazy_module("pyarrow.parquet")

_WITH_VERDICTS = """list_transform(fields, lambda f: {'field': f.field, 'before': f.before, 'after': f.after,
    'decision': f.verdict, 'reason': f.reason})"""


def until_whole(diffs: Sequence[Path]) -> list[Path]:
    """The diffs, newest first, up to the first one of the whole endpoint: a sync of one device or guest has only its rows."""
    found: list[Path] = []
    for folder in diffs:
        try:
            manifest = read_manifest(folder)
        except WarehouseError:
            break
        found.append(folder)
        if manifest.get("only") is None:
            break
    return found


def add_first_diffs(con: duckdb.DuckDBPyConnection, earlier: Sequence[Path]) -> None:
    """Table ``diff.first_diffs`` (resource, key, first_diff): the rows of ``diff.rows`` that an earlier diff had.

    ``earlier``: folders of diffs, newest first; for each row the newest one with its key decides. A damaged diff counts as
    missing: its rows are new.
    """
    run(con, "CREATE TABLE diff.first_diffs (resource VARCHAR, key VARCHAR, first_diff VARCHAR)")
    for folder in earlier:
        try:
            _add_from(con, folder)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if storage_sentence(error) is not None:
                raise
            break
    run(con, "DELETE FROM diff.first_diffs WHERE coalesce(first_diff, '') = ''")


def _add_from(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    files = [file for file in sorted(folder.glob("*.parquet")) if pq.read_metadata(file).num_rows]
    if not files or not _one(con, "SELECT count(*) FROM diff.rows"):
        return
    # Diffs of older versions lack columns, and call the decision on a field its verdict.
    schema = pq.read_schema(files[0])
    first = "coalesce(first_diff, diff_id)" if "first_diff" in schema.names else "diff_id"
    decided = any(field.name == "decision" for field in schema.field("fields").type.value_type)
    fields = "fields" if decided else _WITH_VERDICTS
    listed = ", ".join(f"'{connections.quoted(connections.pattern(file))}'" for file in files)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW earlier_rows AS SELECT resource, key, action, change_id, questions, {fields} AS fields,"
        f" {first} AS first_diff FROM read_parquet([{listed}])"
    )
    run(con, f"INSERT INTO diff.first_diffs {read_sql('plan/first_diffs.sql')}")
    if _one(con, "SELECT count(*) FROM diff.first_diffs WHERE first_diff IS NULL"):
        run(con, read_sql("plan/same_changes.sql"))
        # What differs from the newest of the earlier rows is new, whatever older diffs had.
        run(con, "UPDATE diff.first_diffs SET first_diff = '' WHERE first_diff IS NULL")
    con.execute("DROP VIEW earlier_rows")


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0
