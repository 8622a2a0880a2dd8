"""Snapshot of one guest: only it is read, everything else is copied from the last snapshot.

So the picture stays whole: names and addresses that collide are still seen, and nothing that was not asked for
looks gone. The manifest's ``only`` names it; the comparison then shows that guest alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from netbox_sync_dagster.columns import ABOUT_ROWS
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot, keep_gaps, keep_rows
from netbox_sync_dagster.sources.proxmox.cluster import read_cluster, read_rights, read_sdn, read_tag_styles
from netbox_sync_dagster.sources.proxmox.guests import Guest, read_guest, refine_status
from netbox_sync_dagster.sources.proxmox.listing import Node, guests_listed, nodes_listed, read_node, uptimes
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.tables import TABLES as PROXMOX
from netbox_sync_dagster.sources.proxmox.vanished import known_guests, probe_vanished
from netbox_sync_dagster.sources.reading import UnknownObject
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.text import visible

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


def read_one_guest(reading: Reading, pool: ThreadPoolExecutor, last: LastSnapshot, wanted: str) -> None:
    """Write the snapshot of the guest with this vmid or name. Raises UnknownObject where neither the cluster nor the last
    snapshot knows it, or several have the name."""
    status = reading.items(reading.client.get("cluster/status"), "cluster/status", "cluster")
    resources = reading.items(reading.client.get("cluster/resources"), "cluster/resources", "cluster")
    nodes = nodes_listed(status, resources)
    listed = {guest.vmid: guest for guest in guests_listed(reading, resources)}
    vmid = _vmid(reading, wanted, listed, last)
    reading.writer.only_object(str(vmid), last.whole_started)
    reading.kept.forget(vmid)
    reading.node_uptimes = uptimes(nodes)
    parts = [pool.submit(read_sdn, reading), pool.submit(read_tag_styles, reading)]
    read_rights(reading)
    read_cluster(reading, status, nodes, reading.version)
    guest = listed.get(vmid)
    known = {row["node"] for row in last.rows("nodes")}
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


def _vmid(reading: Reading, wanted: str, listed: dict[int, Guest], last: LastSnapshot) -> int:
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 12:
        vmid = int(wanted)
        if vmid in listed or vmid in known_guests(last):
            return vmid
        what = f"the cluster shows no guest {vmid}; check the number, and that the token has VM.Audit on /vms/{vmid}"
        raise UnknownObject(reading.client.who, what)
    named = {vmid for vmid, guest in listed.items() if guest.item.get("name") == wanted}
    named = named or {row["vmid"] for row in last.rows("guests") if row["name"] == wanted}
    if len(named) == 1:
        return named.pop()
    what = f"the cluster shows no guest '{visible(wanted, 80)}'; check the name, or give the vmid"
    if named:
        numbers = ", ".join(map(str, sorted(named)))
        what = f"several guests are called '{visible(wanted, 80)}': give the vmid of one of {numbers}"
    raise UnknownObject(reading.client.who, what)


def _take_nodes(reading: Reading, nodes: dict[str, Node], guest: Guest | None, known: set[str]) -> None:
    """Which nodes answer; the guest's own is read where the last snapshot does not hold it."""
    for node in nodes.values():
        if guest is not None and node.name == guest.node and node.name not in known:
            read_node(reading, node, [guest], None)
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

    def is_read(row: Row) -> bool:
        return bool(row["vmid"] == vmid)

    for table in PROXMOX:
        if table not in _READ_ANEW and table not in ABOUT_ROWS:
            of_guest = table in _TABLES_OF_A_GUEST
            keep_rows(reading.writer, last, table, is_read if of_guest else lambda _: False)
    keep_gaps(
        reading.writer,
        last,
        lambda scope, scope_id: (
            scope in _SCOPES_READ_ANEW or (scope in _SCOPES_OF_A_GUEST and scope_id == str(vmid))
        ),
        lambda row: row["row_key"] == str(vmid) or str(row["row_key"]).startswith(f"{vmid} "),
    )
