"""Snapshot of a Proxmox VE endpoint: everything read in bulk first, then each node, then each guest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from netbox_sync_dagster.config.model import ProxmoxEndpoint
from netbox_sync_dagster.sources.http import SourceError
from netbox_sync_dagster.sources.proxmox.backups import read_backups, read_storages
from netbox_sync_dagster.sources.proxmox.client import EndpointDown, ProxmoxClient, node_unreachable
from netbox_sync_dagster.sources.proxmox.cluster import (
    cluster_row,
    read_jobs,
    read_pools,
    read_rights,
    read_sdn,
    read_tag_styles,
)
from netbox_sync_dagster.sources.proxmox.guests import Guest, guest_of, read_guest, refine_status
from netbox_sync_dagster.sources.proxmox.nodes import NEWEST_TASKS, node_interface_row, node_row, task_row
from netbox_sync_dagster.sources.proxmox.reading import MALFORMED, Reading, explain
from netbox_sync_dagster.sources.proxmox.rights import MANDATORY, agent_right
from netbox_sync_dagster.sources.proxmox.values import boolean
from netbox_sync_dagster.sources.proxmox.vanished import LastSnapshot, last_snapshot, probe_vanished
from netbox_sync_dagster.warehouse.snapshots import Manifest, write_snapshot
from netbox_sync_dagster.warehouse.store import Warehouse

SYSTEM = "proxmox"
_GUEST_TYPES = ("qemu", "lxc")
# Tasks are listed by their start: this far back, a task that ran across the last snapshot is seen again and
# gets its end. Its UPID is the same in both.
_TASK_OVERLAP = timedelta(days=1)


def snapshot_proxmox(
    endpoint: ProxmoxEndpoint,
    warehouse: Warehouse,
    *,
    progress: Callable[[str], None] | None = None,
    accept_shrink: bool = False,
) -> Manifest:
    """Read the whole endpoint into the tables of ``warehouse.tables.PROXMOX`` and make them current.

    Parts that could not be read are rows of ``proxmox.scopes`` (see ``reading.SCOPES``). Raises SourceError
    where the endpoint as a whole cannot be read (address, TLS, token, no answer) and MissingSecret without a
    credential: the last snapshot stays current then.
    """
    folder = warehouse.snapshots(SYSTEM, endpoint.name)
    last = last_snapshot(warehouse, folder)
    with (
        write_snapshot(warehouse, SYSTEM, endpoint.name, accept_shrink=accept_shrink) as writer,
        ProxmoxClient(endpoint) as client,
    ):
        reading = Reading(endpoint, client, writer, progress or (lambda _: None))
        with ThreadPoolExecutor(endpoint.fetch_max_concurrency, thread_name_prefix="proxmox") as pool:
            try:
                _read(reading, pool, last)
            except MALFORMED as error:
                pool.shutdown(wait=True, cancel_futures=True)
                what = f"an answer has a form that is not understood ({explain(error)})"
                raise SourceError(client.who, what) from error
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        reading.progress(f"{client.calls} calls")
    return Manifest(**warehouse.manifest(folder))


def _read(reading: Reading, pool: ThreadPoolExecutor, last: LastSnapshot) -> None:
    client = reading.client
    # Alone and first: where the address, TLS or the token is wrong, one call says so.
    version = client.get("version")
    if not isinstance(version, dict) or not version.get("version"):
        raise SourceError(client.who, "GET /version names no version; check that `url` is a Proxmox VE API")
    reading.writer.source_version = str(version["version"])
    status_call = pool.submit(client.get, "cluster/status")
    resources_call = pool.submit(client.get, "cluster/resources")
    rights_call = pool.submit(read_rights, reading)
    definitions_call = pool.submit(reading.fetch, "storage", "storages")
    rest: list[Future[Any]] = [pool.submit(part, reading) for part in (read_sdn, read_jobs, read_tag_styles)]
    status = reading.items(status_call.result(), "cluster/status", "cluster")
    resources = reading.items(resources_call.result(), "cluster/resources", "cluster")
    rest.append(pool.submit(read_pools, reading, resources))

    nodes = _nodes(status, resources)
    row = cluster_row(status, sorted(nodes), version)
    if row is None:
        reading.incomplete(
            "cluster", "*", "neither a cluster nor a single node is seen, so guests have no home"
        )
    else:
        reading.writer.rows("cluster", [row])
        if row["quorate"] is False:
            reading.incomplete(
                "cluster", "*", f"cluster {row['name']} has no quorum, so its state is not certain"
            )
    guests = _guests(reading, resources)
    if not nodes:
        reading.incomplete("cluster", "*", "no node is seen; the token needs Sys.Audit on /")
    if not guests:
        reading.incomplete("cluster", "*", "no guest is seen; the token needs VM.Audit on /vms")
    reading.progress(f"{len(nodes)} nodes, {len(guests)} guests")

    node_storages: dict[str, list[dict[str, Any]]] = {}
    calls = [pool.submit(_read_node, reading, node, guests, last.started) for node in nodes.values()]
    for call in calls:
        name, storages = call.result()
        if storages is not None:
            node_storages[name] = storages

    definitions = reading.items(definitions_call.result(), "storage", "storages")
    storages_seen = read_storages(reading, definitions, node_storages, resources)
    rights = rights_call.result()
    rest += [pool.submit(read_backups, reading, item, rights) for item in storages_seen]
    _read_guests(reading, pool, guests)
    if reading.agents_refused:
        sentence = rights.missing(agent_right(reading.writer.source_version)) if rights else None
        reading.incomplete("guest_addresses", "*", sentence or reading.agents_refused)
    if rights is not None and not any(rights.missing(needed) for needed in MANDATORY):
        probe_vanished(reading, pool, last.guests - {guest.vmid for guest in guests}, sorted(nodes))
    for call in rest:
        call.result()


class _Node:
    """A node as ``/cluster/status`` and ``/cluster/resources`` say it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.online = False
        self.ip: Any = None
        self.resource: dict[str, Any] = {}


def _nodes(status: list[dict[str, Any]], resources: list[dict[str, Any]]) -> dict[str, _Node]:
    """Every node that is seen. Online is what the cluster's membership says; a node that only the resources
    list is online where its own status says so."""
    nodes: dict[str, _Node] = {}
    for item in resources:
        if item.get("type") == "node" and item.get("node"):
            node = nodes.setdefault(str(item["node"]), _Node(str(item["node"])))
            node.resource = item
            node.online = item.get("status") == "online"
    for item in status:
        if item.get("type") == "node" and item.get("name"):
            node = nodes.setdefault(str(item["name"]), _Node(str(item["name"])))
            node.online = bool(boolean(item.get("online"), False))
            node.ip = item.get("ip")
    return nodes


def _guests(reading: Reading, resources: list[dict[str, Any]]) -> list[Guest]:
    guests: dict[int, Guest] = {}
    for item in resources:
        if item.get("type") not in _GUEST_TYPES:
            continue
        try:
            guest = guest_of(item)
        except MALFORMED as error:
            reading.reject("guests", item.get("id", "?"), explain(error), item, scope="cluster", scope_id="*")
            continue
        if guest.vmid in guests:
            reading.reject(
                "guests", guest.vmid, "the vmid is listed twice", item, scope="guest", scope_id=guest.vmid
            )
        else:
            guests[guest.vmid] = guest
    return list(guests.values())


def _read_node(
    reading: Reading, node: _Node, guests: list[Guest], since: datetime | None
) -> tuple[str, list[dict[str, Any]] | None]:
    """Write a node's rows. Returns its name and storages; None for the storages that could not be read."""
    name = node.name
    answers: dict[str, Any] = {}
    if node.online:
        running = any(g.node == name and g.type == "qemu" and g.status == "running" for g in guests)
        answers = _ask_node(reading, name, running, since)
    else:
        reading.down[name] = f"node {name} is offline"
        reading.incomplete("node", name, reading.down[name])
        reading.incomplete("tasks", name, reading.down[name])
    online = name not in reading.down
    status = answers.get("status") if isinstance(answers.get("status"), dict) else {}
    reading.add(
        "nodes",
        [node.resource],
        lambda resource: node_row(name, online, resource, node.ip, status or {}),
        key="node",
        scope="node",
        scope_id=name,
    )
    network = reading.items(answers.get("network"), f"nodes/{name}/network", "node", name)
    reading.add(
        "node_interfaces",
        [item for item in network if item.get("iface") != "lo" and item.get("type") != "loopback"],
        lambda item: node_interface_row(name, item),
        key="iface",
        scope="node",
        scope_id=name,
    )
    tasks = reading.items(answers.get("tasks"), f"nodes/{name}/tasks", "tasks", name)
    reading.add("tasks", tasks, lambda item: task_row(name, item), key="upid", scope="tasks", scope_id=name)
    if len(tasks) >= NEWEST_TASKS:
        reading.unknown("tasks", name, f"only the newest {NEWEST_TASKS} tasks of node {name} are read")
    qmp = {
        str(item.get("vmid")): item.get("qmpstatus")
        for item in reading.items(answers.get("qemu"), f"nodes/{name}/qemu", "node", name)
    }
    for guest in guests:
        if guest.node == name and guest.type == "qemu":
            refine_status(guest, qmp.get(str(guest.vmid)))
    storages = answers.get("storage")
    return name, None if storages is None else reading.items(storages, f"nodes/{name}/storage", "node", name)


def _ask_node(reading: Reading, name: str, running: bool, since: datetime | None) -> dict[str, Any]:
    base = f"nodes/{name}"
    tasks: dict[str, Any] = {"limit": NEWEST_TASKS, "source": "all"}
    if since is not None:
        tasks["since"] = int((since - _TASK_OVERLAP).timestamp())
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("status", "node", {}),
        ("network", "node", {}),
        ("storage", "node", {}),
        ("tasks", "tasks", tasks),
    ]
    if running:
        # The only list that tells paused guests from running ones.
        calls.append(("qemu", "node", {"full": 1}))
    answers: dict[str, Any] = {}
    for part, scope, params in calls:
        try:
            answers[part] = reading.client.get(f"{base}/{part}", **params)
        except EndpointDown:
            raise
        except SourceError as error:
            reading.incomplete(scope, name, error.what)
            if node_unreachable(error):
                reading.down[name] = f"node {name} is not reachable: {error.what}"
                reading.incomplete("node", name, reading.down[name])
                reading.incomplete("tasks", name, reading.down[name])
                break
    return answers


def _read_guests(reading: Reading, pool: ThreadPoolExecutor, guests: list[Guest]) -> None:
    calls = [(guest, pool.submit(read_guest, reading, guest)) for guest in guests]
    missed: list[Guest] = []
    for number, (guest, call) in enumerate(calls, 1):
        if not call.result():
            missed.append(guest)
        if number % 200 == 0:
            reading.progress(f"{number} of {len(guests)} guests")
    if missed:
        _second_look(reading, missed)


def _second_look(reading: Reading, missed: list[Guest]) -> None:
    """Guests whose configuration was gone when it was asked for: deleted meanwhile (no row, for they are gone)
    or migrated (read where they are now)."""
    answer = reading.fetch("cluster/resources", "cluster", type="vm")
    listed = _guests(reading, reading.items(answer, "cluster/resources", "cluster"))
    present = {guest.vmid: guest for guest in listed}
    for guest in missed:
        now = present.get(guest.vmid)
        if now is not None:
            read_guest(reading, now, last_look=True)
        elif answer is None:
            reading.incomplete("guest", guest.vmid, f"guest {guest.vmid} vanished while it was read")
