"""Applies while clocks are ahead, behind, or step: what is approved, used up, settled and undone goes by order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.apply import apply_approved, plan_undo
from netbox_sync_dagster.approve import approve, approved, open_ledger
from netbox_sync_dagster.approve.decide import approve_by_policy
from netbox_sync_dagster.compare.gates import gates
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.sequence import id_of, number_at
from netbox_sync_dagster.storage.status import read_status
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.children import Child
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.undoing import picture
from tests.fake_clock import FakeClock
from tests.object_store import BUCKET_URL, s3_server
from tests.support import NetBox, Pipeline

WRONG = pytest.mark.parametrize("days", [1, -1], ids=["ahead", "behind"])


@pytest.fixture(params=["directory", "object store"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the warehouse is."""
    if request.param == "directory":
        yield str(tmp_path / "data")
        return
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "copy"))
        yield BUCKET_URL


@WRONG
def test_two_syncs_and_a_killed_apply_by_a_wrong_clock_then_the_right_one(
    home: str,
    server: LabNetBox,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
    clock: FakeClock,
    days: int,
) -> None:
    state = LibreNMSState()
    switch = state.add_device(f"sw1-{lab_fixtures.suffix}", hardware=lab_fixtures.device_type["model"])
    for port in range(3):
        state.add_port(switch, f"Gi0/{port}", ifAlias="uplink")
    with LabLibreNMS(state, token="lnms-token") as librenms:
        monkeypatch.setenv("LIBRENMS_TOKEN", librenms.token)
        endpoint = {
            "name": "paris",
            "kind": "librenms",
            "url": librenms.url,
            "import_devices": "all",
            "defaults": {"site": lab_fixtures.site["slug"], "role": lab_fixtures.role["slug"]},
        }
        pipeline = Pipeline(Path("unused"), lab_netbox, endpoint)
        pipeline.warehouse = Warehouse(home, keep_snapshots=2, keep_diffs=2)
        target = pipeline.config.netbox.model_copy(update={"timeout": 60})
        clock.wrong(days=days)
        pipeline.sync()
        plan = pipeline.sync()
        approve(
            pipeline.warehouse,
            plan,
            list(plan.by_id()),
            who="alice",
            through="cli",
            policies=Policies(),
            override_limit="x",
        )
        server.fail_next(
            status=None, delay=20, method="POST", path_prefix="/api/dcim/interfaces/", after_write=True
        )
        child = Child(home, "paris", target, days)
        ports = {"device_id": lab_fixtures.device["id"]}
        # They are written, and the answer is on its way.
        child.wait_until(lambda: len(lab_netbox.all("dcim/interfaces", **ports)) == 3)
        child.kill()

        clock.wrong()
        for _ in range(3):
            snapshot = pipeline.snapshot()
            folder = pipeline.warehouse.snapshots("librenms", "paris")
            assert pipeline.warehouse.manifest(folder)["snapshot_id"] == snapshot.snapshot_id
        plan = pipeline.sync()
        if home == BUCKET_URL:
            # In a directory the kernel knows that the process is gone.
            with pytest.raises(Exception, match="try again in 120 seconds"):
                apply_approved(pipeline.warehouse, target, "paris", plan, who="alice")
            clock.wait(121)
        done = apply_approved(pipeline.warehouse, target, "paris", plan, who="alice")
        assert {v.verdict for v in done.settled} == {"applied"}
        assert len(lab_netbox.all("dcim/interfaces", **ports)) == 3
        assert pipeline.sync().changes == []
        assert {row.endpoint: row.state for row in read_status(pipeline.warehouse)} == {
            "netbox": "ok",
            "paris": "in sync",
        }


@pytest.mark.parametrize("days", [1, -1, 400], ids=["ahead", "behind", "a year ahead"])
def test_a_clock_that_steps_during_an_apply(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures, clock: FakeClock, days: int
) -> None:
    lab_harness.configure(batch_size=1, max_in_flight=1)
    before = picture(lab_netbox, lab_fixtures)
    draft = Draft()
    for vid in range(1, 6):
        draft.create("vlans", str(vid), {"vid": vid, "name": f"v{vid}", "group": of(lab_fixtures.group)})
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)

    def step(done: int, total: int) -> None:
        clock.wrong(days=days if done % 2 else 0)

    first = lab_harness.apply(plan, progress=step)
    assert set(verdicts(first).values()) == {"applied"}
    clock.wrong()
    # Used up, whatever the lines are dated.
    assert approved(lab_harness.warehouse, "lab", plan) == {}
    again = lab_harness.apply(plan)
    assert again.verdicts == []
    back = plan_undo(lab_harness.warehouse, lab_harness.target, first.apply_id or "")
    assert [row.reason for row in back.rows if not row.is_change] == []
    assert set(verdicts(lab_harness.approve_and_apply(back)).values()) == {"applied"}
    assert picture(lab_netbox, lab_fixtures) == before


@WRONG
def test_applies_in_the_order_in_which_they_were_made_whatever_they_are_dated(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures, clock: FakeClock, days: int
) -> None:
    device = lab_fixtures.device
    applies = []
    for serial, off in (("X1", days), ("X2", 0), ("X3", -days), ("X4", 0)):
        clock.wrong(days=off)
        draft = Draft()
        draft.update("devices", "sw1", device, {"serial": (device["serial"], serial)})
        applies.append(lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse)).apply_id)
        device = lab_netbox.one("dcim/devices", id=device["id"])
    assert applies == sorted(applies)
    con = open_ledger(lab_harness.warehouse, objects=True)
    assert con.execute("SELECT value FROM ledger.last_written WHERE field = 'serial'").fetchall() == [
        ('"X4"',)
    ]
    con.close()
    clock.wrong()
    # An earlier one is in the way of nothing; a later one is.
    back = plan_undo(lab_harness.warehouse, lab_harness.target, applies[0] or "")
    assert [row.reason for row in back.rows] == [
        f"apply {applies[3]} changed its serial since; undo that one first"
    ]
    back = plan_undo(lab_harness.warehouse, lab_harness.target, applies[3] or "")
    assert [row.action for row in back.rows] == ["update"]


@WRONG
def test_decisions_count_in_the_order_in_which_they_were_made(
    tmp_path: Path, clock: FakeClock, days: int
) -> None:
    warehouse = Warehouse(tmp_path)
    draft = Draft()
    made = draft.create("tags", "t", {"name": "t", "slug": "t"})
    plan = draft.publish(warehouse)

    def decide(decision: str) -> None:
        approve(warehouse, plan, [made], who="alice", through="cli", policies=Policies(), decision=decision)

    clock.wrong(days=days)
    decide("reject")
    clock.wrong()
    assert approve_by_policy(warehouse, plan, Policies(auto_approve=["tags.create"])) is None
    decide("withdraw")
    decide("approve")
    assert list(approved(warehouse, "lab", plan)) == [made]
    clock.wrong(days=days)
    decide("withdraw")
    clock.wrong()
    assert approved(warehouse, "lab", plan) == {}


def test_an_approval_by_a_clock_that_was_ahead_is_not_there_for_ever(
    tmp_path: Path, clock: FakeClock
) -> None:
    warehouse = Warehouse(tmp_path)
    draft = Draft()
    made = draft.create("tags", "t", {"name": "t", "slug": "t"})

    def publish() -> None:
        nonlocal plan
        plan = draft.publish(warehouse, finished=now().isoformat())

    plan = draft.publish(warehouse)
    clock.wrong(days=365)
    approve(warehouse, plan, [made], who="alice", through="cli", policies=Policies())
    assert list(approved(warehouse, "lab", plan)) == [made]
    clock.wrong()
    assert approved(warehouse, "lab", plan) == {}
    # When the clocks have caught up, every diff since shows that it was dated wrongly.
    publish()
    clock.wrong(days=365, hours=1)
    assert approved(warehouse, "lab", plan) == {}
    # One of three days ago does not come back for a clock that is behind.
    clock.wrong(days=-3)
    approve(warehouse, plan, [made], who="alice", through="cli", policies=Policies())
    assert list(approved(warehouse, "lab", plan)) == [made]
    clock.wrong()
    publish()
    clock.wrong(days=-3)
    assert approved(warehouse, "lab", plan) == {}


@pytest.mark.parametrize(
    ("endpoint", "netbox", "sentence"),
    [
        pytest.param((1, 0), (0, 0), None, id="right clocks, NetBox first"),
        pytest.param((0, 0), (1, 0), None, id="NetBox read later"),
        pytest.param((0, 0), (1, -48), None, id="NetBox read later, by a clock that is behind"),
        pytest.param(
            (1, 25), (0, 0), "NetBox was read more than a day before the endpoint", id="long before"
        ),
        pytest.param(
            (1, 0), (0, 24), "NetBox was read before the endpoint, and is dated later", id="a clock lied"
        ),
    ],
)
def test_how_old_netbox_is_to_an_endpoint_goes_by_order_first(
    endpoint: tuple[int, int], netbox: tuple[int, int], sentence: str | None
) -> None:
    base = now()

    def manifest(order: int, hours: int) -> dict[str, object]:
        dated = base.timestamp() + 3600 * hours
        text = type(base).fromtimestamp(dated, base.tzinfo).isoformat()
        return {
            "snapshot_id": id_of(number_at(base) + order),
            "started": text,
            "finished": text,
            "complete": True,
            "reasons": [],
        }

    found = gates(manifest(*endpoint), manifest(*netbox))
    assert [text.partition(";")[0].partition(": ")[0] for text in found] == ([sentence] if sentence else [])


def test_the_ledger_keeps_numbers_beside_dates(
    lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))
    files = sorted(lab_harness.warehouse.ledger.glob("a*/lab/*.jsonl"))
    numbers = {file: [json.loads(line)["seq"] for line in file.read_text().splitlines()] for file in files}
    assert all(found == sorted(found) for found in numbers.values())
    assert len(numbers) == 2
