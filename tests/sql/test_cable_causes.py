"""Why a neighbour that a port sees does not become a cable: rules on rows."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import GENEROUS, Parts, about, address, device, interface, known_switch, port

SWITCHES = Parts(lambda: Estate("librenms", policies=GENEROUS))


def of_cables(*names: str) -> list[Row]:
    """The rows about cables of these devices."""
    return [r for r in about(SWITCHES.estate().rows(), *names) if r.resource == "cables"]


def said(*names: str) -> dict[str, tuple[str, str]]:
    """{key: (action, reason)} of those that have a reason."""
    return {r.key: (r.action, r.reason) for r in of_cables(*names) if r.reason}


def port_of(estate: Estate, number: int, name: str, owner: int, **held: Any) -> None:
    """A port of LibreNMS that NetBox has as an interface with its id; ``held``: columns of that."""
    port(estate, number, name, device=owner)
    interface(estate, number, name, device=owner, port=number, **held)


def server(estate: Estate, number: int, name: str) -> None:
    """A device of LibreNMS that NetBox has."""
    device(estate, number, name)
    estate.add("netbox.devices", id=number, name=name, cf={"librenms_id": {"lib": number}})


def sees(estate: Estate, near: tuple[int, int], far: tuple[int, int]) -> None:
    """LibreNMS shows the port of the device ``far`` as the neighbour of that of ``near``: (device, port)."""
    estate.add(
        "librenms.links",
        **{"id": near[1], "local_device_id": near[0], "local_port_id": near[1], "active": True},
        **{"remote_device_id": far[0], "remote_port_id": far[1]},
    )


def link(estate: Estate, owner: int, number: int, remote_port: str, remote: str, **content: Any) -> None:
    """The port of sw<owner> sees a port of a device that only has this name."""
    estate.add(
        "librenms.links",
        **{"id": number, "local_device_id": owner, "local_port_id": number, "active": True},
        **{"remote_port": remote_port, "remote_hostname": remote, "remote_device_id": 0, **content},
    )


@SWITCHES.part
def nameless(estate: Estate) -> None:
    known_switch(estate, 1)
    port_of(estate, 1001, "Gi0/1", 1)
    estate.add(
        "librenms.links", id=1, local_device_id=1, local_port_id=1001, remote_port="Gi0/9", active=True
    )


def test_a_neighbour_that_gives_no_name_is_shown_and_not_cabled() -> None:
    assert said("sw1") == {
        "sw1 Gi0/1 <-> an unknown device Gi0/9": (
            "blocked",
            "remote device unknown: the neighbour gives no name",
        )
    }


@SWITCHES.part
def breakout(estate: Estate) -> None:
    """The channels Et1/1/1 and Et1/1/2 of sw2 see srv2; so does Et1/1/1 of sw3, whose parent has no cable, srv3."""
    for number in (2, 3):
        known_switch(estate, number)
        server(estate, number + 50, f"srv{number}")
        interface(estate, number * 1000, "Et1/1", device=number, type="40gbase-x-qsfpp")
    for owner, channel in ((2, 1), (2, 2), (3, 1)):
        near, far = owner * 1000 + channel, owner * 1000 + 50 + channel
        parent = {"type": "channel", "parent_id": owner * 1000, "channel_id": channel}
        port_of(estate, near, f"Et1/1/{channel}", owner, **parent)
        port_of(estate, far, f"eth{channel}", owner + 50)
        sees(estate, (owner, near), (owner + 50, far))
    estate.add(
        "netbox.cables", id=1, a_type="dcim.interface", a_ids=[2000], b_type="dcim.interface", b_ids=[2051]
    )


def test_a_channel_of_a_breakout_port_is_cabled_at_its_parent() -> None:
    """NetBox 4.7 has one cable at the parent; LLDP sees the neighbours of the channels."""
    assert [(r.action, r.netbox_id) for r in of_cables("sw2")] == [("conflict", 1)]
    assert said("sw2") == {
        "srv2 eth2 <-> sw2 Et1/1/2": ("conflict", "miscabled: NetBox has sw2 Et1/1/2 cabled to srv2 eth1")
    }


def test_a_channel_whose_parent_has_no_cable_waits_for_it() -> None:
    assert said("sw3") == {
        "srv3 eth1 <-> sw3 Et1/1/1": (
            "blocked",
            "sw3 Et1/1/1 is a channel of Et1/1 in NetBox, which takes the cable itself",
        )
    }


@SWITCHES.part
def one_name_twice(estate: Estate) -> None:
    """sw4's two ports Gi0/1 may each be the interface whose cable NetBox has; the other end is right."""
    known_switch(estate, 4)
    known_switch(estate, 40)
    port(estate, 4001, "Gi0/1", device=4)
    port(estate, 4002, "Gi0/1", device=4)
    interface(estate, 4001, "Gi0/1", device=4, cable_id=7)
    port_of(estate, 4051, "Gi0/2", 40, cable_id=7)
    estate.add(
        "netbox.cables",
        id=7,
        status="connected",
        a_type="dcim.interface",
        a_ids=[4001],
        b_type="dcim.interface",
        b_ids=[4051],
    )
    sees(estate, (4, 4001), (40, 4051))


def test_a_cable_at_a_name_that_two_ports_have_is_not_called_miscabled() -> None:
    assert said("sw4") == {
        "sw4 Gi0/1 <-> sw40 Gi0/2": (
            "blocked",
            "its interface sw4 Gi0/1 is not written: 2 ports of this device have the name Gi0/1",
        )
    }


def cabled(*names: str) -> list[list[str]]:
    """Both ends of the new cables of these devices."""
    return sorted(
        sorted(r.fields[side][0]["name"] for side in ("a_terminations", "b_terminations"))
        for r in of_cables(*names)
        if r.action == "create"
    )


SPELLED = ["000cdbc8b071", "00:0C:db:c8:b0:72", "000c.dbc8.b073", "00-0c-db-c8-b0-74"]


@SWITCHES.part
def mac_addresses_in_netbox(estate: Estate) -> None:
    """Eth1, Eth2 ... of sw5 see the first, second ... of SPELLED, on eno1, eno2 ... of par-pve5."""
    known_switch(estate, 5)
    estate.add("netbox.devices", id=55, name="par-pve5", cf={})
    for number, spelled in enumerate(SPELLED, 1):
        port_of(estate, 5000 + number, f"Eth{number}", 5)
        # A bridge has the MAC address of its port.
        for key, name, kind in (
            (5020 + number, f"eno{number}", "1000base-t"),
            (5030 + number, f"br{number}", "bridge"),
        ):
            interface(estate, key, name, device=55, type=kind)
            estate.add(
                "netbox.mac_addresses",
                **{"id": key, "mac_address": f"00:0C:DB:C8:B0:7{number}", "assigned_object_id": key},
                assigned_object_type="dcim.interface",
            )
        link(estate, 5, 5000 + number, spelled, "par-pve5.example.com")


@pytest.mark.parametrize("number", range(1, len(SPELLED) + 1), ids=lambda number: SPELLED[number - 1])
def test_a_port_given_by_its_mac_address_in_netbox(number: int) -> None:
    assert [ends for ends in cabled("sw5") if f"sw5 Eth{number}" in ends] == [
        [f"par-pve5 eno{number}", f"sw5 Eth{number}"]
    ]


@SWITCHES.part
def polled_neighbour(estate: Estate) -> None:
    known_switch(estate, 6)
    server(estate, 56, "par-pve6")
    for number in (1, 2, 3, 4):
        port_of(estate, 6000 + number, f"Eth{number}", 6)
    for number, name, content in (
        (6021, "eno1", {"ifPhysAddress": "000cdbc8b070"}),
        (6022, "vmbr0", {"ifPhysAddress": "000cdbc8b070"}),
        (6023, "ether2", {}),
        (6024, "A1", {"ifIndex": 49}),
        (6025, "twin1", {"ifPhysAddress": "000cdbc8b099"}),
        (6026, "twin2", {"ifPhysAddress": "000cdbc8b099"}),
    ):
        port(estate, number, name, device=56, **content)
        kind = "bridge" if name == "vmbr0" else "1000base-t"
        interface(estate, number, name, device=56, port=number, type=kind)
    for number, remote_port in enumerate(("000cdbc8b070", "bridge1/ether2", "49", "000cdbc8b099"), 6001):
        link(estate, 6, number, remote_port, "par-pve6.example.com", remote_device_id=56)


def test_ports_of_a_polled_neighbour_by_mac_address_path_and_index() -> None:
    assert cabled("sw6") == [
        ["par-pve6 A1", "sw6 Eth3"],
        ["par-pve6 eno1", "sw6 Eth1"],
        ["par-pve6 ether2", "sw6 Eth2"],
    ]
    assert list(said("sw6").values()) == [
        ("conflict", 'ambiguous: 2 ports of par-pve6 could be "000cdbc8b099"')
    ]


@SWITCHES.part
def unknown_neighbours(estate: Estate) -> None:
    known_switch(estate, 7)
    for number in range(1, 51):
        port_of(estate, 7000 + number, f"Gi0/{number}", 7)
        link(estate, 7, 7000 + number, f"000cdbc8b0{number:02}", f"pc{number:02}")


def test_many_unknown_neighbours_of_one_device_are_one_row() -> None:
    names = ", ".join(f"pc{number:02} 000cdbc8b0{number:02}" for number in range(1, 6))
    assert said("sw7") == {
        "sw7: unknown neighbours": (
            "blocked",
            f"50 neighbours are neither in LibreNMS nor in NetBox: {names} and 45 more",
        )
    }


PANELS = {
    "dcim.frontport": "front port",
    "dcim.rearport": "rear port",
    "circuits.circuittermination": "circuit termination",
}


@SWITCHES.part
def panels(estate: Estate) -> None:
    """Three pairs of switches, cabled to a panel of each kind."""
    interface_ids = count(8001)

    def cable(a: int, kind: str, b: int) -> None:
        estate.add("netbox.cables", id=a, a_type="dcim.interface", a_ids=[a], b_type=kind, b_ids=[b])

    def known(name: str, number: int) -> int:
        interface(estate, found := next(interface_ids), name, device=number)
        return found

    for place, kind in enumerate(PANELS, 1):
        near, far, other = (80 + 3 * place + n for n in range(3))
        for number, name in ((near, f"a{place}"), (far, f"b{place}"), (other, f"c{place}")):
            server(estate, number, name)
        for number in (1, 2):
            for owner in (near, far):
                port(estate, owner * 100 + number, f"Gi0/{number}", device=owner)
            sees(estate, (near, near * 100 + number), (far, far * 100 + number))
        cable(known("Gi0/1", near), kind, place)
        cable(known("Gi0/1", far), "dcim.interface", known("Gi0/9", other))
        cable(known("Gi0/3", near), kind, 3 + place)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_cable_to_a_panel_is_no_direct_one(place: int) -> None:
    """The way goes on behind it: neither in sync nor miscabled, and nothing that is gone."""
    panel = list(PANELS.values())[place - 1]
    assert {r.key: (r.action, r.reason) for r in of_cables(f"a{place}")} == {
        f"a{place} Gi0/1 <-> b{place} Gi0/1": (
            "blocked",
            "NetBox leads the way through panels or circuits, which is not followed: "
            f"a{place} Gi0/1 cabled to {panel} {place} and b{place} Gi0/1 cabled to c{place} Gi0/9",
        ),
        f"a{place} Gi0/2 <-> b{place} Gi0/2": ("create", None),
    }
    # Neither of the two cables is the one that the row is about.
    assert {r.netbox_id for r in of_cables(f"a{place}")} == {None}


@SWITCHES.part
def loops(estate: Estate) -> None:
    """sw71's port 1 sees itself, its port 2 itself and a port of sw72; port 3 has a cable in NetBox and sees itself."""
    for number in (71, 72):
        known_switch(estate, number)
    for number in (1, 2, 3):
        port_of(estate, 71000 + number, f"Gi0/{number}", 71, cable_id=7100 if number == 3 else None)
        estate.add(
            "librenms.links",
            **{"id": 71000 + number, "local_device_id": 71, "local_port_id": 71000 + number, "active": True},
            **{"remote_device_id": 71, "remote_port_id": 71000 + number},
        )
    port_of(estate, 72001, "Gi0/1", 72)
    port_of(estate, 72003, "Gi0/3", 72, cable_id=7100)
    estate.add(
        "netbox.cables",
        **{"id": 7100, "a_type": "dcim.interface", "a_ids": [71003], "b_type": "dcim.interface"},
        **{"b_ids": [72003], "status": "connected"},
    )
    sees(estate, (72, 72001), (71, 71002))


def test_a_port_that_sees_itself_is_a_row_and_no_neighbour() -> None:
    """It does not count as a second neighbour, and a cable there is not gone."""
    itself = "{} sees itself as its neighbour: a loop, or a wrong link in the source"
    assert [(r.action, r.key, r.reason) for r in of_cables("sw71")] == [
        ("blocked", "sw71 Gi0/1 <-> sw71", itself.format("sw71 Gi0/1")),
        ("blocked", "sw71 Gi0/2 <-> sw71", itself.format("sw71 Gi0/2")),
        ("blocked", "sw71 Gi0/3 <-> sw71", itself.format("sw71 Gi0/3")),
        ("create", "sw71 Gi0/2 <-> sw72 Gi0/1", None),
    ]


@SWITCHES.part
def lanes(estate: Estate) -> None:
    """et-0/0/0 of sw81 has one breakout cable to Gi0/1 and Gi0/2 of sw82; its lanes see these and Gi0/3. NetBox lacks the
    second lane."""
    for number in (81, 82):
        known_switch(estate, number)
    interface(estate, 81000, "et-0/0/0", device=81, cable_id=8100, type="40gbase-x-qsfpp")
    port(estate, 81001, "et-0/0/0:0", device=81)
    interface(estate, 81001, "et-0/0/0:0", device=81, port=81001, type="10gbase-x-sfpp")
    for lane in (1, 2):
        port(estate, 81001 + lane, f"et-0/0/0:{lane}", device=81, ifSpeed=10_000_000_000)
    for number in (1, 2, 3):
        port_of(estate, 82000 + number, f"Gi0/{number}", 82, cable_id=8100 if number < 3 else None)
        sees(estate, (82, 82000 + number), (81, 81000 + number))
    estate.add(
        "netbox.cables",
        **{"id": 8100, "a_type": "dcim.interface", "a_ids": [81000], "b_type": "dcim.interface"},
        **{"b_ids": [82001, 82002], "status": "connected"},
    )


def test_the_cable_of_a_breakout_port_is_that_of_its_lanes() -> None:
    """Not miscabled: it leads to what the lanes see. The third lane has a cable to Gi0/3 that NetBox lacks."""
    assert [(r.action, r.key, r.reason) for r in of_cables("sw81")] == [
        ("create", "sw81 et-0/0/0:2 <-> sw82 Gi0/3", None)
    ]


@SWITCHES.part
def guests(estate: Estate) -> None:
    known_switch(estate, 93)
    for number in (1, 2):
        port_of(estate, 93000 + number, f"Gi0/{number}", 93)
    estate.add("netbox.virtual_machines", id=9300, name="web93", cluster_id=1, tags=[])
    link(estate, 93, 93001, "eth0", "web93.example.com")
    link(estate, 93, 93002, "eth0", "web94.example.com")


def test_a_neighbour_that_is_a_virtual_machine_is_not_called_unknown() -> None:
    assert said("sw93") == {
        "sw93 Gi0/1 <-> web93.example.com eth0": (
            "blocked",
            "the neighbour is the virtual machine web93; NetBox takes cables between devices only",
        ),
        "sw93 Gi0/2 <-> web94.example.com eth0": (
            "blocked",
            'remote device unknown: neither LibreNMS nor NetBox has "web94.example.com"',
        ),
    }


@SWITCHES.part
def addresses(estate: Estate) -> None:
    """Neighbours of sw95 that only send an address: one of a device of NetBox, one of two, and one that nobody has."""
    known_switch(estate, 95)
    for number in (1, 2, 3):
        port_of(estate, 95000 + number, f"Gi0/{number}", 95)
        link(estate, 95, 95000 + number, "eth0", f"10.95.0.{number}")
    for number, host in ((9501, "10.95.0.1"), (9502, "10.95.0.2"), (9503, "10.95.0.2")):
        estate.add("netbox.devices", id=number, name=f"ap{number}")
        interface(estate, number, "eth0", device=number)
        address(estate, number, host, on=number)


def test_a_neighbour_may_be_named_by_its_address() -> None:
    unknown = 'remote device unknown: neither LibreNMS nor NetBox has "10.95.0.3"'
    assert [(r.action, r.key, r.reason) for r in of_cables("sw95")] == [
        ("blocked", "sw95 Gi0/3 <-> 10.95.0.3 eth0", unknown),
        (
            "conflict",
            "sw95 Gi0/2 <-> 10.95.0.2 eth0",
            "ambiguous: several devices could be 10.95.0.2 (ap9502, ap9503)",
        ),
        ("create", "ap9501 eth0 <-> sw95 Gi0/1", None),
    ]


@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_a_port_that_a_rule_marks_or_makes_virtual_in_the_same_plan_gets_no_cable(known: bool) -> None:
    """NetBox takes the mark or the cable, a virtual type or the cable."""
    estate = Estate(
        "librenms", policies={**GENEROUS, "owns": ["interfaces.mark_connected", "interfaces.type"]}
    )
    known_switch(estate, 1)
    known_switch(estate, 2)
    add = port_of if known else port
    for number in (1, 2, 3):
        add(estate, number, f"Gi0/{number}", 1)
        add(estate, 10 + number, f"Gi0/{number}", 2)
        sees(estate, (1, number), (2, 10 + number))
    estate.rule(
        "interfaces.sql",
        "SELECT key, 'mark_connected' AS field, 'true' AS value FROM desired.interfaces WHERE key = 'sw1 Gi0/1' "
        "UNION ALL SELECT key, 'type', 'virtual' FROM desired.interfaces WHERE key = 'sw2 Gi0/2'",
    )
    cables = {r.key: (r.action, r.reason) for r in estate.rows() if r.resource == "cables"}
    assert cables == {
        "sw1 Gi0/1 <-> sw2 Gi0/1": (
            "blocked",
            "a rule marks sw1 Gi0/1 as connected, and NetBox takes no cable there then",
        ),
        "sw1 Gi0/2 <-> sw2 Gi0/2": (
            "blocked",
            "NetBox takes no cable on sw2 Gi0/2: its type is virtual",
        ),
        "sw1 Gi0/3 <-> sw2 Gi0/3": ("create", None),
    }
