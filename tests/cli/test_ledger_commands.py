"""What was decided and written, as lists; one row with all that is known; and what a command would do."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from tests.cli.conftest import CliHarness
from tests.kept import fresh
from tests.support import NetBox


def content(folder: Path) -> dict[str, str]:
    """A hash of every file of the warehouse that a command may change by what it records."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith((".", "endpoints", "sequence"))
    }


def documents(harness: CliHarness, command: str, *arguments: str) -> list[dict]:
    return json.loads(harness.ok(command, *arguments, "--json"))[command]


def test_lists_history_undo_of_the_last_apply_and_dry_runs(bare: CliHarness, netbox: NetBox) -> None:
    harness = bare
    answer = harness.run("sync", "--dry-run")
    assert answer.code == 0
    assert re.search(r"\n    interfaces +2 create\n", answer.out)
    assert "dry run on a copy of the warehouse" in answer.err
    assert not (harness.folder / "data").exists()

    fresh(harness.folder / "data")
    harness.ok("sync")
    home = harness.folder / "data"
    assert harness.ok("applies") == "nothing was applied yet\n"
    assert harness.ok("approvals") == "nothing was decided yet\n"
    before = content(home)
    planned = harness.ok("approve", "nms", "--resource", "interfaces", "--dry-run")
    assert planned.splitlines()[-1] == "would approve 2 changes; nothing recorded"
    assert "would reject 1 change; nothing recorded\n" in harness.ok(
        "reject", "nms", "--resource", "devices", "--dry-run"
    )
    assert harness.ok("sync", "--dry-run", "nms").startswith("NetBox: read 4.")
    assert harness.ok("clean", "--dry-run").startswith("would be removed: 0 snapshots")
    assert content(home) == before
    assert list((home / "tmp").iterdir()) == []

    harness.ok("approve", "nms", "--all-creates-and-updates", "--yes", "--who", "alice")
    shown = harness.ok("apply", "nms", "--dry-run")
    assert "  + 2 interfaces of sw1: 1 with mac_addresses, 1 with ip_addresses" in shown
    assert shown.endswith("dry run: nothing written\n")
    assert netbox.all("dcim/interfaces") == []
    assert "every apply would be refused with: alice froze all applies on " in harness.ok(
        *("freeze", "an incident", "--dry-run", "--who", "alice")
    )
    assert harness.run("unfreeze", "--dry-run").err.endswith("error: applies are not frozen\n")
    harness.ok("freeze", "an incident")
    assert "this freeze would be lifted: " in harness.ok("unfreeze", "--dry-run")
    frozen = harness.run("apply", "nms", "--dry-run")
    assert (frozen.code, "an incident" in frozen.err) == (1, True)
    harness.ok("unfreeze")
    harness.ok("apply", "nms", "--yes", "--who", "bob")

    [one] = documents(harness, "applies")
    assert (one["endpoint"], one["who"], one["applied"], one["failed"]) == ("nms", "bob", 9, 0)
    assert one["started"].endswith("+00:00")
    assert f"{one['apply_id']}  " in harness.ok("applies", "nms")
    [decided] = documents(harness, "approvals")
    assert (decided["decision"], decided["who"], decided["changes"]) == ("approve", "alice", 9)

    [interface] = netbox.all("dcim/interfaces", name="Gi0/1")
    by_name = documents(harness, "history", "interfaces", "sw1 Gi0/1")
    assert by_name == documents(harness, "history", "interfaces", str(interface["id"]))
    assert [(item["what"], item["resource"], item["who"]) for item in by_name] == [
        ("approve", "interfaces", "alice"),
        ("approve", "primary_macs", "alice"),
        ("applied", "interfaces", "bob"),
        ("applied", "primary_macs", "bob"),
    ]
    assert '      description: "to the roof"' in harness.ok("history", "interfaces", "sw1 Gi0/1")
    assert harness.ok("history", "vlans", "7") == "nothing was decided about or written to vlans 7\n"
    said = "error: no such resource 'interface'; did you mean 'interfaces'?\n"
    assert harness.run("history", "interface", "7").err == said

    assert harness.run("undo").err == "error: say which apply: its id (netbox-sync applies) or --last\n"
    before = content(home)
    assert "- delete sw1 Gi0/1" in harness.ok("undo", "--last", "--all", "--dry-run")
    assert content(home) == before
    assert harness.ok("undo", "--last").startswith(f"undo-{one['apply_id']}: reverts an apply of nms\n")
    harness.ok("approve", f"undo-{one['apply_id']}", "--action", "delete", "--yes")
    harness.ok("apply", f"undo-{one['apply_id']}", "--yes")
    undo, undone = documents(harness, "applies")[:2]
    assert (undo["undoes"], undo["undo_plan"]) == (one["apply_id"], None)
    assert (undone["apply_id"], undone["undo_plan"]) == (one["apply_id"], f"undo-{one['apply_id']}")
    assert f"has the plan undo-{one['apply_id']}" in harness.ok("applies")
    assert harness.run("undo", "--last").err == (
        f"error: every apply is reverted: the last one, {undo['apply_id']}, is itself an undo of {one['apply_id']}; to revert "
        f"that: netbox-sync undo {undo['apply_id']}; another one by its id: netbox-sync applies\n"
    )


def test_one_row_with_its_dependencies_the_source_and_links(synced: CliHarness, netbox: NetBox) -> None:
    [port] = [
        row
        for row in json.loads(synced.ok("diff", "--resource", "interfaces", "--json"))["diffs"][0]["rows"]
        if row["key"] == "sw1 Gi0/1"
    ]
    shown = synced.ok("show", port["change_id"][:10])
    # The key is that of the interface and of its primary MAC address.
    assert synced.ok("show", "sw1 Gi0/1", "--endpoint", "nms").startswith(f"{shown}\nnms: primary_macs\n")
    assert shown.startswith("nms: interfaces\n  + create sw1 Gi0/1  [")
    assert '      description: "to the roof"\n' in shown
    assert re.search(r"needs:\n(?:.*\n)*      create devices sw1 \[\w{8}\] waiting\n", shown)
    assert re.search(r"needed by:\n(?:.*\n)*      create ip_addresses 10[^\n]* \[\w{8}\] waiting\n", shown)
    assert "      mac: 84:BF:20:85:3E:00\n" in shown
    assert re.search(r"links:\n      source: http://127.0.0.1:\d+/device/1/port=1\n$", shown)

    # Of objects that have other keys than in the source too.
    assert re.search(
        r"the source says:\n(?:      .*\n)*      interface: sw1 Gi0/1\n", synced.ok("show", "10.0.0.5")
    )

    synced.ok("reject", "nms", port["change_id"], "--yes", "--who", "alice", "--why", "a spare port")
    shown = synced.ok("show", port["change_id"])
    assert re.search(r"\]  rejected\n", shown)
    assert re.search(
        r"history, newest first:\n      [-\d]+ [:\d]+ UTC  nms  reject create interfaces sw1 Gi0/1 by alice: a spare port\n",
        shown,
    )
    [document] = json.loads(synced.ok("show", port["change_id"], "--json"))["rows"]
    assert [row["state"] for row in document["rows"]] == ["rejected"]
    assert document["evidence"]["history"][0]["who"] == "alice"
    assert document["evidence"]["desired"][0]["values"]["mac"] == "84:BF:20:85:3E:00"
    assert (
        synced.run("show", "nothing").err
        == "error: no row 'nothing' in the current diffs; see netbox-sync diff\n"
    )
