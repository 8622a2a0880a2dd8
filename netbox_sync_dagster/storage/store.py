"""The warehouse directory: which snapshot and diff of an endpoint are current, and where their files are.

Layout under ``home``::

    snapshots/<system>/<endpoint>/<snapshot id>/<table>.parquet, manifest.json
    snapshots/<system>/<endpoint>/current -> .current/<snapshot id>, which holds a link to that snapshot
    snapshots/<system>/<endpoint>/attempts.jsonl      every attempt, also failed ones
    diffs/<endpoint>/<diff id>/<resource>.parquet, desired/<table>.parquet, manifest.json
    diffs/<endpoint>/current -> .current/<diff id>
    diffs/<endpoint>/attempts.jsonl                   every attempt to compare
    running/<system>/<endpoint>.json                  who is syncing it now
    endpoints.jsonl                                   the endpoints of the configuration, as last seen
    ledger/...                                        approvals and applies, append-only
    sequence                                          the last number given, see ``storage.sequence``
    netbox_sync.duckdb                                views only

On an object store (``storage.object_store_sync``) the layout is the same, and ``home`` is this machine's copy.

``current`` is a symbolic link that is replaced by rename: all tables of a snapshot become current in one
step, a reader that has opened the old files keeps them, and two writers never meet in one file.
"""

from __future__ import annotations

import copy
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from netbox_sync_dagster.storage.base import Storage, names, published
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import flock_free, fsync_dir
from netbox_sync_dagster.storage.local import LocalStorage
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.sequence import id_of, number_of
from netbox_sync_dagster.storage.versions import flush, link, passed, read_manifest, superseded, versions

# Snapshots and diffs of an endpoint that are kept as history.
KEEP_SNAPSHOTS = 20
KEEP_DIFFS = 200
# Lines of attempts kept per endpoint on an object store, where files are always written completely.
KEEP_ATTEMPTS = 2000


@dataclass(frozen=True)
class CurrentSync:
    """What a sync's snapshots and attempts record of it.

    ``who``: who started it, as in its lock. ``part``: the name or id of the only object that is read, and ``""`` where
    nothing is read; None: the whole endpoint. ``shows_rest``: the comparison of a part shows the whole endpoint.
    ``is_brief``: its snapshots are not kept as history.
    """

    who: str | None = None
    part: str | None = None
    shows_rest: bool = False
    is_brief: bool = False


def _copy_of(url: str) -> Path:
    """The folder of this machine's copy of the warehouse at ``url``."""
    folder = os.environ.get("NETBOX_SYNC_CACHE")
    if folder:
        return Path(folder).expanduser().absolute()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "netbox_sync" / sha256(url.encode()).hexdigest()[:12]


class Warehouse:
    """One warehouse (setting ``NETBOX_SYNC_HOME``, default ``./data``): a directory, or the URL of an object store.

    With a URL (``s3://bucket/folder``, ``gs://``, ``az://``) ``home`` is a copy on this machine: setting
    ``NETBOX_SYNC_CACHE``, default a folder below ``~/.cache/netbox_sync``. Raises WarehouseError for a URL that
    cannot be used.
    """

    def __init__(
        self, home: str | Path, *, keep_snapshots: int = KEEP_SNAPSHOTS, keep_diffs: int = KEEP_DIFFS
    ) -> None:
        url = str(home).rstrip("/") if "://" in str(home) else None
        self.home = Path(home).expanduser().absolute() if url is None else _copy_of(url)
        self.storage: Storage = LocalStorage(self.home) if url is None else ObjectStoreSync(url, self.home)
        self.address = self.storage.address
        self.keep_snapshots = keep_snapshots
        self.keep_diffs = keep_diffs
        # The Dagster run that uses it; recorded in its snapshots.
        self.run: str | None = None
        self.sync = CurrentSync()

    def during(self, sync: CurrentSync) -> Self:
        """The same warehouse, which records this sync."""
        found = copy.copy(self)
        found.sync = sync
        return found

    def next_number(self, above: int = 0) -> int:
        """The next number of the warehouse's sequence: a higher number is later, on any machine."""
        return self.storage.next_number(above)

    def new_id(self, above: int = 0) -> str:
        """An id that sorts after all earlier ids, see ``storage.sequence``."""
        return id_of(self.next_number(above))

    @property
    def database(self) -> Path:
        """The DuckDB file of views that people open."""
        return self.home / "netbox_sync.duckdb"

    @property
    def ledger(self) -> Path:
        """The folder of approvals and applies."""
        return self.home / "ledger"

    def snapshots(self, system: str, endpoint: str) -> Path:
        """The folder that holds every snapshot of one endpoint."""
        return self.home / "snapshots" / system / endpoint

    def diffs(self, endpoint: str) -> Path:
        """The folder that holds every diff of one endpoint."""
        return self.home / "diffs" / endpoint

    def current(self, folder: Path) -> Path:
        """The current snapshot or diff below ``folder``, as a path that stays valid when a newer one becomes current.

        Raises WarehouseError where there is none yet.
        """
        try:
            name = self.storage.current(folder)
        except FileNotFoundError:
            what = "diff" if folder.parent.name == "diffs" else "complete read"
            raise WarehouseError(
                f"there is no {what} of '{folder.name}' yet; run: netbox-sync sync {folder.name}"
            ) from None
        return folder / name

    def manifest(self, folder: Path) -> dict[str, Any]:
        """The manifest of the current snapshot or diff below ``folder``.

        Raises WarehouseError where there is none yet, Damaged where it cannot be read.
        """
        return read_manifest(self.current(folder))

    @contextmanager
    def publish(self, folder: Path, keep: int) -> Iterator[tuple[str, Path]]:
        """Stage a new version below ``folder``, and make it current atomically when the block succeeds.

        Yields (id, directory to write into). After an exception the current version is unchanged.
        """
        folder.mkdir(parents=True, exist_ok=True)
        version = self.new_id(above=max(map(number_of, versions(folder)), default=0))
        stage = folder / f".stage-{version}"
        stage.mkdir()
        # Locked while this process lives: an unlocked folder was left behind, whatever its age.
        alive = os.open(stage, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(alive, fcntl.LOCK_SH)
            try:
                yield version, stage
            except BaseException:
                shutil.rmtree(stage, ignore_errors=True)
                raise
            self._make_current(folder, version, stage, keep)
        finally:
            os.close(alive)

    def _make_current(self, folder: Path, version: str, stage: Path, keep: int) -> None:
        flush(stage, folder)
        os.replace(stage, folder / version)
        try:
            self.storage.publish(folder, version, keep)
        except BaseException:
            shutil.rmtree(folder / version, ignore_errors=True)
            raise
        link(folder, version)
        fsync_dir(folder)
        for old in passed(folder):
            self.storage.remove_version(folder, old)
            shutil.rmtree(folder / old, ignore_errors=True)
        self._prune(folder, keep)

    def close_file(self, path: Path) -> None:
        """Mark a file of the ledger as complete."""
        self.storage.close_file(path)

    def append_jsonl(self, path: Path, line: dict[str, Any]) -> None:
        """Append one line to a file of attempts, with its number (``seq``), flushed to disk."""
        line = {"seq": self.next_number(), **line}
        data = (json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n").encode()
        self.storage.append_line(path, data, KEEP_ATTEMPTS)

    def bring_file(self, path: Path) -> None:
        """Download one small file, whichever machine wrote to it."""
        self.storage.bring_file(path)

    def pull(self, folder: Path) -> None:
        """Download what other machines have written to the ledger below ``folder``."""
        self.storage.pull(folder)

    def pull_attempts(self) -> None:
        """Download the attempts of all endpoints, not their snapshots and diffs."""
        self.storage.bring_attempts()

    def as_downloaded(self) -> Warehouse:
        """This machine's copy of the warehouse, for reading only.

        Whoever asks about each of many endpoints downloads them together before, and sends no request for each.
        """
        found = Warehouse(self.home, keep_snapshots=self.keep_snapshots, keep_diffs=self.keep_diffs)
        found.address, found.run = self.address, self.run
        return found

    def pull_current(self, *, history: bool = False) -> None:
        """Download the current snapshots and diffs of all endpoints for the views; with ``history`` all kept ones."""
        self.storage.bring_published(history=history)

    def bring_history(self, folder: Path) -> None:
        """Download all kept snapshots or diffs below ``folder``."""
        self.storage.bring_history(folder)

    def published(self) -> list[Path]:
        """The folders of all endpoints that have snapshots or diffs."""
        return published(self.storage)

    def names(self, folder: Path) -> list[str]:
        """The names of the folders directly below ``folder``, without those for internal use."""
        return names(self.storage, folder)

    @staticmethod
    def _prune(folder: Path, keep: int) -> None:
        for old in superseded(folder, keep):
            shutil.rmtree(folder / old, ignore_errors=True)
        # A staging folder that a killed process left behind; on other machines only its age is known.
        for stage in folder.glob(".stage-*"):
            with suppress(OSError):
                if flock_free(stage) and now().timestamp() - stage.stat().st_mtime > 86_400:
                    shutil.rmtree(stage, ignore_errors=True)
