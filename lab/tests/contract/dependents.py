"""One of each kind of dependent: how it is created, and on what it depends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .client import Json, NetBox

Make = Callable[[NetBox, str, int], Json]


def _on(kind: str, number: int, name: str) -> Json:
    return {f"{name}_type": kind, f"{name}_id": number}


def _slugged(netbox: NetBox, path: str, **more: Any) -> int:
    name = netbox.name(path.rpartition("/")[2][:12])
    return int(netbox.new(path, {"name": name, "slug": name, **more})["id"])


def tunnel_termination(netbox: NetBox, kind: str, number: int) -> Json:
    tunnel = netbox.new(
        "vpn/tunnels", {"name": netbox.name("tun"), "encapsulation": "gre", "status": "active"}
    )
    body = {"tunnel": tunnel["id"], "role": "peer", **_on(kind, number, "termination")}
    return netbox.new("vpn/tunnel-terminations", body)


def l2vpn_termination(netbox: NetBox, kind: str, number: int) -> Json:
    l2vpn = _slugged(netbox, "vpn/l2vpns", type="vxlan")
    return netbox.new("vpn/l2vpn-terminations", {"l2vpn": l2vpn, **_on(kind, number, "assigned_object")})


def fhrp_assignment(netbox: NetBox, kind: str, number: int) -> Json:
    group = netbox.new("ipam/fhrp-groups", {"protocol": "vrrp2", "group_id": 7})
    body = {"group": group["id"], "priority": 100, **_on(kind, number, "interface")}
    return netbox.new("ipam/fhrp-group-assignments", body)


def journal_entry(netbox: NetBox, kind: str, number: int) -> Json:
    body = {"comments": "moved by hand", **_on(kind, number, "assigned_object")}
    return netbox.new("extras/journal-entries", body)


def bookmark(netbox: NetBox, kind: str, number: int) -> Json:
    return netbox.new("extras/bookmarks", {"user": user(netbox), **_on(kind, number, "object")})


def subscription(netbox: NetBox, kind: str, number: int) -> Json:
    return netbox.new("extras/subscriptions", {"user": user(netbox), **_on(kind, number, "object")})


def user(netbox: NetBox) -> int:
    """A user; the first there is."""
    return int(netbox.results("users/users/?limit=1")[0]["id"])


def contact_assignment(netbox: NetBox, kind: str, number: int) -> Json:
    contact = netbox.new("tenancy/contacts", {"name": netbox.name("contact")})
    role = _slugged(netbox, "tenancy/contact-roles")
    return netbox.new(
        "tenancy/contact-assignments", {"contact": contact["id"], "role": role, **_on(kind, number, "object")}
    )


def image_attachment(netbox: NetBox, kind: str, number: int) -> Json:
    # The smallest GIF there is.
    gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    gif += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    answer = netbox.http.post(
        "/api/extras/image-attachments/",
        data={"name": netbox.name("image"), **{k: str(v) for k, v in _on(kind, number, "object").items()}},
        files={"image": (f"{netbox.name('image')}.gif", gif, "image/gif")},
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    netbox.created.append(f"extras/image-attachments/{made['id']}/")
    return made


def inventory_item(netbox: NetBox, kind: str, number: int) -> Json:
    device = netbox.get(f"dcim/interfaces/{number}/")["device"]["id"]
    body = {"device": device, "name": netbox.name("sfp"), **_on(kind, number, "component")}
    return netbox.new("dcim/inventory-items", body)


def virtual_circuit_termination(netbox: NetBox, kind: str, number: int) -> Json:
    provider = _slugged(netbox, "circuits/providers")
    network = netbox.new("circuits/provider-networks", {"name": netbox.name("net"), "provider": provider})
    circuit = netbox.new(
        "circuits/virtual-circuits",
        {
            "cid": netbox.name("vc"),
            "provider_network": network["id"],
            "type": _slugged(netbox, "circuits/virtual-circuit-types"),
            "status": "active",
        },
    )
    body = {"virtual_circuit": circuit["id"], "role": "peer", "interface": number}
    return netbox.new("circuits/virtual-circuit-terminations", body)


def service(netbox: NetBox, kind: str, number: int) -> Json:
    if netbox.version >= (4, 3):
        parent = _on(kind, number, "parent_object")
    else:
        parent = {"device" if kind == "dcim.device" else "virtual_machine": number}
    return netbox.new("ipam/services", {"name": "ssh", "protocol": "tcp", "ports": [22], **parent})


# What is deleted along: (what hangs, how it is made, on which types; None: on all that are asked).
CASCADES: dict[str, tuple[str, Make, tuple[str, ...]]] = {
    "tunnel termination": (
        "vpn/tunnel-terminations",
        tunnel_termination,
        ("dcim.interface", "virtualization.vminterface"),
    ),
    "L2VPN termination": (
        "vpn/l2vpn-terminations",
        l2vpn_termination,
        ("dcim.interface", "virtualization.vminterface", "ipam.vlan"),
    ),
    "FHRP group assignment": (
        "ipam/fhrp-group-assignments",
        fhrp_assignment,
        ("dcim.interface", "virtualization.vminterface"),
    ),
    "inventory item": ("dcim/inventory-items", inventory_item, ("dcim.interface",)),
    "virtual circuit termination": (
        "circuits/virtual-circuit-terminations",
        virtual_circuit_termination,
        ("dcim.interface",),
    ),
    "journal entry": (
        "extras/journal-entries",
        journal_entry,
        (
            *("dcim.interface", "virtualization.vminterface", "virtualization.virtualmachine"),
            *("ipam.ipaddress", "dcim.macaddress", "ipam.vlan", "dcim.device", "virtualization.virtualdisk"),
        ),
    ),
    "bookmark": (
        "extras/bookmarks",
        bookmark,
        ("dcim.interface", "virtualization.virtualmachine", "ipam.ipaddress", "dcim.device"),
    ),
    "subscription": (
        "extras/subscriptions",
        subscription,
        ("dcim.interface", "virtualization.virtualmachine", "dcim.device"),
    ),
    "contact assignment": (
        "tenancy/contact-assignments",
        contact_assignment,
        (
            *("virtualization.virtualmachine", "ipam.ipaddress", "dcim.device", "virtualization.cluster"),
            *("dcim.site", "dcim.manufacturer"),
        ),
    ),
    "image attachment": (
        "extras/image-attachments",
        image_attachment,
        ("virtualization.virtualmachine", "dcim.device", "dcim.devicetype", "dcim.site"),
    ),
    "service": ("ipam/services", service, ("virtualization.virtualmachine", "dcim.device")),
}


def new_object(netbox: NetBox, kind: str) -> tuple[str, Json]:
    """One object of a type that this product deletes: (its list endpoint, the object)."""
    match kind:
        case "dcim.interface":
            return "dcim/interfaces", netbox.interface(netbox.device(), "vpn0", "virtual")
        case "virtualization.vminterface":
            body = {"virtual_machine": netbox.vm()["id"], "name": "net0"}
            return "virtualization/interfaces", netbox.new("virtualization/interfaces", body)
        case "virtualization.virtualmachine":
            return "virtualization/virtual-machines", netbox.vm()
        case "virtualization.virtualdisk":
            body = {"virtual_machine": netbox.vm()["id"], "name": "scsi0", "size": 1}
            return "virtualization/virtual-disks", netbox.new("virtualization/virtual-disks", body)
        case "ipam.ipaddress":
            return "ipam/ip-addresses", netbox.ip("10.9.0.1/24")
        case "dcim.macaddress":
            return "dcim/mac-addresses", netbox.mac("02:00:5e:90:00:01")
        case "ipam.vlan":
            return "ipam/vlans", netbox.vlan()
        case "dcim.device":
            return "dcim/devices", netbox.device()
        case "dcim.site":
            return "dcim/sites", netbox.site()
        case "virtualization.cluster":
            return "virtualization/clusters", netbox.cluster()
        case "dcim.manufacturer":
            body = {"name": netbox.name("maker"), "slug": netbox.name("maker")}
            return "dcim/manufacturers", netbox.new("dcim/manufacturers", body)
        case "dcim.devicetype":
            _, maker = new_object(netbox, "dcim.manufacturer")
            body = {"manufacturer": maker["id"], "model": netbox.name("m"), "slug": netbox.name("m")}
            return "dcim/device-types", netbox.new("dcim/device-types", body)
    raise AssertionError(kind)
