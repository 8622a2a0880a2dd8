"""One sync of an endpoint at a time, and a mark that says who is at it: ``running/<system>/<endpoint>.json``.

The kernel drops the lock of a process that ends in whatever way. What reads the mark without the lock
(``sync.running``) goes by its heartbeat.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from netbox_sync_dagster.warehouse.store import Warehouse, WarehouseError, now

_BEAT_SECONDS = 15
# After this the mark of a process that was killed counts no more; sql/views/sync.sql has the same.
SILENCE_SECONDS = 60


class Held(WarehouseError):
    """The endpoint is being synced already; the sentence says by whom and since when."""


@contextmanager
def hold(warehouse: Warehouse, system: str, endpoint: str, who: str) -> Iterator[None]:
    """Hold the endpoint while the block runs. Raises Held, without waiting."""
    path = warehouse.home / "running" / system / f"{endpoint}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(_sentence(system, endpoint, _read(fd))) from None
        try:
            with _heartbeat(fd, {"system": system, "endpoint": endpoint, "who": who}):
                yield
        finally:
            # Endpoints come back, runs do not; an empty file holds nothing.
            os.ftruncate(fd, 0)
            if system == "run":
                path.unlink(missing_ok=True)
    finally:
        os.close(fd)


def _sentence(system: str, endpoint: str, holder: dict[str, Any]) -> str:
    name = "NetBox" if system == "netbox" else f"endpoint '{endpoint}'"
    if not holder:
        return f"{name} is being read by somebody who has just begun; wait until that has ended"
    return (
        f"{name} is being read already (by {holder['who']}, process {holder['pid']} on {holder['host']}, since "
        f"{holder['since'][:19]} UTC); wait until that has ended"
    )


def _read(fd: int) -> dict[str, Any]:
    with suppress(json.JSONDecodeError):
        content: dict[str, Any] = json.loads(os.pread(fd, 4096, 0))
        return content
    return {}


@contextmanager
def _heartbeat(fd: int, what: dict[str, str]) -> Iterator[None]:
    since = now().isoformat()
    stop = threading.Event()

    def write() -> None:
        mark = {**what, "host": socket.gethostname(), "pid": os.getpid(), "since": since}
        data = json.dumps({**mark, "heartbeat": now().isoformat()}).encode()
        os.pwrite(fd, data, 0)
        os.ftruncate(fd, len(data))

    def beat() -> None:
        while not stop.wait(_BEAT_SECONDS):
            write()

    write()
    thread = threading.Thread(target=beat, name=f"hold-{what['endpoint']}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def marks(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """{system: {endpoint: who}} of what is held and was heard of in the last minute, on whatever machine."""
    found: dict[str, dict[str, str]] = {}
    for path in warehouse.home.glob("running/*/*.json"):
        try:
            mark = json.loads(path.read_bytes())
        except (FileNotFoundError, json.JSONDecodeError):
            continue
        silent = (now() - datetime.fromisoformat(mark["heartbeat"])).total_seconds()
        if silent < SILENCE_SECONDS:
            found.setdefault(mark["system"], {})[mark["endpoint"]] = mark["who"]
    return found
