"""The order of everything in a warehouse: numbers that only grow, whatever the machines' clocks say.

A number is the time in milliseconds since 1970, or one more than the last number if the clock is not ahead of it. So
numbers read as dates while clocks are right, dates from before there were numbers fit between them, and a wrong clock
never changes the order. As a number may come from a wrong clock, it is only used for ordering.

Each number is given once: under a kernel lock of ``<home>/sequence``, or on an object store by a conditional write of
the object ``sequence``.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import orjson

from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import make_private
from netbox_sync_dagster.storage.objects import ObjectStore

_ID = re.compile(r"(\d{8}T\d{6})(\d{3})Z-[0-9a-f]{4}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Clocks later than this are ignored: ids have four digits for the year.
_LATEST = (datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_KEY = "sequence"
_TRIES = 100


def number_at(moment: datetime) -> int:
    """The number of a moment."""
    return (moment.astimezone(UTC) - _EPOCH) // _MILLISECOND


def id_of(number: int) -> str:
    """The id of a snapshot, diff, approval or apply: the number as a UTC time, and four random hex digits."""
    moment = _EPOCH + number * _MILLISECOND
    return f"{moment:%Y%m%dT%H%M%S}{number % 1000:03d}Z-{secrets.token_hex(2)}"


def number_of(text: str | None) -> int:
    """The number in an id; 0 (before everything) if it has none."""
    match = _ID.fullmatch(text or "")
    if match is None:
        return 0
    with suppress(ValueError):
        moment = datetime.strptime(f"{match[1]}+0000", "%Y%m%dT%H%M%S%z")
        return number_at(moment) + int(match[2])
    return 0


def moment_of(text: str) -> datetime:
    """The UTC time in an id; 1970 if it has none."""
    return _EPOCH + number_of(text) * _MILLISECOND


def number_of_line(line: dict[str, object], moment: str = "at") -> int:
    """The number of a line; its date, if it was written before there were numbers."""
    number = line.get("seq")
    if isinstance(number, int):
        return number
    with suppress(KeyError, ValueError):
        return number_at(datetime.fromisoformat(str(line[moment])).replace(tzinfo=UTC))
    return 0


class Sequence:
    """The numbers of the warehouse in ``home``, a directory."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def next(self, above: int = 0) -> int:
        """A number greater than all before it and than ``above``."""
        make_private(self._home)
        fd = os.open(self._home / _KEY, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            text = os.pread(fd, 64, 0).strip(b"\0 \n")
            # Not flushed to disk: after a power failure the last number is found in the numbered files.
            last = int(text) if text.isdigit() else highest(self._home)
            number = _after(max(last, above))
            os.pwrite(fd, f"{number:020d}\n".encode(), 0)
        finally:
            os.close(fd)
        return number


class StoreSequence:
    """The numbers of a warehouse on an object store. Thread-safe."""

    def __init__(self, store: ObjectStore, first: Callable[[], int]) -> None:
        self._store = store
        self._first = first
        self._known: tuple[int, str | None] | None = None
        self._lock = Lock()

    def next(self, above: int = 0) -> int:
        """A number greater than all before it on any machine and than ``above``."""
        with self._lock:
            for _ in range(_TRIES):
                number = self._one(above)
                if number is not None:
                    return number
                self._known = None
        raise WarehouseError(f"{self._store.url}/{_KEY}: too many writers at once; try again")

    def _one(self, above: int) -> int | None:
        # Two writers of one number must not write the same bytes, which show whose a lost answer was (``ObjectStore``).
        def content(number: int) -> bytes:
            return f"{number:020d} {secrets.token_hex(8)}\n".encode()

        if self._known is None:
            there = self._store.get(_KEY)
            if there is None:
                number = _after(max(self._first(), above))
                etag = self._store.create(_KEY, content(number))
                self._known = (number, etag)
                return number if etag is not None else None
            text = there[0].split(b" ")[0]
            self._known = (int(text) if text.isdigit() else self._first(), there[1].etag)
        number = _after(max(self._known[0], above))
        etag = self._store.replace(_KEY, content(number), self._known[1])
        self._known = (number, etag)
        return number if etag is not None else None


def _after(last: int) -> int:
    moment = number_at(now())
    return max(last + 1, moment if moment < _LATEST else 0)


def highest(home: Path) -> int:
    """The highest number in a warehouse's files: of its ids, and of the lines of its ledger."""
    folders = ("snapshots/*/*/[0-9]*", "diffs/*/[0-9]*", "undo/*/*/[0-9]*", "ledger/applies/*/[0-9]*.jsonl")
    found = [
        number_of(path.name.removesuffix(".jsonl")) for pattern in folders for path in home.glob(pattern)
    ]
    files = [*home.glob("ledger/*/*/*.jsonl"), *home.glob("snapshots/*/*/attempts.jsonl")]
    files += home.glob("diffs/*/attempts.jsonl")
    return max([0, *found, *(_highest_of(file) for file in files)])


def _highest_of(file: Path) -> int:
    found = 0
    with suppress(OSError), file.open("rb") as lines:
        for text in lines:
            with suppress(orjson.JSONDecodeError):
                line = orjson.loads(text)
                if isinstance(line, dict):
                    found = max(found, number_of_line(line), number_of_line(line, "finished"))
    return found
