"""Devices of LibreNMS that NetBox has as virtual machines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import GENEROUS, Parts, about, address, device, mac, machine, nic, port, shown
from tests.sql.test_host_rules import basics, librenms

POLICY = "; policies.virtual_machines: update syncs it as that machine"


def polled(virtual_machines: str) -> Estate:
    """``virtual_machines``: the policy."""
    policies = {**GENEROUS, "virtual_machines": virtual_machines}
    estate = librenms(defaults={"device_type": "Generic"}, policies=policies)
    basics(estate, "Generic")
    estate.add("netbox.sites", id=2, name="lyon", slug="lyon")
    estate.add("netbox.clusters", id=1, name="paris", scope_type="dcim.site", scope_id=1)
    return estate


GUESTS = Parts(polled)


def of_guest(policy: str, number: int) -> list[Row]:
    """The rows about the guest, its virtual machine and its addresses."""
    found = GUESTS.estate(virtual_machines=policy).rows()
    return about(found, f"erp{number}", f"other{number}", f"10.0.{number}.5", f"10.0.{number}.6")


def devices(policy: str, number: int) -> dict[str, tuple[str, str | None]]:
    """{key: (action, reason)} of the guest as a device."""
    return {r.key: (r.action, r.reason) for r in of_guest(policy, number) if r.resource == "devices"}


def guest(
    estate: Estate,
    number: int,
    name: str,
    *,
    shows_mac: bool = True,
    location: str | None = None,
    **held: Any,
) -> None:
    """LibreNMS polls a guest, which NetBox has as the virtual machine erp<number> with net0 and no address."""
    device(
        estate,
        number,
        name,
        os="linux",
        ip=f"10.0.{number}.5",
        **({"location": location} if location else {}),
    )
    shown_mac = mac(number).replace(":", "").lower() if shows_mac else ""
    port(estate, number * 10, "eth0", device=number, ifPhysAddress=shown_mac, ifMtu=1500)
    shown(estate, number, f"10.0.{number}.5", number * 10)
    machine(estate, number, f"erp{number}", 100 + number, **held)
    nic(estate, number * 10, "net0", number, mac(number))


@GUESTS.part
def by_name_and_by_mac(estate: Estate) -> None:
    guest(estate, 1, "erp1.example.com")
    guest(estate, 2, "other2")


@pytest.mark.parametrize(
    ("number", "name", "witness"),
    [(1, "erp1.example.com", "the name"), (2, "other2", f"the MAC address {mac(2)}")],
    ids=["name", "MAC address"],
)
def test_it_is_a_conflict_that_names_the_policy(number: int, name: str, witness: str) -> None:
    assert devices("conflict", number) == {
        name: ("conflict", f"NetBox has {witness} for a virtual machine: erp{number}{POLICY}")
    }
    assert {r.resource for r in of_guest("conflict", number) if r.action == "create"} == set()


@GUESTS.part
def by_primary_address(estate: Estate) -> None:
    guest(estate, 3, "other3", shows_mac=False, primary_ip4_id=3)
    address(estate, 3, "10.0.3.5", 30, "virtualization.vminterface")


def test_its_primary_address_is_a_witness() -> None:
    assert devices("conflict", 3)["other3"] == (
        "conflict",
        f"NetBox has the address 10.0.3.5 for a virtual machine: erp3{POLICY}",
    )


def test_it_is_synced_as_the_machine_by_policy() -> None:
    there = {"id": 10, "name": "erp1 net0", "type": "virtualization.vminterface"}
    found = of_guest("update", 1)
    assert [(r.resource, r.action, r.netbox_id, r.fields) for r in found] == [
        (
            "ip_addresses",
            "create",
            None,
            {"address": "10.0.1.5/24", "assigned_object": there, "status": "active"},
        ),
        (
            "primary_ips",
            "update",
            1,
            {"primary_ip4": {"key": "10.0.1.5", "name": "10.0.1.5", "ref": "ip_addresses"}},
        ),
        ("vm_interfaces", "update", 10, {"mtu": 1500}),
    ]
    assert (
        "devices",
        "erp1.example.com",
        "it is the virtual machine erp1 (id 1), by the name",
    ) in GUESTS.estate(virtual_machines="update").left_out()


@GUESTS.part
def with_a_new_interface(estate: Estate) -> None:
    guest(estate, 4, "erp4.example.com")
    port(estate, 41, "eth1", device=4, ifPhysAddress="bc2411000041")


def test_a_new_interface_of_the_machine_is_created_with_its_mac_address() -> None:
    found = of_guest("update", 4)
    assert [(r.resource, r.key) for r in found if r.action == "create"] == [
        ("ip_addresses", "10.0.4.5"),
        ("mac_addresses", "erp4.example.com eth1 BC:24:11:00:00:41"),
        ("vm_interfaces", "erp4.example.com eth1"),
    ]


@GUESTS.part
def with_more_in_netbox(estate: Estate) -> None:
    guest(estate, 5, "erp5.example.com")
    nic(estate, 51, "net1", 5, "BC:24:11:00:00:51")
    address(estate, 5, "10.0.5.6", 50, "virtualization.vminterface")
    estate.ours("virtualization/interfaces", 51)
    estate.ours("ipam/ip-addresses", 5)


def test_what_librenms_does_not_show_of_the_machine_stays() -> None:
    found = of_guest("update", 5)
    assert {(r.resource, r.netbox_id) for r in found} == {
        ("ip_addresses", None),
        ("primary_ips", 5),
        ("vm_interfaces", 50),
    }


@GUESTS.part
def twice_in_netbox(estate: Estate) -> None:
    guest(estate, 6, "erp6.example.com", shows_mac=False)
    machine(estate, 106, "erp6", 206, cluster_id=2)


def test_several_machines_are_a_conflict_whatever_the_policy() -> None:
    assert devices("update", 6)["erp6.example.com"][0] == "conflict"


@GUESTS.part
def twice_in_librenms(estate: Estate) -> None:
    guest(estate, 7, "erp7.example.com")
    device(estate, 107, "erp7", os="linux")


def test_two_devices_are_not_one_machine() -> None:
    found = of_guest("update", 7)
    assert {(r.action, r.reason) for r in found if r.resource == "virtual_machines"} == {
        ("conflict", "several guests could be the NetBox virtual machine erp7 (id 7)")
    }


@GUESTS.part
def device_of_netbox(estate: Estate) -> None:
    guest(estate, 8, "erp8.example.com")
    estate.add("netbox.devices", id=8, name="erp8.example.com", cf={"librenms_id": {"lib": 8}})


def test_a_device_that_netbox_has_as_a_device_is_one() -> None:
    found = of_guest("update", 8)
    assert {r.resource for r in found if r.action == "create"} == {
        "interfaces",
        "ip_addresses",
        "mac_addresses",
    }


@GUESTS.part
def at_another_site(estate: Estate) -> None:
    guest(estate, 9, "erp9.example.com", shows_mac=False, location="Lyon")


@pytest.mark.parametrize("policy", ["conflict", "update"])
def test_the_name_at_another_site_is_a_question(policy: str) -> None:
    assert devices(policy, 9) == {
        "erp9.example.com": ("conflict", "NetBox has the name for a virtual machine: erp9")
    }
