"""Undo of what devices are put together from: virtual chassis, modules in bays, cables."""

from __future__ import annotations

import json
from typing import Any

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.compare.plan import load_plan
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.apply.undoing import back_and_forth, not_applied
from tests.support import NetBox


def device_fields(fixtures: NetBoxFixtures, name: str) -> dict[str, Any]:
    return {
        "name": f"{name}-{fixtures.suffix}",
        "site": of(fixtures.site),
        "device_type": of(fixtures.device_type),
        "role": of(fixtures.role),
    }


def stack(fixtures: NetBoxFixtures) -> Draft:
    """A device that is there and a new one become a virtual chassis; the new one gets a module, a port, a cable."""
    draft = Draft()
    draft.create("devices", "sw2", device_fields(fixtures, "sw2"))
    draft.create(
        "virtual_chassis", "sw1", {"name": f"stack {fixtures.suffix}"}, object_type="dcim/virtual-chassis"
    )
    chassis = ref("virtual_chassis", "sw1")
    draft.update(
        "virtual_chassis_members",
        "sw1",
        fixtures.device,
        {"virtual_chassis": (None, chassis), "vc_position": (None, 1)},
        object_type="dcim/devices",
    )
    draft.add(
        "virtual_chassis_members",
        "update",
        "sw2",
        {"virtual_chassis": (None, chassis), "vc_position": (None, 2)},
        object_type="dcim/devices",
        target=json.dumps(ref("devices", "sw2"), sort_keys=True),
    )
    draft.add(
        "virtual_chassis_masters",
        "update",
        "sw1",
        {"master": (None, of(fixtures.device))},
        object_type="dcim/virtual-chassis",
        target=json.dumps(chassis, sort_keys=True),
    )
    return draft


def test_a_stack_comes_and_goes_and_comes_again(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    back_and_forth(harness, netbox, fixtures, stack(fixtures).publish(harness.warehouse))


def test_a_device_that_joined_a_virtual_chassis_leaves_it_again_master_first(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    chassis = netbox.create("dcim/virtual-chassis", name=f"stack {fixtures.suffix}")
    draft = Draft()
    draft.update(
        "virtual_chassis_members",
        "sw1",
        fixtures.device,
        {"virtual_chassis": (None, of(chassis)), "vc_position": (None, 1)},
        object_type="dcim/devices",
    )
    draft.update(
        "virtual_chassis_masters",
        "sw1",
        chassis,
        {"master": (None, of(fixtures.device))},
        object_type="dcim/virtual-chassis",
    )
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert result.ok, result.verdicts

    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    leave = next(row for row in plan.changes if row.resource == "virtual_chassis_members")
    blocked = harness.approve_and_apply(plan, [leave.change_id])
    assert verdicts(blocked) == {"sw1": "blocked"}, "the master cannot leave before it is master no more"
    undone = harness.approve_and_apply(load_plan(harness.warehouse, plan.name))
    assert undone.ok, undone.verdicts
    device = netbox.one("dcim/devices", id=fixtures.device["id"])
    assert (device["virtual_chassis"], device["vc_position"]) == (None, None)
    assert netbox.one("dcim/virtual-chassis", id=chassis["id"])["master"] is None

    redone = harness.approve_and_apply(plan_undo(harness.warehouse, harness.target, undone.apply_id or ""))
    assert redone.ok, redone.verdicts
    assert netbox.one("dcim/virtual-chassis", id=chassis["id"])["master"]["id"] == device["id"]


def test_modules_bays_and_cables_come_and_go_and_come_again(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    maker = fixtures.device_type["manufacturer"]["id"]
    kind = netbox.create("dcim/module-types", manufacturer=maker, model=f"PSU {fixtures.suffix}")
    old_bay = netbox.create("dcim/module-bays", device=fixtures.device["id"], name="slot 1")
    netbox.create(
        "dcim/modules",
        device=fixtures.device["id"],
        module_bay=old_bay["id"],
        module_type=kind["id"],
        serial="A1",
        status="active",
    )
    # A module of this type would bring a port of this name along, which the device has.
    netbox.create("dcim/interface-templates", module_type=kind["id"], name="p1", type="1000base-t")
    draft = Draft()
    device = of(fixtures.device)
    draft.create(
        "module_bays", "slot 2", {"device": device, "name": "slot 2"}, object_type="dcim/module-bays"
    )
    draft.create(
        "modules",
        "slot 2",
        {
            "device": device,
            "module_bay": ref("module_bays", "slot 2"),
            "module_type": of(kind),
            "status": "active",
            "serial": "B2",
        },
        object_type="dcim/modules",
    )
    module = netbox.one("dcim/modules", serial="A1", device_id=fixtures.device["id"])
    draft.update("modules", "slot 1", module, {"serial": ("A1", "A2")}, object_type="dcim/modules")
    for name in ("p1", "p2"):
        draft.create("interfaces", name, {"device": device, "name": name, "type": "1000base-t"})
    draft.create(
        "cables",
        "p1 <-> p2",
        {
            "a_terminations": [ref("interfaces", "p1", type="dcim.interface")],
            "b_terminations": [ref("interfaces", "p2", type="dcim.interface")],
            "status": "connected",
        },
        object_type="dcim/cables",
    )
    back_and_forth(harness, netbox, fixtures, draft.publish(harness.warehouse))


def test_a_module_into_whose_port_somebody_plugged_a_cable_stays_and_so_does_its_bay(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    maker = fixtures.device_type["manufacturer"]["id"]
    kind = netbox.create("dcim/module-types", manufacturer=maker, model=f"Card {fixtures.suffix}")
    device = of(fixtures.device)
    draft = Draft()
    for bay in ("used", "free"):
        draft.create("module_bays", bay, {"device": device, "name": bay}, object_type="dcim/module-bays")
        fields = {"device": device, "module_bay": ref("module_bays", bay), "module_type": of(kind)}
        draft.create("modules", bay, {**fields, "status": "active"}, object_type="dcim/modules")
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert result.ok, result.verdicts
    ids = {v.key: v.netbox_id for v in result.verdicts if v.resource == "modules"}
    # Ports such as those that come with a module type.
    port = {"device": fixtures.device["id"], "type": "1000base-t"}
    ends = [
        netbox.create("dcim/interfaces", **port, name="Card/1", module=ids["used"]),
        netbox.create("dcim/interfaces", **port, name="elsewhere"),
    ]
    netbox.create("dcim/interfaces", **port, name="bare", module=ids["free"])
    cable = netbox.create(
        "dcim/cables",
        a_terminations=[{"object_type": "dcim.interface", "object_id": ends[0]["id"]}],
        b_terminations=[{"object_type": "dcim.interface", "object_id": ends[1]["id"]}],
    )

    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    why = f"cable {cable['display']} (interface Card/1) in NetBox would go with it or lose it, and no change says so"
    assert {(row.resource, row.key): row.reason for row in plan.rows if row.action == "conflict"} == {
        ("modules", "used"): why,
        ("module_bays", "used"): f"modules used uses it and stays: {why}",
    }
    undone = harness.approve_and_apply(plan)
    assert {(v.resource, v.key): v.verdict for v in undone.verdicts} == {
        ("modules", "free"): "applied",
        ("module_bays", "free"): "applied",
    }
    assert netbox.all("dcim/cables", device_id=fixtures.device["id"])


def test_a_device_goes_with_the_ports_that_came_with_its_type(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    """Unchanged ports are deleted along with it; a port that someone edited or uses keeps its device."""
    kind = fixtures.device_type
    for name in ("Gi1", "Gi2"):
        netbox.create("dcim/interface-templates", device_type=kind["id"], name=name, type="1000base-t")
    draft = Draft()
    for name in ("new", "edited", "used"):
        fields = {"site": of(fixtures.site), "device_type": of(kind), "role": of(fixtures.role)}
        full = f"{name}-{fixtures.suffix}"
        draft.create(
            "devices", name, {"name": full, **fields, "status": "active"}, object_type="dcim/devices"
        )
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert not_applied(result) == []
    ids = {v.key: v.netbox_id for v in result.verdicts}
    gi1 = {name: netbox.one("dcim/interfaces", device_id=ids[name], name="Gi1") for name in ids}
    netbox.edit("dcim/interfaces", gi1["new"]["id"], description="for an hour")
    netbox.edit("dcim/interfaces", gi1["new"]["id"], description="")
    netbox.edit("dcim/interfaces", gi1["edited"]["id"], description="uplink")
    netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(1),
        assigned_object_type="dcim.interface",
        assigned_object_id=gi1["used"]["id"],
    )

    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    tail = "in NetBox would go with it or lose it, and no change says so"
    assert {row.key: (row.action, row.reason) for row in plan.rows} == {
        "new": ("delete", None),
        "edited": ("conflict", f"interface Gi1 {tail}"),
        "used": ("conflict", f"IP address {fixtures.ip(1)} (interface Gi1) {tail}"),
    }
    undone = harness.approve_and_apply(plan)
    assert verdicts(undone) == {"new": "applied"}
    assert netbox.all("dcim/interfaces", id=gi1["new"]["id"]) == []

    again = harness.approve_and_apply(plan_undo(harness.warehouse, harness.target, undone.apply_id or ""))
    assert verdicts(again) == {"new": "applied"}
    device = netbox.one("dcim/devices", name=f"new-{fixtures.suffix}")
    assert [row["name"] for row in netbox.all("dcim/interfaces", device_id=device["id"])] == ["Gi1", "Gi2"]
