"""Where tables live: snapshots and diffs as Parquet, the ledger as JSON lines, DuckDB views over both."""

from netbox_sync_dagster.warehouse.snapshots import Manifest, SnapshotWriter, write_snapshot
from netbox_sync_dagster.warehouse.store import Warehouse, WarehouseError
from netbox_sync_dagster.warehouse.tables import NETBOX, SYSTEMS, Table

__all__ = [
    "NETBOX",
    "SYSTEMS",
    "Manifest",
    "SnapshotWriter",
    "Table",
    "Warehouse",
    "WarehouseError",
    "write_snapshot",
]
