"""Juniper's virtual chassis: no list of chassis, but FPCs that are whole switches."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.support import NetBox, Pipeline, after, row, rows


def fpc(state: LibreNMSState, device: dict[str, Any], slot: int, model: str, serial: str) -> None:
    """A slot's FPC as Junos lists it, below slots that all members share; nothing there has a name."""
    state.add_inventory(
        device,
        entPhysicalIndex=1000007 + 1000000 * slot,
        entPhysicalContainedIn=7,
        entPhysicalParentRelPos=-1,
        entPhysicalDescr=f"FPC: {model} @ {slot}/*/*",
        entPhysicalClass=None,
        entPhysicalName=None,
        entPhysicalModelName="650-064381",
        entPhysicalSerialNum=serial,
    )


def supply(state: LibreNMSState, device: dict[str, Any], slot: int, model: str, serial: str) -> None:
    state.add_inventory(
        device,
        entPhysicalIndex=1000002 + 1000000 * slot,
        entPhysicalContainedIn=2,
        entPhysicalDescr=f"Power Supply 0 @ {slot}/0/*",
        entPhysicalClass="powerSupply",
        entPhysicalName=None,
        entPhysicalModelName=model,
        entPhysicalSerialNum=serial,
        entPhysicalIsFRU="true",
    )


@pytest.fixture
def juniper(state: LibreNMSState, netbox: NetBox, basics: Any) -> dict[str, Any]:
    """Device ex1, with types for it."""
    for model in ("EX4300-48T", "EX4300-24P"):
        netbox.create(
            "dcim/device-types", manufacturer=basics["maker"]["id"], model=model, slug=model.lower()
        )
    return add_juniper(state, "ex1", "PE0001")


def add_juniper(state: LibreNMSState, name: str, serial: str) -> dict[str, Any]:
    """A device with the frame and the slots that every Juniper device shows, and a port on FPC 0 and on FPC 1."""
    found = state.add_device(name, os="junos", hardware="EX4300-48T", serial=serial)
    for index, text, kind in (
        (1, "chassis frame", "chassis"),
        (2, "Power Supply slot", "container"),
        (7, "FPC slot", "container"),
    ):
        state.add_inventory(
            found,
            entPhysicalIndex=index,
            entPhysicalDescr=text,
            entPhysicalClass=kind,
            entPhysicalContainedIn=0 if index == 1 else 1,
            entPhysicalName=None,
            entPhysicalModelName="EX4300",
            entPhysicalSerialNum="",
        )
    for port in ("ge-0/0/1", "ge-1/0/1", "ge-1/0/1.0", "ae0", "vme", "irb.10"):
        state.add_port(found, port)
    return found


def test_members_are_the_fpcs_that_have_power_of_their_own(
    pipeline: Pipeline, state: LibreNMSState, juniper: dict[str, Any], netbox: NetBox
) -> None:
    """Member 0 is position 1; each has its own model and serial, its ports and its parts."""
    pipeline.configure(inventory=True)
    for slot, model, serial in ((0, "EX4300-48T", "PE0001"), (1, "EX4300-24P", "PE0002")):
        fpc(state, juniper, slot, model, serial)
        supply(state, juniper, slot, "JPSU-350", f"PSU{slot}")
    plan = pipeline.apply()
    assert [(r.key, after(r)["serial"], after(r)["device_type"]["name"]) for r in rows(plan, "devices")] == [
        ("ex1", "PE0001", "EX4300-48T"),
        ("ex1-M2", "PE0002", "EX4300-24P"),
    ]
    assert [(r.key, after(r)["vc_position"]) for r in rows(plan, "virtual_chassis_members")] == [
        ("ex1", 1),
        ("ex1-M2", 2),
    ]
    assert sorted(r.key for r in rows(plan, "interfaces")) == [
        "ex1 ae0",
        "ex1 ge-0/0/1",
        "ex1 irb.10",
        "ex1 vme",
        "ex1-M2 ge-1/0/1",
        "ex1-M2 ge-1/0/1.0",
    ]
    assert [r.key for r in rows(plan, "modules")] == [
        "ex1 Power Supply 0 @ 0/0/*",
        "ex1-M2 Power Supply 0 @ 1/0/*",
    ]
    assert [(r.resource, r.key) for r in pipeline.sync().changes] == []
    assert netbox.one("dcim/virtual-chassis", name="ex1")["master"]["name"] == "ex1"
    assert netbox.one("dcim/interfaces", name="ge-1/0/1")["device"]["name"] == "ex1-M2"


def test_line_cards_of_a_router_and_a_switch_alone_are_no_stack(
    pipeline: Pipeline, state: LibreNMSState, juniper: dict[str, Any]
) -> None:
    """Line cards have no power supply, and ex2 has one. Nothing is guessed from the names of the ports."""
    second = add_juniper(state, "ex2", "PE0002")
    for device, serial in ((juniper, "CA00"), (second, "CB00")):
        fpc(state, device, 0, "MPC Type 2", f"{serial}1")
        fpc(state, device, 1, "MPC Type 2", f"{serial}2")
    supply(state, second, 0, "JPSU-350", "PSU0")
    plan = pipeline.sync()
    assert [r.key for r in rows(plan, "devices")] == ["ex1", "ex2"]
    assert rows(plan, "virtual_chassis") == []
    assert after(row(plan, "interfaces", "ex1 ge-1/0/1"))["device"]["key"] == "ex1"
