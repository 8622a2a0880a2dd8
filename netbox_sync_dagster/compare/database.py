"""The database of a comparison: in memory, with the snapshots as tables and the ledger's data about this NetBox."""

from __future__ import annotations

import atexit
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.netbox_reads import note_reads, tables_in
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_macros, read_sql
from netbox_sync_dagster.storage import SYSTEMS, Warehouse, connections
from netbox_sync_dagster.storage.ledger import has_applies, ledger_view_queries
from netbox_sync_dagster.storage.sequence import number_of
from netbox_sync_dagster.storage.tables import Columns, table_without_rows

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
# Up to so many rows of a snapshot, tables are joined in the order in which the SQL names them, and DuckDB does without other
# searches for a better plan: for so few rows they take longer than they save, a fifth of a small comparison.
_JOINED_AS_WRITTEN = 20_000
_FOR_MANY_ROWS = (
    *("join_order", "statistics_propagation", "join_filter_pushdown"),
    *("common_subexpressions", "common_subplan", "projection_pullup"),
)
# Those of them that DuckDB has; looked up once.
_SEARCHES: list[str] = []


# A table without an alias.
_TABLE = re.compile(r"\w+\.\w+")
# Parsed statements do not depend on the connection: one cache for the whole process.
_PARSED: dict[str, list[duckdb.Statement]] = {}


def run(con: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
    """Run the statements of ``sql`` on ``con``; the last one's result.

    Each text is parsed only once: parsing is a tenth of a small comparison. So use this for repeated texts, not for
    those that contain a path or a value.
    """
    note_reads(sql)
    if sql not in _PARSED:
        _PARSED[sql] = con.extract_statements(sql)
    for statement in _PARSED[sql]:
        con.execute(statement, parameters)
    return con


def is_empty(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether a table, or ``table WHERE condition``, has no row."""
    return run(con, f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is None


def number_of_rows(result: duckdb.DuckDBPyConnection) -> int:
    """How many rows an INSERT or CREATE TABLE AS has written."""
    row = result.fetchone()
    return int(row[0]) if row else 0


class Database:
    """The connection of a comparison, with the macros; see ``run``."""

    def __init__(self, spill: Path) -> None:
        # uses: how many comparisons have made all tables with this connection.
        self.con, self.uses = _spare_connection(spill) or (_new_connection(spill), 0)
        # Whether tables of the snapshots have no rows: nothing changes that during a comparison.
        self._read_empty: dict[str, bool] = {}
        # What is_empty found; many stages ask for the same tables.
        self._empty: dict[str, bool] = {}
        # Schemas whose tables were created ahead.
        self._schemas: set[str] = set()
        _join_as_written(self.con, True)

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run the statements of ``sql``; the last one's result."""
        return run(self.con, sql)

    def attach(self, system: str, folder: Path) -> None:
        """Create schema ``system`` with exactly this snapshot's tables."""
        rows = attach_snapshot(self.con, system, folder)
        self.loaded({f"{system}.{table}": number for table, number in rows.items()})
        if sum(rows.values()) > _JOINED_AS_WRITTEN:
            _join_as_written(self.con, False)
        self.forget()

    def loaded(self, rows: Mapping[str, int]) -> None:
        """How many rows each of these tables of the snapshots has; the comparison does not change them."""
        self._read_empty |= {table: number == 0 for table, number in rows.items()}

    def create_tables(self, schema: str) -> None:
        """Create a schema with the tables of its file ``tables.sql``, without rows, unless they are there already."""
        script = read_sql(f"{schema}/tables.sql")
        if schema not in self._schemas:
            self.run(f"CREATE SCHEMA {schema}")
            self.run(script)
        for table in re.findall(r"(?m)^create table (\w+\.\w+)", script):
            self.made(table, 0)

    def create_ahead(self, schema: str) -> None:
        """Create these tables once for several comparisons, of which each rolls back what it has done."""
        self.create_tables(schema)
        self._schemas.add(schema)

    def is_empty(self, relation: str) -> bool:
        """Whether a table, or ``table WHERE condition``, has no row.

        The answer is kept until ``made`` or ``wrote`` names the table, or ``forget`` is called.
        """
        note_reads(relation)
        if relation not in self._empty:
            tables, _, _ = relation.partition(" WHERE ")
            # Rows of several tables side by side: none if one of these has none.
            parts = tables.split(", ")
            known = any(part != relation and _TABLE.fullmatch(part) and self.is_empty(part) for part in parts)
            self._empty[relation] = known or is_empty(self.con, relation)
        return self._empty[relation]

    def made(self, table: str, rows: int) -> None:
        """``table`` was created or replaced, with this number of rows."""
        self.wrote(table)
        self._empty[table] = rows == 0

    def wrote(self, table: str, rows: int | None = None) -> None:
        """Rows of ``table`` were changed, or this number of rows was added."""
        if rows == 0:
            return
        for relation in [relation for relation in self._empty if table in relation]:
            del self._empty[relation]
        if rows:
            self._empty[table] = False

    def forget(self) -> None:
        """All tables but those of the snapshots may have other rows now."""
        self._empty = dict(self._read_empty)

    @property
    def is_worn(self) -> bool:
        """Whether another connection would be faster: see ``_MOST_USES``."""
        return self.uses >= _MOST_USES

    def close(self) -> None:
        """Free everything."""
        self.con.close()

    def release(self) -> None:
        """Keep the connection, without tables, for the next database of this process."""
        if self.is_worn:
            self.close()
            return
        for schema in ("netbox", "ledger"):
            self.con.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        _SPARE.append((self.con, self.uses))


# Connections that no comparison uses: opening one and planning the macros takes a tenth of a small comparison.
_SPARE: list[tuple[duckdb.DuckDBPyConnection, int]] = []
# DuckDB keeps something of every schema that was dropped: after sixty comparisons one takes a fifth longer.
_MOST_USES = 15
# DuckDB complains on stderr about connections that are left when Python shuts down.
atexit.register(_SPARE.clear)
atexit.register(_PARSED.clear)


def _spare_connection(spill: Path) -> tuple[duckdb.DuckDBPyConnection, int] | None:
    try:
        con, uses = _SPARE.pop()
    except IndexError:
        return None
    try:
        _spill_into(con, spill)
    except duckdb.Error:
        # It has spilled into another folder, which DuckDB does not change afterwards.
        con.close()
        return None
    return con, uses


def _new_connection(spill: Path) -> duckdb.DuckDBPyConnection:
    con = connect(spill)
    # Some macros look up names in tables of NetBox, which must be there when the macros are created.
    macros = read_macros()
    tables = "".join(table_without_rows("netbox", name) for name in sorted(tables_in(macros)))
    con.execute(f"CREATE SCHEMA netbox; {tables}")
    run(con, macros)
    con.execute("DROP SCHEMA netbox CASCADE")
    return con


def _join_as_written(con: duckdb.DuckDBPyConnection, as_written: bool) -> None:
    run(con, f"SET disabled_optimizers = '{_searches(con) if as_written else ''}'")


def _searches(con: duckdb.DuckDBPyConnection) -> str:
    """The optimizers that are for many rows, of those that this DuckDB has."""
    if not _SEARCHES:
        names = (name for (name,) in con.execute("SELECT name FROM duckdb_optimizers()").fetchall())
        _SEARCHES.extend(name for name in names if name in _FOR_MANY_ROWS)
    return ",".join(_SEARCHES)


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB bounded by MEMORY_LIMIT that spills into ``spill``."""
    con = connections.connect()
    con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    _spill_into(con, spill)
    con.execute("SET preserve_insertion_order = false")
    return con


def _spill_into(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    con.execute(f"SET temp_directory = '{connections.quoted(folder)}'")


def rows_of(system: str, snapshot: Path) -> int:
    """How many rows all tables of a snapshot have together."""
    files = [snapshot / f"{name}.parquet" for name in SYSTEMS[system]]
    return sum(pq.read_metadata(file).num_rows for file in files if file.exists())


def attach_snapshot(con: duckdb.DuckDBPyConnection, system: str, folder: Path) -> dict[str, int]:
    """Create schema ``system`` with exactly this snapshot's tables; returns {table: rows}.

    Tables and columns that an older snapshot lacks are empty or NULL.
    """
    script = [f"CREATE SCHEMA {system};"]
    rows: dict[str, int] = {}
    for name, table in SYSTEMS[system].items():
        file = folder / f"{name}.parquet"
        footer = pq.read_metadata(file) if file.exists() else None
        rows[name] = footer.num_rows if footer is not None else 0
        if footer is None or footer.num_rows == 0:
            script.append(table_without_rows(system, name))
            continue
        held = set(footer.schema.to_arrow_schema().names)
        absent = "".join(
            f', NULL::{kind} AS "{column}"' for column, kind in table.columns.items() if column not in held
        )
        kind_of = "TABLE" if footer.num_rows <= _LOADED_ROWS else "VIEW"
        script.append(f"CREATE {kind_of} {system}.{name} AS SELECT *{absent} FROM {parquet(file)};")
    con.execute("\n".join(script))
    return rows


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
# What applies wrote since NetBox was read began (sql/plan/written_since.sql): the object, or another one in which NetBox
# cleared a field.
_WRITTEN_SINCE: Columns = {
    "resource": "VARCHAR",
    "action": "VARCHAR",
    "key": "VARCHAR",
    "object_type": "VARCHAR",
    "netbox_id": "BIGINT",
    "last_updated": "TIMESTAMPTZ",
    "seq": "BIGINT",
}
# The views that these need, in order; the others are not created.
_UNDER_THEM = ("made_again", "writes")


def attach_ledger(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, base_url: str, netbox_snapshot: str
) -> None:
    """Create schema ``ledger`` with the data that the comparison reads, for this NetBox only.

    An id means another object in another NetBox. The ledger was downloaded before (``prepare_ledger``).
    ``netbox_snapshot``: the id of the attached snapshot of NetBox.
    """
    for table, columns in {**_FROM_LEDGER, "written_since": _WRITTEN_SINCE}.items():
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
    con.execute(
        f"""INSERT INTO ledger.written_since SELECT {", ".join(_WRITTEN_SINCE)} FROM ledger.applied WHERE seq > $1
            UNION ALL SELECT resource, action, NULL, item.object_type, item.netbox_id, NULL, seq
            FROM (SELECT resource, action, unnest(cleared) AS item, seq FROM ledger.applied WHERE seq > $1)""",
        [number_of(netbox_snapshot)],
    )
    run(con, "DROP TABLE ledger.applied")


def parquet(file: Path) -> str:
    """The file as a table in SQL, with its path quoted."""
    return f"read_parquet('{connections.quoted(connections.pattern(file))}')"
