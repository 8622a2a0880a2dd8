"""Change ids of 128 bits, and decisions that an older version recorded under ids of 80 bits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.approve import ApprovalError, approve, approve_by_policy, approved, decisions
from netbox_sync_dagster.approve.records import read_approvals
from netbox_sync_dagster.approve.states import states as states_of_plan
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.plan_file import read_plan_file, to_document
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.ledger import approvals_folder
from netbox_sync_dagster.storage.views import ask
from tests.apply.drafts import Draft
from tests.older import as_older_version

POLICIES = Policies(auto_approve=["interfaces.update"])


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data")


@pytest.fixture(autouse=True)
def synced(warehouse: Warehouse) -> None:
    """Paris was read and compared."""
    at = now().isoformat()
    line = {"system": "librenms", "started": at, "finished": at, "ok": True}
    reads = warehouse.snapshots("librenms", "paris") / "attempts.jsonl"
    warehouse.append_jsonl(reads, {**line, "error": None, "unreachable": False})
    warehouse.append_jsonl(warehouse.diffs("paris") / "attempts.jsonl", line)


@pytest.fixture
def plan(warehouse: Warehouse) -> Plan:
    return published(warehouse)


def published(warehouse: Warehouse, **more: Any) -> Plan:
    """A diff with one change, whose content is always the same."""
    draft = Draft(endpoint="paris")
    draft.update(
        "interfaces",
        "sw1 Gi0/1",
        {"id": 1, "last_updated": "2026-01-01T00:00:00Z"},
        {"description": ("", "uplink")},
        parent="sw1",
    )
    plan = draft.publish(warehouse, existing={"interfaces": 48})
    manifest = {
        **plan.manifest,
        "endpoint": "paris",
        "kind": "librenms",
        "diff_id": plan.diff_id,
        "finished": now().isoformat(),
        "target_snapshot": "20260101T000000000Z-0000",
        **more,
    }
    write_json(warehouse.current(warehouse.diffs("paris")) / "manifest.json", manifest)
    return load_plan(warehouse, "paris")


def decide(warehouse: Warehouse, plan: Plan, change: str, **more: Any) -> Any:
    return approve(
        warehouse, plan, [change], **{"who": "alice", "through": "cli", "policies": Policies(), **more}
    )


def recorded_before(warehouse: Warehouse, plan: Plan, decision: str) -> str:
    """A decision on the plan's change as the older version recorded it: under the first 20 digits."""
    [row] = plan.changes
    older = replace(plan, rows=(replace(row, change_id=row.change_id[:20]),))
    with pytest.MonkeyPatch.context() as older_version:
        older_version.setattr("netbox_sync_dagster.compare.change_id.LENGTH", 20)
        decide(warehouse, older, row.change_id[:20], decision=decision)
    assert [list(item.change_ids) for item in read_approvals(warehouse, "paris")] == [[row.change_id[:20]]]
    return row.change_id


def test_an_id_has_128_bits_and_begins_as_it_always_did() -> None:
    found = change_id(
        endpoint="paris",
        resource="interfaces",
        action="update",
        key="sw1 Gi0/1",
        object_type="dcim/interfaces",
        netbox_id=1,
        target=None,
        last_updated="2026-01-01T00:00:00Z",
        fields=[("description", "", "uplink")],
    )
    assert found == "cfb36ca654ad4dd0a28ecdd265cce949"
    assert len(found) * 4 == 128


def test_the_first_digits_are_enough_to_type(warehouse: Warehouse, plan: Plan) -> None:
    [row] = plan.changes
    assert decide(warehouse, plan, row.change_id[:8]).change_ids == (row.change_id,)
    line = json.loads(next(approvals_folder(warehouse, "paris").glob("*.jsonl")).read_text(encoding="utf-8"))
    assert [change["change_id"] for change in line["changes"]] == [row.change_id]


def test_an_approval_under_an_older_id_is_readable_and_approves_nothing(
    warehouse: Warehouse, plan: Plan
) -> None:
    """80 bits are too few to say that it is the same change; it is approved again, by a person or a policy."""
    change = recorded_before(warehouse, plan, "approve")
    assert decisions(warehouse, plan)[change[:20]].who == "alice"
    assert approved(warehouse, "paris", plan) == {}
    assert decide(warehouse, plan, change).change_ids == (change,)
    assert list(approved(warehouse, "paris", plan)) == [change]


def test_a_rejection_under_an_older_id_stands_until_it_is_withdrawn(warehouse: Warehouse, plan: Plan) -> None:
    change = recorded_before(warehouse, plan, "reject")
    with pytest.raises(ApprovalError, match=f"change {change} .* was rejected by alice on "):
        decide(warehouse, plan, change)
    assert approve_by_policy(warehouse, plan, POLICIES) is None
    assert states(warehouse) == [(1, 0)]

    decide(warehouse, plan, change, decision="withdraw")
    assert decisions(warehouse, plan) == {}
    assert states(warehouse) == [(0, 1)]
    assert decide(warehouse, plan, change).change_ids == (change,)
    assert list(approved(warehouse, "paris", plan)) == [change]


def states(warehouse: Warehouse) -> list[tuple[int, int]]:
    """(rejected, waiting) as ``sync.status`` counts them."""
    return ask(
        warehouse,
        lambda con: con.execute(
            "SELECT rejected, waiting FROM sync.status WHERE endpoint = 'paris'"
        ).fetchall(),
        status=True,
    )


def test_a_diff_and_a_plan_file_from_before_an_upgrade_are_approved_as_they_are(
    warehouse: Warehouse, plan: Plan, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    text = json.dumps({"diffs": [to_document(plan, plan.rows, {})]})
    file.write_text(text.replace('"decision"', '"verdict"'), encoding="utf-8")
    as_older_version(warehouse.current(warehouse.diffs("paris")))
    older = load_plan(warehouse, "paris")
    assert older == plan and older.changes[0].expected_id() == plan.changes[0].change_id
    assert [row.change_id for row in read_plan_file(file, "paris")] == [plan.changes[0].change_id]
    decide(warehouse, older, plan.changes[0].change_id)

    # The next diff has the same content in the new shape.
    assert list(approved(warehouse, "paris", published(warehouse))) == [plan.changes[0].change_id]


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_counts_only_in_the_netbox_that_it_was_about(warehouse: Warehouse, decision: str) -> None:
    """Another NetBox may have an object with the same id, time and values."""
    old, new = "https://old.example.com", "https://new.example.com"
    plan = published(warehouse, netbox_url=old, netbox_urls=[old])
    [change] = plan.by_id()
    decide(warehouse, plan, change, decision=decision)
    said = {"approve": "approved", "reject": "rejected"}[decision]
    assert _state(warehouse, plan) == (said, said)
    plan = published(warehouse, netbox_url=new, netbox_urls=[new])
    assert list(plan.by_id()) == [change]
    assert _state(warehouse, plan) == ("waiting", "waiting")
    # The same NetBox under another URL.
    plan = published(warehouse, netbox_url=new, netbox_urls=[new, old])
    assert _state(warehouse, plan) == (said, said)


def _state(warehouse: Warehouse, plan: Plan) -> tuple[str, str]:
    """The state of the change: for an apply, and in SQL."""
    [change] = plan.by_id()
    known = states_of_plan(warehouse, plan)
    [(shown,)] = ask(warehouse, lambda con: con.execute("select state from sync.change_states").fetchall())
    return known[change].state if change in known else "waiting", shown
