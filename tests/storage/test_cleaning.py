"""What is removed of a warehouse that runs for months, and what stays."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.defs.jobs.cleanup_job import delete_runs
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.cleaning import clean
from tests.storage.versions import add_device, publish_diff


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Five snapshots and diffs of one endpoint, 130 tries, a ledger, and what killed processes left."""
    warehouse = Warehouse(tmp_path / "data")
    for _ in range(5):
        add_device(warehouse, "nms", "sw1")
        publish_diff(warehouse, "nms", create=1)
    attempts = warehouse.snapshots("librenms", "nms") / "attempts.jsonl"
    for number in range(125):
        warehouse.append_jsonl(attempts, {"ok": True, "number": number})
    for path in ("ledger/approvals/nms/2020-01.jsonl", "ledger/applies/nms/1.jsonl", "notices/chat.jsonl"):
        (warehouse.home / path).parent.mkdir(parents=True, exist_ok=True)
        (warehouse.home / path).write_text("{}\n")
    for path in ("snapshots/librenms/nms/.stage-1/x", "diffs/nms/.stage-2/x", "tmp/spill"):
        (warehouse.home / path).parent.mkdir(parents=True, exist_ok=True)
        (warehouse.home / path).touch()
    return warehouse


def versions(folder: Path) -> int:
    return len([entry for entry in folder.iterdir() if entry.name[:1].isdigit()])


def test_history_is_pruned_to_what_the_configuration_keeps_and_the_ledger_stays(warehouse: Warehouse) -> None:
    nms, diffs = warehouse.snapshots("librenms", "nms"), warehouse.diffs("nms")
    current = (warehouse.current(nms), warehouse.current(diffs))
    ledger = {path: path.read_bytes() for path in warehouse.ledger.rglob("*") if path.is_file()}

    counts = clean(warehouse, Retention(snapshots=2, diffs=3, tries=100))

    # What lies there for less than a day may be a living writer's.
    assert counts == {"snapshots": 3, "diffs": 2, "tries": 30, "left behind": 0}
    assert (versions(nms), versions(diffs)) == (2, 3)
    assert (warehouse.current(nms), warehouse.current(diffs)) == current
    assert current[0].is_dir()
    lines = (nms / "attempts.jsonl").read_text().splitlines()
    assert (len(lines), json.loads(lines[-1])["number"]) == (100, 124)
    assert {path: path.read_bytes() for path in warehouse.ledger.rglob("*") if path.is_file()} == ledger
    assert (warehouse.home / "notices" / "chat.jsonl").exists()


def test_what_killed_processes_left_goes_after_a_day(warehouse: Warehouse) -> None:
    yesterday = time.time() - 90_000
    left = [warehouse.snapshots("librenms", "nms") / ".stage-1", warehouse.home / "tmp" / "spill"]
    for path in left:
        os.utime(path, (yesterday, yesterday))
    assert clean(warehouse, Retention())["left behind"] == 2
    assert [path.exists() for path in left] == [False, False]
    assert (warehouse.diffs("nms") / ".stage-2").exists()


def test_new_versions_push_out_old_ones_by_the_configuration(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "netbox_sync.yaml"
    config.write_text("netbox: {url: 'http://127.0.0.1:1'}\nretention: {snapshots: 2, diffs: 4}\n")
    monkeypatch.setenv("NETBOX_SYNC_CONFIG", str(config))
    monkeypatch.setenv("NETBOX_SYNC_HOME", str(warehouse.home))
    configured = SyncResource().warehouse()
    assert (configured.keep_snapshots, configured.keep_diffs) == (2, 4)
    add_device(configured, "nms", "sw1")
    assert versions(configured.snapshots("librenms", "nms")) == 2


def test_the_command_line_cleans(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "netbox_sync.yaml"
    config.write_text("netbox: {url: 'http://127.0.0.1:1'}\nretention: {snapshots: 4}\n")
    assert run(["--config", str(config), "--home", str(warehouse.home), "clean"]) == 0
    assert capsys.readouterr().out == "removed: 1 snapshots, 0 diffs, 0 tries, 0 left behind\n"


def test_old_runs_of_dagster_go_with_their_events_and_running_ones_stay() -> None:
    @dg.op
    def nothing() -> None:
        """Does nothing."""

    @dg.job
    def job() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance).run_id
        running = instance.add_run(
            dg.DagsterRun(job_name="job", run_id="1" * 8, status=dg.DagsterRunStatus.STARTED)
        ).run_id
        before = datetime.now(UTC)
        assert list(delete_runs(instance, before - timedelta(days=1))) == []
        assert list(delete_runs(instance, before + timedelta(days=1))) == [done]
        assert [run.run_id for run in instance.get_runs()] == [running]
        assert instance.all_logs(done) == []
