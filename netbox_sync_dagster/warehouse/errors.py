"""What goes wrong with the warehouse, in sentences that say what to do."""

from __future__ import annotations

import errno
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
# An apply announces every request in the ledger before it sends it.
_GOES_ON = "An apply that this stopped has sent nothing that the ledger does not name; the next one goes on from there"


class WarehouseError(Exception):
    """The warehouse cannot answer: the sentence says what is missing and what to do."""


class Damaged(WarehouseError):
    """A file of the warehouse cannot be read; the sentence names it, and an older version that can.

    ``path`` is the file.
    """

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"{path} is damaged ({' '.join(why.split())}); {_way_out(path)}")


def _way_out(path: Path) -> str:
    parts = path.parts
    if "snapshots" in parts or "diffs" in parts:
        kind = "snapshots" if "snapshots" in parts else "diffs"
        at = len(parts) - 1 - parts[::-1].index(kind)
        name = parts[at + 2] if kind == "snapshots" else parts[at + 1]
        again = f"make it again with: netbox-sync sync {name}"
        if kind == "snapshots":
            return (
                f"{again}; or go back to the newest older snapshot that is whole: netbox-sync restore {name}"
            )
        return again
    return "delete it: the next command makes it again"


def storage_sentence(error: BaseException) -> str | None:
    """What to do about a disk that is full or may not be written, from an error of Python, Arrow or DuckDB; else None."""
    number = getattr(error, "errno", None)
    text = str(error)
    where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    if number in _FULL or "No space left on device" in text or "Disk quota exceeded" in text:
        return (
            f"{where}the disk is full; free some space (netbox-sync clean removes old snapshots) and repeat the command. "
            f"{_GOES_ON}"
        )
    if number in _REFUSED or "Read-only file system" in text or "Permission denied" in text:
        return (
            f"{where}may not be written or read ({getattr(error, 'strerror', None) or text}); check its owner, its mode and "
            f"how the disk is mounted. {_GOES_ON}"
        )
    return None
