"""The locks of a warehouse on an object store: objects that their holder renews, for all machines."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netbox_sync_dagster.storage.base import Taken, holder_of
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import write_atomically
from netbox_sync_dagster.storage.local import kernel_lock, signed
from netbox_sync_dagster.storage.objects import ObjectStore
from netbox_sync_dagster.storage.observed import unchanged_for

_CLOCK = ".clock-"


class ObjectLocks:
    """The part of ``ObjectStoreSync`` that locks."""

    def __init__(self, store: ObjectStore, home: Path) -> None:
        self.store = store
        self.home = home

    def key(self, path: Path) -> str:
        """The object of a file in the copy."""
        return path.relative_to(self.home).as_posix()

    @contextmanager
    def lock(
        self, path: Path, sign: Callable[[], bytes], silence: float, *, temporary: bool
    ) -> Iterator[Callable[[], bool]]:
        """The kernel knows which processes of this machine live. Between machines every write names the version of the
        object that it replaces, so only one of two writers succeeds."""
        key = self.key(path)
        with kernel_lock(self.home, path) as (fd, _):
            version = self._claim(key, sign(), silence)
            taken_over = False
            with signed(fd, path, sign, temporary=temporary) as renew_here:

                def renew() -> bool:
                    nonlocal version, taken_over
                    renew_here()
                    written = None if taken_over else self.store.replace(key, sign(), version)
                    taken_over, version = written is None, written or version
                    return not taken_over

                try:
                    yield renew
                finally:
                    # A lock that cannot be released gets no more heartbeats.
                    with suppress(WarehouseError):
                        if not taken_over and self.store.replace(key, b"", version) and temporary:
                            self.store.delete([key])

    def _claim(self, key: str, content: bytes, silence: float) -> str:
        """Write the object if the lock is free; returns its version. Raises Taken."""
        there = self.store.get(key)
        if there is None:
            taken = self.store.create(key, content)
        else:
            holder = holder_of(there[0])
            if holder:
                left = silence - unchanged_for(self.home, key, there[0])
                if left > 0:
                    raise Taken(holder, left)
            taken = self.store.replace(key, content, there[1].etag)
        if taken is None:
            there = self.store.get(key)
            raise Taken(holder_of(there[0]) if there else None)
        return taken

    def bring_locks(self, silence: Callable[[str], float]) -> None:
        """Their heartbeats are recorded by this machine's clock."""
        lines = []
        for item in self.store.below("running"):
            if not item.size or not item.key.endswith(".json"):
                continue
            content = self.store.get(item.key)
            holder = holder_of(content[0]) if content is not None else None
            if content is None or holder is None:
                continue
            silent = unchanged_for(self.home, item.key, content[0])
            if silent < silence(item.key.split("/")[1]):
                seen = (now() - timedelta(seconds=silent)).isoformat()
                lines.append(json.dumps({**holder, "heartbeat": seen}))
        path = self.home / "running" / "elsewhere" / "marks.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())

    def clean_locks(self, older_than: float) -> int:
        """Locks of runs, and clocks. Those of endpoints are taken over."""
        there = [
            item
            for item in self.store.below("running")
            if item.key.startswith("running/run/") or _CLOCK in item.key
        ]
        if not there:
            return 0
        # Both times are the store's.
        moment = self._time()
        left = [item.key for item in there if (moment - item.written).total_seconds() > older_than]
        self.store.delete(left)
        return len(left)

    def _time(self) -> datetime:
        """The store's time, from an object that is written for this."""
        key = f"running/now{_CLOCK}{secrets.token_hex(4)}"
        self.store.put(key, b"")
        try:
            found = self.store.head(key)
        finally:
            self.store.delete([key])
        # Without an answer, no lock counts as silent.
        return found.written if found is not None else datetime.min.replace(tzinfo=UTC)
