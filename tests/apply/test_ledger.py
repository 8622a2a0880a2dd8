"""What the ledger says afterwards, as tables; and who may write to it."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import timedelta

import pytest

from netbox_sync_dagster.approve import ApprovalError, open_ledger
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.fake_clock import FakeClock
from tests.support import NetBox


def ask(warehouse: Warehouse, sql: str) -> list[tuple]:
    con = open_ledger(warehouse, objects=True)
    try:
        return con.execute(sql).fetchall()
    finally:
        con.close()


@pytest.mark.parametrize(
    "view",
    [
        *("approvals", "verdicts", "applies", "operations", "last_written", "created"),
        *("object_changes", "journal"),
    ],
)
def test_every_view_works_before_there_is_anything(tmp_path, view: str) -> None:
    assert ask(Warehouse(tmp_path / "it's new"), f"SELECT * FROM ledger.{view}") == []


def test_the_ledger_tells_what_was_written_by_whose_approval(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("vlans", "90", {"vid": 90, "name": "voice", "group": of(lab_fixtures.group)})
    port = draft.create(
        "interfaces",
        "sw1:Gi0/1",
        {
            "device": of(lab_fixtures.device),
            "name": "Gi0/1",
            "type": "other",
            "mode": "access",
            "untagged_vlan": ref("vlans", "90"),
        },
        parent="sw1",
    )
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1"), "airflow": (None, "no-such")})
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))
    vlan = lab_netbox.one("ipam/vlans", vid=90)
    made = lab_netbox.one("dcim/interfaces", name="Gi0/1")

    home = lab_harness.warehouse
    assert ask(
        home,
        "SELECT apply_id, endpoint, target, who, netbox_version, changes, applied, failed, finished >= started"
        " FROM ledger.applies",
    ) == [(result.apply_id, "lab", lab_harness.target.base_url, "alice", "4.6.8", 3, 2, 1, True)]
    assert ask(
        home,
        "SELECT field, before, after, verdict, approver, netbox_id, parent FROM ledger.operations"
        f" WHERE change_id = '{port}' ORDER BY field",
    ) == [
        (field, None, after, "applied", "alice", made["id"], "sw1")
        for field, after in (
            ("device", json.dumps(of(lab_fixtures.device), separators=(",", ":"))),
            ("mode", '"access"'),
            ("name", '"Gi0/1"'),
            ("type", '"other"'),
            ("untagged_vlan", f'{{"id":{vlan["id"]},"name":"90"}}'),
        )
    ]
    assert ask(home, "SELECT key, verdict, message FROM ledger.verdicts WHERE verdict <> 'applied'") == [
        ("sw1", "failed", "airflow: no-such is not a valid choice.")
    ]
    assert ask(home, "SELECT object_type, netbox_id, endpoint FROM ledger.created ORDER BY created_at") == [
        ("ipam/vlans", vlan["id"], "lab"),
        ("dcim/interfaces", made["id"], "lab"),
    ]


def test_last_written_is_the_newest_value_of_each_field_and_only_what_was_applied(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    device = lab_fixtures.device
    for serial, comments in (("X1", "first"), ("X2", None)):
        draft = Draft()
        fields = {"serial": (device["serial"], serial)}
        if comments:
            fields["comments"] = ("", comments)
        draft.update("devices", "sw1", device, fields)
        lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))
        device = lab_netbox.one("dcim/devices", id=device["id"])
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X3")})
    assert lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse)).counts["stale"] == 1

    assert ask(
        lab_harness.warehouse,
        "SELECT object_type, netbox_id, field, value, endpoint FROM ledger.last_written ORDER BY field",
    ) == [
        ("dcim/devices", device["id"], "comments", '"first"', "lab"),
        ("dcim/devices", device["id"], "serial", '"X2"', "lab"),
    ]


def test_the_ledger_says_what_goes_out_before_it_goes(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    made = draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(status=None, delay=1.5, method="PATCH")
    thread = threading.Thread(target=lab_harness.apply, args=[plan])
    thread.start()
    folder = lab_harness.warehouse.ledger / "applies" / "lab"
    deadline = time.monotonic() + 10
    while not (
        lines := [x for p in folder.glob("*.jsonl") for x in p.read_text().splitlines() if "sending" in x]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert server.count("PATCH") == 0
    thread.join()

    line = json.loads(lines[0])
    assert (line["method"], line["path"]) == ("PATCH", "/api/dcim/devices/")
    assert line["changes"][0]["body"] == {
        "id": lab_fixtures.device["id"],
        "serial": "X1",
        "changelog_message": f"netbox-sync lab {made}",
    }
    assert line["changes"][0]["fields"] == [{"field": "serial", "before": "", "after": "X1"}]


@pytest.mark.parametrize("server", ["4.2.9"], indirect=True)
def test_the_ledger_leads_to_netboxs_own_records_without_messages_in_them(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    test_the_ledger_leads_to_netboxs_own_records(lab_harness, lab_netbox, lab_fixtures)


def test_the_ledger_leads_to_netboxs_own_records(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    harness.configure(journal=True)
    gone = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="gone", type="other")
    draft = Draft()
    draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    draft.create("interfaces", "new", {"device": of(fixtures.device), "name": "new", "type": "other"})
    draft.delete("interfaces", "gone", gone, fields={"name": ("gone", None)})
    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert result.ok, result.verdicts
    said = ask(
        harness.warehouse,
        "SELECT DISTINCT key, object_change_id, request_id FROM ledger.operations ORDER BY key",
    )
    actions = {}
    for key, object_change_id, request_id in said:
        record = netbox.one("core/object-changes", id=object_change_id)
        assert record["request_id"] == request_id
        actions[key] = record["action"]["value"]
    assert actions == {"gone": "delete", "new": "create", "sw1": "update"}
    [(kind, netbox_id, entry)] = ask(
        harness.warehouse,
        "SELECT assigned_object_type, assigned_object_id, journal_entry_id FROM ledger.journal",
    )
    assert (kind, netbox_id) == ("dcim.device", fixtures.device["id"])
    assert netbox.one("extras/journal-entries", id=entry)["assigned_object_id"] == netbox_id


def test_no_token_reaches_the_ledger(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    draft.create("vlans", "1", {"vid": 99999, "name": "x"})
    lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    files = [file for file in lab_harness.warehouse.ledger.rglob("*.jsonl") if file.stat().st_size]
    assert len(files) == 2
    assert all(server.token not in file.read_text() for file in files)


def test_what_was_applied_to_another_netbox_does_not_count(
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft = Draft()
    draft.create("tags", "t", {"name": "t", "slug": "t"})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve_and_apply(plan)
    with LabNetBox() as other:
        monkeypatch.setenv("NETBOX_TOKEN", other.token)
        lab_harness.configure(url=other.url)
        assert verdicts(lab_harness.approve_and_apply(plan)) == {"t": "applied"}
        assert other.count("POST") == 1
        targets = ask(lab_harness.warehouse, "SELECT target FROM ledger.created ORDER BY target")
        assert sorted(targets) == sorted([(lab_netbox.url,), (other.url,)])


def test_a_diff_whose_checks_failed_is_not_applied(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    lab_harness.approve(draft.publish(lab_harness.warehouse))
    plan = draft.publish(lab_harness.warehouse, gates=["the snapshot of lab is empty"])
    server.reset_requests()

    with pytest.raises(ApprovalError, match="the snapshot of lab is empty"):
        lab_harness.apply(plan)
    assert server.requests == []


def test_without_the_right_to_read_the_changelog_a_lost_answer_is_settled_by_comparing_fields(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = ("dcim.device", "dcim.interface", "ipam.vlan", "ipam.vlangroup")
    header = server.add_token("limited", {model: {"view", "add", "change"} for model in models})
    monkeypatch.setenv("NETBOX_TOKEN", header.partition(" ")[2])
    draft = Draft()
    draft.create("vlans", "90", {"vid": 90, "name": "voice", "group": of(lab_fixtures.group)})
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    for method in ("POST", "PATCH"):
        server.fail_next(status=502, after_write=True, method=method)

    result = lab_harness.apply(plan)

    assert result.ok, result.verdicts
    # Somebody may have moved the object between our write and the reading: no guard is taken from it.
    assert [v.last_updated for v in result.verdicts] == [None, None]
    assert len(lab_netbox.all("ipam/vlans", vid=90)) == 1


# -- one apply per endpoint ----------------------------------------------------------------------


def test_two_endpoints_are_applied_at_the_same_time(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    plans = []
    for endpoint in ("one", "two"):
        draft = Draft(endpoint=endpoint)
        draft.create("tags", endpoint, {"name": endpoint, "slug": endpoint})
        plans.append(draft.publish(lab_harness.warehouse))
        lab_harness.approve(plans[-1])
    with EndpointLock.for_apply(lab_harness.warehouse, "one", "bob"):
        assert lab_harness.apply(plans[1]).ok
        with pytest.raises(LockHeld, match="another apply to endpoint 'one' is running"):
            lab_harness.apply(plans[0])
    assert lab_harness.apply(plans[0]).ok


@pytest.mark.parametrize("hours", [0, 24, -24], ids=["right", "ahead", "behind"])
def test_a_lock_of_another_machine_holds_until_it_was_seen_silent_whatever_its_clock_says(
    tmp_path, clock: FakeClock, hours: int
) -> None:
    warehouse = Warehouse(tmp_path)
    path = warehouse.ledger / "leases" / "lab"
    path.parent.mkdir(parents=True)

    def written(host: str, beat: int) -> None:
        moment = (now() + timedelta(hours=hours)).isoformat()
        mark = {"who": "bob", "host": host, "pid": 1, "since": moment, "heartbeat": moment, "beat": beat}
        path.write_text(json.dumps(mark))

    def refused(seconds: int) -> None:
        text = rf"by bob, process 1 on another-machine, .*try again in {seconds} seconds"
        with pytest.raises(LockHeld, match=text), EndpointLock.for_apply(warehouse, "lab", "alice"):
            pass

    written("another-machine", 1)
    refused(120)
    clock.wait(100)
    refused(20)
    # It lives.
    written("another-machine", 2)
    clock.wait(100)
    refused(120)
    clock.wait(121)
    with EndpointLock.for_apply(warehouse, "lab", "alice"):
        assert json.loads(path.read_text())["who"] == "alice"
    written(socket.gethostname(), 1)
    with EndpointLock.for_apply(warehouse, "lab", "alice"):
        pass
    assert path.read_text() == ""


def test_an_apply_that_lost_its_lock_sends_nothing_more(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file that holds the lock cannot be renewed from the first request on."""
    lab_harness.configure(batch_size=1, max_in_flight=1)
    draft = Draft()
    for vid in (1, 2, 3):
        draft.create("vlans", str(vid), {"vid": vid, "name": str(vid), "group": of(lab_fixtures.group)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)

    def silent(done: int, total: int) -> None:
        monkeypatch.setattr("netbox_sync_dagster.storage.locks._UNSURE_SECONDS", -1)

    result = lab_harness.apply(plan, progress=silent)

    assert verdicts(result) == {"1": "applied", "2": "failed", "3": "failed"}
    assert {v.message.partition(" could not")[0] for v in result.verdicts if v.verdict == "failed"} == {
        "not written: the lock of endpoint 'lab'"
    }
    assert server.count("POST", "/api/ipam/vlans/") == 1
    assert len(lab_netbox.all("ipam/vlans", group_id=lab_fixtures.group["id"])) == 1


def test_an_interrupted_apply_stops_after_the_requests_under_way_and_the_next_one_goes_on(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    lab_harness.configure(batch_size=1, max_in_flight=1)
    draft = Draft()
    for vid in range(1, 21):
        draft.create("vlans", str(vid), {"vid": vid, "name": str(vid), "group": of(lab_fixtures.group)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)

    def interrupt(done: int, total: int) -> None:
        assert total == 20
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab_harness.apply(plan, progress=interrupt)
    written = len(lab_netbox.all("ipam/vlans", group_id=lab_fixtures.group["id"]))
    assert 5 <= written <= 6

    assert lab_harness.apply(plan).counts["applied"] == 20 - written
    assert len(lab_netbox.all("ipam/vlans", group_id=lab_fixtures.group["id"])) == 20
    assert ask(lab_harness.warehouse, "SELECT count(*), count(DISTINCT change_id) FROM ledger.verdicts") == [
        (20, 20)
    ]
