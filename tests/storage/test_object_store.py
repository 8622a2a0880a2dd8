"""One warehouse on an S3 server, and machines that share nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from netbox_sync_dagster.storage import Warehouse, WarehouseError, locks, write_snapshot
from netbox_sync_dagster.storage.ledger import append_lines, ledger_files, read_lines
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.objects import ObjectStore
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_dagster.storage.views import open_views
from tests.object_store import BUCKET_URL, s3_server

Machine = Callable[[str], Warehouse]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine of that name: the same store, a separate copy."""
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def build(name: str) -> Warehouse:
            monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / name))
            return Warehouse(BUCKET_URL)

        yield build


def read(warehouse: Warehouse, *hostnames: str) -> None:
    """A snapshot with these devices."""
    with write_snapshot(warehouse, "librenms", "nms") as writer:
        writer.rows("devices", [{"device_id": at, "hostname": name} for at, name in enumerate(hostnames)])


def hostnames(warehouse: Warehouse) -> list[str]:
    """The devices of the snapshot that is current for a machine which asks now."""
    warehouse.pull_current()
    file = warehouse.current(warehouse.snapshots("librenms", "nms")) / "devices.parquet"
    return sorted(pq.read_table(file)["hostname"].to_pylist())


def test_brief_snapshots_leave_the_object_store_too(machine: Machine) -> None:
    one, two = machine("one"), machine("two")
    for number in range(6):
        read(
            one.during(CurrentSync("netbox-sync hook", is_brief=True)) if number else one,
            "sw1",
            f"sw{number}",
        )
    assert hostnames(two) == ["sw1", "sw5"]
    two.pull_current(history=True)
    kept = [path.name for path in two.snapshots("librenms", "nms").glob("[0-9]*")]
    # The first one, and the newest three.
    assert len(kept) == 4


def test_what_one_machine_has_read_another_sees_whole(machine: Machine) -> None:
    one, two = machine("one"), machine("two")
    with pytest.raises(WarehouseError, match="there is no complete read of 'nms' yet"):
        two.manifest(two.snapshots("librenms", "nms"))
    read(one, "sw1")
    assert hostnames(two) == ["sw1"]
    read(two, "sw1", "sw2")
    assert hostnames(one) == ["sw1", "sw2"]
    assert one.manifest(one.snapshots("librenms", "nms"))["row_counts"]["devices"] == 2
    con = open_views(two)
    assert con.execute("SELECT endpoint, ok FROM sync.attempts").fetchall() == [("nms", True), ("nms", True)]
    con.close()


def broken(warehouse: Warehouse) -> None:
    """A snapshot whose files cannot all be stored: the bucket goes away meanwhile."""
    with write_snapshot(warehouse, "librenms", "nms") as writer:
        writer.rows("devices", [{"device_id": 9, "hostname": "sw9"}])
        assert isinstance(warehouse.storage, ObjectStoreSync)
        warehouse.storage.store = ObjectStore("s3://gone/sync")


def test_a_snapshot_that_could_not_be_stored_is_not_current_anywhere(machine: Machine) -> None:
    one = machine("one")
    read(one, "sw1")
    with pytest.raises(WarehouseError, match="cannot be used"):
        broken(one)
    assert hostnames(machine("one")) == hostnames(machine("two")) == ["sw1"]


def test_kept_snapshots_are_pruned_in_the_store_and_in_every_copy(machine: Machine) -> None:
    one, two = machine("one"), machine("two")
    folder = one.snapshots("librenms", "nms")
    for number in range(5):
        with one.publish(folder, keep=3) as (_, stage):
            (stage / "manifest.json").write_text(json.dumps({"number": number}), encoding="utf-8")
        two.pull_current(history=True)
    kept = sorted(entry.name for entry in folder.iterdir() if entry.name[:1].isdigit())
    assert len(kept) == 3
    there = two.snapshots("librenms", "nms")
    assert sorted(entry.name for entry in there.iterdir() if entry.name[:1].isdigit()) == kept
    assert two.manifest(there) == {"number": 4}
    assert isinstance(two.storage, ObjectStoreSync)
    assert two.storage.store.folders("snapshots/librenms/nms") == kept


def test_lines_of_many_writers_are_neither_lost_nor_doubled_nor_mixed(machine: Machine) -> None:
    machines = [machine(f"machine{number}") for number in range(4)]

    def write(at: int) -> None:
        warehouse = machines[at % len(machines)]
        path = warehouse.ledger / "approvals" / "nms" / "2026-11.jsonl"
        append_lines(warehouse, path, [{"line": at, "text": "x" * at}])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))
    for warehouse in (*machines, machine("late")):
        [file] = ledger_files(warehouse, warehouse.ledger / "approvals" / "nms")
        assert sorted(line["line"] for line in read_lines(file)) == list(range(24))


def test_a_file_that_is_finished_becomes_one_object(machine: Machine) -> None:
    one = machine("one")
    path = one.ledger / "applies" / "nms" / "20261121T120000000Z-aaaa.jsonl"
    for number in range(3):
        append_lines(one, path, [{"line": number}])
    one.close_file(path)
    assert isinstance(one.storage, ObjectStoreSync)
    assert [item.key for item in one.storage.store.below("ledger/applies")] == [
        "ledger/applies/nms/20261121T120000000Z-aaaa.jsonl"
    ]
    two = machine("two")
    [file] = ledger_files(two, two.ledger / "applies" / "nms")
    assert [line["line"] for line in read_lines(file)] == [0, 1, 2]


def test_one_machine_at_a_time_applies_and_a_dead_one_is_taken_over(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machine("one"), machine("two")
    with EndpointLock.for_apply(one, "nms", "alice") as held:
        assert held.lost is None
        with (
            pytest.raises(LockHeld, match=r"is running \(by alice, process .* try again in \d+ seconds"),
            EndpointLock.for_apply(two, "nms", "bob"),
        ):
            pass
        with EndpointLock.for_apply(two, "pve", "bob"):
            pass
        # A machine that renews nothing is dead after a while; it learns that it is, and leaves the other's lock.
        monkeypatch.setattr(locks, "_APPLY_SILENCE_SECONDS", 0)
        with EndpointLock.for_apply(two, "nms", "bob") as taken:
            assert taken.lost is None
            monkeypatch.setattr(locks, "_APPLY_SILENCE_SECONDS", 120)
            assert isinstance(one.storage, ObjectStoreSync)
            key = "ledger/leases/nms"
            there = one.storage.store.get(key)
            assert there is not None
            assert json.loads(there[0])["who"] == "bob"
            assert one.storage.store.replace(key, held.content(), '"another version"') is None
    with EndpointLock.for_apply(one, "nms", "alice"):
        pass


def test_a_lock_that_cannot_be_renewed_is_lost_before_anybody_may_take_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EndpointLock.for_apply(machine("one"), "nms", "alice") as held:
        assert held.lost is None
        monkeypatch.setattr(locks, "_UNSURE_SECONDS", -1)
        assert held.lost is not None
        assert "could not be renewed" in held.lost


def test_a_store_that_does_not_answer_is_named_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path))
        warehouse = Warehouse("s3://no-such-bucket/sync")
        with pytest.raises(WarehouseError) as error:
            read(warehouse, "sw1")
    assert str(error.value).startswith("the warehouse s3://no-such-bucket/sync cannot be used: ")
    assert "s3cr3t" not in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(WarehouseError, match="the warehouse ftp://host/x cannot be used"):
        Warehouse("ftp://host/x")
