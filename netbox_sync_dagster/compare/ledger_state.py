"""How far the ledger had been written when a diff was made, and the objects that applies have written to since.

A file of an apply is only ever appended to, and an endpoint has one apply after the other: the number of its files,
their bytes and the last of them say which of its lines had been written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.files import tail, write_json
from netbox_sync_dagster.storage.ledger import applies_folder
from netbox_sync_dagster.storage.sequence import number_of_line

# Beside the manifest of a diff.
_FILE = "ledger.json"


class Mark(NamedTuple):
    """The files of an endpoint's applies, their bytes together, and the name of the last one: after a backup of the
    ledger was restored, other applies may be as long as those that are gone."""

    files: int
    bytes: int
    last: str


class Written(NamedTuple):
    """An object that an apply wrote to, by its list endpoint (``dcim/interfaces``) and id."""

    object_type: str
    netbox_id: int


_NOTHING = Mark(0, 0, "")

# By endpoint; those without an apply are left out.
LedgerState = Mapping[str, Mark]


def ledger_state(warehouse: Warehouse) -> LedgerState:
    """How far the ledger that ``prepare_ledger`` downloaded is written."""
    found: dict[str, Mark] = {}
    for file in warehouse.ledger.glob("applies/*/*.jsonl"):
        if size := file.stat().st_size:
            before = found.get(file.parent.name, _NOTHING)
            found[file.parent.name] = Mark(before.files + 1, before.bytes + size, max(before.last, file.name))
    return found


def hash_of(state: LedgerState) -> str:
    """Changes with every line of an apply."""
    text = "".join(f"{name} {mark.files} {mark.bytes} {mark.last}\n" for name, mark in sorted(state.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def keep_state(stage: Path, state: LedgerState) -> None:
    """Keep with a diff how far the ledger was written."""
    write_json(stage / _FILE, dict(state))


def has_lines_after(warehouse: Warehouse, number: int) -> bool:
    """Whether an apply of any endpoint wrote a line after this number of the warehouse's sequence.

    A line that a crash cut off does not count: the one before it says what was sent. True where no line can be read. The
    ledger was downloaded before (``prepare_ledger``).
    """
    newest: dict[str, Path] = {}
    for file in sorted(warehouse.ledger.glob("applies/*/*.jsonl")):
        if file.stat().st_size:
            newest[file.parent.name] = file
    numbers = [_last_number(file) for file in newest.values()]
    return any(last is None or last > number for last in numbers)


def _last_number(file: Path) -> int | None:
    """The number of the last line that can be read; None if there is none."""
    # A line of thousands of changes may be longer than what ``tail`` reads.
    for lines in (tail(file), file.read_bytes().splitlines()):
        for text in reversed(lines):
            with suppress(ValueError):
                return number_of_line(orjson.loads(text))
    return None


def written_since(
    warehouse: Warehouse, diff: Path, now: LedgerState, own: Collection[str]
) -> frozenset[Written] | None:
    """The objects that applies have written to since a diff was made, without those of the endpoints ``own``.

    None where that cannot be known: the diff does not say how far the ledger was written, lines are gone (a backup was
    restored) or damaged.
    """
    try:
        before = {name: Mark(*mark) for name, mark in orjson.loads((diff / _FILE).read_bytes()).items()}
        others = sorted({*before, *now} - set(own))
        marks = [(name, before.get(name, _NOTHING), now.get(name, _NOTHING)) for name in others]
        return frozenset().union(
            *(
                _objects_between(applies_folder(warehouse, name), then, by_now)
                for name, then, by_now in marks
                if then != by_now
            )
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


# Many endpoints are compared after one apply, and their last diffs mostly have the same mark.
@lru_cache(32)
def _objects_between(folder: Path, before: Mark, now: Mark) -> frozenset[Written]:
    """The objects in the lines after ``before``, at least up to ``now``."""
    return frozenset(written for line in _lines_after(folder, before) for written in _objects(line))


def _lines_after(folder: Path, mark: Mark) -> Iterator[dict[str, Any]]:
    """Raises ValueError if the files do not begin with what the mark says."""
    files = sorted(file for file in folder.glob("*.jsonl") if file.stat().st_size)
    ended = sum(file.stat().st_size for file in files[: max(mark.files - 1, 0)])
    offset = mark.bytes - ended
    if mark.files and [file.name for file in files[mark.files - 1 : mark.files]] != [mark.last]:
        raise ValueError(f"other files are in {folder}")
    if offset < 0:
        raise ValueError(f"lines are gone in {folder}")
    for number, file in enumerate(files[max(mark.files - 1, 0) :]):
        with file.open("rb") as content:
            if mark.files and number == 0:
                if offset > file.stat().st_size:
                    raise ValueError(f"lines are gone in {file}")
                content.seek(offset)
            for text in content:
                yield orjson.loads(text)


def _objects(line: dict[str, Any]) -> Iterator[Written]:
    """The objects of a verdict, and those in which NetBox cleared a reference to the deleted one."""
    if line["kind"] != "verdict":
        return
    if line.get("netbox_id") is not None:
        yield Written(line["object_type"], int(line["netbox_id"]))
    for cleared in line.get("cleared") or ():
        yield Written(cleared["object_type"], int(cleared["netbox_id"]))
