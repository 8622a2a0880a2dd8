"""What every call of the lab's Proxmox VE starts from: who asks, which node, which guest."""

from dataclasses import dataclass, field

from netbox_sync_lab.proxmox.access import Access, PveError
from netbox_sync_lab.proxmox.models import Guest, Node, Row
from netbox_sync_lab.proxmox.state import ProxmoxState


class Hang(Exception):
    """No answer, ever."""


@dataclass
class Call:
    """One request. local_node: the node that was asked. `extra`: keys of the answer beside `data`."""

    access: Access
    local_node: str
    args: dict[str, str]
    query: dict[str, str]
    extra: Row = field(default_factory=dict)

    @property
    def state(self) -> ProxmoxState:
        return self.access.state


def node_of(call: Call) -> Node:
    name = call.args["node"]
    node = call.state.nodes.get(name)
    if node is None:
        raise PveError(
            500,
            f"hostname lookup '{name}' failed - failed to get address info for: {name}: "
            "Name or service not known",
        )
    if not node.online:
        raise PveError(595, "No route to host")
    return node


def guest_of(call: Call, kind: str, *privileges: str) -> Guest:
    # The node that was asked checks the rights, then passes the call on to the guest's node.
    vmid = int(call.args["vmid"])
    call.access.need(f"/vms/{vmid}", *privileges)
    node = node_of(call)
    guest = call.state.guests.get(vmid)
    if guest is None or guest.kind != kind or guest.node != node.name:
        folder = "qemu-server" if kind == "qemu" else "lxc"
        raise PveError(500, f"Configuration file 'nodes/{node.name}/{folder}/{vmid}.conf' does not exist")
    return guest


def guest_figures(guest: Guest) -> Row:
    up = guest.status != "stopped"
    return {
        "name": guest.name,
        "maxcpu": guest.maxcpu,
        "maxmem": guest.maxmem,
        "maxdisk": guest.maxdisk,
        "cpu": 0.0202130478509556 if up else 0,
        "mem": guest.maxmem // 2 if up else 0,
        "disk": 0,
        "diskread": 0,
        "diskwrite": 0,
        "netin": 0,
        "netout": 0,
        "uptime": guest.uptime if up else 0,
    }


def node_row(call: Call, node: Node) -> Row:
    row: Row = {"node": node.name, "status": "online" if node.online else "offline", "level": ""}
    if node.online and call.access.has(f"/nodes/{node.name}", "Sys.Audit"):
        row |= {
            "cpu": 0.0159579616953606,
            "maxcpu": node.cpus,
            "mem": node.memory // 3,
            "maxmem": node.memory,
            "disk": 14254190592,
            "maxdisk": 100 * 2**30,
            "uptime": 2236708,
            "cgroup-mode": 2,
        }
    return row
