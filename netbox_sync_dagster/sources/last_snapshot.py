"""The current snapshot of an endpoint while the next one is read: where one object is read alone, the rest comes from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.falls import SHORT
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.storage.snapshots import SnapshotWriter
from netbox_sync_dagster.storage.store import Warehouse

if TYPE_CHECKING:
    import pyarrow.parquet as pq
else:
    pq = lazy_module("pyarrow.parquet")

_BATCH = 10_000


@dataclass(frozen=True)
class LastSnapshot:
    """The current snapshot: its folder (None where there is none), when the whole endpoint was last read, and why it is
    incomplete."""

    folder: Path | None = None
    whole_started: datetime | None = None
    reasons: list[str] = field(default_factory=list)

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table, read in batches; none where the snapshot does not have it."""
        file = None if self.folder is None else self.folder / f"{table}.parquet"
        if file is None or not file.exists():
            return
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(_BATCH):
                yield from batch.to_pylist()


def last_snapshot(warehouse: Warehouse, folder: Path) -> LastSnapshot:
    """The current snapshot below ``folder``; empty where there is none."""
    try:
        manifest = warehouse.manifest(folder)
        current = warehouse.current(folder)
    except WarehouseError:
        return LastSnapshot()
    whole = manifest["whole_started"] if "whole_started" in manifest else manifest["started"]
    return LastSnapshot(
        current, None if whole is None else datetime.fromisoformat(whole), list(manifest["reasons"])
    )


def keep_rows(writer: SnapshotWriter, last: LastSnapshot, table: str, is_read: Callable[[Row], bool]) -> None:
    """Copy the rows of the last snapshot, but for those that were read again."""
    writer.rows(table, (row for row in last.rows(table) if not is_read(row)))


def keep_gaps(
    writer: SnapshotWriter,
    last: LastSnapshot,
    is_read: Callable[[str, str], bool],
    was_rejected: Callable[[Row], bool],
) -> None:
    """Copy the gaps and rejected rows of the last snapshot, but for those that were read again.

    ``is_read``: (scope, scope_id); ``was_rejected``: a row of ``rejected`` that belongs to what was read again.
    """
    keep_rows(writer, last, "rejected", was_rejected)
    for row in last.rows("scopes"):
        # Falls are counted again.
        if row["scope"].startswith(SHORT) or is_read(row["scope"], row["scope_id"]):
            continue
        # What made that snapshot incomplete makes this one incomplete too.
        tell = writer.incomplete if row["reason"] in last.reasons else writer.unknown
        tell(row["scope"], row["scope_id"], row["reason"], unseen=row.get("unseen") is not False)


def file_hashes(
    folder: Path, tables: Iterable[str], known: tuple[Path, Mapping[str, str]] | None = None
) -> dict[str, str]:
    """{table: SHA-256 of its file}, without files that are not there or cannot be read.

    ``known``: another folder and what was computed there: a file that is a link to one of its is not read again.
    """
    found = {}
    for table in sorted(tables):
        file = folder / f"{table}.parquet"
        with suppress(OSError):
            if known is not None and table in known[1] and file.samefile(known[0] / file.name):
                found[table] = known[1][table]
                continue
            with file.open("rb") as content:
                found[table] = hashlib.file_digest(content, "sha256").hexdigest()
    return found
