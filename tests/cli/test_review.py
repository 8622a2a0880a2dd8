"""``review`` in a real terminal: every answer does what it says, and nothing is recorded before the end."""

from __future__ import annotations

from netbox_sync_lab.librenms import LabLibreNMS
from tests.cli.conftest import CliHarness
from tests.support import NetBox


def _review(harness: CliHarness, *answers: str, options: tuple[str, ...] = ()) -> str:
    """Run the command in a terminal and give one answer to each question; what it printed."""
    return harness.talk("review", "nms", *options, answers=answers)


def _decided(harness: CliHarness) -> list[str]:
    sql = """SELECT decision || ' ' || resource || ' ' || key || coalesce(': ' || comment, '')
             FROM ledger.approvals ORDER BY seq, decision, resource, key"""
    return harness.ok("sql", "--csv", sql).splitlines()[1:]


def test_a_dry_run_asks_and_records_nothing(synced: CliHarness) -> None:
    answers = ("a", "y")
    options = ("--resource", "interfaces", "--who", "alice", "--dry-run")
    shown = _review(synced, *answers, options=options)
    assert "dry run on a copy of the warehouse" in shown
    assert "would approve 5 changes and reject 0; nothing recorded" in shown
    assert "next: netbox-sync apply" not in shown
    assert _decided(synced) == []


def test_changes_are_approved_with_what_they_need_and_rejected_with_a_reason(synced: CliHarness) -> None:
    answers = ("?", "c", "wanted since May", "y", "r", "not ours", "y")
    shown = _review(synced, *answers, options=("--resource", "interfaces", "--who", "alice"))
    assert "r  reject it; asks why" in shown
    assert "these 3 changes are needed; approve them too?" in shown
    assert "approved 4 changes, rejected 1; next: netbox-sync apply nms" in shown
    assert _decided(synced) == [
        "approve custom_fields librenms_id: wanted since May",
        "approve devices sw1: wanted since May",
        "approve interfaces sw1 Gi0/1: wanted since May",
        "approve vlans 50 in paris: wanted since May",
        "reject interfaces sw1 Gi0/2: not ours",
    ]
    assert "no change is waiting for a decision" in _review(synced, options=("--resource", "interfaces"))


def test_a_and_d_answer_for_the_rest_and_q_ends(synced: CliHarness) -> None:
    # custom_fields, devices, vlans, interfaces (two), mac_addresses.
    _review(synced, "n", "d", "n", "a", "q", "n", options=("--who", "alice"))
    assert _decided(synced) == ["approve interfaces sw1 Gi0/1", "approve interfaces sw1 Gi0/2"]


def test_it_needs_a_terminal(synced: CliHarness) -> None:
    answer = synced.run("review", "nms")
    assert (answer.code, answer.err) == (
        1,
        "error: not a terminal: review asks questions; use approve, reject and withdraw instead\n",
    )


def test_single_fields_of_an_update(applied: CliHarness, nms: LabLibreNMS) -> None:
    nms.state.ports[0] |= {"ifAlias": "uplink to paris", "ifMtu": 9000}
    applied.ok("sync")
    only = ("--resource", "interfaces", "--who", "alice")
    # An unknown field is named, and the question comes again.
    shown = _review(applied, "f", "colour", "n", options=only)
    assert "fields of description, mtu: " in shown.replace("mtu, description", "description, mtu")
    assert "colour" in shown.partition("fields of ")[2]
    assert "approved 0 changes" in shown
    shown = _review(applied, "f", "mtu", "n", options=only)
    assert "approved 1 change" in shown
    applied.ok("apply", "nms", "--yes")
    applied.ok("sync")
    fields = "SELECT field FROM diff.fields WHERE resource = 'interfaces' AND action = 'update'"
    assert applied.ok("sql", "--csv", fields).splitlines()[1:] == ["description"]


def test_rows_that_ask_something_are_answered_after_the_changes(drifted: CliHarness, netbox: NetBox) -> None:
    # Of the row first, of its field then.
    shown = _review(drifted, "y", "s", "?", "t", options=("--who", "alice"))

    assert "no change is waiting for a decision" in shown
    assert "1 row asks something; answer now? [y,n]" in shown
    assert "t  take: the source's value is right" in shown
    assert "recorded: take for 1 row" in shown
    assert "~ update sw1 Gi0/2" in shown
    assert drifted.ok("sql", "--csv", "SELECT answer, field, who FROM ledger.resolutions") == (
        "answer,field,who\ntake,description,alice\n"
    )
    # An acknowledged row asks nothing more.
    netbox.edit("dcim/interfaces", netbox.one("dcim/interfaces", name="Gi0/2")["id"], description="fax")
    drifted.ok("sync")
    answer = ("--acknowledge", "--why", "later", "--yes", "--who", "alice")
    drifted.ok("resolve", "nms", "sw1 Gi0/2", *answer)
    assert "asks something" not in _review(drifted, "n", options=("--who", "alice"))
    assert drifted.ok("resolve", "nms") == "nothing is asked\n"
    assert "cause " in drifted.ok("resolve", "nms", "sw1 Gi0/2")
