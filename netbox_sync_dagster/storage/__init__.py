"""The warehouse: snapshots and diffs as Parquet, the ledger as JSON lines, DuckDB views over both, and locks."""

from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_names

if TYPE_CHECKING:
    from netbox_sync_dagster.storage.errors import WarehouseError
    from netbox_sync_dagster.storage.snapshots import Manifest, SnapshotWriter, write_snapshot
    from netbox_sync_dagster.storage.store import Warehouse
    from netbox_sync_dagster.storage.tables import NETBOX, SYSTEMS, Table

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

__getattr__ = lazy_names(
    __name__,
    {
        "netbox_sync_dagster.storage.errors": ("WarehouseError",),
        "netbox_sync_dagster.storage.snapshots": ("Manifest", "SnapshotWriter", "write_snapshot"),
        "netbox_sync_dagster.storage.store": ("Warehouse",),
        "netbox_sync_dagster.storage.tables": ("NETBOX", "SYSTEMS", "Table"),
    },
)
