"""Fields that NetBox checks together: decides about a field if the other one is not going to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# The file of sql/plan that finds the dependencies of fields, per resource.
_FOUND_BY = {
    "needs_of_virtual_machines": {"virtual_machines"},
    "needs_of_devices": {"devices"},
    "needs_of_custom_fields": {
        *(
            "sites",
            "clusters",
            "devices",
            "virtual_chassis_members",
            "interfaces",
            "vm_interfaces",
            "primary_macs",
        ),
        *("virtual_machines", "primary_ips", "oob_ips", "vlans", "ip_addresses"),
    },
    "needs_of_stack_members": {"virtual_chassis_members"},
    "needs_of_names": {"devices", "virtual_machines"},
    "needs_of_clusters": {"clusters"},
    "needs_of_interfaces": {"interfaces", "vm_interfaces"},
    "needs_of_addresses": {"primary_ips", "primary_macs"},
    "needs_of_kept_values": {
        *(
            "clusters",
            "devices",
            "virtual_chassis_members",
            "modules",
            "vlans",
            "interfaces",
            "vm_interfaces",
        ),
        *("primary_macs", "virtual_machines", "ip_addresses", "primary_ips", "oob_ips"),
    },
}


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
    run(con, f"CREATE VIEW diff.written AS {read_sql('plan/written.sql')}")
    run(con, f"CREATE TABLE diff.cluster_places AS {read_sql('plan/cluster_places.sql')}")
    written = run(
        con, "SELECT DISTINCT resource FROM diff.rows WHERE action IN ('create', 'update')"
    ).fetchall()
    run(con, f"CREATE TABLE diff.rack_room AS {read_sql('plan/rack_room.sql')}")
    found = 0
    for file, resources in _FOUND_BY.items():
        if resources & {resource for (resource,) in written}:
            row = run(con, f"INSERT INTO diff.field_needs BY NAME {read_sql(f'plan/{file}.sql')}").fetchone()
            found += int(row[0]) if row else 0
    return found
