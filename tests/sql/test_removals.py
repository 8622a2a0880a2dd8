"""The one rule for what NetBox has and the source does not show, the same for every resource: rules on rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    address,
    device,
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

# resource -> (kind of source, type of its objects, id of the first one that is not in the source).
REMOVED = {
    "interfaces": ("librenms", "dcim/interfaces", 12),
    "ip_addresses": ("librenms", "ipam/ip-addresses", 31),
    "cables": ("librenms", "dcim/cables", 1),
    "vm_interfaces": ("proxmox", "virtualization/interfaces", 12),
    "virtual_disks": ("proxmox", "virtualization/virtual-disks", 1),
    "virtual_machines": ("proxmox", "virtualization/virtual-machines", 2),
}
# Who created the five of each resource: nobody here, this endpoint, another one of the same cluster, one that is no
# longer configured, and one that is.
MAKERS = ("nobody", "lib", "lib2", "elsewhere", "docks")


def of_librenms(policies: dict[str, Any]) -> Estate:
    """Five interfaces, addresses and cables that are not in LibreNMS."""
    estate = switch(policies=policies, others=("docks",))
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1")
    for number in range(len(MAKERS)):
        interface(estate, 12 + number, f"Gi0/{2 + number}")
        address(estate, 31 + number, f"10.0.0.{1 + number}", on=11)
        near, far = 100 + 2 * number, 101 + 2 * number
        for owner in (near, far):
            device(estate, owner, f"sw{owner}")
            estate.add("netbox.devices", id=owner, name=f"sw{owner}", cf={"librenms_id": {"lib": owner}})
            for place, cable in ((1, 1 + number), (2, 11 + number)):
                port(estate, owner * 10 + place, f"Gi0/{place}", device=owner)
                interface(estate, owner * 10 + place, f"Gi0/{place}", device=owner, cable_id=cable)
        for place, cable in ((1, 1 + number), (2, 11 + number)):
            estate.add(
                "netbox.cables",
                **{
                    "id": cable,
                    "status": "connected",
                    "a_type": "dcim.interface",
                    "b_type": "dcim.interface",
                },
                **{"a_ids": [near * 10 + place], "b_ids": [far * 10 + place]},
            )
        # Both see a neighbour at their other port.
        for here, there in ((near, far), (far, near)):
            estate.add(
                "librenms.links",
                **{"id": here, "local_device_id": here, "local_port_id": here * 10 + 2, "active": True},
                **{"remote_device_id": there, "remote_port_id": there * 10 + 2},
            )
    return estate


def of_proxmox(policies: dict[str, Any]) -> Estate:
    """Five interfaces and disks of a guest, five guests, and an interface of each of three nodes, not in Proxmox."""
    estate = paris(policies=policies, others=("docks",))
    guest(estate, 101, "vm", mac(1))
    machine(estate, 1, "vm", 101)
    nic(estate, 11, "net0", 1, mac(1))
    for number in range(len(MAKERS)):
        nic(estate, 12 + number, f"net{1 + number}", 1)
        estate.add(
            "netbox.virtual_disks", id=1 + number, virtual_machine_id=1, name=f"scsi{number}", size=1024
        )
        machine(estate, 2 + number, f"old{number}", 102 + number)
    # Each of the nodes has lost an interface.
    for number, maker in enumerate(("lib", "lib2", "librenms"), 1):
        node = f"pve{number}"
        estate.add("proxmox.nodes", node=node, online=True)
        estate.add("proxmox.node_interfaces", node=node, iface="eno1", type="eth", active=True)
        estate.add("netbox.devices", id=number, name=node, cf={"proxmox_node": {"paris": node}})
        interface(estate, 50 + number, "eno1", device=number)
        interface(estate, 60 + number, "tap9", device=number)
        estate.ours("dcim/interfaces", 60 + number, endpoint=maker)
    return estate


def compared(kind: str, **policies: Any) -> list[Row]:
    """The rows of what each of the makers has made."""
    make = of_librenms if kind == "librenms" else of_proxmox
    estate = make({"missing_interfaces": "delete", "stale_addresses": "delete", **policies})
    estate.peers = ("lib2",)
    for of_kind, object_type, first in REMOVED.values():
        if of_kind == kind:
            for number, endpoint in enumerate(MAKERS[1:], first + 1):
                estate.ours(object_type, number, endpoint=endpoint)
    return estate.rows()


def decision(resource: str, maker: str, **policies: Any) -> tuple[str, str]:
    """(action, reason behind "but") of the maker's object of the resource."""
    kind, _, first = REMOVED[resource]
    (one,) = said_of(compared(kind, **policies), resource, first + MAKERS.index(maker))
    return one[0], (one[1] or "").partition(", but ")[2]


ALL = list(REMOVED)


@pytest.mark.parametrize("resource", REMOVED)
def test_every_resource_is_judged_alike(resource: str) -> None:
    """Not created by us: drifted. Ours, and no policy: blocked. Ours or not, as policies say: deleted."""
    assert decision(resource, "nobody", delete=ALL) == (
        "drifted",
        "netbox-sync did not create it (policies.delete_unowned)",
    )
    assert decision(resource, "lib") == ("blocked", f"policies.delete does not name {resource}")
    assert decision(resource, "lib", delete=ALL) == ("delete", "")
    assert decision(resource, "nobody", delete_unowned=ALL) == ("delete", "")


@pytest.mark.parametrize("resource", REMOVED)
def test_what_another_endpoint_of_the_same_source_created_is_ours(resource: str) -> None:
    """And what an endpoint created that is no longer configured is nobody's."""
    assert decision(resource, "lib2", delete=ALL) == ("delete", "")
    assert decision(resource, "elsewhere", delete=ALL) == (
        "drifted",
        "netbox-sync did not create it (policies.delete_unowned)",
    )


# The ways in which policies take leave of objects.
WAYS: list[dict[str, Any]] = [
    {"delete": ALL, "delete_unowned": ALL},
    {"missing_interfaces": "disable", "stale_addresses": "unassign", "missing_guests": "offline"},
    {"missing_interfaces": "leave", "stale_addresses": "leave", "missing_guests": "decommissioning"},
]


@pytest.mark.parametrize("way", range(len(WAYS)))
@pytest.mark.parametrize("resource", REMOVED)
def test_what_another_configured_endpoint_made_is_left_to_it(resource: str, way: int) -> None:
    """That this source does not show it proves nothing: it is neither deleted nor disabled nor taken off."""
    assert decision(resource, "docks", **WAYS[way]) == ("drifted", "docks wrote it")


def test_what_another_endpoint_writes_is_left_to_it_unless_this_one_created_it() -> None:
    estate = switch(policies={"missing_interfaces": "disable"}, others=("docks",))
    port(estate, 1, "Gi0/1")
    for number in (11, 12, 13, 14):
        interface(estate, number, f"Gi0/{number - 10}")
    for number, endpoint in ((12, "docks"), (13, "docks"), (14, "elsewhere")):
        estate.add(
            "ledger.last_written",
            **{"endpoint": endpoint, "object_type": "dcim/interfaces", "netbox_id": number},
            **{"field": "description", "value": '"uplink"', "at": "2026-11-20 10:00:00", "restored": False},
        )
    estate.ours("dcim/interfaces", 13)
    found = estate.rows()
    assert said_of(found, "interfaces", 12) == [("drifted", "not in LibreNMS, but docks wrote it")]
    assert [said_of(found, "interfaces", number)[0][0] for number in (13, 14)] == ["update", "update"]


def test_a_node_interface_that_either_endpoint_of_the_cluster_made() -> None:
    found = compared("proxmox", delete=ALL)
    for number in (61, 62):
        assert said_of(found, "interfaces", number)[0][0] == "delete"
    assert said_of(found, "interfaces", 63) == []


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
