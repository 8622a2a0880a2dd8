"""What NetBox checks and completes for IPAM objects beyond single fields."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .schema import Row, fail
from .store import Store, parse_ip

if TYPE_CHECKING:
    from .session import Session

LOCATION_SCOPES = ("dcim.region", "dcim.sitegroup", "dcim.site", "dcim.location")
VLAN_GROUP_SCOPES = (*LOCATION_SCOPES, "dcim.rack", "virtualization.clustergroup", "virtualization.cluster")
IP_ASSIGNMENT = ("dcim.interface", "virtualization.vminterface", "ipam.fhrpgroup")
ROLES_THAT_MAY_REPEAT = ("anycast", "vip", "vrrp", "hsrp", "glbp", "carp")


def cache_scope(session: Session, row: Row, old: Row | None) -> None:
    """Keep the site and location that a scope stands for."""
    row["_site"] = row["_location"] = None
    if row["scope_type"] == "dcim.site":
        row["_site"] = row["scope_id"]
    elif row["scope_type"] == "dcim.location":
        row["_location"] = row["scope_id"]
        row["_site"] = session.store.ref("dcim.location", row["scope_id"])["site"]


# VLANs


def total_vids(store: Store, row: Row) -> int:
    return sum(high - low + 1 for low, high in row["vid_ranges"])


def utilization(store: Store, row: Row) -> str:
    """Share of the group's VLAN ids in use, in percent."""
    total = total_vids(store, row)
    return str(
        round(100 * len(store.referring("ipam.vlan", "group", row["id"])) / total, 2) if total else 0.0
    )


def ranges_text(ranges: list[list[int]]) -> str:
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def clean_vlan_group(session: Session, row: Row, old: Row | None) -> None:
    if row["scope_type"] and not row["scope_id"]:
        raise fail("__all__", "Cannot set scope_type without scope_id.")
    if row["scope_id"] and not row["scope_type"]:
        raise fail("__all__", "Cannot set scope_id without scope_type.")
    for low, high in row["vid_ranges"]:
        if low < 1:
            raise fail("vid_ranges", f"Starting VLAN ID in range ({low}) cannot be less than 1")
        if high > 4094:
            raise fail("vid_ranges", f"Ending VLAN ID in range ({high}) cannot exceed 4094")
        if low > high:
            raise fail(
                "vid_ranges",
                f"Ending VLAN ID in range must be greater than or equal to the starting VLAN ID ({low}-{high})",
            )
    ordered = sorted(row["vid_ranges"])
    if any(b[0] <= a[1] for a, b in pairwise(ordered)):
        raise fail("vid_ranges", "Ranges cannot overlap.")


def clean_vlan(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    group = store.get("ipam.vlangroup", row["group"])
    if group is not None and row["site"] is not None:
        site = store.ref("dcim.site", row["site"])
        if group["scope_type"] == "dcim.site" and group["scope_id"] != row["site"]:
            scope = store.ref("dcim.site", group["scope_id"])
            raise fail(
                "__all__",
                f"VLAN is assigned to group {group['name']} (scope: {scope['name']}); cannot also assign to site "
                f"{site['name']}.",
            )
        if group["scope_type"] == "dcim.sitegroup" and site["group"] != group["scope_id"]:
            scope = store.ref("dcim.sitegroup", group["scope_id"])
            raise fail(
                "__all__",
                f"The assigned site {site['name']} is not a member of the assigned group {group['name']} (scope: "
                f"{scope['name']}).",
            )
    if group is not None and not any(low <= row["vid"] <= high for low, high in group["vid_ranges"]):
        raise fail(
            "vid",
            f"VID must be in ranges {ranges_text(group['vid_ranges'])} for VLANs in group {group['name']}",
        )
    if row["qinq_svlan"] is not None and row["qinq_role"] != "cvlan":
        raise fail("qinq_svlan", "Only Q-in-Q customer VLANs maybe assigned to a service VLAN.")
    if row["qinq_role"] == "cvlan" and row["qinq_svlan"] is None:
        raise fail("qinq_role", "A Q-in-Q customer VLAN must be assigned to a service VLAN.")


# Prefixes


def _network(row: Row) -> Any:
    return ip_network(row["prefix"])


def _same_table(store: Store, row: Row) -> list[Row]:
    if row["vrf"] is None:
        return [r for r in store.rows("ipam.prefix") if r["vrf"] is None]
    return store.referring_rows("ipam.prefix", "vrf", row["vrf"])


def prefix_children(store: Store, row: Row) -> int:
    mine = _network(row)
    return sum(
        1
        for r in _same_table(store, row)
        if r["id"] != row["id"]
        and (other := _network(r)).version == mine.version
        and other.prefixlen > mine.prefixlen
        and other.subnet_of(mine)
    )


def prefix_depth(store: Store, row: Row) -> int:
    mine = _network(row)
    return sum(
        1
        for r in _same_table(store, row)
        if (other := _network(r)).version == mine.version
        and other.prefixlen < mine.prefixlen
        and mine.subnet_of(other)
    )


def clean_prefix(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    network = _network(row)
    if network.prefixlen == 0:
        raise fail("prefix", "Cannot create prefix with /0 mask.")
    vrf = store.get("ipam.vrf", row["vrf"])
    if store.enforce_global_unique if vrf is None else vrf["enforce_unique"]:
        for other in _same_table(store, row):
            if other["id"] != row.get("id") and other["prefix"] == row["prefix"]:
                table = f"VRF {session.display('ipam.vrf', vrf)}" if vrf else "global table"
                raise fail("prefix", f"Duplicate prefix found in {table}: {other['prefix']}")


# IP ranges


def range_size(store: Store, row: Row) -> int:
    return int(parse_ip(row["end_address"]).ip) - int(parse_ip(row["start_address"]).ip) + 1


def range_name(store: Store, row: Row) -> str:
    """``10.0.0.10-20/24``: of the last address only what differs."""
    start, end = parse_ip(row["start_address"]), parse_ip(row["end_address"])
    separator = "." if start.version == 4 else ":"
    first, last = str(start.ip).split(separator), str(end.ip).split(separator)
    while len(last) > 1 and first[0] == last[0] and len(first) == len(last):
        first, last = first[1:], last[1:]
    return f"{start.ip}-{separator.join(last)}/{start.network.prefixlen}"


def clean_ip_range(session: Session, row: Row, old: Row | None) -> None:
    start, end = parse_ip(row["start_address"]), parse_ip(row["end_address"])
    if start.version != end.version:
        raise fail("end_address", "Starting and ending IP address versions must match")
    if start.network.prefixlen != end.network.prefixlen:
        raise fail("end_address", "Starting and ending IP address masks must match")
    if int(end.ip) < int(start.ip):
        raise fail("end_address", f"Ending address must be greater than the starting address ({start})")


def populated_range(store: Store, row: Row) -> Row | None:
    """The IP range that is marked as populated and has this address, whatever the masks."""
    address = parse_ip(row["address"])
    for other in store.rows("ipam.iprange"):
        start, end = parse_ip(other["start_address"]), parse_ip(other["end_address"])
        if (
            other["mark_populated"]
            and other["vrf"] == row["vrf"]
            and start.version == address.version
            and int(start.ip) <= int(address.ip) <= int(end.ip)
        ):
            return other
    return None


# IP addresses


def nat_outside(store: Store, row: Row) -> list[tuple[str, int, str]]:
    outside = store.referring_rows("ipam.ipaddress", "nat_inside", row["id"])
    return [("ipam.ipaddress", r["id"], "nested") for r in outside]


def lower_dns_name(session: Session, row: Row, old: Row | None) -> None:
    row["dns_name"] = row["dns_name"].lower()


def parent_of(store: Store, content_type: str | None, object_id: int | None) -> tuple[str, int] | None:
    """The device or VM behind an assigned interface."""
    if content_type is None or object_id is None:
        return None
    row = store.get(content_type, object_id) if content_type in store.models else None
    if row is None:
        return None
    if content_type == "dcim.interface":
        return ("dcim.device", row["device"])
    return ("virtualization.virtualmachine", row["virtual_machine"])


def clean_ip_address(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    address = parse_ip(row["address"])
    width = address.network.prefixlen
    if width == 0:
        raise fail("address", "Cannot create IP address with /0 mask.")
    if row["assigned_object_type"] is not None:
        tiny = (31, 32) if address.version == 4 else (127, 128)
        if address.ip == address.network.network_address and width not in tiny:
            raise fail("__all__", f"{address.ip} is a network ID, which may not be assigned to an interface.")
        if address.version == 4 and address.ip == address.network.broadcast_address and width not in tiny:
            raise fail(
                "__all__", f"{address.ip} is a broadcast address, which may not be assigned to an interface."
            )
    vrf = store.get("ipam.vrf", row["vrf"])
    if store.enforce_global_unique if vrf is None else vrf["enforce_unique"]:
        twins = [
            r
            for r in store.referring_rows("ipam.ipaddress", "@host", address.ip)
            if r["id"] != row.get("id") and r["vrf"] == row["vrf"]
        ]
        if twins and (
            row["role"] not in ROLES_THAT_MAY_REPEAT
            or any(r["role"] not in ROLES_THAT_MAY_REPEAT for r in twins)
        ):
            table = f"VRF {session.display('ipam.vrf', vrf)}" if vrf else "global table"
            twin = min(twins, key=lambda r: store.sort_key("ipam.ipaddress", "address", r))
            raise fail("address", f"Duplicate IP address found in {table}: {twin['address']}")
    if old is None and (other := populated_range(store, row)) is not None:
        raise fail("address", f"Cannot create IP address {address} inside range {range_name(store, other)}.")
    if old is not None and old["assigned_object_type"] is not None:
        _check_reassignment(store, row, old, address.version)
    if row["status"] == "slaac" and address.version != 6:
        raise fail("status", "Only IPv6 addresses can be assigned SLAAC status")


def _check_reassignment(store: Store, row: Row, old: Row, version: int) -> None:
    before = parent_of(store, old["assigned_object_type"], old["assigned_object_id"])
    after = parent_of(store, row["assigned_object_type"], row["assigned_object_id"])
    if before is None or before == after:
        return
    parent = store.ref(*before)
    if parent[f"primary_ip{version}"] == row["id"]:
        raise fail(
            "__all__",
            "Cannot reassign IP address while it is designated as the primary IP for the parent object",
        )
    if parent.get("oob_ip") == row["id"]:
        raise fail(
            "__all__", "Cannot reassign IP address while it is designated as the OOB IP for the parent object"
        )


def clear_primary_ip(session: Session, row: Row) -> None:
    """Before an address goes, the devices and VMs that have it as primary or out-of-band address are saved without."""
    store = session.store
    column = f"primary_ip{parse_ip(row['address']).version}"
    for label in ("dcim.device", "virtualization.virtualmachine"):
        for parent in store.referring_rows(label, column, row["id"]):
            session.resave(label, parent["id"], **{column: None})
    for device in store.referring_rows("dcim.device", "oob_ip", row["id"]):
        session.resave("dcim.device", device["id"], oob_ip=None)
