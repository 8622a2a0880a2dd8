"""The versions in a folder of snapshots or diffs on this machine, and the link to the current one."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage.errors import Damaged
from netbox_sync_dagster.storage.parquet import is_without_rows

# Queries that began before a newer version became current still read the one before it.
_KEEP_BRIEF = 3
# Bytes of the file of a table without rows; only its columns fill it.
_LONGEST_EMPTY = 16_384


def link(folder: Path, version: str) -> None:
    """Make ``version`` current in ``folder`` on this machine, in one step.

    ``current`` leads to a folder with a link named after the version (``current/<id>/...``): DuckDB opens a file more
    than once per query, and if a newer version becomes current meanwhile the query must fail and be repeated, not mix
    the two.
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


def flush(stage: Path, folder: Path) -> None:
    """Flush the files in ``stage``, which becomes a version in ``folder``, to disk.

    What is linked was flushed with the version that it comes from. Most tables have no rows, so their files become links to
    the current version's: flushing takes longer than writing them.
    """
    with suppress(OSError):
        current = folder / linked(folder)
        for file in stage.rglob("*.parquet"):
            _share(file, current / file.relative_to(stage))
    for file in stage.rglob("*"):
        if file.is_file() and file.stat().st_nlink == 1:
            with file.open("rb") as handle:
                os.fsync(handle.fileno())


def _share(file: Path, other: Path) -> None:
    """Make ``file`` a link to ``other`` if both are the same table without rows."""
    with suppress(OSError):
        size = file.stat().st_size
        # A link to the same file cannot be replaced by another one: the rename would leave both.
        if size > _LONGEST_EMPTY or other.stat().st_size != size or file.samefile(other):
            return
        content = file.read_bytes()
        if is_without_rows(content) and other.read_bytes() == content:
            beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
            os.link(other, beside)
            try:
                os.replace(beside, file)
            finally:
                beside.unlink(missing_ok=True)


def linked(folder: Path) -> str:
    """The version that is current in ``folder`` on this machine. Raises FileNotFoundError."""
    return Path(os.readlink(folder / "current")).name


def read_manifest(version: Path) -> dict[str, Any]:
    """The manifest of one snapshot or diff. Raises Damaged."""
    path = version / "manifest.json"
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, FileNotFoundError) as error:
        raise Damaged(path, str(error)) from None
    if not isinstance(content, dict):
        raise Damaged(path, "it holds no JSON object")
    return content


def versions(folder: Path) -> list[str]:
    """The ids of the snapshots or diffs below ``folder``, oldest first."""
    return sorted(entry.name for entry in folder.iterdir() if entry.name[:1].isdigit())


def superseded(folder: Path, keep: int) -> list[str]:
    """The ids below ``folder`` except the newest ``keep`` and the current one."""
    try:
        current = linked(folder)
    except OSError:
        current = ""
    return [name for name in versions(folder)[:-keep] if name != current]


def passed(folder: Path) -> Iterator[str]:
    """The ids of brief versions below ``folder`` (see ``CurrentSync``) that are older than the newest three, newest first.

    Ends at the first one that is kept as history: those before it were found when it was new.
    """
    for name in reversed(superseded(folder, _KEEP_BRIEF)):
        try:
            is_brief = read_manifest(folder / name).get("is_brief")
        except Damaged:
            return
        if not is_brief:
            return
        yield name
