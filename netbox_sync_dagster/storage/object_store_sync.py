"""The warehouse on an object store: the store has the truth, a folder on this machine a copy to work with.

The layout is that of a directory, with three differences:

- ``<folder>/current`` is an object that names the current version. It is written after all files of the version:
  a whole snapshot becomes current at once there too.
- A file of the ledger that is still growing is ``<file>.parts/<offset>``: each append creates the object of its
  offset, which only one writer can. So lines are never lost, doubled or mixed, and what is acknowledged is in the
  store. A finished apply is put together into one object.
- Names that begin with an underscore stay on this machine.

What is read is brought here first; versions never change, so each is brought once.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import make_private, write_atomically
from netbox_sync_dagster.storage.objects import Found, ObjectStore

_PARTS = ".parts"
# In the copy: of which versions of objects the ledger's files here are made.
_VERSIONS = ".ledger_versions.json"
# In a version's folder here: all its files are.
_WHOLE = ".whole"
# A version may be pruned between reading its name and its files, or another writer be faster; ask again.
_TRIES = 30


class ObjectStoreSync:
    """One object store and its copy in ``home``."""

    def __init__(self, url: str, home: Path) -> None:
        self.store = ObjectStore(url)
        self.home = home

    def key(self, path: Path) -> str:
        """The object that a file of the copy stands for."""
        return path.relative_to(self.home).as_posix()

    # -- versions --------------------------------------------------------------------------------

    def publish(self, folder: Path, version: str) -> None:
        """Bring a version that is complete here into the store and make it current there."""
        files = [file for file in _files(folder / version) if file.name != "manifest.json"]
        self.store.upload((file, self.key(file)) for file in files)
        manifest = folder / version / "manifest.json"
        self.store.put(self.key(manifest), manifest)
        self.name_current(folder, version)
        (folder / version / _WHOLE).touch()

    def name_current(self, folder: Path, version: str) -> None:
        """Make a version that is in the store current for all machines."""
        self.store.put(self.key(folder / "current"), version.encode())

    def prune(self, folder: Path, keep: int) -> None:
        """Delete all but the newest versions from the store; never the current one."""
        named = self.store.get(self.key(folder / "current"))
        current = named[0].decode() if named is not None else ""
        found = [name for name in self.store.folders(self.key(folder)) if name[:1].isdigit()]
        for version in found[:-keep]:
            if version == current:
                continue
            self.store.delete(item.key for item in self.store.below(self.key(folder / version)))

    def current(self, folder: Path) -> str | None:
        """Bring the current version of ``folder`` here; its name, or None where the store has none."""
        for _ in range(_TRIES):
            named = self.store.get(self.key(folder / "current"))
            if named is None:
                return None
            version = named[0].decode()
            if self._bring(folder, version):
                link(folder, version)
                return version
        raise WarehouseError(
            f"{self.store.url}/{self.key(folder)} names '{version}' as current, which has no files there; "
            "sync the endpoint again"
        )

    def history(self, folder: Path, *, manifests_only: bool) -> None:
        """Bring all kept versions of ``folder`` here, and forget those that are kept no more."""
        kept = [name for name in self.store.folders(self.key(folder)) if name[:1].isdigit()]
        for version in kept:
            manifest = folder / version / "manifest.json"
            if not manifests_only:
                self._bring(folder, version)
            elif not manifest.exists():
                beside = folder / f".manifest-{secrets.token_hex(4)}"
                if self.store.download([(self.key(manifest), beside)]):
                    manifest.parent.mkdir(parents=True, exist_ok=True)
                    beside.replace(manifest)
                beside.unlink(missing_ok=True)
        if folder.is_dir():
            for old in folder.iterdir():
                if old.name[:1].isdigit() and old.name not in kept:
                    shutil.rmtree(old, ignore_errors=True)

    def folders(self, prefix: str) -> list[str]:
        """The folders directly below ``prefix`` in the store."""
        return self.store.folders(prefix)

    def _bring(self, folder: Path, version: str) -> bool:
        here = folder / version
        if (here / _WHOLE).exists():
            return True
        found = self.store.below(self.key(here))
        # The manifest is written last: without it the version is being written, or pruned.
        if not any(item.key.endswith("/manifest.json") for item in found):
            return False
        stage = folder / f".stage-{version}-{secrets.token_hex(4)}"
        make_private(self.home)
        stage.mkdir(parents=True)
        try:
            inside = len(self.key(here)) + 1
            if not self.store.download((item.key, stage / item.key[inside:]) for item in found):
                return False
            (stage / _WHOLE).touch()
            # Only a manifest may be here already; another process may bring the same version.
            while not (here / _WHOLE).exists():
                shutil.rmtree(here, ignore_errors=True)
                try:
                    stage.rename(here)
                except OSError:
                    continue
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return True

    # -- small files -----------------------------------------------------------------------------

    def append_small(self, path: Path, line: bytes, keep: int) -> None:
        """Append a line to a file that is one object and stays small: only its last lines are kept."""
        for _ in range(_TRIES):
            there = self.store.get(self.key(path))
            if there is None:
                content, written = line, self.store.create(self.key(path), line)
            else:
                content = b"".join([*there[0].splitlines(keepends=True), line][-keep:])
                written = self.store.replace(self.key(path), content, there[1].etag)
            if written:
                self._replace(path, content)
                return
        raise WarehouseError(f"{self.store.url}/{self.key(path)}: too many writers at once; try again")

    def fetch(self, path: Path) -> None:
        """Bring one small file here, where the store has it."""
        there = self.store.get(self.key(path))
        if there is not None:
            self._replace(path, there[0])

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)

    # -- growing files ---------------------------------------------------------------------------

    def append(self, path: Path, build: Callable[[], bytes]) -> None:
        """Append to a growing file; it is in the store when this returns. Any number of writers, anywhere.

        ``build`` makes what is appended, when the file is here as it is now; once more where another was faster.
        """
        for _ in range(_TRIES):
            with self._locked(path):
                self._pull(path)
                offset = path.stat().st_size if path.exists() else 0
                data = build()
                if self.store.create(f"{self.key(path)}{_PARTS}/{offset:012d}", data):
                    _write(path, data)
                    return
        raise WarehouseError(f"{self.store.url}/{self.key(path)}: too many writers at once; try again")

    def close(self, path: Path) -> None:
        """Put the parts of a file that will not grow any more together into one object."""
        parts = self.store.below(f"{self.key(path)}{_PARTS}")
        with self._locked(path):
            self._pull(path)
            self.store.put(self.key(path), path)
        self.store.delete(part.key for part in parts)

    def pull(self, folder: Path) -> None:
        """Bring all growing files below ``folder`` here, as far as they are written."""
        names: dict[str, int] = {}
        for item in self.store.below(self.key(folder)):
            file, _, offset = item.key.partition(f"{_PARTS}/")
            if file.endswith(".jsonl"):
                names[file] = max(names.get(file, 0), int(offset or 0) + item.size)
        for name, size in names.items():
            path = self.home / name
            if not path.exists() or path.stat().st_size != size:
                with self._locked(path):
                    self._pull(path)

    def pull_anew(self, folder: Path, *, everything: bool = False) -> None:
        """Bring all growing files below ``folder`` here as the store has them; what it has not goes.

        Unlike ``pull`` it sees objects that were written over: by their versions, which are remembered. ``everything``:
        also what was brought here before.
        """
        names: dict[str, list[Found]] = {}
        for item in self.store.below(self.key(folder)):
            file = item.key.partition(f"{_PARTS}/")[0]
            if file.endswith(".jsonl"):
                names.setdefault(file, []).append(item)
        for path in folder.rglob("*.jsonl"):
            if path.parent.name[:1] != "_" and self.key(path) not in names:
                path.unlink(missing_ok=True)
        known = {} if everything else self._versions_here()
        now = {name: [f"{item.key} {item.etag}" for item in items] for name, items in names.items()}
        for name, items in names.items():
            if known.get(name) != now[name] or not (self.home / name).exists():
                self._bring_anew(self.home / name, items)
        if known != now:
            self._replace(self.home / _VERSIONS, json.dumps(now).encode())

    def _bring_anew(self, path: Path, items: list[Found]) -> None:
        name = self.key(path)
        keys = [item.key for item in items]
        with self._locked(path):
            found = [self.store.get(key) for key in ([name] if name in keys else keys)]
            if None in found:
                # Put together meanwhile.
                self._pull(path)
                return
            content = b"".join(item[0] for item in found if item is not None)
            if not path.exists() or path.read_bytes() != content:
                self._replace(path, content)

    def _versions_here(self) -> dict[str, list[str]]:
        try:
            found: dict[str, list[str]] = json.loads((self.home / _VERSIONS).read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    def _pull(self, path: Path) -> None:
        whole = self.store.get(self.key(path))
        if whole is not None:
            self._replace(path, whole[0])
            return
        parts = self.store.below(f"{self.key(path)}{_PARTS}")
        held = path.stat().st_size if path.exists() else 0
        end = max((int(part.key.rpartition("/")[2]) + part.size for part in parts), default=0)
        if held > end:
            # The store has less than was there once: what is here is not what it says.
            path.unlink()
            held = 0
        for part in parts:
            offset = int(part.key.rpartition("/")[2])
            if offset + part.size <= held:
                continue
            content = self.store.get(part.key)
            # Put together meanwhile.
            if content is None:
                return self._pull(path)
            _write(path, content[0], at=offset)

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """One process of this machine at a time brings and appends."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path.parent / f".{path.name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def link(folder: Path, version: str) -> None:
    """Make ``version`` current in ``folder`` on this machine, in one step.

    ``current`` leads through a folder that holds the version under its name (``current/<id>/...``): DuckDB opens a
    file more than once per query, and a query that a newer version overtakes must fail and be repeated, not mix the two.
    """
    current = folder / "current"
    way = folder / ".current" / version
    if current.is_symlink() and os.readlink(current) == f".current/{version}":
        return
    way.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (way / version).symlink_to(f"../../{version}")
    beside = folder / f".current-{version}-{secrets.token_hex(4)}"
    beside.symlink_to(f".current/{version}")
    os.replace(beside, current)
    for old in (folder / ".current").iterdir():
        if not (folder / old.name).is_dir():
            shutil.rmtree(old, ignore_errors=True)


def linked(folder: Path) -> str:
    """The version that is current in ``folder`` on this machine. Raises FileNotFoundError."""
    return Path(os.readlink(folder / "current")).name


def _write(path: Path, data: bytes, at: int | None = None) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.lseek(fd, *((0, os.SEEK_END) if at is None else (at, os.SEEK_SET)))
        if at is not None:
            os.ftruncate(fd, at)
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)


def _files(folder: Path) -> list[Path]:
    # Not through the version's link to itself.
    return [
        Path(root) / name
        for root, _, names in os.walk(folder, followlinks=False)
        for name in names
        if not (Path(root) / name).is_symlink()
    ]
