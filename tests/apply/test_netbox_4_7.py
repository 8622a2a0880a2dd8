"""NetBox 4.7 names every object that it refuses a request for, and misses none in silence: the same verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.storage.ledger import read_lines
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft
from tests.apply.test_apply import test_a_name_is_freed_before_it_is_taken as a_name_is_freed
from tests.apply.test_refusals import (
    test_a_create_whose_key_is_taken_fails_with_netbox_message as key_is_taken,
)
from tests.apply.test_refusals import test_a_protected_object_is_not_deleted_and_the_others_are as protected
from tests.apply.test_refusals import (
    test_one_invalid_create_among_200_fails_with_netbox_message as one_create,
)
from tests.apply.test_refusals import test_one_invalid_update_among_100_is_found as one_update
from tests.apply.test_stale import test_an_object_that_is_gone_is_stale_for_updates_and_deletes as gone
from tests.apply.undoing import done, undone
from tests.support import NetBox

pytestmark = pytest.mark.parametrize("server", ["4.7.3"], indirect=True)


@pytest.mark.parametrize("same", [a_name_is_freed, key_is_taken, protected, one_create, one_update, gone])
def test_as_with_4_6(
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    same: Callable[[ApplyHarness, NetBox, NetBoxFixtures], None],
) -> None:
    same(lab_harness, lab_netbox, lab_fixtures)


def test_two_requests_find_all_bad_updates_of_a_batch(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    for n in range(40):
        port = lab_netbox.create(
            "dcim/interfaces", device=lab_fixtures.device["id"], name=f"p{n}", type="other"
        )
        draft.update("interfaces", f"p{n}", port, {"mtu": (None, 0 if n in (7, 31) else 9000)})
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert result.counts == {"applied": 38, "stale": 0, "failed": 2, "blocked": 0, "uncertain": 0}
    said = {v.key: v.message for v in result.verdicts if v.verdict == "failed"}
    assert said == dict.fromkeys(("p7", "p31"), "mtu: Ensure this value is greater than or equal to 1.")
    assert server.count("PATCH", "/api/dcim/interfaces/") == 2


def test_a_custom_field_that_netbox_deletes_in_the_background_is_deleted(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    """NetBox lists it until its worker has emptied the objects, and is not to be asked again meanwhile."""
    server.store.bulk_update_chunk_size = 0
    field = lab_netbox.create("extras/custom-fields", name="notes", type="text", object_types=["dcim.device"])
    draft = Draft()
    draft.delete("custom_fields", "notes", field, object_type="extras/custom-fields")
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert [(v.verdict, v.message) for v in result.verdicts] == [("applied", "")]
    assert lab_netbox.one("extras/custom-fields", id=field["id"])["status"]["value"] == "deleting"
    assert server.count("DELETE", "/api/extras/custom-fields/") == 1


def test_a_lost_answer_to_such_a_delete_is_found_out(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    server.store.bulk_update_chunk_size = 0
    field = lab_netbox.create("extras/custom-fields", name="notes", type="text", object_types=["dcim.device"])
    draft = Draft()
    draft.delete("custom_fields", "notes", field, object_type="extras/custom-fields")
    server.fail_next(after_write=True, method="DELETE")
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert verdicts(result) == {"notes": "applied"}
    assert server.count("DELETE", "/api/extras/custom-fields/") == 1


def test_the_deleted_cable_of_a_port_is_no_edit_of_the_port(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    """From 4.7.2 on the ports at its ends get a new last_updated, which the delete of a port must not stumble over."""
    ports = [
        lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name=name, type="1000base-t")
        for name in ("a", "b")
    ]
    ends = [[{"object_type": "dcim.interface", "object_id": port["id"]}] for port in ports]
    cable = lab_netbox.create("dcim/cables", a_terminations=ends[0], b_terminations=ends[1])
    ports = [lab_netbox.one("dcim/interfaces", id=port["id"]) for port in ports]
    draft = Draft()
    draft.delete("cables", "a <-> b", cable, object_type="dcim/cables")
    for port in ports:
        draft.delete("interfaces", port["name"], port)
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))
    assert verdicts(result) == {"a <-> b": "applied", "a": "applied", "b": "applied"}


def test_what_netbox_says_of_a_deleted_mac_address_is_not_kept(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    """``is_primary`` is computed: an undo cannot set it."""
    port = lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name="a", type="other")
    mac = lab_netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:47:01",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
        description="kept",
    )
    draft = Draft()
    draft.delete("mac_addresses", "02:00:00:00:47:01", mac)
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))
    file = lab_harness.warehouse.ledger / "applies" / "lab" / f"{result.apply_id}.jsonl"
    [line] = [line for line in read_lines(file) if line["kind"] == "verdict"]
    assert sorted(item["field"] for item in line["removed"]) == [
        "assigned_object",
        "description",
        "mac_address",
    ]


def test_an_undo_brings_back_a_channel_with_its_parent_and_number(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    own = {"device": lab_fixtures.device["id"]}
    parent = lab_netbox.create("dcim/interfaces", **own, name="e1", type="40gbase-x-qsfpp", channels=4)
    channel = lab_netbox.create(
        "dcim/interfaces",
        **own,
        name="e1:3",
        type="channel",
        parent=parent["id"],
        channel_id=3,
        mac_address="02:00:00:00:47:01",
    )
    draft = Draft()
    draft.delete("interfaces", "e1:3", channel, fields={"name": ("e1:3", None)})
    mac = lab_netbox.one("dcim/mac-addresses", interface_id=channel["id"])
    draft.delete("mac_addresses", "02:00:00:00:47:01", mac)
    first = done(lab_harness, draft.publish(lab_harness.warehouse))
    undone(lab_harness, first)

    again = lab_netbox.one("dcim/interfaces", name="e1:3")
    assert (again["parent"]["id"], again["channel_id"], again["type"]["value"]) == (
        parent["id"],
        3,
        "channel",
    )
    assert again["mac_address"] == "02:00:00:00:47:01"


def test_an_undo_says_which_url_it_cannot_restore(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    """One from before 4.7 has no scheme, and NetBox would add one."""
    for name in ("wiki", "manual"):
        lab_netbox.create("extras/custom-fields", name=name, type="url", object_types=["dcim.interface"])
    port = lab_netbox.create(
        "dcim/interfaces", device=lab_fixtures.device["id"], name="a", type="other", mtu=1500
    )
    old = {"wiki": "wiki.example.com/a", "manual": "https://example.com"}
    server.store.get("dcim.interface", port["id"])["custom_field_data"].update(old)
    fields = {f"cf.{name}": (value, "https://example.org") for name, value in old.items()}
    draft = Draft()
    draft.update("interfaces", "a", port, {"mtu": (1500, 9000), **fields})
    plan = plan_undo(
        lab_harness.warehouse, lab_harness.target, done(lab_harness, draft.publish(lab_harness.warehouse))
    )
    said = "wiki was wiki.example.com/a, which NetBox cannot store again: it adds https:// to a URL without a scheme"
    assert [
        (row.action, row.key, row.reason, {f.name: f.after for f in row.fields}) for row in plan.rows
    ] == [
        ("update", "a", None, {"cf.manual": "https://example.com", "mtu": 1500}),
        ("conflict", "a cf.wiki", said, {"cf.wiki": "wiki.example.com/a"}),
    ]
    result = lab_harness.approve_and_apply(plan)
    assert [(v.key, v.verdict) for v in result.verdicts] == [("a", "applied")]
