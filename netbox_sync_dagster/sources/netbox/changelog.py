"""NetBox's changelog: which objects changed since an earlier read, and whether it is still the same changelog.

``GET /api/core/object-changes/?ordering=-id&limit=1000&fields=...``, newest first. Ids are given at the start of a
transaction and seen at its end, so a lower id may appear after a higher one: what counts as new is not "above the
highest id" but "not among the last thousand that were there".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from netbox_sync_dagster.http import decode
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import WHO, NetBox

PATH = "core/object-changes"
MODEL = "core.objectchange"
_FIELDS = "id,time,request_id,action,changed_object_type,changed_object_id"
# Changes that are remembered, to be recognized by the next read.
_REMEMBERED = 1000
# With more changes than these, reading everything costs less.
_MOST_CHANGES = 20_000
# A change this much older than the last read may have been seen while its request was still at work.
_UNSETTLED = timedelta(minutes=2)

Row = dict[str, Any]


@dataclass(frozen=True)
class Touched:
    """An object with a new entry in the changelog. ``known``: one that was there, read again because it was recent."""

    model: str
    id: int
    deleted: bool
    known: bool


class ReadWhole(Exception):
    """NetBox must be read completely; the text is the reason."""


@dataclass(frozen=True)
class Window:
    """The newest entries of the changelog, ``{id: digest}``, and NetBox's clock (UTC) when they were read."""

    at: datetime
    entries: dict[int, str]


def read_window(netbox: NetBox) -> Window | None:
    """The newest entries. None if NetBox refuses them, or its answers have no date. Raises ServerError."""
    try:
        at, rows = _page(netbox, None)
    except ServerError as error:
        if error.retryable or error.status is None:
            raise
        return None
    if at is None:
        return None
    return Window(at, {int(row["id"]): _digest(row) for row in rows[:_REMEMBERED]})


def changes_since(netbox: NetBox, before: Window) -> tuple[set[Touched], Window]:
    """The objects with entries that were not there before, and the newest entries now.

    Raises ReadWhole if the changelog does not continue the earlier one, or grew too much, and ServerError.
    """
    lowest = min(before.entries, default=0)
    try:
        at, found = _page(netbox, None)
    except ServerError as error:
        if error.retryable or error.status is None:
            raise
        raise ReadWhole(f"NetBox's changelog could not be read ({error.what})") from None
    if at is None or at < before.at:
        raise ReadWhole("NetBox's clock was set back")
    newest = Window(at, {int(row["id"]): _digest(row) for row in found[:_REMEMBERED]})
    rows = {int(row["id"]): row for row in found}
    while found and min(rows) > lowest:
        if len(rows) > _MOST_CHANGES:
            raise ReadWhole(f"NetBox's changelog has more than {_MOST_CHANGES:,} new entries")
        _, found = _page(netbox, min(rows))
        rows |= {int(row["id"]): row for row in found}
    _check_continues(before, rows)
    return set(_touched(before, rows)), newest


def _check_continues(before: Window, rows: dict[int, Row]) -> None:
    """A restored backup lacks ids, or uses them again, and another NetBox has others. Only older entries may be gone:
    NetBox prunes them."""
    if not before.entries:
        raise ReadWhole("NetBox's changelog was empty, so a restored backup would not show")
    oldest = min(rows, default=0)
    if max(before.entries) not in rows:
        raise ReadWhole(
            f"entry {max(before.entries)} of NetBox's changelog is gone: it was pruned, or a backup was restored"
        )
    for number, digest in before.entries.items():
        row = rows.get(number)
        if row is None and (not rows or number > oldest):
            raise ReadWhole(
                f"entry {number} of NetBox's changelog is gone: it was pruned, or a backup was restored"
            )
        if row is not None and _digest(row) != digest:
            raise ReadWhole(f"entry {number} of NetBox's changelog is another one: a backup was restored")


def _touched(before: Window, rows: dict[int, Row]) -> Iterator[Touched]:
    lowest = min(before.entries, default=0)
    for number, row in rows.items():
        known = number < lowest or number in before.entries
        if not known or _time(row["time"]) >= before.at - _UNSETTLED:
            deleted = row["action"]["value"] == "delete"
            yield Touched(str(row["changed_object_type"]), int(row["changed_object_id"]), deleted, known)


def _page(netbox: NetBox, below: int | None) -> tuple[datetime | None, list[Row]]:
    """NetBox's clock and the newest entries with an id less than ``below``."""
    query = f"ordering=-id&limit={_REMEMBERED}&fields={_FIELDS}"
    if below is not None:
        query += f"&id__lt={below}"
    response = netbox.http.send("GET", f"/api/{PATH}/?{query}")
    answer = decode(WHO, response)
    rows: list[Row] = answer["results"]
    try:
        at = parsedate_to_datetime(response.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        at = None
    return at, rows


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _digest(row: Row) -> str:
    words = (row["time"], row["request_id"], row["changed_object_type"], row["changed_object_id"])
    return sha256(" ".join(map(str, words)).encode()).hexdigest()[:12]
