"""One sync of an endpoint at a time, and a mark that says who is at it: ``running/<system>/<endpoint>.json``.

The kernel drops the lock of a process that ends in whatever way. A mark of another machine counts until it has been seen
unchanged for a while (``storage.observed``). On an object store the mark is an object too, for all machines; what
others hold is brought here into ``running/elsewhere/marks.json``.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage.claim import Claimed, claim, holder_of
from netbox_sync_dagster.storage.files import flock_free, flock_now, make_private, write_atomically
from netbox_sync_dagster.storage.heartbeat import heartbeat
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.observed import unchanged_for
from netbox_sync_dagster.storage.store import Warehouse, WarehouseError, now

# After this the mark of a process that was killed counts no more; sql/views/sync.sql has the same.
SILENCE_SECONDS = 60
# The system of the marks that say that the process of a Dagster run lives; their endpoint is the run's id. They count
# longer than the lease of an apply (apply.lease): what is started instead of a dead one must not find its lease held.
RUN = "run"
_RUN_SILENCE_SECONDS = 180


class Held(WarehouseError):
    """The endpoint is being synced already; the sentence says by whom and since when.

    ``who`` holds it. ``left``: the seconds after which it is free if that process is dead; None where it lives.
    """

    def __init__(self, text: str, who: str = "", left: float | None = None) -> None:
        super().__init__(text)
        self.who = who
        self.left = left


@contextmanager
def hold(warehouse: Warehouse, system: str, endpoint: str, who: str) -> Iterator[None]:
    """Hold the endpoint while the block runs. Raises Held, without waiting."""
    path = warehouse.home / "running" / system / f"{endpoint}.json"
    make_private(warehouse.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not flock_now(fd):
            raise Held(_sentence(system, endpoint, holder_of(os.pread(fd, 4096, 0)) or {}))
        try:
            with _marked(warehouse, system, endpoint, who, fd):
                yield
        finally:
            # Endpoints come back, runs do not; an empty file holds nothing.
            os.ftruncate(fd, 0)
            if system == RUN:
                path.unlink(missing_ok=True)
    finally:
        os.close(fd)


@contextmanager
def _marked(warehouse: Warehouse, system: str, endpoint: str, who: str, fd: int) -> Iterator[None]:
    what = {
        "system": system,
        "endpoint": endpoint,
        "who": who,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": now().isoformat(),
    }

    beats = count(1)

    def mark() -> bytes:
        # Two beats differ whatever the clock does.
        return json.dumps({**what, "heartbeat": now().isoformat(), "beat": next(beats)}).encode()

    def here() -> bool:
        data = mark()
        os.pwrite(fd, data, 0)
        os.ftruncate(fd, len(data))
        return True

    if warehouse.mirror is None:
        here()
        with heartbeat(f"hold-{endpoint}", here):
            yield
        return
    with _in_store(warehouse.mirror, system, endpoint, mark) as renew:

        def everywhere() -> bool:
            here()
            renew()
            return True

        here()
        with heartbeat(f"hold-{endpoint}", everywhere):
            yield


@contextmanager
def _in_store(
    mirror: ObjectStoreSync, system: str, endpoint: str, mark: Callable[[], bytes]
) -> Iterator[Callable[[], None]]:
    """The mark as an object; yields what writes it anew. Raises Held.

    A store that does not answer for a while stops no sync: two at once write two snapshots, each of them whole.
    """
    key = f"running/{system}/{endpoint}.json"
    try:
        version = claim(mirror.store, mirror.home, key, mark(), SILENCE_SECONDS)
    except Claimed as taken:
        holder = taken.holder or {}
        left = (
            "" if taken.left is None else f"; if that machine is gone, try again in {taken.left:.0f} seconds"
        )
        raise Held(_sentence(system, endpoint, holder) + left, holder.get("who", ""), taken.left) from None
    lost = False

    def write(content: bytes) -> None:
        nonlocal version, lost
        with suppress(WarehouseError):
            written = None if lost else mirror.store.replace(key, content, version)
            lost, version = written is None, written or version

    try:
        yield lambda: write(mark())
    finally:
        write(b"")
        if system == RUN and not lost:
            with suppress(WarehouseError):
                mirror.store.delete([key])


def _sentence(system: str, endpoint: str, holder: dict[str, Any]) -> str:
    what = "NetBox is being read" if system == "netbox" else f"endpoint '{endpoint}' is being synced"
    if not holder:
        return f"{what} by somebody who has just begun; wait until that has ended"
    return (
        f"{what} already (by {holder['who']}, process {holder['pid']} on {holder['host']}, since "
        f"{holder['since'][:19]} UTC); wait until that has ended"
    )


def _silence(system: str) -> float:
    return _RUN_SILENCE_SECONDS if system == RUN else SILENCE_SECONDS


def marks(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """{system: {endpoint: who}} of what is held, on whatever machine, and was not seen silent for long."""
    pull_marks(warehouse)
    found: dict[str, dict[str, str]] = {}
    for path in warehouse.home.glob("running/*/*.json"):
        with suppress(FileNotFoundError):
            for line in path.read_bytes().splitlines():
                with suppress(json.JSONDecodeError):
                    mark = json.loads(line)
                    if path.parent.name == "elsewhere" or _lives(warehouse.home, path, mark, line):
                        found.setdefault(mark["system"], {})[mark["endpoint"]] = mark["who"]
    return found


def _lives(home: Path, path: Path, mark: dict[str, Any], line: bytes) -> bool:
    """Whether the process of a mark in this directory lives: on this machine the kernel knows."""
    if mark["host"] == socket.gethostname():
        return not flock_free(path)
    return unchanged_for(home, f"{path.parent.name}/{path.name}", line) < _silence(mark["system"])


def pull_marks(warehouse: Warehouse) -> None:
    """Bring what is held on any machine here, its heartbeats by this machine's clock."""
    if warehouse.mirror is None:
        return
    store = warehouse.mirror.store
    lines = []
    for item in store.below("running"):
        if not item.size or not item.key.endswith(".json"):
            continue
        there = store.get(item.key)
        holder = holder_of(there[0]) if there is not None else None
        if there is None or holder is None:
            continue
        silent = unchanged_for(warehouse.home, item.key, there[0])
        if silent < _silence(item.key.split("/")[1]):
            seen = (now() - timedelta(seconds=silent)).isoformat()
            lines.append(json.dumps({**holder, "heartbeat": seen}))
    path = warehouse.home / "running" / "elsewhere" / "marks.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
