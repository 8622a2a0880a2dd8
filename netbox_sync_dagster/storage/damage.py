"""Finds damaged files, and restores an older snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage.errors import Damaged, WarehouseError
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_dagster.storage.versions import link, linked, read_manifest, versions

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")
    pq = lazy_module("pyarrow.parquet")


def reading_errors() -> tuple[type[Exception], ...]:
    """What DuckDB and Arrow raise where a file cannot be read.

    Arrow raises OSError for damaged rows, and UnicodeDecodeError for damaged names of columns.
    """
    return duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError


@contextmanager
def damage_named(folders: Iterable[Path]) -> Iterator[None]:
    """Turn an error of DuckDB or Arrow into Damaged if a file below ``folders`` (versions) cannot be read.

    DuckDB names a damaged file only in some errors. The files are checked only after an error.
    """
    try:
        yield
    except reading_errors() as error:
        if storage_sentence(error) is None:
            for folder in folders:
                check_version(folder)
        raise


def current_versions(warehouse: Warehouse) -> list[Path]:
    """The current snapshots and diffs of all endpoints on this machine."""
    return [folder / linked(folder) for folder in _here(warehouse) if (folder / "current").is_symlink()]


def _here(warehouse: Warehouse) -> list[Path]:
    """The folders of all endpoints that have snapshots or diffs on this machine."""
    patterns = ("diffs/[!_.]*", "snapshots/[!_.]*/[!_.]*")
    return [
        folder for pattern in patterns for folder in sorted(warehouse.home.glob(pattern)) if folder.is_dir()
    ]


def check_version(version: Path) -> None:
    """Read every file of one snapshot or diff. Raises Damaged for the first one that cannot be read."""
    read_manifest(version)
    for path in sorted(version.rglob("*.parquet")):
        try:
            with pq.ParquetFile(path) as file:
                for _ in file.iter_batches():
                    pass
        except reading_errors() as error:
            raise Damaged(path, str(error).split("\n", 1)[0]) from None


def set_aside_damaged(warehouse: Warehouse) -> bool:
    """Move older unreadable snapshots and diffs out of the history; they would break its views.

    They are kept as ``.damaged-<id>`` next to the others. Returns whether there were any.
    """
    found = False
    for folder in _here(warehouse):
        now_current = linked(folder) if (folder / "current").is_symlink() else ""
        for version in versions(folder) if folder.is_dir() else ():
            if version == now_current:
                continue
            try:
                check_version(folder / version)
            except Damaged:
                # Another command may remove or move it at the same time.
                with suppress(FileNotFoundError):
                    (folder / version).rename(folder / f".damaged-{version}")
                found = True
    return found


def restore(warehouse: Warehouse, folder: Path, version: str | None = None) -> str:
    """Make an older snapshot of ``folder`` current: ``version``, or the newest older one that is whole; returns its id.

    Raises WarehouseError if there is none, and Damaged if the named one cannot be read.
    """
    warehouse.bring_history(folder)
    there = versions(folder) if folder.is_dir() else []
    if version is not None:
        if version not in there:
            known = ", ".join(there) or "none"
            raise WarehouseError(f"there is no snapshot {version} of '{folder.name}'; there are: {known}")
        check_version(folder / version)
        _make_current(warehouse, folder, version)
        return version
    now_current = linked(folder) if (folder / "current").is_symlink() else ""
    for candidate in reversed([name for name in there if name < now_current]):
        try:
            check_version(folder / candidate)
        except Damaged:
            continue
        _make_current(warehouse, folder, candidate)
        return candidate
    raise WarehouseError(
        f"no older snapshot of '{folder.name}' is whole; read it again with: netbox-sync sync {folder.name}"
    )


def _make_current(warehouse: Warehouse, folder: Path, version: str) -> None:
    warehouse.storage.name_current(folder, version)
    link(folder, version)
