"""Locks: one process at a time syncs an endpoint, applies to it, or sends notifications to a channel.

A lock is a file with its holder's sign as JSON: who, process, machine, since when, and a heartbeat every 15 seconds.
The kernel drops the lock of a process of this machine, however it ends. A holder on another machine counts as dead when
this machine has seen its sign unchanged for a while, by its own clock (``storage.observed``): clocks are never
compared. On an object store the file is an object, for all machines.

    running/<kind>/<endpoint>.json     a sync, or with ``netbox`` the reading of NetBox
    ledger/leases/<endpoint>           an apply
    running/notify/<channel>.json      notifications
    running/run/<run id>.json          the process of a Dagster run lives
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from netbox_sync_dagster.storage.base import Taken, holder_of
from netbox_sync_dagster.storage.clock import elapsed, now
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import flock_free
from netbox_sync_dagster.storage.observed import unchanged_for
from netbox_sync_dagster.storage.store import Warehouse

# The system of the locks of running Dagster runs; their endpoint is the run's id.
RUN = "run"
# Who holds the locks of syncs that hooks start. They take seconds, so all others wait for them.
HOOK = "netbox-sync hook"
_APPLY = "apply"
_BEAT_SECONDS = 15
# After this many seconds a silent sync on another machine counts as dead, as in sql/views/sync.sql. Two at once only
# make two snapshots.
SILENCE_SECONDS = 60
# An apply must be sure that the other one has stopped: a process that could not renew its lock for half of this time
# writes nothing more.
_APPLY_SILENCE_SECONDS = 120
_UNSURE_SECONDS = _APPLY_SILENCE_SECONDS / 2
# A run's lock is valid longer than its apply's: the run that replaces a dead one must find the apply's lock free.
_RUN_SILENCE_SECONDS = 180


class LockHeld(WarehouseError):
    """Another process works on the endpoint; the sentence says who, where and since when.

    ``who`` has the lock. ``left``: the seconds after which it is free if that process is dead; None if it lives.
    """

    def __init__(self, text: str, who: str = "", left: float | None = None) -> None:
        super().__init__(text)
        self.who = who
        self.left = left


class EndpointLock:
    """The lock of an endpoint, as a context manager. Entering it raises LockHeld, without waiting.

    ``lost`` is why nothing may be written under it; None while it is valid.
    """

    def __init__(self, warehouse: Warehouse, system: str, endpoint: str, who: str, path: Path) -> None:
        self._warehouse = warehouse
        self._system = system
        self._endpoint = endpoint
        self._path = path
        self._sign = {
            "system": system,
            "endpoint": endpoint,
            "who": who,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": now().isoformat(),
        }
        self._beats = count(1)
        self._taken_over = False
        self._renewed = elapsed()
        self._stack = ExitStack()

    @classmethod
    def for_sync(cls, warehouse: Warehouse, system: str, endpoint: str, who: str) -> EndpointLock:
        """The lock for reading and comparing an endpoint; ``system``: its kind."""
        return cls(warehouse, system, endpoint, who, warehouse.home / "running" / system / f"{endpoint}.json")

    @classmethod
    def for_run(cls, warehouse: Warehouse, run_id: str) -> EndpointLock:
        """While it is held, the process of a Dagster run is alive."""
        return cls.for_sync(warehouse, RUN, run_id, "dagster")

    @classmethod
    def for_channel(cls, warehouse: Warehouse, channel: str) -> EndpointLock:
        """The lock for sending notifications to a channel."""
        return cls.for_sync(warehouse, "notify", channel, "notify")

    @classmethod
    def for_apply(cls, warehouse: Warehouse, endpoint: str, who: str) -> EndpointLock:
        """The lock for writing an endpoint's changes to NetBox."""
        return cls(warehouse, _APPLY, endpoint, who, warehouse.ledger / "leases" / endpoint)

    @property
    def lost(self) -> str | None:
        """Why another process may work on the endpoint by now."""
        silent = elapsed() - self._renewed
        if self._taken_over:
            return f"another process has taken over the lock of endpoint '{self._endpoint}'; sync and apply again"
        if silent > _UNSURE_SECONDS:
            return (
                f"the lock of endpoint '{self._endpoint}' could not be renewed for {silent:.0f} seconds, so another "
                "apply may have begun; sync and apply again"
            )
        return None

    def content(self) -> bytes:
        """The holder's sign, different at each call, whatever the clock says."""
        beat = {"heartbeat": now().isoformat(), "beat": next(self._beats)}
        return json.dumps({**self._sign, **beat}).encode()

    def __enter__(self) -> EndpointLock:
        lock = self._warehouse.storage.lock(
            self._path, self.content, _silence(self._system), temporary=self._system == RUN
        )
        with ExitStack() as stack:
            try:
                renew = stack.enter_context(lock)
            except Taken as taken:
                raise self._held(taken) from None
            self._renewed = elapsed()
            stack.enter_context(_heartbeat(f"lock-{self._endpoint}", lambda: self._beat(renew)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _beat(self, renew: Callable[[], bool]) -> bool:
        """Renew it; False if further renewals are useless."""
        began = elapsed()
        try:
            self._taken_over = not renew()
        except (OSError, WarehouseError):
            return True
        if not self._taken_over:
            self._renewed = began
        return not self._taken_over

    def _held(self, taken: Taken) -> LockHeld:
        holder = taken.holder or {}
        left = (
            "" if taken.left is None else f"; if that machine is gone, try again in {taken.left:.0f} seconds"
        )
        return LockHeld(
            _sentence(self._system, self._endpoint, holder) + left, str(holder.get("who", "")), taken.left
        )


def _sentence(system: str, endpoint: str, holder: dict[str, Any]) -> str:
    if system == _APPLY:
        what = f"another apply to endpoint '{endpoint}' is running"
    elif system == "netbox":
        what = "NetBox is being read already"
    else:
        what = f"endpoint '{endpoint}' is being synced already"
    if not holder:
        return f"{what} (by somebody who has just begun); wait until it has ended"
    return (
        f"{what} (by {holder['who']}, process {holder['pid']} on {holder['host']}, since "
        f"{holder['since'][:19]} UTC); wait until it has ended"
    )


def _silence(system: str) -> float:
    return {RUN: _RUN_SILENCE_SECONDS, _APPLY: _APPLY_SILENCE_SECONDS}.get(system, SILENCE_SECONDS)


@contextmanager
def _heartbeat(name: str, beat: Callable[[], bool]) -> Iterator[None]:
    """Call ``beat`` every 15 seconds while the block runs, until it returns False."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(_BEAT_SECONDS) and beat():
            pass

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def active_locks(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """{system: {endpoint: who}} of running syncs on all machines, and of running Dagster runs."""
    bring_locks(warehouse)
    found: dict[str, dict[str, str]] = {}
    for path in warehouse.home.glob("running/*/*.json"):
        with suppress(FileNotFoundError):
            for line in path.read_bytes().splitlines():
                sign = holder_of(line)
                if sign and (path.parent.name == "elsewhere" or _lives(warehouse, path, sign, line)):
                    found.setdefault(sign["system"], {})[sign["endpoint"]] = sign["who"]
    return found


def is_applying(warehouse: Warehouse, endpoint: str) -> bool:
    """Whether an apply writes the endpoint's changes at this moment, on any machine."""
    path = warehouse.ledger / "leases" / endpoint
    line = warehouse.storage.read(path) or b""
    sign = holder_of(line)
    if sign is None or (sign["host"] == socket.gethostname() and not path.exists()):
        return False
    return _lives(warehouse, path, sign, line)


def bring_locks(warehouse: Warehouse) -> None:
    """Download the locks of other machines, with the age of their heartbeats by this machine's clock."""
    warehouse.storage.bring_locks(_silence)


def _lives(warehouse: Warehouse, path: Path, sign: dict[str, Any], line: bytes) -> bool:
    """Whether the holder of a lock in this directory lives; for this machine the kernel knows."""
    if sign["host"] == socket.gethostname():
        return not flock_free(path)
    what = path.relative_to(warehouse.home).as_posix()
    return unchanged_for(warehouse.home, what, line) < _silence(sign["system"])
