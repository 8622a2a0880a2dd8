"""What depends on the objects that the source no longer shows, and what keeps them: rules on rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    address,
    guest,
    interface,
    known_switch,
    mac,
    machine,
    nic,
    paris,
    port,
    removals,
    said_of,
    switch,
)

SWITCHES = Parts(lambda: Estate("librenms", policies=GENEROUS, max_poll_age=24 * 3600))


def of_switch(number: int) -> list[Row]:
    """The rows about sw<number>."""
    return about(SWITCHES.estate().rows(), f"sw{number}")


def clusters() -> Estate:
    return paris(policies=GENEROUS | {"move_addresses": True, "disowns": ["ip_addresses.assigned_object"]})


GUESTS = Parts(clusters)


def of_guest(*names: str) -> list[Row]:
    """The rows about guests and virtual machines of these names."""
    return about(GUESTS.estate().rows(), *names)


@SWITCHES.part
def never_shown(estate: Estate) -> None:
    """No snapshot ever showed an address of sw2."""
    for number in (1, 2):
        known_switch(estate, number)
        port(estate, number * 10 + 1, "Gi0/1", device=number)
        interface(estate, number * 10 + 1, "Gi0/1", device=number)
        address(estate, number * 10 + 1, f"10.0.{number}.1", on=number * 10 + 1)
        estate.ours("ipam/ip-addresses", number * 10 + 1)
    estate.unseen = {"2"}


def test_an_address_that_no_snapshot_ever_showed_is_not_gone() -> None:
    assert removals(of_switch(1)) == [("ip_addresses", "delete", 11)]
    found = of_switch(2)
    assert removals(found) == []
    (one,) = said_of(found, "ip_addresses", 21)
    assert one == (
        "blocked",
        "not on sw2 Gi0/1 in LibreNMS, but that is no evidence: NetBox holds 1 ip addresses of sw2 that netbox-sync wrote, and 1 of them were never seen in"
        " LibreNMS; if that is right, sync with --accept-shrink",
    )


@SWITCHES.part
def neighbours(estate: Estate) -> None:
    known_switch(estate, 3)
    port(estate, 31, "Gi0/1", device=3)
    interface(estate, 31, "Gi0/1", device=3)
    interface(estate, 32, "Po1", device=3, type="lag")
    interface(estate, 33, "gone", device=3, lag_id=32, parent_id=32, bridge_id=32)
    address(estate, 31, "10.0.3.1", on=31)
    address(estate, 32, "10.0.3.2", on=31, nat_inside_id=31)


@GUESTS.part
def neighbours_of_a_guest(estate: Estate) -> None:
    guest(estate, 101, "web", mac(1))
    machine(estate, 1, "web", 101)
    nic(estate, 11, "net0", 1, mac(1))
    nic(estate, 12, "br0", 1)
    nic(estate, 13, "br0.10", 1, parent_id=12, bridge_id=12)


def deleted(found: list[Row]) -> dict[tuple[str, int | None], set[str]]:
    """{(resource, NetBox id): fields that are shown} of the deletes."""
    return {(r.resource, r.netbox_id): set(r.fields) for r in found if r.action == "delete"}


def test_a_delete_says_which_neighbours_the_object_has() -> None:
    """What is not shown could not be brought back."""
    assert deleted(of_switch(3)) == {
        ("interfaces", 33): {"device", "name", "type", "enabled", "lag", "parent", "bridge"},
        ("ip_addresses", 32): {"address", "status", "assigned_object", "nat_inside"},
    }
    assert deleted(of_guest("web")) == {
        ("vm_interfaces", 13): {"virtual_machine", "name", "enabled", "parent", "bridge"},
    }


@SWITCHES.part
def nat(estate: Estate) -> None:
    known_switch(estate, 4)
    port(estate, 41, "Gi0/1", device=4)
    interface(estate, 41, "Gi0/1", device=4)
    address(estate, 41, "10.0.4.1", on=41)
    address(estate, 42, "192.0.2.1", on=41, nat_inside_id=41)


def test_the_inside_address_of_nat_stays_and_the_outside_one_may_go() -> None:
    """NetBox keeps the outside one and empties its inside address: an undo could not bring that back."""
    found = of_switch(4)
    assert removals(found) == [("ip_addresses", "delete", 42)]
    assert said_of(found, "ip_addresses", 41) == [
        ("blocked", "not on sw4 Gi0/1 in LibreNMS, but NAT address 192.0.2.1/24 depends on it")
    ]


@GUESTS.part
def inside_addresses(estate: Estate) -> None:
    guest(estate, 102, "vpn", mac(2))
    machine(estate, 2, "vpn", 102)
    nic(estate, 21, "net0", 2, mac(2))
    nic(estate, 22, "net1", 2, mac(3))
    machine(estate, 3, "old vpn", 103)
    nic(estate, 31, "net0", 3)
    for number, on in ((22, 22), (31, 31)):
        address(estate, number, f"10.0.0.{number}", on, "virtualization.vminterface")
        address(estate, number + 100, f"192.0.2.{number}", 999, nat_inside_id=number)


def test_an_inside_address_keeps_the_interface_and_the_machine_that_it_is_on() -> None:
    found = of_guest("vpn")
    assert removals(found) == []
    assert said_of(found, "vm_interfaces", 22) == [
        (
            "blocked",
            "no netN of the guest in Proxmox, but NAT address 192.0.2.22/24 depends on it (10.0.0.22/24)",
        )
    ]
    assert said_of(found, "virtual_machines", 3) == [
        (
            "blocked",
            "vmid 103 is no longer in Proxmox, but NAT address 192.0.2.31/24 depends on it (10.0.0.31/24) (net0)",
        )
    ]


@GUESTS.part
def address_on_another_interface(estate: Estate) -> None:
    """mail's net1 is gone; its address is on net0 now, where the policy moves it, with another DNS name."""
    guest(estate, 104, "mail", mac(4))
    estate.add(
        "proxmox.guest_addresses",
        vmid=104,
        key="net0",
        family=4,
        address="10.0.0.9/24",
        prefixlen=24,
        canonical="10.0.0.9",
        source="agent",
        position=0,
    )
    machine(estate, 4, "mail", 104)
    nic(estate, 41, "net0", 4, mac(4))
    nic(estate, 42, "net1", 4, mac(5))
    address(estate, 41, "10.0.0.9", 42, "virtualization.vminterface", dns_name="mail.example.org")


def test_an_address_that_does_not_move_after_all_keeps_its_interface_and_all_on_it() -> None:
    """The policy disowns where addresses are: NetBox would delete the address along with the interface."""
    found = GUESTS.estate().rows()
    assert [
        (r.resource, r.action, r.netbox_id)
        for r in found
        if (r.resource == "ip_addresses" and r.netbox_id == 41) or r.netbox_id == 42
    ] == [
        ("ip_addresses", "drifted", 41),
        ("mac_addresses", "blocked", 42),
        ("vm_interfaces", "blocked", 42),
    ]
    assert said_of(found, "vm_interfaces", 42)[0][1] == (
        'no netN of the guest in Proxmox, but it needs ip_addresses "10.0.0.9", which is drifted '
        "(assigned_object: policies.disowns names it)"
    )
    assert 'but it goes only with vm_interfaces "mail net1 (gone)", which is blocked' in (
        said_of(found, "mac_addresses", 42)[0][1] or ""
    )


@GUESTS.part
def removed_machines(estate: Estate) -> None:
    """old has an address, billing has services."""
    machine(estate, 5, "old", 105)
    nic(estate, 51, "net0", 5)
    address(estate, 51, "10.0.0.51", on=51, kind="virtualization.vminterface")
    machine(estate, 6, "billing", 106)
    nic(estate, 61, "net0", 6)
    for number, name in ((1, "http"), (2, "ssh")):
        estate.add(
            "netbox.dependents",
            object_type="virtualization/virtual-machines",
            object_id=6,
            related_type="ipam/services",
            related_id=number,
            word="service",
            label=name,
        )


def test_what_is_on_a_removed_machine_goes_with_it() -> None:
    found = of_guest("old")
    assert said_of(found, "virtual_machines", 5) == [("delete", "vmid 105 is no longer in Proxmox")]
    for resource in ("vm_interfaces", "ip_addresses"):
        assert said_of(found, resource, 51) == [
            ("delete", "goes with its virtual machine: vmid 105 is no longer in Proxmox")
        ]


def test_a_removed_machine_with_services_stays_and_so_does_what_is_on_it() -> None:
    found = of_guest("billing")
    assert removals(found) == []
    assert said_of(found, "virtual_machines", 6) == [
        (
            "blocked",
            "vmid 106 is no longer in Proxmox, but service http, service ssh depend on it",
        )
    ]
    assert said_of(found, "vm_interfaces", 61) == []


def polled_at(estate: Estate, first: int, *hours: float | None) -> None:
    """Switches from sw<first> on that LibreNMS polled so many hours from now, and that lack an interface there."""
    for number, hour in enumerate(hours, first):
        when = None if hour is None else f"{datetime(2026, 11, 20, 12) + timedelta(hours=hour)}"
        known_switch(estate, number, last_polled=when)
        port(estate, number * 10 + 1, "Gi0/1", device=number)
        interface(estate, number * 10 + 1, "Gi0/1", device=number)
        interface(estate, number * 10 + 2, "Gi0/2", device=number)


@SWITCHES.part
def polled_long_ago(estate: Estate) -> None:
    polled_at(estate, 7, -25, None, 0)


def missing(found: list[Row]) -> dict[str, tuple[str, str | None]]:
    """What is said of the interfaces that LibreNMS lacks."""
    return {r.key: (r.action, r.reason) for r in found if r.key.endswith("Gi0/2")}


def test_a_device_that_was_not_polled_lately_is_no_evidence() -> None:
    """By the configured age. A LibreNMS in a time zone ahead of UTC is measured by its own newest poll."""
    why = "not in LibreNMS, but that is no evidence: "
    assert missing(SWITCHES.estate().rows()) == {
        "sw7 Gi0/2": ("blocked", f"{why}LibreNMS polled the device last at 2026-11-19 11:00:00"),
        "sw8 Gi0/2": ("blocked", f"{why}LibreNMS never polled the device"),
        "sw9 Gi0/2": ("delete", "not in LibreNMS"),
    }
    patient = switch(max_poll_age=26 * 3600)
    polled_at(patient, 7, -25)
    assert missing(patient.rows())["sw7 Gi0/2"] == ("delete", "not in LibreNMS")
    ahead = switch(max_poll_age=3600)
    polled_at(ahead, 7, 9, 10, 10.9)
    assert {key: action for key, (action, _) in missing(ahead.rows()).items()} == {
        "sw7 Gi0/2": "blocked",
        "sw8 Gi0/2": "delete",
        "sw9 Gi0/2": "delete",
    }
