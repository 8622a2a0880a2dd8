"""Decisions on changes: by id, by filter, by policy; what they allow, and for how long."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.approve import (
    ApprovalError,
    Filter,
    approve,
    approve_by_policy,
    approved,
    open_ledger,
    policy_approvals,
)
from netbox_sync_dagster.approve.select import select
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from tests.apply.drafts import Draft, ref

Ids = dict[str, str]


def row(netbox_id: int) -> dict[str, Any]:
    return {"id": netbox_id, "last_updated": f"2026-01-01T00:00:00.{netbox_id:06d}Z"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data")


@pytest.fixture
def draft() -> Draft:
    return Draft(endpoint="paris")


@pytest.fixture
def ids(draft: Draft) -> Ids:
    """A new device with a port, an old device with two changed ports and one that is gone."""
    device = draft.create("devices", "sw2", {"name": "sw2"})
    return {
        "device": device,
        "port": draft.create(
            "interfaces",
            "sw2:Gi0/1",
            {"device": ref("devices", "sw2"), "name": "Gi0/1"},
            parent="sw2",
            depends_on=[device],
        ),
        "described": draft.update(
            "interfaces", "sw1:Gi0/1", row(1), {"description": ("", "uplink")}, parent="sw1"
        ),
        "both": draft.update(
            "interfaces",
            "sw1:Gi0/2",
            row(2),
            {"description": ("", "core"), "mtu": (1500, 9000)},
            parent="sw1",
        ),
        "gone": draft.delete("interfaces", "sw1:Gi0/3", row(3), parent="sw1"),
    }


@pytest.fixture
def plan(draft: Draft, ids: Ids, warehouse: Warehouse) -> Plan:
    return draft.publish(warehouse, existing={"interfaces": 48, "devices": 1})


def decide(warehouse: Warehouse, plan: Plan, ids: list[str], **more: Any) -> Any:
    settings = {"who": "alice", "through": "cli", "policies": Policies(), **more}
    return approve(warehouse, plan, ids, **settings)


# -- by id ---------------------------------------------------------------------------------------


def test_an_approval_is_recorded_with_who_through_what_and_until_when(
    warehouse: Warehouse, plan: Plan, ids: Ids
) -> None:
    approval = decide(warehouse, plan, [ids["described"][:8]])

    assert approval.expires - approval.at == timedelta(hours=24)
    con = open_ledger(warehouse)
    found = con.execute(
        "SELECT approval_id, who, through, decision, endpoint, diff_id, change_id, resource, action, key, override"
        " FROM ledger.approvals"
    ).fetchall()
    con.close()
    assert found == [
        (
            approval.approval_id,
            "alice",
            "cli",
            "approve",
            "paris",
            plan.diff_id,
            ids["described"],
            "interfaces",
            "update",
            "sw1:Gi0/1",
            None,
        )
    ]
    assert list(approved(warehouse, "paris", plan)) == [ids["described"]]
    assert approved(warehouse, "paris", plan)[ids["described"]].who == "alice"


def test_an_unknown_an_ambiguous_and_a_short_id_are_named_and_nothing_is_recorded(
    warehouse: Warehouse, draft: Draft
) -> None:
    made: dict[str, str] = {}
    number = 0
    while True:
        change_id = draft.create("tags", f"t{number}", {"name": f"t{number}"})
        if change_id[:4] in made:
            break
        made[change_id[:4]] = change_id
        number += 1
    plan = draft.publish(warehouse)

    with pytest.raises(ApprovalError) as caught:
        decide(warehouse, plan, ["ffff0000ffff0000", change_id[:4], "ab", change_id])

    text = str(caught.value)
    assert "no change 'ffff0000ffff0000' in the current diff of 'paris'" in text
    assert f"'{change_id[:4]}' is the beginning of 2 change ids" in text
    assert made[change_id[:4]] in text and f"(create tags t{number})" in text
    assert "'ab' is too short" in text
    assert approved(warehouse, "paris", plan) == {}


def test_approving_nothing_records_nothing(warehouse: Warehouse, plan: Plan) -> None:
    assert decide(warehouse, plan, []).change_ids == ()
    assert not (warehouse.ledger / "approvals" / "paris").exists()


def test_an_approval_expires(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    decide(warehouse, plan, [ids["described"]], expires_hours=2)

    assert list(approved(warehouse, "paris", plan, now() + timedelta(hours=1.9))) == [ids["described"]]
    assert approved(warehouse, "paris", plan, now() + timedelta(hours=2.1)) == {}


def test_the_policy_says_when_an_approval_expires(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    decide(warehouse, plan, [ids["described"]], policies=Policies(approval_hours=1))

    assert approved(warehouse, "paris", plan, now() + timedelta(hours=1.1)) == {}


def test_an_approval_holds_for_the_same_content_in_the_next_diff_only(
    warehouse: Warehouse, plan: Plan, ids: Ids, draft: Draft
) -> None:
    decide(warehouse, plan, [ids["described"], ids["both"]])
    other = Draft(endpoint="paris", rows=[r for r in draft.rows if r["change_id"] == ids["described"]])
    other.update(
        "interfaces", "sw1:Gi0/2", row(2), {"description": ("", "edge"), "mtu": (1500, 9000)}, parent="sw1"
    )
    newer = other.publish(warehouse)

    assert list(approved(warehouse, "paris", newer)) == [ids["described"]]


def test_a_rejection_stands_until_it_is_withdrawn(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    decide(warehouse, plan, [ids["described"], ids["both"]])
    decide(warehouse, plan, [ids["described"]], who="bob", decision="reject")
    assert list(approved(warehouse, "paris", plan)) == [ids["both"]]

    with pytest.raises(ApprovalError, match=r"was rejected by bob on .* withdraw the rejection first"):
        decide(warehouse, plan, [ids["described"]])
    decide(warehouse, plan, [ids["described"]], decision="withdraw")
    assert list(approved(warehouse, "paris", plan)) == [ids["both"]]
    decide(warehouse, plan, [ids["described"]])

    assert set(approved(warehouse, "paris", plan)) == {ids["described"], ids["both"]}


def test_an_approval_can_be_withdrawn(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    decide(warehouse, plan, [ids["described"]])
    decide(warehouse, plan, [ids["described"]], decision="withdraw")

    assert approved(warehouse, "paris", plan) == {}


def test_a_decision_without_a_name_or_by_an_unknown_way_is_refused(
    warehouse: Warehouse, plan: Plan, ids: Ids
) -> None:
    with pytest.raises(ApprovalError, match="an approval needs the name of the approver"):
        decide(warehouse, plan, [ids["described"]], who=" ")
    with pytest.raises(ApprovalError, match="through one of cli, policy, dagster, web"):
        decide(warehouse, plan, [ids["described"]], through="mail")


def test_a_line_that_a_crash_cut_off_spoils_no_other(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    decide(warehouse, plan, [ids["described"]])
    file = next((warehouse.ledger / "approvals" / "paris").glob("*.jsonl"))
    with file.open("a") as handle:
        handle.write('{"kind": "approval", "approval_id": "2026')
    decide(warehouse, plan, [ids["both"]])

    assert set(approved(warehouse, "paris", plan)) == {ids["described"], ids["both"]}
    con = open_ledger(warehouse)
    assert con.execute("SELECT count(*) FROM ledger.approvals").fetchall() == [(2,)]
    con.close()


def test_a_large_approval_is_read_back_whole(warehouse: Warehouse) -> None:
    draft = Draft(endpoint="paris")
    for n in range(12_000):
        draft.create("tags", f"t{n}", {"name": f"t{n}"})
    plan = draft.publish(warehouse)

    decide(warehouse, plan, list(plan.by_id()))

    assert len(approved(warehouse, "paris", plan)) == 12_000
    con = open_ledger(warehouse)
    assert con.execute(
        "SELECT count(DISTINCT change_id), count(DISTINCT approval_id) FROM ledger.approvals"
    ).fetchall() == [(12_000, 1)]
    con.close()


# -- by filter -----------------------------------------------------------------------------------


def test_a_filter_is_resolved_to_ids_and_never_sweeps_up_deletes(plan: Plan, ids: Ids) -> None:
    found = select(plan, Filter(parent=("sw1",)))

    assert set(found.change_ids) == {ids["described"], ids["both"]}
    assert found.left_out == {ids["gone"]: "a delete is approved by its id or with action delete"}


def test_a_delete_is_selected_where_it_is_asked_for(plan: Plan, ids: Ids) -> None:
    assert select(plan, Filter(action=("delete",), parent=("sw1",))).change_ids == (ids["gone"],)


def test_a_field_filter_takes_changes_that_write_nothing_else(plan: Plan, ids: Ids) -> None:
    found = select(plan, Filter(resource=("interfaces",), action=("update",), field=("description",)))

    assert found.change_ids == (ids["described"],)
    assert found.left_out == {ids["both"]: "it also writes mtu"}


def test_what_a_selection_needs_is_said_and_added_on_request(plan: Plan, ids: Ids) -> None:
    wanted = Filter(resource=("interfaces",), action=("create",))

    assert select(plan, wanted).change_ids == (ids["port"],)
    assert select(plan, wanted).missing == {ids["port"]: (ids["device"],)}
    whole = select(plan, wanted, with_dependencies=True)
    assert whole.change_ids == (ids["device"], ids["port"]) and whole.missing == {}


def test_a_device_is_selected_by_its_own_name_too(plan: Plan, ids: Ids) -> None:
    assert set(select(plan, Filter(parent=("sw2",))).change_ids) == {ids["device"], ids["port"]}


def test_a_filter_for_another_endpoint_selects_nothing(plan: Plan) -> None:
    assert select(plan, Filter(endpoint=("rome",))).change_ids == ()


def test_an_unknown_resource_or_action_is_refused(plan: Plan) -> None:
    with pytest.raises(ApprovalError, match=r"resource 'ports' is unknown; allowed: .*interfaces"):
        select(plan, Filter(resource=("ports",)))
    with pytest.raises(ApprovalError, match="action 'drop' is unknown; allowed: create, update, delete"):
        select(plan, Filter(action=("drop",)))


# -- by policy -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ([], []),
        (["interfaces.update"], ["described", "both"]),
        (["interfaces.update.description"], ["described"]),
        (["interfaces.update.description", "interfaces.update.mtu"], ["described", "both"]),
        (["interfaces.*"], ["described", "both"]),
        (["interfaces.delete"], ["gone"]),
        (["*.*"], ["device", "port", "described", "both"]),
        (["*.create"], ["device", "port"]),
        # A port cannot go without its device.
        (["interfaces.create"], []),
        (["*.update.description"], ["described"]),
        (["interfaces.delete.description"], []),
    ],
)
def test_auto_approve_allows_what_its_rules_name(
    plan: Plan, ids: Ids, rules: list[str], allowed: list[str]
) -> None:
    found = policy_approvals(plan, Policies(auto_approve=rules))

    assert sorted(found) == sorted(ids[name] for name in allowed)


def test_a_policy_records_its_approvals_once_and_leaves_rejected_changes_alone(
    warehouse: Warehouse, plan: Plan, ids: Ids
) -> None:
    policies = Policies(auto_approve=["interfaces.update"])
    decide(warehouse, plan, [ids["both"]], decision="reject")

    first = approve_by_policy(warehouse, plan, policies)

    assert first is not None and first.change_ids == (ids["described"],)
    assert (first.who, first.through) == ("auto_approve", "policy")
    assert approve_by_policy(warehouse, plan, policies) is None


# -- limits and gates ----------------------------------------------------------------------------


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
        match=r"it updates or deletes 4 of 10 vm_interfaces \(40 %, limit 30 %\): 3 may be approved without an override;"
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
        match=r"4 of 10 vm_interfaces \(40 %, limit 30 %\): 3 of them approved before; 0 may be approved without",
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
