"""Taking an apply back, reviewing a plan elsewhere, and checking before writing, from the command line."""

from __future__ import annotations

import json
import re

from netbox_sync_lab.netbox import LabNetBox
from tests.cli.conftest import CliHarness
from tests.support import NetBox


def rows(harness: CliHarness, *arguments: str) -> list[dict]:
    return json.loads(harness.ok("diff", *arguments, "--json"))["diffs"][0]["rows"]


def test_an_apply_is_taken_back_by_a_plan_that_is_approved_and_applied_like_any(
    synced: CliHarness, netbox: NetBox, lab: LabNetBox
) -> None:
    synced.ok("approve", "nms", "--all-creates-and-updates", "--yes")
    applied = synced.ok("apply", "nms", "--yes")
    apply_id = re.search(r"nms: 9 applied \(\d+ requests, apply (\S+)\)", applied)
    assert apply_id is not None, applied
    name = f"undo-{apply_id[1]}"

    planned = synced.ok("undo", apply_id[1])
    assert planned.startswith(f"{name}: reverts an apply of nms\n")
    assert planned.endswith(
        f"next: netbox-sync approve {name} --action delete, then: netbox-sync apply {name}\n"
    )
    assert len(netbox.all("dcim/interfaces")) == 2
    assert synced.ok("apply", name, "--yes").startswith(f"{name}: nothing is approved")

    synced.ok("approve", name, "--action", "delete", "--yes")
    assert "applied (" in synced.ok("apply", name, "--yes")
    assert netbox.all("dcim/interfaces") == netbox.all("ipam/ip-addresses") == []
    assert netbox.all("dcim/devices", name="sw1") == []
    # What was taken back is offered again.
    synced.ok("sync")
    assert len(rows(synced, "nms")) == 9

    wrong = synced.run("undo", "20260101T000000000Z-abcd")
    assert wrong.code == 1
    assert wrong.err.startswith("error: the ledger has no apply '20260101T000000000Z-abcd'; look with: ")
    assert synced.run("apply", "undo-20260101T000000000Z-abcd", "--yes").code == 1


def test_older_approvals_end_after_an_undo(synced: CliHarness) -> None:
    synced.ok("approve", "nms", "--all-creates-and-updates", "--yes")
    [port] = [
        row["change_id"]
        for row in rows(synced, "nms")
        if row["resource"] == "interfaces"
        and any(row["change_id"] in other["depends_on"] for other in rows(synced, "nms"))
    ][:1]
    said = synced.ok("withdraw", "nms", port, "--yes")
    assert "needs what was withdrawn (create " in said or "need what was withdrawn (create " in said
    blocked = synced.run("apply", "nms", "--yes")
    assert blocked.code == 1 and f"({port}): not approved" in blocked.out

    name = synced.ok("undo", "--last").split(":")[0]
    synced.ok("approve", name, "--action", "delete", "--yes")
    synced.ok("apply", name, "--yes")
    again = synced.ok("sync")
    assert "withdrawn: " in again
    assert ", applied after the approval and no longer in NetBox; approve again what is still wanted" in again
    nms = json.loads(synced.ok("status", "--json"))["endpoints"][1]
    assert (nms["waiting"], nms["approved"]) == (9, 0)
    assert synced.ok("apply", "nms", "--yes").startswith("nms: nothing is approved; 9 changes are waiting")


def test_a_plan_is_reviewed_in_a_file_and_approved_exactly(synced: CliHarness) -> None:
    synced.ok("diff", "nms", "--out", "plan.json")
    file = synced.folder / "plan.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    reviewed = ("custom_fields", "devices", "interfaces", "vlans")
    kept = [row for row in content["diffs"][0]["rows"] if row["resource"] in reviewed]
    content["diffs"][0]["rows"] = kept
    file.write_text(json.dumps(content), encoding="utf-8")

    assert "approved 5 changes until" in synced.ok("approve", "nms", "--plan", "plan.json", "--yes")
    states = {(row["resource"], row["key"]): row["state"] for row in rows(synced, "nms")}
    approved = {place for place, state in states.items() if state == "approved"}
    assert approved == {(row["resource"], row["key"]) for row in kept}

    # What has become another diff since is not approved, and the command says which.
    synced.ok("apply", "nms", "--yes")
    synced.ok("sync")
    answer = synced.ok("approve", "nms", "--plan", "plan.json", "--yes")
    assert answer.count("is no longer in the current diff") == 5
    assert "nothing recorded" in answer

    content["diffs"][0]["rows"][0]["fields"][0]["after"] = "edited"
    file.write_text(json.dumps(content), encoding="utf-8")
    refused = synced.run("approve", "nms", "--plan", "plan.json", "--yes")
    assert refused.code == 1
    assert "was edited: its content is not what change id" in refused.err


def test_validate_writes_nothing_and_says_what_it_found(synced: CliHarness, lab: LabNetBox) -> None:
    assert synced.ok("apply", "nms", "--validate") == "nms: nothing is approved; nothing written\n"
    synced.ok("approve", "nms", "--all-creates-and-updates", "--yes")
    lab.reset_requests()

    said = synced.ok("apply", "nms", "--validate", "--all")

    assert {request.method for request in lab.requests} == {"GET", "OPTIONS"}
    assert re.search(r"\nnms: \d+ ok, \d+ unchecked; nothing written\n$", said), said
    assert "ok" in next(line for line in said.splitlines() if "sw1 Gi0/1" in line)
