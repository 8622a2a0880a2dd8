"""Where the configuration asks for it, nobody writes what he approved himself."""

from __future__ import annotations

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve, open_ledger
from netbox_sync_dagster.config import Policies
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.apply.drafts import Draft
from tests.support import NetBox


def test_who_approved_a_change_does_not_apply_it_and_the_refusal_is_on_record(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    draft.update("virtual_machines", "web", lab_fixtures.vm, {"memory": (None, 512)})
    plan = draft.publish(lab_harness.warehouse)
    by_key = {row.key: row.change_id for row in plan.changes}
    for who, key in (("alice", "sw1"), ("bob", "web")):
        policies = Policies(second_approver=True, trusted_names=True)
        approve(lab_harness.warehouse, plan, [by_key[key]], who=who, through="cli", policies=policies)

    result = apply_approved(lab_harness.warehouse, lab_harness.target, "lab", plan, who="alice")

    assert {v.key: v.verdict for v in result.verdicts} == {"sw1": "blocked", "web": "applied"}
    assert not result.ok
    assert lab_netbox.one("dcim/devices", id=lab_fixtures.device["id"])["serial"] == ""
    con = open_ledger(lab_harness.warehouse)
    said = con.execute("SELECT verdict, approver, message FROM ledger.verdicts WHERE key = 'sw1'").fetchall()
    con.close()
    assert said == [
        (
            "blocked",
            "alice",
            "approved by alice alone; policies.second_approver asks for another person to"
            " approve or to apply it",
        )
    ]
    assert apply_approved(lab_harness.warehouse, lab_harness.target, "lab", plan, who="bob").ok
    assert lab_netbox.one("dcim/devices", id=lab_fixtures.device["id"])["serial"] == "X1"
