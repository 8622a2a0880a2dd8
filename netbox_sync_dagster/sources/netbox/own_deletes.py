"""Rows of the last snapshot of NetBox that are gone because this product deleted them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.storage import NETBOX, Warehouse, connections
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.ledger import has_applies, ledger_view_queries, prepare_ledger

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# What the ledger's view of deleted objects builds on, and itself; all views would take a tenth of a second.
_VIEWS = ("verdicts", "applied", "deleted")
# References with which NetBox deletes a row along: (table, column, table of the object that the column names).
# Parents before children, as a child may be a parent itself.
_GOES_WITH = (
    ("module_bays", "device_id", "devices"),
    ("modules", "device_id", "devices"),
    ("modules", "module_bay_id", "module_bays"),
    ("interfaces", "device_id", "devices"),
    ("interfaces", "module_id", "modules"),
    ("vm_interfaces", "virtual_machine_id", "virtual_machines"),
    ("virtual_disks", "virtual_machine_id", "virtual_machines"),
    *(
        (f"proxbox_{name}", "virtual_machine_id", "virtual_machines")
        for name in ("backups", "snapshots", "tasks", "replications")
    ),
)
# The same for generic relations: (table, type of the object, table of the object).
_ASSIGNED = tuple(
    (table, model, owner)
    for table in ("mac_addresses", "ip_addresses")
    for model, owner in (("dcim.interface", "interfaces"), ("virtualization.vminterface", "vm_interfaces"))
)


def deleted_by_us(warehouse: Warehouse, urls: list[str]) -> dict[str, set[int]]:
    """By table of ``storage.tables.NETBOX``: ids in the current snapshot whose objects applies deleted since,
    in the NetBox of these URLs.

    Includes what NetBox deletes along with them. Empty without a snapshot of NetBox.
    """
    try:
        folder = warehouse.current(warehouse.snapshots("netbox", "netbox"))
    except WarehouseError:
        return {}
    prepare_ledger(warehouse)
    if not has_applies(warehouse):
        return {}
    views = ledger_view_queries(warehouse)
    with connections.scratch() as con:
        con.execute(
            "CREATE SCHEMA ledger;"
            + "".join(f"CREATE VIEW ledger.{name} AS {views[name]};" for name in _VIEWS)
        )
        con.execute("CREATE TEMP TABLE lost (name VARCHAR, id BIGINT)")
        con.execute(
            """CREATE TEMP TABLE gone AS SELECT DISTINCT object_type, netbox_id FROM ledger.deleted
               WHERE list_contains($urls, split_part(target, ' branch ', 1))""",
            {"urls": urls},
        )
        if not con.execute("SELECT 1 FROM gone LIMIT 1").fetchone():
            return {}
        present = {table for table in NETBOX if _rows(con, folder, table)}
        for table, source in SOURCES.items():
            if table in present:
                con.execute(
                    f"""INSERT INTO lost SELECT $name, id FROM {table}
                        WHERE id IN (SELECT netbox_id FROM gone WHERE object_type = $path)""",
                    {"name": table, "path": source.path},
                )
        for table, column, owner in _GOES_WITH:
            if table in present:
                con.execute(
                    f"""INSERT INTO lost SELECT $name, id FROM {table}
                        WHERE {column} IN (SELECT id FROM lost WHERE name = $owner)""",
                    {"name": table, "owner": owner},
                )
        for table, model, owner in _ASSIGNED:
            if table in present:
                con.execute(
                    f"""INSERT INTO lost SELECT $name, id FROM {table} WHERE assigned_object_type = $model
                        AND assigned_object_id IN (SELECT id FROM lost WHERE name = $owner)""",
                    {"name": table, "model": model, "owner": owner},
                )
        found: dict[str, set[int]] = {}
        for table, netbox_id in con.execute("SELECT DISTINCT name, id FROM lost").fetchall():
            found.setdefault(table, set()).add(netbox_id)
        return found


def _rows(con: duckdb.DuckDBPyConnection, folder: Path, table: str) -> bool:
    """Name the snapshot's table; False where it has no rows, or no file in an older snapshot."""
    file = folder / f"{table}.parquet"
    if not file.exists():
        return False
    con.execute(
        f"CREATE TEMP VIEW {table} AS FROM read_parquet('{connections.quoted(connections.pattern(file))}', union_by_name = true)"
    )
    return con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
