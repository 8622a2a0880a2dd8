"""Devices at a rack unit: NetBox refuses a type that has no room there, and every edit of a device that has none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, switch, told

TYPES: dict[str, dict[str, Any]] = {
    "Half": {"u_height": 1.0, "is_full_depth": False},
    "Full": {"u_height": 1.0, "is_full_depth": True},
    "Two": {"u_height": 2.0, "is_full_depth": False},
    "Flat": {"u_height": 0.0, "is_full_depth": False},
    "Child": {"u_height": 0.0, "is_full_depth": False, "subdevice_role": "child"},
}


def _rack(wanted: str, now: str = "Half", owned: str = "device_type", **place: Any) -> Estate:
    """sw1 at U10, front, of a rack of ten units, which LibreNMS says to be of another type; its serial differs too."""
    estate = switch(
        policies={**GENEROUS, "owns": ["devices.serial", f"devices.{owned}"]},
        mappings={"device_types": {"X1": wanted}},
    )
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.racks", id=1, name="R1", site_id=1, starting_unit=1, u_height=10)
    estate.add("netbox.manufacturers", id=1, name="Acme", slug="acme")
    for number, (model, content) in enumerate(TYPES.items(), 1):
        estate.add(
            "netbox.device_types", id=number, model=model, slug=model.lower(), manufacturer_id=1, **content
        )
    where = {"site_id": 1, "rack_id": 1, "position": 10.0, "face": "front", "status": "active"}
    estate.change("netbox.devices", "sw1", device_type_id=_number(now), serial="FOC1", **{**where, **place})
    estate.change("librenms.devices", hardware="X1", serial="FOC2")
    return estate


def _number(model: str) -> int:
    return list(TYPES).index(model) + 1


def _beside(estate: Estate, model: str, position: float, face: str) -> None:
    place = {"site_id": 1, "rack_id": 1, "position": position, "face": face}
    estate.add("netbox.devices", id=9, name="pdu", device_type_id=_number(model), cf={}, **place)


@pytest.mark.parametrize(
    ("wanted", "position", "said"),
    [
        ("Two", 9.0, None),
        ("Two", None, None),
        ("Two", 10.0, "type Two (2 U) has no room at U10 of rack R1, where the device is in NetBox"),
        ("Full", 10.0, None),
        (
            *("Flat", 10.0),
            "NetBox takes no device of type Flat at a unit or face of a rack, and it is at one of rack R1",
        ),
        (
            *("Child", None),
            "NetBox takes no device of type Child at a unit or face of a rack, and it is at one of rack R1",
        ),
    ],
)
def test_a_type_that_has_no_room_where_the_device_is(
    wanted: str, position: float | None, said: str | None
) -> None:
    estate = _rack(wanted, position=position)
    (row,) = [row for row in estate.rows() if row.resource == "devices"]
    if said is None:
        assert (row.action, row.reason, set(row.fields)) == ("update", None, {"serial", "device_type"})
    else:
        assert (row.action, row.reason, row.fields) == ("update", f"device_type: {said}", {"serial": "FOC2"})


@pytest.mark.parametrize(
    ("wanted", "model", "position", "face", "has_room"),
    [
        ("Two", "Half", 8.0, "front", True),
        ("Two", "Half", 10.0, "front", False),
        ("Two", "Half", 10.0, "rear", True),
        ("Two", "Full", 10.0, "rear", False),
        ("Full", "Half", 9.0, "rear", False),
        ("Full", "Flat", 9.0, "rear", True),
        ("Full", "Two", 8.0, "rear", False),
    ],
)
def test_another_device_in_the_way(
    wanted: str, model: str, position: float, face: str, has_room: bool
) -> None:
    estate = _rack(wanted, position=9.0)
    _beside(estate, model, position, face)
    (row,) = [row for row in estate.rows() if row.resource == "devices"]
    height = "2 U" if wanted == "Two" else "1 U"
    said = f"device_type: type {wanted} ({height}) has no room at U9 of rack R1, where the device is in NetBox: pdu is there too"
    assert (row.reason, "device_type" in row.fields) == ((None, True) if has_room else (said, False))


def test_every_edit_of_a_device_that_has_no_room() -> None:
    estate = _rack("Full", now="Full")
    _beside(estate, "Half", 10.0, "rear")
    said = (
        "serial: its type Full (1 U) has no room at U10 of rack R1: pdu is there too, and NetBox refuses every edit until "
        "that is changed"
    )
    assert told(estate, "devices")["sw1"] == ("conflict", said)
    estate.change("netbox.device_types", _number("Full"), subdevice_role="child")
    said = (
        "serial: NetBox takes no device of its type Full at a unit or face of a rack, it is at one of rack R1, and NetBox "
        "refuses every edit until that is changed"
    )
    assert told(estate, "devices")["sw1"] == ("conflict", said)
    # The update gives it a type that has room.
    estate = _rack("Half", now="Full")
    _beside(estate, "Half", 10.0, "rear")
    (row,) = [row for row in estate.rows() if row.resource == "devices"]
    assert (row.reason, set(row.fields)) == (None, {"serial", "device_type"})


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ({}, True),
        ({"position": None}, True),
        ({"position": None, "face": None}, False),
    ],
)
def test_a_rule_that_takes_a_device_out_of_its_rack(place: dict[str, Any], kept: bool) -> None:
    """NetBox refuses a unit or face without a rack, and rules cannot clear these."""
    estate = _rack("Half", owned="rack", **place)
    estate.rule("devices.sql", "SELECT key, 'rack' AS field, '' AS value FROM desired.devices")
    (row,) = [row for row in estate.rows() if row.resource == "devices"]
    if kept:
        reason = "rack: the device is at a unit or face of rack R1 in NetBox"
        assert (row.action, row.reason, row.fields) == ("update", reason, {"serial": "FOC2"})
    else:
        assert (row.action, row.reason, row.fields) == ("update", None, {"serial": "FOC2", "rack": None})
