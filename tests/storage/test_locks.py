"""Locks work alike in a directory and on an object store; the sentence says who has one, and until when."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.ledger import append_lines, ask_verdicts
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld, active_locks
from netbox_sync_dagster.storage.status import read_status
from tests.fake_clock import FakeClock, clock  # noqa: F401
from tests.object_store import BUCKET_URL, s3_server

PACKAGE = Path(__file__).parents[2] / "netbox_sync_dagster"


@pytest.fixture(params=["directory", "object store"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    if request.param == "directory":
        yield Warehouse(tmp_path / "data")
        return
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "copy"))
        yield Warehouse(BUCKET_URL)


def sync(warehouse: Warehouse, who: str, endpoint: str = "nms") -> EndpointLock:
    return EndpointLock.for_sync(warehouse, "librenms", endpoint, who)


def refused(lock: EndpointLock) -> LockHeld:
    with pytest.raises(LockHeld) as error, lock:
        pass
    return error.value


def test_who_comes_second_reads_who_is_there(warehouse: Warehouse) -> None:
    held = rf"\(by alice, process {os.getpid()} on {re.escape(socket.gethostname())}, since 2\d{{3}}-.* UTC\)"
    with sync(warehouse, "alice"), EndpointLock.for_apply(warehouse, "nms", "alice"):
        said = refused(sync(warehouse, "bob"))
        assert re.fullmatch(
            rf"endpoint 'nms' is being synced already {held}; wait until it has ended", str(said)
        )
        assert (said.who, said.left) == ("alice", None)
        said = refused(EndpointLock.for_apply(warehouse, "nms", "bob"))
        assert re.fullmatch(
            rf"another apply to endpoint 'nms' is running {held}; wait until it has ended", str(said)
        )
        assert (said.who, said.left) == ("alice", None)
        with sync(warehouse, "bob", "pve"), EndpointLock.for_apply(warehouse, "pve", "bob"):
            pass
        assert active_locks(warehouse) == {"librenms": {"nms": "alice"}}
    assert active_locks(warehouse) == {}
    with sync(warehouse, "bob"), EndpointLock.for_apply(warehouse, "nms", "bob"):
        pass


def test_all_locks_are_written_alike(warehouse: Warehouse) -> None:
    paths = {
        "librenms": warehouse.home / "running" / "librenms" / "nms.json",
        "apply": warehouse.ledger / "leases" / "nms",
        "run": warehouse.home / "running" / "run" / "5d1f.json",
    }
    locks = (
        sync(warehouse, "alice"),
        EndpointLock.for_apply(warehouse, "nms", "alice"),
        EndpointLock.for_run(warehouse, "5d1f"),
    )
    with locks[0], locks[1], locks[2]:
        for system, path in paths.items():
            content = json.loads(warehouse.storage.read(path) or b"")
            assert sorted(content) == [
                *("beat", "endpoint", "heartbeat", "host", "pid", "since", "system", "who"),
            ]
            assert content["system"] == system
    assert [warehouse.storage.read(paths[name]) for name in ("librenms", "apply")] == [b"", b""]
    # Runs do not come back.
    assert warehouse.storage.read(paths["run"]) is None


@pytest.mark.parametrize(("name", "seconds"), [("librenms", 60), ("apply", 120)])
def test_a_dead_holder_on_another_machine_is_taken_over_once_it_was_silent(
    warehouse: Warehouse,
    clock: FakeClock,  # noqa: F811
    name: str,
    seconds: int,
) -> None:
    def lock(who: str) -> EndpointLock:
        return sync(warehouse, who) if name == "librenms" else EndpointLock.for_apply(warehouse, "nms", who)

    path = (
        warehouse.home / "running" / "librenms" / "nms.json"
        if name == "librenms"
        else warehouse.ledger / "leases" / "nms"
    )
    dead = json.loads(lock("bob").content()) | {"host": "another-machine", "pid": 1}
    path.parent.mkdir(parents=True, exist_ok=True)
    warehouse.storage.write(path, json.dumps(dead).encode())
    said = refused(lock("alice"))
    assert str(said).endswith(
        f"wait until it has ended; if that machine is gone, try again in {seconds} seconds"
    )
    assert (said.who, said.left) == ("bob", seconds)
    clock.wait(seconds - 1)
    assert refused(lock("alice")).left == pytest.approx(1, abs=0.9)
    clock.wait(1)
    with lock("alice"):
        assert json.loads(warehouse.storage.read(path) or b"")["who"] == "alice"


def test_a_killed_process_of_this_machine_holds_nothing(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    code = (
        "import sys, time\n"
        "from netbox_sync_dagster.storage import Warehouse\n"
        "from netbox_sync_dagster.storage.locks import EndpointLock\n"
        "with EndpointLock.for_apply(Warehouse(sys.argv[1]), 'nms', 'bob'):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, warehouse.address], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        assert refused(EndpointLock.for_apply(warehouse, "nms", "alice")).who == "bob"
    finally:
        process.kill()
        process.wait()
    with EndpointLock.for_apply(warehouse, "nms", "alice"):
        pass


def test_an_answer_about_one_endpoint_brings_and_reads_its_ledger_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"kind": "verdict", "verdict": "applied", "change_id": "c1"}
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "one"))
        one = Warehouse(BUCKET_URL)
        for endpoint in ("paris", "lyon"):
            path = one.ledger / "applies" / endpoint / "20261121T120000000Z-aaaa.jsonl"
            append_lines(one, path, [{**line, "endpoint": endpoint}])
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "two"))
        two = Warehouse(BUCKET_URL)
        sql = "SELECT endpoint, change_id FROM verdicts"
        assert ask_verdicts(two, "paris", sql) == [("paris", "c1")]
        assert ask_verdicts(two, "nice", sql) == []
        assert [path.parent.name for path in two.ledger.glob("applies/[a-z]*/*.jsonl")] == ["paris"]


def test_an_endpoint_that_was_never_read_hides_no_other_from_a_second_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "one"))
        one = Warehouse(BUCKET_URL)
        attempt = {
            "started": "2026-11-21T12:00:00+00:00",
            "finished": "2026-11-21T12:00:01+00:00",
            "ok": False,
            "error": "nobody answers",
            "unreachable": True,
        }
        one.append_jsonl(one.snapshots("librenms", "paris") / "attempts.jsonl", attempt)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "two"))
        two = Warehouse(BUCKET_URL)
        two.home.mkdir()
        [row] = [row for row in read_status(two) if row.endpoint == "paris"]
        assert row.error == "nobody answers"


def test_nobody_else_asks_where_the_files_are() -> None:
    """Only the package ``storage`` knows that there are two sides."""
    asked = re.compile(
        r"LocalStorage|ObjectStoreSync|ObjectStore\b|\.storage\.store\.|storage\.(local|object)"
    )
    found = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "storage" and asked.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert issubclass(LockHeld, WarehouseError)
