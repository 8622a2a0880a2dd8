"""Addresses, VLANs, links, locations, VRFs and poller groups, as the releases answer them."""

from netbox_sync_lab.librenms.answers import (
    Call,
    Document,
    EmptyAnswer,
    check_sight,
    coordinate,
    error,
    forbidden,
    found,
    host_id,
    need_global_read,
    ok,
)
from netbox_sync_lab.librenms.schema import Row


def _v4(call: Call) -> list[Row]:
    return [_address(call, r, "ipv4_network_id") for r in call.state.ipv4_addresses]


def _v6(call: Call) -> list[Row]:
    return [_address(call, r, "ipv6_network_id") for r in call.state.ipv6_addresses]


def _address(call: Call, row: Row, network: str) -> Row:
    return dict(row) if call.since(25) else row | {network: str(row[network])}


def list_addresses(call: Call) -> Document:
    # From 26.7 on the policy lets a restricted user in, and the list is not narrowed to the own devices.
    if not call.policies:
        need_global_read(call)
    return ok("ip_addresses", found(_v4(call) + _v6(call), "IP addresses do not exist"))


def list_addresses_of_family(call: Call) -> Document:
    if not call.policies:
        need_global_read(call)
    family = call.args["family"]
    if family == "ipv4":
        return ok("ip_addresses", found(_v4(call), "IPv4 Addresses do not exist"))
    if family == "ipv6":
        return ok("ip_addresses", found(_v6(call), "IPv6 Addresses do not exist"))
    raise EmptyAnswer


def _vlan(call: Call, row: Row) -> Row:
    if call.since(25, 8):
        return dict(row)
    return {c: v for c, v in row.items() if c != "vlan_state"} | {"vlan_mtu": None}


def list_vlans(call: Call) -> Document:
    if call.policies:
        need_global_read(call)
    device_id = host_id(call, call.query.get("hostname"))
    rows = call.only_own(call.state.vlans)
    if device_id is not None:
        rows = [r for r in rows if r["device_id"] == device_id]
    return ok("vlans", [_vlan(call, r) for r in found(rows, "VLANs do not exist")])


def list_device_vlans(call: Call) -> Document:
    device = call.state.device(call.args["host"])
    if device is None:
        raise error(404, f"Device {call.args['host']} not found")
    check_sight(call, device["device_id"])
    rows = [r for r in call.state.vlans if r["device_id"] == device["device_id"]]
    keys = ("vlan_vlan", "vlan_domain", "vlan_name", "vlan_type", "vlan_state", "vlan_mtu")
    vlans = [_vlan(call, r) for r in rows]
    return ok("vlans", [{k: r[k] for k in keys if k in r} for r in vlans])


def list_links(call: Call) -> Document:
    rows = call.only_own(call.state.links, "local_device_id")
    if "host" in call.args:
        device_id = host_id(call, call.args["host"])
        check_sight(call, device_id)
        if device_id is not None:
            rows = [r for r in rows if r["local_device_id"] == device_id]
    return ok("links", [dict(r) for r in found(rows, "Links do not exist")])


def list_locations(call: Call) -> Document:
    if not call.policies:
        need_global_read(call)
    rows = found(call.state.locations, "Locations do not exist")
    return ok(
        "locations",
        [r | {"lat": coordinate(call, r["lat"]), "lng": coordinate(call, r["lng"])} for r in rows],
    )


def list_vrfs(call: Call) -> Document:
    if call.policies:
        need_global_read(call)
    device_id = host_id(call, call.query.get("hostname"))
    rows = [r for r in call.only_own(call.state.vrfs) if r["vrf_name"] is not None]
    if device_id is not None:
        rows = [r for r in rows if r["device_id"] == device_id]
    return ok("vrfs", [dict(r) for r in found(rows, "VRFs do not exist")])


def poller_groups(call: Call) -> Document:
    # 23.11 asks for an administrator; the releases with policies are content with global-read.
    if call.access.role != "admin" and not (call.access.role == "global-read" and call.policies):
        raise forbidden()
    name = call.args.get("name", "0")
    if name == "0":
        return ok("get_poller_group", [dict(r) for r in call.state.poller_groups], count=False)
    for row in call.state.poller_groups:
        if str(row["id"]) == name or row["group_name"] == name:
            return ok("get_poller_group", dict(row), count=False)
    raise error(404, "Poller Group does not exist")
