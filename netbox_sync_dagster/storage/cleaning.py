"""Prunes old snapshots and diffs, and leftovers of killed processes. Never touches the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.current_objects import RECORD
from netbox_sync_dagster.storage.files import flock_free, write_atomically
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_dagster.storage.versions import superseded

# The files of a running writer are younger.
_LEFT_BEHIND_SECONDS = 86_400


def clean(warehouse: Warehouse, retention: Retention) -> dict[str, int]:
    """Prune the warehouse; returns {what: number removed}. Safe while syncs run."""
    counts = {"snapshots": 0, "diffs": 0, "tries": 0, "left behind": 0}
    kept = (("snapshots", "snapshots/*/*", retention.snapshots), ("diffs", "diffs/*", retention.diffs))
    for what, pattern, keep in kept:
        for folder in warehouse.home.glob(pattern):
            # The empty files of the views; see storage.views.
            if folder.name.startswith("_"):
                continue
            for old in superseded(folder, keep):
                shutil.rmtree(folder / old, ignore_errors=True)
                counts[what] += 1
            counts["tries"] += _shorten(folder / "attempts.jsonl", retention.tries)
    for path in _left_behind(warehouse.home):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        counts["left behind"] += 1
    counts["left behind"] += warehouse.storage.clean_locks(_LEFT_BEHIND_SECONDS)
    return counts


def _shorten(path: Path, keep: int) -> int:
    """Keep the last ``keep`` lines; returns the number removed. Only done with a tenth too many."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return 0
    if len(lines) <= keep * 1.1:
        return 0
    write_atomically(path, b"".join(lines[-keep:]))
    return len(lines) - keep


def _left_behind(home: Path) -> Iterator[Path]:
    patterns = (
        *("snapshots/*/*/.*", "diffs/*/.*", "running/run/*", "tmp/*"),
        *(".*.duckdb", ".endpoints.jsonl.*", ".netbox_sync.duckdb.views.*"),
    )
    for pattern in patterns:
        for path in home.glob(pattern):
            # The link to the current version, see storage.versions.link, and which objects are here.
            if path.name == ".current" or path.name.startswith(RECORD):
                continue
            try:
                age = now().timestamp() - path.lstat().st_mtime
                held = age > _LEFT_BEHIND_SECONDS and not path.is_symlink() and not flock_free(path)
            except OSError:
                continue
            # However old it looks: the clock may have been changed while it is written.
            if age > _LEFT_BEHIND_SECONDS and not held:
                yield path
