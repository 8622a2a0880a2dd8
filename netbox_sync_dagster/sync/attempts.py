"""The last attempts to sync an endpoint, as recorded in the warehouse.

Syncs of a part (one device, a hook, an answer) do not count: after them the whole endpoint is due as before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.files import tail
from netbox_sync_dagster.storage.sequence import number_of_line


@dataclass(frozen=True)
class Attempts:
    """Times are seconds since 1970 by the recording machine's clock, 0 for never. ``last``: the number of the last
    attempt. ``failures``: failed attempts since the last good comparison, 0 if the last one was good; ``seconds``:
    duration of the last good sync, from the start of the read to the end of the comparison."""

    last_start: float = 0
    last_end: float = 0
    failures: int = 0
    error: str = ""
    seconds: float | None = None
    last: int = 0


def read_attempts(warehouse: Warehouse, system: str, endpoint: str) -> Attempts:
    """The last attempts to read and to compare the endpoint, as this machine has them (``Warehouse.pull_attempts``)."""
    read, compared = (
        f"{folder}/attempts.jsonl"
        for folder in (warehouse.snapshots(system, endpoint), warehouse.diffs(endpoint))
    )
    return _attempts_of(system, read, _state(read), compared, _state(compared))


def _state(file: str) -> tuple[int, ...]:
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


# A sensor asks for every endpoint again and again, and few files have changed.
@lru_cache(maxsize=4096)
def _attempts_of(
    system: str, read: str, read_state: tuple[int, ...], compared: str, compared_state: tuple[int, ...]
) -> Attempts:
    """The attempts in two files with these states."""
    reads = _lines(Path(read))
    compares = [line for line in _lines(Path(compared)) if line["system"] == system]
    both = sorted([*reads, *compares], key=_order)
    if not both:
        return Attempts()
    good = max((_order(line) for line in compares if line["ok"]), default=(0, ""))
    failed = [line for line in both if not line["ok"] and _order(line) > good]
    last = both[-1]
    return Attempts(
        last_start=_time(max(reads, key=_order)["started"]) if reads else 0,
        last_end=_time(last["finished"]),
        failures=0 if last["ok"] else len(failed),
        error="" if last["ok"] else last["error"],
        seconds=_seconds(reads, compares),
        last=_order(last)[0],
    )


def _order(line: dict[str, Any]) -> tuple[int, str]:
    return number_of_line(line, "finished"), line["finished"]


def _seconds(reads: list[dict[str, Any]], compares: list[dict[str, Any]]) -> float | None:
    """Duration of the last good comparison, including the read before it."""
    compared = max((line for line in compares if line["ok"]), key=_order, default=None)
    if compared is None:
        return None
    before = [line for line in reads if line["ok"] and _order(line) <= _order(compared)]
    if not before:
        return None
    read = max(before, key=_order)
    if "seconds" in read and "seconds" in compared:
        return float(read["seconds"]) + float(compared["seconds"])
    return _time(compared["finished"]) - _time(read["started"])


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _lines(path: Path) -> list[dict[str, Any]]:
    """Several hundred attempts, more than any decision needs; skips a line that a crash cut off."""
    try:
        # Hooks may have added more lines than the tail has.
        return list(_whole(tail(path))) or list(_whole(path.read_bytes().splitlines()))
    except FileNotFoundError:
        return []


def _whole(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            content = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "ok" in content and content.get("part") is None:
            yield content
