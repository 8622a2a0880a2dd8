"""VLANs, VRFs, prefixes and IP addresses."""

from __future__ import annotations

from typing import Any

import pytest


def same(answer: Any, field: str, message: str) -> None:
    assert answer == {field: [message]}


@pytest.mark.differs("4.2")
def test_vlan_groups(netbox: Any) -> None:
    site = netbox.site()
    body = {
        "name": netbox.name("grp"),
        "slug": netbox.name("grp"),
        "scope_type": "dcim.site",
        "scope_id": site["id"],
    }
    group = netbox.new("ipam/vlan-groups", {**body, "vid_ranges": [[10, 20], [30, 30]]})
    assert (group["vid_ranges"], group["total_vlan_ids"], group["utilization"]) == (
        [[10, 20], [30, 30]],
        12,
        "0.0",
    )
    assert group["scope"]["name"] == site["name"]
    same(
        netbox.refused("POST", "ipam/vlan-groups/", {**body, "slug": netbox.name()}),
        "__all__",
        "VLAN group with this Scope type, Scope id and Name already exists.",
    )
    for ranges, message in (
        ([[10, 20], [15, 30]], "Ranges cannot overlap."),
        ([[0, 20]], "Starting VLAN ID in range (0) cannot be less than 1"),
        ([[1, 5000]], "Ending VLAN ID in range (5000) cannot exceed 4094"),
    ):
        same(
            netbox.refused("PATCH", f"ipam/vlan-groups/{group['id']}/", {"vid_ranges": ranges}),
            "vid_ranges",
            message,
        )
    default = netbox.new("ipam/vlan-groups", {"name": netbox.name(), "slug": netbox.name()})
    assert default["vid_ranges"] == [[1, 4094]]
    netbox.vlan(10, group=group["id"])
    netbox.vlan(11, group=group["id"])
    netbox.vlan(12, group=group["id"])
    shown = netbox.get(f"ipam/vlan-groups/{group['id']}/")
    assert (shown["vlan_count"], shown["utilization"]) == (3, "25.0")


def test_vlans(netbox: Any) -> None:
    group = netbox.new(
        "ipam/vlan-groups", {"name": netbox.name("g"), "slug": netbox.name(), "vid_ranges": [[10, 20]]}
    )
    vlan = netbox.vlan(10, group=group["id"])
    assert vlan["display"] == f"{vlan['name']} (10)"
    body = {"vid": 10, "name": vlan["name"], "group": group["id"]}
    assert netbox.refused("POST", "ipam/vlans/", body) == {
        "__all__": [
            "VLAN with this Group and VLAN ID already exists.",
            "VLAN with this Group and Name already exists.",
        ]
    }
    same(
        netbox.refused("POST", "ipam/vlans/", {**body, "vid": 25, "name": "b"}),
        "vid",
        f"VID must be in ranges 10-20 for VLANs in group {group['name']}",
    )
    same(
        netbox.refused("POST", "ipam/vlans/", {"vid": 4095, "name": "b"}),
        "vid",
        "Ensure this value is less than or equal to 4094.",
    )
    same(
        netbox.refused("POST", "ipam/vlans/", {"vid": 0, "name": "b"}),
        "vid",
        "Ensure this value is greater than or equal to 1.",
    )
    same(
        netbox.refused("POST", "ipam/vlans/", {"vid": 1, "name": "x" * 65}),
        "name",
        "Ensure this field has no more than 64 characters.",
    )
    free = netbox.vlan(10)
    twin = netbox.new("ipam/vlans", {"vid": 10, "name": free["name"]})
    assert twin["id"] != free["id"]
    site, other = netbox.site(), netbox.site()
    scoped = netbox.new(
        "ipam/vlan-groups",
        {"name": netbox.name("s"), "slug": netbox.name(), "scope_type": "dcim.site", "scope_id": site["id"]},
    )
    same(
        netbox.refused(
            "POST", "ipam/vlans/", {"vid": 1, "name": "b", "group": scoped["id"], "site": other["id"]}
        ),
        "__all__",
        f"VLAN is assigned to group {scoped['name']} (scope: {site['name']}); cannot also assign to site {other['name']}.",
    )


def test_vlans_are_listed_by_site_group_and_number(netbox: Any) -> None:
    site = netbox.site()
    group = netbox.new("ipam/vlan-groups", {"name": netbox.name("g"), "slug": netbox.name()})
    tag = netbox.tag()
    made = [
        netbox.vlan(vid, tags=[tag["id"]], **fields)["id"]
        for vid, fields in ((30, {}), (20, {"group": group["id"]}), (10, {"site": site["id"]}), (5, {}))
    ]
    listed = [v["id"] for v in netbox.results(f"ipam/vlans/?tag={tag['slug']}")]
    assert listed == [made[2], made[1], made[3], made[0]]


@pytest.mark.parametrize("address", ["10.20.30.0/24", "2001:db8:5::/64"])
def test_network_addresses_are_refused_on_interfaces(netbox: Any, address: str) -> None:
    eth = netbox.interface(netbox.device())
    body = {"address": address, "assigned_object_type": "dcim.interface", "assigned_object_id": eth["id"]}
    same(
        netbox.refused("POST", "ipam/ip-addresses/", body),
        "__all__",
        f"{address.partition('/')[0]} is a network ID, which may not be assigned to an interface.",
    )


@pytest.mark.differs("4.2")
def test_what_addresses_refuse(netbox: Any) -> None:
    eth = netbox.interface(netbox.device())
    vrf = netbox.vrf()["id"]
    body = {"assigned_object_type": "dcim.interface", "assigned_object_id": eth["id"], "vrf": vrf}
    same(
        netbox.refused("POST", "ipam/ip-addresses/", {**body, "address": "10.20.30.255/24"}),
        "__all__",
        "10.20.30.255 is a broadcast address, which may not be assigned to an interface.",
    )
    for address, message in (
        ("zz", "Invalid IP address format: zz"),
        ("10.0.0.1/99", "Invalid IP address format: 10.0.0.1/99"),
        (5, "unexpected type <class 'int'> for addr arg"),
        ("10.0.0.1/0", "Cannot create IP address with /0 mask."),
    ):
        same(
            netbox.refused("POST", "ipam/ip-addresses/", {"address": address, "vrf": vrf}), "address", message
        )
    same(
        netbox.refused(
            "POST", "ipam/ip-addresses/", {"address": "10.1.1.1/24", "vrf": vrf, "status": "slaac"}
        ),
        "status",
        "Only IPv6 addresses can be assigned SLAAC status",
    )
    same(
        netbox.refused(
            "POST", "ipam/ip-addresses/", {"address": "10.1.1.1/24", "vrf": vrf, "dns_name": "a b"}
        ),
        "dns_name",
        "Only alphanumeric characters, asterisks, hyphens, periods, and underscores are allowed in DNS names",
    )
    for tiny in ("10.20.31.0/31", "10.20.31.1/31", "10.20.31.2/32", "2001:db8:6::/127", "2001:db8:6::5/128"):
        assert netbox.ip(tiny, eth)["address"] == tiny


def test_addresses_are_normalised(netbox: Any) -> None:
    assert netbox.ip("10.20.40.1")["address"] == "10.20.40.1/32"
    assert netbox.ip("2001:0DB8:0:0::00A/64")["address"] == "2001:db8::a/64"
    ip = netbox.ip("10.20.40.2/24", dns_name="Host.Example.NET", role="vip")
    assert ip["dns_name"] == "host.example.net"
    assert ip["role"] == {"value": "vip", "label": "VIP"}
    assert ip["family"] == {"value": 4, "label": "IPv4"}


def test_addresses_are_unique_in_the_global_table_and_in_vrfs_that_say_so(netbox: Any) -> None:
    host = int(netbox.mark[:4], 16)
    address = f"100.64.{host >> 8}.{(host & 255) or 1}"
    netbox.new("ipam/ip-addresses", {"address": f"{address}/24"})
    same(
        netbox.refused("POST", "ipam/ip-addresses/", {"address": f"{address}/16"}),
        "address",
        f"Duplicate IP address found in global table: {address}/24",
    )
    strict, loose = netbox.vrf(rd=netbox.mark), netbox.vrf(enforce_unique=False)
    netbox.ip(f"{address}/24", vrf=strict["id"])
    same(
        netbox.refused("POST", "ipam/ip-addresses/", {"address": f"{address}/24", "vrf": strict["id"]}),
        "address",
        f"Duplicate IP address found in VRF {strict['name']} ({netbox.mark}): {address}/24",
    )
    netbox.ip(f"{address}/24", vrf=loose["id"])
    netbox.ip(f"{address}/24", vrf=loose["id"])
    netbox.ip("10.77.0.1/24", vrf=strict["id"], role="vrrp")
    netbox.ip("10.77.0.1/24", vrf=strict["id"], role="vrrp")


@pytest.mark.differs("4.2")
def test_primary_addresses_of_devices(netbox: Any) -> None:
    device, other = netbox.device(), netbox.device()
    eth, second, far = netbox.interface(device), netbox.interface(device, "eth1"), netbox.interface(other)
    v4, v6 = netbox.ip("10.5.0.1/24", eth), netbox.ip("2001:db8:1::1/64", eth)
    foreign = netbox.ip("10.5.0.2/24", far)
    path = f"dcim/devices/{device['id']}/"
    same(
        netbox.refused("PATCH", path, {"primary_ip6": v4["id"]}),
        "primary_ip6",
        "10.5.0.1/24 is not an IPv6 address.",
    )
    same(
        netbox.refused("PATCH", path, {"primary_ip4": foreign["id"]}),
        "primary_ip4",
        "The specified IP address (10.5.0.2/24) is not assigned to this device.",
    )
    changed = netbox.patch(path, {"primary_ip4": v4["id"], "primary_ip6": v6["id"]})
    assert changed["primary_ip"]["id"] == v6["id"]
    assert set(changed["primary_ip4"]) == {
        "id", "url", "display", "family", "address", "nat_inside", "nat_outside", "dns_name", "description"
    }  # fmt: skip
    ip_path = f"ipam/ip-addresses/{v4['id']}/"
    stuck = "Cannot reassign IP address while it is designated as the primary IP for the parent object"
    same(
        netbox.refused("PATCH", ip_path, {"assigned_object_type": None, "assigned_object_id": None}),
        "__all__",
        stuck,
    )
    same(netbox.refused("PATCH", ip_path, {"assigned_object_id": far["id"]}), "__all__", stuck)
    moved = netbox.patch(ip_path, {"assigned_object_id": second["id"]})
    assert moved["assigned_object"]["name"] == "eth1"
    before = netbox.get(path)["last_updated"]
    netbox.delete(ip_path)
    after = netbox.get(path)
    assert (after["primary_ip4"], after["primary_ip"]["id"]) == (None, v6["id"])
    assert after["last_updated"] > before
    same(
        netbox.refused("PATCH", path, {"oob_ip": foreign["id"]}),
        "oob_ip",
        "The specified IP address (10.5.0.2/24) is not assigned to this device.",
    )
    netbox.patch(path, {"oob_ip": v6["id"], "primary_ip6": None})
    same(
        netbox.refused("PATCH", f"ipam/ip-addresses/{v6['id']}/", {"assigned_object_id": far["id"]}),
        "__all__",
        "Cannot reassign IP address while it is designated as the OOB IP for the parent object",
    )


@pytest.mark.differs("4.2")
def test_prefixes(netbox: Any) -> None:
    vrf = netbox.vrf()
    site = netbox.site()
    wide = netbox.new("ipam/prefixes", {"prefix": "10.0.0.0/8", "vrf": vrf["id"]})
    narrow = netbox.new(
        "ipam/prefixes",
        {"prefix": "10.1.0.0/16", "vrf": vrf["id"], "scope_type": "dcim.site", "scope_id": site["id"]},
    )
    assert (narrow["_depth"], narrow["scope"]["name"]) == (1, site["name"])
    assert netbox.get(f"ipam/prefixes/{wide['id']}/")["children"] == 1
    same(
        netbox.refused("POST", "ipam/prefixes/", {"prefix": "10.1.0.0/16", "vrf": vrf["id"]}),
        "prefix",
        f"Duplicate prefix found in VRF {vrf['name']}: 10.1.0.0/16",
    )
    base = f"ipam/prefixes/?vrf_id={vrf['id']}"
    assert [p["id"] for p in netbox.results(f"{base}&contains=10.1.2.3")] == [wide["id"], narrow["id"]]
    assert [p["id"] for p in netbox.results(f"{base}&within=10.0.0.0/8")] == [narrow["id"]]
    assert [p["id"] for p in netbox.results(f"{base}&prefix=10.0.0.0/8")] == [wide["id"]]
    assert [p["id"] for p in netbox.results(f"{base}&site_id={site['id']}")] == [narrow["id"]]


@pytest.mark.differs("4.2")
def test_no_new_address_in_a_populated_range(netbox: Any) -> None:
    """Whatever its mask; before 4.3 there is no such mark."""
    body = {"start_address": "10.77.10.100/24", "end_address": "10.77.10.200/24"}
    made = netbox.new("ipam/ip-ranges", {**body, "mark_populated": True})
    assert (made["size"], made["display"]) == (101, "10.77.10.100-200/24")
    same(
        netbox.refused("POST", "ipam/ip-addresses/", {"address": "10.77.10.150/24"}),
        "address",
        "Cannot create IP address 10.77.10.150/24 inside range 10.77.10.100-200/24.",
    )
    same(
        netbox.refused("POST", "ipam/ip-addresses/", {"address": "10.77.10.151/25"}),
        "address",
        "Cannot create IP address 10.77.10.151/25 inside range 10.77.10.100-200/24.",
    )
    netbox.new("ipam/ip-addresses", {"address": "10.77.10.201/24"})
