"""Ids of guests and devices as people type them into NetBox's custom fields."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    DELETABLE,
    Parts,
    device,
    guest,
    interface,
    known_switch,
    machine,
    paris,
    port,
)


def with_field_type(estate: Estate, kind: str) -> Estate:
    estate.change("netbox.custom_fields", "proxmox_vmid", type=kind)
    return estate


# (type of the custom field, what it holds for guest 101, 102 or 103, what is written into it).
HELD: list[tuple[str, Any, str | None]] = [
    ("text", " 101 ", "101"),
    ("text", "0102", "102"),
    ("text", "103", None),
    ("integer", 101, None),
    ("decimal", 101.0, None),
]


def empty_twice_and_blanks(estate: Estate) -> None:
    """Two machines have vmid 201, that of erp202 is empty, and the cluster of erp203 has blanks."""
    guest(estate, 201, "erp201", "BC:24:11:00:02:01")
    guest(estate, 202, "erp202", "BC:24:11:00:02:02")
    for number, held in ((201, "201"), (1201, "0201")):
        machine(estate, number, f"erp{number}", 201, cf={"proxmox_cluster": "paris", "proxmox_vmid": held})
    machine(estate, 202, "erp202", None, cf={"proxmox_cluster": "paris", "proxmox_vmid": ""})
    guest(estate, 203, "erp203", "BC:24:11:00:02:03")
    machine(estate, 203, "erp203", 203, cf={"proxmox_cluster": " Paris ", "proxmox_vmid": " 0203"})


@cache
def of_field_type(kind: str) -> dict[int | None, Row]:
    """{NetBox id, or for a conflict None: row} of machine 101, 102 ..., one per line of HELD with this type."""
    policies = {"missing_guests": "delete", "delete": DELETABLE, "delete_unowned": DELETABLE}
    estate = with_field_type(paris(policies=policies), kind)
    for vmid, held in enumerate((held for of_kind, held, _ in HELD if of_kind == kind), 101):
        guest(estate, vmid, f"erp{vmid}", f"BC:24:11:00:00:{vmid - 100:02X}")
        machine(estate, vmid, f"erp{vmid}", vmid, cf={"proxmox_cluster": "paris", "proxmox_vmid": held})
    if kind == "text":
        empty_twice_and_blanks(estate)
    return {row.netbox_id: row for row in estate.rows() if row.resource == "virtual_machines"}


@pytest.mark.parametrize(("kind", "held", "after"), HELD)
def test_a_vmid_is_a_number_however_it_is_written(kind: str, held: Any, after: str | None) -> None:
    row = of_field_type(kind)[int(held)]
    assert (row.action, row.fields.get("cf.proxmox_vmid")) == ("update", after)


def test_a_cluster_with_blanks_is_the_cluster() -> None:
    row = of_field_type("text")[203]
    assert (row.action, row.fields["cf.proxmox_cluster"]) == ("update", "paris")


def test_one_vmid_in_two_spellings_is_a_conflict() -> None:
    row = of_field_type("text")[None]
    assert (row.key, row.action) == ("erp201", "conflict")


def test_an_empty_vmid_is_none() -> None:
    assert of_field_type("text")[202].action == "update"


def test_the_name_of_a_container_may_be_a_number() -> None:
    estate = Estate("docker")
    estate.add("docker.containers", id="a" * 64, name="44", state="running", inspected=True, image="x")
    estate.add("netbox.clusters", id=1, name="lib")
    machine(estate, 1, "044", None, cf={"docker_host": "lib", "docker_container": "044"})
    assert ("create", "44") in [(r.action, r.key) for r in estate.rows()]


SWITCHES = Parts(lambda: Estate("librenms", import_devices="all"))


def device_row(netbox_id: int) -> Row:
    """The row about this device of NetBox."""
    found = SWITCHES.estate().rows()
    (row,) = [row for row in found if row.resource == "devices" and row.netbox_id == netbox_id]
    return row


# (what a device of NetBox holds, the number of the device of LibreNMS).
SPELLED: list[tuple[Any, int]] = [(" 43 ", 43), ("044", 44), ({"lib": " 45 "}, 45), ({"lib": "046"}, 46)]


@SWITCHES.part
def spelled(estate: Estate) -> None:
    for held, number in SPELLED:
        device(estate, number, f"sw{number}")
        estate.add("netbox.devices", id=number, name=f"other{number}", cf={"librenms_id": held})


@pytest.mark.parametrize(("held", "number"), SPELLED)
def test_the_id_of_a_device_is_a_number_however_it_is_written(held: Any, number: int) -> None:
    row = device_row(number)
    assert (row.key, row.action, row.fields["cf.librenms_id"]) == (f"sw{number}", "update", {"lib": number})


@SWITCHES.part
def of_the_plugin(estate: Estate) -> None:
    for number in (51, 52):
        device(estate, number, f"sw{number}")
    entry = {"id": 51, "oob": {"id": 9}}
    estate.add(
        "netbox.devices", id=51, name="other51", cf={"librenms_id": {"lib": entry, "preferred_server": "lib"}}
    )
    estate.add("netbox.devices", id=52, name="sw52", cf={"librenms_id": {"lib": {"oob": {"id": 9}}}})
    known_switch(estate, 53)
    port(estate, 1, "Gi0/1", device=53, ifMtu=9000)
    interface(estate, 11, "Gi0/1", device=53, cf={"librenms_id": {"lib": {"id": 1}}})


def test_an_entry_of_the_librenms_plugin_with_a_controller_is_an_id_and_keeps_it() -> None:
    """netbox-librenms-plugin keeps an out-of-band controller beside the device's id."""
    assert device_row(51).key == "sw51"
    assert "cf.librenms_id" not in device_row(51).fields
    row = device_row(52)
    assert (row.key, row.fields["cf.librenms_id"]) == ("sw52", {"lib": {"id": 52, "oob": {"id": 9}}})


def test_an_entry_of_the_librenms_plugin_on_an_interface_is_an_id() -> None:
    (row,) = [row for row in SWITCHES.estate().rows() if row.resource == "interfaces"]
    assert (row.action, row.netbox_id, list(row.fields)) == ("update", 11, ["mtu"])


@SWITCHES.part
def bare(estate: Estate) -> None:
    device(estate, 61, "sw61")
    estate.add("netbox.devices", id=61, name="sw61", cf={"librenms_id": 7})


def test_a_bare_id_of_another_device_is_named() -> None:
    row = device_row(61)
    assert (row.action, row.reason) == (
        "update",
        "librenms_id is 7 in NetBox, without an endpoint; it becomes 61 of this endpoint",
    )
