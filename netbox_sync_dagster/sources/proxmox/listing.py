"""What the cluster lists: its nodes and guests; and each node's own answers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.proxmox.client import EndpointDown, node_unreachable
from netbox_sync_dagster.sources.proxmox.guests import Guest, guest_of, refine_status
from netbox_sync_dagster.sources.proxmox.nodes import node_interface_row, node_row
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.tasks import KnownTasks, add_tasks
from netbox_sync_dagster.sources.proxmox.values import boolean, integer
from netbox_sync_dagster.sources.reading import MALFORMED, explain

_GUEST_TYPES = ("qemu", "lxc")


class Node:
    """A node as ``/cluster/status`` and ``/cluster/resources`` say it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.online = False
        self.ip: Any = None
        self.resource: dict[str, Any] = {}


def nodes_listed(status: list[dict[str, Any]], resources: list[dict[str, Any]]) -> dict[str, Node]:
    """Every node that is seen. Online is what the cluster's membership says; a node that only the resources
    list is online where its own status says so."""
    nodes: dict[str, Node] = {}
    for item in resources:
        if item.get("type") == "node" and item.get("node"):
            node = nodes.setdefault(str(item["node"]), Node(str(item["node"])))
            node.resource = item
            node.online = item.get("status") == "online"
    for item in status:
        if item.get("type") == "node" and item.get("name"):
            node = nodes.setdefault(str(item["name"]), Node(str(item["name"])))
            node.online = bool(boolean(item.get("online"), False))
            node.ip = item.get("ip")
    return nodes


def uptimes(nodes: dict[str, Node]) -> dict[str, int]:
    """The uptime in seconds of each node that says it, from the list that also has those of the guests."""
    found: dict[str, int] = {}
    for name, node in nodes.items():
        with suppress(*MALFORMED):
            found |= {name: seconds} if (seconds := integer(node.resource.get("uptime"), "uptime")) else {}
    return found


def check_lists(
    reading: Reading, status: list[dict[str, Any]], resources: list[dict[str, Any]], nodes: dict[str, Node]
) -> None:
    """Mark the cluster as incomplete where its lists do not fit together: a node or guest is out of sight."""
    for item in status:
        total = item.get("nodes") if item.get("type") == "cluster" else None
        listed = sum(1 for other in status if other.get("type") == "node")
        if isinstance(total, int) and listed != total:
            what = f"the cluster says that it has {total} nodes, and lists {listed}"
            reading.incomplete("cluster", "*", what)
    for item in resources:
        node = item.get("node")
        if item.get("type") in (*_GUEST_TYPES, "storage") and node and str(node) not in nodes:
            what = f"{item.get('id')} is on node {node}, which the cluster does not list"
            reading.incomplete("cluster", "*", what)


def guests_listed(reading: Reading, resources: list[dict[str, Any]]) -> list[Guest]:
    """The guests of ``/cluster/resources``; a row that cannot be read is kept as rejected."""
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


def read_node(
    reading: Reading, node: Node, guests: list[Guest], tasks: KnownTasks | None
) -> tuple[str, list[dict[str, Any]] | None]:
    """Write a node's rows; its tasks only with the known ones. Returns its name and storages; None for the storages that
    could not be read."""
    name = node.name
    answers: dict[str, Any] = {}
    if node.online:
        running = any(g.node == name and g.type == "qemu" and g.status == "running" for g in guests)
        answers = _ask_node(reading, name, running, tasks)
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
    if tasks is not None:
        add_tasks(reading, name, answers.get("tasks"), tasks)
    qmp = {
        str(item.get("vmid")): item.get("qmpstatus")
        for item in reading.items(answers.get("qemu"), f"nodes/{name}/qemu", "node", name)
    }
    hidden = sorted(qmp.keys() - {str(guest.vmid) for guest in guests})
    if hidden and tasks is not None:
        what = f"node {name} lists guests that the cluster does not: {', '.join(hidden[:5])}"
        reading.incomplete("cluster", "*", what)
    for guest in guests:
        if guest.node == name and guest.type == "qemu":
            refine_status(guest, qmp.get(str(guest.vmid)))
    storages = answers.get("storage")
    return name, None if storages is None else reading.items(storages, f"nodes/{name}/storage", "node", name)


def _ask_node(reading: Reading, name: str, running: bool, tasks: KnownTasks | None) -> dict[str, Any]:
    base = f"nodes/{name}"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("status", "node", {}),
        ("network", "node", {}),
        ("storage", "node", {}),
    ]
    if tasks is not None:
        calls.append(("tasks", "tasks", tasks.parameters(name)))
    if running:
        # The only list that tells paused guests from running ones.
        calls.append(("qemu", "node", {"full": 1}))
    answers: dict[str, Any] = {}
    for part, scope, params in calls:
        try:
            answers[part] = reading.client.get(f"{base}/{part}", **params)
        except EndpointDown:
            raise
        except ServerError as error:
            reading.incomplete(scope, name, error.what)
            if node_unreachable(error):
                reading.down[name] = f"node {name} is not reachable: {error.what}"
                reading.incomplete("node", name, reading.down[name])
                reading.incomplete("tasks", name, reading.down[name])
                break
    return answers
