"""The database of a comparison: in memory, with the snapshots as tables and the ledger's data about this NetBox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import SYSTEMS, Warehouse, connections
from netbox_sync_dagster.storage.ledger import has_applies, ledger_view_queries
from netbox_sync_dagster.storage.tables import Columns

if TYPE_CHECKING:
    import duckdb
    import pyarrow.parquet as pq
else:
    duckdb = lazy_module("duckdb")
    pq = lazy_module("pyarrow.parquet")

# DuckDB spills to disk beyond this; with the rest of the process it stays within 1 GB.
MEMORY_LIMIT = "700MB"
# Tables of a snapshot up to this size are loaded: planning with a table costs less than with a file. Larger ones are
# views of their files, of which DuckDB reads only the needed columns.
_LOADED_ROWS = 20_000


# Parsed statements do not depend on the connection: one cache for the whole process.
_PARSED: dict[str, list[duckdb.Statement]] = {}


def run(con: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
    """Run the statements of ``sql`` on ``con``; the last one's result.

    Each text is parsed only once: parsing is a tenth of a small comparison. So use this for repeated texts, not for
    those that contain a path or a value.
    """
    if sql not in _PARSED:
        _PARSED[sql] = con.extract_statements(sql)
    for statement in _PARSED[sql]:
        con.execute(statement, parameters)
    return con


def is_empty(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether a table, or ``table WHERE condition``, has no row."""
    return run(con, f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is None


class Database:
    """The connection of a comparison; see ``run``."""

    def __init__(self, spill: Path) -> None:
        self.con = connect(spill)
        # What is_empty found; many stages ask for the same tables.
        self._empty: dict[str, bool] = {}

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run the statements of ``sql``; the last one's result."""
        return run(self.con, sql)

    def is_empty(self, relation: str) -> bool:
        """Whether a table, or ``table WHERE condition``, has no row.

        The answer is kept until ``wrote`` names the table, or ``forget`` is called.
        """
        if relation not in self._empty:
            table, _, condition = relation.partition(" WHERE ")
            self._empty[relation] = (bool(condition) and self.is_empty(table)) or is_empty(self.con, relation)
        return self._empty[relation]

    def wrote(self, table: str) -> None:
        """Rows of ``table`` were added or changed."""
        for relation in [relation for relation in self._empty if table in relation]:
            del self._empty[relation]

    def forget(self) -> None:
        """All tables may have other rows now: the next comparison begins."""
        self._empty.clear()

    def close(self) -> None:
        self.con.close()


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB bounded by MEMORY_LIMIT that spills into ``spill``."""
    spill.mkdir(parents=True, exist_ok=True)
    con = connections.connect()
    con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    con.execute(f"SET temp_directory = '{connections.quoted(spill)}'")
    con.execute("SET preserve_insertion_order = false")
    return con


def attach_snapshot(con: duckdb.DuckDBPyConnection, system: str, folder: Path) -> int:
    """Create schema ``system`` with exactly this snapshot's tables; returns their total number of rows.

    Tables and columns that an older snapshot lacks are empty or NULL.
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


# The views of the ledger (sql/views/ledger_objects.sql) that a comparison reads, with their columns.
_FROM_LEDGER: dict[str, Columns] = {
    "created": {"endpoint": "VARCHAR", "object_type": "VARCHAR", "netbox_id": "BIGINT"},
    "last_written": {
        "endpoint": "VARCHAR",
        "object_type": "VARCHAR",
        "netbox_id": "BIGINT",
        "field": "VARCHAR",
        "value": "VARCHAR",
        "restored": "BOOLEAN",
    },
    "tag_lists": {
        "object_type": "VARCHAR",
        "netbox_id": "BIGINT",
        "seq": "BIGINT",
        "before": "VARCHAR",
        "after": "VARCHAR",
    },
}
# The views that these need, in order; the others are not created.
_UNDER_THEM = ("made_again", "writes")


def attach_ledger(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, base_url: str) -> None:
    """Create schema ``ledger`` with the data that the comparison reads, for this NetBox only.

    An id means another object in another NetBox. The ledger was downloaded before (``prepare_ledger``).
    """
    for table, columns in _FROM_LEDGER.items():
        shape = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        run(con, f"CREATE SCHEMA IF NOT EXISTS ledger; CREATE TABLE ledger.{table} ({shape})")
    if not has_applies(warehouse):
        return
    # The ledger's names of this NetBox; several if branches were merged, whose objects keep their ids.
    said = con.execute("SELECT written_as FROM netbox.status").fetchone()
    targets = list(said[0]) if said and said[0] else [base_url]
    views = ledger_view_queries(warehouse)
    con.execute(f"CREATE VIEW ledger.verdicts AS {views['verdicts']}")
    con.execute(
        f"CREATE TABLE ledger.applied AS SELECT * REPLACE (? AS target) FROM ({views['applied']})"
        " WHERE list_contains(?, target)",
        [base_url, targets],
    )
    for view in _UNDER_THEM:
        run(con, f"CREATE VIEW ledger.{view} AS {views[view]}")
    for table, columns in _FROM_LEDGER.items():
        run(con, f"INSERT INTO ledger.{table} SELECT {', '.join(columns)} FROM ({views[table]})")
    run(con, "DROP TABLE ledger.applied")


def parquet(file: Path) -> str:
    """The file as a table in SQL, with its path quoted."""
    return f"read_parquet('{connections.quoted(connections.pattern(file))}')"
