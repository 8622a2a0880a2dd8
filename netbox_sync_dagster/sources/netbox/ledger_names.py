"""What the ledger calls a NetBox that applies wrote to: by its URL at that time, and by the branch there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import Warehouse, WarehouseError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from netbox_sync_dagster.config import NetBoxTarget
    from netbox_sync_dagster.sources.netbox.branch import Branch
else:
    pq = lazy_module("pyarrow.parquet")

_BRANCH = " branch "


def written_as(target: NetBoxTarget, branch: Branch | None) -> str:
    """How the ledger calls main, or this branch, of the NetBox that is kept."""
    return names_in_ledger(target, branch)[0]


def names_in_ledger(target: NetBoxTarget, *branches: Branch | None) -> list[str]:
    """All that the ledger may call main (None) or these branches; by the former URLs of NetBox too."""
    return list(
        dict.fromkeys(
            url if branch is None else f"{url}{_BRANCH}{branch.schema_id}"
            for url in target.known_urls
            for branch in branches
        )
    )


def url_in_ledger(name: str) -> str:
    """The URL of NetBox in the ledger's name of what was written to."""
    return name.partition(_BRANCH)[0]


def same_in_ledger(target: NetBoxTarget, name: str) -> list[str]:
    """All that the ledger may call what it calls ``name``; nothing if that is not this NetBox or a branch of it."""
    url, mark, branch = name.partition(_BRANCH)
    return [f"{known}{mark}{branch}" for known in target.known_urls] if url in target.known_urls else []


def names_of_snapshot(warehouse: Warehouse) -> list[str] | None:
    """All that the ledger may call the NetBox of the current snapshot; None without a snapshot, or in an older one."""
    try:
        folder = warehouse.current(warehouse.snapshots("netbox", "netbox"))
    except WarehouseError:
        return None
    [status] = pq.read_table(folder / "status.parquet").to_pylist() or [{}]
    names: list[str] | None = status.get("written_as")
    return names or None
