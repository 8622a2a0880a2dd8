"""The one rule for what NetBox has and the source does not show, the same for every resource: rules on rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import (
    GENEROUS,
    address,
    device,
    guest,
    interface,
    machine,
    nic,
    paris,
    port,
    removals,
    said_of,
    switch,
)
from tests.sql.test_doubts import M1, M2

# resource -> (kind of source, type of its objects, id of the first one that is not in the source).
REMOVED = {
    "interfaces": ("librenms", "dcim/interfaces", 12),
    "ip_addresses": ("librenms", "ipam/ip-addresses", 31),
    "cables": ("librenms", "dcim/cables", 1),
    "vm_interfaces": ("proxmox", "virtualization/interfaces", 12),
    "virtual_disks": ("proxmox", "virtualization/virtual-disks", 1),
    "virtual_machines": ("proxmox", "virtualization/virtual-machines", 2),
}
# Who created the four of each resource: nobody here, this endpoint, another one of the same cluster, any other one.
MAKERS = ("nobody", "lib", "lib2", "elsewhere")


def of_librenms(policies: dict[str, Any]) -> Estate:
    """Four interfaces, addresses and cables that are not in LibreNMS."""
    estate = switch(policies=policies)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1")
    for number in range(4):
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
    """Four interfaces and disks of a guest, and four guests, that are not in Proxmox."""
    estate = paris(policies=policies)
    guest(estate, 101, "vm", M1)
    machine(estate, 1, "vm", 101)
    nic(estate, 11, "net0", 1, M1)
    for number in range(4):
        nic(estate, 12 + number, f"net{1 + number}", 1)
        estate.add(
            "netbox.virtual_disks", id=1 + number, virtual_machine_id=1, name=f"scsi{number}", size=1024
        )
        machine(estate, 2 + number, f"old{number}", 102 + number)
    return estate


def decision(resource: str, maker: str, **policies: list[str]) -> tuple[str, str]:
    """(action, reason behind "but") of the maker's object of the resource."""
    kind, _, first = REMOVED[resource]
    make = of_librenms if kind == "librenms" else of_proxmox
    estate = make({"missing_interfaces": "delete", "stale_addresses": "delete", **policies})
    estate.peers = ("lib2",)
    for of_kind, other_type, other_first in REMOVED.values():
        if of_kind == kind:
            for number, endpoint in enumerate(MAKERS[1:], other_first + 1):
                estate.ours(other_type, number, endpoint=endpoint)
    (one,) = said_of(estate.rows(), resource, first + MAKERS.index(maker))
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


def test_an_address_that_no_snapshot_ever_showed_is_not_gone() -> None:
    estate = switch(policies=GENEROUS)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1")
    address(estate, 31, "10.0.0.1", on=11)
    estate.ours("ipam/ip-addresses", 31)
    assert removals(estate.rows()) == [("ip_addresses", "delete", 31)]
    estate.first = True
    found = estate.rows()
    assert removals(found) == []
    (one,) = said_of(found, "ip_addresses", 31)
    assert one == (
        "blocked",
        "not on sw1 Gi0/1 in LibreNMS, but that is no evidence: NetBox holds 1 ip addresses of sw1 that netbox-sync wrote, and 1 of them were never seen in"
        " LibreNMS; if that is right, sync with --accept-shrink",
    )


def test_a_delete_says_which_neighbours_the_object_has() -> None:
    """What is not shown could not be brought back."""
    estate = switch(policies=GENEROUS)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1")
    interface(estate, 12, "Po1", type="lag")
    interface(estate, 13, "gone", lag_id=12, parent_id=12, bridge_id=12)
    address(estate, 31, "10.0.0.1", on=11)
    address(estate, 32, "10.0.0.2", on=11, nat_inside_id=31)
    deleted = {(r.resource, r.netbox_id): set(r.fields) for r in estate.rows() if r.action == "delete"}
    assert deleted == {
        ("interfaces", 13): {"device", "name", "type", "enabled", "lag", "parent", "bridge"},
        ("ip_addresses", 32): {"address", "status", "assigned_object", "nat_inside"},
    }
    of_a_guest = paris()
    guest(of_a_guest, 101, "vm", M1)
    machine(of_a_guest, 1, "vm", 101)
    nic(of_a_guest, 11, "net0", 1, M1)
    nic(of_a_guest, 12, "br0", 1)
    nic(of_a_guest, 13, "br0.10", 1, parent_id=12, bridge_id=12)
    deleted = {(r.resource, r.netbox_id): set(r.fields) for r in of_a_guest.rows() if r.action == "delete"}
    assert deleted == {
        ("vm_interfaces", 13): {"virtual_machine", "name", "enabled", "parent", "bridge"},
    }


@pytest.mark.parametrize("resource", REMOVED)
def test_what_another_endpoint_of_the_same_source_created_is_ours(resource: str) -> None:
    """And what any other endpoint created is not."""
    assert decision(resource, "lib2", delete=ALL) == ("delete", "")
    assert decision(resource, "elsewhere", delete=ALL)[0] == "drifted"


def test_a_node_interface_that_either_endpoint_of_the_cluster_made() -> None:
    def estate(maker: str) -> Estate:
        found = paris(policies=GENEROUS | {"delete_unowned": []})
        found.peers = ("lib2",)
        found.add("proxmox.nodes", node="pve1", online=True)
        found.add("proxmox.node_interfaces", node="pve1", iface="eno1", type="eth", active=True)
        found.add("netbox.devices", id=1, name="pve1", cf={"proxmox_node": {"paris": "pve1"}})
        interface(found, 11, "eno1")
        interface(found, 12, "tap9")
        found.ours("dcim/interfaces", 12, endpoint=maker)
        return found

    for maker in ("lib", "lib2"):
        assert removals(estate(maker).rows()) == [("interfaces", "delete", 12)]
    assert said_of(estate("librenms").rows(), "interfaces", 12) == []


def test_the_inside_address_of_nat_stays_and_the_outside_one_may_go() -> None:
    """NetBox keeps the outside one and empties its inside address: an undo could not bring that back."""
    estate = switch()
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1")
    address(estate, 31, "10.0.0.1", on=11)
    address(estate, 32, "192.0.2.1", on=11, nat_inside_id=31)
    found = estate.rows()
    assert removals(found) == [("ip_addresses", "delete", 32)]
    assert said_of(found, "ip_addresses", 31) == [
        ("blocked", "not on sw1 Gi0/1 in LibreNMS, but NAT address 192.0.2.1/24 depends on it")
    ]


def test_an_inside_address_keeps_the_interface_and_the_machine_that_it_is_on() -> None:
    estate = paris()
    guest(estate, 101, "vm", M1)
    machine(estate, 1, "vm", 101)
    nic(estate, 11, "net0", 1, M1)
    nic(estate, 12, "net1", 1, M2)
    machine(estate, 2, "old", 102)
    nic(estate, 21, "net0", 2)
    for number, on in ((31, 12), (32, 21)):
        address(estate, number, f"10.0.0.{number}", on, "virtualization.vminterface")
        address(estate, number + 10, f"192.0.2.{number}", 999, nat_inside_id=number)
    found = estate.rows()
    assert removals(found) == []
    assert said_of(found, "vm_interfaces", 12) == [
        (
            "blocked",
            "no netN of the guest in Proxmox, but NAT address 192.0.2.31/24 depends on it (10.0.0.31/24)",
        )
    ]
    assert said_of(found, "virtual_machines", 2) == [
        (
            "blocked",
            "vmid 102 is no longer in Proxmox, but NAT address 192.0.2.32/24 depends on it (10.0.0.32/24) (net0)",
        )
    ]


def moving(dns_name: str) -> Estate:
    """vm's net1 is gone; its address is on net0 now, where the policy moves it, with another DNS name."""
    estate = paris(policies={**GENEROUS, "move_addresses": True, "disowns": ["ip_addresses.assigned_object"]})
    guest(estate, 101, "vm", M1)
    estate.add(
        "proxmox.guest_addresses",
        vmid=101,
        key="net0",
        family=4,
        address="10.0.0.9/24",
        prefixlen=24,
        canonical="10.0.0.9",
        source="agent",
        position=0,
    )
    machine(estate, 1, "vm", 101)
    nic(estate, 11, "net0", 1, M1)
    nic(estate, 12, "net1", 1, M2)
    address(estate, 31, "10.0.0.9", 12, "virtualization.vminterface", dns_name=dns_name)
    return estate


def test_an_address_that_does_not_move_after_all_keeps_its_interface_and_all_on_it() -> None:
    """The policy disowns where addresses are: NetBox would delete the address along with the interface."""
    found = moving("vm.example.org").rows()
    assert [(r.resource, r.action, r.netbox_id) for r in found if r.netbox_id in (12, 31)] == [
        ("ip_addresses", "drifted", 31),
        ("mac_addresses", "blocked", 12),
        ("vm_interfaces", "blocked", 12),
    ]
    assert said_of(found, "vm_interfaces", 12)[0][1] == (
        'no netN of the guest in Proxmox, but it needs ip_addresses "10.0.0.9", which is drifted '
        "(assigned_object: policies.disowns names it)"
    )
    assert 'but it goes only with vm_interfaces "vm net1 (gone)", which is blocked' in (
        said_of(found, "mac_addresses", 12)[0][1] or ""
    )


def test_unproven_is_not_called_gone_whatever_the_policy() -> None:
    for way in ("leave", "disable", "delete"):
        estate = switch(policies={**GENEROUS, "missing_interfaces": way})
        interface(estate, 11, "Gi0/1")
        estate.add("librenms.scopes", scope="ports", scope_id="1", complete=False, reason="ports: 500")
        assert said_of(estate.rows(), "interfaces", 11) == [
            ("blocked", "not in LibreNMS, but that is no evidence: ports: 500")
        ]


def test_what_is_on_a_removed_machine_goes_with_it() -> None:
    estate = paris()
    guest(estate, 101, "vm")
    machine(estate, 1, "vm", 101)
    machine(estate, 2, "old", 102)
    nic(estate, 12, "net0", 2)
    address(estate, 31, "10.0.0.1", on=12, kind="virtualization.vminterface")
    found = estate.rows()
    assert said_of(found, "virtual_machines", 2) == [("delete", "vmid 102 is no longer in Proxmox")]
    for resource, number in (("vm_interfaces", 12), ("ip_addresses", 31)):
        assert said_of(found, resource, number) == [
            ("delete", "goes with its virtual machine: vmid 102 is no longer in Proxmox")
        ]


def test_a_removed_machine_with_services_stays_and_so_does_what_is_on_it() -> None:
    estate = paris()
    guest(estate, 101, "vm")
    machine(estate, 1, "vm", 101)
    machine(estate, 2, "old", 102)
    nic(estate, 12, "net0", 2)
    for number, name in ((1, "http"), (2, "ssh")):
        estate.add(
            "netbox.dependents",
            object_type="virtualization/virtual-machines",
            object_id=2,
            related_type="ipam/services",
            related_id=number,
            word="service",
            label=name,
        )
    found = estate.rows()
    assert removals(found) == []
    assert said_of(found, "virtual_machines", 2) == [
        (
            "blocked",
            "vmid 102 is no longer in Proxmox, but service http, service ssh depend on it",
        )
    ]
    assert said_of(found, "vm_interfaces", 12) == []


def polled(max_poll_age: int, *hours: float | None) -> dict[str, tuple[str, str | None]]:
    """What is said of an interface that LibreNMS lacks, on switches that were polled so many hours from now."""
    estate = switch(max_poll_age=max_poll_age)
    for number, hour in enumerate(hours, 2):
        when = None if hour is None else f"{datetime(2026, 11, 20, 12) + timedelta(hours=hour)}"
        device(estate, number, f"sw{number}", last_polled=when)
        estate.add("netbox.devices", id=number, name=f"sw{number}", cf={"librenms_id": {"lib": number}})
        port(estate, number, "Gi0/1", device=number)
        interface(estate, 10 * number, "Gi0/1", device=number)
        interface(estate, 10 * number + 1, "Gi0/2", device=number)
    return {r.key: (r.action, r.reason) for r in estate.rows() if r.key.endswith("Gi0/2")}


def test_a_device_that_was_not_polled_lately_is_no_evidence() -> None:
    """By the configured age. A LibreNMS in a time zone ahead of UTC is measured by its own newest poll."""
    why = "not in LibreNMS, but that is no evidence: "
    assert polled(24 * 3600, -25, None, 0) == {
        "sw2 Gi0/2": ("blocked", f"{why}LibreNMS polled the device last at 2026-11-19 11:00:00"),
        "sw3 Gi0/2": ("blocked", f"{why}LibreNMS never polled the device"),
        "sw4 Gi0/2": ("delete", "not in LibreNMS"),
    }
    assert polled(26 * 3600, -25)["sw2 Gi0/2"] == ("delete", "not in LibreNMS")
    assert {key: action for key, (action, _) in polled(3600, 9, 10, 10.9).items()} == {
        "sw2 Gi0/2": "blocked",
        "sw3 Gi0/2": "delete",
        "sw4 Gi0/2": "delete",
    }
