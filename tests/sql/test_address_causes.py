"""Why an address is not moved, created, deleted or made a primary one: rules on rows."""

from __future__ import annotations

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
    shown,
    switch,
    told,
)

M1, M2 = "BC:24:11:00:00:01", "BC:24:11:00:00:02"


def test_an_address_is_moved_only_where_it_is_clear_which_and_netbox_lets_it_go() -> None:
    estate = switch(policies={**GENEROUS, "move_addresses": True}, mappings={"vrfs": {"blue": "Blue"}})
    for number, name in ((1, "Gi0/1"), (2, "Gi0/2")):
        port(estate, number, name, ifVrf=7 if number == 2 else 0)
        interface(estate, 10 + number, name, port=number)
        interface(estate, 20 + number, name, device=2)
    estate.add("librenms.vrfs", vrf_id=7, device_id=1, vrf_name="blue")
    for number in (1, 2):
        estate.add("netbox.vrfs", id=number, name="Blue")
    estate.add("netbox.devices", id=2, name="sw2", primary_ip4_id=32)
    shown(estate, 1, "10.0.0.1", port=1)
    address(estate, 31, "10.0.0.1", on=21)
    address(estate, 33, "10.0.0.1", on=22)
    shown(estate, 2, "10.0.0.2", port=1)
    address(estate, 32, "10.0.0.2", on=21)
    shown(estate, 3, "10.0.0.3", port=2)
    assert told(estate, "ip_addresses") == {
        "10.0.0.1": (
            "conflict",
            "2 addresses in NetBox have this host and VRF, and none is on sw1 Gi0/1",
        ),
        "10.0.0.2": (
            "blocked",
            "not moved from sw2 Gi0/1: it is a primary address there, and NetBox does not move those",
        ),
        "10.0.0.3 in Blue": ("conflict", '2 VRFs in NetBox are called "Blue"'),
    }


def test_an_out_of_band_address_that_netbox_has_stays_and_is_not_taken_off_its_interface() -> None:
    estate = Estate("librenms", policies=GENEROUS, oob_interfaces=["mgmt.*"])
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}}, oob_ip_id=32)
    port(estate, 1, "mgmt0")
    interface(estate, 11, "mgmt0", port=1)
    shown(estate, 1, "10.0.0.1", port=1)
    for number, host in ((31, "10.0.0.1"), (32, "10.0.0.2")):
        address(estate, number, host, on=11)
    assert told(estate, "ip_addresses", "primary_ips") == {
        "10.0.0.2 on sw1 mgmt0": ("blocked", "not on sw1 mgmt0 in LibreNMS, but it is a primary address"),
        "sw1 OOB": ("drifted", "NetBox has another out-of-band address; primary_ip is set_if_empty"),
    }


@pytest.mark.parametrize("answers", [False, True])
def test_the_primary_address_of_a_guest_stays_while_its_agent_does_not_answer(answers: bool) -> None:
    """net1 has its address from the configuration; what net0 has, only the agent says."""
    estate = paris(policies={**GENEROUS, "primary_ip": "always"})
    guest(estate, 101, "erp", M1, M2)
    machine(estate, 1, "erp", 101, primary_ip4_id=31)
    nic(estate, 11, "eth0", 1, M1)
    nic(estate, 12, "eth1", 1, M2)
    address(estate, 31, "10.0.0.1", on=11, kind="virtualization.vminterface")
    estate.add(
        "proxmox.guest_addresses",
        vmid=101,
        key="net1",
        family=4,
        address="10.0.1.1",
        prefixlen=24,
        canonical="10.0.1.1",
        source="static",
        position=0,
    )
    if not answers:
        reason = "addresses of erp: the guest agent did not answer"
        estate.add("proxmox.scopes", scope="guest_addresses", scope_id="101", complete=False, reason=reason)
    held = (
        "NetBox has 10.0.0.1, and Proxmox does not show all addresses: "
        "addresses of erp: the guest agent did not answer"
    )
    assert told(estate, "primary_ips") == ({} if answers else {"erp IPv4": ("blocked", held)})


def test_an_address_that_is_not_assigned_cannot_become_the_primary_one() -> None:
    """Assigning it is left to people."""
    estate = Estate("librenms", policies={**GENEROUS, "disowns": ["ip_addresses.assigned_object"]})
    device(estate, 1, "sw1", ip="10.0.0.1")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}})
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "10.0.0.1", port=1)
    estate.add(
        "netbox.ip_addresses",
        id=31,
        address="10.0.0.1/24",
        host="10.0.0.1",
        prefixlen=24,
        family=4,
        status="active",
    )
    assert told(estate, "ip_addresses", "primary_ips") == {
        "10.0.0.1": ("drifted", "assigned_object: policies.disowns names it"),
        "sw1 IPv4": (
            "conflict",
            'primary_ip4: 10.0.0.1 is not assigned to it in NetBox; ip_addresses "10.0.0.1" is drifted '
            "(assigned_object: policies.disowns names it)",
        ),
    }


def test_an_address_waits_for_its_interface() -> None:
    estate = switch()
    for number in (1, 2):
        port(estate, number, "Dup0")
    shown(estate, 1, "10.0.0.1", port=1)
    assert told(estate, "ip_addresses") == {
        "10.0.0.1": (
            "blocked",
            "its interface sw1 Dup0 is not written: 2 ports of this device have the name Dup0",
        )
    }


def test_an_address_shown_with_two_masks_has_that_of_its_network() -> None:
    """Some systems list the mask of a host beside it."""
    estate = switch()
    estate.change("netbox.devices", "sw1", status="active")
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    for number, (host, family, masks) in enumerate(
        (("10.0.0.1", 4, (32, 24)), ("2001:db8::1", 6, (64, 128)))
    ):
        for mask in masks:
            estate.add(
                "librenms.ip_addresses",
                address_id=number * 1000 + mask,
                family=family,
                **{"address": host, "canonical": host, "prefixlen": mask, "port_id": 1},
            )
    assert [r.fields["address"] for r in estate.rows() if r.resource == "ip_addresses"] == [
        "10.0.0.1/24",
        "2001:db8::1/64",
    ]
