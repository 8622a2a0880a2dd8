"""How many requests an object store gets: as many for many endpoints as for few, where nothing is new."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path

import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.cleaning import clean
from netbox_sync_dagster.storage.current_objects import CURRENT
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.status import read_status, status_inputs
from netbox_sync_dagster.storage.versions import link, linked
from netbox_sync_dagster.sync.attempts import read_attempts
from tests.object_store import BUCKET_URL, S3, counted_s3_server
from tests.storage.versions import publish_diff

Machine = Callable[[str], Warehouse]
NAMES = ("nms1", "nms2", "nms3", "nms4", "nms5", "nms6")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with counted_s3_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def machine(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine of that name: the same store, a separate copy."""

    def build(name: str) -> Warehouse:
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / name))
        return Warehouse(BUCKET_URL)

    return build


def sync(warehouse: Warehouse, name: str, **actions: int) -> None:
    """A diff and its attempt, as a sync leaves them."""
    publish_diff(warehouse, name, **actions)
    moment = datetime.now(UTC).isoformat()
    line = {"system": "librenms", "started": moment, "finished": moment, "ok": True, "seconds": 1.0}
    warehouse.append_jsonl(warehouse.diffs(name) / "attempts.jsonl", line)


def waiting(warehouse: Warehouse) -> dict[str, int | None]:
    return {row.endpoint: row.waiting for row in read_status(warehouse)}


def storage(warehouse: Warehouse) -> ObjectStoreSync:
    assert isinstance(warehouse.storage, ObjectStoreSync)
    return warehouse.storage


def test_a_status_takes_the_same_few_requests_for_one_endpoint_and_for_many(machine: Machine, s3: S3) -> None:
    one, two = machine("one"), machine("two")
    numbers = []
    for names in (NAMES[:1], NAMES[1:]):
        for name in names:
            sync(one, name, create=2)
        read_status(two)
        s3.calls.clear()
        read_status(two)
        numbers.append(len(s3.calls))
    assert waiting(two) == dict.fromkeys(NAMES, 2)
    # What is new, locks, and the ledger.
    assert numbers == [3, 3]


def test_the_command_status_takes_at_most_12_requests(
    machine: Machine, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = machine("one")
    for name in NAMES:
        sync(one, name, create=2)
    machine("two")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETBOX_SYNC_HOME", BUCKET_URL)
    shown = StringIO()
    with redirect_stdout(shown):
        assert run(["status"]) == 0
        s3.calls.clear()
        assert run(["status"]) == 0
    assert "nms6" in shown.getvalue()
    assert len(s3.calls) <= 12


def test_only_what_is_new_is_downloaded(machine: Machine, s3: S3) -> None:
    one, two = machine("one"), machine("two")
    for name in NAMES:
        sync(one, name, create=2)
    assert waiting(two) == dict.fromkeys(NAMES, 2)
    sync(one, "nms3", create=5)
    s3.calls.clear()
    assert waiting(two) == {**dict.fromkeys(NAMES, 2), "nms3": 5}
    assert [call for call in s3.calls if any(name in call for name in NAMES if name != "nms3")] == []


def test_a_sensor_asks_once_about_the_attempts_of_all_endpoints(machine: Machine, s3: S3) -> None:
    one, two = machine("one"), machine("two")
    for name in NAMES:
        sync(one, name, create=2)
    two.pull_attempts()
    # Diffs are not downloaded for it.
    assert list(two.home.glob("diffs/*/*/manifest.json")) == []
    s3.calls.clear()
    two.pull_attempts()
    assert [read_attempts(two, "librenms", name).seconds for name in NAMES] == [None] * 6
    assert len([read_attempts(two, "librenms", name).last for name in NAMES]) == 6
    assert all(read_attempts(two, "librenms", name).last for name in NAMES)
    assert len(s3.calls) == 1


def test_what_was_downloaded_is_read_without_a_request(machine: Machine, s3: S3) -> None:
    one, two = machine("one"), machine("two")
    sync(one, "nms1", create=2)
    two.pull_current()
    sync(one, "nms1", create=3)
    s3.calls.clear()
    here = two.as_downloaded()
    assert here.manifest(here.diffs("nms1"))["counts"] == {"devices": {"create": 2}}
    assert s3.calls == []
    assert two.manifest(two.diffs("nms1"))["counts"] == {"devices": {"create": 3}}


def test_own_syncs_are_not_downloaded(machine: Machine, s3: S3) -> None:
    one = machine("one")
    sync(one, "nms1", create=2)
    s3.calls.clear()
    assert waiting(one) == {"nms1": 2}
    assert [call for call in s3.calls if "parquet" in call or "attempts" in call.partition("?")[0]] == []


def test_cleaning_keeps_the_record_of_what_is_here(machine: Machine, s3: S3) -> None:
    one, two = machine("one"), machine("two")
    sync(one, "nms1", create=2)
    two.pull_current()
    for path in two.diffs("nms1").iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    clean(two, Retention())
    s3.calls.clear()
    assert waiting(two) == {"nms1": 2}
    assert [call for call in s3.calls if "nms1" in call] == []


def test_a_slow_process_that_links_an_older_version_does_not_hide_the_newer_one(machine: Machine) -> None:
    one, two = machine("one"), machine("two")
    sync(one, "nms1", create=1)
    two.pull_current()
    folder = two.diffs("nms1")
    old, old_etag = linked(folder), storage(two).recorded(folder)[CURRENT]
    sync(one, "nms1", create=4)
    assert waiting(two) == {"nms1": 4}
    # It had asked before the second sync.
    storage(two).record(folder, CURRENT, old_etag, partial(link, folder, old))
    assert linked(folder) == old
    assert waiting(two) == {"nms1": 4}


def test_states_of_the_inputs_change_with_what_another_machine_does(machine: Machine) -> None:
    one, two = machine("one"), machine("two")
    sync(one, "nms1", create=1)
    first = status_inputs(two)
    assert status_inputs(two) == first
    sync(one, "nms1", create=1)
    assert status_inputs(two) != first


def test_a_store_of_an_older_version_is_read_and_written_on(machine: Machine, s3: S3) -> None:
    one = machine("one")
    for name in ("nms1", "nms2"):
        sync(one, name, create=2)
    store = storage(one).store
    # In the older layout they were beside the versions.
    for item in store.below("latest"):
        content = store.get(item.key)
        assert content is not None
        if not item.key.endswith(".layout"):
            store.put(item.key.removeprefix("latest/"), content[0])
    store.delete(item.key for item in store.below("latest"))
    assert waiting(machine("two")) == {"nms1": 2, "nms2": 2}
    sync(machine("three"), "nms1", create=3)
    four = machine("four")
    assert waiting(four) == {"nms1": 3, "nms2": 2}
    lines = (four.diffs("nms1") / "attempts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["ok"] for line in lines] == [True, True]
