"""The warehouse directory: which snapshot and diff of an endpoint are current, and where their files are.

Layout under ``home``::

    snapshots/<system>/<endpoint>/<snapshot id>/<table>.parquet, manifest.json
    snapshots/<system>/<endpoint>/current -> .current/<snapshot id>, which holds a link to that snapshot
    snapshots/<system>/<endpoint>/attempts.jsonl      every try, failed ones included
    diffs/<endpoint>/<diff id>/<resource>.parquet, desired/<table>.parquet, manifest.json
    diffs/<endpoint>/current -> .current/<diff id>
    diffs/<endpoint>/attempts.jsonl                   every try to compare
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

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage.clock import now as now  # noqa: PLC0414
from netbox_sync_dagster.storage.errors import Damaged, WarehouseError
from netbox_sync_dagster.storage.files import flock_free, write_atomically
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync, link, linked
from netbox_sync_dagster.storage.sequence import Sequence, StoreSequence, highest, id_of, number_of

# Snapshots and diffs of an endpoint that stay for history.
KEEP_SNAPSHOTS = 20
KEEP_DIFFS = 200
# On an object store, where a file is written whole: lines of attempts of an endpoint.
KEEP_ATTEMPTS = 2000


def fsync_dir(path: Path) -> None:
    """Flush a directory's entries, so that a rename in it survives a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file beside and rename it into place."""
    write_atomically(path, json.dumps(content, indent=1, sort_keys=True).encode(), durable=True)


def _copy_of(url: str) -> Path:
    """Where this machine keeps its copy of the warehouse at ``url``."""
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
        self.mirror = None if url is None else ObjectStoreSync(url, self.home)
        self.address = url or str(self.home)
        self.keep_snapshots = keep_snapshots
        self.keep_diffs = keep_diffs
        # The Dagster run that works with it, on record in the snapshots it makes.
        self.run: str | None = None
        # On an object store: the ends of the ledger's chains as this process left them (``storage.chain``).
        self.heads: dict[str, Any] = {}

    @cached_property
    def _sequence(self) -> Sequence | StoreSequence:
        if self.mirror is None:
            return Sequence(self.home)
        return StoreSequence(self.mirror.store, self._highest)

    def _highest(self) -> int:
        assert self.mirror is not None
        self.pull(self.ledger)
        kinds = ("snapshots", "diffs", "undo")
        items = [item for kind in kinds for item in self.mirror.store.below(kind)]
        names = {part for item in items for part in item.key.split("/")}
        return max([highest(self.home), *map(number_of, names)])

    def next_number(self, above: int = 0) -> int:
        """The next number of the warehouse's sequence: what has a higher one came later, on whatever machine."""
        return self._sequence.next(above)

    def new_id(self, above: int = 0) -> str:
        """An id that sorts after all ids before it, see ``storage.sequence``."""
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
        """The current snapshot or diff below ``folder``, as a path that stays valid when a newer one comes.

        Raises WarehouseError where there is none yet.
        """
        try:
            name = self._brought(folder) if self._shared(folder) else linked(folder)
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
        """Stage a new version below ``folder`` and make it current at once when the block ends well.

        Yields (id, directory to write into). After an exception nothing is current that was not before.
        """
        folder.mkdir(parents=True, exist_ok=True)
        version = self.new_id(above=max(map(number_of, versions(folder)), default=0))
        stage = folder / f".stage-{version}"
        stage.mkdir()
        # Held as long as this process lives: what is left behind is told by that, not by its age.
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
        for file in stage.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
        os.replace(stage, folder / version)
        if self._shared(folder) and self.mirror is not None:
            try:
                self.mirror.publish(folder, version)
            except BaseException:
                shutil.rmtree(folder / version, ignore_errors=True)
                raise
            self.mirror.prune(folder, keep)
        link(folder, version)
        fsync_dir(folder)
        self._prune(folder, keep)

    @staticmethod
    def append(path: Path, data: bytes) -> int:
        """Append lines to a file in this directory, flushed to disk; returns where it ends then."""
        new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(fd).st_size
            # A line that a crash cut off stays alone on its line, so that it cannot spoil the next one.
            if size and os.pread(fd, 1, size - 1) != b"\n":
                data = b"\n" + data
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
            end = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if new:
            fsync_dir(path.parent)
        return end

    def close_file(self, path: Path) -> None:
        """Say that a file of the ledger is complete."""
        if self.mirror is not None and path.exists():
            self.mirror.close(path)

    def append_jsonl(self, path: Path, line: dict[str, Any]) -> None:
        """Append one line to a file of attempts, with its number (``seq``), flushed to disk."""
        line = {"seq": self.next_number(), **line}
        data = (json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n").encode()
        if self.mirror is not None and self._shared(path.parent):
            self.mirror.append_small(path, data, KEEP_ATTEMPTS)
        else:
            self.append(path, data)

    def pull(self, folder: Path) -> None:
        """Bring what other machines have written into the ledger below ``folder`` here."""
        if self.mirror is not None:
            self.mirror.pull(folder)

    def pull_current(self, *, history: bool = False) -> None:
        """Bring the current snapshots and diffs of all endpoints here, for the views; what is kept with ``history``."""
        if self.mirror is None:
            return
        for folder in self.published():
            self.current(folder)
            self.mirror.history(folder, manifests_only=not history)
            self.mirror.fetch(folder / "attempts.jsonl")

    def bring_history(self, folder: Path) -> None:
        """Bring all kept snapshots or diffs below ``folder`` here."""
        if self.mirror is not None:
            self.mirror.history(folder, manifests_only=False)

    def published(self) -> list[Path]:
        """The folders of all endpoints that have snapshots or diffs."""
        found = [self.diffs(name) for name in self.names(self.home / "diffs")]
        for system in self.names(self.home / "snapshots"):
            found += [self.snapshots(system, name) for name in self.names(self.home / "snapshots" / system)]
        return found

    def names(self, folder: Path) -> list[str]:
        """The names of the folders directly below ``folder``, the product's own left out."""
        if self.mirror is not None:
            found = self.mirror.folders(self.mirror.key(folder))
        else:
            found = sorted(entry.name for entry in folder.glob("*") if entry.is_dir())
        return [name for name in found if name[:1] not in "_."]

    def _shared(self, folder: Path) -> bool:
        """Whether a folder is for all machines; the empty tables that views need are each machine's own."""
        return self.mirror is not None and not folder.name.startswith("_")

    def _brought(self, folder: Path) -> str:
        assert self.mirror is not None
        name = self.mirror.current(folder)
        if name is None:
            raise FileNotFoundError(folder)
        return name

    @staticmethod
    def _prune(folder: Path, keep: int) -> None:
        for old in superseded(folder, keep):
            shutil.rmtree(folder / old, ignore_errors=True)
        # A stage that a killed process left behind; of one on another machine only its age is known.
        for stage in folder.glob(".stage-*"):
            with suppress(OSError):
                if flock_free(stage) and now().timestamp() - stage.stat().st_mtime > 86_400:
                    shutil.rmtree(stage, ignore_errors=True)


def read_manifest(version: Path) -> dict[str, Any]:
    """The manifest of one snapshot or diff. Raises Damaged."""
    path = version / "manifest.json"
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, FileNotFoundError) as error:
        raise Damaged(path, str(error)) from None
    if not isinstance(content, dict):
        raise Damaged(path, "it holds no JSON object")
    return content


def versions(folder: Path) -> list[str]:
    """The ids of the snapshots or diffs below ``folder``, oldest first."""
    return sorted(entry.name for entry in folder.iterdir() if entry.name[:1].isdigit())


def superseded(folder: Path, keep: int) -> list[str]:
    """The ids below ``folder`` but for the newest ``keep``, and never the current one."""
    try:
        current = linked(folder)
    except OSError:
        current = ""
    return [name for name in versions(folder)[:-keep] if name != current]
