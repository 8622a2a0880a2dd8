"""``resolve`` and ``resolutions``: a person answers, the endpoint is compared again, and the change is approved as always."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS
from tests.cli.conftest import CliHarness, apply_all
from tests.support import NetBox


def rows(harness: CliHarness, resource: str) -> dict[str, str]:
    """{key: action} of the current diff."""
    found = json.loads(harness.ok("diff", "nms", "--json", "--resource", resource))["diffs"][0]["rows"]
    return {row["key"]: row["action"] for row in found}


def test_a_name_is_mapped_once_for_all_rows(harness: CliHarness, netbox: NetBox) -> None:
    harness.configure(defaults={"site": "paris", "device_type": "C2960", "vlan_group": "paris"})
    harness.ok("sync")
    assert rows(harness, "devices") == {"sw1": "blocked"}

    listed = json.loads(harness.ok("resolve", "nms", "--resource", "devices", "--json"))["questions"]
    assert [(one["key"], one["cause"], one["section"]) for one in listed] == [("sw1", "unmapped", "roles")]
    wrong = harness.run("resolve", "nms", "sw1", "--map", "Acess", "--yes", "--who", "ada")
    assert (wrong.code, wrong.err) == (1, "error: NetBox has no device_roles 'Acess'; did you mean Access?\n")
    tried = harness.ok("resolve", "nms", "sw1", "--map", "Access", "--dry-run")
    assert "would record: map for 1 row\n" in tried
    assert rows(harness, "devices") == {"sw1": "blocked"}
    shown = harness.ok("resolve", "nms", "sw1", "--map", "Access", "--yes", "--who", "ada")

    assert "recorded: map for 1 row" in shown
    assert rows(harness, "devices") == {"sw1": "create"}
    exported = harness.ok("mappings", "nms", "--export")
    added = harness.ok("mappings", "nms", "--export", "--write", "--dry-run")
    assert "would map roles: " in added and "nothing was written" in added
    assert exported.startswith("mappings:\n  roles:\n") and exported.endswith(': "Access"\n')
    # A line of the file wins.
    word = listed[0]["word"]
    netbox.create("dcim/device-roles", name="Core", slug="core", color="ff0000")
    harness.configure(mappings={"roles": {word: "Core"}})
    harness.ok("sync")
    assert f'    # "{word}": "Access"  # the file says "Core"' in harness.ok("mappings", "nms", "--export")
    query = (
        "SELECT item.after FROM (SELECT unnest(fields) AS item FROM diff.changes WHERE resource = 'devices')"
    )
    assert '"Core"' in harness.ok("sql", f"{query} WHERE item.field = 'role'")


def test_a_key_that_no_row_has_is_an_error(synced: CliHarness) -> None:
    for arguments in (["--acknowledge", "--why", "known"], ["--json"], []):
        wrong = synced.run("resolve", "nms", "sw2", *arguments)
        assert (wrong.code, wrong.out) == (1, "")
        assert wrong.err == "error: no row of the diff of 'nms' has the key 'sw2'; did you mean sw1?\n"
    answer = synced.ok("resolve", "nms", "sw1", "--acknowledge", "--why", "known", "--yes")
    assert answer == "no row asks this; nothing recorded\n"


def test_each_of_several_names_is_mapped_apart(harness: CliHarness, nms: LabLibreNMS) -> None:
    nms.state.devices[0]["hardware"] = "WS-C2960X-48TS-L"
    harness.configure(defaults={"vlan_group": "paris"})
    harness.ok("sync")
    names = "device type 'WS-C2960X-48TS-L', role 'network'"
    shown = harness.ok("resolve", "nms", "--resource", "devices")
    assert "names to map: device type 'WS-C2960X-48TS-L' (device_types), role 'network' (roles)" in shown
    [one] = json.loads(harness.ok("resolve", "nms", "--resource", "devices", "--json"))["questions"]
    assert one["words"] == [
        {"section": "device_types", "word": "WS-C2960X-48TS-L"},
        {"section": "roles", "word": "network"},
    ]

    def refused(*more: str) -> str:
        answer = harness.run("resolve", "nms", "sw1", "--map", "Access", *more, "--yes", "--who", "ada")
        assert answer.code == 1
        return answer.err

    assert refused() == (
        "error: these rows ask for several names; say of which section the name is (--section), or select fewer rows: "
        f"{names}\n"
    )
    assert "these rows ask for no name of sites (the sections" in refused("--section", "sites")
    wrong = harness.run("resolve", "nms", "sw1", "--take", "--section", "roles", "--yes", "--who", "ada")
    assert wrong.err == "error: --section belongs to --map\n"
    harness.ok("resolve", "nms", "sw1", "--map", "Access", "--section", "roles", "--yes", "--who", "ada")
    answers = ("m", "C296O", "C2960")
    talk = harness.talk("resolve", "nms", "sw1", "--who", "ada", answers=answers)
    assert "device type 'WS-C2960X-48TS-L' is called in NetBox (nothing: leave it):" in talk
    assert "recorded: map device type for every row with this name" in talk
    assert rows(harness, "devices") == {"sw1": "create"}


def test_the_source_is_right(drifted: CliHarness, netbox: NetBox) -> None:
    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "drifted"}
    # The row asks only what its field asks.
    asked = drifted.ok("resolve", "nms").splitlines()
    assert asked[0] == "? interfaces  sw1 Gi0/2"
    assert asked[-2:] == [
        "      cause changed_in_netbox; answers: take, keep; of the whole row: acknowledge",
        "1 question, 1 row",
    ]

    drifted.ok("resolve", "nms", "sw1 Gi0/2", "--field", "description", "--take", "--yes", "--who", "ada")

    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "update"}
    apply_all(drifted)
    assert netbox.one("dcim/interfaces", name="Gi0/2")["description"] == "printer"
    assert rows(drifted, "interfaces") == {}

    [one] = json.loads(drifted.ok("resolutions", "nms", "--json"))["resolutions"]
    assert drifted.ok("undo", "--last").endswith(
        "\n1 answer leads to what this reverts: the next sync proposes it again unless it is withdrawn\n"
        "  take for interfaces sw1 Gi0/2, description (ada): "
        f"netbox-sync resolutions nms --withdraw {one['id']}\n"
    )


def test_netbox_is_right_from_now_on_and_an_answer_is_withdrawn(
    drifted: CliHarness, nms: LabLibreNMS
) -> None:
    answer = ("--field", "description", "--keep", "--always", "--why", "named by the users")
    shown = drifted.ok("resolve", "nms", "sw1 Gi0/2", *answer, "--yes", "--who", "ada")
    assert "recorded: keep for 1 row, from now on" in shown
    assert "keep interfaces sw1 Gi0/2 description, from now on  by ada" in drifted.ok(
        "history", "interfaces", "sw1 Gi0/2"
    )
    assert "sw1 Gi0/2: keep, from now on  ada, " in drifted.ok("resolutions", "nms")
    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "acknowledged"}
    status = json.loads(drifted.ok("status", "--json"))["endpoints"]
    assert [
        (one["state"], one["drifted"], one["acknowledged"]) for one in status if one["endpoint"] == "nms"
    ] == [("in sync", 0, 1)]
    assert "1 acknowledged: netbox-sync diff nms --action acknowledged" in drifted.ok("diff", "nms")

    listed = json.loads(drifted.ok("resolutions", "nms", "--json"))["resolutions"]
    assert [(one["state"], one["answer"], one["always"], one["who"], one["why"]) for one in listed] == [
        ("valid", "keep", True, "ada", "named by the users")
    ]
    shown = drifted.ok("resolutions", "nms", "--withdraw", listed[0]["id"], "--who", "bob")
    assert shown.startswith("withdrawn: keep, from now on (answer of ada)\nwhat follows\n")
    assert "? drifted" in shown and "1 question: 1 drifted" in shown

    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "drifted"}
    assert drifted.ok("resolutions", "nms") == "0 answers\n"
    assert "withdrawn" in drifted.ok("resolutions", "nms", "--all")
    assert drifted.ok("sql", "--csv", "SELECT state, always, withdrawn_by FROM ledger.resolutions") == (
        "state,always,withdrawn_by\nwithdrawn,true,bob\n"
    )


def test_an_acknowledged_row_comes_back_when_its_content_changes(drifted: CliHarness, netbox: NetBox) -> None:
    drifted.ok(
        "resolve",
        "nms",
        "sw1 Gi0/2",
        "--acknowledge",
        "--until",
        "30d",
        "--why",
        "later",
        "--yes",
        "--who",
        "ada",
    )
    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "acknowledged"}
    drifted.ok("sync")
    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "acknowledged"}

    netbox.edit("dcim/interfaces", netbox.one("dcim/interfaces", name="Gi0/2")["id"], description="fax")
    drifted.ok("sync")

    assert rows(drifted, "interfaces") == {"sw1 Gi0/2": "drifted"}
    listed = json.loads(drifted.ok("resolutions", "nms", "--json"))["resolutions"]
    assert [one["state"] for one in listed] == ["lapsed"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--take", "--keep"], "one answer at a time: --take and --keep are 2"),
        (["--take", "--until", "30d"], "--until belongs to --acknowledge, --always to --keep"),
        (
            ["--acknowledge", "--until", "soon"],
            "--until soon: give a day (2027-01-31) or a number of days (30d)",
        ),
        (["--acknowledge"], "'acknowledge' needs a reason: say why (--why)"),
        (
            ["--field", "description", "--pick", "7"],
            "interfaces sw1 Gi0/2, description cannot be answered with 'pick'; possible: take, keep",
        ),
        (
            ["--acknowledge", "--until", "2020-01-01", "--why", "x"],
            "the end has passed: 2020-01-02 00:00 UTC",
        ),
    ],
)
def test_an_impossible_answer_is_refused(drifted: CliHarness, arguments: list[Any], sentence: str) -> None:
    answer = drifted.run("resolve", "nms", "sw1 Gi0/2", *arguments, "--yes", "--who", "ada")
    assert (answer.code, answer.err) == (1, f"error: {sentence}\n")
    assert drifted.ok("resolutions", "nms") == "0 answers\n"
