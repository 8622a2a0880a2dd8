"""The rows of a diff put together: one object per row, and objects that change alike as one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.folding import folded
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS

PORT, ADDRESS, MAC = "dcim/interfaces", "ipam/ip-addresses", "dcim/mac-addresses"
ON = {"type": "dcim.interface"}


class Diff:
    """A diff as rows."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def row(self, resource: str, key: str, action: str, object_type: str, **more: Any) -> None:
        """One row; ``fields``: {name: (before, after)}, ``drifted``: names of those that are not written."""
        drifted = more.pop("drifted", ())
        fields = [
            {
                "field": name,
                "before": json.dumps(before),
                "after": json.dumps(after),
                "decision": "drifted" if name in drifted else "update",
            }
            for name, (before, after) in more.pop("fields", {}).items()
        ]
        row = {
            **{"endpoint": "lib", "diff_id": "d2", "first_diff": "d1", "resource": resource, "key": key},
            **{"action": action, "object_type": object_type, "fields": fields, "decision": "waiting"},
            "change_id": f"{resource} {key}" if action in ("create", "update", "delete") else "",
            "parent": "sw1",
            **more,
        }
        columns = ", ".join(f'"{name}"' for name in row)
        self.con.execute(
            f"INSERT INTO changes ({columns}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()


@pytest.fixture
def diff() -> Iterator[Diff]:
    with duckdb.connect() as con:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in DIFF_COLUMNS.items())
        con.execute(f"CREATE TABLE changes ({columns}, decision VARCHAR, link VARCHAR)")
        con.execute(read_sql("natural.sql") + folded("changes", "main"))
        yield Diff(con)


def test_a_new_port_is_one_object_with_its_addresses(diff: Diff) -> None:
    port = {"ref": "interfaces", "key": "sw1 Gi0/1", "name": "Gi0/1"}
    diff.row("interfaces", "sw1 Gi0/1", "create", PORT, fields={"name": (None, "Gi0/1")})
    mac = {"mac_address": (None, "00:00:5E:00:53:01"), "assigned_object": (None, port | ON)}
    diff.row("mac_addresses", "sw1 Gi0/1 00:00:5E:00:53:01", "create", MAC, fields=mac)
    primary = {"primary_mac_address": (None, {"ref": "mac_addresses", "key": "m", "name": "m"})}
    diff.row("primary_macs", "sw1 Gi0/1", "update", PORT, target=json.dumps(port), fields=primary)
    diff.row("ip_addresses", "10.0.0.1", "create", ADDRESS, fields={"assigned_object": (None, port | ON)})
    assert diff.ask("SELECT resource, key, action, differs, attaches, changes, new_changes FROM objects") == [
        ("interfaces", "sw1 Gi0/1", "create", [], ["ip_addresses", "mac_addresses"], 4, 0)
    ]
    assert diff.ask("SELECT resource, object, own FROM parts ORDER BY resource") == [
        ("interfaces", "sw1 Gi0/1", True),
        ("ip_addresses", "sw1 Gi0/1", False),
        ("mac_addresses", "sw1 Gi0/1", False),
        ("primary_macs", "sw1 Gi0/1", True),
    ]


def test_what_netbox_has_is_the_same_object_under_the_names_of_both(diff: Diff) -> None:
    # The source calls the port Gi0/1, NetBox GigabitEthernet0/1; only NetBox's name is in the address.
    held = {"id": 7, "name": "sw1 GigabitEthernet0/1"} | ON
    diff.row("interfaces", "sw1 Gi0/1", "update", PORT, netbox_id=7, fields={"mtu": (1500, 9000)})
    diff.row("ip_addresses", "10.0.0.1", "create", ADDRESS, fields={"assigned_object": (None, held)})
    # A port that does not differ itself.
    other = {"id": 8, "name": "sw1 GigabitEthernet0/2"} | ON
    diff.row("ip_addresses", "10.0.0.2", "create", ADDRESS, fields={"assigned_object": (None, other)})
    assert diff.ask("SELECT key, action, differs, attaches FROM objects ORDER BY key") == [
        ("sw1 Gi0/1", "update", ["mtu"], ["ip_addresses"]),
        ("sw1 GigabitEthernet0/2", "update", [], ["ip_addresses"]),
    ]


def test_ports_with_one_name_in_two_sites_are_two_objects(diff: Diff) -> None:
    # The devices are called sw1 in Paris and in Lyon, which NetBox allows.
    for number, site in ((1, "paris"), (2, "lyon")):
        fields = {"assigned_object": (None, {"id": number, "name": "sw1 eth0"} | ON)}
        diff.row("mac_addresses", f"sw1.{site} eth0 m", "create", MAC, parent=f"sw1.{site}", fields=fields)
    assert diff.ask("SELECT netbox_id, key, action, parent, change_ids FROM objects ORDER BY netbox_id") == [
        (1, "sw1 eth0", "update", "sw1.paris", ["mac_addresses sw1.paris eth0 m"]),
        (2, "sw1 eth0", "update", "sw1.lyon", ["mac_addresses sw1.lyon eth0 m"]),
    ]
    assert diff.ask("SELECT object_id, object, parent, own FROM parts ORDER BY object_id") == [
        (1, "sw1 eth0", "sw1.paris", False),
        (2, "sw1 eth0", "sw1.lyon", False),
    ]
    # They change alike, and the example is one of them.
    assert diff.ask("SELECT objects, changes, example, example_id FROM summary") == [(2, 2, "sw1 eth0", 1)]


def test_a_port_of_netbox_is_not_the_new_port_with_its_name(diff: Diff) -> None:
    diff.row("interfaces", "sw1 eth0", "create", PORT, fields={"name": (None, "eth0")})
    created = {"ref": "interfaces", "key": "sw1 eth0", "name": "sw1 eth0"} | ON
    diff.row("mac_addresses", "sw1 eth0 m", "create", MAC, fields={"assigned_object": (None, created)})
    # The source calls this one lan. It does not differ itself, so only NetBox's name of it is in the diff.
    existing = {"id": 7, "name": "sw1 eth0"} | ON
    diff.row("mac_addresses", "sw1 lan m", "create", MAC, fields={"assigned_object": (None, existing)})
    assert diff.ask(
        "SELECT netbox_id, key, action, change_ids FROM objects ORDER BY netbox_id NULLS FIRST"
    ) == [
        (None, "sw1 eth0", "create", ["interfaces sw1 eth0", "mac_addresses sw1 eth0 m"]),
        (7, "sw1 eth0", "update", ["mac_addresses sw1 lan m"]),
    ]


def test_a_removed_port_is_not_the_new_port_with_its_key(diff: Diff) -> None:
    diff.row("interfaces", "sw1 eth0", "delete", PORT, netbox_id=7, change_id="delete")
    diff.row("interfaces", "sw1 eth0", "create", PORT, change_id="create")
    created = {"ref": "interfaces", "key": "sw1 eth0", "name": "eth0"} | ON
    diff.row("mac_addresses", "sw1 eth0 m", "create", MAC, fields={"assigned_object": (None, created)})
    assert diff.ask("SELECT netbox_id, action, change_ids FROM objects ORDER BY netbox_id NULLS FIRST") == [
        (None, "create", ["create", "mac_addresses sw1 eth0 m"]),
        (7, "delete", ["delete"]),
    ]


def test_a_step_belongs_to_the_object_that_it_writes_whatever_its_key(diff: Diff) -> None:
    # As a plan of undo has it: the key of the step ends in MAC, and the device is created again.
    diff.row("interfaces", "sw1 Gi0/1", "update", PORT, netbox_id=7, fields={"mtu": (1500, 9000)})
    diff.row(
        "primary_macs", "sw1 Gi0/1 MAC", "update", PORT, netbox_id=7, fields={"primary_mac_address": (1, 2)}
    )
    device = json.dumps({"ref": "devices", "key": "sw2", "name": "sw2"})
    diff.row("devices", "sw2", "create", "dcim/devices", parent="paris")
    diff.row("primary_ips", "sw2", "update", "dcim/devices", parent="paris", target=device)
    assert diff.ask("SELECT resource, key, netbox_id, changes FROM objects ORDER BY key") == [
        ("interfaces", "sw1 Gi0/1", 7, 2),
        ("devices", "sw2", None, 2),
    ]


def test_a_new_bay_belongs_to_the_part_that_moves_into_it(diff: Diff) -> None:
    diff.row("module_bays", "sw1 PSU 2", "create", "dcim/module-bays")
    diff.row("modules", "sw1 PSU 2", "update", "dcim/modules", netbox_id=5, fields={"module_bay": (1, 2)})
    assert diff.ask("SELECT resource, key, netbox_id, action, attaches, changes FROM objects") == [
        ("modules", "sw1 PSU 2", 5, "update", ["module_bays"], 2)
    ]


def test_a_moved_address_belongs_to_the_port_that_gets_it(diff: Diff) -> None:
    old, new = {"id": 7, "name": "sw1 Gi0/1"} | ON, {"id": 8, "name": "sw1 Gi0/2"} | ON
    diff.row("ip_addresses", "10.0.0.1", "update", ADDRESS, fields={"assigned_object": (old, new)})
    diff.row("ip_addresses", "10.0.0.2", "update", ADDRESS, fields={"assigned_object": (old, None)})
    diff.row(
        "ip_addresses", "10.0.0.3", "update", ADDRESS, fields={"address": ("10.0.0.3/32", "10.0.0.3/24")}
    )
    assert diff.ask("SELECT key, object_resource, object FROM parts ORDER BY key") == [
        ("10.0.0.1", "interfaces", "sw1 Gi0/2"),
        ("10.0.0.2", "interfaces", "sw1 Gi0/1"),
        ("10.0.0.3", "ip_addresses", "10.0.0.3"),
    ]


def test_primary_addresses_and_places_in_a_stack_belong_to_the_device(diff: Diff) -> None:
    diff.row("primary_ips", "sw1 IPv4", "update", "dcim/devices", fields={"primary_ip4": (None, "a")})
    diff.row("virtual_chassis_members", "sw1", "update", "dcim/devices", fields={"vc_position": (None, 1)})
    diff.row("primary_ips", "vm1 IPv6", "update", "virtualization/virtual-machines", parent="vm1")
    assert diff.ask("SELECT resource, key, action, differs, changes FROM objects ORDER BY key") == [
        ("devices", "sw1", "update", ["primary_ip4", "vc_position"], 2),
        ("virtual_machines", "vm1", "update", [], 1),
    ]


def test_a_port_that_goes_takes_its_addresses_along(diff: Diff) -> None:
    port = {"id": 7, "name": "sw1 Gi0/1"} | ON
    diff.row("interfaces", "sw1 Gi0/1", "delete", PORT, netbox_id=7, fields={"name": ("Gi0/1", None)})
    diff.row(
        "mac_addresses", "sw1 Gi0/1 m", "delete", MAC, netbox_id=9, fields={"assigned_object": (port, None)}
    )
    assert diff.ask("SELECT key, action, attaches, changes FROM objects") == [
        ("sw1 Gi0/1", "delete", ["mac_addresses"], 2)
    ]


def test_ids_of_the_source_and_fields_that_are_not_written_do_not_count(diff: Diff) -> None:
    link = {"cf.librenms_id": (None, {"lib": 1})}
    diff.row("devices", "sw1", "update", "dcim/devices", fields=link)
    named = {**link, "name": ("a", "b"), "serial": ("", "X")}
    diff.row("devices", "sw2", "update", "dcim/devices", fields=named, drifted=("name",), reason="kept")
    assert diff.ask("SELECT key, differs, attaches, reason FROM objects ORDER BY key") == [
        ("sw1", [], [], None),
        ("sw2", ["serial"], [], "kept"),
    ]


def test_questions_are_not_objects(diff: Diff) -> None:
    diff.row("interfaces", "sw1 Gi0/1", "conflict", PORT)
    diff.row("interfaces", "sw1 Gi0/2", "acknowledged", PORT)
    assert diff.ask("FROM objects") == diff.ask("FROM summary") == []


def test_objects_that_change_alike_are_one_row_with_their_number(diff: Diff) -> None:
    for number in (10, 9, 2):
        for device in ("sw2", "sw1") if number == 2 else ("sw1",):
            fields = {"mode": (None, "access"), "mtu": (None, 1500 + number), "cf.librenms_id": (None, {})}
            diff.row("interfaces", f"{device} Gi{number}", "update", PORT, fields=fields, parent=device)
    diff.row("interfaces", "sw1 Gi3", "update", PORT, fields={"mtu": (None, 1500)}, first_diff="d2")
    diff.row("interfaces", "sw1 Gi4", "create", PORT, fields={"mtu": (None, 1500)}, decision="approved")
    mac = {"assigned_object": (None, {"ref": "interfaces", "key": "sw1 Gi9", "name": "Gi9"} | ON)}
    diff.row("mac_addresses", "sw1 Gi9 m", "create", MAC, fields=mac)

    found = diff.ask(
        """SELECT action, differs, objects, changes, new_changes, example, parents, with_attached, decisions
        FROM summary ORDER BY objects DESC, action"""
    )
    assert found == [
        (
            *("update", ["mode", "mtu"], 4, 5, 0, "sw1 Gi2"),
            [{"parent": "sw1", "objects": 3}, {"parent": "sw2", "objects": 1}],
            {"mac_addresses": 1},
            {"waiting": 5},
        ),
        ("create", [], 1, 1, 0, "sw1 Gi4", [{"parent": "sw1", "objects": 1}], None, {"approved": 1}),
        ("update", ["mtu"], 1, 1, 1, "sw1 Gi3", [{"parent": "sw1", "objects": 1}], None, {"waiting": 1}),
    ]
    [(fields,)] = diff.ask("SELECT fields FROM summary WHERE objects = 4")
    assert [(f["field"], f["values"]) for f in fields] == [("mode", 1), ("mtu", 3)]
    assert (fields[0]["before"], fields[0]["after"]) == ("null", '"access"')


def test_another_reason_is_another_kind_of_change(diff: Diff) -> None:
    for key, cause in (("10.0.0.1", None), ("10.0.0.2", "prefix_differs"), ("10.0.0.3", "prefix_differs")):
        fields = {"address": (f"{key}/32", f"{key}/24")}
        diff.row("ip_addresses", key, "update", ADDRESS, fields=fields, cause=cause, reason=cause)
    assert diff.ask("SELECT cause, objects FROM summary ORDER BY objects") == [
        (None, 1),
        ("prefix_differs", 2),
    ]


def test_objects_of_different_places_can_be_kept_separate(diff: Diff) -> None:
    for key in ("sw1 Gi1", "sw1 Gi2", "sw2 Gi1"):
        diff.row("interfaces", key, "update", PORT, fields={"mtu": (1, 2)}, parent=key[:3])
    diff.con.execute(folded("changes", "main", "parent"))
    assert diff.ask("SELECT place, objects FROM summary ORDER BY place") == [("sw1", 2), ("sw2", 1)]
