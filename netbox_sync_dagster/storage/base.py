"""The interface of a warehouse's storage: a directory of this machine, or an object store."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Taken(Exception):
    """Another process has the lock.

    ``holder`` is the content of the lock, None if it was taken just now; ``left``: the seconds until it may be taken
    over, None if the holder's process lives or another process was faster.
    """

    def __init__(self, holder: dict[str, Any] | None, left: float | None = None) -> None:
        super().__init__()
        self.holder = holder
        self.left = left


def holder_of(content: bytes) -> dict[str, Any] | None:
    """Who has a lock, from the bytes of its file; None if it is free."""
    try:
        found: dict[str, Any] = json.loads(content)
    except json.JSONDecodeError:
        return None
    return found


class Storage(Protocol):
    """The files of a warehouse, below ``home`` on this machine once they are downloaded.

    ``LocalStorage``: ``home`` is authoritative; pulling and pushing do nothing. ``ObjectStoreSync``: the object store
    is authoritative for all machines; ``home`` is a copy. Paths are always below ``home``. Every method raises
    WarehouseError if the object store does not answer.
    """

    home: Path
    # The directory or the URL, for messages.
    address: str

    def next_number(self, above: int = 0) -> int:
        """The next number of the warehouse's sequence, greater than ``above`` (``storage.sequence``)."""

    # -- snapshots and diffs ---------------------------------------------------------------------

    def current(self, folder: Path) -> str:
        """Downloads the current version of ``folder`` and returns its id. Raises FileNotFoundError."""

    def may_have_current(self, folder: Path) -> bool:
        """False if ``folder`` certainly has no current version; cheap."""

    def publish(self, folder: Path, version: str, keep: int) -> None:
        """Push a version that is complete on this machine and make it current for all machines; prune old versions."""

    def remove_version(self, folder: Path, version: str) -> None:
        """Delete a version for all other machines; the caller deletes the files of this one."""

    def name_current(self, folder: Path, version: str) -> None:
        """Make a version that was pushed before current for all machines."""

    def bring_attempts(self) -> None:
        """Download the attempts of all endpoints."""

    def bring_history(self, folder: Path) -> None:
        """Download all kept versions of ``folder``."""

    def bring_published(self, *, history: bool) -> None:
        """Download the files of the views: all current versions, and of the others the manifests or, with ``history``,
        everything."""

    def names(self, folder: Path) -> list[str]:
        """The names of the folders directly below ``folder``, in order."""

    # -- small files -----------------------------------------------------------------------------

    def append_line(self, path: Path, line: bytes, keep: int) -> None:
        """Append a line to a small file, durably; keeps at least its last ``keep`` lines."""

    def bring_file(self, path: Path) -> None:
        """Download one small file if it exists."""

    def read(self, path: Path) -> bytes | None:
        """The current bytes of a file, for all machines; None if there is no file."""

    def write(self, path: Path, content: bytes) -> None:
        """Replace a file atomically and durably, for all machines."""

    def names_of_files(self, folder: Path, suffix: str) -> list[str]:
        """The names of the files directly below ``folder`` with this ending."""

    # -- growing files: the ledger ---------------------------------------------------------------

    def pull(self, folder: Path) -> None:
        """Download all growing files below ``folder``, up to their current ends."""

    def pull_anew(self, folder: Path, *, everything: bool = False) -> bool:
        """Also download growing files that were overwritten, and forget deleted ones; ``everything``: all of them.

        False if the files of this machine are authoritative.
        """

    def append(
        self, path: Path, build: Callable[[], bytes], head: Path, acknowledge: Callable[[int], bytes]
    ) -> None:
        """Append to a growing file, durably and for all machines; any number of writers on any machine.

        ``build`` is called when this machine has the current file and returns the bytes to append. It is called again
        if another writer was faster. Then ``head`` is written: ``acknowledge`` of the file's new size.
        """

    def known_head(self, head: Path) -> Any:
        """The value given to ``know_head``, if that saves a request; else None."""

    def know_head(self, head: Path, content: Any) -> None:
        """Remember what this process has written to ``head``."""

    def close_file(self, path: Path) -> None:
        """Mark a growing file as complete."""

    # -- locks -----------------------------------------------------------------------------------

    def lock(
        self, path: Path, sign: Callable[[], bytes], silence: float, *, temporary: bool
    ) -> AbstractContextManager[Callable[[], bool]]:
        """Hold the lock ``path`` while the block runs. Raises Taken without waiting.

        ``sign`` returns the content of the lock: a JSON object with who, host and pid, different at each call. Yields a
        function that writes it again and returns False if another process has taken over the lock. A holder on another
        machine counts as dead when this machine has seen its content unchanged for ``silence`` seconds. The empty file
        is kept unless it is ``temporary``.
        """

    def bring_locks(self, silence: Callable[[str], float]) -> None:
        """Download the locks of other machines into ``running/elsewhere/marks.json``.

        ``silence``: the seconds after which those of a system (``running/<system>/``) count as dead.
        """

    def clean_locks(self, older_than: float) -> int:
        """Delete temporary locks that killed processes left in an object store this many seconds ago; returns their
        number."""


class Listed(Protocol):
    """The part of ``Storage`` that lists folders."""

    home: Path

    def names(self, folder: Path) -> list[str]:
        """The names of the folders directly below ``folder``, in order."""


def published(storage: Listed) -> list[Path]:
    """The folders of all endpoints that have snapshots or diffs."""
    found = [storage.home / "diffs" / name for name in names(storage, storage.home / "diffs")]
    for system in names(storage, storage.home / "snapshots"):
        folder = storage.home / "snapshots" / system
        found += [folder / name for name in names(storage, folder)]
    return found


def names(storage: Listed, folder: Path) -> list[str]:
    """The names of the folders directly below ``folder``, without those for internal use."""
    return [name for name in storage.names(folder) if name[:1] not in "_."]
