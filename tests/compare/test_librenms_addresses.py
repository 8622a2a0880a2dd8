"""Addresses and primary addresses of LibreNMS devices."""

from __future__ import annotations

from typing import Any

from tests.compare.together import Case, Steps, together
from tests.support import after, before, row, rows

DEFAULTS = {"site": "paris", "role": "access", "device_type": "C9300-48P"}
# The other options, each for the addresses of one test.
OTHERWISE: dict[str, Any] = {
    "defaults": {**DEFAULTS, "vrf": "65000:8"},
    "mappings": {"vrfs": {"mgmt": "Management"}},
    "policies": {
        "primary_ip": "never",
        "stale_addresses": "delete",
        "delete_unowned": ["ip_addresses"],
    },
}
# The policies of the second sync.
FOLLOWS: dict[str, Any] = {
    "policies": {"primary_ip": "always", "move_addresses": True, "stale_addresses": "unassign"}
}


def switch(case: Case, address: str) -> dict[str, Any]:
    """Gi0/1 of sw1, which LibreNMS polls at this address."""
    return case.switch("sw1", "Gi0/1", ip=address)[0]


def left_out(case: Case) -> dict[str, str]:
    return {key: reason for resource, key, reason in case.left_out() if resource.endswith("addresses")}


@together()
def test_addresses_are_created_with_their_mask(case: Case) -> Steps:
    """L24, L25: one canonical key."""
    port = switch(case, "10.0.1.5")
    case.state.add_ipv4(port, "192.168.1.100", 24)
    case.state.add_ipv6(port, "2001:0db8:0001:0000:0000:0000:0000:0001", 64)
    plan = yield
    assert {r.key: after(r)["address"] for r in rows(plan, "ip_addresses")} == {
        "192.168.1.100": "192.168.1.100/24",
        "2001:db8:1::1": "2001:db8:1::1/64",
    }


@together()
def test_ipv6_spellings_are_one_address(case: Case) -> Steps:
    """L25."""
    port = switch(case, "10.0.2.5")
    known_port = case.known("sw1", "Gi0/1")
    case.state.add_ipv6(port, "2001:0db8:0002:0000:0000:0000:0000:0001", 64)
    case.netbox.create(
        "ipam/ip-addresses",
        address="2001:db8:2::1/64",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    plan = yield
    assert rows(plan, "ip_addresses") == []


@together()
def test_prefix_differs(case: Case) -> Steps:
    """L26."""
    port = switch(case, "10.0.3.5")
    known_port = case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.3.1", 25)
    case.netbox.create(
        "ipam/ip-addresses",
        address="10.0.3.1/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    plan = yield
    (found,) = rows(plan, "ip_addresses")
    assert (found.action, found.reason) == ("update", "prefix differs")
    assert (before(found), after(found)) == ({"address": "10.0.3.1/24"}, {"address": "10.0.3.1/25"})


@together()
def test_what_netbox_shall_not_hold(case: Case) -> Steps:
    """L27, L28: each with its reason; what does not parse is reported."""
    port = switch(case, "10.0.4.5")
    case.state.add_ipv4(port, "127.0.0.1", 8)
    case.state.add_ipv4(port, "169.254.7.7", 16)
    case.state.add_ipv4(port, "224.0.0.5", 32)
    case.state.add_ipv4(port, "10.90.6", 24)
    case.state.add_ipv6(port, "::1", 128)
    case.state.add_ipv6(port, "fe80::1", 64)
    case.state.add_ipv6(port, "2001:db8:4::5", 0)
    plan = yield
    assert rows(plan, "ip_addresses") == []
    found = left_out(case)
    assert {key: reason for key, reason in found.items() if "Gi0/1" in key} == {
        "sw1 Gi0/1 127.0.0.1/8": "loopback address",
        "sw1 Gi0/1 169.254.7.7/16": "link-local address",
        "sw1 Gi0/1 224.0.0.5/32": "multicast or reserved address",
        "sw1 Gi0/1 ::1/128": "loopback or unspecified address",
        "sw1 Gi0/1 fe80::1/64": "link-local address",
        "sw1 Gi0/1 2001:db8:4::5/0": "prefix length 0",
    }
    # That row does not name the device.
    assert any("10.90.6" in reason for _, _, reason in case.pipeline.left_out(plan))


@together()
def test_network_address_is_blocked(case: Case) -> Steps:
    port = switch(case, "10.0.5.5")
    case.state.add_ipv4(port, "10.1.0.0", 24)
    plan = yield
    (found,) = rows(plan, "ip_addresses")
    assert found.action == "blocked"
    assert (
        found.reason
        == "it is the network address of its prefix; NetBox takes no such address on an interface"
    )


@together()
def test_primary_address(case: Case) -> Steps:
    """Proposed when empty; no difference when it is primary already."""
    port = switch(case, "10.0.6.5")
    known_port = case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.6.5", 24)
    plan = yield
    primary = row(plan, "primary_ips", "sw1 IPv4")
    address = row(plan, "ip_addresses", "10.0.6.5")
    assert after(primary) == {"primary_ip4": {"ref": "ip_addresses", "key": "10.0.6.5", "name": "10.0.6.5"}}
    assert primary.depends_on == (address.change_id,)
    made = case.netbox.create(
        "ipam/ip-addresses",
        address="10.0.6.5/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    case.netbox.edit("dcim/devices", primary.netbox_id, primary_ip4=made["id"])
    plan = yield FOLLOWS
    assert rows(plan, "primary_ips") == []


@together()
def test_another_primary_address_stays(case: Case) -> Steps:
    port = switch(case, "10.0.7.5")
    known_port = case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.7.5", 24)
    other = case.netbox.create(
        "ipam/ip-addresses",
        address="10.0.7.99/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    case.netbox.edit("dcim/devices", known_port["device"]["id"], primary_ip4=other["id"])
    plan = yield
    found = row(plan, "primary_ips", "sw1 IPv4")
    assert (found.action, found.reason) == (
        "drifted",
        "NetBox has another primary address; primary_ip is set_if_empty",
    )


@together()
def test_the_primary_address_follows_by_policy(case: Case) -> Steps:
    """always: another one is replaced by that which LibreNMS talks to; never: not even an empty one is filled."""
    port = switch(case, "10.0.8.5")
    known_port = case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.8.5", 24)
    here = {"assigned_object_type": "dcim.interface", "assigned_object_id": known_port["id"]}
    wanted = case.netbox.create("ipam/ip-addresses", address="10.0.8.5/24", **here)
    other = case.netbox.create("ipam/ip-addresses", address="10.0.8.99/24", **here)
    plan = yield OTHERWISE
    assert rows(plan, "primary_ips") == []
    case.netbox.edit("dcim/devices", known_port["device"]["id"], primary_ip4=other["id"])
    plan = yield FOLLOWS
    found = row(plan, "primary_ips", "sw1 IPv4")
    assert (found.action, before(found)["primary_ip4"]["id"], after(found)["primary_ip4"]["id"]) == (
        "update",
        other["id"],
        wanted["id"],
    )


@together()
def test_an_address_that_netbox_has_in_two_vrfs_on_the_interface_is_one_primary_address(case: Case) -> Steps:
    port = switch(case, "10.0.9.5")
    known_port = case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.9.5", 24)
    here = {"assigned_object_type": "dcim.interface", "assigned_object_id": known_port["id"]}
    vrf = case.netbox.create("ipam/vrfs", name="storage")
    in_vrf = case.netbox.create("ipam/ip-addresses", address="10.0.9.5/24", vrf=vrf["id"], **here)
    wanted = case.netbox.create("ipam/ip-addresses", address="10.0.9.5/24", **here)
    plan = yield
    found = row(plan, "primary_ips", "sw1 IPv4")
    assert (found.action, after(found)["primary_ip4"]["id"]) == ("update", wanted["id"])
    # What is primary already is as good: nothing is changed to and fro.
    case.netbox.edit("dcim/devices", known_port["device"]["id"], primary_ip4=in_vrf["id"])
    plan = yield FOLLOWS
    assert rows(plan, "primary_ips") == []


@together()
def test_assigned_elsewhere_is_a_conflict_and_moves_only_by_policy(case: Case) -> Steps:
    """O1."""
    port = switch(case, "10.0.10.5")
    case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.10.7", 24)
    other = case.netbox.create(
        "dcim/interfaces", device=case.device("sw2")["id"], name="Gi0/9", type="1000base-t"
    )
    case.netbox.create(
        "ipam/ip-addresses",
        address="10.0.10.7/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=other["id"],
    )
    plan = yield
    (found,) = rows(plan, "ip_addresses")
    assert (found.action, found.reason) == ("conflict", "assigned elsewhere: NetBox has it on sw2 Gi0/9")
    plan = yield FOLLOWS
    (moved,) = rows(plan, "ip_addresses")
    assert (moved.action, moved.reason) == ("update", "moved from sw2 Gi0/9 to sw1 Gi0/1")
    assert before(moved)["assigned_object"]["name"] == "sw2 Gi0/9"
    assert after(moved)["assigned_object"]["name"] == "sw1 Gi0/1"


@together()
def test_unassigned_address_is_adopted(case: Case) -> Steps:
    """O2."""
    port = switch(case, "10.0.11.5")
    case.known("sw1", "Gi0/1")
    case.state.add_ipv4(port, "10.0.11.7", 24)
    free = case.netbox.create("ipam/ip-addresses", address="10.0.11.7/24")
    plan = yield
    (found,) = rows(plan, "ip_addresses")
    assert (found.action, found.netbox_id, found.reason) == (
        "update",
        free["id"],
        "adopted: NetBox has it without an interface",
    )


@together()
def test_one_address_on_two_devices_is_a_conflict_on_both(case: Case) -> Steps:
    """O3, on every run the same."""
    port = switch(case, "10.0.12.5")
    other = case.state.add_port(case.state.add_device("sw2", hardware="C9300-48P"), "Gi0/1")
    case.state.add_ipv4(port, "10.0.12.7", 24)
    case.state.add_ipv4(other, "10.0.12.7", 24)
    for options in ({}, FOLLOWS):
        plan = yield options
        assert [(r.key, r.action, r.reason) for r in rows(plan, "ip_addresses")] == [
            ("10.0.12.7 on sw1 Gi0/1", "conflict", "duplicate in source: sw1 Gi0/1, sw2 Gi0/1"),
            ("10.0.12.7 on sw2 Gi0/1", "conflict", "duplicate in source: sw1 Gi0/1, sw2 Gi0/1"),
        ]


@together()
def test_vrf_by_mapping_else_by_default(case: Case) -> Steps:
    port = switch(case, "10.0.13.5")
    vrf = case.state.add_vrf(case.state.own_devices[0], "MGMT", rd="65000:1")
    inside = case.state.add_port(case.state.own_devices[0], "Mgmt0", ifVrf=vrf["vrf_id"])
    case.netbox.create("ipam/vrfs", name="Management", rd="65000:9")
    case.netbox.create("ipam/vrfs", name="Campus", rd="65000:8")
    case.state.add_ipv4(port, "10.0.13.7", 24)
    case.state.add_ipv4(inside, "10.0.13.7", 24)
    plan = yield OTHERWISE
    assert {r.key: after(r)["vrf"]["name"] for r in rows(plan, "ip_addresses")} == {
        "10.0.13.7 in 65000:8": "Campus",
        "10.0.13.7 in Management": "Management",
    }


def stale(case: Case, device: str, polled: str, address: str) -> dict[str, Any]:
    """NetBox has the address on Gi0/1 of the device, and LibreNMS does not."""
    case.switch(device, "Gi0/1", ip=polled)
    known_port = case.known(device, "Gi0/1")
    return case.netbox.create(
        "ipam/ip-addresses",
        address=f"{address}/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )


@together()
def test_stale_addresses_by_policy(case: Case) -> Steps:
    known = stale(case, "sw1", "10.0.14.5", "10.0.14.200")
    plan = yield
    (found,) = rows(plan, "ip_addresses")
    assert (found.action, found.reason) == (
        "drifted",
        "not on sw1 Gi0/1 in LibreNMS; stale_addresses is leave",
    )
    plan = yield FOLLOWS
    (found,) = rows(plan, "ip_addresses")
    assert (found.action, found.netbox_id, after(found)) == ("update", known["id"], {"assigned_object": None})


@together()
def test_stale_addresses_are_deleted_by_policy(case: Case) -> Steps:
    stale(case, "sw1", "10.0.15.5", "10.0.15.200")
    plan = yield OTHERWISE
    assert [r.action for r in rows(plan, "ip_addresses")] == ["delete"]
