"""A row of LibreNMS in doubt is no evidence that a NetBox object is gone: rules on rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    address,
    device,
    interface,
    known_switch,
    part,
    port,
    removals,
    said_of,
    shown,
)


def switches(**policies: str) -> Estate:
    return Estate("librenms", policies=GENEROUS | policies, import_devices="all", inventory=True)


SWITCHES = Parts(switches)


def of_switch(number: int, **policies: str) -> list[Row]:
    """The rows about sw<number>."""
    return about(SWITCHES.estate(**policies).rows(), f"sw{number}")


@SWITCHES.part
def of_one_name(estate: Estate) -> None:
    """Ports 11 and 12 are called Dup0, and NetBox has one such interface; A1 and A2 hold the number of port 17, A2."""
    known_switch(estate, 1)
    port(estate, 11, "Dup0")
    port(estate, 12, "Dup0")
    interface(estate, 11, "Dup0")
    port(estate, 17, "A2")
    interface(estate, 12, "A1", port=17)
    interface(estate, 13, "A2", port=17)


@pytest.mark.parametrize("way", ["delete", "disable", "leave"])
def test_two_ports_of_one_name(way: str) -> None:
    rows = [r for r in of_switch(1, missing_interfaces=way) if r.resource == "interfaces"]
    assert [(r.action, r.key, r.reason) for r in rows if " A" not in r.key] == [
        ("conflict", "sw1 Dup0 (port 11)", "2 ports of this device have the name Dup0"),
        ("conflict", "sw1 Dup0 (port 12)", "2 ports of this device have the name Dup0"),
    ]


@pytest.mark.parametrize("way", ["delete", "disable", "leave"])
def test_two_interfaces_that_hold_one_port_id(way: str) -> None:
    """The port's name is that of one of the two."""
    rows = [r for r in of_switch(1, missing_interfaces=way) if r.resource == "interfaces"]
    assert [(r.action, r.key) for r in rows if "Dup0" not in r.key] == [("conflict", "sw1 A2")]


@SWITCHES.part
def forms_of_names(estate: Estate) -> None:
    known_switch(estate, 2)
    forms = [("Gi1/0/1", "GigabitEthernet1/0/1"), ("TE1/1/1", "te1/1/1"), ("Eth1/1", "Ethernet1/1")]
    for number, (form, known) in enumerate(forms):
        port(estate, 21 + 2 * number, form, device=2)
        port(estate, 22 + 2 * number, form, device=2)
        interface(estate, 21 + number, known, device=2)
    interface(estate, 29, "Gi9/0/9", device=2)


def test_every_form_of_a_name_counts() -> None:
    """Of two ports of one name each could be the interface, whichever form of the name NetBox has."""
    assert removals(of_switch(2)) == [("interfaces", "delete", 29)]


@SWITCHES.part
def other_evidence(estate: Estate) -> None:
    known_switch(estate, 3)
    port(estate, 31, "Dup0", device=3)
    port(estate, 32, "Dup0", device=3, ifPhysAddress="020000000002")
    interface(estate, 31, "old 1", device=3, port=31)
    interface(estate, 32, "old 2", device=3)
    estate.add(
        "netbox.mac_addresses",
        id=1,
        mac_address="02:00:00:00:00:02",
        assigned_object_type="dcim.interface",
        assigned_object_id=32,
    )
    interface(estate, 33, "old 3", device=3)


def test_the_id_and_the_mac_address_of_a_port_in_doubt_count() -> None:
    assert removals(of_switch(3)) == [("interfaces", "delete", 33)]


@SWITCHES.part
def ignored_and_deleted(estate: Estate) -> None:
    known_switch(estate, 4)
    port(estate, 41, "Gi0/1", device=4, ignore=True)
    port(estate, 42, "Gi0/2", device=4, deleted=True)
    port(estate, 43, "Gi0/3", device=4)
    for number in (1, 2, 3):
        interface(estate, 40 + number, f"Gi0/{number}", device=4)


def test_an_ignored_port_is_not_gone() -> None:
    """LibreNMS shows it, and the comparison leaves it out. A deleted one is gone."""
    found = of_switch(4)
    assert removals(found) == [("interfaces", "delete", 42)]
    assert said_of(found, "interfaces", 41) == [
        ("blocked", "it may be port 41 of sw4, which is ignored in LibreNMS")
    ]


@SWITCHES.part
def unreadable_port(estate: Estate) -> None:
    known_switch(estate, 5)
    content = json.dumps(
        {"port_id": "x", "device_id": "5", "ifName": "Gi0/1", "ifDescr": "GigabitEthernet0/1"}
    )
    estate.add("librenms.rejected", source_table="ports", row_key="x", reason="no number", row_json=content)
    interface(estate, 51, "GigabitEthernet0/1", device=5)
    interface(estate, 52, "Gi0/2", device=5)


def test_an_unreadable_port_may_be_any_of_its_names() -> None:
    """Even where nothing else says that the device was not read completely."""
    assert removals(of_switch(5)) == [("interfaces", "delete", 52)]


@SWITCHES.part
def stack_whose_inventory_failed(estate: Estate) -> None:
    known_switch(estate, 6)
    for number, name in enumerate(("Gi1/0/1", "Gi1/0/2", "Gi1/0/3", "Gi2/0/1", "Gi2/0/2", "Gi2/0/3"), 61):
        port(estate, number, name, device=6)
        interface(estate, number, name, device=6, port=number)
    interface(estate, 69, "Gi2/0/4", device=6)
    address(estate, 61, "10.0.6.1", on=61)
    estate.add(
        "librenms.scopes",
        scope="inventory",
        scope_id="6",
        complete=False,
        reason="inventory: LibreNMS answered 500",
    )


@pytest.mark.parametrize("way", ["disable", "delete"])
def test_a_stack_in_one_device_whose_inventory_failed(way: str) -> None:
    """Neither the ports of the second member, nor a port that LibreNMS does not show, nor their addresses."""
    found = of_switch(6, missing_interfaces=way)
    assert removals(found) == []
    assert {r.action for r in found if r.resource == "interfaces"} == {"blocked"}
    assert said_of(found, "interfaces", 69) == [
        ("blocked", "not in LibreNMS, but that is no evidence: inventory: LibreNMS answered 500")
    ]


@SWITCHES.part
def polled_twice(estate: Estate) -> None:
    known_switch(estate, 7)
    device(estate, 700, "sw7.example.org", serial="FOC1")
    port(estate, 71, "Gi0/1", device=7)
    port(estate, 72, "Gi0/2", device=700)
    for number in (71, 72):
        interface(estate, number, f"Gi0/{number - 70}", device=7)
    address(estate, 71, "10.0.7.1", on=71)


def test_what_is_below_a_device_in_doubt_stays() -> None:
    """LibreNMS polls it twice: what the one does not show, the other may."""
    found = of_switch(7)
    assert removals(found) == []
    assert said_of(found, "interfaces", 72) == [
        (
            "blocked",
            "its device is in doubt: it may be sw7.example.org: several devices of this endpoint could be the "
            "NetBox device sw7 (name)",
        )
    ]


@SWITCHES.part
def unreadable_device(estate: Estate) -> None:
    for number in (8, 9):
        held = {"librenms_id": {"lib": number}}
        estate.add("netbox.devices", id=number, name=f"sw{number}", cf=held)
    content = json.dumps({"device_id": "8", "hostname": "sw8", "status": "perhaps"})
    estate.add(
        "librenms.rejected", source_table="devices", row_key="8", reason="no truth value", row_json=content
    )


def test_a_device_that_cannot_be_read_is_not_called_gone() -> None:
    assert said_of(of_switch(8), "devices", 8) == [
        ("blocked", "it may be device 8, which cannot be read: no truth value")
    ]
    assert said_of(of_switch(9), "devices", 9) == [
        ("drifted", "no longer in LibreNMS; devices are never deleted by a sync")
    ]


@SWITCHES.part
def address_on_an_ignored_port(estate: Estate) -> None:
    known_switch(estate, 10)
    port(estate, 101, "Gi0/1", device=10)
    port(estate, 102, "Gi0/2", device=10, ignore=True)
    interface(estate, 101, "Gi0/1", device=10)
    for number, host in ((101, "10.0.10.1"), (102, "10.0.10.2")):
        address(estate, number, host, on=101)
    shown(estate, 1, "10.0.10.1", port=102)


def test_an_address_on_a_port_that_is_left_out_is_not_gone() -> None:
    found = of_switch(10)
    assert removals(found) == [("ip_addresses", "delete", 102)]
    assert said_of(found, "ip_addresses", 101) == [
        ("blocked", "it may be 10.0.10.1 on port 102, which is left out or was not read")
    ]


def lag(estate: Estate, number: int) -> None:
    """Po1 (1) with Gi0/1 (2) and Gi0/2 (3) of sw<number> in NetBox; LibreNMS shows Gi0/1 in it. Ids are
    number * 10 + that."""
    known_switch(estate, number)
    port(estate, number * 10 + 1, "Po1", device=number, ifType="ieee8023adLag")
    interface(estate, number * 10 + 1, "Po1", device=number, type="lag")
    for place in (2, 3):
        port(estate, number * 10 + place, f"Gi0/{place - 1}", device=number)
        interface(estate, number * 10 + place, f"Gi0/{place - 1}", device=number, lag_id=number * 10 + 1)
    stacked(estate, number, 1, 2)


def stacked(estate: Estate, number: int, high: int | None, low: int | None) -> None:
    """LibreNMS shows the port ``low`` of sw<number> under ``high``; None is a port that it does not name."""
    estate.add(
        "librenms.port_stack",
        device_id=number,
        high_port_id=high and number * 10 + high,
        low_port_id=low and number * 10 + low,
    )


def lags(number: int) -> dict[int | None, Any]:
    """{place: LAG that would be written} of the ports of sw<number>."""
    return {r.netbox_id and r.netbox_id % 10: r.fields["lag"] for r in of_switch(number) if "lag" in r.fields}


@SWITCHES.part
def ports_of_lags(estate: Estate) -> None:
    """sw20 leaves no doubt; Gi0/2 of sw21 is in two LAGs; a unit of Gi0/2 of sw22 is in Po1."""
    estate.add("librenms.system", local_ver="26.7.0")
    for number in (20, 21, 22):
        lag(estate, number)
    port(estate, 214, "Po2", device=21, ifType="ieee8023adLag")
    stacked(estate, 21, 1, 3)
    stacked(estate, 21, 4, 3)
    port(estate, 225, "Gi0/2.0", device=22, ifType="propVirtual")
    stacked(estate, 22, 1, 5)


def test_a_port_that_is_in_two_lags_is_not_taken_out_of_either() -> None:
    assert lags(20) == {3: None}
    assert lags(21) == {}


def test_a_port_of_which_a_unit_is_in_the_lag_is_not_taken_out() -> None:
    assert lags(22) == {}


# Which member of which LAG is not known: (high, low), of the device's Po1 (1), Gi0/1 (2) and Gi0/2 (3).
UNKNOWN = [(1, None), (None, 1), (None, 3), (3, None)]


@SWITCHES.part
def unknown_members(estate: Estate) -> None:
    for number, unknown in enumerate(UNKNOWN, 23):
        lag(estate, number)
        stacked(estate, number, *unknown)


@pytest.mark.parametrize("number", range(len(UNKNOWN)), ids=lambda number: str(UNKNOWN[number]))
def test_a_port_that_may_be_the_unknown_member_of_a_lag_is_not_taken_out(number: int) -> None:
    assert lags(23 + number) == {}
    assert lags(20) == {3: None}


def cabled(estate: Estate, near: int, far: int) -> None:
    """Cable <near> between Gi0/1 of both switches, which also see each other at Gi0/2."""
    for owner, other in ((near, far), (far, near)):
        known_switch(estate, owner)
        for number, cable in ((1, near), (2, near + 100)):
            port(estate, owner * 10 + number, f"Gi0/{number}", device=owner)
            interface(estate, owner * 10 + number, f"Gi0/{number}", device=owner, cable_id=cable)
        estate.add(
            "librenms.links",
            id=owner,
            local_device_id=owner,
            local_port_id=owner * 10 + 2,
            remote_device_id=other,
            remote_port_id=other * 10 + 2,
            active=True,
        )
    for number, cable in ((1, near), (2, near + 100)):
        estate.add(
            "netbox.cables",
            id=cable,
            status="connected",
            a_type="dcim.interface",
            a_ids=[near * 10 + number],
            b_type="dcim.interface",
            b_ids=[far * 10 + number],
        )


@SWITCHES.part
def neighbours(estate: Estate) -> None:
    """sw30 and sw31 leave no doubt; sw32 has another neighbour at an unknown port."""
    cabled(estate, 30, 31)
    cabled(estate, 32, 33)
    estate.add(
        "librenms.links", id=3, local_device_id=32, local_port_id=None, remote_hostname="x", active=True
    )


def test_a_neighbour_at_an_unknown_port_may_be_at_any() -> None:
    assert removals(of_switch(30)) == [("cables", "delete", 30)]
    found = of_switch(32)
    assert removals(found) == []
    assert said_of(found, "cables", 32) == [
        ("blocked", "it may be the neighbour in link 3, of which the port is unknown or left out")
    ]


@SWITCHES.part
def parts_in_bays(estate: Estate) -> None:
    known_switch(estate, 34)
    for index, (name, serial) in enumerate((("PSU 1", "A1"), ("Power B", "B2")), 1):
        part(
            estate,
            34,
            index,
            "powerSupply",
            entPhysicalName=name,
            entPhysicalModelName="PWR",
            entPhysicalSerialNum=serial,
            entPhysicalIsFRU=True,
        )
    # A part without a model, which is not taken as a module.
    part(estate, 34, 3, "fan", entPhysicalName="Fan", entPhysicalSerialNum="F1", entPhysicalIsFRU=True)
    bays = (("PSU 1", "A1"), ("PSU 2", ""), ("PSU 3", "Z9"), ("FAN", "F1"))
    for number, (bay, serial) in enumerate(bays, 1):
        estate.add("netbox.module_bays", id=number, device_id=34, name=bay)
        estate.add(
            "netbox.modules", id=number, device_id=34, module_bay_id=number, status="active", serial=serial
        )


def test_a_part_in_an_unknown_bay_may_be_any_module_without_another_serial() -> None:
    found = of_switch(34)
    assert [said_of(found, "modules", number) for number in (2, 3, 4)] == [
        [("blocked", "it may be sw34 Power B: its module bay is not in NetBox")],
        [("drifted", "not in the inventory that LibreNMS shows")],
        [("blocked", "it may be part 3 of sw34, which is not taken as a module")],
    ]


@SWITCHES.part
def ports_not_read(estate: Estate) -> None:
    known_switch(estate, 35)
    interface(estate, 351, "Gi0/1", device=35)
    estate.add("librenms.scopes", scope="ports", scope_id="35", complete=False, reason="ports: 500")


def test_unproven_is_not_called_gone_whatever_the_policy() -> None:
    for way in ("leave", "disable", "delete"):
        assert said_of(of_switch(35, missing_interfaces=way), "interfaces", 351) == [
            ("blocked", "not in LibreNMS, but that is no evidence: ports: 500")
        ]
