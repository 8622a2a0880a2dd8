"""The one rule for what NetBox has and the source does not show, the same for every resource: rules on rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    address,
    device,
    guest,
    interface,
    mac,
    machine,
    nic,
    paris,
    port,
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
