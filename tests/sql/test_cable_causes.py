"""Why a neighbour that a port sees does not become a cable: rules on rows."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, interface, port, switch, told


def test_a_neighbour_that_gives_no_name_is_shown_and_not_cabled() -> None:
    estate = switch()
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    estate.add("librenms.links", id=1, local_device_id=1, local_port_id=1, remote_port="Gi0/9", active=True)
    assert told(estate, "cables") == {
        "sw1 Gi0/1 <-> an unknown device Gi0/9": (
            "blocked",
            "remote device unknown: the neighbour gives no name",
        )
    }


def test_a_channel_of_a_breakout_port_is_cabled_at_its_parent() -> None:
    """NetBox 4.7 has one cable at the parent; LLDP sees the neighbours of the channels."""
    estate = switch()
    device(estate, 2, "srv")
    estate.add("netbox.devices", id=2, name="srv", cf={"librenms_id": {"lib": 2}})
    interface(estate, 10, "Et1/1", type="40gbase-x-qsfpp")
    for number in (1, 2):
        port(estate, number, f"Et1/1/{number}")
        interface(
            estate,
            10 + number,
            f"Et1/1/{number}",
            port=number,
            type="channel",
            parent_id=10,
            channel_id=number,
        )
        port(estate, 20 + number, f"eth{number}", device=2)
        interface(estate, 20 + number, f"eth{number}", device=2, port=20 + number)
        estate.add(
            "librenms.links",
            **{"id": number, "local_device_id": 1, "local_port_id": number, "active": True},
            **{"remote_device_id": 2, "remote_port_id": 20 + number},
        )
    estate.add(
        "netbox.cables", id=1, a_type="dcim.interface", a_ids=[10], b_type="dcim.interface", b_ids=[21]
    )
    assert [(r.action, r.netbox_id) for r in estate.rows() if r.resource == "cables"] == [("conflict", None)]
    assert told(estate, "cables") == {
        "srv eth2 <-> sw1 Et1/1/2": ("conflict", "miscabled: NetBox has sw1 Et1/1/2 cabled to srv eth1")
    }


def test_a_channel_whose_parent_has_no_cable_waits_for_it() -> None:
    estate = switch()
    device(estate, 2, "srv")
    estate.add("netbox.devices", id=2, name="srv", cf={"librenms_id": {"lib": 2}})
    interface(estate, 10, "Et1/1", type="40gbase-x-qsfpp")
    port(estate, 1, "Et1/1/1")
    interface(estate, 11, "Et1/1/1", port=1, type="channel", parent_id=10, channel_id=1)
    port(estate, 21, "eth1", device=2)
    interface(estate, 21, "eth1", device=2, port=21)
    estate.add(
        "librenms.links",
        **{"id": 1, "local_device_id": 1, "local_port_id": 1, "active": True},
        **{"remote_device_id": 2, "remote_port_id": 21},
    )
    assert told(estate, "cables") == {
        "srv eth1 <-> sw1 Et1/1/1": (
            "blocked",
            "sw1 Et1/1/1 is a channel of Et1/1 in NetBox, which takes the cable itself",
        )
    }


def test_a_cable_at_a_name_that_two_ports_have_is_not_called_miscabled() -> None:
    """sw1's two ports Gi0/1 may each be the interface whose cable NetBox has; the other end is right."""
    estate = switch()
    device(estate, 2, "sw2")
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    port(estate, 1, "Gi0/1")
    port(estate, 2, "Gi0/1")
    port(estate, 3, "Gi0/2", device=2)
    interface(estate, 11, "Gi0/1", cable_id=7)
    interface(estate, 21, "Gi0/2", device=2, port=3, cable_id=7)
    estate.add(
        "netbox.cables",
        id=7,
        status="connected",
        a_type="dcim.interface",
        a_ids=[11],
        b_type="dcim.interface",
        b_ids=[21],
    )
    estate.add(
        "librenms.links",
        **{"id": 1, "local_device_id": 1, "local_port_id": 1, "remote_device_id": 2, "remote_port_id": 3},
        active=True,
    )
    assert told(estate, "cables") == {
        "sw1 Gi0/1 <-> sw2 Gi0/2": (
            "blocked",
            "its interface sw1 Gi0/1 is not written: 2 ports of this device have the name Gi0/1",
        )
    }


def cabled(estate: Estate) -> dict[str, list[str]]:
    """{key: both ends} of the new cables."""
    return {
        r.key: sorted(r.fields[side][0]["name"] for side in ("a_terminations", "b_terminations"))
        for r in estate.rows()
        if r.resource == "cables" and r.action == "create"
    }


def link(estate: Estate, number: int, remote_port: str, **content: Any) -> None:
    estate.add(
        "librenms.links",
        **{
            "id": number,
            "local_device_id": 1,
            "local_port_id": number,
            "active": True,
            "remote_port": remote_port,
        },
        **{"remote_hostname": "par-pve1.example.com", "remote_device_id": 0, **content},
    )


SPELLED = ["000cdbc8b071", "00:0C:db:c8:b0:72", "000c.dbc8.b073", "00-0c-db-c8-b0-74"]


@cache
def given_by_mac_address() -> list[list[str]]:
    """Both ends of the new cables: Eth1, Eth2 ... see the first, second ... of SPELLED on eno1, eno2 ... of par-pve1."""
    estate = switch()
    estate.add("netbox.devices", id=2, name="par-pve1", cf={})
    for number, spelled in enumerate(SPELLED, 1):
        port(estate, number, f"Eth{number}")
        interface(estate, 10 + number, f"Eth{number}", port=number)
        # A bridge has the MAC address of its port.
        for key, name, kind in (
            (20 + number, f"eno{number}", "1000base-t"),
            (30 + number, f"br{number}", "bridge"),
        ):
            interface(estate, key, name, device=2, type=kind)
            estate.add(
                "netbox.mac_addresses",
                **{"id": key, "mac_address": f"00:0C:DB:C8:B0:7{number}", "assigned_object_id": key},
                assigned_object_type="dcim.interface",
            )
        link(estate, number, spelled)
    return list(cabled(estate).values())


@pytest.mark.parametrize("number", range(1, len(SPELLED) + 1), ids=lambda number: SPELLED[number - 1])
def test_a_port_given_by_its_mac_address_in_netbox(number: int) -> None:
    found = given_by_mac_address()
    assert [ends for ends in found if f"sw1 Eth{number}" in ends] == [
        [f"par-pve1 eno{number}", f"sw1 Eth{number}"]
    ]


def test_ports_of_a_polled_neighbour_by_mac_address_path_and_index() -> None:
    estate = switch()
    device(estate, 2, "par-pve1")
    estate.add("netbox.devices", id=2, name="par-pve1", cf={"librenms_id": {"lib": 2}})
    for number, name in ((1, "Eth1"), (2, "Eth2"), (3, "Eth3"), (4, "Eth4")):
        port(estate, number, name)
        interface(estate, 10 + number, name, port=number)
    for number, name, content in (
        (21, "eno1", {"ifPhysAddress": "000cdbc8b070"}),
        (22, "vmbr0", {"ifPhysAddress": "000cdbc8b070"}),
        (23, "ether2", {}),
        (24, "A1", {"ifIndex": 49}),
        (25, "twin1", {"ifPhysAddress": "000cdbc8b099"}),
        (26, "twin2", {"ifPhysAddress": "000cdbc8b099"}),
    ):
        port(estate, number, name, device=2, **content)
        interface(
            estate, number, name, device=2, port=number, type="bridge" if name == "vmbr0" else "1000base-t"
        )
    link(estate, 1, "000cdbc8b070", remote_device_id=2)
    link(estate, 2, "bridge1/ether2", remote_device_id=2)
    link(estate, 3, "49", remote_device_id=2)
    link(estate, 4, "000cdbc8b099", remote_device_id=2)
    assert sorted(cabled(estate).values()) == [
        ["par-pve1 A1", "sw1 Eth3"],
        ["par-pve1 eno1", "sw1 Eth1"],
        ["par-pve1 ether2", "sw1 Eth2"],
    ]
    assert list(told(estate, "cables").values()) == [
        ("conflict", 'ambiguous: 2 ports of par-pve1 could be "000cdbc8b099"')
    ]


def test_many_unknown_neighbours_of_one_device_are_one_row() -> None:
    estate = switch()
    for number in range(1, 51):
        port(estate, number, f"Gi0/{number}")
        interface(estate, 100 + number, f"Gi0/{number}", port=number)
        link(estate, number, f"000cdbc8b0{number:02}", remote_hostname=f"pc{number:02}")
    names = ", ".join(f"pc{number:02} 000cdbc8b0{number:02}" for number in range(1, 6))
    assert told(estate, "cables") == {
        "sw1: unknown neighbours": (
            "blocked",
            f"50 neighbours are neither in LibreNMS nor in NetBox: {names} and 45 more",
        )
    }


PANELS = {
    "dcim.frontport": "front port",
    "dcim.rearport": "rear port",
    "circuits.circuittermination": "circuit termination",
}


@cache
def behind_panels() -> dict[str, tuple[str, str | None]]:
    """{key: (action, reason)} of the cables of three pairs of switches, cabled to a panel of each kind."""
    estate = switch()
    port_ids, interface_ids = count(1), count(101)

    def cable(a: int, kind: str, b: int) -> None:
        estate.add("netbox.cables", id=a, a_type="dcim.interface", a_ids=[a], b_type=kind, b_ids=[b])

    def known(name: str, number: int) -> int:
        interface(estate, found := next(interface_ids), name, device=number)
        return found

    for place, kind in enumerate(PANELS, 1):
        numbers = [10 * place + n for n in (1, 2, 3)]
        near, far, other = (f"{letter}{place}" for letter in "abc")
        for number, name in zip(numbers, (near, far, other), strict=True):
            estate.add("netbox.devices", id=number, name=name, cf={"librenms_id": {"lib": number}})
            device(estate, number, name)
        for name in ("Gi0/1", "Gi0/2"):
            ends = [next(port_ids), next(port_ids)]
            for end, number in zip(ends, numbers, strict=False):
                port(estate, end, name, device=number)
            estate.add(
                "librenms.links",
                **{"id": ends[0], "local_device_id": numbers[0], "local_port_id": ends[0], "active": True},
                **{"remote_device_id": numbers[1], "remote_port_id": ends[1]},
            )
        cable(known("Gi0/1", numbers[0]), kind, place)
        cable(known("Gi0/1", numbers[1]), "dcim.interface", known("Gi0/9", numbers[2]))
        cable(known("Gi0/3", numbers[0]), kind, 3 + place)
    return {r.key: (r.action, r.reason) for r in estate.rows() if r.resource == "cables"}


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_cable_to_a_panel_is_no_direct_one(place: int) -> None:
    """The way goes on behind it: neither in sync nor miscabled, and nothing that is gone."""
    panel = list(PANELS.values())[place - 1]
    assert {key: said for key, said in behind_panels().items() if f"a{place} " in key} == {
        f"a{place} Gi0/1 <-> b{place} Gi0/1": (
            "blocked",
            "NetBox leads the way through panels or circuits, which is not followed: "
            f"a{place} Gi0/1 cabled to {panel} {place} and b{place} Gi0/1 cabled to c{place} Gi0/9",
        ),
        f"a{place} Gi0/2 <-> b{place} Gi0/2": ("create", None),
    }
