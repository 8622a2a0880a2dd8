"""What NetBox checks and completes for clusters, VMs, their interfaces and disks, and for interfaces in general."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .new_rows import blank
from .schema import Row, ValidationFailed, fail
from .store import Store, parse_ip

if TYPE_CHECKING:
    from .session import Session

VM = "virtualization.virtualmachine"
PRIMARY_IP_FIELDS = (
    "id",
    "url",
    "display",
    "family",
    "address",
    "nat_inside",
    "nat_outside",
    "dns_name",
    "description",
)


# Clusters


def allocated(column: str) -> Any:
    def compute(store: Store, row: Row) -> Any:
        values = [r[column] for r in store.referring_rows(VM, "cluster", row["id"]) if r[column] is not None]
        if not values:
            return None
        return float(sum(values, Decimal(0))) if column == "vcpus" else sum(values)

    return compute


def clean_cluster(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    if old is None or row["scope_type"] not in ("dcim.site", "dcim.location"):
        return
    hosts = store.referring_rows("dcim.device", "cluster", row["id"])
    if row["scope_type"] == "dcim.location":
        location = store.ref("dcim.location", row["scope_id"])
        site_id, place = location["site"], location
    else:
        site_id, place = row["scope_id"], None
    outside = sum(1 for d in hosts if d["site"] != site_id)
    if outside:
        site = store.ref("dcim.site", site_id)
        raise fail(
            "scope",
            f"{outside} devices are assigned as hosts for this cluster but are not in site {site['name']}",
        )
    if place is not None:
        outside = sum(1 for d in hosts if d["location"] != place["id"])
        if outside:
            raise fail(
                "scope",
                f"{outside} devices are assigned as hosts for this cluster but are not in location {place['name']}",
            )


def push_site_to_vms(session: Session, row: Row, old: Row | None) -> None:
    if row["_site"] is None:
        return
    for vm in session.store.referring_rows(VM, "cluster", row["id"]):
        if vm["site"] != row["_site"]:
            session.update(VM, vm["id"], site=row["_site"])


# Virtual machines


def primary_ip(store: Store, row: Row) -> tuple[Any, ...] | None:
    """IPv6 before IPv4, which is NetBox's default (PREFER_IPV4 off)."""
    pk = row["primary_ip6"] if row["primary_ip6"] is not None else row["primary_ip4"]
    return None if pk is None else ("ipam.ipaddress", pk, PRIMARY_IP_FIELDS)


def interface_count(store: Store, row: Row) -> int:
    return len(store.referring("virtualization.vminterface", "virtual_machine", row["id"]))


def disk_count(store: Store, row: Row) -> int:
    return len(store.referring("virtualization.virtualdisk", "virtual_machine", row["id"]))


def clean_virtual_machine(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    site = store.get("dcim.site", row["site"])
    cluster = store.get("virtualization.cluster", row["cluster"])
    device = store.get("dcim.device", row["device"])
    if site is None and cluster is None and device is None:
        raise fail("__all__", "A virtual machine must be assigned to a site, cluster, or device.")
    if cluster and site and cluster["_site"] is not None and cluster["_site"] != site["id"]:
        raise fail(
            "cluster",
            f"The selected cluster ({cluster['name']}) is not assigned to this site ({site['name']}).",
        )
    if device and site and device["site"] != site["id"]:
        name = session.display("dcim.device", device)
        raise fail("site", f"The selected device ({name}) is not assigned to this site ({site['name']}).")
    if device and not cluster and device["cluster"] is not None:
        name = session.display("dcim.device", device)
        other = store.ref("virtualization.cluster", device["cluster"])
        raise fail(
            "cluster",
            f"Must specify the assigned device's cluster ({other['name']}) when assigning host device {name}.",
        )
    if device and cluster and device["cluster"] != cluster["id"]:
        name = session.display("dcim.device", device)
        raise fail(
            "device", f"The selected device ({name}) is not assigned to this cluster ({cluster['name']})."
        )
    if old is not None:
        _check_disk(session, row)
    for version in (4, 6):
        _check_primary(store, row, version)


def _check_disk(session: Session, row: Row) -> None:
    disks = session.store.referring_rows("virtualization.virtualdisk", "virtual_machine", row["id"])
    total = sum(d["size"] for d in disks)
    if total and row["disk"] is None:
        # NetBox fills it in before it stores the request's own null over it.
        if "disk" not in session.given:
            row["disk"] = total
    elif total and row["disk"] != total:
        raise fail(
            "disk",
            f"The specified disk size ({row['disk']}) must match the aggregate size of assigned virtual disks "
            f"({total}).",
        )


def _check_primary(store: Store, row: Row, version: int) -> None:
    column = f"primary_ip{version}"
    ip = store.get("ipam.ipaddress", row[column])
    if ip is None:
        return
    actual = parse_ip(ip["address"]).version
    if actual != version:
        raise fail(column, f"Must be an IPv{version} address. ({ip['address']} is an IPv{actual} address.)")
    for candidate in (ip, store.get("ipam.ipaddress", ip["nat_inside"])):
        if candidate is None or candidate["assigned_object_type"] != "virtualization.vminterface":
            continue
        interface = store.get("virtualization.vminterface", candidate["assigned_object_id"])
        if interface is not None and interface["virtual_machine"] == row.get("id"):
            return
    raise fail(column, f"The specified IP address ({ip['address']}) is not assigned to this VM.")


def complete_virtual_machine(session: Session, row: Row, old: Row | None) -> None:
    """The site follows the cluster or the device; a new VM takes what it lacks from its type."""
    store = session.store
    if row["site"] is None:
        if row["cluster"] is not None:
            row["site"] = store.ref("virtualization.cluster", row["cluster"])["_site"]
        if row["site"] is None and row["device"] is not None:
            row["site"] = store.ref("dcim.device", row["device"])["site"]
    kind = store.get("virtualization.virtualmachinetype", row["virtual_machine_type"])
    if old is None and kind is not None:
        for column in ("platform", "vcpus", "memory"):
            if row[column] is None:
                row[column] = kind[f"default_{column}"]


# Disks


def _store_disk_total(session: Session, vm_id: int) -> None:
    disks = session.store.referring_rows("virtualization.virtualdisk", "virtual_machine", vm_id)
    session.update(VM, vm_id, disk=sum(d["size"] for d in disks) if disks else None)


def sum_disks(session: Session, row: Row, old: Row | None) -> None:
    """A VM's disk size follows its virtual disks without counting as a change of the VM."""
    _store_disk_total(session, row["virtual_machine"])


def sum_disks_after_delete(session: Session, row: Row) -> None:
    if session.store.get(VM, row["virtual_machine"]) is not None:
        _store_disk_total(session, row["virtual_machine"])


# Interfaces, of devices and of VMs


def mac_address(store: Store, row: Row) -> str | None:
    if row["primary_mac_address"] is None:
        return None
    return str(store.ref("dcim.macaddress", row["primary_mac_address"])["mac_address"])


def is_primary(store: Store, row: Row) -> bool:
    holder = (
        store.get(row["assigned_object_type"], row["assigned_object_id"])
        if row["assigned_object_type"]
        else None
    )
    return holder is not None and holder["primary_mac_address"] == row["id"]


def mac_addresses(label: str) -> Any:
    def compute(store: Store, row: Row) -> list[tuple[str, int]]:
        rows = store.assigned("dcim.macaddress", "assigned_object_type", label, row["id"])
        rows.sort(key=lambda r: (r["mac_address"], r["id"]))
        return [("dcim.macaddress", r["id"]) for r in rows]

    return compute


def ip_count(label: str) -> Any:
    def compute(store: Store, row: Row) -> int:
        return len(store.referring("ipam.ipaddress", "assigned_object_type+id", (label, row["id"])))

    return compute


def interface_label(row: Row) -> str:
    return "dcim.interface" if "device" in row else "virtualization.vminterface"


def check_base_interface(session: Session, row: Row) -> None:
    """Rules that device and VM interfaces share."""
    store = session.store
    if row["qinq_svlan"] is not None and row["mode"] != "q-in-q":
        raise fail("qinq_svlan", "Only Q-in-Q interfaces may specify a service VLAN.")
    mac = store.get("dcim.macaddress", row["primary_mac_address"])
    if mac is None:
        return
    strict = session.version >= (4, 7)
    if mac["assigned_object_type"] is not None:
        holder = (mac["assigned_object_type"], mac["assigned_object_id"])
        if holder != (interface_label(row), row.get("id")):
            name = session.display(holder[0], store.ref(*holder))
            raise fail(
                "__all__" if strict else "primary_mac_address",
                f"MAC address {mac['mac_address']} is assigned to a different interface ({name}).",
            )
    elif strict and row.get("id") is not None:
        raise fail("__all__", "Only a MAC address assigned to this interface can be its primary MAC address.")


def check_mac_shortcut(store: Store, data: Row) -> None:
    """``mac_address`` of an interface: well-formed, and none other than its ``primary_mac_address``."""
    text = data.get("mac_address")
    digits = None if text is None else re.sub("[^0-9a-f]", "", text.lower())
    if "mac_address" in data and "primary_mac_address" in data and (digits is None or len(digits) == 12):
        primary = store.get("dcim.macaddress", data["primary_mac_address"])
        if digits != (None if primary is None else primary["mac_address"].replace(":", "").lower()):
            raise fail("__all__", "The provided 'mac_address' and 'primary_mac_address' values conflict.")
    if digits is not None and len(digits) != 12:
        raise fail("mac_address", "Enter a valid MAC address (e.g. 00:11:22:33:44:55).")


def set_primary_mac(session: Session, row: Row, given: Row) -> None:
    """From 4.7 on: an address of the interface that is there already, or a new one, becomes its primary one."""
    label, text = interface_label(row), given["mac_address"]
    mac = None
    if text is not None:
        digits = re.sub("[^0-9a-f]", "", text.lower()).upper()
        address = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
        own = session.store.assigned("dcim.macaddress", "assigned_object_type", label, row["id"])
        mac = next((r["id"] for r in own if r["mac_address"] == address), None)
        if mac is None:
            mac = session.store.new_id("dcim.macaddress")
            new = blank(session, session.store.models["dcim.macaddress"])
            new |= {"id": mac, "mac_address": address, "assigned_object_type": label}
            session.save("dcim.macaddress", new | {"assigned_object_id": row["id"]}, None)
    if row["primary_mac_address"] != mac:
        session.resave(label, row["id"], primary_mac_address=mac)


def drop_vlans_without_mode(session: Session, row: Row, old: Row | None) -> None:
    if not row["mode"]:
        row["untagged_vlan"] = None
    # Tagged VLANs given in the same request are set after the save, so only those from before are dropped.
    if old is not None and row["mode"] != "tagged" and "tagged_vlans" not in session.given:
        row["tagged_vlans"] = []


def assign_new_primary_mac(session: Session, row: Row, old: Row | None) -> None:
    """A new interface's primary MAC becomes assigned to it."""
    if old is None and row["primary_mac_address"] is not None:
        session.resave(
            "dcim.macaddress",
            row["primary_mac_address"],
            assigned_object_type=interface_label(row),
            assigned_object_id=row["id"],
        )


def validate_vm_interface(session: Session, data: dict[str, Any], old: Row | None) -> None:
    store = session.store
    check_mac_shortcut(store, data)
    vm = store.ref(VM, old["virtual_machine"] if old is not None else data["virtual_machine"])
    for pk in data.get("tagged_vlans", ()):
        vlan = store.ref("ipam.vlan", pk)
        if vlan["site"] not in (vm["site"], None):
            raise ValidationFailed(
                {
                    "tagged_vlans": [
                        f"VLAN {session.display('ipam.vlan', vlan)} must belong to the same site as the interface's "
                        "parent virtual machine, or it must be global."
                    ]
                }
            )


def clean_vm_interface(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    check_base_interface(session, row)
    if old is not None and row["parent"] == row["id"]:
        raise fail("parent", "An interface cannot be its own parent.")
    if old is not None and row["bridge"] == row["id"]:
        raise fail("bridge", "An interface cannot be bridged to itself.")
    for column in ("parent", "bridge"):
        other = store.get("virtualization.vminterface", row[column])
        if other is not None and other["virtual_machine"] != row["virtual_machine"]:
            vm = store.ref(VM, other["virtual_machine"])
            raise fail(
                column,
                f"The selected {column} interface ({other['name']}) belongs to a different virtual machine "
                f"({vm['name']}).",
            )
    vlan = store.get("ipam.vlan", row["untagged_vlan"])
    vm = store.ref(VM, row["virtual_machine"])
    if vlan is not None and vlan["site"] not in (vm["site"], None):
        raise fail(
            "untagged_vlan",
            f"The untagged VLAN ({session.display('ipam.vlan', vlan)}) must belong to the same site as the "
            "interface's parent virtual machine, or it must be global.",
        )
