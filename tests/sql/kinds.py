"""Estates of the usual kinds, as rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.sql.estate import Estate, Row

# Everything that a policy may delete.
DELETABLE = [
    *("interfaces", "vm_interfaces", "mac_addresses", "ip_addresses", "cables", "virtual_disks"),
    *("virtual_machines", "backups", "snapshots", "replications", "storages"),
]
GENEROUS: dict[str, Any] = {
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
    "delete": DELETABLE,
    "delete_unowned": DELETABLE,
}


def mac(number: int) -> str:
    """A MAC address as Proxmox gives them to guests."""
    return f"BC:24:11:00:00:{number:02X}"


def removals(found: list[Row]) -> list[tuple[str, str, int | None]]:
    """(resource, action, NetBox id) of what would be deleted, or lose or change something because it is not shown."""
    return [
        (r.resource, r.action, r.netbox_id)
        for r in found
        if r.action == "delete"
        or (
            r.action == "update" and any(after in (None, False, [], "offline") for after in r.fields.values())
        )
    ]


def said_of(found: list[Row], resource: str, netbox_id: int) -> list[tuple[str, str | None]]:
    """(action, reason) of the rows about one NetBox object."""
    return [(r.action, r.reason) for r in found if (r.resource, r.netbox_id) == (resource, netbox_id)]


def about(found: list[Row], *names: str) -> list[Row]:
    """The rows that have one of these names in their key, as a word."""
    return [r for r in found if any(re.search(rf"\b{re.escape(name)}\b", r.key) for name in names)]


def told(estate: Estate, *resources: str) -> dict[str, tuple[str, str]]:
    """{key: (action, reason)} of the rows of these resources that have a reason."""
    return {r.key: (r.action, r.reason) for r in estate.rows() if r.resource in resources and r.reason}


def switch(**endpoint: Any) -> Estate:
    """LibreNMS device 1 and NetBox device 1, both sw1, without ports."""
    estate = Estate("librenms", **{"policies": GENEROUS, **endpoint})
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}})
    return estate


def known_switch(estate: Estate, number: int, **content: Any) -> None:
    """LibreNMS device and NetBox device of this number, both sw<number>, without ports; ``content`` is LibreNMS's."""
    device(estate, number, f"sw{number}", **content)
    estate.add("netbox.devices", id=number, name=f"sw{number}", cf={"librenms_id": {"lib": number}})


def device(estate: Estate, number: int, name: str, **content: Any) -> None:
    """A device that LibreNMS has just polled."""
    estate.add(
        "librenms.devices",
        **{
            **{"device_id": number, "hostname": name, "sysName": name, "status": True, "ignore": False},
            **{"disabled": False, "last_polled": "2026-11-20 12:00:00"},
            **content,
        },
    )


def port(estate: Estate, number: int, name: str, device: int = 1, **content: Any) -> None:
    """A port of LibreNMS."""
    estate.add(
        "librenms.ports",
        **{
            **{
                "port_id": number,
                "device_id": device,
                "ifName": name,
                "ifDescr": name,
                "ifAdminStatus": "up",
            },
            **{"ifType": "ethernetCsmacd", "ignore": False, "deleted": False},
            **content,
        },
    )


def interface(estate: Estate, number: int, name: str, device: int = 1, **content: Any) -> None:
    """An interface of NetBox; ``port`` is the id that it holds."""
    held = content.pop("port", None)
    estate.add(
        "netbox.interfaces",
        **{
            **{"id": number, "device_id": device, "name": name, "type": "1000base-t", "enabled": True},
            **{"tagged_vlan_ids": [], "mark_connected": False},
            **({"cf": {"librenms_id": {"lib": held}}} if held else {}),
            **content,
        },
    )


def address(
    estate: Estate, number: int, host: str, on: int, kind: str = "dcim.interface", **content: Any
) -> None:
    """An address of NetBox on an interface."""
    estate.add(
        "netbox.ip_addresses",
        id=number,
        address=f"{host}/24",
        host=host,
        prefixlen=24,
        family=6 if ":" in host else 4,
        status="active",
        assigned_object_type=kind,
        assigned_object_id=on,
        **content,
    )


def shown(estate: Estate, number: int, host: str, port: int, family: int = 4) -> None:
    """An address that LibreNMS shows on a port."""
    estate.add(
        "librenms.ip_addresses",
        address_id=number,
        family=family,
        address=host,
        prefixlen=24,
        canonical=host,
        port_id=port,
    )


def part(estate: Estate, device: int, index: int, kind: str, **content: Any) -> None:
    """A part of LibreNMS's inventory of a device."""
    estate.add(
        "librenms.inventory",
        **{
            **{"entPhysical_id": device * 100 + index, "device_id": device, "entPhysicalIndex": index},
            **{"entPhysicalClass": kind, "entPhysicalContainedIn": 0},
            **content,
        },
    )


def paris(**endpoint: Any) -> Estate:
    """The Proxmox cluster paris, which NetBox has as cluster 1, without nodes and guests."""
    estate = Estate("proxmox", scope="paris", **{"policies": GENEROUS, **endpoint})
    estate.add("proxmox.cluster", name="paris", standalone=False, quorate=True)
    estate.add("netbox.clusters", id=1, name="paris")
    return estate


def guest(estate: Estate, vmid: int, name: str, *nics: str, **content: Any) -> None:
    """A running guest; each of ``nics`` a MAC address, the guest's net0, net1, ..., which its agent shows."""
    shown = content.pop("shown", range(len(nics)))
    estate.add(
        "proxmox.guests",
        **{
            **{"vmid": vmid, "type": "qemu", "node": "pve1", "name_given": name, "status": "running"},
            **{"template": False, "config_read": True, "tags": [], "onboot": False, "description": ""},
            **content,
        },
    )
    for number, mac in enumerate(nics):
        estate.add(
            "proxmox.guest_interfaces",
            vmid=vmid,
            key=f"net{number}",
            position=number,
            mac=mac,
            bridge="vmbr0",
        )
        if number in shown:
            estate.add(
                "proxmox.guest_agent_interfaces",
                vmid=vmid,
                key=f"net{number}",
                position=0,
                name=f"eth{number}",
                mac=mac,
            )


def machine(estate: Estate, number: int, name: str, vmid: int | None, **content: Any) -> None:
    """A virtual machine of NetBox in cluster 1."""
    held = {"proxmox_cluster": "paris", "proxmox_vmid": vmid} if vmid else {}
    estate.add(
        "netbox.virtual_machines",
        **{
            "id": number,
            "name": name,
            "cluster_id": 1,
            "status": "active",
            "tags": [],
            "cf": held,
            **content,
        },
    )


def nic(estate: Estate, number: int, name: str, machine: int, mac: str | None = None, **content: Any) -> None:
    """An interface of a virtual machine; its MAC address object has the same id."""
    estate.add(
        "netbox.vm_interfaces",
        id=number,
        virtual_machine_id=machine,
        name=name,
        enabled=True,
        tagged_vlan_ids=[],
        primary_mac_id=number if mac else None,
        **content,
    )
    if mac:
        estate.add(
            "netbox.mac_addresses",
            id=number,
            mac_address=mac,
            assigned_object_type="virtualization.vminterface",
            assigned_object_id=number,
        )


class Parts:
    """An estate that several tests share: each adds its part, with its own names, numbers and addresses::

        GUESTS = Parts(paris)

        @GUESTS.part
        def web(estate: Estate) -> None:
            guest(estate, 101, "web")

        def test_web() -> None:
            assert [r.key for r in GUESTS.estate().rows() if r.key.startswith("web")] == ["web"]

    ``estate`` has all parts; it is compared once (``Estate.rows``), or once under each of several settings of the endpoint.
    """

    def __init__(self, start: Callable[..., Estate]) -> None:
        self._start = start
        self._parts: list[Callable[[Estate], None]] = []

    def part(self, add: Callable[[Estate], None]) -> Callable[[Estate], None]:
        self._parts.append(add)
        return add

    def estate(self, **endpoint: Any) -> Estate:
        """``endpoint``: arguments of the function that begins the estate."""
        found = self._start(**endpoint)
        for add in self._parts:
            add(found)
        return found


def sites(estate: Estate) -> None:
    """The sites Paris (1) and Lyon (2) of NetBox."""
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
