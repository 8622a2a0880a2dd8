"""Files that a reader sees as they were or as they are, never in between; and the end of files that grow."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_TAIL = 65_536


def put_in_place(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file beside and rename it into place. ``durable``: it is on the disk before."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def last_lines(path: Path) -> list[bytes]:
    """The lines in the last 64 KiB of a file that grows, whole but for the very last, which a crash may have cut off.

    Raises FileNotFoundError.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        lines = file.read().splitlines()
    return lines[1:] if size > _TAIL else lines
