"""The warehouse directory: which snapshot and diff of an endpoint are current, and where their files are.

Layout under ``home``::

    snapshots/<system>/<endpoint>/<snapshot id>/<table>.parquet, manifest.json
    snapshots/<system>/<endpoint>/current -> <snapshot id>
    snapshots/<system>/<endpoint>/attempts.jsonl      every try, failed ones included
    diffs/<endpoint>/<diff id>/<resource>.parquet, desired/<table>.parquet, manifest.json
    diffs/<endpoint>/current -> <diff id>
    ledger/...                                        approvals and applies, append-only
    netbox_sync.duckdb                                views only

``current`` is a symbolic link that is replaced by rename: all tables of a snapshot become current in one
step, a reader that has opened the old files keeps them, and two writers never meet in one file.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Snapshots and diffs of an endpoint that stay for history.
KEEP_SNAPSHOTS = 20
KEEP_DIFFS = 200


class WarehouseError(Exception):
    """The warehouse cannot answer: the sentence says what is missing and what to do."""


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A sortable id: UTC time to the millisecond and four random hex digits."""
    moment = now()
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{secrets.token_hex(2)}"


def fsync_dir(path: Path) -> None:
    """Flush a directory's entries, so that a rename in it survives a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file beside and rename it into place."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def append_jsonl(path: Path, line: dict[str, Any]) -> None:
    """Append one line in a single write and flush it to disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n").encode()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


class Warehouse:
    """One warehouse directory (setting ``NETBOX_SYNC_HOME``, default ``./data``)."""

    def __init__(self, home: str | Path) -> None:
        self.home = Path(home).expanduser().absolute()

    @property
    def database(self) -> Path:
        """The DuckDB file of views that people open."""
        return self.home / "netbox_sync.duckdb"

    @property
    def ledger(self) -> Path:
        """The folder of approvals and applies."""
        return self.home / "ledger"

    def snapshots(self, system: str, endpoint: str) -> Path:
        """The folder that holds every snapshot of one endpoint."""
        return self.home / "snapshots" / system / endpoint

    def diffs(self, endpoint: str) -> Path:
        """The folder that holds every diff of one endpoint."""
        return self.home / "diffs" / endpoint

    def current(self, folder: Path) -> Path:
        """The current snapshot or diff below ``folder``, as a path that stays valid when a newer one comes.

        Raises WarehouseError where there is none yet.
        """
        try:
            name = os.readlink(folder / "current")
        except FileNotFoundError:
            what = "diff" if folder.parent.name == "diffs" else "complete read"
            raise WarehouseError(
                f"there is no {what} of '{folder.name}' yet; run: netbox-sync sync {folder.name}"
            ) from None
        return folder / name

    def manifest(self, folder: Path) -> dict[str, Any]:
        """The manifest of the current snapshot or diff below ``folder``. Raises WarehouseError."""
        text = (self.current(folder) / "manifest.json").read_text(encoding="utf-8")
        content: dict[str, Any] = json.loads(text)
        return content

    @contextmanager
    def publish(self, folder: Path, keep: int) -> Iterator[tuple[str, Path]]:
        """Stage a new version below ``folder`` and make it current at once when the block ends well.

        Yields (id, directory to write into). After an exception nothing is current that was not before.
        """
        folder.mkdir(parents=True, exist_ok=True)
        version = new_id()
        stage = folder / f".stage-{version}"
        stage.mkdir()
        # A path through it names the version (current/<id>/...): DuckDB opens a file more than once per query,
        # and a query that a newer version overtakes must fail and be asked again, not mix the two.
        (stage / version).symlink_to(".")
        try:
            yield version, stage
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        for file in stage.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
        os.replace(stage, folder / version)
        link = folder / f".current-{version}"
        link.symlink_to(version)
        os.replace(link, folder / "current")
        fsync_dir(folder)
        self._prune(folder, keep)

    @staticmethod
    def _prune(folder: Path, keep: int) -> None:
        versions = sorted(entry for entry in folder.iterdir() if entry.name[:1].isdigit())
        for old in versions[:-keep]:
            shutil.rmtree(old, ignore_errors=True)
        # A stage that a killed process left behind; a living writer's is younger than a day.
        for stage in folder.glob(".stage-*"):
            if now().timestamp() - stage.stat().st_mtime > 86_400:
                shutil.rmtree(stage, ignore_errors=True)
