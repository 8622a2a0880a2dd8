"""What a warehouse needs of the place where its files are: a directory of this machine, or an object store."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Taken(Exception):
    """Somebody else has the lock.

    ``holder`` is what he wrote into it, None where he has just begun; ``left``: the seconds until it may be taken over,
    None where his process lives or another was faster this very moment.
    """

    def __init__(self, holder: dict[str, Any] | None, left: float | None = None) -> None:
        super().__init__()
        self.holder = holder
        self.left = left


def holder_of(content: bytes) -> dict[str, Any] | None:
    """Who has a lock, from its file's bytes; None where nobody does."""
    try:
        found: dict[str, Any] = json.loads(content)
    except json.JSONDecodeError:
        return None
    return found


class Storage(Protocol):
    """The files of a warehouse, all of them below ``home`` on this machine once they have been brought here.

    ``LocalStorage``: ``home`` is the truth, and to bring or to push something takes nothing. ``ObjectStoreSync``: the
    object store is the truth, for all machines; ``home`` is a copy. Paths are always those below ``home``. Every method
    raises WarehouseError where the object store cannot answer.
    """

    home: Path
    # The directory or the URL, as people know it.
    address: str

    def next_number(self, above: int = 0) -> int:
        """The next number of the warehouse's sequence, greater than ``above`` (``storage.sequence``)."""

    # -- snapshots and diffs ---------------------------------------------------------------------

    def current(self, folder: Path) -> str:
        """The id of the current version of ``folder``, all of whose files are here then. Raises FileNotFoundError."""

    def may_have_current(self, folder: Path) -> bool:
        """False where ``folder`` has no current version for sure; cheap."""

    def publish(self, folder: Path, version: str, keep: int) -> None:
        """Push a version that is complete here and make it current for all machines; prune all but the newest."""

    def name_current(self, folder: Path, version: str) -> None:
        """Make a version that was pushed before current for all other machines."""

    def bring_history(self, folder: Path) -> None:
        """Bring all kept versions of ``folder`` here."""

    def bring_published(self, *, history: bool) -> None:
        """Bring what the views read: all current versions, the others' manifests or with ``history`` all of them."""

    def names(self, folder: Path) -> list[str]:
        """The names of the folders directly below ``folder``, in order."""

    # -- small files -----------------------------------------------------------------------------

    def append_line(self, path: Path, line: bytes, keep: int) -> None:
        """Append a line to a small file, durably; at least its last ``keep`` lines stay."""

    def bring_file(self, path: Path) -> None:
        """Bring one small file here, where there is one."""

    def read(self, path: Path) -> bytes | None:
        """The current bytes of a file, for all machines; None if there is no file."""

    def write(self, path: Path, content: bytes) -> None:
        """Replace a file atomically and durably, for all machines."""

    def names_of_files(self, folder: Path, suffix: str) -> list[str]:
        """The names of the files directly below ``folder`` that end so."""

    # -- growing files: the ledger ---------------------------------------------------------------

    def pull(self, folder: Path) -> None:
        """Download all growing files below ``folder``, up to their current ends."""

    def pull_anew(self, folder: Path, *, everything: bool = False) -> bool:
        """Bring growing files that were written over, too, and forget those that are gone; ``everything``: all of them.

        False where what is here is the truth, so that there is nothing to bring.
        """

    def append(
        self, path: Path, build: Callable[[], bytes], head: Path, acknowledge: Callable[[int], bytes]
    ) -> None:
        """Append to a growing file, durably and for all machines; any number of writers on any machine.

        ``build`` is called when this machine has the current file and returns the bytes to append. It is called again
        if another writer was faster. Then ``head`` is written: ``acknowledge`` of the file's new size.
        """

    def known_head(self, head: Path) -> Any:
        """What ``know_head`` was given, where that saves a request; None otherwise."""

    def know_head(self, head: Path, content: Any) -> None:
        """Keep what this process has written to ``head``."""

    def close_file(self, path: Path) -> None:
        """Say that a growing file is complete."""

    # -- locks -----------------------------------------------------------------------------------

    def lock(
        self, path: Path, sign: Callable[[], bytes], silence: float, *, temporary: bool
    ) -> AbstractContextManager[Callable[[], bool]]:
        """Have the lock ``path`` while the block runs. Raises Taken, without waiting.

        ``sign`` makes what is written into it: another text each time, a JSON object with who, host and pid. Yields what
        writes it again; that returns False where somebody has taken the lock over. A holder on another machine is dead
        when this machine has seen his sign unchanged for ``silence`` seconds. The file stays, empty, unless it is
        ``temporary``.
        """

    def bring_locks(self, silence: Callable[[str], float]) -> None:
        """Bring the locks of other machines here, into ``running/elsewhere/marks.json``.

        ``silence``: the seconds after which those of a system (``running/<system>/``) count as dead.
        """

    def clean_locks(self, older_than: float) -> int:
        """Delete the temporary locks that killed processes left in an object store so many seconds ago; returns how many."""


def published(storage: Storage) -> list[Path]:
    """The folders of all endpoints that have snapshots or diffs."""
    found = [storage.home / "diffs" / name for name in names(storage, storage.home / "diffs")]
    for system in names(storage, storage.home / "snapshots"):
        folder = storage.home / "snapshots" / system
        found += [folder / name for name in names(storage, folder)]
    return found


def names(storage: Storage, folder: Path) -> list[str]:
    """The names of the folders directly below ``folder``, the product's own left out."""
    return [name for name in storage.names(folder) if name[:1] not in "_."]
