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
import signal
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
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.config.policies import Policies
from netbox_sync_dagster.defs import runs, stale_run_locks
from netbox_sync_dagster.defs.runs import end_orphans
from netbox_sync_dagster.defs.syncing import Sync
from netbox_sync_dagster.storage import Warehouse, locks
from netbox_sync_dagster.storage.ledger import ledger_files, read_lines
from netbox_sync_dagster.storage.locks import RUN, active_locks
from netbox_sync_dagster.storage.status import read_status
from tests.defs.conftest import DagsterHarness, build_house, failure
from tests.kept import same_place
from tests.object_store import BUCKET_URL, s3_server

ROOT = Path(__file__).parents[2]
POSTGRES = os.environ.get("NETBOX_SYNC_TEST_POSTGRES", "")

# The other machine: loads the definitions once, and runs each job in a separate process, whose id it prints.
MACHINE = """
import json, os, signal, sys
import dagster as dg
from netbox_sync_dagster.definitions import definitions
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
location = definitions()
for line in sys.stdin:
    name, options = json.loads(line)
    if process := os.fork():
        print(process, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with dg.DagsterInstance.get() as instance:
        job = location.resolve_job_def(name)
        job.execute_in_process(instance=instance, raise_on_error=False, **json.loads(options))
    os._exit(0)
"""


def sync_of(*endpoints: str) -> dict[str, Any]:
    return {"run_config": {"ops": {"sync_endpoints": {"config": {"endpoints": list(endpoints)}}}}}


def apply_of(endpoint: str) -> dict[str, Any]:
    return {"partition_key": endpoint}


@dataclass
class Machines:
    """The harness of this machine, and the other machine; ``earlier`` are the runs of earlier tests."""

    harness: DagsterHarness
    there: subprocess.Popen[str]
    earlier: set[str] = field(default_factory=set)
    started: list[int] = field(default_factory=list)

    def start(self, job: str, options: dict[str, Any]) -> int:
        """Begin a run on the other machine; its process."""
        assert self.there.stdin is not None and self.there.stdout is not None
        print(json.dumps([job, json.dumps(options)]), file=self.there.stdin, flush=True)
        self.started.append(int(self.there.stdout.readline()))
        return self.started[-1]

    def kill(self) -> None:
        """The other machine dies."""
        for process in self.started:
            if alive(process):
                os.kill(process, signal.SIGKILL)
            while alive(process):
                time.sleep(0.01)

    def ours(self) -> set[str]:
        """The runs of this test whose process is known here to live."""
        return set(active_locks(self.harness.warehouse).get(RUN, {})) - self.earlier


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true: Callable[[], bool], process: int) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert alive(process), "the run ended before the moment to kill it"
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ports(harness: DagsterHarness, device: str) -> list[str]:
    """The names of the device's interfaces in NetBox."""
    found = harness.netbox.all("dcim/interfaces")
    return sorted(row["name"] for row in found if row["device"]["name"] == device)


def approve_all(harness: DagsterHarness, endpoint: str) -> list[str]:
    """Approve every change of the endpoint; their ids."""
    plan = harness.plan(endpoint)
    approve(harness.warehouse, plan, list(plan.by_id()), who="alice", through="cli", policies=Policies())
    return list(plan.by_id())


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


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def both_machines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machines]:
    """Both machines after a sync of paris and lyon; each test that applies has one of the endpoints for itself."""
    with ExitStack() as stack:
        folder = stack.enter_context(same_place(tmp_path_factory.mktemp("machines")))
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        block = stack.enter_context(storage(request.param, folder, monkeypatch))
        harness = stack.enter_context(build_house(folder, monkeypatch))
        for name, value in stack.enter_context(s3_server()).items():
            monkeypatch.setenv(name, value)
        settings = YAML(typ="safe").load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
        for name in ("here", "there"):
            (folder / name).mkdir()
            YAML(typ="safe").dump({**settings, "storage": block}, folder / name / "dagster.yaml")
        monkeypatch.setenv("NETBOX_SYNC_HOME", BUCKET_URL)
        # Its views are in place.
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(harness.warehouse.home))
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "here"))
        harness.warehouse = Warehouse(BUCKET_URL)
        harness.instance = stack.enter_context(dg.DagsterInstance.from_config(str(folder / "here")))
        harness.write(paris={"interval": 60}, lyon={"interval": 60}, pve={"enabled": False})
        own = {"DAGSTER_HOME": str(folder / "there"), "NETBOX_SYNC_CACHE": str(folder / "there" / "copy")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        there = subprocess.Popen(
            [sys.executable, "-c", MACHINE], env={**os.environ, **own}, text=True, **pipes
        )
        stack.enter_context(there)
        assert harness.run("sync_group", **sync_of("paris", "lyon")).success
        yield Machines(harness, there)


@pytest.fixture
def machines(both_machines: Machines) -> Iterator[Machines]:
    both_machines.earlier |= both_machines.ours()
    yield both_machines
    both_machines.kill()
    for server in (both_machines.harness.paris, both_machines.harness.netbox_server):
        server.clear_faults()


def test_what_a_machine_was_writing_when_it_died_is_settled_by_another(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = machines.harness
    approved = approve_all(harness, "paris")
    harness.netbox_server.fail_next(
        status=None, after_write=True, delay=600, method="POST", path_prefix="/api/dcim/interfaces/"
    )
    process = machines.start("apply_librenms", apply_of("paris"))
    wait_until(lambda: ports(harness, "sw-paris") == ["Gi0/1", "Gi0/2"], process)

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
    assert harness.run("apply_librenms", **apply_of("paris")).success
    assert ports(harness, "sw-paris") == ["Gi0/1", "Gi0/2"]
    written = [row["message"] for row in harness.netbox.all("core/object-changes")]
    assert [written.count(f"netbox-sync paris {change_id}") for change_id in approved] == [1, 1, 1, 1]
    files = ledger_files(harness.warehouse, harness.warehouse.ledger / "applies" / "paris")
    verdicts = [line for file in files for line in read_lines(file) if line["kind"] == "verdict"]
    assert sorted(line["change_id"] for line in verdicts) == sorted(approved)
    assert {line["verdict"] for line in verdicts} == {"applied"}
    assert harness.run("sync_group", **sync_of("paris")).success
    assert harness.plan("paris").changes == []


def test_a_sync_on_another_machine_is_known_here_and_its_death_too(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = machines.harness
    before = harness.warehouse.manifest(harness.warehouse.snapshots("librenms", "paris"))
    harness.paris.set_latency(60)
    process = machines.start("sync_group", sync_of("paris"))
    wait_until(lambda: "paris" in active_locks(harness.warehouse).get("librenms", {}), process)
    [run] = machines.ours()

    states = {row.endpoint: row.state for row in read_status(harness.warehouse)}
    assert states["paris"] == "running"
    sentence = failure(harness.run("sync_group", **sync_of("paris")))
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
    assert harness.run("sync_group", **sync_of("paris")).success


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
    process = machines.start("sync_group", sync_of("paris"))
    wait_until(lambda: "paris" in active_locks(harness.warehouse).get("librenms", {}), process)
    [run] = machines.ours()
    machines.kill()
    harness.paris.clear_faults()
    # As long as Dagster says that the run is at work, nobody waits for it.
    failure(harness.run("sync_group", **sync_of("paris")))
    assert waited == []

    harness.instance.report_run_failed(harness.instance.get_run_by_id(run))
    assert harness.run("sync_group", **sync_of("paris")).success
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
    approve_all(harness, "lyon")
    harness.netbox_server.fail_next(
        status=None, after_write=True, delay=600, method="POST", path_prefix="/api/dcim/interfaces/"
    )
    process = machines.start("apply_librenms", apply_of("lyon"))
    wait_until(lambda: ports(harness, "sw-lyon") == ["Gi0/1"], process)
    [run] = machines.ours()
    machines.kill()
    harness.instance.report_run_failed(harness.instance.get_run_by_id(run))
    # As Dagster's daemon does for runs that have ended.
    harness.instance.event_log_storage.free_concurrency_slots_for_run(run)

    assert harness.run("apply_librenms", **apply_of("lyon")).success
    [seconds] = waited
    assert 1 < seconds <= 601
    assert ports(harness, "sw-lyon") == ["Gi0/1"]
    assert harness.run("sync_group", **sync_of("lyon")).success
    assert harness.plan("lyon").changes == []
