"""The record of applies: a line before every request and a line per verdict, and functions to read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from netbox_sync_dagster.apply.changes import PendingWrite, Verdict
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.chain import read_head
from netbox_sync_dagster.storage.clock import mark, now, since
from netbox_sync_dagster.storage.ledger import (
    Line,
    append_lines,
    applies_folder,
    approvals_folder,
    ask_verdicts,
    ledger_files,
    read_lines,
)

_IDS_PER_LINE = 5_000


class ApplyLog:
    """Writes one apply's file. Thread-safe; every method returns when its lines are on disk."""

    def __init__(self, warehouse: Warehouse, endpoint: str, apply_id: str, target: str) -> None:
        self._warehouse = warehouse
        self._head: Line = {"apply_id": apply_id, "endpoint": endpoint, "target": target}
        self._path = applies_folder(warehouse, endpoint) / f"{apply_id}.jsonl"
        self._lock = Lock()
        self._operations = 0

    def close(self) -> None:
        """Close the file; the apply ended or failed."""
        self._warehouse.close_file(self._path)

    def start(
        self,
        *,
        by: Actor,
        diff_id: str,
        netbox_version: str,
        change_ids: list[str],
        undoes: str | None = None,
        branch: str | None = None,
    ) -> None:
        """The first line: what this apply is going to do.

        ``undoes``: the id of the apply that it reverts. ``branch``: the name of the branch that it writes to.
        """
        end = read_head(self._warehouse, approvals_folder(self._warehouse, self._head["endpoint"]))
        head = {
            "who": by.name,
            "through": by.through,
            "by": by.to_json(),
            # Makes it possible to notice that all approvals were deleted.
            "approvals_end": end.hash if end is not None else None,
            "diff_id": diff_id,
            "netbox_version": netbox_version,
            "changes": len(change_ids),
            "undoes": undoes,
            "branch": branch,
        }
        lines = [self._line("start", **head)]
        for at in range(0, len(change_ids), _IDS_PER_LINE):
            lines.append(self._line("approved", change_ids=change_ids[at : at + _IDS_PER_LINE]))
        self._write(lines)

    def sending(self, method: str, path: str, items: list[PendingWrite]) -> str:
        """Record what the next request will do; returns the operation's id."""
        with self._lock:
            self._operations += 1
            operation = f"{self._head['apply_id']}/{self._operations}"
        content = [item.to_json() for item in items]
        self._write(
            [
                self._line(
                    "sending",
                    operation_id=operation,
                    method=method,
                    path=path,
                    changes=content,
                    clock=mark(),
                )
            ]
        )
        return operation

    def verdicts(self, pairs: Iterable[tuple[PendingWrite, Verdict]], operation: str | None) -> None:
        """Record the results of changes; ``operation`` is the request that decided them, if any."""
        lines = []
        for item, verdict in pairs:
            content = {**item.to_json(), **verdict.__dict__}
            del content["body"]
            lines.append(self._line("verdict", operation_id=operation, **content))
        self._write(lines)

    def object_changes(self, found: list[dict[str, Any]]) -> None:
        """NetBox's own records of what was written: object_type, netbox_id, request_id, object_change_id."""
        for at in range(0, len(found), _IDS_PER_LINE):
            self._write([self._line("object_changes", found=found[at : at + _IDS_PER_LINE])])

    def journal(self, entries: list[dict[str, Any]]) -> None:
        """Journal entries written: assigned_object_type, assigned_object_id, journal_entry_id, comments."""
        if entries:
            self._write([self._line("journal", entries=entries)])

    def end(self, counts: dict[str, int], *, open_operations: int) -> None:
        """The last line. ``open_operations``: verdicts that the next apply has to settle."""
        self._write([self._line("end", counts=counts, open=open_operations)])

    def _line(self, kind: str, **content: Any) -> Line:
        return {"kind": kind, "at": now().isoformat(), **self._head, **content}

    def _write(self, lines: list[Line]) -> None:
        with self._lock:
            append_lines(self._warehouse, self._path, lines)


@dataclass(frozen=True)
class Applied:
    """What the ledger knows of a change that was applied."""

    change_id: str
    netbox_id: int | None
    last_updated: str | None
    request_id: str | None


def applied_changes(
    warehouse: Warehouse, endpoint: str, targets: Collection[str], change_ids: Iterable[str], since: int
) -> dict[str, Applied]:
    """The changes that were applied since then to what the ledger calls by any of these names, in that order.

    ``since``: a number of the warehouse's sequence.
    """
    rows = ask_verdicts(
        warehouse,
        endpoint,
        """
        SELECT change_id, netbox_id, last_updated, request_id FROM verdicts
        WHERE list_contains(?::VARCHAR[], target) AND verdict = 'applied' AND seq >= ? AND change_id IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY seq
        """,
        [list(targets), since, list(change_ids)],
    )
    return {
        change_id: Applied(change_id, netbox_id, updated.isoformat() if updated else None, request_id)
        for change_id, netbox_id, updated, request_id in rows
    }


@dataclass(frozen=True)
class Unfinished:
    """A request that was announced and whose outcome is not recorded for this change."""

    operation_id: str
    target: str
    # By the clock of the machine that sent it (``storage.clock.mark``).
    clock: dict[str, Any] | None
    item: PendingWrite

    @property
    def seconds(self) -> float:
        """The minimum seconds since it was sent; 0 if this machine cannot know."""
        return since(self.clock) or 0.0


def unfinished(warehouse: Warehouse, endpoint: str) -> list[Unfinished]:
    """What earlier applies of this endpoint left open, oldest first.

    An apply first settles everything before it, so the search ends at the newest file without open operations.
    """
    files: list[Path] = []
    for path in reversed(ledger_files(warehouse, applies_folder(warehouse, endpoint))):
        files.append(path)
        if _ended_clean(path):
            break
    found: dict[str, Unfinished] = {}
    for path in reversed(files):
        for line in read_lines(path):
            if line["kind"] == "sending":
                for content in line["changes"]:
                    item = PendingWrite.from_json(content)
                    found[item.change_id] = Unfinished(
                        line["operation_id"], line["target"], line.get("clock"), item
                    )
            elif line["kind"] == "verdict" and not line["open"]:
                found.pop(line["change_id"], None)
    return list(found.values())


def _ended_clean(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        line = orjson.loads(last)
    except orjson.JSONDecodeError:
        return False
    return line["kind"] == "end" and line["open"] == 0
