"""The status of every endpoint: the rows of ``sync.status``. Everything that shows a status reads them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

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
    "conflicts",
    "in sync",
)
# A person should check these endpoints: they deliver nothing new.
BAD_STATES = ("unreachable", "error", "stale")


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
    sql = f"SELECT {columns} FROM sync.status ORDER BY system <> 'netbox', endpoint"
    rows = ask(warehouse, lambda con: con.execute(sql).fetchall())
    return [Status(**dict(zip(names, map(_aware, row), strict=True))) for row in rows]


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
