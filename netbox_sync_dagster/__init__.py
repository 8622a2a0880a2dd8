"""Keep NetBox in step with LibreNMS, Proxmox VE and Docker: snapshot, compare, approve, apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netbox_sync_dagster.dataframes import SyncData

__all__ = ["open"]


def open(home: str | Path = "data") -> SyncData:
    """What was read, compared, decided and written, as pandas DataFrames; reads only.

    ``home``: the directory or object-store URL that NETBOX_SYNC_HOME names. Raises WarehouseError where there is none.
    """
    # pandas takes a third of a second, which no other part of this package needs.
    from netbox_sync_dagster.dataframes import SyncData

    return SyncData(home)
