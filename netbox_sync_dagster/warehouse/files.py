"""Files that a reader sees as they were or as they are, never in between."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


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
