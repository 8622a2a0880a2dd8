"""Two machines that share Dagster's records and an object store; one of them dies while it works.

``here`` is one machine, the process of the tests; the other is a separate process. Both have a DAGSTER_HOME and a
copy of the warehouse that the other does not see. For Dagster's records in PostgreSQL set NETBOX_SYNC_TEST_POSTGRES to
``postgresql://user:password@host:port``, of a user who may create databases.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dagster as dg
import pytest
from ruamel.yaml import YAML

from netbox_sync_dagster.apply import LockHeld, apply_approved
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs import runs, stale_run_locks
from netbox_sync_dagster.defs.runs import end_orphans
from netbox_sync_dagster.defs.syncing import Sync
from netbox_sync_dagster.storage import Warehouse, locks
from netbox_sync_dagster.storage.ledger import ledger_files, read_lines
from netbox_sync_dagster.storage.locks import RUN, active_locks
from netbox_sync_dagster.storage.status import read_status
from tests.defs.conftest import DagsterHarness, build_house, failure
from tests.kept import fresh
from tests.object_store import BUCKET_URL, s3_server

ROOT = Path(__file__).parents[2]
POSTGRES = os.environ.get("NETBOX_SYNC_TEST_POSTGRES", "")

RUN_JOB = """
import json, sys
import dagster as dg
from netbox_sync_dagster.definitions import definitions
name, options = sys.argv[1:]
with dg.DagsterInstance.get() as instance:
    job = definitions().resolve_job_def(name)
    job.execute_in_process(instance=instance, raise_on_error=False, **json.loads(options))
"""
SYNC = {"run_config": {"ops": {"sync_endpoints": {"config": {"endpoints": ["paris"]}}}}}
APPLY = {"partition_key": "paris"}


@dataclass
class Machines:
    """The harness of this machine, and how to start the other machine."""

    harness: DagsterHarness
    there: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, job: str, options: dict[str, Any]) -> subprocess.Popen[bytes]:
        """Begin a run on the other machine."""
        command = [sys.executable, "-c", RUN_JOB, job, json.dumps(options)]
        self.started.append(subprocess.Popen(command, env={**os.environ, **self.there}))
        return self.started[-1]

    def kill(self) -> None:
        """The other machine dies."""
        for process in self.started:
            process.kill()
            process.wait()

    def ours(self) -> set[str]:
        """The runs whose process is known here to live."""
        return set(active_locks(self.harness.warehouse).get(RUN, {}))


def wait_until(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert process.poll() is None, "the run ended before the moment to kill it"
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def storage(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The block ``storage`` of dagster.yaml: SQLite files that both see, or what the guide says for PostgreSQL."""
    if kind == "sqlite":
        yield {"sqlite": {"base_dir": str(folder / "records")}}
        return
    if not POSTGRES:
        pytest.skip("set NETBOX_SYNC_TEST_POSTGRES to a PostgreSQL server where databases may be created")
    psycopg2 = pytest.importorskip("psycopg2")
    server = urlsplit(POSTGRES)
    database = f"netbox_sync_test_{secrets.token_hex(4)}"
    guide = (ROOT / "docs" / "more-than-one-machine.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(storage:\n.*?)```", guide, re.DOTALL)
    content = YAML(typ="safe").load(block)["storage"]
    content["postgres"]["postgres_db"] |= {"db_name": database, "port": server.port or 5432}
    monkeypatch.setenv("DAGSTER_PG_HOST", server.hostname or "")
    monkeypatch.setenv("DAGSTER_PG_USER", unquote(server.username or ""))
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", unquote(server.password or ""))
    con = psycopg2.connect(f"{POSTGRES.rstrip('/')}/postgres")
    con.autocommit = True
    try:
        con.cursor().execute(f"CREATE DATABASE {database}")
        yield content
        con.cursor().execute(f"DROP DATABASE {database} WITH (FORCE)")
    finally:
        con.close()


@pytest.fixture(params=["sqlite", "postgres"])
def machines(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machines]:
    with ExitStack() as stack:
        block = stack.enter_context(storage(request.param, tmp_path, monkeypatch))
        harness = stack.enter_context(build_house(tmp_path, monkeypatch))
        for name, value in stack.enter_context(s3_server()).items():
            monkeypatch.setenv(name, value)
        settings = YAML(typ="safe").load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
            fresh(tmp_path / name / "copy")
            YAML(typ="safe").dump({**settings, "storage": block}, tmp_path / name / "dagster.yaml")
        monkeypatch.setenv("NETBOX_SYNC_HOME", BUCKET_URL)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "here" / "copy"))
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "here"))
        harness.warehouse = Warehouse(BUCKET_URL)
        harness.instance = stack.enter_context(dg.DagsterInstance.from_config(str(tmp_path / "here")))
        harness.write(paris={"interval": 60}, lyon={"enabled": False}, pve={"enabled": False})
        assert harness.run("sync_group", **SYNC).success
        found = Machines(
            harness,
            {"DAGSTER_HOME": str(tmp_path / "there"), "NETBOX_SYNC_CACHE": str(tmp_path / "there" / "copy")},
        )
        stack.callback(found.kill)
        yield found


def test_what_a_machine_was_writing_when_it_died_is_settled_by_another(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = machines.harness
    decision = {"endpoint": "paris", "who": "alice", "all_creates_and_updates": True}
    assert harness.run("approve", run_config={"ops": {"decide": {"config": decision}}}).success
    approved = {row.change_id for row in harness.plan("paris").changes}
    harness.netbox_server.fail_next(
        status=None, after_write=True, delay=600, method="POST", path_prefix="/api/dcim/interfaces/"
    )
    process = machines.start("apply_librenms", APPLY)
    wait_until(lambda: len(harness.netbox.all("dcim/interfaces")) == 2, process)

    # One writer, also from machine to machine; and for a while nobody knows that the other one is dead. By hand, as
    # runs of Dagster wait for the pool `netbox` before they come to the lock.
    held = r"another apply to endpoint 'paris' is running \(by dagster run .*; if that machine is gone, try again in "
    for _ in range(2):
        with pytest.raises(LockHeld, match=held):
            apply_approved(
                harness.warehouse,
                load_config(harness.config_path).netbox,
                "paris",
                harness.plan("paris"),
                who="bob",
            )
        machines.kill()

    monkeypatch.setattr(locks, "_RUN_SILENCE_SECONDS", 0)
    monkeypatch.setattr(runs, "_STARTUP_SECONDS", 0)
    assert (
        len(end_orphans(harness.instance, harness.warehouse.home, machines.ours(), {"apply_librenms"})) == 1
    )
    monkeypatch.setattr(locks, "_APPLY_SILENCE_SECONDS", 0)
    assert harness.run("apply_librenms", **APPLY).success
    assert sorted(row["name"] for row in harness.netbox.all("dcim/interfaces")) == ["Gi0/1", "Gi0/2"]
    written = [row["message"] for row in harness.netbox.all("core/object-changes")]
    assert [written.count(f"netbox-sync paris {change_id}") for change_id in approved] == [1, 1, 1, 1]
    files = ledger_files(harness.warehouse, harness.warehouse.ledger / "applies" / "paris")
    verdicts = [line for file in files for line in read_lines(file) if line["kind"] == "verdict"]
    assert sorted(line["change_id"] for line in verdicts) == sorted(approved)
    assert {line["verdict"] for line in verdicts} == {"applied"}
    assert harness.run("sync_group", **SYNC).success
    assert harness.plan("paris").changes == []


def test_a_sync_on_another_machine_is_known_here_and_its_death_too(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = machines.harness
    before = harness.warehouse.manifest(harness.warehouse.snapshots("librenms", "paris"))
    harness.paris.set_latency(60)
    process = machines.start("sync_group", SYNC)
    wait_until(lambda: "paris" in active_locks(harness.warehouse).get("librenms", {}), process)
    [run] = machines.ours()

    states = {row.endpoint: row.state for row in read_status(harness.warehouse)}
    assert states["paris"] == "running"
    sentence = failure(harness.run("sync_group", **SYNC))
    assert sentence.startswith(
        f"endpoint 'paris' is being synced already (by dagster run {run[:8]}, process "
    )
    # However long it takes: a run that lives on another machine is not taken for dead.
    monkeypatch.setattr(runs, "_STARTUP_SECONDS", 0)
    home = harness.warehouse.home
    assert end_orphans(harness.instance, home, machines.ours(), {"sync_group"}) == []

    machines.kill()
    assert harness.warehouse.manifest(harness.warehouse.snapshots("librenms", "paris")) == before
    monkeypatch.setattr(locks, "SILENCE_SECONDS", 0)
    monkeypatch.setattr(locks, "_RUN_SILENCE_SECONDS", 0)
    assert end_orphans(harness.instance, home, machines.ours(), {"sync_group"}) == [run]
    assert harness.instance.get_run_by_id(run).status == dg.DagsterRunStatus.FAILURE
    harness.paris.clear_faults()
    assert harness.run("sync_group", **SYNC).success


def test_a_run_that_is_started_instead_of_a_dead_one_waits_until_its_mark_counts_no_more(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launcher of containers sees a death at once, long before what was left behind has been silent enough."""
    harness, waited = machines.harness, list[float]()

    def pause(_: Sync, seconds: float) -> None:
        waited.append(seconds)
        monkeypatch.setattr(locks, "SILENCE_SECONDS", 0)

    monkeypatch.setattr(locks, "SILENCE_SECONDS", 600)
    monkeypatch.setattr(Sync, "_pause", pause)
    harness.paris.set_latency(60)
    process = machines.start("sync_group", SYNC)
    wait_until(lambda: "paris" in active_locks(harness.warehouse).get("librenms", {}), process)
    [run] = machines.ours()
    machines.kill()
    harness.paris.clear_faults()
    # As long as Dagster says that the run is at work, nobody waits for it.
    failure(harness.run("sync_group", **SYNC))
    assert waited == []

    harness.instance.report_run_failed(harness.instance.get_run_by_id(run))
    assert harness.run("sync_group", **SYNC).success
    [seconds] = waited
    assert 1 < seconds <= 601


def test_an_apply_that_is_started_instead_of_a_dead_one_waits_for_its_lock(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, waited = machines.harness, list[float]()

    def pause(seconds: float) -> None:
        waited.append(seconds)
        monkeypatch.setattr(locks, "_APPLY_SILENCE_SECONDS", 0)

    monkeypatch.setattr(locks, "_APPLY_SILENCE_SECONDS", 600)
    monkeypatch.setattr(stale_run_locks, "sleep", pause)
    decision = {"endpoint": "paris", "who": "alice", "all_creates_and_updates": True}
    assert harness.run("approve", run_config={"ops": {"decide": {"config": decision}}}).success
    harness.netbox_server.fail_next(
        status=None, after_write=True, delay=600, method="POST", path_prefix="/api/dcim/interfaces/"
    )
    process = machines.start("apply_librenms", APPLY)
    wait_until(lambda: len(harness.netbox.all("dcim/interfaces")) == 2, process)
    [run] = machines.ours()
    machines.kill()
    harness.instance.report_run_failed(harness.instance.get_run_by_id(run))
    # As Dagster's daemon does for runs that have ended.
    harness.instance.event_log_storage.free_concurrency_slots_for_run(run)

    assert harness.run("apply_librenms", **APPLY).success
    [seconds] = waited
    assert 1 < seconds <= 601
    assert sorted(row["name"] for row in harness.netbox.all("dcim/interfaces")) == ["Gi0/1", "Gi0/2"]
    assert harness.run("sync_group", **SYNC).success
    assert harness.plan("paris").changes == []
