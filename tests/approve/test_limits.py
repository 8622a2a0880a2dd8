"""Limits and gates: what may not be approved at once, or at all."""

from __future__ import annotations

import json

import pytest

from netbox_sync_dagster.approve import (
    ApprovalError,
    approved,
    open_ledger,
    policy_approvals,
)
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from tests.apply.drafts import Draft
from tests.approve.deciding import Ids, decide, row


def shrinking(warehouse: Warehouse, deletes: int, updates: int, existing: int) -> Plan:
    draft = Draft(endpoint="paris")
    for n in range(deletes):
        draft.delete("vm_interfaces", f"vm:net{n}", row(n))
    for n in range(deletes, deletes + updates):
        draft.update("vm_interfaces", f"vm:net{n}", row(n), {"mtu": (1500, 9000)})
    draft.create("vlans", "10", {"vid": 10})
    return draft.publish(warehouse, existing={"vm_interfaces": existing})


def test_more_than_30_percent_of_a_resource_needs_a_named_override(warehouse: Warehouse) -> None:
    plan = shrinking(warehouse, deletes=3, updates=1, existing=10)
    chosen = [r.change_id for r in plan.changes if r.resource == "vm_interfaces"]

    with pytest.raises(
        ApprovalError,
        match=r"it updates or deletes 4 of the 10 vm_interfaces in NetBox \(40 %, limit 30 %\): 3 may be approved without an override;"
        ".*override that says why",
    ):
        decide(warehouse, plan, chosen)
    with pytest.raises(ApprovalError, match="override"):
        decide(warehouse, plan, chosen, override_limit="  ")
    assert approved(warehouse, "paris", plan) == {}

    approval = decide(warehouse, plan, chosen, override_limit="CHG-4711: rack 7 is gone")

    assert sorted(approved(warehouse, "paris", plan)) == sorted(chosen)
    assert approval.override == "CHG-4711: rack 7 is gone"
    con = open_ledger(warehouse)
    assert con.execute("SELECT DISTINCT override FROM ledger.approvals").fetchall() == [
        ("CHG-4711: rack 7 is gone",)
    ]
    con.close()


def test_the_limit_counts_what_is_approved_and_waits_not_the_plan(warehouse: Warehouse) -> None:
    plan = shrinking(warehouse, deletes=3, updates=3, existing=10)
    chosen = [r.change_id for r in plan.changes if r.resource == "vm_interfaces"]

    decide(warehouse, plan, chosen[:2])
    decide(warehouse, plan, chosen[2:3])
    # The same change again does not count twice.
    decide(warehouse, plan, chosen[2:3])
    with pytest.raises(
        ApprovalError,
        match=r"4 of the 10 vm_interfaces in NetBox \(40 %, limit 30 %\): 3 of them approved before; 0 may be approved without",
    ):
        decide(warehouse, plan, chosen[3:4])
    decide(warehouse, plan, chosen[:1], decision="withdraw")
    decide(warehouse, plan, chosen[3:4])


def test_linking_objects_and_filling_empty_fields_does_not_count(warehouse: Warehouse) -> None:
    draft = Draft(endpoint="paris")
    for n in range(10):
        fields = {"cf.proxmox_vmid": (7, n), "mtu": (None, 1500), "description": ("", "uplink")}
        draft.update("vm_interfaces", f"vm:net{n}", row(n), fields)
    plan = draft.publish(warehouse, existing={"vm_interfaces": 10})

    assert len(decide(warehouse, plan, list(plan.by_id())).change_ids) == 10


@pytest.mark.parametrize(("deletes", "updates", "existing"), [(3, 0, 10), (9, 0, 9), (0, 30, 100)], ids=str)
def test_30_percent_and_fewer_than_ten_objects_are_within_the_limit(
    warehouse: Warehouse, deletes: int, updates: int, existing: int
) -> None:
    plan = shrinking(warehouse, deletes, updates, existing)

    assert len(decide(warehouse, plan, list(plan.by_id())).change_ids) == deletes + updates + 1


def test_the_limit_stops_policies_too_but_not_other_resources(warehouse: Warehouse) -> None:
    plan = shrinking(warehouse, deletes=0, updates=5, existing=10)

    found = policy_approvals(plan, Policies(auto_approve=["*.*"]))

    assert [plan.by_id()[change_id].resource for change_id in found] == ["vlans"]


def test_the_limit_is_the_endpoint_s_own(warehouse: Warehouse) -> None:
    plan = shrinking(warehouse, deletes=0, updates=5, existing=10)

    assert decide(warehouse, plan, list(plan.by_id()), policies=Policies(max_change_percent=50))


def test_a_diff_that_does_not_say_what_exists_is_not_approvable(
    warehouse: Warehouse, draft: Draft, ids: Ids
) -> None:
    plan = draft.publish(warehouse)
    manifest = {k: v for k, v in plan.manifest.items() if k != "existing"}
    blind = Plan(plan.endpoint, plan.diff_id, manifest, plan.rows)

    with pytest.raises(ApprovalError, match="does not say how many objects exist in NetBox"):
        decide(warehouse, blind, [ids["described"]])


def test_a_diff_whose_checks_failed_is_not_approvable_but_rejectable(
    warehouse: Warehouse, draft: Draft, ids: Ids
) -> None:
    plan = draft.publish(warehouse, gates=["the snapshot of paris is incomplete: device 7 did not answer"])

    with pytest.raises(ApprovalError, match=r"failed its checks.*device 7 did not answer"):
        decide(warehouse, plan, [ids["described"]])
    assert policy_approvals(plan, Policies(auto_approve=["*.*"])) == []
    decide(warehouse, plan, [ids["described"]], decision="reject")


def test_a_row_that_was_tampered_with_is_not_approvable(warehouse: Warehouse, draft: Draft, ids: Ids) -> None:
    for line in draft.rows:
        if line["change_id"] == ids["described"]:
            line["fields"][0]["after"] = json.dumps("something else")
    plan = draft.publish(warehouse)

    with pytest.raises(ApprovalError, match="does not match its id"):
        decide(warehouse, plan, [ids["described"]])
