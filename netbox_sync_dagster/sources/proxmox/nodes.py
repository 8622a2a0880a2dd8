"""Nodes, their network configuration and their tasks."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from netbox_sync_dagster.sources.proxmox.values import boolean, integer, mac, moment, text, words
from netbox_sync_dagster.storage.parquet import Row

# eno1.50 is VLAN 50 on eno1; vlan50 names only the VLAN.
_DOTTED = re.compile(r"^(.+)\.(\d{1,4})$")
_NAMED = re.compile(r"^vlan(\d{1,4})$")


def node_row(name: str, online: bool, resource: dict[str, Any], ip: Any, status: dict[str, Any]) -> Row:
    """One row of ``proxmox.nodes`` from ``/cluster/resources``, ``/cluster/status`` and
    ``/nodes/{node}/status`` (empty for an offline node: its sizes are NULL then). Proxmox's API tells nothing
    of the DMI table, so the dmi columns are NULL unless a status carries them.
    """
    cpu = status.get("cpuinfo") or {}
    memory = status.get("memory") or {}
    disk = status.get("rootfs") or {}
    dmi = status.get("dmi") or {}

    def first(*values: Any) -> Any:
        return next((value for value in values if value not in (None, "")), None)

    def size(field: str, *values: Any) -> int | None:
        return integer(first(*values), field) if online else None

    return {
        "node": name,
        "online": online,
        "ip": text(ip) or None,
        "maxcpu": size("maxcpu", resource.get("maxcpu"), cpu.get("cpus")),
        "maxmem": size("maxmem", resource.get("maxmem"), memory.get("total")),
        "maxdisk": size("maxdisk", resource.get("maxdisk"), disk.get("total")),
        "uptime": size("uptime", status.get("uptime"), resource.get("uptime")),
        "cpu_model": text(cpu.get("model")),
        "cpu_sockets": integer(cpu.get("sockets"), "sockets"),
        "pveversion": text(status.get("pveversion")),
        "dmi_product": text(dmi.get("product")),
        "dmi_manufacturer": text(dmi.get("manufacturer")),
        "dmi_serial": text(dmi.get("serial")),
    }


def node_interface_row(node: str, item: dict[str, Any]) -> Row:
    """One row of ``proxmox.node_interfaces`` from ``/nodes/{node}/network``.

    A VLAN's id and parent come from the interface's name where the answer does not give them; an OVS internal
    port's from ``ovs_tag`` and ``ovs_bridge``.
    """
    iface = str(item["iface"])
    kind = text(item.get("type")) or "unknown"
    raw_device, vid = item.get("vlan-raw-device"), integer(item.get("vlan-id"), "vlan-id")
    if kind == "vlan":
        dotted, named = _DOTTED.match(iface), _NAMED.match(iface)
        if dotted:
            raw_device, vid = raw_device or dotted[1], vid or int(dotted[2])
        elif named:
            vid = vid or int(named[1])
    elif kind == "OVSIntPort":
        raw_device, vid = item.get("ovs_bridge"), integer(item.get("ovs_tag"), "ovs_tag")
    return {
        "node": node,
        "iface": iface,
        "type": kind,
        # Proxmox leaves these fields out where they are false.
        "active": boolean(item.get("active"), False),
        "autostart": boolean(item.get("autostart"), False),
        "method": text(item.get("method")),
        "method6": text(item.get("method6")),
        "cidr": _cidr(item, "cidr", "address", "netmask"),
        "cidr6": _cidr(item, "cidr6", "address6", "netmask6"),
        "gateway": text(item.get("gateway")),
        "gateway6": text(item.get("gateway6")),
        "mtu": integer(item.get("mtu"), "mtu"),
        "mac": mac(item.get("hwaddr")),
        "ports": _ports(item),
        "bond_mode": text(item.get("bond_mode")),
        "vlan_raw_device": text(raw_device),
        "vlan_id": vid,
        "bridge_vlan_aware": boolean(item.get("bridge_vlan_aware"), False),
        "comments": (text(item.get("comments")) or "").strip() or None,
    }


def _ports(item: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for field in ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds"):
        found += [port for port in words(item.get(field)) if port != "none"]
    return list(dict.fromkeys(found))


def _cidr(item: dict[str, Any], field: str, address: str, mask: str) -> str | None:
    given = item.get(field)
    if not given and item.get(address) and item.get(mask):
        given = f"{item[address]}/{item[mask]}"
    if not given:
        return None
    return str(ipaddress.ip_interface(str(given)))


def task_row(node: str, item: dict[str, Any]) -> Row:
    """One row of ``proxmox.tasks`` from ``/nodes/{node}/tasks``; status NULL while the task runs."""
    return {
        "upid": str(item["upid"]),
        "node": text(item.get("node")) or node,
        "type": text(item.get("type")),
        "id": text(item.get("id")) or None,
        "user": text(item.get("user")),
        "status": text(item.get("status")) if item.get("endtime") else None,
        "starttime": moment(item.get("starttime"), "starttime"),
        "endtime": moment(item.get("endtime"), "endtime"),
    }
