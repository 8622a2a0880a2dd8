"""The status of every endpoint: the rows of ``sync.status``. Everything that shows a status reads them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_dagster.storage.views import ask

# The first that applies; see sql/views/state.sql.
STATES = (
    "not configured",
    "disabled",
    "unreachable",
    "error",
    "never synced",
    "running",
    "stale",
    "changes waiting",
    "changes approved",
    "questions",
    "in sync",
)
# A person should check these endpoints: they deliver nothing new.
BAD_STATES = ("unreachable", "error", "stale")
_RECHECK = timedelta(minutes=10)


@dataclass(frozen=True)
class Status:
    """One row of ``sync.status``: an endpoint, or NetBox. Times are in UTC; counts are None without a diff.

    ``every``: seconds between syncs, 0 for manual syncs only. ``seconds``: duration of the last sync. ``failures``:
    failed attempts since the last good sync, the first of them at ``failing_since``.
    """

    endpoint: str
    system: str
    state: str
    error: str | None
    every: int
    running_since: datetime | None
    last_attempt: datetime | None
    last_success: datetime | None
    last_finished: datetime | None
    seconds: float | None
    failures: int
    failing_since: datetime | None
    complete: bool | None
    rows: int | None
    diff_id: str | None
    waiting: int | None
    deletes: int | None
    approved: int | None
    conflicts: int | None
    blocked: int | None
    drifted: int | None
    questions: int | None
    acknowledged: int | None

    @property
    def overrun(self) -> str:
        """A sentence if the interval is shorter than the sync; else empty."""
        return overrun(self.every, self.seconds)

    @property
    def sentence(self) -> str:
        """The state, with the reason if it is known."""
        text = self.state
        if self.error:
            text = f"{text}: {self.error}"
        if self.overrun:
            text = f"{text}; {self.overrun}"
        return text


def overrun(every: int, seconds: float | None) -> str:
    """A sentence if a sync takes longer than the interval; else empty."""
    if not every or seconds is None or seconds <= every:
        return ""
    return f"a sync takes {seconds:.0f} s, longer than the {every} s that the configuration gives it; raise the interval"


def read_status(warehouse: Warehouse) -> list[Status]:
    """All rows of ``sync.status``, NetBox first, then by name. Raises WarehouseError without a warehouse."""
    names = [item.name for item in fields(Status)]
    columns = ", ".join(names)
    sql = f"SELECT {columns} FROM sync.status ORDER BY system <> 'netbox', natural_order(endpoint), endpoint"
    rows = ask(warehouse, lambda con: con.execute(sql).fetchall(), status=True)
    return [Status(**dict(zip(names, row, strict=True))) for row in rows]


def status_inputs(warehouse: Warehouse) -> str:
    """A digest of the state of the files from which ``read_status`` reads; locks of running syncs do not count.

    The rows are the same while it is the same, apart from what only time changes: see ``good_until``.
    """
    warehouse.pull_current()
    warehouse.pull(warehouse.ledger)
    digest = hashlib.sha256()
    for folder, depth in (("snapshots", 2), ("diffs", 1), ("ledger", 2)):
        for path in _folders(str(warehouse.home / folder), depth):
            digest.update(path.encode())
            digest.update(_states(path, files=folder == "ledger"))
    with suppress(FileNotFoundError):
        digest.update((warehouse.home / "endpoints.jsonl").read_bytes())
    return digest.hexdigest()[:16]


def good_until(rows: Sequence[Status], now: datetime) -> datetime:
    """When time alone may change the state of a row: an endpoint gets stale, or, within ten minutes, an approval expires or
    a process counts as dead."""
    stale = (
        row.last_success + timedelta(seconds=2 * row.every) for row in rows if row.every and row.last_success
    )
    return min([now + _RECHECK, *(moment for moment in stale if moment > now)])


def _folders(path: str, depth: int) -> Iterator[str]:
    """The folders at this depth below ``path``, without those of the views, which every query touches."""
    try:
        found = sorted(
            item.path
            for item in os.scandir(path)
            if not item.name.startswith("_") and item.is_dir(follow_symlinks=False)
        )
    except FileNotFoundError:
        return
    for folder in found:
        if depth == 1:
            yield folder
        else:
            yield from _folders(folder, depth - 1)


def _states(folder: str, *, files: bool) -> bytes:
    """Times and sizes of all ``files`` of a folder, or of those that say what is current and what was tried."""
    found = []
    for name in sorted(os.listdir(folder)) if files else ("attempts.jsonl", "current"):
        try:
            state = os.lstat(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        found.append((name, state.st_mtime_ns, state.st_size, state.st_ino))
    return repr(found).encode()
