"""Ids of guests and devices as people type them into NetBox's custom fields."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import DELETABLE, device, guest, interface, machine, paris, port, switch, told

MAC = "BC:24:11:00:00:01"


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


def empty_and_twice(estate: Estate) -> None:
    """Two machines have vmid 201, the one of erp202 is empty."""
    guest(estate, 201, "erp201", "BC:24:11:00:02:01")
    guest(estate, 202, "erp202", "BC:24:11:00:02:02")
    for number, held in ((201, "201"), (1201, "0201")):
        machine(estate, number, f"erp{number}", 201, cf={"proxmox_cluster": "paris", "proxmox_vmid": held})
    machine(estate, 202, "erp202", None, cf={"proxmox_cluster": "paris", "proxmox_vmid": ""})


@cache
def of_field_type(kind: str) -> dict[int | None, Row]:
    """{NetBox id, or for a conflict None: row} of machine 101, 102 ..., one per line of HELD with this type."""
    estate = with_field_type(paris(), kind)
    for vmid, held in enumerate((held for of_kind, held, _ in HELD if of_kind == kind), 101):
        guest(estate, vmid, f"erp{vmid}", f"BC:24:11:00:00:{vmid - 100:02X}")
        machine(estate, vmid, f"erp{vmid}", vmid, cf={"proxmox_cluster": "paris", "proxmox_vmid": held})
    if kind == "text":
        empty_and_twice(estate)
    return {row.netbox_id: row for row in estate.rows() if row.resource == "virtual_machines"}


@pytest.mark.parametrize(("kind", "held", "after"), HELD)
def test_a_vmid_is_a_number_however_it_is_written(kind: str, held: Any, after: str | None) -> None:
    row = of_field_type(kind)[int(held)]
    assert (row.action, row.fields.get("cf.proxmox_vmid")) == ("update", after)


def test_a_cluster_with_blanks_is_the_cluster() -> None:
    estate = paris(policies={"missing_guests": "delete", "delete": DELETABLE, "delete_unowned": DELETABLE})
    guest(estate, 101, "erp", MAC)
    machine(estate, 1, "erp", 101, cf={"proxmox_cluster": " Paris ", "proxmox_vmid": " 0101"})
    rows = [row for row in estate.rows() if row.resource == "virtual_machines"]
    assert [(row.action, row.netbox_id, row.fields["cf.proxmox_cluster"]) for row in rows] == [
        ("update", 1, "paris")
    ]


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


@pytest.mark.parametrize(
    ("held", "number"), [(" 43 ", 43), ("044", 44), ({"lib": " 43 "}, 43), ({"lib": "044"}, 44)]
)
def test_the_id_of_a_device_is_a_number_however_it_is_written(held: Any, number: int) -> None:
    estate = Estate("librenms", import_devices="all")
    for device_id in (43, 44):
        device(estate, device_id, f"sw{device_id}")
    estate.add("netbox.devices", id=1, name="other", cf={"librenms_id": held})
    (row,) = [row for row in estate.rows() if row.resource == "devices" and row.netbox_id == 1]
    assert (row.key, row.action, row.fields["cf.librenms_id"]) == (f"sw{number}", "update", {"lib": number})


def test_an_entry_of_the_librenms_plugin_with_a_controller_is_an_id_and_keeps_it() -> None:
    """netbox-librenms-plugin keeps an out-of-band controller beside the device's id."""
    estate = Estate("librenms", import_devices="all")
    device(estate, 43, "sw43")
    device(estate, 44, "sw44")
    entry = {"id": 43, "oob": {"id": 9}}
    estate.add(
        "netbox.devices", id=1, name="other", cf={"librenms_id": {"lib": entry, "preferred_server": "lib"}}
    )
    estate.add("netbox.devices", id=2, name="sw44", cf={"librenms_id": {"lib": {"oob": {"id": 9}}}})
    rows = {row.key: row for row in estate.rows() if row.resource == "devices"}
    assert rows["sw43"].netbox_id == 1
    assert "cf.librenms_id" not in rows["sw43"].fields
    assert (rows["sw44"].netbox_id, rows["sw44"].fields["cf.librenms_id"]) == (
        2,
        {"lib": {"id": 44, "oob": {"id": 9}}},
    )


def test_an_entry_of_the_librenms_plugin_on_an_interface_is_an_id() -> None:
    estate = switch()
    port(estate, 1, "Gi0/1", ifMtu=9000)
    interface(estate, 11, "Gi0/1", cf={"librenms_id": {"lib": {"id": 1}}})
    (row,) = [row for row in estate.rows() if row.resource == "interfaces"]
    assert (row.action, row.netbox_id, list(row.fields)) == ("update", 11, ["mtu"])


def test_a_bare_id_of_another_device_is_named() -> None:
    estate = Estate("librenms")
    device(estate, 43, "sw1")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": 7})
    assert told(estate, "devices") == {
        "sw1": (
            "update",
            "librenms_id is 7 in NetBox, without an endpoint; it becomes 43 of this endpoint",
        )
    }
