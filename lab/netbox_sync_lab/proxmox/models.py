"""Nodes, guests and storages of the lab's Proxmox VE, and rows in the shapes its API gives them."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

# Seconds since the epoch that undated things of the lab start from: 2026-11-01 00:00:00 UTC.
EPOCH = 1793491200

DEFAULT_CPU = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"


@dataclass
class Node:
    """A node. `network`: the rows of /nodes/{node}/network."""

    name: str
    nodeid: int
    ip: str
    cpu_model: str
    sockets: int
    cores: int
    memory: int  # bytes
    network: list[Row]
    online: bool = True

    @property
    def cpus(self) -> int:
        return self.sockets * self.cores * 2


@dataclass
class Guest:
    """A virtual machine (`kind` qemu) or a container (lxc). Change the fields freely.

    status: running, stopped, paused, suspended or prelaunch. config: what /config answers (name or hostname
    are added). agent: the rows network-get-interfaces answers, or "not running", "hang". interfaces: what
    /lxc/{id}/interfaces answers; None derives it from the config. snapshots: rows without "current".
    """

    vmid: int
    kind: str
    node: str
    name: str
    status: str
    maxmem: int
    maxcpu: int | float
    maxdisk: int
    config: Row
    tags: str = ""
    template: bool = False
    pool: str | None = None
    lock: str | None = None
    agent: list[Row] | str = "not running"
    agent_hostname: str | None = None
    interfaces: list[Row] | None = None
    snapshots: list[Row] = field(default_factory=list)
    uptime: int = 86400  # seconds, while it is not stopped

    @property
    def agent_configured(self) -> bool:
        options = str(self.config.get("agent", "0")).split(",")
        return any(o in ("1", "enabled=1") for o in options)

    @property
    def digest(self) -> str:
        """As Proxmox's: a checksum of the configuration file, which holds the snapshots too."""
        held = [self.name, self.tags, self.template, self.config, self.snapshots]
        return hashlib.sha1(json.dumps(held, sort_keys=True).encode(), usedforsecurity=False).hexdigest()

    @property
    def config_path(self) -> str:
        folder = "qemu-server" if self.kind == "qemu" else "lxc"
        return f"nodes/{self.node}/{folder}/{self.vmid}.conf"


@dataclass
class Storage:
    """A storage. nodes: where it exists, None for everywhere. config: further keys of /storage."""

    name: str
    type: str
    content: str
    shared: bool
    nodes: list[str] | None
    total: int
    used: int
    enabled: bool = True
    active: bool = True
    config: Row = field(default_factory=dict)
    volumes: list[Row] = field(default_factory=list)  # content rows, with "node" where the storage is local

    def on(self, node: str) -> bool:
        return self.nodes is None or node in self.nodes


def agent_interface(name: str, mac: str | None, *addresses: str) -> Row:
    """A row of network-get-interfaces. addresses: "10.0.0.5/24", "2001:db8::5/64"."""
    row: Row = {
        "name": name,
        "statistics": {"rx-bytes": 9280, "rx-packets": 92, "tx-bytes": 9280, "tx-packets": 92},
    }
    if mac:
        row["hardware-address"] = mac.lower()
    if addresses:
        row["ip-addresses"] = [
            {
                "ip-address": a.partition("/")[0],
                "ip-address-type": "ipv6" if ":" in a else "ipv4",
                "prefix": int(a.partition("/")[2]),
            }
            for a in addresses
        ]
    return row


def loopback_interface() -> Row:
    """The `lo` that every agent reports."""
    return agent_interface("lo", "00:00:00:00:00:00", "127.0.0.1/8", "::1/128")


def default_network(ip: str, gateway: str, *, vlan: int = 20) -> list[Row]:
    """Two ports, a bond over them, a VLAN-aware bridge with the node's address, a VLAN on the bridge."""
    common: Row = {"method": "manual", "method6": "manual", "families": ["inet"], "active": 1}
    return [
        {"iface": "eno1", "type": "eth", "exists": 1, "priority": 3, **common},
        {"iface": "eno2", "type": "eth", "exists": 1, "priority": 4, **common},
        {
            **common,
            "iface": "bond0",
            "type": "bond",
            "priority": 5,
            "autostart": 1,
            "slaves": "eno1 eno2",
            "bond_mode": "802.3ad",
            "bond_miimon": "100",
            "bond_xmit_hash_policy": "layer3+4",
        },
        {
            **common,
            "iface": "vmbr0",
            "type": "bridge",
            "priority": 6,
            "autostart": 1,
            "method": "static",
            "address": ip,
            "netmask": "24",
            "cidr": f"{ip}/24",
            "gateway": gateway,
            "bridge_ports": "bond0",
            "bridge_stp": "off",
            "bridge_fd": "0",
            "bridge_vlan_aware": 1,
            "bridge_vids": "2-4094",
        },
        {
            **common,
            "iface": f"vmbr0.{vlan}",
            "type": "vlan",
            "priority": 7,
            "autostart": 1,
            "vlan-id": str(vlan),
            "vlan-raw-device": "vmbr0",
        },
    ]
