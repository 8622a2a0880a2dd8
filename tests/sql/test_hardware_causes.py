"""Which virtual chassis and module bays a device's parts are, where it is not clear: rules on rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import GENEROUS, Parts, about, device, known_switch, part, port


def switches(version: str = "4.7.3") -> Estate:
    """LibreNMS with inventories, and a NetBox of this version with the manufacturers Cisco and Aruba and their types."""
    policies = {**GENEROUS, "move_modules": True, "create": ["module_types", "module_bays", "modules"]}
    estate = Estate("librenms", policies=policies, inventory=True, virtual_chassis=True)
    estate.change("netbox.status", netbox_version=version)
    for number, name in ((1, "Cisco"), (2, "Aruba")):
        estate.add("netbox.manufacturers", id=number, name=name, slug=name.lower())
    for number, model in ((1, "X1"), (2, "X2")):
        estate.add(
            "netbox.module_types",
            id=number,
            manufacturer_id=1,
            model=model,
            bay_type_ids=[1, 2][: 3 - number],
        )
    return estate


SWITCHES = Parts(switches)


def of_switch(number: int, **version: str) -> list[Row]:
    """The rows about sw<number>."""
    return about(SWITCHES.estate(**version).rows(), f"sw{number}")


def said(resource: str, *numbers: int) -> dict[str, tuple[str, str]]:
    """{key: (action, reason)} of these switches' rows of a resource that have a reason."""
    found = (row for number in numbers for row in of_switch(number))
    return {r.key: (r.action, r.reason) for r in found if r.resource.startswith(resource) and r.reason}


def bay(estate: Estate, device: int, place: int, name: str, **content: Any) -> None:
    """A module bay of NetBox, with the id device * 10 + place."""
    columns = {"enabled": True, "bay_type_ids": [], "label": "", **content}
    estate.add("netbox.module_bays", id=device * 10 + place, device_id=device, name=name, **columns)


def module(estate: Estate, number: int, device: int, bay: int, serial: str) -> None:
    """A module of NetBox, an X1."""
    estate.add(
        "netbox.modules",
        **{"id": number, "device_id": device, "module_bay_id": bay, "module_type_id": 1},
        **{"serial": serial, "status": "active"},
    )


def modules(number: int, **version: str) -> list[tuple[str, int | None, str | None, list[str]]]:
    return [
        (r.action, r.netbox_id, r.reason, sorted(r.fields))
        for r in of_switch(number, **version)
        if r.resource == "modules"
    ]


def _stack(estate: Estate, number: int) -> None:
    """Device swN, a stack of two, which NetBox has as device N."""
    device(estate, number, f"sw{number}", serial=f"FOC{number}1")
    part(estate, number, 1, "stack")
    for position in (1, 2):
        part(
            estate,
            number,
            10 + position,
            "chassis",
            entPhysicalContainedIn=1,
            entPhysicalParentRelPos=position,
            entPhysicalName=f"Switch {position}",
            entPhysicalSerialNum=f"FOC{number}{position}",
            entPhysicalModelName="C9300",
        )


@SWITCHES.part
def stacks(estate: Estate) -> None:
    """Two stacks in one chassis, two empty chassis of one name, and one with a member that the stack does not have."""
    for number, name in ((1, "core"), (2, "sw3"), (3, "SW3"), (4, "sw4")):
        estate.add("netbox.virtual_chassis", id=number, name=name)
    for number, chassis in ((1, 1), (2, 1), (3, None), (4, 4)):
        _stack(estate, number)
        estate.add(
            "netbox.devices",
            id=number,
            name=f"sw{number}",
            serial=f"FOC{number}1",
            cf={"librenms_id": {"lib": number}},
            virtual_chassis_id=chassis,
            vc_position=1,
        )
    estate.add("netbox.devices", id=99, name="sw4-3", virtual_chassis_id=4, vc_position=3)


def test_a_stack_takes_no_virtual_chassis_that_may_be_another_ones() -> None:
    assert said("virtual_chassis", 1, 2, 3, 4) == {
        "sw1": ("conflict", "several stacks of LibreNMS could be the virtual chassis core"),
        "sw2": ("conflict", "several stacks of LibreNMS could be the virtual chassis core"),
        "sw3": ("conflict", "2 virtual chassis in NetBox have the name sw3"),
        "sw4: sw4-3": ("drifted", "LibreNMS shows no such member of sw4"),
    }


@SWITCHES.part
def bays_in_doubt(estate: Estate) -> None:
    known_switch(estate, 5)
    for number, name in enumerate(("PSU 1", "Slot A", "Slot B"), 1):
        part(
            estate,
            5,
            number,
            "module",
            entPhysicalName=name,
            entPhysicalModelName="X9",
            entPhysicalSerialNum=f"5S{number}",
        )
    for number, name, label in ((1, "PSU 1", ""), (2, "Power", "PSU 1"), (3, "Slot A", "Slot B")):
        bay(estate, 5, number, name, label=label)


def test_a_part_goes_into_no_bay_that_is_one_of_several_or_another_parts() -> None:
    """A bay is found by its name or its label."""
    assert said("modules", 5) == {
        "sw5 PSU 1": ("conflict", "2 module bays of sw5 could be PSU 1"),
        "sw5 Slot A": ("conflict", "several parts could be in the module bay Slot A"),
        "sw5 Slot B": ("conflict", "several parts could be in the module bay Slot A"),
    }


@SWITCHES.part
def moved_and_replaced(estate: Estate) -> None:
    known_switch(estate, 6)
    for number in (1, 2):
        bay(estate, 6, number, f"Slot {number}")
    module(estate, 6, device=6, bay=61, serial="6S1")
    part(
        *(estate, 6, 1, "module"),
        entPhysicalName="Slot 2",
        entPhysicalModelName="X2",
        entPhysicalSerialNum="6S1",
        entPhysicalMfgName="Cisco",
    )


@pytest.mark.parametrize(
    ("version", "written"),
    [("4.6.8", ["module_bay", "module_type"]), ("4.7.3", ["module_bay"])],
)
def test_a_module_that_moves_gets_its_new_type_afterwards(version: str, written: list[str]) -> None:
    """NetBox 4.7 refuses both in one change."""
    [(action, netbox_id, _, fields)] = modules(6, version=version)
    assert (action, netbox_id, fields) == ("update", 6, written)


@SWITCHES.part
def parts_of_containers(estate: Estate) -> None:
    known_switch(estate, 7)
    part(estate, 7, 1, "container", entPhysicalName="Fan Tray Slot 1")
    part(estate, 7, 2, "container", entPhysicalName="Power Supply Slot 1")
    for index, box, kind, name, model in (
        *((3, 1, "fan", "LC1-1F", "JL481A"), (4, 1, "fan", "LC1-1R", "JL481A")),
        *((5, 2, "powerSupply", "PSU 1", "JL480A"), (6, 2, "fan", "PSU 1 fan", None)),
    ):
        part(
            estate,
            7,
            index,
            kind,
            entPhysicalContainedIn=box,
            entPhysicalName=name,
            entPhysicalModelName=model,
            entPhysicalMfgName="Aruba",
        )


def test_parts_of_one_container_are_in_bays_with_their_names() -> None:
    """Aruba's fan trays hold a front and a rear fan; a power supply alone is in the bay of its container."""
    assert [(r.action, r.key) for r in of_switch(7) if r.resource == "module_bays"] == [
        ("create", "sw7 LC1-1F"),
        ("create", "sw7 LC1-1R"),
        ("create", "sw7 Power Supply Slot 1"),
    ]


@SWITCHES.part
def parts_without_a_port_or_a_model(estate: Estate) -> None:
    known_switch(estate, 8)
    port(estate, 81, "Te1/1/1", device=8)
    for number, port_id, model, serial in ((1, 0, "GLC-TE", "A1"), (2, 81, None, "A2"), (3, 81, None, None)):
        estate.add(
            "librenms.transceivers", id=number, device_id=8, port_id=port_id, model=model, serial=serial
        )
    part(estate, 8, 4, "powerSupply", entPhysicalName="PS 1", entPhysicalSerialNum="A4")
    part(estate, 8, 5, "fan", entPhysicalName="FAN 1")
    # IOS-XR: the port is unknown, and the part is in the inventory.
    part(estate, 8, 6, "module", entPhysicalName="Gi0/0/0/4", entPhysicalModelName="GLC-TE")
    estate.add("librenms.transceivers", id=4, device_id=8, port_id=0, model="GLC-TE", entity_physical_index=6)


def test_parts_without_a_port_or_a_model_are_skipped_with_a_reason() -> None:
    """Without a serial it may be an empty slot, which has no row."""
    assert [r.key for r in of_switch(8) if r.resource == "modules"] == ["sw8 Gi0/0/0/4"]
    assert [row for row in SWITCHES.estate().left_out() if row[1].startswith("sw8")] == [
        ("modules", "sw8 part 4", "LibreNMS gives its serial and no model"),
        ("modules", "sw8 transceiver 1", "LibreNMS does not say at which port, or the port is left out"),
        ("modules", "sw8 transceiver 2", "LibreNMS gives its serial and no model"),
    ]


def one_part(estate: Estate, number: int, **of_bay: object) -> None:
    """sw<number> has an X1 in PSU 1, and NetBox that bay."""
    known_switch(estate, number)
    part(
        estate,
        number,
        1,
        "powerSupply",
        entPhysicalName="PSU 1",
        entPhysicalModelName="X1",
        entPhysicalSerialNum=f"{number}S1",
    )
    bay(estate, number, 1, "PSU 1", **{"bay_type_ids": [2], **of_bay})


# (the bay of sw11, sw12 ..., why it takes no X1)
BAYS: list[tuple[dict[str, object], str | None]] = [
    ({}, None),
    ({"bay_type_ids": []}, None),
    ({"bay_type_ids": [3]}, "the module bay PSU 1 takes no X1: they have no bay type in common"),
    ({"enabled": False}, "the module bay PSU 1 is disabled in NetBox"),
]


@SWITCHES.part
def types_of_bays(estate: Estate) -> None:
    """sw15 has its module already."""
    for number, (columns, _) in enumerate(BAYS, 11):
        one_part(estate, number, **columns)
    one_part(estate, 15, bay_type_ids=[3], enabled=False)
    module(estate, 15, device=15, bay=151, serial="15S1")


@pytest.mark.parametrize("number", range(len(BAYS)), ids=[str(columns) for columns, _ in BAYS])
def test_a_bay_that_takes_no_such_module(number: int) -> None:
    reason = BAYS[number][1]
    assert [row[:3] for row in modules(11 + number)] == [("blocked" if reason else "create", None, reason)]


def test_a_module_that_is_in_such_a_bay_stays() -> None:
    assert modules(15) == []


@SWITCHES.part
def modules_of_others(estate: Estate) -> None:
    """NetBox has the part of sw21 in sw22, and that of sw23 in sw24, with a port."""
    for number in (21, 23):
        one_part(estate, number)
        estate.add("netbox.devices", id=number + 1, name=f"sw{number + 1}")
        bay(estate, number + 1, 1, "PSU 1", bay_type_ids=[2])
        module(estate, number, device=number + 1, bay=number * 10 + 11, serial=f"{number}S1")
    estate.add("netbox.interfaces", id=241, device_id=24, name="Te1", module_id=23, tagged_vlan_ids=[])


@pytest.mark.parametrize(
    ("version", "number", "expected"),
    [
        ("4.7.3", 21, ("update", 21, "moves from sw22 PSU 1", ["module_bay"])),
        ("4.7.3", 23, ("conflict", None, "NetBox has serial 23S1 in sw24 PSU 1", [])),
        ("4.6.8", 21, ("conflict", None, "NetBox has serial 21S1 in sw22 PSU 1", [])),
    ],
    ids=["4.7", "with a port", "4.6"],
)
def test_a_module_of_another_device_moves_with_netbox_4_7(
    version: str, number: int, expected: tuple[object, ...]
) -> None:
    found = modules(number, version=version)[0]
    assert (*found[:3], found[3] if found[0] == "update" else []) == expected


@SWITCHES.part
def kept_in_a_bay_of_other_types(estate: Estate) -> None:
    known_switch(estate, 20)
    for place, types in ((1, [3]), (2, [2, 3]), (3, [])):
        bay(estate, 20, place, f"Slot {place}", bay_type_ids=types)
        module(estate, 200 + place, device=20, bay=200 + place, serial=f"OLD{place}")
        part(
            *(estate, 20, place, "module"),
            entPhysicalName=f"Slot {place}",
            entPhysicalModelName="X1",
            entPhysicalSerialNum=f"NEW{place}",
            entPhysicalMfgName="Cisco",
        )


def test_a_module_in_a_bay_that_takes_it_no_longer() -> None:
    """The bay types may change while a module is in the bay: NetBox refuses to edit it."""
    said = (
        "serial: its module bay Slot 1 takes no X1, as they have no bay type in common, and NetBox refuses every edit "
        "until that is changed"
    )
    assert modules(20) == [
        ("conflict", 201, said, []),
        ("update", 202, None, ["serial"]),
        ("update", 203, None, ["serial"]),
    ]


@SWITCHES.part
def moved_to_the_next_bay(estate: Estate) -> None:
    """The part of PSU 1 is in PSU 2 now, and another one is in PSU 1."""
    known_switch(estate, 26)
    for place, serial in ((1, "26NEW"), (2, "26OLD")):
        bay(estate, 26, place, f"PSU {place}")
        part(
            *(estate, 26, place, "module"),
            entPhysicalName=f"PSU {place}",
            entPhysicalModelName="X1",
            entPhysicalSerialNum=serial,
            entPhysicalMfgName="Cisco",
        )
    module(estate, 260, device=26, bay=261, serial="26OLD")


def test_a_part_that_moved_is_not_written_over_by_the_one_in_its_former_bay() -> None:
    """The new part has its turn once the old one has moved."""
    assert modules(26) == [
        ("conflict", 260, "NetBox has serial 26OLD in this bay, which is sw26 PSU 2 now", ["serial"]),
        ("update", 260, None, ["module_bay"]),
    ]
