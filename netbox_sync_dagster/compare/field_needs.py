"""Fields that NetBox checks together: decides about a field if the other one is not going to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import is_empty, number_of_rows, run
from netbox_sync_dagster.compare.graph import conditions
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# What sql/plan has files for: the needs of fields, and values that NetBox no longer accepts.
_NEEDS_OF = (
    *(
        "virtual_machines",
        "devices",
        "custom_fields",
        "stack_members",
        "names",
        "clusters",
        "interfaces",
        "addresses",
    ),
    "kept_values",
)
_KEPT_VALUES_OF = ("devices", "interfaces", "ip_addresses", "modules", "virtual_machines", "vlans")


def keep_together(con: duckdb.DuckDBPyConnection) -> None:
    """Decide in ``diff.rows`` what NetBox would refuse; the rest of ``diff.field_needs`` are dependencies.

    A field that cannot be written blocks a create; in an update it becomes a conflict, and the other fields are kept.
    Runs before dependencies block anything.
    """
    if not _find_needs(con):
        return
    while True:
        row = run(con, f"CREATE OR REPLACE TEMP TABLE alone AS {read_sql('plan/alone.sql')}").fetchone()
        if not row or not row[0]:
            return
        run(con, read_sql("plan/decide_alone.sql"))


def _find_needs(con: duckdb.DuckDBPyConnection) -> int:
    """Fill ``diff.field_needs``; returns its number of rows."""
    run(con, read_sql("plan/field_needs.sql"))
    run(con, read_sql("plan/kept_values.sql"))
    for view in ("written", "edited", "scoped_clusters"):
        run(con, f"CREATE VIEW diff.{view} AS {read_sql(f'plan/{view}.sql')}")
    run(con, "CREATE TABLE diff.written_fields AS SELECT DISTINCT resource, field FROM diff.written")
    for table in ("cluster_places", "rack_room"):
        _add(con, table, table)
    for kind in _KEPT_VALUES_OF:
        _add(con, "kept_values", f"kept_values_of_{kind}")
    return sum(_add(con, "field_needs", f"needs_of_{what}") for what in _NEEDS_OF)


def _add(con: duckdb.DuckDBPyConnection, table: str, file: str) -> int:
    """Add the rows that a file of sql/plan finds; returns their number."""
    path = f"plan/{file}.sql"
    only = conditions(path)
    if only and all(is_empty(con, relation) for relation in only):
        return 0
    return number_of_rows(run(con, f"INSERT INTO diff.{table} {read_sql(path)}"))
