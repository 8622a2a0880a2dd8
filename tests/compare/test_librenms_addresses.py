"""Addresses and primary addresses of LibreNMS devices."""

from __future__ import annotations

import pytest

from tests.support import after, before, row, rows


@pytest.fixture
def port(state):
    return state.add_port(state.add_device("sw1", hardware="C9300-48P", ip="10.0.0.5"), "Gi0/1")


@pytest.fixture
def known_port(netbox, device):
    """Gi0/1 of sw1 as NetBox has it."""
    return netbox.create("dcim/interfaces", device=device("sw1")["id"], name="Gi0/1", type="1000base-t")


def left_out(pipeline):
    return {key: reason for resource, key, reason in pipeline.left_out() if resource.endswith("addresses")}


def test_addresses_are_created_with_their_mask(pipeline, state, port):
    """L24, L25: one canonical key."""
    state.add_ipv4(port, "192.168.1.100", 24)
    state.add_ipv6(port, "2001:0db8:0000:0000:0000:0000:0000:0001", 64)
    plan = pipeline.sync()
    assert {r.key: after(r)["address"] for r in rows(plan, "ip_addresses")} == {
        "192.168.1.100": "192.168.1.100/24",
        "2001:db8::1": "2001:db8::1/64",
    }


def test_ipv6_spellings_are_one_address(pipeline, state, port, netbox, known_port):
    """L25."""
    state.add_ipv6(port, "2001:0db8:0000:0000:0000:0000:0000:0001", 64)
    netbox.create(
        "ipam/ip-addresses",
        address="2001:db8::1/64",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    assert rows(pipeline.sync(), "ip_addresses") == []


def test_prefix_differs(pipeline, state, port, netbox, known_port):
    """L26."""
    state.add_ipv4(port, "10.0.0.1", 25)
    netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.1/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    (found,) = rows(pipeline.sync(), "ip_addresses")
    assert (found.action, found.reason) == ("update", "prefix differs")
    assert (before(found), after(found)) == ({"address": "10.0.0.1/24"}, {"address": "10.0.0.1/25"})


def test_what_netbox_shall_not_hold(pipeline, state, port):
    """L27, L28: each with its reason; what does not parse is reported."""
    state.add_ipv4(port, "127.0.0.1", 8)
    state.add_ipv4(port, "169.254.7.7", 16)
    state.add_ipv4(port, "224.0.0.5", 32)
    state.add_ipv4(port, "10.90.6", 24)
    state.add_ipv6(port, "::1", 128)
    state.add_ipv6(port, "fe80::1", 64)
    state.add_ipv6(port, "2001:db8::5", 0)
    plan = pipeline.sync()
    assert rows(plan, "ip_addresses") == []
    found = left_out(pipeline)
    assert {key: reason for key, reason in found.items() if "Gi0/1" in key} == {
        "sw1 Gi0/1 127.0.0.1/8": "loopback address",
        "sw1 Gi0/1 169.254.7.7/16": "link-local address",
        "sw1 Gi0/1 224.0.0.5/32": "multicast or reserved address",
        "sw1 Gi0/1 ::1/128": "loopback or unspecified address",
        "sw1 Gi0/1 fe80::1/64": "link-local address",
        "sw1 Gi0/1 2001:db8::5/0": "prefix length 0",
    }
    assert any("10.90.6" in reason for reason in found.values())


def test_network_address_is_blocked(pipeline, state, port):
    state.add_ipv4(port, "10.1.0.0", 24)
    (found,) = rows(pipeline.sync(), "ip_addresses")
    assert found.action == "blocked"
    assert (
        found.reason
        == "it is the network address of its prefix; NetBox takes no such address on an interface"
    )


def test_primary_address(pipeline, state, port, netbox, known_port):
    """Proposed when empty; no difference when it is primary already."""
    state.add_ipv4(port, "10.0.0.5", 24)
    plan = pipeline.sync()
    primary = row(plan, "primary_ips", "sw1 IPv4")
    address = row(plan, "ip_addresses", "10.0.0.5")
    assert after(primary) == {"primary_ip4": {"ref": "ip_addresses", "key": "10.0.0.5", "name": "10.0.0.5"}}
    assert primary.depends_on == (address.change_id,)
    made = netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.5/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    netbox.edit("dcim/devices", primary.netbox_id, primary_ip4=made["id"])
    assert rows(pipeline.sync(), "primary_ips") == []


def test_another_primary_address_stays(pipeline, state, port, netbox, known_port):
    state.add_ipv4(port, "10.0.0.5", 24)
    other = netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.99/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    netbox.edit("dcim/devices", known_port["device"]["id"], primary_ip4=other["id"])
    found = row(pipeline.sync(), "primary_ips", "sw1 IPv4")
    assert (found.action, found.reason) == (
        "drifted",
        "NetBox has another primary address; primary_ip is set_if_empty",
    )


def test_the_primary_address_follows_by_policy(pipeline, state, port, netbox, known_port):
    """always: another one is replaced by that which LibreNMS talks to; never: not even an empty one is filled."""
    state.add_ipv4(port, "10.0.0.5", 24)
    here = {"assigned_object_type": "dcim.interface", "assigned_object_id": known_port["id"]}
    wanted = netbox.create("ipam/ip-addresses", address="10.0.0.5/24", **here)
    other = netbox.create("ipam/ip-addresses", address="10.0.0.99/24", **here)
    pipeline.configure(policies={"primary_ip": "never"})
    assert rows(pipeline.sync(), "primary_ips") == []
    netbox.edit("dcim/devices", known_port["device"]["id"], primary_ip4=other["id"])
    pipeline.configure(policies={"primary_ip": "always"})
    found = row(pipeline.sync(), "primary_ips", "sw1 IPv4")
    assert (found.action, before(found)["primary_ip4"]["id"], after(found)["primary_ip4"]["id"]) == (
        "update",
        other["id"],
        wanted["id"],
    )


def test_an_address_that_netbox_has_in_two_vrfs_on_the_interface_is_one_primary_address(
    pipeline, state, port, netbox, known_port
):
    state.add_ipv4(port, "10.0.0.5", 24)
    here = {"assigned_object_type": "dcim.interface", "assigned_object_id": known_port["id"]}
    vrf = netbox.create("ipam/vrfs", name="management")
    in_vrf = netbox.create("ipam/ip-addresses", address="10.0.0.5/24", vrf=vrf["id"], **here)
    wanted = netbox.create("ipam/ip-addresses", address="10.0.0.5/24", **here)
    found = row(pipeline.sync(), "primary_ips", "sw1 IPv4")
    assert (found.action, after(found)["primary_ip4"]["id"]) == ("update", wanted["id"])
    # What is primary already is as good: nothing is changed to and fro.
    netbox.edit("dcim/devices", known_port["device"]["id"], primary_ip4=in_vrf["id"])
    pipeline.configure(policies={"primary_ip": "always"})
    assert rows(pipeline.sync(), "primary_ips") == []


def test_assigned_elsewhere_is_a_conflict_and_moves_only_by_policy(
    pipeline, state, port, netbox, device, known_port
):
    """O1."""
    state.add_ipv4(port, "10.0.0.7", 24)
    other = netbox.create("dcim/interfaces", device=device("sw2")["id"], name="Gi0/9", type="1000base-t")
    netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.7/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=other["id"],
    )
    (found,) = rows(pipeline.sync(), "ip_addresses")
    assert (found.action, found.reason) == ("conflict", "assigned elsewhere: NetBox has it on sw2 Gi0/9")
    pipeline.configure(policies={"move_addresses": True})
    (moved,) = rows(pipeline.sync(), "ip_addresses")
    assert (moved.action, moved.reason) == ("update", "moved from sw2 Gi0/9 to sw1 Gi0/1")
    assert before(moved)["assigned_object"]["name"] == "sw2 Gi0/9"
    assert after(moved)["assigned_object"]["name"] == "sw1 Gi0/1"


def test_unassigned_address_is_adopted(pipeline, state, port, netbox, known_port):
    """O2."""
    state.add_ipv4(port, "10.0.0.7", 24)
    free = netbox.create("ipam/ip-addresses", address="10.0.0.7/24")
    (found,) = rows(pipeline.sync(), "ip_addresses")
    assert (found.action, found.netbox_id, found.reason) == (
        "update",
        free["id"],
        "adopted: NetBox has it without an interface",
    )


def test_one_address_on_two_devices_is_a_conflict_on_both(pipeline, state, port):
    """O3, on every run the same."""
    other = state.add_port(state.add_device("sw2", hardware="C9300-48P"), "Gi0/1")
    state.add_ipv4(port, "10.0.0.7", 24)
    state.add_ipv4(other, "10.0.0.7", 24)
    for _ in range(2):
        assert [(r.key, r.action, r.reason) for r in rows(pipeline.sync(), "ip_addresses")] == [
            ("10.0.0.7 on sw1 Gi0/1", "conflict", "duplicate in source: sw1 Gi0/1, sw2 Gi0/1"),
            ("10.0.0.7 on sw2 Gi0/1", "conflict", "duplicate in source: sw1 Gi0/1, sw2 Gi0/1"),
        ]


def test_vrf_by_mapping_else_by_default(pipeline, state, port, netbox):
    vrf = state.add_vrf(state.devices[0], "MGMT", rd="65000:1")
    inside = state.add_port(state.devices[0], "Mgmt0", ifVrf=vrf["vrf_id"])
    netbox.create("ipam/vrfs", name="Management", rd="65000:9")
    netbox.create("ipam/vrfs", name="Campus", rd="65000:8")
    pipeline.configure(
        defaults={"site": "paris", "role": "access", "device_type": "C9300-48P", "vrf": "65000:8"},
        mappings={"vrfs": {"mgmt": "Management"}},
    )
    state.add_ipv4(port, "10.0.0.7", 24)
    state.add_ipv4(inside, "10.0.0.7", 24)
    assert {r.key: after(r)["vrf"]["name"] for r in rows(pipeline.sync(), "ip_addresses")} == {
        "10.0.0.7 in 65000:8": "Campus",
        "10.0.0.7 in Management": "Management",
    }


def test_stale_addresses_by_policy(pipeline, state, port, netbox, known_port):
    stale = netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.200/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=known_port["id"],
    )
    (found,) = rows(pipeline.sync(), "ip_addresses")
    assert (found.action, found.reason) == (
        "drifted",
        "not on sw1 Gi0/1 in LibreNMS; stale_addresses is leave",
    )
    pipeline.configure(policies={"stale_addresses": "unassign"})
    (found,) = rows(pipeline.sync(), "ip_addresses")
    assert (found.action, found.netbox_id, after(found)) == ("update", stale["id"], {"assigned_object": None})
    pipeline.configure(policies={"stale_addresses": "delete", "delete_unowned": ["ip_addresses"]})
    assert rows(pipeline.sync(), "ip_addresses")[0].action == "delete"
