"""One apply per endpoint at a time: a lease that dies with its process, on this machine or on an object store."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.claim import Claimed, claim, holder_of
from netbox_sync_dagster.storage.clock import elapsed, now
from netbox_sync_dagster.storage.files import flock_now, make_private
from netbox_sync_dagster.storage.heartbeat import heartbeat
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.observed import unchanged_for

# A lease written on another machine counts as dead only after it was seen silent for so long: not every shared file
# system carries locks from machine to machine.
_SILENCE_SECONDS = 120
# Who could not renew his own for half of that writes no more: somebody may soon take it over.
_UNSURE_SECONDS = _SILENCE_SECONDS / 2


class LeaseHeld(UserError):
    """Somebody else is applying to this endpoint; the sentence says who, where and since when.

    ``who`` holds the lease. ``left``: the seconds after which it is free if that process is dead; None where it lives.
    """

    def __init__(self, text: str, who: str = "", left: float | None = None) -> None:
        super().__init__(text)
        self.who = who
        self.left = left


class Lease:
    """A lease that is held. ``lost`` says why nothing may be written under it any more; None while all is well."""

    def __init__(self, endpoint: str, who: str) -> None:
        self._endpoint = endpoint
        self._mark = {
            "who": who,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": now().isoformat(),
        }
        self._beats = count(1)
        self._taken_over = False
        self._renewed = elapsed()

    @property
    def lost(self) -> str | None:
        silent = elapsed() - self._renewed
        if self._taken_over:
            return (
                f"another apply has taken over the lease of endpoint '{self._endpoint}'; sync and apply again"
            )
        if silent > _UNSURE_SECONDS:
            return (
                f"the lease of endpoint '{self._endpoint}' could not be renewed for {silent:.0f} seconds, so another "
                "apply may have begun; sync and apply again"
            )
        return None

    @contextmanager
    def renewed(self, write: Callable[[bytes], bool]) -> Iterator[None]:
        """Renew it in the background while the block runs; ``write`` returns False where it is somebody else's."""

        def beat() -> bool:
            began = elapsed()
            try:
                self._taken_over = not write(self.content())
            except (OSError, WarehouseError):
                return True
            if not self._taken_over:
                self._renewed = began
            return not self._taken_over

        with heartbeat("apply-lease", beat):
            yield

    def content(self) -> bytes:
        """What stands in the lease's file."""
        # Two beats differ whatever the clock does.
        beat = {"heartbeat": now().isoformat(), "beat": next(self._beats)}
        return json.dumps({**self._mark, **beat}).encode()


@contextmanager
def lease(warehouse: Warehouse, endpoint: str, who: str) -> Iterator[Lease]:
    """Hold the endpoint's lease while the block runs. Raises LeaseHeld, without waiting."""
    path = warehouse.ledger / "leases" / endpoint
    mine = Lease(endpoint, who)
    if warehouse.mirror is None:
        with _in_directory(warehouse.home, path, endpoint, mine):
            yield mine
    else:
        with _in_store(warehouse.mirror, warehouse.mirror.key(path), endpoint, mine):
            yield mine


@contextmanager
def _in_directory(home: Path, path: Path, endpoint: str, mine: Lease) -> Iterator[None]:
    """The kernel drops the lock of a process that ends in whatever way, so a lease that can be locked and was
    written on this machine is free. The file stays, empty, when the lease is given back."""
    make_private(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not flock_now(fd):
            raise LeaseHeld(_sentence(endpoint, holder_of(os.pread(fd, 4096, 0))))
        content = os.pread(fd, 4096, 0)
        holder = holder_of(content)
        if holder and holder["host"] != socket.gethostname():
            silent = unchanged_for(home, f"lease {endpoint}", content)
            if silent < _SILENCE_SECONDS:
                raise _not_yet(endpoint, holder, _SILENCE_SECONDS - silent)

        def write(content: bytes) -> bool:
            os.pwrite(fd, content, 0)
            os.ftruncate(fd, len(content))
            return True

        try:
            write(mine.content())
            with mine.renewed(write):
                yield
        finally:
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


@contextmanager
def _in_store(mirror: ObjectStoreSync, key: str, endpoint: str, mine: Lease) -> Iterator[None]:
    """Renewed as long as it is nobody else's; the object stays, empty, when the lease is given back."""
    store = mirror.store
    try:
        version = [claim(store, mirror.home, key, mine.content(), _SILENCE_SECONDS)]
    except Claimed as taken:
        if taken.holder is None or taken.left is None:
            raise LeaseHeld(_sentence(endpoint, taken.holder)) from None
        raise _not_yet(endpoint, taken.holder, taken.left) from None

    def write(content: bytes) -> bool:
        written = store.replace(key, content, version[0])
        if written is not None:
            version[0] = written
        return written is not None

    try:
        with mine.renewed(write):
            yield
    finally:
        if mine.lost is None:
            store.replace(key, b"", version[0])


def _not_yet(endpoint: str, holder: dict[str, Any], left: float) -> LeaseHeld:
    text = f"{_sentence(endpoint, holder)}; if that machine is gone, try again in {left:.0f} seconds"
    return LeaseHeld(text, holder["who"], left)


def _sentence(endpoint: str, holder: dict[str, Any] | None) -> str:
    if not holder:
        return f"another apply to endpoint '{endpoint}' has just begun; wait until it has ended"
    return (
        f"another apply to endpoint '{endpoint}' is running (by {holder['who']}, process {holder['pid']} on "
        f"{holder['host']}, since {holder['since'][:19]} UTC); wait until it has ended"
    )
