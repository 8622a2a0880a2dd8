"""Options that contradict each other are refused; what is asked for and is not there is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage import Warehouse
from tests.apply.drafts import Draft
from tests.cli.conftest import CliHarness

IDS_AND_FILTER = "give change ids or a filter, not both; a device, or a part of it, as a filter: --device NAME --resource RESOURCE"
EVERYTHING = (
    "give --all-creates-and-updates, which is everything but deletes, or a filter, not both: leave one out"
)
WHICH = "say which changes: their ids, a filter (--resource, --action, --field, --device), or --all-creates-and-updates"
PLAN = "use only one of --plan, change ids and filters"
FIELD = "with change ids, --field is the only filter that can be used"

ID = "ID"
FILTERS = {
    "--resource": "vlans",
    "--action": "create",
    "--device": "sw1",
}
ALL = "--all-creates-and-updates"

REFUSED: list[tuple[list[str], str]] = [
    # Each decision, by more than one way to name changes, or by none.
    *(([command, "nms"], WHICH) for command in ("approve", "reject", "withdraw")),
    *(([command, "nms", ID, ALL], IDS_AND_FILTER) for command in ("approve", "reject", "withdraw")),
    *(
        ([command, "nms", ID, option, value], IDS_AND_FILTER)
        for command in ("approve", "reject", "withdraw")
        for option, value in FILTERS.items()
    ),
    *(
        ([command, "nms", ALL, option, value], EVERYTHING)
        for command in ("approve", "reject", "withdraw")
        for option, value in {**FILTERS, "--field": "name"}.items()
    ),
    *(([command, "nms", ID, "--field", "name"], IDS_AND_FILTER) for command in ("reject", "withdraw")),
    # approve with --plan.
    (["approve", "nms", ID, "--plan", "plan.json"], PLAN),
    (["approve", "nms", ALL, "--plan", "plan.json"], PLAN),
    *((["approve", "nms", option, value, "--plan", "plan.json"], PLAN) for option, value in FILTERS.items()),
    (["approve", "nms", "--field", "name", "--plan", "plan.json"], PLAN),
    (
        ["approve", "nms", "--plan", "plan.json", "--with-dependencies"],
        "--plan approves exactly the changes in the file, so --with-dependencies cannot be used with it",
    ),
    # approve with ids and --field.
    (["approve", "nms", ID, "--field", "serial", ALL], FIELD),
    *(
        (["approve", "nms", ID, "--field", "serial", option, value], FIELD)
        for option, value in FILTERS.items()
    ),
    (
        ["approve", "nms", ID, "--field", "serial", "--with-dependencies"],
        "with change ids and --field, --with-dependencies cannot be used: approve the dependencies with a separate command",
    ),
    # Names that nothing has.
    *(
        (
            [command, "nms", "--device", "sw9"],
            "--device sw9: no such device, virtual machine or cluster; did you mean sw1?",
        )
        for command in ("approve", "reject", "withdraw", "diff")
    ),
    *(
        ([command, "nms", "--field", "seria"], "--field seria: no row has this field; did you mean serial?")
        for command in ("approve", "reject", "withdraw", "diff")
    ),
    *(
        (
            [command, "nms", "--device", "sw9"],
            "--device sw9: no such device, virtual machine or cluster; did you mean sw1?",
        )
        for command in ("resolve", "adopt")
    ),
    (["resolve", "nms", "--cause", "miscable"], "--cause miscable: no such cause; did you mean miscabled?"),
    # Empty and invalid values.
    (
        ["approve", "nms", ALL, "--override-limit", " "],
        "--override-limit needs a reason",
    ),
    *(
        ([command, "nms", ALL, "--who", " "], "--who is empty; pass a name or omit it")
        for command in ("approve", "reject", "withdraw")
    ),
    (
        ["approve", "nms", ALL, "--expires", "0"],
        "an approval expires after more than 0 and at most 8784 hours (a year), not 0.0",
    ),
    (["apply", "nms", "--who", ""], "--who is empty; pass a name or omit it"),
    # apply --validate writes nothing.
    (
        ["apply", "nms", "--validate", "--yes"],
        "--validate writes nothing: leave out --yes and --who, or leave out --validate",
    ),
    (
        ["apply", "nms", "--validate", "--who", "bob"],
        "--validate writes nothing: leave out --yes and --who, or leave out --validate",
    ),
    # sync.
    (
        ["sync", "--guest", "101"],
        "--device needs exactly one endpoint, e.g.: netbox-sync sync production --device sw1",
    ),
    (["sync", "nms", "--device", " "], "the device, guest or container to sync has no name"),
    (["sync", "paris"], "no endpoint 'paris' in the configuration; known: nms"),
]


@pytest.fixture
def planned(harness: CliHarness) -> tuple[CliHarness, dict[str, str]]:
    """A diff of ``nms`` with three changes, the last of which needs the first; their ids by key."""
    warehouse = Warehouse(harness.folder / "data")
    draft = Draft("nms")
    ids = {"50": draft.create("vlans", "50", {"vid": 50, "name": "A"})}
    ids["sw1"] = draft.update(
        "devices",
        "sw1",
        {"id": 1, "last_updated": None},
        {"serial": ("", "X"), "comments": ("", "Y")},
        parent="sw1",
    )
    ids["Gi0/1"] = draft.create(
        "interfaces",
        "Gi0/1",
        {"name": "Gi0/1", "untagged_vlan": {"ref": "vlans", "key": "50"}},
        parent="sw1",
        depends_on=[ids["50"]],
    )
    draft.publish(warehouse)
    (harness.folder / "plan.json").write_text(json.dumps({"diffs": []}))
    return harness, ids


def test_contradictions_are_refused_and_nothing_is_recorded(
    planned: tuple[CliHarness, dict[str, str]],
) -> None:
    harness, ids = planned
    for arguments, sentence in REFUSED:
        given = [ids["sw1"] if item == ID else item for item in arguments]
        if arguments[0] in ("approve", "reject", "withdraw"):
            given.append("--yes")
        answer = harness.run(*given)
        said = answer.err.removeprefix("error: ").removeprefix("netbox_sync.yaml: ").rstrip("\n")
        assert (answer.code, said) == (1, sentence), (given, answer.out)
    assert not (harness.folder / "data" / "ledger" / "approvals" / "nms").exists()


def test_a_dry_run_names_what_would_be_blocked(planned: tuple[CliHarness, dict[str, str]]) -> None:
    harness, ids = planned
    harness.ok("approve", "nms", "Gi0/1", "--yes")
    answer = harness.run("apply", "nms", "--dry-run")
    said = f"  blocked create interfaces Gi0/1 [{ids['Gi0/1'][:8]}]: needs create vlans 50 ({ids['50']}): not approved"
    assert (answer.code, answer.out.splitlines()[-3:]) == (
        1,
        [said, "nms: 1 would be blocked", "dry run: nothing written"],
    )
    harness.ok("approve", "nms", "50", "--yes")
    assert "blocked" not in harness.ok("apply", "nms", "--dry-run")


def test_what_is_needed_is_named_with_an_option_that_can_be_used(
    planned: tuple[CliHarness, dict[str, str]],
) -> None:
    harness, _ = planned
    draft = Draft("nms")
    tag = draft.create("tags", "infra", {"slug": "infra"})
    fields = {"tags": ([], ["infra"]), "serial": ("", "X")}
    sw1 = draft.update("devices", "sw1", {"id": 1, "last_updated": None}, fields, depends_on=[tag])
    draft.publish(Warehouse(harness.folder / "data"))
    said = "1 prerequisite is not approved (create tags infra); without it this change will be blocked"
    by_id = harness.ok("approve", "nms", sw1, "--field", "tags", "--dry-run")
    assert f"{said} (approve it too)" in by_id
    by_filter = harness.ok("approve", "nms", "--resource", "devices", "--field", "tags", "--dry-run")
    assert f"{said} (--with-dependencies adds it)" in by_filter
    assert "prerequisite" not in harness.ok("approve", "nms", sw1, "--field", "serial", "--dry-run")


WORKS: list[tuple[list[str], list[str], list[str]]] = [
    # Arguments, the changes that are approved then, and what is said.
    ([ALL], ["50", "Gi0/1", "sw1"], []),
    (
        ["Gi0/1"],
        ["Gi0/1"],
        ["1 prerequisite is not approved (create vlans 50); without it this change will be blocked"],
    ),
    (["Gi0/1", "--with-dependencies"], ["50", "Gi0/1"], []),
    (["--resource", "interfaces", "--with-dependencies"], ["50", "Gi0/1"], []),
    ([ALL, "--with-dependencies"], ["50", "Gi0/1", "sw1"], []),
    (["--device", "sw1"], ["Gi0/1", "sw1"], []),
    (
        ["--resource", "vlans,cables"],
        ["50"],
        ["no change of the diff has the resource 'cables'"],
    ),
    (
        ["--action", "create", "--action", "delete"],
        ["50", "Gi0/1"],
        ["no change of the diff has the action 'delete'"],
    ),
    (["--field", "serial,comments"], ["sw1"], []),
    # A field of the update, as a separate change; a create is not divided.
    (["--field", "serial"], [], ["approved 1 change until"]),
    (["--field", "name"], [], ["left out 1: it also writes untagged_vlan", "left out 1: it also writes vid"]),
    (
        [ALL, "--expires", "3", "--override-limit", "because", "--who", "bob"],
        ["50", "Gi0/1", "sw1"],
        ["approved 3 changes until"],
    ),
]


@pytest.mark.parametrize("case", range(len(WORKS)))
def test_what_is_asked_for_is_done_or_said(planned: tuple[CliHarness, dict[str, str]], case: int) -> None:
    harness, ids = planned
    arguments, wanted, said = WORKS[case]
    answer = harness.run(
        "approve", "nms", *(ids.get(item, item) if item != "sw1" else item for item in arguments), "--yes"
    )
    assert answer.code == 0, answer.err
    for text in said:
        assert text in answer.out
    shown = json.loads(harness.ok("diff", "nms", "--json"))["diffs"][0]["rows"]
    assert sorted(row["key"] for row in shown if row["state"] == "approved") == wanted


def test_a_damaged_ledger_is_named_everywhere_and_accepted_with_a_reason(
    planned: tuple[CliHarness, dict[str, str]],
) -> None:
    harness, ids = planned
    harness.ok("reject", "nms", ids["50"], "--yes", "--who", "bob")
    harness.ok("approve", "nms", ids["sw1"], "--yes")
    assert harness.ok("ledger", "verify") == "2 lines checked, 0 problems\n"
    [file] = (harness.folder / "data" / "ledger" / "approvals" / "nms").glob("*.jsonl")
    first, rest = file.read_bytes().split(b"\n", 1)
    file.write_bytes(b"\0" * len(first) + b"\n" + rest)
    where = f"ledger/approvals/nms/{file.name}, line 1: it is empty: what was there has been overwritten"

    verify = harness.run("ledger", "verify")
    assert (verify.code, verify.err) == (1, f"error: {where}\n")
    apply = harness.run("apply", "nms", "--yes")
    assert apply.code == 1
    assert (
        f"error: the ledger is not as netbox-sync wrote it, so nothing is applied: {where}. Compare"
        in apply.err
    )
    assert where in harness.run("status").err
    assert harness.run("ledger", "accept").code != 0
    assert harness.run("ledger", "accept", "--reason", " ", "--yes").code == 1
    assert (
        harness.run("ledger", "accept", "--reason", "disk fault").err
        == "error: not a terminal: use --yes to confirm\n"
    )
    assert harness.ok("ledger", "accept", "--reason", "disk fault", "--yes", "--who", "carol").endswith(
        "accepted 1: disk fault; repeat rejections that were in these lines\n"
    )
    again = harness.ok("ledger", "verify")
    assert f"accepted: {where}" in again
    assert "1 accepted by carol on " in again
    assert (
        harness.ok("ledger", "accept", "--reason", "x", "--yes")
        == "the ledger is unmodified; nothing to accept\n"
    )
    assert "the ledger is not" not in harness.run("apply", "nms", "--yes").err


def test_two_names_of_one_user_are_not_two_people(
    planned: tuple[CliHarness, dict[str, str]], tmp_path: Path
) -> None:
    harness, ids = planned
    harness.configure(policies={"second_approver": True})
    harness.ok("approve", "nms", ids["sw1"], "--yes")
    load_plan(Warehouse(harness.folder / "data"), "nms")
    for name in ("alice", "bob"):
        answer = harness.run("apply", "nms", "--yes", "--who", name)
        assert answer.code == 1
        assert "policies.second_approver asks for" in answer.out


def test_a_field_means_the_same_to_diff_and_approve(planned: tuple[CliHarness, dict[str, str]]) -> None:
    harness, _ = planned
    assert harness.ok("diff", "nms", "--field", "serial").splitlines()[2:] == [
        f"  ~ update sw1  [{planned[1]['sw1'][:8]}]",
        '      serial: "" -> "X"',
        "1 change: 1 update",
    ]
    approved = harness.ok("approve", "nms", "--field", "serial", "--yes").splitlines()
    assert approved[2] == '      serial: "" -> "X"'
    assert harness.ok("apply", "nms", "--dry-run").splitlines()[3] == '      serial: "" -> "X"'
    # Reject and withdraw take it as the change that it is.
    withdrawn = harness.ok("withdraw", "nms", "--field", "serial", "--yes").splitlines()
    assert withdrawn[-1] == "withdrew the decisions on 1 change"
