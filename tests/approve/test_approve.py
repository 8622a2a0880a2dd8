"""Decisions on changes: by id, by filter, by policy; what they allow, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from netbox_sync_dagster.approve import (
    ApprovalError,
    Filter,
    approve_by_policy,
    approved,
    open_ledger,
    policy_approvals,
)
from netbox_sync_dagster.approve.select import select
from netbox_sync_dagster.approve.states import left_sentence, states
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from tests.apply.drafts import Draft
from tests.approve.deciding import Ids, decide, row

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


def test_a_withdrawal_names_what_stays_approved(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    decide(warehouse, plan, [ids["device"], ids["port"], ids["described"]])
    known = states(warehouse, plan)
    assert left_sentence(plan, [ids["port"]], known) == (
        "1 prerequisite stays approved (create devices sw2); to withdraw it too: netbox-sync withdraw paris "
        f"{ids['device'][:12]}"
    )
    # A change without an approval leaves nothing behind, and neither does one that needs nothing.
    assert left_sentence(plan, [ids["device"], ids["port"]], known) is None
    assert left_sentence(plan, [ids["described"], ids["both"]], known) is None


def test_a_withdrawal_says_that_other_approved_changes_need_the_same(
    warehouse: Warehouse, draft: Draft, ids: Ids
) -> None:
    other = draft.create(
        "interfaces", "sw2:Gi0/2", {"name": "Gi0/2"}, parent="sw2", depends_on=[ids["device"]]
    )
    plan = draft.publish(warehouse, existing={"interfaces": 48, "devices": 1})
    decide(warehouse, plan, [ids["device"], ids["port"], other])
    assert left_sentence(plan, [ids["port"]], states(warehouse, plan)) == (
        "1 prerequisite stays approved (create devices sw2); other approved changes need it"
    )
