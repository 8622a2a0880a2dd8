"""The sensor ``apply_when_approved``: what it starts, what it does not try again, and who the second person is."""

from __future__ import annotations

import json
import os
import pwd
import socket
from contextlib import closing
from typing import Any

import dagster as dg
import pytest

from netbox_sync_dagster.approve import open_ledger
from netbox_sync_dagster.storage.verify import accept
from tests.defs.conftest import DagsterHarness, apply_started, apply_tick, decide, failure, made


def why(result: Any) -> str:
    """Why the sensor started nothing."""
    reason = result.skip_reason if isinstance(result, dg.SensorResult) else result
    return str(reason.skip_message)


def test_nothing_is_applied_by_itself_where_the_configuration_does_not_ask_for_it(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    decide(harness, resource=["vlans"])
    assert why(apply_tick(harness)) == "no enabled endpoint has policies.apply_approved"


def test_what_is_approved_is_applied_once(harness: DagsterHarness, ids: dict[str, str]) -> None:
    harness.write(paris={"policies": {"apply_approved": True}})
    nothing = apply_tick(harness)
    assert why(nothing) == "no approved change waits"
    decide(harness, resource=["vlans"])

    first = apply_tick(harness)
    [request] = first.run_requests
    assert apply_started(harness, request).success
    assert [item["vid"] for item in harness.netbox.all("ipam/vlans")] == [50, 99]

    again = apply_tick(harness, first.cursor)
    assert why(again) == "no approved change waits"
    # Nor when the daemon remembers nothing.
    assert why(apply_tick(harness)) == "no approved change waits"


def test_a_change_that_was_stale_is_not_tried_again_in_a_loop(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    harness.write(paris={"policies": {"apply_approved": True}})
    decide(harness, change_ids=[ids["sw-paris"]])
    harness.netbox.edit("dcim/devices", harness.device["id"], comments="by hand")
    first = apply_tick(harness)
    [request] = first.run_requests
    assert not apply_started(harness, request).success

    later = apply_tick(harness, first.cursor)
    assert why(later) == "no approved change waits"
    assert why(apply_tick(harness)) == "no approved change waits"
    # Who approves it once more wants another try.
    decide(harness, change_ids=[ids["sw-paris"]])
    assert len(apply_tick(harness, later.cursor).run_requests) == 1


def test_an_apply_that_ended_without_a_verdict_is_started_again_after_a_pause(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    harness.write(paris={"policies": {"apply_approved": True}})
    decide(harness, resource=["vlans"])
    first = apply_tick(harness)
    assert len(first.run_requests) == 1
    # The run is killed before it has sent anything.
    waiting = apply_tick(harness, first.cursor)
    assert why(waiting).startswith(
        "paris: the apply has ended without a verdict on 1 approved changes; started again at 20"
    )
    memory = json.loads(first.cursor)
    memory["paris"]["at"] -= 61
    second = apply_tick(harness, json.dumps(memory))
    assert len(second.run_requests) == 1
    assert json.loads(second.cursor)["paris"]["tries"] == 2


def test_a_program_is_not_the_second_person(harness: DagsterHarness, ids: dict[str, str]) -> None:
    harness.write(paris={"policies": {"apply_approved": True, "second_approver": True}})
    decide(harness, resource=["vlans"])
    text = "paris: 1 approved changes wait for another person (policies.second_approver, policies.approvers)"
    assert why(apply_tick(harness)) == text
    # Nor is a run that a person starts without a name.
    result = harness.run("apply_librenms", partition_key="paris")
    assert "blocked: approved by alice alone, and no person is named who started this apply" in failure(
        result
    )
    assert harness.writes() == []


def applier(who: str) -> dict[str, Any]:
    return {"ops": {"apply_librenms_changes": {"config": {"who": who}}}}


@pytest.mark.parametrize("trusted", [False, True])
def test_names_are_two_people_where_the_configuration_trusts_them(
    harness: DagsterHarness, ids: dict[str, str], trusted: bool
) -> None:
    harness.write(paris={"policies": {"second_approver": True, "trusted_names": trusted}})
    decide(harness, resource=["vlans"])
    for who, text in (
        (
            "Alice ",
            "approved by alice alone; policies.second_approver asks for another person",
        ),
        ("bob", "only a name that was given (in Dagster, which knows no users); where names are checked"),
    ):
        result = harness.run("apply_librenms", partition_key="paris", run_config=applier(who))
        if trusted and who == "bob":
            assert result.success
        else:
            assert text in failure(result)
    assert [item["vid"] for item in harness.netbox.all("ipam/vlans")] == ([50, 99] if trusted else [99])


def test_a_second_approval_is_a_second_person_and_programs_go_on(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    harness.write(
        paris={"policies": {"second_approver": True, "trusted_names": True, "apply_approved": True}}
    )
    decide(harness, resource=["vlans"])
    decide(harness, resource=["vlans"], who="bob")
    [request] = apply_tick(harness).run_requests
    assert apply_started(harness, request).success
    user, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname()
    with closing(open_ledger(harness.warehouse)) as con:
        applies = con.execute("SELECT through, os_user, host, run_id FROM ledger.applies").fetchall()
        said = con.execute(
            "SELECT who, through, os_user, host, run_id <> '' FROM ledger.approvals ORDER BY seq"
        ).fetchall()
    assert [row[:3] for row in applies] == [("dagster run", user, host)]
    assert said == [("alice", "dagster", user, host, True), ("bob", "dagster", user, host, True)]


def test_a_damaged_ledger_stops_applies_and_policies_until_somebody_has_looked(
    harness: DagsterHarness, ids: dict[str, str]
) -> None:
    rules = {"auto_approve": ["*.create"], "apply_approved": True}
    harness.write(paris={"policies": rules})
    decide(harness, decision="reject", change_ids=[ids["50 DATA"]])
    decide(harness, change_ids=[ids["sw-paris"]])
    [file] = (harness.warehouse.ledger / "approvals" / "paris").glob("*.jsonl")
    first, rest = file.read_bytes().split(b"\n", 1)
    file.write_bytes(b"\0" * len(first) + b"\n" + rest)

    text = f"ledger/approvals/paris/{file.name}, line 1: "
    assert text in why(apply_tick(harness))
    assert text in failure(harness.run("apply_librenms", partition_key="paris"))
    synced = harness.sync("paris")
    assert text in failure(synced)
    # It was read and compared all the same.
    assert "paris" in made(synced, "diff/librenms/devices")
    assert harness.writes() == []
    accept(harness.warehouse, "a test", {"who": "carol", "through": "cli", "by": {}})
    assert harness.sync("paris").success
    assert harness.run("apply_librenms", partition_key="paris").success
