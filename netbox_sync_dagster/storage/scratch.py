"""A copy of the warehouse for a dry run: the command does its work there, and nothing of it stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from netbox_sync_dagster.storage.versions import linked, versions

if TYPE_CHECKING:
    from netbox_sync_dagster.storage.store import Warehouse

# Written once and never changed, so both warehouses may have the same file.
_NEVER_CHANGED = (".parquet", "manifest.json")
# Of running commands, and views that name the other folder.
_LEFT_OUT = ("running", "tmp")


def copy_to_scratch(warehouse: Warehouse, *, history: bool = False) -> Path:
    """Copy the warehouse to a new folder, which the caller removes; returns its path.

    With ``history`` also superseded snapshots and diffs. The data are hard links where the file system has them. Raises
    OSError if there is no space.
    """
    warehouse.pull_current(history=history)
    warehouse.pull(warehouse.ledger)
    target = _new_folder(warehouse.home)
    try:
        for file in _files(warehouse.home, set() if history else _superseded(warehouse)):
            place = target / file.relative_to(warehouse.home)
            place.parent.mkdir(parents=True, exist_ok=True)
            if file.is_symlink():
                place.symlink_to(os.readlink(file))
            else:
                _copy(file, place)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return target


def _new_folder(home: Path) -> Path:
    """A folder on the same file system; leftovers there are removed by ``clean``."""
    if os.access(home, os.W_OK):
        (home / "tmp").mkdir(exist_ok=True)
        return Path(mkdtemp(prefix="dry-run-", dir=home / "tmp"))
    return Path(mkdtemp(prefix="netbox-sync-dry-run-"))


def _superseded(warehouse: Warehouse) -> set[Path]:
    found = set()
    for folder in warehouse.published():
        if (folder / "current").is_symlink():
            now_current = linked(folder)
            found |= {folder / version for version in versions(folder) if version != now_current}
    return found


def _files(home: Path, without: set[Path]) -> Iterator[Path]:
    """The files and links below ``home``, without folders of versions."""
    for place, folders, files in os.walk(home):
        folder = Path(place)
        links = [name for name in folders if (folder / name).is_symlink()]
        folders[:] = [
            name
            for name in folders
            if name not in links
            and folder / name not in without
            and not name.startswith(".stage-")
            and not (folder == home and name in _LEFT_OUT)
        ]
        yield from (folder / name for name in (*files, *links) if not name.endswith(".duckdb"))


def _copy(file: Path, place: Path) -> None:
    if file.name.endswith(_NEVER_CHANGED):
        try:
            os.link(file, place)
            return
        except OSError:
            # Another file system, or one without hard links.
            pass
    shutil.copy2(file, place)
