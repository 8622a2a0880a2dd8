"""Snapshot of one guest: only it is read, everything else is copied from the last snapshot.

So the picture stays whole: names and addresses that collide are still seen, and nothing that was not asked for
looks gone. The manifest's ``guest`` names it; the comparison then shows that guest alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.parquet as pq

from netbox_sync_dagster.http import ServerError
from netbox_sync_dagster.sources.proxmox.cluster import read_cluster, read_rights, read_sdn, read_tag_styles
from netbox_sync_dagster.sources.proxmox.guests import Guest, read_guest, refine_status
from netbox_sync_dagster.sources.proxmox.listing import Node, guests_listed, nodes_listed, read_node
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.tables import TABLES as PROXMOX
from netbox_sync_dagster.sources.proxmox.vanished import LastSnapshot, probe_vanished
from netbox_sync_dagster.storage.falls import SHORT
from netbox_sync_dagster.storage.parquet import Row

# Always read: they cost a call each, and the guest's VLANs and tags come from them.
_READ_ANEW = {"cluster", "sdn_zones", "sdn_vnets", "tag_styles"}
_SCOPES_READ_ANEW = {"cluster", "rights", "sdn", "options"}
_SCOPES_OF_A_GUEST = {"guest", "guest_addresses", "guest_snapshots"}
# Backups stay as the last whole snapshot found them: they are read per storage, not per guest.
_TABLES_OF_A_GUEST = {
    "guests",
    "guest_config",
    "guest_interfaces",
    "guest_agent_interfaces",
    "guest_addresses",
    "disks",
    "snapshots",
}


def read_one_guest(reading: Reading, pool: ThreadPoolExecutor, last: LastSnapshot, vmid: int) -> None:
    """Write the snapshot. Raises ServerError where neither the cluster nor the last snapshot knows the guest."""
    status = reading.items(reading.client.get("cluster/status"), "cluster/status", "cluster")
    resources = reading.items(reading.client.get("cluster/resources"), "cluster/resources", "cluster")
    nodes = nodes_listed(status, resources)
    listed = {guest.vmid: guest for guest in guests_listed(reading, resources)}
    if vmid not in listed and vmid not in last.guests:
        raise ServerError(
            reading.client.who,
            f"the cluster shows no guest {vmid}; check the number, and that the token has VM.Audit on /vms/{vmid}",
        )
    parts = [pool.submit(read_sdn, reading), pool.submit(read_tag_styles, reading)]
    read_rights(reading)
    read_cluster(reading, status, nodes, reading.version)
    guest = listed.get(vmid)
    known = set() if last.folder is None else {row["node"] for row in _rows(last, "nodes")}
    _take_nodes(reading, nodes, guest, known)
    if guest is None:
        probe_vanished(reading, pool, {vmid}, sorted(nodes))
    elif not read_guest(reading, guest):
        # It was deleted or migrated between the two calls.
        again = guests_listed(reading, reading.items(reading.client.get("cluster/resources"), "", "cluster"))
        for found in again:
            if found.vmid == vmid:
                read_guest(reading, found, last_look=True)
    for part in parts:
        part.result()
    if reading.agents_refused:
        reading.incomplete("guest_addresses", "*", reading.agents_refused)
    if last.folder is None:
        # Nothing of this guest is out of sight; the others' rows decide nothing about it.
        reading.writer.incomplete(
            "guest",
            "*",
            f"only guest {vmid} was read; run: netbox-sync sync {reading.endpoint.name}",
            unseen=False,
        )
    else:
        _keep_the_rest(reading, last, vmid)


def _take_nodes(reading: Reading, nodes: dict[str, Node], guest: Guest | None, known: set[str]) -> None:
    """Which nodes answer; the guest's own is read where the last snapshot does not hold it."""
    for node in nodes.values():
        if guest is not None and node.name == guest.node and node.name not in known:
            read_node(reading, node, [guest], None, tasks=False)
        elif not node.online:
            reading.down[node.name] = f"node {node.name} is offline"
            reading.incomplete("node", node.name, reading.down[node.name])
    if guest is None or guest.node not in known or guest.node in reading.down:
        return
    if guest.type == "qemu" and guest.status == "running":
        path = f"nodes/{guest.node}/qemu"
        for item in reading.items(
            reading.fetch(path, "guest", guest.vmid, full=1), path, "guest", guest.vmid
        ):
            if str(item.get("vmid")) == str(guest.vmid):
                refine_status(guest, item.get("qmpstatus"))


def _keep_the_rest(reading: Reading, last: LastSnapshot, vmid: int) -> None:
    """The rows of the last snapshot that are not this guest's, its gaps among them."""
    for table in PROXMOX:
        if table in _READ_ANEW or table in ("scopes", "rejected", "row_counts"):
            continue
        rows = _rows(last, table)
        if table in _TABLES_OF_A_GUEST:
            rows = [row for row in rows if row["vmid"] != vmid]
        reading.writer.rows(table, rows)
    for row in _rows(last, "rejected"):
        if row["row_key"] != str(vmid) and not str(row["row_key"]).startswith(f"{vmid} "):
            reading.writer.rows("rejected", [row])
    for row in _rows(last, "scopes"):
        scope, scope_id, reason = row["scope"], row["scope_id"], row["reason"]
        if scope in _SCOPES_READ_ANEW or (scope in _SCOPES_OF_A_GUEST and scope_id == str(vmid)):
            continue
        if scope.startswith(SHORT):
            # Counted again.
            continue
        # What made that snapshot incomplete makes this one incomplete too.
        tell = reading.writer.incomplete if reason in last.reasons else reading.writer.unknown
        tell(scope, scope_id, reason, unseen=row.get("unseen") is not False)


def _rows(last: LastSnapshot, table: str) -> list[Row]:
    assert last.folder is not None
    file = last.folder / f"{table}.parquet"
    found: list[dict[str, Any]] = pq.read_table(file).to_pylist() if file.exists() else []
    return found
