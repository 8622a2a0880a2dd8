"""The table of the calls that the lab's Proxmox VE knows."""

import re
from collections.abc import Callable
from typing import Any

from netbox_sync_lab.proxmox import cluster, guests, nodes
from netbox_sync_lab.proxmox.access import PveError
from netbox_sync_lab.proxmox.calls import Call

_N = r"/nodes/(?P<node>[^/]+)"
_Q = _N + r"/qemu/(?P<vmid>\d+)"
_C = _N + r"/lxc/(?P<vmid>\d+)"

ROUTES: list[tuple[re.Pattern[str], Callable[[Call], Any]]] = [
    (re.compile(pattern + "/?"), function)
    for pattern, function in (
        (r"/version", cluster.version),
        (r"/access/permissions", cluster.permissions),
        (r"/cluster/status", cluster.cluster_status),
        (r"/cluster/resources", cluster.cluster_resources),
        (r"/cluster/options", cluster.cluster_options),
        (r"/cluster/replication", cluster.cluster_replication),
        (r"/cluster/backup", cluster.cluster_backup),
        (r"/cluster/sdn/zones", cluster.sdn_zones),
        (r"/cluster/sdn/vnets", cluster.sdn_vnets),
        (r"/pools", cluster.pools),
        (r"/pools/(?P<pool>[^/]+)", cluster.pool),
        (r"/storage", cluster.storage_config),
        (r"/nodes", nodes.nodes),
        (_N + r"/status", nodes.node_status),
        (_N + r"/network", nodes.node_network),
        (_N + r"/qemu", lambda call: nodes.node_guests(call, "qemu")),
        (_N + r"/lxc", lambda call: nodes.node_guests(call, "lxc")),
        (_N + r"/storage", nodes.node_storage),
        (_N + r"/storage/(?P<storage>[^/]+)/content", nodes.storage_content),
        (_N + r"/certificates/info", nodes.node_certificates),
        (_N + r"/tasks", nodes.node_tasks),
        (_N + r"/replication", nodes.node_replication),
        (_Q + r"/config", lambda call: guests.guest_config(call, "qemu")),
        (_C + r"/config", lambda call: guests.guest_config(call, "lxc")),
        (_Q + r"/snapshot", lambda call: guests.guest_snapshots(call, "qemu")),
        (_C + r"/snapshot", lambda call: guests.guest_snapshots(call, "lxc")),
        (_Q + r"/status/current", lambda call: guests.guest_status(call, "qemu")),
        (_C + r"/status/current", lambda call: guests.guest_status(call, "lxc")),
        (_Q + r"/agent/network-get-interfaces", guests.agent_interfaces),
        (_Q + r"/agent/get-host-name", guests.agent_host_name),
        (_C + r"/interfaces", guests.lxc_interfaces),
    )
]


def answer(method: str, path: str, call: Call) -> Any:
    """The data for a path below /api2/json. Raises PveError or Hang."""
    for pattern, function in ROUTES:
        if method == "GET" and (match := pattern.fullmatch(path)):
            call.args = match.groupdict()
            with call.state.lock:
                return function(call)
    raise PveError(501, f"Method '{method} {path}' not implemented")
