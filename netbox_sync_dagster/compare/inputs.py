"""The database of a comparison: in memory, with the snapshots as tables and what the ledger says of this NetBox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from netbox_sync_dagster.warehouse import SYSTEMS, Warehouse, duck
from netbox_sync_dagster.warehouse.ledger import ledger_views

# DuckDB spills to disk beyond this; with the rest of the process it stays within 1 GB.
MEMORY_LIMIT = "700MB"
# A snapshot's table up to this size is loaded: a table costs less to plan with than a file. Larger ones stay views
# of their files, of which DuckDB reads only the columns that are asked for.
_LOADED_ROWS = 20_000


class Database:
    """A connection that parses a text once, however often it runs: half of a small comparison is parsing."""

    def __init__(self, spill: Path) -> None:
        self.con = connect(spill)
        self._parsed: dict[str, list[Any]] = {}

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run the statements of ``sql``; the last one's result."""
        if sql not in self._parsed:
            self._parsed[sql] = self.con.extract_statements(sql)
        for statement in self._parsed[sql]:
            self.con.execute(statement)
        return self.con

    def is_empty(self, relation: str) -> bool:
        """Whether a table, or ``table WHERE condition``, has no row."""
        return self.run(f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is None

    def close(self) -> None:
        self.con.close()


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB bounded by MEMORY_LIMIT that spills into ``spill``."""
    spill.mkdir(parents=True, exist_ok=True)
    con = duck.connect()
    con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    con.execute(f"SET temp_directory = '{duck.quoted(spill)}'")
    con.execute("SET preserve_insertion_order = false")
    return con


def attach_snapshot(con: duckdb.DuckDBPyConnection, system: str, folder: Path) -> int:
    """Schema ``system`` with exactly this snapshot's tables; returns how many rows they have together.

    Tables and columns that a newer version of this product reads and an older snapshot does not hold are NULL.
    """
    script = [f"CREATE SCHEMA {system};"]
    total = 0
    for name, table in SYSTEMS[system].items():
        file = folder / f"{name}.parquet"
        footer = pq.read_metadata(file) if file.exists() else None
        if footer is None or footer.num_rows == 0:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.columns.items())
            script.append(f"CREATE TABLE {system}.{name} (endpoint VARCHAR, snapshot_id VARCHAR, {columns});")
            continue
        held = set(footer.schema.to_arrow_schema().names)
        absent = "".join(
            f', NULL::{kind} AS "{column}"' for column, kind in table.columns.items() if column not in held
        )
        kind_of = "TABLE" if footer.num_rows <= _LOADED_ROWS else "VIEW"
        script.append(f"CREATE {kind_of} {system}.{name} AS SELECT *{absent} FROM {parquet(file)};")
        total += footer.num_rows
    con.execute("\n".join(script))
    return total


# What a comparison asks of the ledger (sql/views/ledger_objects.sql).
_FROM_LEDGER = ("last_written", "created", "tag_lists")


def attach_ledger(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, base_url: str) -> None:
    """Schema ``ledger`` with what the comparison asks of it, read once, and of this NetBox only.

    An id means another object in another NetBox. The ledger has been brought here before (``prepare_ledger``).
    """
    # How the ledger calls this NetBox; several where branches were merged, which keep their objects' ids.
    said = con.execute("SELECT written_as FROM netbox.status").fetchone()
    targets = list(said[0]) if said and said[0] else [base_url]
    con.execute(ledger_views(warehouse))
    con.execute(
        """CREATE TEMP TABLE ledger_applied AS
           SELECT * REPLACE (? AS target) FROM ledger.applied WHERE list_contains(?, target)""",
        [base_url, targets],
    )
    con.execute("CREATE OR REPLACE VIEW ledger.applied AS FROM temp.ledger_applied")
    for view in _FROM_LEDGER:
        con.execute(f"CREATE TEMP TABLE ledger_{view} AS FROM ledger.{view}")
    for view in _FROM_LEDGER:
        con.execute(f"CREATE OR REPLACE VIEW ledger.{view} AS FROM temp.ledger_{view}")
    con.execute("DROP TABLE temp.ledger_applied")


def parquet(file: Path) -> str:
    """The file as a table in SQL, whatever its folders are called."""
    return f"read_parquet('{duck.quoted(duck.pattern(file))}')"
