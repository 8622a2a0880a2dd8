"""The warehouse's disk is full, read-only or damaged: what people read, and what is lost (nothing)."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.demo.servers import Lab
from netbox_sync_lab.netbox import LabNetBox
from tests.cli.conftest import CliHarness
from tests.support import NetBox


def break_writes(monkeypatch: pytest.MonkeyPatch, number: int, *, after: int = 0, path: str = "") -> None:
    """From the ``after``-th write to a file of that folder on, the operating system refuses with this error."""
    written = 0
    real = os.write

    def refuse(fd: int, data: Any) -> int:
        nonlocal written
        file = os.readlink(f"/proc/self/fd/{fd}")
        if path in file:
            written += 1
            if written > after:
                raise OSError(number, os.strerror(number), file)
        return real(fd, data)

    monkeypatch.setattr(os, "write", refuse)


def current(harness: CliHarness, folder: str) -> Path:
    """The version that is current."""
    link = harness.folder / "data" / folder / "current"
    return (link / os.path.basename(os.readlink(link))).resolve()


@pytest.mark.parametrize("after", range(0, 12, 3))
def test_a_disk_that_stops_an_apply_loses_nothing_and_writes_nothing_twice(
    synced: CliHarness,
    netbox: NetBox,
    lab: LabNetBox,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    synced.ok("approve", "nms", "--all-creates-and-updates", "--yes")

    for number, sentence in (
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EROFS, "may not be written or read"),
    ):
        with monkeypatch.context() as patch:
            break_writes(patch, number, after=after, path="ledger/applies")
            stopped = synced.run("apply", "nms", "--yes")
        assert stopped.code == 1
        assert sentence in stopped.err
        assert stopped.err.count("\n") == 1
        assert "Traceback" not in stopped.out + stopped.err

    assert synced.run("apply", "nms", "--yes").code == 0
    synced.ok("sync")
    assert synced.run("diff", "--exit-code").code == 0
    created = [row for row in netbox.all("core/object-changes") if row["action"]["value"] == "create"]
    objects = [(row["changed_object_type"], row["changed_object_id"]) for row in created]
    assert len(objects) == len(set(objects))


def test_a_disk_that_is_full_during_a_sync_keeps_the_last_snapshot(
    synced: CliHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = current(synced, "snapshots/librenms/nms")
    real = os.fsync

    def full(fd: int) -> None:
        if "/.stage-" in os.readlink(f"/proc/self/fd/{fd}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        stopped = synced.run("sync")

    assert stopped.code == 1
    assert "the disk is full; free some space (netbox-sync clean removes old snapshots)" in stopped.err
    assert current(synced, "snapshots/librenms/nms") == before
    assert not list((synced.folder / "data").glob("snapshots/*/*/.stage-*"))
    synced.ok("sync")


def cut_in_half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("name", ["manifest.json", "ports.parquet"])
def test_a_damaged_snapshot_is_named_and_an_older_one_can_be_restored(synced: CliHarness, name: str) -> None:
    older = current(synced, "snapshots/librenms/nms").name
    synced.ok("sync")
    file = current(synced, "snapshots/librenms/nms") / name
    cut_in_half(file)

    asked = synced.run(
        "sql", "SELECT count(*) FROM librenms.ports" if name != "manifest.json" else "FROM sync.status"
    )
    status = synced.run("status")

    if name == "ports.parquet":
        assert asked.code == 1
        assert f"{file} is damaged (" in asked.err
        assert (
            "make it again with: netbox-sync sync nms; or go back to the newest older snapshot that is whole: "
            "netbox-sync restore nms"
        ) in asked.err
    assert "Traceback" not in status.err + asked.err
    restored = synced.ok("restore", "nms")
    assert restored.startswith(f"nms: snapshot {older}, finished 20")
    assert current(synced, "snapshots/librenms/nms").name == older
    assert synced.ok("sql", "--csv", "SELECT count(*) FROM librenms.ports") == "count_star()\n2\n"
    synced.ok("sync")


def test_a_sync_after_a_damaged_manifest_is_still_measured_by_an_older_snapshot(synced: CliHarness) -> None:
    synced.ok("sync")
    cut_in_half(current(synced, "snapshots/librenms/nms") / "manifest.json")

    assert synced.run("sync", "nms").code == 0
    manifest = json.loads(
        (current(synced, "snapshots/librenms/nms") / "manifest.json").read_text(encoding="utf-8")
    )
    assert (manifest["complete"], manifest["baseline"]["ports"]) == (True, 2)


def test_a_damaged_diff_is_named(synced: CliHarness) -> None:
    file = current(synced, "diffs/nms") / "interfaces.parquet"
    cut_in_half(file)

    shown = synced.run("diff", "nms")

    assert shown.code == 1
    assert f"error: {file} is damaged (" in shown.err
    assert shown.err.endswith("make it again with: netbox-sync sync nms\n")
    synced.ok("sync")
    assert synced.run("diff", "nms").code == 0


@pytest.mark.parametrize("name", ["ip_addresses", "remembered_addresses", "virtual_machines"])
def test_a_sync_goes_on_where_the_last_diff_is_damaged(synced: CliHarness, name: str) -> None:
    """What it remembered of addresses is taken from the diff before, and nothing where there is none."""
    cut_in_half(current(synced, "diffs/nms") / "desired" / f"{name}.parquet")
    synced.ok("sync")
    assert synced.run("diff", "nms").code == 0


def test_a_damaged_database_of_views_is_made_again(synced: CliHarness) -> None:
    database = synced.folder / "data" / "netbox_sync.duckdb"
    cut_in_half(database)

    synced.ok("sync")

    assert database.read_bytes()[8:12] == b"DUCK"


def test_only_its_owner_can_look_into_the_warehouse(bare: CliHarness) -> None:
    bare.ok("sync")
    assert stat.S_IMODE((bare.folder / "data").stat().st_mode) == 0o700

    # An administrator may open it for a group; that setting is kept.
    (bare.folder / "data").chmod(0o750)
    bare.ok("sync")
    assert stat.S_IMODE((bare.folder / "data").stat().st_mode) == 0o750


def test_no_link_in_the_warehouse_leads_to_a_folder_that_it_is_in(synced: CliHarness) -> None:
    synced.ok("sync")

    links = [path for path in (synced.folder / "data").rglob("*") if path.is_symlink()]
    assert len(links) >= 4
    for path in links:
        assert path.exists()
        assert not path.parent.resolve().is_relative_to(path.resolve())


def test_the_labs_credentials_are_for_their_owner_alone(tmp_path: Path) -> None:
    with Lab(tmp_path, seeded=False):
        assert stat.S_IMODE((tmp_path / "lab.env").stat().st_mode) == 0o600
