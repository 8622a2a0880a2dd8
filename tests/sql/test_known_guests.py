"""Devices of LibreNMS that NetBox has as virtual machines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, address, device, machine, nic, port, shown, told
from tests.sql.test_host_rules import basics, librenms

MAC = "BC:24:11:00:00:01"
POLICY = "; policies.virtual_machines: update syncs it as that machine"


def one_guest(policy: str, name: str = "erp.example.com", machine_name: str = "erp", **held: Any) -> Estate:
    """LibreNMS polls a guest, which NetBox has as a virtual machine with net0 and one address."""
    estate = librenms(defaults={"device_type": "Generic"}, policies={**GENEROUS, "virtual_machines": policy})
    basics(estate, "Generic")
    estate.add("netbox.clusters", id=1, name="paris", scope_type="dcim.site", scope_id=1)
    device(estate, 1, name, os="linux", ip="10.0.0.5")
    port(estate, 1, "eth0", ifPhysAddress="bc2411000001", ifMtu=1500)
    shown(estate, 1, "10.0.0.5", 1)
    machine(estate, 7, machine_name, 105, **held)
    nic(estate, 71, "net0", 7, MAC)
    return estate


def rows(estate: Estate) -> list[tuple[str, str, int | None, Any]]:
    return [(r.resource, r.action, r.netbox_id, r.fields) for r in estate.rows()]


@pytest.mark.parametrize(
    ("name", "witness"), [("erp.example.com", "the name"), ("other", f"the MAC address {MAC}")]
)
def test_it_is_a_conflict_that_names_the_policy(name: str, witness: str) -> None:
    estate = one_guest("conflict", name)
    assert told(estate, "devices") == {
        name: ("conflict", f"NetBox has {witness} for a virtual machine: erp{POLICY}")
    }
    assert {r.resource for r in estate.rows() if r.action == "create"} == set()


def test_its_primary_address_is_a_witness() -> None:
    estate = one_guest("conflict", "other", primary_ip4_id=5)
    estate.change("librenms.ports", ifPhysAddress="")
    address(estate, 5, "10.0.0.5", 71, "virtualization.vminterface")
    assert told(estate, "devices")["other"] == (
        "conflict",
        f"NetBox has the address 10.0.0.5 for a virtual machine: erp{POLICY}",
    )


def test_it_is_synced_as_the_machine_by_policy() -> None:
    estate = one_guest("update")
    there = {"id": 71, "name": "erp net0", "type": "virtualization.vminterface"}
    assert rows(estate) == [
        (
            "ip_addresses",
            "create",
            None,
            {"address": "10.0.0.5/24", "assigned_object": there, "status": "active"},
        ),
        (
            "primary_ips",
            "update",
            7,
            {"primary_ip4": {"key": "10.0.0.5", "name": "10.0.0.5", "ref": "ip_addresses"}},
        ),
        ("vm_interfaces", "update", 71, {"mtu": 1500}),
    ]
    assert (
        "devices",
        "erp.example.com",
        "it is the virtual machine erp (id 7), by the name",
    ) in estate.left_out()


def test_a_new_interface_of_the_machine_is_created_with_its_mac_address() -> None:
    estate = one_guest("update")
    port(estate, 2, "eth1", ifPhysAddress="bc2411000002")
    created = [(r.resource, r.key) for r in estate.rows() if r.action == "create"]
    assert created == [
        ("ip_addresses", "10.0.0.5"),
        ("mac_addresses", "erp.example.com eth1 BC:24:11:00:00:02"),
        ("vm_interfaces", "erp.example.com eth1"),
    ]


def test_what_librenms_does_not_show_of_the_machine_stays() -> None:
    estate = one_guest("update")
    nic(estate, 72, "net1", 7, "BC:24:11:00:00:09")
    address(estate, 6, "10.0.0.6", 71, "virtualization.vminterface")
    estate.ours("virtualization/interfaces", 72)
    estate.ours("ipam/ip-addresses", 6)
    assert {r.netbox_id for r in estate.rows()} == {None, 7, 71}


def test_several_machines_are_a_conflict_whatever_the_policy() -> None:
    estate = one_guest("update")
    machine(estate, 8, "erp", 205, cluster_id=2)
    estate.change("librenms.ports", ifPhysAddress="")
    assert told(estate, "devices")["erp.example.com"][0] == "conflict"


def test_two_devices_are_not_one_machine() -> None:
    estate = one_guest("update")
    device(estate, 2, "erp", os="linux")
    assert {(r.action, r.reason) for r in estate.rows() if r.resource == "virtual_machines"} == {
        ("conflict", "several guests could be the NetBox virtual machine erp (id 7)")
    }


def test_a_device_that_netbox_has_as_a_device_is_one() -> None:
    estate = one_guest("update")
    estate.add("netbox.devices", id=1, name="erp.example.com", cf={"librenms_id": {"lib": 1}})
    assert {r.resource for r in estate.rows() if r.action == "create"} == {
        "interfaces",
        "ip_addresses",
        "mac_addresses",
    }


@pytest.mark.parametrize("policy", ["conflict", "update"])
def test_the_name_at_another_site_is_a_question(policy: str) -> None:
    estate = one_guest(policy)
    estate.add("netbox.sites", id=2, name="lyon", slug="lyon")
    estate.change("librenms.ports", ifPhysAddress="")
    estate.change("librenms.devices", location="Lyon")
    assert told(estate, "devices") == {
        "erp.example.com": ("conflict", "NetBox has the name for a virtual machine: erp")
    }
