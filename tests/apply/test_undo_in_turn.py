"""Undo of one apply after another: backwards to the first state, and never past a later one that was not undone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.compare.plan import Plan
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.apply.undoing import done, picture, undone
from tests.support import NetBox


def first_draft(fixtures: NetBoxFixtures) -> Draft:
    """A serial, and a new port with an address that becomes the primary one."""
    made = Draft()
    made.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    made.create("interfaces", "new", {"device": of(fixtures.device), "name": "new", "type": "other"})
    made.create(
        "ip_addresses",
        "a",
        {"address": fixtures.ip(1), "assigned_object": ref("interfaces", "new", type="dcim.interface")},
    )
    made.update(
        "primary_ips",
        "sw1",
        fixtures.device,
        {"primary_ip4": (None, ref("ip_addresses", "a"))},
    )
    return made


def second_draft(netbox: NetBox, fixtures: NetBoxFixtures) -> Draft:
    """Another serial, and the port with its address goes."""
    device = netbox.one("dcim/devices", id=fixtures.device["id"])
    port = netbox.one("dcim/interfaces", device_id=device["id"])
    address = netbox.one("ipam/ip-addresses", device_id=device["id"])
    on = {**of(port), "type": "dcim.interface"}
    made = Draft()
    made.update("devices", "sw1", device, {"serial": ("X1", "X2"), "comments": ("", "second")})
    made.delete(
        "ip_addresses",
        "a",
        address,
        fields={"address": (fixtures.ip(1), None), "assigned_object": (on, None)},
    )
    fields: dict[str, Any] = {"device": of(device), "name": "new", "type": "other"}
    made.delete("interfaces", "new", port, fields={name: (value, None) for name, value in fields.items()})
    return made


def found(plan: Plan) -> dict[str, tuple[str, str | None]]:
    """{resource and key: (action, reason)}"""
    return {f"{row.resource} {row.key}": (row.action, row.reason) for row in plan.rows}


def test_two_applies_undone_in_turn_lead_back_to_the_first_state(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    start = picture(netbox, fixtures)
    first = done(harness, first_draft(fixtures).publish(harness.warehouse))
    middle = picture(netbox, fixtures)
    second = done(harness, second_draft(netbox, fixtures).publish(harness.warehouse))
    end = picture(netbox, fixtures)

    back = undone(harness, second)
    assert picture(netbox, fixtures) == middle, "the port is another object now, with its primary address"
    undone(harness, first)
    assert picture(netbox, fixtures) == start

    # Nothing is undone twice, and the undo of the first apply has deleted the rest.
    plan = plan_undo(harness.warehouse, harness.target, first)
    assert {action for action, _ in found(plan).values()} == {"conflict"}
    plan = plan_undo(harness.warehouse, harness.target, back)
    assert {action for action, _ in found(plan).values()} == {"conflict"}
    assert end != middle != start


@pytest.mark.parametrize("server", ["4.2.9"], indirect=True)
def test_two_applies_undone_in_turn_where_netbox_has_no_etags(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    test_two_applies_undone_in_turn_lead_back_to_the_first_state(lab_harness, lab_netbox, lab_fixtures)


def test_an_undo_past_an_apply_that_stands_is_a_conflict_in_what_both_changed(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    made = first_draft(fixtures)
    made.create("vlans", "20", {"vid": 20, "name": "twenty", "group": of(fixtures.group)})
    made.create("vlans", "30", {"vid": 30, "name": "thirty", "group": of(fixtures.group)})
    made.update("virtual_machines", "web", fixtures.vm, {"memory": (None, 1024)})
    first = done(harness, made.publish(harness.warehouse))
    made = second_draft(netbox, fixtures)
    twenty = netbox.one("ipam/vlans", group_id=fixtures.group["id"], vid=20)
    made.update("vlans", "20", twenty, {"description": ("", "second")})
    machine = netbox.one("virtualization/virtual-machines", id=fixtures.vm["id"])
    made.update("virtual_machines", "web", machine, {"vcpus": (None, 2)})
    second = done(harness, made.publish(harness.warehouse))

    plan = plan_undo(harness.warehouse, harness.target, first)
    gone = f"apply {second} deleted it since; undo that one first"
    both = f"apply {second} changed its primary_ip4, serial since; undo that one first"
    assert found(plan) == {
        "devices sw1": ("conflict", both),
        "primary_ips sw1": ("conflict", both),
        "interfaces new": ("conflict", gone),
        "ip_addresses a": ("conflict", gone),
        "vlans 20": ("conflict", f"apply {second} changed its description since; undo that one first"),
        "vlans 30": ("delete", None),
        "virtual_machines web": ("update", None),
    }
    assert verdicts(harness.approve_and_apply(plan)) == {"30": "applied", "web": "applied"}
    device = netbox.one("dcim/devices", id=fixtures.device["id"])
    assert (device["serial"], device["comments"], device["primary_ip4"]) == ("X2", "second", None)
    machine = netbox.one("virtualization/virtual-machines", id=fixtures.vm["id"])
    assert (machine["memory"], machine["vcpus"]) == (None, 2)
    vlans = netbox.all("ipam/vlans", group_id=fixtures.group["id"])
    assert [(vlan["vid"], vlan["description"]) for vlan in vlans] == [(20, "second")]


def test_somebodys_edit_between_two_applies_survives_both_undos(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    first = done(harness, first_draft(fixtures).publish(harness.warehouse))
    netbox.edit("dcim/devices", fixtures.device["id"], description="mine")
    port = netbox.one("dcim/interfaces", device_id=fixtures.device["id"])
    netbox.edit("dcim/interfaces", port["id"], description="mine too")
    second = done(harness, second_draft(netbox, fixtures).publish(harness.warehouse))
    undone(harness, second)

    plan = plan_undo(harness.warehouse, harness.target, first)
    assert {
        key: (action, (reason or "").partition(" (")[0]) for key, (action, reason) in found(plan).items()
    } == {
        "devices sw1": ("conflict", "it was changed in NetBox since"),
        "primary_ips sw1": ("conflict", "it was changed in NetBox since"),
        "interfaces new": ("conflict", "it was changed in NetBox since"),
        "ip_addresses a": ("conflict", "primary_ips sw1 uses it and stays: it was changed in NetBox since"),
    }
    again = netbox.one("dcim/interfaces", device_id=fixtures.device["id"])
    assert (again["id"] != port["id"], again["description"]) == (True, "mine too")


def test_what_a_later_apply_made_again_is_not_made_twice(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    port = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="p", type="other")
    child = netbox.create(
        "dcim/interfaces", device=fixtures.device["id"], name="p.5", type="virtual", parent=port["id"]
    )
    device = of(fixtures.device)
    made = Draft()
    for name, row in (("p", port), ("p.5", child)):
        fields: dict[str, Any] = {"device": device, "name": name, "type": row["type"]["value"]}
        made.delete("interfaces", name, row, fields={n: (v, None) for n, v in fields.items()})
    first = done(harness, made.publish(harness.warehouse))
    made = Draft()
    made.create("interfaces", "p", {"device": device, "name": "p", "type": "other"})
    second = done(harness, made.publish(harness.warehouse))

    plan = plan_undo(harness.warehouse, harness.target, first)
    there = f"apply {second} made it again since"
    assert found(plan) == {
        "interfaces p": ("conflict", there),
        "interfaces p.5": ("conflict", f"it needs interfaces p, which cannot be undone: {there}"),
    }
    assert json.dumps(verdicts(harness.approve_and_apply(plan))) == "{}"
