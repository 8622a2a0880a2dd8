"""The job ``approve`` and the apply assets: what is recorded, what is written, and when a run is not green."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from netbox_sync_dagster.approve import approve, approved
from netbox_sync_dagster.approve.records import read_approvals
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.storage.locks import EndpointLock
from tests.apply.drafts import Draft
from tests.defs.conftest import DagsterHarness, decide, failure, made


def approved_ids(harness: DagsterHarness) -> set[str]:
    return set(approved(harness.warehouse, "paris", harness.plan("paris")))


def test_a_filter_is_resolved_to_ids_and_recorded_with_who_and_how(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    result = decide(harness, resource=["vlans"])

    assert result.success
    # The delete is in the filter's resource, but deletes are meant only when named.
    assert approved_ids(harness) == {ids["50 DATA"]}
    [approval] = read_approvals(harness.warehouse, "paris")
    assert (approval.who, approval.through, approval.decision) == ("alice", "dagster", "approve")
    assert harness.writes() == []


def test_ids_can_be_given_by_their_first_characters(harness: DagsterHarness, ids: dict[str, str]) -> None:
    assert decide(harness, change_ids=[ids["99 OLD"][:12]]).success
    assert approved_ids(harness) == {ids["99 OLD"]}


def test_a_rejected_change_cannot_be_approved_until_that_is_withdrawn(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    assert decide(harness, decision="reject", device=["sw-paris"], who="bob").success
    refused = decide(harness, change_ids=[ids["sw-paris"]])
    assert "was rejected by bob" in failure(refused)
    assert decide(harness, decision="withdraw", change_ids=[ids["sw-paris"]]).success
    assert decide(harness, change_ids=[ids["sw-paris"]]).success
    assert approved_ids(harness) == {ids["sw-paris"]}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            {},
            "say which changes: change_ids, a filter (resource, action, field, device), or all_creates_and_updates",
        ),
        ({"change_ids": ["abcdef"], "resource": ["vlans"]}, "give change_ids or a filter, not both"),
        ({"endpoint": "nice"}, "no endpoint 'nice' in the configuration; known: lyon, paris, pve"),
        ({"endpoint": "lyon"}, "there is no diff of 'lyon' yet; run: netbox-sync sync lyon"),
        ({"all_creates_and_updates": True, "who": " "}, "an approval needs the name of the approver"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_in_one_sentence(
    harness: DagsterHarness, ids: dict[str, str], config: dict[str, Any], sentence: str
) -> None:
    result = decide(harness, **config)
    assert failure(result) == sentence
    assert approved_ids(harness) == set()


def test_apply_writes_exactly_what_was_approved(harness: DagsterHarness, ids: dict[str, str]) -> None:
    decide(harness, change_ids=[ids["sw-paris"]])

    result = harness.run("apply_librenms", partition_key="paris")

    assert result.success
    assert harness.netbox.one("dcim/devices", name="sw-paris")["serial"] == "FOC1"
    assert harness.netbox.all("ipam/vlans", vid=50) == []
    assert len(harness.netbox.all("ipam/vlans", vid=99)) == 1
    assert harness.writes() == [("PATCH", "/api/dcim/devices/")]
    devices = made(result, "apply/librenms/devices")["paris"]
    assert (devices["applied"], devices["stale"], devices["failed"]) == (1, 0, 0)
    link = f"[sw-paris]({harness.netbox.url}/dcim/devices/{harness.device['id']}/)"
    assert f"| applied | update devices | {link} |" in devices["applied changes"]
    assert made(result, "apply/librenms/vlans")["paris"]["applied"] == 0


def test_apply_without_an_approval_writes_nothing(harness: DagsterHarness, ids: dict[str, str]) -> None:
    result = harness.run("apply_librenms", partition_key="paris")
    assert result.success
    assert harness.writes() == []


def test_only_the_selected_resources_are_written(harness: DagsterHarness, ids: dict[str, str]) -> None:
    decide(harness, all_creates_and_updates=True)
    result = harness.run(
        "apply_librenms", partition_key="paris", asset_selection=[dg.AssetKey(["apply", "librenms", "vlans"])]
    )

    assert result.success
    assert made(result, "apply/librenms/vlans")["paris"]["applied"] == 1
    assert harness.netbox.one("dcim/devices", name="sw-paris")["serial"] == ""


def test_a_run_with_a_stale_change_is_not_green_and_the_edit_survives(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    decide(harness, all_creates_and_updates=True)
    harness.netbox.edit("dcim/devices", harness.device["id"], serial="by hand")

    result = harness.run("apply_librenms", partition_key="paris")

    assert not result.success
    assert failure(result).startswith(
        "endpoint 'paris': 1 of 2 approved changes are not applied (1 applied, 1 stale); first: update devices "
        "sw-paris: stale: "
    )
    assert harness.netbox.one("dcim/devices", name="sw-paris")["serial"] == "by hand"
    assert len(harness.netbox.all("ipam/vlans", vid=50)) == 1
    # What went well is recorded, what did not is not.
    assert made(result, "apply/librenms/vlans")["paris"]["applied"] == 1
    assert made(result, "apply/librenms/devices") == {}


def test_a_refused_change_is_shown_with_netboxs_own_words(harness: DagsterHarness) -> None:
    draft = Draft("paris")
    draft.create("vlans", "9000 BAD", {"vid": 9000, "name": "BAD"})
    draft.publish(harness.warehouse, target_snapshot="20200101T000000000Z-0000")
    decide(harness, all_creates_and_updates=True)

    result = harness.run("apply_librenms", partition_key="paris")

    assert "4094" in failure(result)
    [event] = [event for event in result.all_events if event.is_step_failure]
    shown = event.step_failure_data.user_failure_data.metadata
    assert (shown["failed"].value, shown["applied"].value) == (1, 0)
    assert "| failed | create vlans | 9000 BAD |" in shown["not applied"].value


def test_two_applies_of_one_endpoint_never_work_at_once(harness: DagsterHarness, ids: dict[str, str]) -> None:
    decide(harness, all_creates_and_updates=True)
    with EndpointLock.for_apply(harness.warehouse, "paris", "somebody"):
        result = harness.run("apply_librenms", partition_key="paris")
    assert failure(result).startswith("another apply to endpoint 'paris' is running (by somebody, process ")
    assert harness.writes() == []


def test_runs_of_an_apply_job_carry_the_endpoint_that_the_queue_holds_apart(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    result = harness.run("apply_librenms", partition_key="paris")
    assert result.dagster_run.tags["netbox_sync/endpoint"] == "paris"


def test_ids_bring_what_they_need(synced: DagsterHarness) -> None:
    harness = synced
    needing = [row for row in harness.plan("paris").changes if row.depends_on]
    row = needing[0]
    assert decide(harness, change_ids=[row.change_id], with_dependencies=True).success
    assert approved_ids(harness) >= {row.change_id, *row.depends_on}


def test_parts_of_changes_are_applied_where_only_their_resource_is_selected(harness: DagsterHarness) -> None:
    draft = Draft("paris")
    fields = {"serial": ("", "FOC1"), "comments": ("", "x")}
    made_id = draft.update("devices", "sw-paris", harness.device, fields, parent="sw-paris")
    plan = draft.publish(harness.warehouse, target_snapshot="20200101T000000000Z-0000")
    approve(
        harness.warehouse,
        plan,
        [made_id],
        fields=["serial"],
        who="alice",
        through="cli",
        policies=load_config(harness.config_path).endpoint("paris").policies,
    )
    selected = [dg.AssetKey(["apply", "librenms", "devices"])]
    result = harness.run("apply_librenms", partition_key="paris", asset_selection=selected)
    assert result.success
    assert harness.netbox.one("dcim/devices", name="sw-paris")["serial"] == "FOC1"


def test_one_field_of_a_change_is_approved(harness: DagsterHarness) -> None:
    draft = Draft("paris")
    fields = {"serial": ("", "FOC1"), "comments": ("", "x")}
    made_id = draft.update("devices", "sw-paris", harness.device, fields, parent="sw-paris")
    draft.publish(harness.warehouse)
    assert decide(harness, change_ids=[made_id], field=["serial"]).success
    [approval] = read_approvals(harness.warehouse, "paris")
    assert list(approval.parts.values()) == [(made_id, ("serial",))]


CONTRADICTIONS = {
    "ids and a filter": (
        {"change_ids": ["abcdef"], "action": ["update"]},
        "give change_ids or a filter, not both",
    ),
    "fields of ids with what these need": (
        {"change_ids": ["abcdef"], "field": ["x"], "with_dependencies": True},
        "with change_ids and field, with_dependencies cannot be used: approve the dependencies with a separate run",
    ),
    "ids and everything": (
        {"change_ids": ["abcdef"], "all_creates_and_updates": True},
        "give change_ids or a filter, not both",
    ),
    "everything and a filter": (
        {"all_creates_and_updates": True, "device": ["sw-paris"]},
        "give all_creates_and_updates, which is everything but deletes, or a filter, not both: leave one out",
    ),
    "a rejection that expires": (
        {"all_creates_and_updates": True, "decision": "reject", "expires_hours": 3},
        "only approvals expire and have a limit to override; leave both out of a reject, which does neither",
    ),
    "a withdrawal with an override": (
        {"all_creates_and_updates": True, "decision": "withdraw", "override": "because"},
        "only approvals expire and have a limit to override; leave both out of a withdraw, which does neither",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_nothing_that_is_asked_for_is_left_out_without_a_word(
    harness: DagsterHarness, ids: dict[str, str], name: str
) -> None:
    config, sentence = CONTRADICTIONS[name]
    assert failure(decide(harness, **config)) == sentence
    assert approved_ids(harness) == set()


def test_what_a_filter_names_and_is_in_no_change_is_said(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    result = decide(harness, resource=["vlans", "modules"], with_dependencies=True)
    assert result.success
    said = [event.message for event in harness.instance.all_logs(result.run_id)]
    assert any("no change of the diff has the resource 'modules'" in text for text in said)


def test_a_typing_error_in_a_name_fails_as_on_the_command_line(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    refused = failure(decide(harness, device=["sw-paris", "sw-pari"]))
    assert refused == "device sw-pari: no such device, virtual machine or cluster; did you mean sw-paris?"
    assert approved_ids(harness) == set()
    config = {"ops": {"apply_librenms_changes": {"config": {"only": ["0123456789ab"]}}}}
    apply = harness.run("apply_librenms", partition_key="paris", run_config=config)
    assert failure(apply).startswith("no change '0123456789ab' in the current diff of 'paris'")


def test_an_approval_leaves_out_what_was_rejected(harness: DagsterHarness) -> None:
    draft = Draft("paris")
    vlan = draft.create("vlans", "5", {"vid": 5, "name": "five"})
    port = draft.create("interfaces", "Gi0/9", {"name": "Gi0/9"}, depends_on=[vlan])
    other = draft.create("vlans", "6", {"vid": 6, "name": "six"})
    draft.publish(harness.warehouse)
    assert decide(harness, decision="reject", change_ids=[vlan]).success
    result = decide(harness, all_creates_and_updates=True)
    assert result.success
    assert approved_ids(harness) == {other}
    said = [event.message for event in harness.instance.all_logs(result.run_id)]
    assert "left out 1: rejected" in said
    assert "left out 1: needs create vlans 5, which was rejected" in said
    assert port not in approved_ids(harness)
    nothing = decide(harness, decision="withdraw", change_ids=[port])
    assert nothing.success
    said = [event.message for event in harness.instance.all_logs(nothing.run_id)]
    assert "nothing was decided; nothing recorded" in said


def test_what_changes_need_through_others_is_named(harness: DagsterHarness) -> None:
    draft = Draft("paris")
    tag = draft.create("tags", "infra", {"slug": "infra"})
    vlan = draft.create("vlans", "5", {"vid": 5, "name": "five"}, depends_on=[tag])
    held = {"id": 7, "last_updated": "2026-01-01T00:00:00+00:00"}
    needs = {"field_needs": '{"untagged_vlan":["mode"]}', "depends_on": [vlan]}
    fields = {"mode": (None, "access"), "untagged_vlan": (None, 5), "mtu": (None, 9000)}
    port = draft.update("interfaces", "Gi0/1", held, fields, **needs)
    draft.publish(harness.warehouse)
    result = decide(harness, change_ids=[port], field=["untagged_vlan"])
    assert result.success
    said = [event.message for event in harness.instance.all_logs(result.run_id)]
    assert any(
        "NetBox refuses untagged_vlan without mode: approved together in 1 update" in text for text in said
    )
    assert any(
        "2 prerequisites are not approved (create tags infra, create vlans 5); without them this change will be blocked "
        "(with_dependencies adds them)" in text
        for text in said
    )


def test_a_sync_without_endpoints_is_refused_and_one_named_twice_is_one(harness: DagsterHarness) -> None:
    assert failure(harness.sync()) == "no endpoint is named; say which are synced, e.g. endpoints: [paris]"
    assert harness.sync("paris", "paris").success


def test_how_an_endpoint_is_read_is_asked_for_only_where_it_is_read(synced: DagsterHarness) -> None:
    result = synced.run(
        "sync_librenms",
        partition_key="paris",
        asset_selection=[dg.AssetKey(["diff", "librenms", "devices"])],
        run_config={"ops": {"sync_librenms_endpoints": {"config": {"accept_shrink": True}}}},
    )
    assert failure(result) == (
        "accept_shrink and device say how an endpoint is read, and nothing is read: select its snapshot assets too"
    )
