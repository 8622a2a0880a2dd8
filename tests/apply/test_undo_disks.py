"""Undo of virtual disks: NetBox keeps the sum of a machine's disks as its size, and an undo restores the entered size."""

from __future__ import annotations

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.compare.plan import Plan
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.apply.drafts import Draft, of
from tests.apply.undoing import back_and_forth, done, picture
from tests.support import NetBox

MACHINES = "virtualization/virtual-machines"


def disks(harness: ApplyHarness, fixtures: NetBoxFixtures, *names: str) -> Plan:
    """The creates of virtual disks, each of 100 MB."""
    draft = Draft()
    for name in names:
        draft.create(
            "virtual_disks",
            f"web {name}",
            {"virtual_machine": of(fixtures.vm), "name": name, "size": 100},
        )
    return draft.publish(harness.warehouse)


def test_a_size_that_was_entered_comes_back_with_the_undo_of_the_disks(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    netbox.edit(MACHINES, fixtures.vm["id"], disk=500)
    before, applied = back_and_forth(harness, netbox, fixtures, disks(harness, fixtures, "scsi0", "scsi1"))
    assert [('"disk": 500' in row, '"disk": 200' in row) for row in before[MACHINES] + applied[MACHINES]] == [
        (True, False),
        (False, True),
    ]


def test_the_undo_says_that_it_restores_the_size(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    netbox.edit(MACHINES, fixtures.vm["id"], disk=500)
    untouched = picture(netbox, fixtures)
    first = done(harness, disks(harness, fixtures, "scsi0"))
    second = done(harness, disks(harness, fixtures, "scsi1"))
    name = fixtures.vm["name"]
    plan = plan_undo(harness.warehouse, harness.target, first)
    assert [(row.resource, row.action, row.key, row.reason) for row in plan.rows] == [
        ("virtual_machines", "conflict", f"{name} disk", "its disk is 100 in NetBox since"),
        ("virtual_disks", "delete", "web scsi0", None),
    ]
    assert harness.approve_and_apply(plan_undo(harness.warehouse, harness.target, second)).ok
    plan = plan_undo(harness.warehouse, harness.target, first)
    assert [(row.resource, row.action, row.key) for row in plan.rows] == [
        ("virtual_machines", "update", f"{name} disk"),
        ("virtual_disks", "delete", "web scsi0"),
    ]
    update = plan.changes[0]
    assert [(f.name, f.before, f.after) for f in update.fields] == [("disk", None, 500)]
    assert update.depends_on == (plan.changes[1].change_id,)
    done(harness, plan)
    assert picture(netbox, fixtures) == untouched


def test_a_size_stays_if_one_of_the_disks_stays(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    netbox.edit(MACHINES, fixtures.vm["id"], disk=500)
    first = done(harness, disks(harness, fixtures, "scsi0", "scsi1"))
    disk = netbox.one("virtualization/virtual-disks", virtual_machine_id=fixtures.vm["id"], name="scsi0")
    edited = netbox.edit("virtualization/virtual-disks", disk["id"], size=300)
    plan = plan_undo(harness.warehouse, harness.target, first)
    moved = edited["last_updated"].replace("Z", "+00:00")
    why = f"it was changed in NetBox since (last_updated {moved})"
    assert [(row.action, row.key, row.reason) for row in plan.rows] == [
        ("conflict", f"{fixtures.vm['name']} disk", f"virtual_disks web scsi0 uses it and stays: {why}"),
        ("conflict", "web scsi0", why),
        ("delete", "web scsi1", None),
    ]
