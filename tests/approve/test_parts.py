"""Part of a change, and a plan that was reviewed in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.approve import ApprovalError, approve, approved, resolve_ids
from netbox_sync_dagster.approve.parts import added_notes, part_in, part_of, with_parts
from netbox_sync_dagster.approve.select import Filter, select
from netbox_sync_dagster.approve.states import notes, states
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.compare.plan_file import PlanFileError, read_plan_file, to_document
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from tests.apply.drafts import Draft, ref

PORT = {"id": 7, "last_updated": "2026-01-01T00:00:00+00:00"}
CHANGES = {"description": ("", "uplink"), "mtu": (None, 9000), "enabled": (False, True)}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


@pytest.fixture
def plan(warehouse: Warehouse) -> Plan:
    draft = Draft()
    draft.update("interfaces", "Gi0/1", PORT, CHANGES)
    draft.create("vlans", "5", {"vid": 5, "name": "five"})
    return draft.publish(warehouse)


def decide(warehouse: Warehouse, plan: Plan, ids: list[str], **more: Any) -> Any:
    return approve(warehouse, plan, ids, who="alice", through="cli", policies=Policies(), **more)


def test_an_approved_field_is_a_change_of_its_own(warehouse: Warehouse, plan: Plan) -> None:
    whole = next(row for row in plan.changes if row.action == "update")
    approval = decide(warehouse, plan, [whole.change_id], fields=["description"])
    [part_id] = approval.change_ids
    assert part_id != whole.change_id
    parts = with_parts(warehouse, plan)
    part = parts.by_id()[part_id]
    assert [(f.name, f.before, f.after) for f in part.fields] == [("description", "", "uplink")]
    assert (part.netbox_id, part.last_updated, part.expected_id()) == (7, PORT["last_updated"], part_id)
    assert list(approved(warehouse, "lab", parts)) == [part_id]

    # The whole takes its part in; a rejection of the whole takes it out.
    decide(warehouse, plan, [whole.change_id])
    assert list(approved(warehouse, "lab", parts)) == [whole.change_id]
    decide(warehouse, plan, [whole.change_id], decision="reject")
    assert list(approved(warehouse, "lab", parts)) == []
    with pytest.raises(ApprovalError, match="was rejected by alice"):
        decide(warehouse, plan, [whole.change_id], fields=["mtu"])


def test_fields_that_netbox_takes_only_together_are_one_part(warehouse: Warehouse) -> None:
    draft = Draft()
    vlans = {"mode": (None, "access"), "untagged_vlan": (None, ref("vlans", "5")), "mtu": (None, 9000)}
    port = draft.update("interfaces", "Gi0/1", PORT, vlans, field_needs='{"untagged_vlan":["mode"]}')
    draft.create("vlans", "5", {"vid": 5, "name": "five"})
    plan = draft.publish(warehouse)
    row = plan.by_id()[port]
    assert [item.name for item in part_of(row, ["untagged_vlan"]).fields] == ["mode", "untagged_vlan"]
    assert [item.name for item in part_of(row, ["mode"]).fields] == ["mode"]
    assert part_of(row, ["untagged_vlan", "mtu"]) is row
    assert added_notes([row], {port: ("untagged_vlan",)}) == [
        "NetBox refuses untagged_vlan without mode: approved together in 1 update"
    ]
    assert added_notes([row], {port: ("mode", "mtu")}) == []
    [part] = decide(warehouse, plan, [port], fields=["untagged_vlan"]).change_ids
    parts = with_parts(warehouse, plan).by_id()
    assert [item.name for item in parts[part].fields] == ["mode", "untagged_vlan"]


def test_a_part_needs_only_what_its_fields_need(warehouse: Warehouse) -> None:
    draft = Draft()
    tag = draft.create("tags", "infra", {"slug": "infra"})
    field = draft.create(
        "custom_fields", "start_on_boot", {"name": "start_on_boot"}, object_type="extras/custom-fields"
    )
    platform = draft.create("platforms", "linux", {"slug": "linux"}, object_type="dcim/platforms")
    port = draft.update("interfaces", "Gi0/1", PORT, CHANGES)
    changes = {
        "tags": ([], ["infra"]),
        "cf.start_on_boot": (None, True),
        "platform": (None, ref("platforms", "linux")),
        "memory": (1, 2),
        "description": ("", "infra"),
    }
    whole = draft.update("devices", "sw1", PORT, changes, depends_on=[tag, field, platform, port])
    plan = draft.publish(warehouse)
    row = plan.by_id()[whole]

    def needs(*fields: str) -> set[str]:
        return set(part_in(plan.by_id(), row, fields).depends_on)

    # Why it needs the port is not known, so every part does.
    assert needs("memory") == {port}
    assert needs("tags") == {tag, port}
    assert needs("cf.start_on_boot", "memory") == {field, port}
    assert needs("platform") == {platform, port}
    # A text like the tag's key is taken for it: rather one need too many.
    assert needs("description") == {tag, port}
    assert needs(*changes) == {tag, field, platform, port}

    [part_id] = decide(warehouse, plan, [whole], fields=["platform"]).change_ids
    assert set(with_parts(warehouse, plan).by_id()[part_id].depends_on) == {platform, port}
    wanted = Filter(resource=("devices",), field=("cf.start_on_boot",))
    selected = select(plan, wanted, with_dependencies=True, divide=True)
    assert set(selected.change_ids) == {field, port, whole}


def test_lists_say_which_fields_are_decided(warehouse: Warehouse, plan: Plan) -> None:
    whole = next(row.change_id for row in plan.changes if row.action == "update")

    def said() -> dict[str, str]:
        return notes(warehouse, plan, states(warehouse, plan))

    assert said() == {}
    decide(warehouse, plan, [whole], fields=["description", "mtu"])
    assert said() == {whole: "approved: description, mtu"}
    decide(warehouse, plan, [whole], fields=["enabled"], decision="reject")
    assert said() == {whole: "approved: description, mtu; rejected: enabled"}
    decide(warehouse, plan, [whole], decision="reject")
    assert said() == {whole: "rejected"}


def test_a_part_ends_with_its_whole(warehouse: Warehouse, plan: Plan) -> None:
    whole = next(row for row in plan.changes if row.action == "update")
    decide(warehouse, plan, [whole.change_id], fields=["description"])
    draft = Draft()
    draft.update("interfaces", "Gi0/1", {**PORT, "last_updated": "2026-01-02T00:00:00+00:00"}, CHANGES)
    later = draft.publish(warehouse)

    assert with_parts(warehouse, later) == later
    assert approved(warehouse, "lab", with_parts(warehouse, later)) == {}


def test_what_cannot_be_divided_is_named(plan: Plan) -> None:
    by_action = {row.action: row for row in plan.changes}
    with pytest.raises(ApprovalError, match="create vlans 5: only updates can be approved by field"):
        part_of(by_action["create"], ["name"])
    with pytest.raises(ApprovalError, match="does not write speed; it writes description, mtu, enabled"):
        part_of(by_action["update"], ["mtu", "speed"])
    assert part_of(by_action["update"], list(CHANGES)) is by_action["update"]


def test_a_plan_comes_back_from_its_file_as_it_was(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = to_document(plan, plan.rows, {})
    assert [row["change_id"] for row in document["rows"]] == [row.change_id for row in plan.rows]
    file.write_text(json.dumps({"diffs": [document]}))
    assert read_plan_file(file, "lab") == plan.changes

    document["rows"].pop()
    file.write_text(json.dumps({"diffs": [document]}))
    assert read_plan_file(file, "lab") == plan.changes[:-1]


def test_a_plan_file_that_was_edited_is_refused(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = to_document(plan, plan.rows, {})
    row = next(row for row in document["rows"] if row["action"] == "update")
    row["fields"][0]["after"] = "something else"
    file.write_text(json.dumps({"diffs": [document]}))
    with pytest.raises(PlanFileError, match=r"row 2 \(update interfaces Gi0/1\) was edited"):
        read_plan_file(file, "lab")
    with pytest.raises(PlanFileError, match="holds no plan of endpoint 'paris', but of: lab"):
        read_plan_file(file, "paris")
    file.write_text("{}")
    with pytest.raises(PlanFileError, match=r"plan\.json is not a plan file: it has no 'diffs'"):
        read_plan_file(file, "lab")


def test_the_key_of_an_object_stands_for_its_changes(warehouse: Warehouse) -> None:
    draft = Draft()
    port = draft.create("interfaces", "sw1 Gi0/1", {"name": "Gi0/1"}, parent="sw1")
    held = {"ref": "interfaces", "key": "sw1 Gi0/1", "name": "Gi0/1", "type": "dcim.interface"}
    mac = draft.create(
        "mac_addresses", "sw1 Gi0/1 M", {"mac_address": "M", "assigned_object": held}, parent="sw1"
    )
    draft.create("interfaces", "sw1 Gi0/2", {"name": "Gi0/2"}, parent="sw1")
    removed = draft.delete("interfaces", "sw1 Gi0/3", PORT, fields={"name": ("Gi0/3", None)}, parent="sw1")
    plan = draft.publish(warehouse)

    assert [row.change_id for row in resolve_ids(plan, ["sw1 Gi0/1"])] == [port, mac]
    assert sorted(decide(warehouse, plan, ["sw1 Gi0/1"]).change_ids) == sorted([port, mac])
    # Deletes are approved apart, whatever names them.
    with pytest.raises(
        ApprovalError, match="'sw1 Gi0/3' would only be deleted: give the change ids of deletes"
    ):
        resolve_ids(plan, ["sw1 Gi0/3"])
    assert [row.change_id for row in resolve_ids(plan, [removed])] == [removed]
    with pytest.raises(ApprovalError, match="no change 'sw1 Gi0/9'"):
        resolve_ids(plan, ["sw1 Gi0/9"])


def test_the_name_of_two_objects_is_refused(warehouse: Warehouse) -> None:
    draft = Draft()
    macs = [
        draft.create(
            "mac_addresses",
            f"sw1.{site} eth0 M",
            {"assigned_object": {"id": number, "name": "sw1 eth0", "type": "dcim.interface"}},
            parent=f"sw1.{site}",
        )
        for number, site in ((1, "paris"), (2, "lyon"))
    ]
    plan = draft.publish(warehouse)
    with pytest.raises(ApprovalError) as refused:
        resolve_ids(plan, ["sw1 eth0"])
    assert str(refused.value) == (
        f"'sw1 eth0' is the name of several objects: {macs[0]} (create mac_addresses sw1.paris eth0 M), "
        f"{macs[1]} (create mac_addresses sw1.lyon eth0 M); give change ids"
    )
    assert [row.change_id for row in resolve_ids(plan, [macs[1]])] == [macs[1]]
