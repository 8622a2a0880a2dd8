"""Which virtual chassis and module bays a device's parts are, where it is not clear: rules on rows."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, part, port, switch, told


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


def test_a_stack_takes_no_virtual_chassis_that_may_be_another_ones() -> None:
    """Two stacks in one chassis, two empty chassis of one name, and one with a member that the stack does not have."""
    estate = Estate("librenms", policies=GENEROUS, virtual_chassis=True)
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
    estate.add("netbox.devices", id=9, name="sw4-3", virtual_chassis_id=4, vc_position=3)
    assert told(estate, "virtual_chassis", "virtual_chassis_members") == {
        "sw1": ("conflict", "several stacks of LibreNMS could be the virtual chassis core"),
        "sw2": ("conflict", "several stacks of LibreNMS could be the virtual chassis core"),
        "sw3": ("conflict", "2 virtual chassis in NetBox have the name sw3"),
        "sw4: sw4-3": ("drifted", "LibreNMS shows no such member of sw4"),
    }


def test_a_part_goes_into_no_bay_that_is_one_of_several_or_another_parts() -> None:
    """A bay is found by its name or its label."""
    estate = switch(inventory=True)
    for number, bay in enumerate(("PSU 1", "Slot A", "Slot B"), 1):
        part(
            estate,
            1,
            number,
            "module",
            entPhysicalName=bay,
            entPhysicalModelName="X1",
            entPhysicalSerialNum=f"S{number}",
        )
    for number, name, label in ((1, "PSU 1", ""), (2, "Power", "PSU 1"), (3, "Slot A", "Slot B")):
        estate.add("netbox.module_bays", id=number, device_id=1, name=name, label=label)
    assert told(estate, "modules") == {
        "sw1 PSU 1": ("conflict", "2 module bays of sw1 could be PSU 1"),
        "sw1 Slot A": ("conflict", "several parts could be in the module bay Slot A"),
        "sw1 Slot B": ("conflict", "several parts could be in the module bay Slot A"),
    }


@pytest.mark.parametrize(
    ("version", "written"),
    [("4.6.8", ["module_bay", "module_type"]), ("4.7.3", ["module_bay"])],
)
def test_a_module_that_moves_gets_its_new_type_afterwards(version: str, written: list[str]) -> None:
    """NetBox 4.7 refuses both in one change."""
    estate = switch(inventory=True, policies={**GENEROUS, "move_modules": True})
    estate.change("netbox.status", netbox_version=version)
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    for number, model in ((1, "X1"), (2, "X2")):
        estate.add("netbox.module_types", id=number, manufacturer_id=1, model=model)
    for number in (1, 2):
        estate.add("netbox.module_bays", id=number, device_id=1, name=f"Slot {number}", label="")
    estate.add("netbox.modules", id=5, device_id=1, module_bay_id=1, module_type_id=1, serial="S1")
    part(
        *(estate, 1, 1, "module"),
        entPhysicalName="Slot 2",
        entPhysicalModelName="X2",
        entPhysicalSerialNum="S1",
        entPhysicalMfgName="Cisco",
    )
    assert [(r.action, r.netbox_id, sorted(r.fields)) for r in estate.rows() if r.resource == "modules"] == [
        ("update", 5, written)
    ]


def test_parts_of_one_container_are_in_bays_with_their_names() -> None:
    """Aruba's fan trays hold a front and a rear fan; a power supply alone is in the bay of its container."""
    estate = switch(inventory=True, policies={"create": ["module_types", "module_bays", "modules"]})
    part(estate, 1, 1, "container", entPhysicalName="Fan Tray Slot 1")
    part(estate, 1, 2, "container", entPhysicalName="Power Supply Slot 1")
    for index, box, kind, name, model in (
        *((3, 1, "fan", "LC1-1F", "JL481A"), (4, 1, "fan", "LC1-1R", "JL481A")),
        *((5, 2, "powerSupply", "PSU 1", "JL480A"), (6, 2, "fan", "PSU 1 fan", None)),
    ):
        part(
            estate,
            1,
            index,
            kind,
            entPhysicalContainedIn=box,
            entPhysicalName=name,
            entPhysicalModelName=model,
            entPhysicalMfgName="Aruba",
        )
    estate.add("netbox.manufacturers", id=1, name="Aruba", slug="aruba")
    assert [(r.action, r.key) for r in estate.rows() if r.resource == "module_bays"] == [
        ("create", "sw1 LC1-1F"),
        ("create", "sw1 LC1-1R"),
        ("create", "sw1 Power Supply Slot 1"),
    ]


def test_parts_without_a_port_or_a_model_are_skipped_with_a_reason() -> None:
    """Without a serial it may be an empty slot, which has no row."""
    estate = switch(inventory=True)
    port(estate, 1, "Te1/1/1")
    for number, port_id, model, serial in ((1, 0, "GLC-TE", "A1"), (2, 1, None, "A2"), (3, 1, None, None)):
        estate.add(
            "librenms.transceivers", id=number, device_id=1, port_id=port_id, model=model, serial=serial
        )
    part(estate, 1, 4, "powerSupply", entPhysicalName="PS 1", entPhysicalSerialNum="A4")
    part(estate, 1, 5, "fan", entPhysicalName="FAN 1")
    # IOS-XR: the port is unknown, and the part is in the inventory.
    part(estate, 1, 6, "module", entPhysicalName="Gi0/0/0/4", entPhysicalModelName="GLC-TE")
    estate.add("librenms.transceivers", id=4, device_id=1, port_id=0, model="GLC-TE", entity_physical_index=6)
    assert [r.key for r in estate.rows() if r.resource == "modules"] == ["sw1 Gi0/0/0/4"]
    assert estate.left_out() == [
        ("modules", "sw1 part 4", "LibreNMS gives its serial and no model"),
        ("modules", "sw1 transceiver 1", "LibreNMS does not say at which port, or the port is left out"),
        ("modules", "sw1 transceiver 2", "LibreNMS gives its serial and no model"),
    ]


def one_part(version: str = "4.7.3") -> Estate:
    """sw1 with a part in PSU 1; NetBox has that bay and the bay PSU 1 of sw2, and the part's type."""
    estate = switch(inventory=True, policies={**GENEROUS, "move_modules": True})
    estate.change("netbox.status", netbox_version=version)
    part(
        estate,
        1,
        1,
        "powerSupply",
        entPhysicalName="PSU 1",
        entPhysicalModelName="X1",
        entPhysicalSerialNum="S1",
    )
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    estate.add("netbox.module_types", id=1, model="X1", manufacturer_id=1, bay_type_ids=[1, 2])
    estate.add("netbox.devices", id=2, name="sw2")
    for number in (1, 2):
        bay = {"id": number, "device_id": number, "name": "PSU 1", "enabled": True, "bay_type_ids": [2]}
        estate.add("netbox.module_bays", **bay)
    return estate


def modules(estate: Estate) -> list[tuple[str, int | None, str | None, list[str]]]:
    return [
        (r.action, r.netbox_id, r.reason, sorted(r.fields)) for r in estate.rows() if r.resource == "modules"
    ]


@pytest.mark.parametrize(
    ("bay", "reason"),
    [
        ({}, None),
        ({"bay_type_ids": []}, None),
        ({"bay_type_ids": [3]}, "the module bay PSU 1 takes no X1: they have no bay type in common"),
        ({"enabled": False}, "the module bay PSU 1 is disabled in NetBox"),
    ],
)
def test_a_bay_that_takes_no_such_module(bay: dict[str, object], reason: str | None) -> None:
    estate = one_part()
    estate.change("netbox.module_bays", **bay)
    assert [row[:3] for row in modules(estate)] == [("blocked" if reason else "create", None, reason)]


def test_a_module_that_is_in_such_a_bay_stays() -> None:
    estate = one_part()
    estate.add(
        "netbox.modules", id=5, device_id=1, module_bay_id=1, module_type_id=1, serial="S1", status="active"
    )
    estate.change("netbox.module_bays", bay_type_ids=[3], enabled=False)
    assert modules(estate) == []


@pytest.mark.parametrize(
    ("version", "has_port", "expected"),
    [
        ("4.7.3", False, ("update", 5, "moves from sw2 PSU 1", ["module_bay"])),
        ("4.7.3", True, ("conflict", None, "NetBox has serial S1 in sw2 PSU 1", [])),
        ("4.6.8", False, ("conflict", None, "NetBox has serial S1 in sw2 PSU 1", [])),
    ],
)
def test_a_module_of_another_device_moves_with_netbox_4_7(
    version: str, has_port: bool, expected: tuple[object, ...]
) -> None:
    estate = one_part(version)
    estate.add(
        "netbox.modules", id=5, device_id=2, module_bay_id=2, module_type_id=1, serial="S1", status="active"
    )
    if has_port:
        estate.add("netbox.interfaces", id=21, device_id=2, name="Te1", module_id=5, tagged_vlan_ids=[])
    found = modules(estate)[0]
    assert (*found[:3], found[3] if found[0] == "update" else []) == expected
