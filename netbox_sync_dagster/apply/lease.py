"""One apply per endpoint at a time: a lease that dies with its process."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.store import now

_BEAT_SECONDS = 15
# A lease written on another machine counts as dead only after this much silence: not every shared file
# system carries locks from machine to machine.
_SILENCE_SECONDS = 120


class LeaseHeld(Exception):
    """Somebody else is applying to this endpoint; the sentence says who, where and since when."""


@contextmanager
def lease(warehouse: Warehouse, endpoint: str, who: str) -> Iterator[None]:
    """Hold the endpoint's lease while the block runs. Raises LeaseHeld, without waiting.

    The kernel drops the lock of a process that ends in whatever way, so a lease that can be locked and was
    written on this machine is free. The file stays, empty, when the lease is given back.
    """
    path = warehouse.ledger / "leases" / endpoint
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeaseHeld(_sentence(endpoint, _read(fd))) from None
        holder = _read(fd)
        if holder and holder["host"] != socket.gethostname():
            silent = (now() - datetime.fromisoformat(holder["heartbeat"])).total_seconds()
            if silent < _SILENCE_SECONDS:
                raise LeaseHeld(
                    f"{_sentence(endpoint, holder)}; if that machine is gone, try again in "
                    f"{_SILENCE_SECONDS - silent:.0f} seconds"
                )
        try:
            with _heartbeat(fd, who):
                yield
        finally:
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _sentence(endpoint: str, holder: dict[str, Any] | None) -> str:
    if not holder:
        return f"another apply to endpoint '{endpoint}' has just begun; wait until it has ended"
    return (
        f"another apply to endpoint '{endpoint}' is running (by {holder['who']}, process {holder['pid']} on "
        f"{holder['host']}, since {holder['since'][:19]} UTC); wait until it has ended"
    )


def _read(fd: int) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(os.pread(fd, 4096, 0))
    except json.JSONDecodeError:
        return None
    return content


@contextmanager
def _heartbeat(fd: int, who: str) -> Iterator[None]:
    since = now().isoformat()
    stop = threading.Event()

    def write() -> None:
        content = {
            "who": who,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": since,
            "heartbeat": now().isoformat(),
        }
        data = json.dumps(content).encode()
        os.pwrite(fd, data, 0)
        os.ftruncate(fd, len(data))

    def beat() -> None:
        while not stop.wait(_BEAT_SECONDS):
            write()

    write()
    thread = threading.Thread(target=beat, name="apply-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
