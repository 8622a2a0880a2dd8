"""The history of a NetBox object: by every endpoint, under every resource, and of this object alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.approve.object_history import history_of_name, history_of_row, written_values
from netbox_sync_dagster.approve.resolve import withdraw_resolution
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.resolutions import Item, Resolution, write_resolution
from netbox_sync_dagster.storage.views import ask
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.apply.drafts import Draft, of, ref
from tests.support import NetBox

Entry = tuple[str, str, str | None, str, str]


def entries(found: Iterable[dict[str, Any]]) -> list[Entry]:
    """(endpoint, what, action, resource, key)"""
    return [tuple(one[name] for name in ("endpoint", "what", "action", "resource", "key")) for one in found]


def of_name(warehouse: Warehouse, resource: str, name: str, **more: Any) -> list[dict[str, Any]]:
    return ask(warehouse, lambda con: history_of_name(con, warehouse, resource, name, **more))


def of_row(warehouse: Warehouse, plan: Plan, key: str) -> list[dict[str, Any]]:
    [row] = [row for row in plan.rows if row.key == key]
    return ask(warehouse, lambda con: history_of_row(con, warehouse, plan.endpoint, row))


def answer(warehouse: Warehouse, resource: str, key: str, field: str) -> None:
    write_resolution(
        warehouse,
        Resolution(
            resolution_id="r1",
            endpoint="lyon",
            at=now(),
            who="bob",
            through="cli",
            answer="take",
            cause="changed_in_netbox",
            sentence="changed",
            items=(Item(resource, key, field, "q"),),
            word=None,
            netbox_id=None,
            value=None,
            why="the source is right",
            until=None,
            diff_id="d",
            by={},
        ),
    )


def test_a_device_with_its_addresses_answers_and_what_a_delete_emptied(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    home, device = lab_harness.warehouse, lab_fixtures.device
    first = Draft("lyon")
    port = first.create(
        "interfaces", "core Gi0/1", {"device": of(device), "name": "Gi0/1", "type": "other"}, parent="core"
    )
    address = first.create(
        "ip_addresses",
        "10.0.0.1",
        {
            "address": "10.0.0.1/24",
            "assigned_object": ref("interfaces", "core Gi0/1", type="dcim.interface"),
        },
        parent="core",
        depends_on=[port],
    )
    first.update(
        "primary_ips",
        "core IPv4",
        device,
        {"primary_ip4": (None, ref("ip_addresses", "10.0.0.1"))},
        depends_on=[address],
        parent="core",
    )
    first.update("devices", "core", device, {"serial": ("", "A1")})
    lab_harness.approve_and_apply(first.publish(home))
    # A device that the other endpoint calls otherwise, and another device of the name.
    answer(home, "devices", "core", "serial")
    other = Draft("paris")
    other.update(
        "devices", "core-1", lab_netbox.one("dcim/devices", id=device["id"]), {"serial": ("A1", "A2")}
    )
    other.create("devices", "core", {"name": "core", "site": {"id": 999, "name": "Lille"}})
    changed = other.publish(home)
    lab_harness.approve(changed)
    second = Draft("lyon")
    made = lab_netbox.one("ipam/ip-addresses", address="10.0.0.1/24")
    fields = {"address": ("10.0.0.1/24", None)}
    second.delete("ip_addresses", "10.0.0.1", made, fields=fields, parent="core")
    lab_harness.approve_and_apply(second.publish(home))
    withdraw_resolution(home, "lyon", "r1", who="eve", through="cli")

    found = of_row(home, changed, "core-1")
    assert entries(found) == [
        ("lyon", "approve", "update", "devices", "core"),
        ("lyon", "approve", "update", "primary_ips", "core IPv4"),
        ("lyon", "applied", "update", "devices", "core"),
        ("lyon", "applied", "update", "primary_ips", "core IPv4"),
        ("lyon", "take", None, "devices", "core"),
        ("paris", "approve", "update", "devices", "core-1"),
        ("lyon", "applied", "clear", "ip_addresses", "10.0.0.1"),
        ("lyon", "withdraw", None, "devices", "core"),
    ]
    assert [(one["field"], one["who"], one["message"]) for one in found if one["kind"] == "answer"] == [
        ("serial", "bob", "the source is right"),
        ("serial", "eve", "the answer take"),
    ]
    assert list(written_values("clear", found[6]["fields"])) == [("primary_ip4", "10.0.0.1/24 -> none")]
    assert entries(of_name(home, "devices", str(device["id"]))) == entries(found)
    assert {one["endpoint"] for one in of_name(home, "devices", "core-1", endpoint="paris")} == {"paris"}
    # The other device that is called core has only its own decision.
    assert entries(of_row(home, changed, "core")) == [("paris", "approve", "create", "devices", "core")]


def test_an_object_that_another_endpoint_has_decided_on_or_created(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    home, group = lab_harness.warehouse, of(lab_fixtures.group)
    lyon, paris = Draft("lyon"), Draft("paris")
    lyon.create("vlans", "30 in lyo", {"vid": 30, "name": "VLAN0030", "group": group})
    lyon.create("virtual_machines", "web", {"name": "web", "cluster": of(lab_fixtures.cluster)})
    paris.create("vlans", "30 in lyo", {"vid": 30, "name": "storage", "group": group})
    paris.create("virtual_machines", "web", {"name": "web", "cluster": {"id": 77, "name": "paris"}})
    theirs, ours = lyon.publish(home), paris.publish(home)
    assert of_row(home, ours, "30 in lyo") == []
    lab_harness.approve(theirs)
    decided = [("lyon", "approve", "create", "vlans", "30 in lyo")]
    assert entries(of_row(home, ours, "30 in lyo")) == decided
    lab_harness.apply(theirs)
    lyon.rows.clear()
    lyon.publish(home)
    written = [*decided, ("lyon", "applied", "create", "vlans", "30 in lyo")]
    assert entries(of_row(home, ours, "30 in lyo")) == written
    # Once the endpoint has seen it in NetBox, under whatever key.
    vlan = lab_netbox.one("ipam/vlans", vid=30)
    paris.rows.clear()
    paris.update("vlans", "30 in Lyon", vlan, {"name": ("VLAN0030", "storage")})
    assert entries(of_row(home, paris.publish(home), "30 in Lyon")) == written
    # A virtual machine of this name in another cluster is another one.
    assert of_row(home, ours, "web") == []


def test_an_object_that_an_undo_created_again(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    home = lab_harness.warehouse
    draft = Draft("lyon")
    draft.create("vlans", "30 in lyo", {"vid": 30, "name": "storage", "group": of(lab_fixtures.group)})
    lab_harness.approve_and_apply(draft.publish(home))
    gone = lab_netbox.one("ipam/vlans", vid=30)
    # Another endpoint, which calls it otherwise, deletes it.
    draft = Draft("paris")
    fields = {"vid": (30, None), "name": ("storage", None), "group": (of(lab_fixtures.group), None)}
    draft.delete("vlans", "30 in Lyon", gone, fields=fields)
    result = lab_harness.approve_and_apply(draft.publish(home))
    lab_harness.approve_and_apply(plan_undo(home, lab_harness.target, result.apply_id))
    again = lab_netbox.one("ipam/vlans", vid=30)
    assert again["id"] != gone["id"]
    # Its number of today leads to all of it.
    assert [
        (one["endpoint"], one["what"], one["action"]) for one in of_name(home, "vlans", str(again["id"]))
    ] == [
        ("lyon", "approve", "create"),
        ("lyon", "applied", "create"),
        ("paris", "approve", "delete"),
        ("paris", "applied", "delete"),
        ("paris", "approve", "create"),
        ("paris", "applied", "create"),
    ]
