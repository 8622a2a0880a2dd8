"""Resolutions: what people have answered to questions of a comparison, in the ledger.

A line of ``ledger/resolutions/<endpoint>/<year>-<month>.jsonl`` is an answer to one or more rows, or withdraws one. The
comparison reads the valid ones (``valid_resolutions``); ``approve/resolve.py`` checks an answer before it is
recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.ledger import Line, append_lines, ledger_files, month_file, read_lines
from netbox_sync_dagster.storage.sequence import number_of_line
from netbox_sync_dagster.storage.store import Warehouse

# A resolution of more rows than this is split into several lines: DuckDB reads lines of up to 16 MB.
_ITEMS_PER_LINE = 5_000
# Follows the name of an answer that counts whatever the source says.
FROM_NOW_ON = ", from now on"


@dataclass(frozen=True)
class Item:
    """A row or field that was answered, and what it asked. ``field``: None for the row. ``question``: None for a field
    that is kept whatever it asks."""

    resource: str
    key: str
    field: str | None
    question: str | None


@dataclass(frozen=True)
class Word:
    """A name of the source, in a section of the mappings."""

    section: str
    word: str

    @property
    def kind(self) -> str:
        """What it names: ``device type`` for ``device_types``."""
        return self.section.removesuffix("s").replace("_", " ")


@dataclass(frozen=True)
class Resolution:
    """One recorded answer.

    ``answer``: pick (``netbox_id``), create, map (``word`` to ``value``), value (``value``), move, take, keep, leave or
    acknowledge (until ``until``). ``cause`` and ``sentence``: what was asked, for people. ``by``: who answered, as
    ``Actor.to_json`` has it. Times are UTC.
    """

    resolution_id: str
    endpoint: str
    at: datetime
    who: str
    through: str
    answer: str
    cause: str
    sentence: str
    items: tuple[Item, ...] = ()
    word: Word | None = None
    netbox_id: int | None = None
    value: str | None = None
    why: str = ""
    until: datetime | None = None
    diff_id: str = ""
    by: dict[str, object] | None = None
    seq: int = 0
    # Who withdrew it, and when.
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    @property
    def always(self) -> bool:
        """Whether NetBox's values are kept from now on, whatever the source says."""
        return self.answer == "keep" and all(item.question is None for item in self.items)

    @property
    def said(self) -> str:
        """The answer, as people read it."""
        return f"{self.answer}{self.how_long}"

    @property
    def how_long(self) -> str:
        """What follows the name of the answer if it counts whatever the source says."""
        return FROM_NOW_ON if self.always else ""

    def state(self, at: datetime | None = None, lapsed: Collection[str] = ()) -> str:
        """valid, withdrawn, expired, or lapsed: ``lapsed`` are the ids that the current diff's manifest names."""
        if self.withdrawn_by is not None:
            return "withdrawn"
        if self.until is not None and self.until <= (at or now()):
            return "expired"
        return "lapsed" if self.resolution_id in lapsed else "valid"


def resolutions_folder(warehouse: Warehouse, endpoint: str) -> Path:
    """The folder with the answers about this endpoint's rows."""
    return warehouse.ledger / "resolutions" / endpoint


def write_resolution(warehouse: Warehouse, one: Resolution) -> None:
    """Append an answer to the ledger; on disk when this returns."""
    head: Line = {
        "kind": "resolution",
        "resolution_id": one.resolution_id,
        "at": one.at.isoformat(),
        "who": one.who,
        "through": one.through,
        "by": one.by,
        "endpoint": one.endpoint,
        "answer": one.answer,
        "cause": one.cause,
        "sentence": one.sentence,
        "section": one.word.section if one.word else None,
        "word": one.word.word if one.word else None,
        "netbox_id": one.netbox_id,
        "value": one.value,
        "why": one.why,
        "until": one.until.isoformat() if one.until else None,
        "diff_id": one.diff_id,
    }
    items = [
        {"resource": item.resource, "key": item.key, "field": item.field, "question": item.question}
        for item in one.items
    ]
    pieces = range(0, len(items), _ITEMS_PER_LINE) if items else range(1)
    path = month_file(warehouse, resolutions_folder(warehouse, one.endpoint))
    append_lines(warehouse, path, ({**head, "items": items[at : at + _ITEMS_PER_LINE]} for at in pieces))


def write_withdrawal(warehouse: Warehouse, endpoint: str, resolution_id: str, line: Line) -> None:
    """Append the withdrawal of an answer; ``line``: at, who, through, by and why."""
    path = month_file(warehouse, resolutions_folder(warehouse, endpoint))
    append_lines(
        warehouse,
        path,
        [{"kind": "withdrawal", "resolution_id": resolution_id, "endpoint": endpoint, **line}],
    )


def read_resolutions(warehouse: Warehouse, endpoint: str) -> list[Resolution]:
    """Every recorded answer about this endpoint's rows, oldest first."""
    found: dict[str, Resolution] = {}
    for line in _lines(warehouse, endpoint):
        known = found.get(line["resolution_id"])
        if line["kind"] == "resolution":
            items = (*(known.items if known else ()), *(Item(**item) for item in line["items"]))
            found[line["resolution_id"]] = _read(line, items)
        elif known is not None:
            found[known.resolution_id] = _withdrawn(known, line)
    return list(found.values())


def valid_resolutions(warehouse: Warehouse, endpoint: str, at: datetime | None = None) -> list[Resolution]:
    """The answers that count now, oldest first: neither withdrawn nor expired. Of several answers to one row,
    field or word the last one counts."""
    moment = at or now()
    valid = [one for one in read_resolutions(warehouse, endpoint) if one.state(moment) == "valid"]
    last: dict[object, str] = {}
    for one in valid:
        for subject in _subjects(one):
            last[subject] = one.resolution_id
    result = []
    for one in valid:
        items = tuple(item for item in one.items if last[_subject(item)] == one.resolution_id)
        word = one.word if one.word is not None and last[_word(one.word)] == one.resolution_id else None
        if items or word is not None:
            result.append(_with(one, items, word))
    return result


def words_of(resolutions: Sequence[Resolution]) -> list[tuple[str, str, str]]:
    """(section, word, name in NetBox) of the names that people have mapped."""
    return [
        (one.word.section, one.word.word, one.value)
        for one in resolutions
        if one.answer == "map" and one.word is not None and one.value is not None
    ]


def _lines(warehouse: Warehouse, endpoint: str) -> Iterator[Line]:
    for path in ledger_files(warehouse, resolutions_folder(warehouse, endpoint)):
        yield from (line for line in read_lines(path) if line.get("kind") in ("resolution", "withdrawal"))


def _read(line: Line, items: tuple[Item, ...]) -> Resolution:
    return Resolution(
        resolution_id=line["resolution_id"],
        endpoint=line["endpoint"],
        at=datetime.fromisoformat(line["at"]),
        who=line["who"],
        through=line["through"],
        answer=line["answer"],
        cause=line["cause"],
        sentence=line["sentence"],
        items=items,
        word=Word(line["section"], line["word"]) if line["section"] else None,
        netbox_id=line["netbox_id"],
        value=line["value"],
        why=line["why"],
        until=datetime.fromisoformat(line["until"]) if line["until"] else None,
        diff_id=line["diff_id"],
        by=line["by"],
        seq=number_of_line(line),
    )


def _withdrawn(one: Resolution, line: Line) -> Resolution:
    return replace(one, withdrawn_by=line["who"], withdrawn_at=datetime.fromisoformat(line["at"]))


def _with(one: Resolution, items: tuple[Item, ...], word: Word | None) -> Resolution:
    # Most answers count whole.
    return one if len(items) == len(one.items) and word is one.word else replace(one, items=items, word=word)


def _subjects(one: Resolution) -> Iterator[object]:
    yield from (_subject(item) for item in one.items)
    if one.word is not None:
        yield _word(one.word)


def _subject(item: Item) -> object:
    return (item.resource, item.key, item.field)


def _word(word: Word) -> object:
    return (word.section, word.word.lower())
