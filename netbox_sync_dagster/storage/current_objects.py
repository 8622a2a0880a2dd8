"""Which version of each endpoint is current, and its attempts: objects below ``latest/`` of an object store.

They are together so that one listing shows which endpoints have anything new. The versions of the objects that this
machine has are recorded in its copy, per endpoint (``.latest.json``); the others are downloaded.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from netbox_sync_dagster.storage.base import published
from netbox_sync_dagster.storage.files import write_atomically
from netbox_sync_dagster.storage.object_locks import ObjectLocks

CURRENT, ATTEMPTS = "current", "attempts.jsonl"
_FOLDER = "latest"
# An object that exists once the store has this layout.
_LAYOUT = f"{_FOLDER}/.layout"
# In the copy of an endpoint's folder: the versions of these objects here, and of ``current`` when the manifests of all
# kept versions were downloaded.
RECORD = ".latest.json"
KEPT = "kept"

# {name of the file: version of its object}
Versions = dict[str, str | None]


class LatestObjects(ObjectLocks):
    """The part of ``ObjectStoreSync`` that knows what is new."""

    _moved = False

    def key(self, path: Path) -> str:
        """The object of a file in the copy."""
        key = super().key(path)
        if path.name not in (CURRENT, ATTEMPTS):
            return key
        self._move_from_older_layout()
        return f"{_FOLDER}/{key}"

    def latest(self) -> dict[Path, Versions]:
        """{folder of snapshots or diffs: the versions of its objects}, of all endpoints."""
        self._move_from_older_layout()
        found: dict[Path, Versions] = {}
        for item in self.store.below(_FOLDER):
            path = self.home / item.key.removeprefix(f"{_FOLDER}/")
            if path.name in (CURRENT, ATTEMPTS):
                found.setdefault(path.parent, {})[path.name] = item.etag
        return found

    def record(
        self, folder: Path, name: str, version: str | None, write: Callable[[], None] | None = None
    ) -> None:
        """``write`` the file of an object into the copy, and record the object's version.

        Together, because a slower process may write an older state: the record then says so.
        """
        with self.locked(folder / RECORD):
            if write is not None:
                write()
            known = {**self.recorded(folder), name: version}
            write_atomically(folder / RECORD, json.dumps(known).encode())

    @staticmethod
    def recorded(folder: Path) -> Versions:
        """The versions of the objects whose files are here."""
        try:
            found = json.loads((folder / RECORD).read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def names(self, folder: Path) -> list[str]:
        """The names of the folders directly below ``folder``, in order."""
        return self.store.folders(super().key(folder))

    @contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        """Only one process of this machine at a time downloads and appends."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path.parent / f".{path.name.lstrip('.')}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _move_from_older_layout(self) -> None:
        """Copy the objects of a store that an older version wrote, in which they are beside the versions."""
        if self._moved:
            return
        if self.store.head(_LAYOUT) is None:
            for folder in published(self):
                for name in (CURRENT, ATTEMPTS):
                    key = super().key(folder / name)
                    there = self.store.get(key)
                    if there is not None:
                        self.store.create(f"{_FOLDER}/{key}", there[0])
            self.store.create(_LAYOUT, b"")
        self._moved = True
