"""Errors of the warehouse."""

from __future__ import annotations

from pathlib import Path

from netbox_sync_dagster.errors import UserError


class WarehouseError(UserError):
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
