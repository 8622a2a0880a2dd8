"""What became of an endpoint's last tries, from their record in the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.files import last_lines


@dataclass(frozen=True)
class Tries:
    """Times are seconds since 1970, 0 for never. ``failures``: failed tries since the last good comparison, 0 where the
    last try was good; ``seconds``: the last good sync, from the start of the read to the end of the comparison."""

    last_start: float = 0
    last_end: float = 0
    failures: int = 0
    error: str = ""
    seconds: float | None = None


def read_tries(warehouse: Warehouse, system: str, endpoint: str) -> Tries:
    """The last tries to read and to compare the endpoint."""
    files = [
        folder / "attempts.jsonl"
        for folder in (warehouse.snapshots(system, endpoint), warehouse.diffs(endpoint))
    ]
    if warehouse.mirror is not None:
        for file in files:
            warehouse.mirror.fetch(file)
    reads = list(_lines(files[0]))
    compares = [line for line in _lines(files[1]) if line["system"] == system]
    both = sorted([*reads, *compares], key=lambda line: (line["finished"], line["started"]))
    if not both:
        return Tries()
    good = max((line["finished"] for line in compares if line["ok"]), default="")
    failed = [line for line in both if not line["ok"] and line["finished"] > good]
    last = both[-1]
    return Tries(
        last_start=_time(max(line["started"] for line in reads)) if reads else 0,
        last_end=_time(last["finished"]),
        failures=0 if last["ok"] else len(failed),
        error="" if last["ok"] else last["error"],
        seconds=_seconds(reads, good),
    )


def _seconds(reads: list[dict[str, Any]], good: str) -> float | None:
    began = max((line["started"] for line in reads if line["ok"] and line["finished"] <= good), default="")
    return _time(good) - _time(began) if began else None


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Some hundred tries, more than any decision needs; one that a crash cut off is left out."""
    try:
        lines = last_lines(path)
    except FileNotFoundError:
        return
    for line in lines:
        try:
            content = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "ok" in content:
            yield content
