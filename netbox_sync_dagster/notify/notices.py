"""Decides which notifications to send, from the current status and the notifications sent before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from netbox_sync_dagster.config.notifications import Channel, Event
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.sequence import number_at
from netbox_sync_dagster.storage.status import Status, read_status
from netbox_sync_dagster.storage.views import ask

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

_NAMED = 5


@dataclass(frozen=True)
class Notice:
    """One notification. ``ids`` identify its event permanently: an id that was sent is not sent again.

    ``event`` is None for ids that are only recorded, "test" for a test message. ``link``: the endpoint's plan on the review page.
    """

    event: Event | Literal["test"] | None
    endpoint: str
    sentence: str
    ids: tuple[str, ...]
    link: str | None = None


@dataclass(frozen=True)
class Seen:
    """The current status: ``sync.status``; pending deletes as (endpoint, change id, object); incomplete applies of the
    last days as (endpoint, apply id, sentence)."""

    rows: list[Status]
    deletes: list[tuple[str, str, str]]
    applies: list[tuple[str, str, str]]


def look(warehouse: Warehouse) -> Seen:
    """Read the current status. Raises WarehouseError without a warehouse."""
    rows = read_status(warehouse)
    waiting = any(row.deletes for row in rows)
    deletes, applies = ask(warehouse, lambda con: (_deletes(con) if waiting else [], _applies(con)))
    return Seen(rows, deletes, applies)


def _deletes(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return con.execute(
        """
        SELECT endpoint, change_id, resource || ' ' || key
        FROM diff.changes
        WHERE action = 'delete' AND decision IN ('waiting', 'approval expired')
        ORDER BY endpoint, resource, natural_order(key), key
        """
    ).fetchall()


def _applies(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return con.execute(
        """
        SELECT endpoint, apply_id, concat_ws(
            ', ', applied || ' applied', nullif(stale, 0) || ' stale', nullif(failed, 0) || ' failed',
            nullif(blocked, 0) || ' blocked', nullif(uncertain, 0) || ' uncertain')
        FROM ledger.applies
        WHERE stale + failed + blocked + uncertain > 0 AND finished IS NOT NULL AND seq > ?
        ORDER BY apply_id
        """,
        [number_at(now() - timedelta(days=2))],
    ).fetchall()


def notices(seen: Seen, told: set[str], channel: Channel) -> list[Notice]:
    """The new notifications of this channel, in the order of the endpoints, including those that are only recorded."""
    found = [
        *_failures(seen, told, channel.after_failures),
        *_recoveries(seen, told),
        *_waiting_changes(seen, told, channel.changes_above),
        *_waiting_deletes(seen, told),
    ]
    return [item for item in found if item.event is None or item.event in channel.on]


def _failures(seen: Seen, told: set[str], after: int) -> Iterator[Notice]:
    for row in seen.rows:
        mark = _streak(row)
        if row.state in ("unreachable", "error") and row.failures >= after and mark not in told:
            yield Notice("failure", _name(row), f"{_name(row)}: {row.sentence}", (mark,))
    for endpoint, apply_id, counts in seen.applies:
        mark = f"apply {apply_id}"
        if mark not in told:
            text = f"{endpoint}: apply {apply_id} is incomplete: {counts}; see ledger.verdicts"
            yield Notice("failure", endpoint, text, (mark,))


def _recoveries(seen: Seen, told: set[str]) -> Iterator[Notice]:
    for row in seen.rows:
        head = f"failure {row.system} {row.endpoint} "
        for mark in sorted(item for item in told if item.startswith(head)):
            over = f"recovery {mark}"
            if row.failures == 0 and row.state not in ("unreachable", "error") and over not in told:
                text = f"{_name(row)}: works again after failing since {mark.removeprefix(head)}"
                yield Notice("recovery", _name(row), text, (over,))


def _waiting_changes(seen: Seen, told: set[str], above: int) -> Iterator[Notice]:
    """Sent when the number of pending changes exceeds the threshold, and again only after it was below it."""
    for row in seen.rows:
        if row.waiting is None:
            continue
        # Older versions recorded these ids too.
        head = f"drift {row.endpoint} "
        current = [item for item in told if item.startswith(head) and f"over {item}" not in told]
        if row.waiting > above and not current:
            are = "change is" if row.waiting == 1 else "changes are"
            text = f"{row.endpoint}: {row.waiting} {are} waiting, more than {above}"
            if row.acknowledged:
                text += f"; {row.acknowledged} acknowledged rows are not among them"
            yield Notice("changes", row.endpoint, text, (f"{head}{row.diff_id}",))
        elif row.waiting <= above:
            for item in current:
                yield Notice(None, row.endpoint, "", (f"over {item}",))


def _waiting_deletes(seen: Seen, told: set[str]) -> Iterator[Notice]:
    new: dict[str, list[tuple[str, str]]] = {}
    for endpoint, change_id, what in seen.deletes:
        if f"delete {change_id}" not in told:
            new.setdefault(endpoint, []).append((change_id, what))
    for endpoint, items in new.items():
        named = ", ".join(what for _, what in items[:_NAMED])
        more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
        are = "new delete is" if len(items) == 1 else "new deletes are"
        text = f"{endpoint}: {len(items)} {are} waiting for a decision: {named}{more}"
        yield Notice("deletes", endpoint, text, tuple(f"delete {change_id}" for change_id, _ in items))


def _streak(row: Status) -> str:
    since = f"{row.failing_since:%Y-%m-%d %H:%M:%S} UTC" if row.failing_since else "an unknown time"
    return f"failure {row.system} {row.endpoint} {since}"


def _name(row: Status) -> str:
    return "NetBox" if row.system == "netbox" else row.endpoint
