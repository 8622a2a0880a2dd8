"""Writes one snapshot: tables, completeness and rejected rows. It becomes current completely or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.errors import Interrupted
from netbox_sync_dagster.storage.clock import elapsed, now
from netbox_sync_dagster.storage.errors import Damaged, WarehouseError
from netbox_sync_dagster.storage.falls import SHORT, SHRINK_LIMIT, count_owners
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import Row, TableWriter
from netbox_sync_dagster.storage.store import CurrentSync, Warehouse
from netbox_sync_dagster.storage.tables import SYSTEMS
from netbox_sync_dagster.storage.versions import read_manifest, versions

# With fewer rows a share means nothing.
_SHRINK_MIN_ROWS = 10
# Lengths kept of a rejected row and of the reason.
_LONGEST_ROW = 4_000
_LONGEST_REASON = 1_000
# Tables whose size changes by nature.
_SHRINK_EXEMPT = {
    *("scopes", "rejected", "row_counts", "tasks", "choices", "dependents"),
    *("guest_agent_interfaces", "guest_addresses", "container_addresses"),
    # Read only as long as a rule names contacts.
    *("contacts", "contact_roles", "contact_assignments"),
}
# Tables that everything depends on: an empty one is never believed, however few rows it had.
_ALL_GONE = ("guests", "containers")
# Tables with the owners by which other tables are checked.
_LATE = ("scopes", "rejected", "row_counts")

# By table: ids of the last snapshot's rows that this product has deleted since.
DeletedByUs = Callable[[], Mapping[str, Collection[int]]]


@dataclass
class Manifest:
    """The content of a snapshot. ``reasons``: why it is incomplete; empty if it is complete.

    ``baseline``: the row counts with which the next snapshot is compared. ``only``: the source's id of the one
    object that was read, if it was read alone; ``whole_started``: when the whole endpoint was last read, None if never.
    ``part``: the same id where the comparison shows the whole endpoint nevertheless. ``is_brief``: not kept as history.
    ``read``, of NetBox: ``full`` with the reason in ``read_reason``, or ``incremental``.
    """

    snapshot_id: str
    system: str
    endpoint: str
    started: str
    finished: str
    source_version: str
    complete: bool
    reasons: list[str]
    row_counts: dict[str, int]
    baseline: dict[str, int] = field(default_factory=dict)
    shrunken: dict[str, str] = field(default_factory=dict)
    only: str | None = None
    whole_started: str | None = None
    run: str | None = None
    read: str | None = None
    read_reason: str | None = None
    part: str | None = None
    is_brief: bool = False


class SnapshotWriter:
    """Collects rows, scopes and rejects while a source reads. Thread-safe."""

    def __init__(self, system: str, endpoint: str, snapshot_id: str, folder: Path) -> None:
        self.system = system
        self.endpoint = endpoint
        self.snapshot_id = snapshot_id
        self.source_version = ""
        self.only: str | None = None
        self.whole_started: datetime | None = None
        # How it was read, and why completely: see Manifest.
        self.read: str | None = None
        self.read_reason: str | None = None
        self.folder = folder
        self._reasons: list[str] = []
        # Gaps for the owners' counts: (scope, scope_id).
        self._gaps: list[Row] = []
        self._lock = Lock()
        constants = {"endpoint": endpoint, "snapshot_id": snapshot_id}
        self._writers: dict[str, TableWriter] = {}
        for name, table in SYSTEMS[system].items():
            self._writers[name] = TableWriter(
                folder / f"{name}.parquet",
                table.columns,
                constants,
                on_reject=lambda row, reason, name=name: self._late_reject(name, row, reason),  # type: ignore[misc]
                # NetBox's own texts are compared, and restored, unchanged.
                composed=system != "netbox",
            )
        self._late_rejects: list[tuple[str, Row, str]] = []

    def only_object(self, source_id: str, whole_started: datetime | None) -> None:
        """Record that only this object is read, and when the whole endpoint was last read."""
        self.only, self.whole_started = source_id, whole_started

    def rows(self, table: str, rows: Iterable[Row]) -> None:
        """Append rows to a table of this system (see ``storage.tables``)."""
        self._writers[table].write(rows)

    def take_over(self, table: str, file: Path, but: Collection[int] = ()) -> None:
        """Begin a table with the rows of an earlier snapshot, except those whose ``id`` is in ``but``.

        Without exceptions the file is linked: the column snapshot_id then names the earlier snapshot.
        """
        self._writers[table].take_over(file, but)

    def incomplete(self, scope: str, scope_id: object, reason: str, *, unseen: bool = True) -> None:
        """Record that a part of the endpoint could not be read: nothing in it may look deleted.

        ``scope_id`` is the device id, node name, vmid, ... or ``"*"`` for all of that kind. ``unseen``: rows may be
        hidden; False if a row was seen but could not be read, or a column is missing.
        """
        reason = redact(reason)[:_LONGEST_REASON]
        self.unknown(scope, scope_id, reason, unseen=unseen)
        with self._lock:
            if reason not in self._reasons:
                self._reasons.append(reason)

    def unknown(self, scope: str, scope_id: object, reason: str, *, unseen: bool = True) -> None:
        """Record that a part of the endpoint cannot be seen by anyone at the moment; the snapshot stays complete."""
        reason = redact(reason)[:_LONGEST_REASON]
        row = {
            "scope": scope,
            "scope_id": str(scope_id),
            "complete": False,
            "unseen": unseen,
            "reason": reason,
        }
        with self._lock:
            self._gaps.append(row)
        self._writers["scopes"].write([row])

    def reject(self, table: str, row_key: object, reason: str, row: object) -> None:
        """Record a rejected row. The caller removes secrets from ``row`` first."""
        try:
            text = json.dumps(row, default=str, ensure_ascii=False)[:_LONGEST_ROW]
        except (RecursionError, ValueError):
            text = '"a row that is nested too deeply to be kept"'
        line = {
            "source_table": table,
            "row_key": redact(str(row_key)[:_LONGEST_REASON]),
            "reason": redact(reason)[:_LONGEST_REASON],
            "row_json": redact(text),
        }
        self._writers["rejected"].write([line])

    def _late_reject(self, table: str, row: Row, reason: str) -> None:
        # Called under the table's own lock; written when that table is closed.
        self._late_rejects.append((table, row, reason))

    def close(
        self, last: Path | None = None, *, accept_shrink: bool = False, shrunken: Collection[str] = ()
    ) -> tuple[dict[str, int], list[str]]:
        """Write all footers; returns (row counts, reasons why incomplete).

        ``last``: the folder of the snapshot with which each owner's rows are compared; ``shrunken``: tables that are
        too short as a whole.
        """
        self.close_files(but=_LATE)
        if "row_counts" in self._writers:
            self._count(last, accept_shrink=accept_shrink, shrunken=shrunken)
        for table, row, reason in self._late_rejects:
            key = next(iter(row.values()), "")
            self.reject(table, key, reason, row)
            self.incomplete("table", table, f"{table}: {reason}")
        self.close_files(*_LATE)
        return {name: writer.rows for name, writer in self._writers.items()}, self._reasons

    def close_files(self, *names: str, but: Collection[str] = ()) -> None:
        """Write the footers of these tables, of all without names, and free their files."""
        for name, writer in self._writers.items():
            if name not in but and (not names or name in names):
                writer.close()

    def _count(self, last: Path | None, *, accept_shrink: bool, shrunken: Collection[str]) -> None:
        """Write the number of rows of each owner, and the scope of one that has too few."""
        sizes = {name: writer.rows for name, writer in self._writers.items()}
        for row in count_owners(self.system, self.folder, last, self._gaps, sizes):
            rows, before = row["rows"], row["baseline"]
            fallen = row["fallen"] and not accept_shrink
            kept = fallen or row["source_table"] in shrunken
            if fallen and row["source_table"] not in shrunken:
                tell = self.unknown if row["quiet"] else self.incomplete
                tell(
                    f"{SHORT}{row['source_table']}",
                    row["owner"],
                    f"{rows} of {before} {row['counted']} of the last good snapshot",
                )
            if kept and before is not None:
                baseline = before
            else:
                # Without a good read the number may only rise: repeated partial reads must not lower it.
                baseline = max(rows, before or 0) if row["unread"] and not accept_shrink else rows
            self._writers["row_counts"].write(
                [
                    {
                        **row,
                        "baseline": baseline,
                        "peak": rows if accept_shrink else row["peak"],
                        "accepted": accept_shrink or (row["accepted"] and not kept),
                    }
                ]
            )


def _shrunken(counts: dict[str, int], baseline: dict[str, int]) -> dict[str, str]:
    return {
        table: f"{counts[table]} of {before} rows of the last good snapshot"
        for table, before in baseline.items()
        if table in counts
        and table not in _SHRINK_EXEMPT
        and (before >= _SHRINK_MIN_ROWS or (table in _ALL_GONE and not counts[table]))
        and counts[table] < before * SHRINK_LIMIT
    }


def _without(baseline: dict[str, int], deleted: Mapping[str, Collection[int]]) -> dict[str, int]:
    return {table: max(count - len(deleted.get(table, ())), 0) for table, count in baseline.items()}


def _baseline(
    before: dict[str, int], counts: dict[str, int], good: bool, shrunken: dict[str, str]
) -> dict[str, int]:
    """The row counts with which the next snapshot is compared. A complete snapshot sets them; an incomplete one may
    only raise them, so repeated partial reads cannot lower them step by step."""
    return {
        table: before[table] if table in shrunken else count if good else max(count, before.get(table, 0))
        for table, count in counts.items()
    }


@contextmanager
def write_snapshot(
    warehouse: Warehouse,
    system: str,
    endpoint: str,
    *,
    accept_shrink: bool = False,
    deleted_by_us: DeletedByUs | None = None,
) -> Iterator[SnapshotWriter]:
    """Write a snapshot of ``endpoint``; it becomes current when the block ends without an exception.

    A table that holds fewer than 70 % of the rows of the last good snapshot marks the snapshot incomplete
    (scope ``table``), and so does a device, node, guest or container with so few of its rows (scope
    ``short_<table>``, see ``falls``), unless ``accept_shrink`` confirms the loss. Every attempt, also a failed one,
    is a line in ``attempts.jsonl``. ``deleted_by_us`` is called at the end: rows of the last snapshot that this
    product has deleted do not count as lost.
    """
    folder = warehouse.snapshots(system, endpoint)
    started, began = now(), elapsed()
    baseline = _last_baseline(warehouse, folder)
    try:
        last = warehouse.current(folder)
    except WarehouseError:
        last = None
    try:
        with warehouse.publish(folder, warehouse.keep_snapshots) as (snapshot_id, stage):
            writer = SnapshotWriter(system, endpoint, snapshot_id, stage)
            try:
                yield writer
            except BaseException:
                writer.close_files()
                raise
            expected = _without(baseline, deleted_by_us() if deleted_by_us else {})
            manifest = _finish(
                writer,
                started,
                expected,
                last,
                accept_shrink=accept_shrink,
                run=warehouse.run,
                sync=warehouse.sync,
            )
            write_json(stage / "manifest.json", manifest.__dict__)
    except Interrupted:
        raise
    except Exception as error:
        unreachable = bool(getattr(error, "unreachable", False))
        said = {"ok": False, "error": redact(str(error)), "unreachable": unreachable}
        _attempt(warehouse, folder, started, elapsed() - began, said)
        raise
    said = {"ok": True, "snapshot_id": manifest.snapshot_id, "complete": manifest.complete}
    _attempt(warehouse, folder, started, elapsed() - began, said)


def _last_baseline(warehouse: Warehouse, folder: Path) -> dict[str, int]:
    """The row counts with which a new snapshot is compared, from the newest readable manifest."""
    try:
        return dict(warehouse.manifest(folder)["baseline"])
    except Damaged:
        for version in reversed(versions(folder)):
            with suppress(Damaged, KeyError):
                return dict(read_manifest(folder / version)["baseline"])
    except WarehouseError:
        pass
    return {}


def _finish(
    writer: SnapshotWriter,
    started: datetime,
    baseline: dict[str, int],
    last: Path | None,
    *,
    accept_shrink: bool,
    run: str | None,
    sync: CurrentSync,
) -> Manifest:
    # Shrinkage adds rows to scopes before that table is closed, so rows are counted by the writers, including pending
    # ones.
    pending = {name: table.rows + table.pending for name, table in writer._writers.items()}
    shrunken = {} if accept_shrink else _shrunken(pending, baseline)
    for table, text in shrunken.items():
        writer.incomplete("table", table, f"{table}: {text}")
    counts, reasons = writer.close(last, accept_shrink=accept_shrink, shrunken=shrunken)
    good = not reasons
    return Manifest(
        snapshot_id=writer.snapshot_id,
        system=writer.system,
        endpoint=writer.endpoint,
        started=started.isoformat(),
        finished=now().isoformat(),
        source_version=writer.source_version,
        complete=good,
        reasons=reasons,
        row_counts=counts,
        baseline=_baseline(baseline, counts, good, shrunken),
        shrunken=shrunken,
        only=None if sync.shows_rest else writer.only,
        whole_started=_text(started if writer.only is None else writer.whole_started),
        run=run,
        read=writer.read,
        read_reason=writer.read_reason,
        part=writer.only if sync.shows_rest else None,
        is_brief=sync.is_brief,
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _attempt(
    warehouse: Warehouse, folder: Path, started: datetime, seconds: float, result: dict[str, Any]
) -> None:
    line = {
        "started": started.isoformat(),
        "finished": now().isoformat(),
        "seconds": round(seconds, 3),
        "who": warehouse.sync.who,
        "part": warehouse.sync.part,
        **result,
    }
    warehouse.append_jsonl(folder / "attempts.jsonl", line)
