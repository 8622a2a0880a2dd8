"""The warehouse on an object store: the store is authoritative, a folder on this machine is a working copy.

The layout is that of a directory, with four differences:

- ``latest/<folder>/current`` is an object that names the current version. It is written after all files of the version:
  a whole snapshot becomes current at once there too.
- ``latest/<folder>/attempts.jsonl``: one listing shows which endpoints have anything new (``storage.current_objects``).
- A file of the ledger that is still growing is ``<file>.parts/<offset>``: each append creates the object of its
  offset, which only one writer can. So lines are never lost, doubled or mixed, and what is acknowledged is in the
  store. A finished apply is put together into one object.
- Names that begin with an underscore stay on this machine.

Files are downloaded before they are read; versions never change, so each is downloaded once.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage.current_objects import ATTEMPTS, CURRENT, KEPT, LatestObjects, Versions
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import append_durably, make_private, write_atomically
from netbox_sync_dagster.storage.objects import Found, ObjectStore
from netbox_sync_dagster.storage.sequence import StoreSequence, highest, number_of
from netbox_sync_dagster.storage.versions import link, linked

_PARTS = ".parts"
# In the copy: the versions of the objects from which the ledger's files were downloaded.
_VERSIONS = ".ledger_versions.json"
# In the folder of a version in the copy: all its files are downloaded.
_WHOLE = ".whole"
# A version may be pruned between reading its name and its files, or another writer may be faster: try again.
_TRIES = 30
# Endpoints whose files are downloaded at once; each has several downloads at once too.
_PARALLEL = 8


class ObjectStoreSync(LatestObjects):
    """One object store and its copy in ``home``: pulls before reading, pushes after writing. See ``Storage``."""

    def __init__(self, url: str, home: Path) -> None:
        super().__init__(ObjectStore(url), home)
        self.address = url
        # The ends of the ledger's chains as this process left them (``storage.chain``).
        self._heads: dict[Path, Any] = {}

    @cached_property
    def _sequence(self) -> StoreSequence:
        return StoreSequence(self.store, self._highest)

    def _highest(self) -> int:
        self.pull(self.home / "ledger")
        items = [item for kind in ("snapshots", "diffs", "undo") for item in self.store.below(kind)]
        found = {part for item in items for part in item.key.split("/")}
        return max([highest(self.home), *map(number_of, found)])

    def next_number(self, above: int = 0) -> int:
        return self._sequence.next(above)

    # -- versions --------------------------------------------------------------------------------

    def publish(self, folder: Path, version: str, keep: int) -> None:
        if _stays_here(folder):
            return
        files = [file for file in _files(folder / version) if file.name != "manifest.json"]
        self.store.upload((file, self.key(file)) for file in files)
        manifest = folder / version / "manifest.json"
        self.store.put(self.key(manifest), manifest)
        self.name_current(folder, version)
        (folder / version / _WHOLE).touch()
        self._prune(folder, keep)

    def name_current(self, folder: Path, version: str) -> None:
        self.store.put(self.key(folder / CURRENT), version.encode())

    def _prune(self, folder: Path, keep: int) -> None:
        """Delete all but the newest versions from the store; never the current one."""
        named = self.store.get(self.key(folder / CURRENT))
        current = named[0].decode() if named is not None else ""
        found = [name for name in self.store.folders(self.key(folder)) if name[:1].isdigit()]
        for version in found[:-keep]:
            if version != current:
                self.remove_version(folder, version)

    def remove_version(self, folder: Path, version: str) -> None:
        if not _stays_here(folder):
            self.store.delete(item.key for item in self.store.below(self.key(folder / version)))

    def current(self, folder: Path) -> str:
        if _stays_here(folder):
            return linked(folder)
        for _ in range(_TRIES):
            named = self.store.get(self.key(folder / CURRENT))
            if named is None:
                raise FileNotFoundError(folder)
            version = named[0].decode()
            if self._bring(folder, version):
                self.record(folder, CURRENT, named[1].etag, partial(link, folder, version))
                return version
        raise WarehouseError(
            f"{self.store.url}/{self.key(folder)} names '{version}' as current, which has no files there; "
            "sync the endpoint again"
        )

    def may_have_current(self, folder: Path) -> bool:
        # Finding out takes a request.
        return True

    def bring_published(self, *, history: bool) -> None:
        there = self.latest()
        self._for_each(there, partial(self._bring_new, history=history))

    def bring_attempts(self) -> None:
        there = self.latest()
        self._for_each(there, self._bring_new_attempts)

    def _for_each(self, there: dict[Path, Versions], bring: Callable[[Path, Versions], None]) -> None:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            # In a list, so that an error is raised here.
            list(pool.map(bring, there.keys(), there.values()))

    def _bring_new(self, folder: Path, there: Versions, *, history: bool) -> None:
        """Download what the copy of an endpoint's folder lacks."""
        here, current = self.recorded(folder), there.get(CURRENT)
        # An endpoint that was never read successfully only has attempts.
        if current is not None and (here.get(CURRENT), here.get(KEPT)) != (current, current):
            with suppress(FileNotFoundError):
                self.current(folder)
            self._bring_kept(folder, manifests_only=True)
            self.record(folder, KEPT, current)
        if history:
            self._bring_kept(folder, manifests_only=False)
        self._bring_new_attempts(folder, there)

    def _bring_new_attempts(self, folder: Path, there: Versions) -> None:
        if there.get(ATTEMPTS) not in (None, self.recorded(folder).get(ATTEMPTS)):
            self.bring_file(folder / ATTEMPTS)

    def bring_history(self, folder: Path) -> None:
        self._bring_kept(folder, manifests_only=False)

    def _bring_kept(self, folder: Path, *, manifests_only: bool) -> None:
        """Download all kept versions of ``folder``, and delete pruned ones."""
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
            # Possibly only the manifest is here, and another process may download the same version.
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

    def append_line(self, path: Path, line: bytes, keep: int) -> None:
        """The file is one object, always written completely, so only its last lines are kept."""
        if _stays_here(path.parent):
            append_durably(path, line)
            return
        for _ in range(_TRIES):
            there = self.store.get(self.key(path))
            if there is None:
                content, written = line, self.store.create(self.key(path), line)
            else:
                content = b"".join([*there[0].splitlines(keepends=True), line][-keep:])
                written = self.store.replace(self.key(path), content, there[1].etag)
            if written:
                self._keep(path, content, written)
                return
        raise WarehouseError(f"{self.store.url}/{self.key(path)}: too many writers at once; try again")

    def bring_file(self, path: Path) -> None:
        there = self.store.get(self.key(path))
        if there is not None:
            self._keep(path, there[0], there[1].etag)

    def read(self, path: Path) -> bytes | None:
        there = self.store.get(self.key(path))
        return None if there is None else there[0]

    def write(self, path: Path, content: bytes) -> None:
        self.store.put(self.key(path), content)

    def names_of_files(self, folder: Path, suffix: str) -> list[str]:
        found = [item.key.rpartition("/")[2] for item in self.store.below(self.key(folder))]
        return [name for name in found if name.endswith(suffix)]

    def _keep(self, path: Path, content: bytes, version: str | None) -> None:
        """Write the file of a small object into the copy."""
        if path.name == ATTEMPTS:
            self.record(path.parent, ATTEMPTS, version, partial(self._replace, path, content))
        else:
            self._replace(path, content)

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)

    # -- growing files ---------------------------------------------------------------------------

    def append(
        self, path: Path, build: Callable[[], bytes], head: Path, acknowledge: Callable[[int], bytes]
    ) -> None:
        for _ in range(_TRIES):
            with self.locked(path):
                self._pull(path)
                offset = path.stat().st_size if path.exists() else 0
                data = build()
                if self.store.create(f"{self.key(path)}{_PARTS}/{offset:012d}", data):
                    _write(path, data)
                    break
        else:
            raise WarehouseError(f"{self.store.url}/{self.key(path)}: too many writers at once; try again")
        self.write(head, acknowledge(offset + len(data)))

    def known_head(self, head: Path) -> Any:
        return self._heads.get(head)

    def know_head(self, head: Path, content: Any) -> None:
        self._heads[head] = content

    def close_file(self, path: Path) -> None:
        """Merge its parts into one object."""
        if not path.exists():
            return
        parts = self.store.below(f"{self.key(path)}{_PARTS}")
        with self.locked(path):
            self._pull(path)
            self.store.put(self.key(path), path)
        self.store.delete(part.key for part in parts)

    def pull(self, folder: Path) -> None:
        names: dict[str, int] = {}
        for item in self.store.below(self.key(folder)):
            file, _, offset = item.key.partition(f"{_PARTS}/")
            if file.endswith(".jsonl"):
                names[file] = max(names.get(file, 0), int(offset or 0) + item.size)
        for name, size in names.items():
            path = self.home / name
            if not path.exists() or path.stat().st_size != size:
                with self.locked(path):
                    self._pull(path)

    def pull_anew(self, folder: Path, *, everything: bool = False) -> bool:
        """Overwritten objects are recognised by their versions, which are remembered."""
        names: dict[str, list[Found]] = {}
        for item in self.store.below(self.key(folder)):
            file = item.key.partition(f"{_PARTS}/")[0]
            if file.endswith(".jsonl"):
                names.setdefault(file, []).append(item)
        for path in folder.rglob("*.jsonl"):
            if path.parent.name[:1] != "_" and self.key(path) not in names:
                path.unlink(missing_ok=True)
        known = {} if everything else self._versions_here()
        there = {name: [f"{item.key} {item.etag}" for item in items] for name, items in names.items()}
        for name, items in names.items():
            if known.get(name) != there[name] or not (self.home / name).exists():
                self._bring_anew(self.home / name, items)
        if known != there:
            self._replace(self.home / _VERSIONS, json.dumps(there).encode())
        return True

    def _bring_anew(self, path: Path, items: list[Found]) -> None:
        name = self.key(path)
        keys = [item.key for item in items]
        with self.locked(path):
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
            # The store has less than before: the copy does not match it.
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


def _stays_here(folder: Path) -> bool:
    """Whether a folder exists on this machine only, like the empty tables for views."""
    return folder.name.startswith("_")


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
