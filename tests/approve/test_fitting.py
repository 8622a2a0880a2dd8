"""Which changes a decision covers, what it means for changes that need them, and approvals that end after an undo."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.apply.foreseen import foreseen_blocks
from netbox_sync_dagster.approve import approve_by_policy, approved
from netbox_sync_dagster.approve.fitting import fitting, follow_ups
from netbox_sync_dagster.approve.lapsed import end_lapsed
from netbox_sync_dagster.approve.parts import divided, with_parts
from netbox_sync_dagster.approve.records import read_approvals
from netbox_sync_dagster.approve.states import states
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import append_lines, applies_folder
from tests.apply.drafts import Draft
from tests.approve.deciding import Ids, decide


@pytest.fixture
def address(draft: Draft, ids: Ids) -> str:
    """It needs the port, which needs the device."""
    return draft.create(
        "ip_addresses", "10.0.0.1/24", {"address": "10.0.0.1/24"}, parent="sw2", depends_on=[ids["port"]]
    )


@pytest.fixture
def plan(draft: Draft, ids: Ids, address: str, warehouse: Warehouse) -> Plan:
    return draft.publish(warehouse, existing={"interfaces": 48, "devices": 1})


def fits(warehouse: Warehouse, plan: Plan, decision: str, **more: Any) -> tuple[set[str], list[str]]:
    """(what of the whole plan the decision covers, the notes about the rest)."""
    found = fitting(warehouse, divided(plan, plan.changes, {}), decision, **more)
    return {row.change_id for row in found.chosen.rows}, found.notes


def test_an_approval_leaves_out_what_was_rejected_and_what_needs_it(
    warehouse: Warehouse, plan: Plan, ids: Ids, address: str
) -> None:
    decide(warehouse, plan, [ids["device"]], decision="reject")
    rest = {ids["described"], ids["both"], ids["gone"]}
    notes = ["left out 1: rejected", "left out 2: needs create devices sw2, which was rejected"]
    assert fits(warehouse, plan, "approve") == (rest, notes)
    # Of changes that are named one by one, a rejected one is refused, and one that needs it is warned of.
    assert fits(warehouse, plan, "approve", named=[ids["device"][:8]]) == ({*rest, ids["device"]}, notes[1:])
    assert fits(warehouse, plan, "approve", named=[address]) == (
        {*rest, address},
        ["left out 1: rejected", "left out 1: needs create devices sw2, which was rejected"],
    )
    assert fits(warehouse, plan, "reject") == (
        {*rest, ids["port"], address},
        ["left out 1: rejected already"],
    )
    decide(warehouse, plan, [ids["device"]], decision="withdraw")
    assert fits(warehouse, plan, "approve")[1] == []
    # Rejected in the same step.
    assert fits(warehouse, plan, "approve", rejected=[ids["port"]])[1] == [
        "left out 1: rejected",
        "left out 1: needs create interfaces sw2:Gi0/1, which was rejected",
    ]


def test_a_policy_leaves_out_what_needs_a_rejected_change(
    warehouse: Warehouse, plan: Plan, ids: Ids, address: str
) -> None:
    decide(warehouse, plan, [ids["port"]], decision="reject")
    given = approve_by_policy(warehouse, plan, Policies(auto_approve=["*.create"]))
    assert given is not None and given.change_ids == (ids["device"],)


def test_an_apply_names_the_rejection(warehouse: Warehouse, plan: Plan, ids: Ids, address: str) -> None:
    decide(warehouse, plan, [ids["device"], ids["port"], address])
    decide(warehouse, plan, [ids["device"]], decision="reject")
    assert foreseen_blocks(warehouse, plan) == {
        ids["port"]: f"needs create devices sw2 ({ids['device']}): rejected",
        address: f"needs create interfaces sw2:Gi0/1 ({ids['port']}): blocked",
    }
    decide(warehouse, plan, [ids["port"]], decision="withdraw")
    assert foreseen_blocks(warehouse, plan)[address] == (
        f"needs create interfaces sw2:Gi0/1 ({ids['port']}): not approved, because it needs create devices sw2, which "
        "was rejected"
    )


def test_only_decisions_are_withdrawn(warehouse: Warehouse, plan: Plan, ids: Ids) -> None:
    everything = [row.change_id for row in plan.changes]
    assert decide(warehouse, plan, everything, decision="withdraw").change_ids == ()
    assert list(read_approvals(warehouse, "paris")) == []
    decide(warehouse, plan, [ids["device"]])
    decide(warehouse, plan, [ids["gone"]], decision="reject")
    decide(warehouse, plan, [ids["described"]], expires_hours=0.0000001)
    decide(warehouse, plan, [ids["both"]], fields=["mtu"])
    whole = with_parts(warehouse, plan)
    [part] = {row.change_id for row in whole.changes}.difference(everything)
    covered, notes = fits(warehouse, whole, "withdraw")
    assert covered == {ids["device"], ids["gone"], ids["described"], part}
    assert notes == ["left out 2: nobody has decided on it"]
    withdrawn = decide(warehouse, plan, [*everything, part], decision="withdraw")
    assert set(withdrawn.change_ids) == covered
    assert decide(warehouse, plan, [*everything], decision="withdraw").change_ids == ()


def test_the_approval_of_a_part_is_withdrawn_with_that_of_the_whole(
    warehouse: Warehouse, plan: Plan, ids: Ids
) -> None:
    decide(warehouse, plan, [ids["both"]], fields=["mtu"])
    decide(warehouse, plan, [ids["both"]])
    whole = with_parts(warehouse, plan)
    covered, _ = fits(warehouse, whole, "withdraw")
    decide(warehouse, plan, list(covered), decision="withdraw")
    assert approved(warehouse, "paris", whole) == {}
    # The page picks the whole change alone.
    decide(warehouse, plan, [ids["both"]], fields=["mtu"])
    decide(warehouse, plan, [ids["both"]])
    assert len(decide(warehouse, plan, [ids["both"]], decision="withdraw").change_ids) == 2
    assert approved(warehouse, "paris", with_parts(warehouse, plan)) == {}


def test_the_approval_of_a_part_is_withdrawn_with_the_change_that_nobody_has_approved(
    warehouse: Warehouse, plan: Plan, ids: Ids
) -> None:
    decide(warehouse, plan, [ids["both"]], fields=["mtu"])
    whole = with_parts(warehouse, plan)
    [part] = approved(warehouse, "paris", whole)
    both = [row for row in plan.changes if row.change_id == ids["both"]]
    found = fitting(warehouse, divided(whole, both, {}), "withdraw")
    assert (found.chosen.whole_of, found.notes) == ({part: ids["both"]}, [])
    # The rows of the list are picked as a whole.
    assert decide(warehouse, plan, [ids["both"]], decision="withdraw").change_ids == (part,)
    assert approved(warehouse, "paris", with_parts(warehouse, plan)) == {}


def test_the_approval_of_a_part_ends_with_the_rejection_of_the_change(
    warehouse: Warehouse, plan: Plan, ids: Ids
) -> None:
    decide(warehouse, plan, [ids["both"]], fields=["mtu"])
    decide(warehouse, plan, [ids["both"]], decision="reject")
    assert approved(warehouse, "paris", with_parts(warehouse, plan)) == {}
    decide(warehouse, plan, [ids["both"]], decision="withdraw")
    assert approved(warehouse, "paris", with_parts(warehouse, plan)) == {}


def test_a_withdrawal_names_what_needs_it(warehouse: Warehouse, plan: Plan, ids: Ids, address: str) -> None:
    decide(warehouse, plan, [ids["device"], ids["port"], address])
    known = states(warehouse, plan)
    named = "create interfaces sw2:Gi0/1, create ip_addresses 10.0.0.1/24"
    command = f"netbox-sync withdraw paris {ids['port'][:12]} {address[:12]}"
    assert follow_ups(plan, [ids["device"]], known, "withdraw") == [
        f"2 approved changes need what was withdrawn ({named}): an apply would block them; to withdraw them too: {command}"
    ]
    assert follow_ups(plan, [ids["device"]], known, "reject") == [
        f"2 approved changes need what was rejected ({named}): an apply would block them; to withdraw them too: {command}"
    ]
    assert follow_ups(plan, [ids["device"], ids["port"], address], known, "withdraw") == []
    assert follow_ups(plan, [ids["device"]], known, "approve") == []


def apply_of(warehouse: Warehouse, change_ids: list[str]) -> None:
    """The ledger of an apply that wrote these changes."""
    apply_id = warehouse.new_id()
    path = applies_folder(warehouse, "paris") / f"{apply_id}.jsonl"
    at = "2026-01-01T00:00:00+00:00"
    lines = [
        {
            "kind": "verdict",
            "apply_id": apply_id,
            "endpoint": "paris",
            "at": at,
            "change_id": one,
            "verdict": "applied",
        }
        for one in change_ids
    ]
    append_lines(warehouse, path, lines)


def test_approvals_end_if_what_they_need_was_undone(
    warehouse: Warehouse, draft: Draft, plan: Plan, ids: Ids, address: str
) -> None:
    decide(warehouse, plan, [ids["device"], address, ids["described"]])
    apply_of(warehouse, [ids["device"]])
    # Nothing has been taken back: NetBox was read before.
    assert end_lapsed(warehouse, plan, Policies()) is None
    # NetBox is read again, and the device is gone.
    read = warehouse.new_id()
    again = draft.publish(warehouse, existing={"interfaces": 48, "devices": 1}, target_snapshot=read)
    assert list(approved(warehouse, "paris", again)) == [ids["described"], address]
    found = end_lapsed(warehouse, again, Policies())
    why = "its change needs create devices sw2, applied after the approval and no longer in NetBox"
    assert found is not None
    assert found == ((address,), f"1 approval withdrawn: {why}; approve again what is still wanted")
    assert list(approved(warehouse, "paris", again)) == [ids["described"]]
    *_, line = read_approvals(warehouse, "paris")
    assert (line.who, line.through, line.decision, line.comment) == ("sync", "policy", "withdraw", why)
    assert end_lapsed(warehouse, again, Policies()) is None
    # What is approved afterwards stays approved.
    decide(warehouse, again, [address])
    assert end_lapsed(warehouse, again, Policies()) is None
