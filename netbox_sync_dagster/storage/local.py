"""A warehouse in a directory of this machine, shared by its processes."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage.base import Taken, holder_of
from netbox_sync_dagster.storage.files import (
    append_durably,
    flock_now,
    fsync_dir,
    make_private,
    write_atomically,
)
from netbox_sync_dagster.storage.observed import unchanged_for
from netbox_sync_dagster.storage.sequence import Sequence
from netbox_sync_dagster.storage.versions import linked


class LocalStorage:
    """The directory is authoritative: nothing is pulled or pushed. See ``Storage``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = str(home)

    @cached_property
    def _sequence(self) -> Sequence:
        return Sequence(self.home)

    def next_number(self, above: int = 0) -> int:
        return self._sequence.next(above)

    # -- snapshots and diffs ---------------------------------------------------------------------

    def current(self, folder: Path) -> str:
        return linked(folder)

    def may_have_current(self, folder: Path) -> bool:
        return (folder / "current").exists()

    def publish(self, folder: Path, version: str, keep: int) -> None:
        pass

    def remove_version(self, folder: Path, version: str) -> None:
        pass

    def name_current(self, folder: Path, version: str) -> None:
        pass

    def bring_attempts(self) -> None:
        pass

    def bring_history(self, folder: Path) -> None:
        pass

    def bring_published(self, *, history: bool) -> None:
        pass

    def names(self, folder: Path) -> list[str]:
        return sorted(entry.name for entry in folder.glob("*") if entry.is_dir())

    # -- small files -----------------------------------------------------------------------------

    def append_line(self, path: Path, line: bytes, keep: int) -> None:
        append_durably(path, line)

    def bring_file(self, path: Path) -> None:
        pass

    def read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except OSError:
            return None

    def write(self, path: Path, content: bytes) -> None:
        new = not path.exists()
        write_atomically(path, content, durable=True)
        if new:
            fsync_dir(path.parent)

    def names_of_files(self, folder: Path, suffix: str) -> list[str]:
        return [path.name for path in folder.glob(f"*{suffix}")]

    # -- growing files: the ledger ---------------------------------------------------------------

    def pull(self, folder: Path) -> None:
        pass

    def pull_anew(self, folder: Path, *, everything: bool = False) -> bool:
        return False

    def append(
        self, path: Path, build: Callable[[], bytes], head: Path, acknowledge: Callable[[int], bytes]
    ) -> None:
        with _one_writer(head):
            end = append_durably(path, build())
            self.write(head, acknowledge(end))

    def known_head(self, head: Path) -> Any:
        # Other processes write it too, and it may have been deleted: read the file.
        return None

    def know_head(self, head: Path, content: Any) -> None:
        pass

    def close_file(self, path: Path) -> None:
        pass

    # -- locks -----------------------------------------------------------------------------------

    @contextmanager
    def lock(
        self, path: Path, sign: Callable[[], bytes], silence: float, *, temporary: bool
    ) -> Iterator[Callable[[], bool]]:
        """The kernel drops the lock of a process, however it ends. Not every shared file system shares locks between
        machines, so a lock from another machine counts until its heartbeat stops."""
        with kernel_lock(self.home, path) as (fd, before):
            holder = holder_of(before)
            if holder and holder["host"] != socket.gethostname():
                left = silence - unchanged_for(self.home, path.relative_to(self.home).as_posix(), before)
                if left > 0:
                    raise Taken(holder, left)
            with signed(fd, path, sign, temporary=temporary) as renew:
                yield renew

    def bring_locks(self, silence: Callable[[str], float]) -> None:
        pass

    def clean_locks(self, older_than: float) -> int:
        return 0


@contextmanager
def kernel_lock(home: Path, path: Path) -> Iterator[tuple[int, bytes]]:
    """Hold the kernel's lock of a file; yields its descriptor and content. Raises Taken if its holder lives."""
    make_private(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not flock_now(fd):
            raise Taken(holder_of(os.pread(fd, 4096, 0)))
        yield fd, os.pread(fd, 4096, 0)
    finally:
        os.close(fd)


@contextmanager
def signed(
    fd: int, path: Path, sign: Callable[[], bytes], *, temporary: bool
) -> Iterator[Callable[[], bool]]:
    """Write the holder's sign into a locked file; yields a function that writes it again."""

    def renew() -> bool:
        content = sign()
        os.pwrite(fd, content, 0)
        os.ftruncate(fd, len(content))
        return True

    renew()
    try:
        yield renew
    finally:
        # An empty file means that the lock is free.
        os.ftruncate(fd, 0)
        if temporary:
            path.unlink(missing_ok=True)


@contextmanager
def _one_writer(head: Path) -> Iterator[None]:
    """One writer of a chain at a time."""
    head.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(head.parent / f".{head.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
