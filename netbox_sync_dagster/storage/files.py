"""Atomic file replacement, the end of files that grow, and kernel locks of files."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_TAIL = 65_536


def write_atomically(
    path: Path, content: bytes, *, durable: bool = False, like: os.stat_result | None = None
) -> None:
    """Write a temporary file and rename it into place. ``durable``: flush it to disk first. ``like``: the file that it
    replaces, whose mode it gets, and whose owner and group where the system allows it."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    mode = 0o666 if like is None else 0o600
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
            if like is not None:
                _make_like(file.fileno(), like)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def rewrite(path: Path, content: bytes) -> None:
    """Replace the content of a user's file atomically, or create it. Its mode stays, and its owner and group where the
    system allows it. A symbolic link stays too: the file that it leads to is written. Raises OSError."""
    target = Path(os.path.realpath(path))
    try:
        like = target.stat()
    except FileNotFoundError:
        like = None
    write_atomically(target, content, like=like)


def _make_like(fd: int, like: os.stat_result) -> None:
    # Without root, only the group can be changed, to one that the user is in.
    for owner, group in ((-1, like.st_gid), (like.st_uid, -1)):
        with suppress(OSError):
            os.chown(fd, owner, group)
    os.chmod(fd, stat.S_IMODE(like.st_mode))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file atomically and durably."""
    write_atomically(path, json.dumps(content, indent=1, sort_keys=True).encode(), durable=True)


def append_durably(path: Path, data: bytes) -> int:
    """Append lines to a file of this machine, flushed to disk; returns its new size."""
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(fd).st_size
        # Put a line that a crash cut off on a separate line, so it does not damage the next one.
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


def fsync_dir(path: Path) -> None:
    """Flush a directory's entries, so a rename in it survives a power failure."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_private(home: Path) -> None:
    """Create the warehouse's directory if it is missing, readable only for its owner.

    It contains addresses, serial numbers and configurations of a whole network. An existing directory keeps its mode:
    an administrator may have opened it for a group.
    """
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)


def tail(path: Path) -> list[bytes]:
    """The complete lines in the last 64 KiB of a growing file; a crash may have cut off the very last.

    Raises FileNotFoundError.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        lines = file.read().splitlines()
    return lines[1:] if size > _TAIL else lines


def flock_now(fd: int) -> bool:
    """Take an open file's lock, if no other process holds it."""
    for left in reversed(range(5)):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A process that checks whether it is free (``flock_free``) holds it for an instant.
            time.sleep(0.01 if left else 0)
        else:
            return True
    return False


def flock_free(path: Path) -> bool:
    """Whether no process of this machine holds a file's or folder's lock. Raises OSError if it does not exist."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
