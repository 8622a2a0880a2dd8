"""Order comes from numbers that only grow: clocks that are ahead, behind or step change none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.storage import Warehouse, write_snapshot
from netbox_sync_dagster.storage.cleaning import clean
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld, active_locks
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.sequence import number_at, number_of
from netbox_sync_dagster.storage.status import read_status
from netbox_sync_dagster.storage.versions import versions
from tests.fake_clock import FakeClock
from tests.object_store import BUCKET_URL, s3_server

Build = Callable[..., Warehouse]


@pytest.fixture(params=["directory", "object store"])
def build(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """A warehouse, in a directory or on an object store; another ``machine`` sees the same."""
    if request.param == "directory":
        yield lambda machine="one", **options: Warehouse(tmp_path / "data", **options)
        return
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def make(machine: str = "one", **options: int) -> Warehouse:
            monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / machine))
            return Warehouse(BUCKET_URL, **options)

        yield make


def sync(warehouse: Warehouse, hostname: str) -> str:
    """A snapshot of one device; its id."""
    folder = warehouse.snapshots("librenms", "nms")
    with write_snapshot(warehouse, "librenms", "nms") as writer:
        writer.rows("devices", [{"device_id": 1, "hostname": hostname}])
    return warehouse.current(folder).name


def test_numbers_only_grow_and_are_given_once(build: Build, clock: FakeClock) -> None:
    machines = [build("one"), build("two")]
    found = []
    for off in ({}, {"days": 1}, {}, {"days": -1}, {"days": 400}, {"days": -400}):
        clock.wrong(**off)
        found += [machines[at % 2].next_number() for at in range(3)]
    assert found == sorted(set(found))
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(lambda at: machines[at % 2].next_number(), range(24)))
    assert len(set(many)) == 24
    assert min(many) > found[-1]


def test_a_clock_that_is_right_gives_ids_that_read_as_dates(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    made = Warehouse(tmp_path).new_id()
    assert number_at(before) <= number_of(made) <= number_at(datetime.now(UTC)) + 5
    assert made[:8] == f"{before:%Y%m%d}"


def test_a_lost_sequence_goes_on_above_everything_on_record(tmp_path: Path, clock: FakeClock) -> None:
    warehouse = Warehouse(tmp_path)
    clock.wrong(days=3)
    made = sync(warehouse, "sw1")
    clock.wrong()
    (tmp_path / "sequence").unlink()
    assert Warehouse(tmp_path).next_number() > number_of(made)
    # As a warehouse of a version without numbers: ids and lines with dates alone.
    file = warehouse.ledger / "applies" / "nms" / "20300101T000000000Z-aaaa.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('{"kind":"end","at":"2030-06-01T00:00:00+00:00"}\n')
    (tmp_path / "sequence").unlink()
    assert Warehouse(tmp_path).next_number() > number_at(datetime(2030, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("off", [{"days": 1}, {"days": -1}], ids=["ahead", "behind"])
def test_two_syncs_by_a_wrong_clock_then_the_right_one_and_only_two_are_kept(
    build: Build, clock: FakeClock, off: dict[str, int]
) -> None:
    warehouse = build(keep_snapshots=2)
    folder = warehouse.snapshots("librenms", "nms")
    made = []
    for number, wrong in enumerate((off, off, {}, {}, off, {})):
        clock.wrong(**wrong)
        made.append(sync(warehouse, f"sw{number}"))
        assert warehouse.manifest(folder)["snapshot_id"] == made[-1]
        assert versions(folder) == made[-2:]
        other = build("two", keep_snapshots=2)
        assert other.manifest(other.snapshots("librenms", "nms"))["snapshot_id"] == made[-1]
    assert made == sorted(made)


def test_the_status_goes_by_the_last_try_not_by_the_latest_date(build: Build, clock: FakeClock) -> None:
    warehouse = build()
    clock.wrong(days=1)
    sync(warehouse, "sw1")
    clock.wrong()
    [row] = read_status(warehouse)
    assert (row.state, row.error) == (
        "never synced",
        "the last read is dated later than now: a clock is or was wrong; check it and sync again",
    )
    with pytest.raises(RuntimeError), write_snapshot(warehouse, "librenms", "nms"):
        raise RuntimeError("boom")
    [row] = read_status(warehouse)
    assert (row.state, row.error, row.failures) == ("error", "boom", 1)
    sync(warehouse, "sw1")
    [row] = read_status(warehouse)
    assert (row.state, row.error, row.failures) == ("never synced", None, 0)


def test_what_is_current_is_never_removed_however_old(tmp_path: Path) -> None:
    """As a version without numbers left it, when a clock had been ahead."""
    warehouse = Warehouse(tmp_path, keep_snapshots=2)
    folder = warehouse.snapshots("librenms", "nms")
    made = [sync(warehouse, "sw1") for _ in range(2)]
    made += [made[-1].replace(made[-1][:4], year) for year in ("2098", "2099")]
    for name in made[2:]:
        (folder / name).mkdir()
    (folder / "current").unlink()
    (folder / "current").symlink_to(made[0])
    clean(warehouse, Retention(snapshots=2))
    assert versions(folder) == [made[0], *made[2:]]
    newest = sync(warehouse, "sw2")
    assert warehouse.manifest(folder)["snapshot_id"] == newest
    assert newest > made[-1]
    assert versions(folder) == [made[-1], newest]


def test_a_clock_that_steps_while_a_snapshot_is_written_costs_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    warehouse = Warehouse(tmp_path)
    with write_snapshot(warehouse, "librenms", "nms") as writer:
        writer.rows("devices", [{"device_id": 1, "hostname": "sw1"}])
        clock.wrong(days=2)
        clean(warehouse, Retention())
        sync(warehouse, "sw2")
    assert warehouse.manifest(warehouse.snapshots("librenms", "nms"))["row_counts"]["devices"] == 1


def test_a_mark_of_a_dead_process_holds_nothing_whatever_it_is_dated(
    tmp_path: Path, clock: FakeClock
) -> None:
    warehouse = Warehouse(tmp_path)
    clock.wrong(days=1)
    with EndpointLock.for_sync(warehouse, "librenms", "nms", "alice"):
        mark = (tmp_path / "running" / "librenms" / "nms.json").read_bytes()
        assert active_locks(warehouse) == {"librenms": {"nms": "alice"}}
    # As after a kill.
    (tmp_path / "running" / "librenms" / "nms.json").write_bytes(mark)
    clock.wrong()
    assert active_locks(warehouse) == {}
    sync(warehouse, "sw1")
    assert read_status(warehouse)[0].state != "running"


@pytest.mark.parametrize("off", [{"days": 1}, {"days": -1}], ids=["ahead", "behind"])
def test_on_an_object_store_a_dead_machine_is_told_by_its_silence_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock, off: dict[str, int]
) -> None:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        warehouses = []
        for name in ("one", "two"):
            monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / name))
            warehouses.append(Warehouse(BUCKET_URL))
        one, two = warehouses
        assert isinstance(one.storage, ObjectStoreSync)
        key = "running/librenms/nms.json"
        with EndpointLock.for_sync(one, "librenms", "nms", "alice"):
            there = one.storage.store.get(key)
        assert there is not None
        # As after the machine's end.
        one.storage.store.put(key, there[0])
        clock.wrong(**off)
        with (
            pytest.raises(LockHeld, match=r"by alice, .*try again in 60 seconds"),
            EndpointLock.for_sync(two, "librenms", "nms", "bob"),
        ):
            pass
        assert active_locks(two) == {"librenms": {"nms": "alice"}}
        clock.wait(61)
        assert active_locks(two) == {}
        with EndpointLock.for_sync(two, "librenms", "nms", "bob"):
            assert active_locks(one) == {"librenms": {"nms": "bob"}}


def test_a_step_of_a_day_makes_no_file_of_a_living_process_old(tmp_path: Path, clock: FakeClock) -> None:
    warehouse = Warehouse(tmp_path)
    left = tmp_path / "snapshots" / "librenms" / "nms" / ".stage-x"
    left.mkdir(parents=True)
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(left, (old, old))
    with EndpointLock.for_run(warehouse, "abc"):
        clock.wrong(days=2)
        clean(warehouse, Retention())
        assert (tmp_path / "running" / "run" / "abc.json").exists()
    assert not left.exists()
