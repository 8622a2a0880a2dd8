"""Guests of the last snapshot that are no longer listed: gone, or only out of the token's sight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from netbox_sync_dagster.http import ServerError
from netbox_sync_dagster.sources.proxmox.client import EndpointDown
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.store import Warehouse


@dataclass
class LastSnapshot:
    """The current snapshot: its folder, the vmids that it listed or could not read, why it is incomplete, and
    when the whole endpoint was last read."""

    folder: Path | None = None
    whole_started: datetime | None = None
    guests: set[int] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)


def last_snapshot(warehouse: Warehouse, folder: Path) -> LastSnapshot:
    """What the current snapshot below ``folder`` says; empty where there is none."""
    try:
        manifest = warehouse.manifest(folder)
        current = warehouse.current(folder)
    except WarehouseError:
        return LastSnapshot()
    listed = pq.read_table(current / "guests.parquet", columns=["vmid"]).column("vmid").to_pylist()
    # A guest that was out of sight last time has no row, but it is still to be asked for.
    scopes = pq.read_table(current / "scopes.parquet", columns=["scope", "scope_id"]).to_pylist()
    unread = {row["scope_id"] for row in scopes if row["scope"] == "guest"}
    whole = manifest["whole_started"] if "whole_started" in manifest else manifest["started"]
    return LastSnapshot(
        current,
        None if whole is None else datetime.fromisoformat(whole),
        set(listed) | {int(vmid) for vmid in unread if vmid.isdigit()},
        list(manifest["reasons"]),
    )


def probe_vanished(reading: Reading, pool: ThreadPoolExecutor, vmids: set[int], nodes: list[str]) -> None:
    """Ask for every vanished guest by its number.

    Proxmox silently omits a guest from its lists when an access rule hides it, and such a rule does not show in the
    token's rights either. Asked directly, it checks the right first: 403 means hidden, "does not exist" means gone.
    What is not certainly gone is recorded as a gap.
    """
    online = [node for node in nodes if node not in reading.down]
    if not online:
        return
    for call in [pool.submit(_probe, reading, vmid, online[0]) for vmid in sorted(vmids)]:
        call.result()


def _probe(reading: Reading, vmid: int, node: str) -> None:
    try:
        reading.client.get(f"nodes/{node}/qemu/{vmid}/config", current=1)
    except EndpointDown:
        raise
    except ServerError as error:
        if error.status == 403:
            reading.incomplete(
                "guest", vmid, f"guest {vmid} is no longer in the token's sight (VM.Audit on /vms/{vmid})"
            )
        elif "does not exist" not in error.what:
            reading.incomplete("guest", vmid, f"guest {vmid} is no longer listed, but: {error.what}")
    else:
        reading.incomplete("guest", vmid, f"guest {vmid} is not listed, but it exists on node {node}")
