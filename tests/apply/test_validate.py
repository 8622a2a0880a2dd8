"""Checking approved changes before they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.apply.foreseen import foreseen_blocks
from netbox_sync_dagster.apply.validate import validate
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.apply.drafts import Draft, of, ref
from tests.support import NetBox


@pytest.fixture
def port(lab_netbox: NetBox, lab_fixtures: NetBoxFixtures) -> dict[str, Any]:
    return lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name="Gi0/1", type="other")


def test_what_netbox_would_refuse_is_said_before_it_is_sent(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    port: dict[str, Any],
) -> None:
    lab_netbox.create(
        "extras/custom-fields", name="owner", type="text", object_types=["dcim.interface"], required=True
    )
    lab_netbox.create(
        "extras/custom-fields", name="rack_note", type="text", object_types=["dcim.device"], required=False
    )
    snapshot_netbox(lab_harness.target, lab_harness.warehouse)
    device = of(lab_fixtures.device)
    whole = {"device": device, "type": "other", "cf.owner": "net"}
    draft = Draft()
    draft.create("interfaces", "good", {**whole, "name": "good"})
    draft.create("interfaces", "choice", {**whole, "name": "choice", "type": "10base-banana"})
    draft.create("interfaces", "long", {**whole, "name": "n" * 65})
    draft.create("interfaces", "taken", {**whole, "name": "Gi0/1"})
    draft.create("interfaces", "bare", {"device": device, "type": "other", "name": "bare"})
    draft.create("interfaces", "wrong field", {**whole, "name": "w", "cf.rack_note": "x", "cf.nothing": 1})
    draft.create("interfaces", "twin 1", {**whole, "name": "twin"})
    draft.create("interfaces", "twin 2", {**whole, "name": "twin"})
    draft.create("interfaces", "of new", {**whole, "device": ref("devices", "sw9"), "name": "Gi0/1"})
    draft.update("interfaces", "described", port, {"description": ("", "x" * 200)})
    draft.create("ip_addresses", "ip", {"address": lab_fixtures.ip(1)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.reset_requests()

    found = {check.key: (check.result, check.message) for check in validate(lab_harness.warehouse, plan)}

    unique = "device, name"
    assert found == {
        "good": ("ok", ""),
        "choice": ("wrong", "type: '10base-banana' is not a valid choice in this NetBox"),
        "long": ("wrong", "name: 65 characters; NetBox takes 64"),
        "taken": ("wrong", f"NetBox has another object with this {unique} (id {port['id']})"),
        "bare": ("wrong", "cf.owner: NetBox requires a value"),
        "wrong field": (
            "wrong",
            "cf.rack_note: the custom field is not for dcim.interface; cf.nothing: NetBox has no such custom field",
        ),
        "twin 1": ("wrong", f"2 approved changes create the same {unique}"),
        "twin 2": ("wrong", f"2 approved changes create the same {unique}"),
        "of new": ("ok", ""),
        "described": ("wrong", "cf.owner: NetBox requires a value before it takes any change of this object"),
        "ip": found["ip"],
    }
    assert found["ip"][0] == "unchecked"
    assert "asked just before the write" in found["ip"][1]
    assert server.requests == []


def test_a_name_that_another_change_frees_is_free_and_only_approved_changes_are_checked(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures, port: dict[str, Any]
) -> None:
    other = lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name="Gi0/2", type="other")
    snapshot_netbox(lab_harness.target, lab_harness.warehouse)
    draft = Draft()
    draft.update("interfaces", "a", port, {"name": ("Gi0/1", "Gi0/2")})
    draft.update("interfaces", "b", other, {"name": ("Gi0/2", "Gi0/3")})
    plan = draft.publish(lab_harness.warehouse)
    assert validate(lab_harness.warehouse, plan) == []
    by_key = {row.key: row.change_id for row in plan.changes}
    lab_harness.approve(plan, [by_key["a"]])
    assert [check.result for check in validate(lab_harness.warehouse, plan)] == ["wrong"]
    lab_harness.approve(plan, [by_key["b"]])
    assert [check.result for check in validate(lab_harness.warehouse, plan)] == ["ok", "ok"]


def test_what_an_apply_would_block_is_said_before(
    lab_harness: ApplyHarness, lab_netbox: NetBox, port: dict[str, Any]
) -> None:
    snapshot_netbox(lab_harness.target, lab_harness.warehouse)
    draft = Draft()
    vlan = draft.create("vlans", "50", {"vid": 50, "name": "A"})
    first = draft.update("interfaces", "a", port, {"description": ("", "x")}, depends_on=[vlan])
    second = draft.create("vlans", "51", {"vid": 51, "name": "B"}, depends_on=[first])
    alone = draft.create("vlans", "52", {"vid": 52, "name": "C"})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan, [first, second, alone])
    blocks = {
        first: f"needs create vlans 50 ({vlan}): not approved",
        second: f"needs update interfaces a ({first}): blocked",
    }
    assert foreseen_blocks(lab_harness.warehouse, plan) == blocks
    checks = validate(lab_harness.warehouse, plan)
    assert {item.change_id: item.message for item in checks if item.result == "blocked"} == blocks
    # The apply gives the same reasons.
    told = lab_harness.apply(plan).verdicts
    assert {item.change_id: item.message for item in told if item.verdict == "blocked"} == blocks
    assert [item.change_id for item in told if item.verdict == "applied"] == [alone]
    lab_harness.approve(plan, [vlan])
    assert foreseen_blocks(lab_harness.warehouse, plan) == {}
    # Who applies may matter too.
    two = Policies(second_approver=True)
    assert list(foreseen_blocks(lab_harness.warehouse, plan, by=me("alice", "cli"), policies=two)) == [
        *(vlan, second, first),
    ]


def test_netbox_itself_is_asked_which_values_it_takes(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    nic = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    bare = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="p1", type="other")
    bay = netbox.create("dcim/module-bays", device=fixtures.device["id"], name="slot 1")
    kind = netbox.create(
        "dcim/module-types",
        manufacturer=fixtures.device_type["manufacturer"]["id"],
        model=f"PSU {fixtures.suffix}",
    )
    netbox.create(
        "dcim/modules",
        device=fixtures.device["id"],
        module_bay=bay["id"],
        module_type=kind["id"],
        status="active",
    )
    owner = f"owner_{fixtures.suffix}"
    field = netbox.create(
        "extras/custom-fields", name=owner, type="text", object_types=["dcim.interface"], required=True
    )
    try:
        snapshot_netbox(harness.target, harness.warehouse)
        group, module = of(fixtures.group), {"device": of(fixtures.device), "status": "active"}
        draft = Draft()
        draft.create("vlans", "good", {"vid": 5, "name": "five", "group": group})
        draft.create("vlans", "vid", {"vid": 5000, "name": "x", "group": group})
        draft.create("vlans", "nameless", {"vid": 6, "group": group})
        draft.update("vm_interfaces", "mode", nic, {"mode": (None, "bridged"), "mtu": (None, 0)})
        draft.update("interfaces", "bare", bare, {"description": ("", "x")})
        draft.update("interfaces", "filled", bare, {f"cf.{owner}": (None, "net"), "label": ("", "x")})
        fields = {**module, "module_bay": of(bay), "module_type": of(kind)}
        draft.create("modules", "taken", fields, object_type="dcim/modules")
        plan = draft.publish(harness.warehouse)
        harness.approve(plan)

        checks = validate(harness.warehouse, plan, harness.target)
        result = harness.apply(plan)
    finally:
        netbox.delete("extras/custom-fields", field["id"])

    assert {check.key: (check.result, check.message) for check in checks} == {
        "good": ("ok", ""),
        "vid": ("wrong", "vid: 5000; NetBox takes 4094 or less"),
        "nameless": ("wrong", "name: NetBox requires a value"),
        "mode": (
            "wrong",
            "mode: 'bridged' is not a valid choice in this NetBox; mtu: 0; NetBox takes 1 or more",
        ),
        "bare": ("wrong", f"cf.{owner}: NetBox requires a value before it takes any change of this object"),
        "filled": ("ok", ""),
        "taken": (
            "wrong",
            "NetBox has another object with this module_bay (id "
            f"{netbox.one('dcim/modules', device_id=fixtures.device['id'])['id']})",
        ),
    }
    # And so it is.
    refused = {verdict.key for verdict in result.verdicts if verdict.verdict != "applied"}
    assert refused == {"vid", "nameless", "mode", "bare", "taken"}, result.verdicts


def test_without_a_right_to_write_what_netbox_takes_is_not_known(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshot_netbox(lab_harness.target, lab_harness.warehouse)
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"status": ("active", "no-such")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    header = server.add_token("limited", {"dcim.device": {"view"}})
    monkeypatch.setenv("NETBOX_TOKEN", header.partition(" ")[2])

    [check] = validate(lab_harness.warehouse, plan, lab_harness.target)

    assert (check.result, check.message) == (
        "unchecked",
        "NetBox does not say which values it takes for dcim.device",
    )
