"""What the rows of a plan ask, as the page shows it: candidates by name, names to map to, and who may answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from netbox_sync_dagster.approve.netbox_names import described, names_of_section
from netbox_sync_dagster.approve.resolve import ANSWERS, NEEDS_REASON, Question, questions_of_row
from netbox_sync_dagster.compare.plan import DiffRow, is_undo
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.resolutions import Word
from netbox_sync_dagster.text import natural_key
from netbox_sync_dagster.web.rights import Rights
from netbox_sync_dagster.web.visit import Visit

# More names than this are of no use in a list to choose from; others can be typed.
_MOST_NAMES = 2_000


@dataclass(frozen=True)
class Candidate:
    """A NetBox object that the row may be: its id, in words, and its page."""

    netbox_id: int
    words: str
    page: str


@dataclass(frozen=True)
class ShownWord:
    """A name of the source that is to be mapped, and the names in NetBox that it may mean."""

    word: Word
    names: tuple[str, ...]


@dataclass(frozen=True)
class ShownQuestion:
    """A question with what the form of its answers needs. ``content``: the hash of what is asked, with its values.
    ``refused``: why the person may not answer it, or None."""

    one: Question
    content: str
    candidates: tuple[Candidate, ...]
    words: tuple[ShownWord, ...]
    refused: str | None

    @property
    def title(self) -> str:
        """What is asked. A row whose fields ask repeats their sentences, so that its title is another."""
        if self.one.field is not None:
            return f"{self.one.field}: {self.one.sentence}"
        return "The row as a whole" if self.repeats_fields else self.one.sentence

    @property
    def repeats_fields(self) -> bool:
        """The row asks only what its fields ask."""
        asked = json.loads(self.one.row.questions or "{}")
        return self.one.field is None and any(name for name in asked)

    @property
    def answers(self) -> dict[str, str]:
        """The possible answers, and what each means."""
        return {kind: ANSWERS[kind] for kind in self.one.answers}

    @property
    def needs_reason(self) -> tuple[str, ...]:
        """The answers that need a reason."""
        return NEEDS_REASON


def content_of(one: Question) -> str:
    """The hash of what is asked, with its values."""
    return str(json.loads(one.row.questions or "{}")[one.field or ""]["whole"])


def shown_to(visit: Visit, name: str, asked: Sequence[Question]) -> list[ShownQuestion]:
    """These questions of the plan of this name for one person, those of rows as a whole after those of their fields; a plan
    that reverts an apply asks nothing."""
    if is_undo(name) or not asked:
        return []
    refused = refusals(visit.rights, asked)
    found = [
        ShownQuestion(
            one,
            content_of(one),
            _candidates(visit.warehouse, visit.config.netbox.base_url, one),
            _words(visit.warehouse, one),
            refused.get(number),
        )
        for number, one in enumerate(asked)
    ]
    return sorted(found, key=lambda item: item.repeats_fields)


def questions_of_rows(rows: Iterable[DiffRow]) -> list[Question]:
    """What the rows ask, each question once."""
    found: dict[object, Question] = {}
    for row in rows:
        for one in questions_of_row(row):
            found.setdefault((row.resource, one.field, one.cause, one.about), one)
    return list(found.values())


def refusals(rights: Rights, asked: Sequence[Question]) -> dict[int, str]:
    """By position, why the person may not answer: whoever answers must be able to change the object in NetBox."""
    rows = [
        replace(one.row, action="update", change_id=str(number), fields=())
        for number, one in enumerate(asked)
    ]
    return {int(number): why for number, why in rights.refusals(rows).items()}


def _candidates(warehouse: Warehouse, netbox_url: str, one: Question) -> tuple[Candidate, ...]:
    if "pick" not in one.answers:
        return ()
    words = described(warehouse, one.row.resource, one.candidates)
    return tuple(
        Candidate(
            netbox_id,
            words.get(netbox_id, "no longer in NetBox"),
            f"{netbox_url}/{one.row.object_type}/{netbox_id}/",
        )
        for netbox_id in one.candidates
    )


def _words(warehouse: Warehouse, one: Question) -> tuple[ShownWord, ...]:
    if "map" not in one.answers:
        return ()
    return tuple(ShownWord(word, _names(warehouse, word.section)) for word in one.words)


def _names(warehouse: Warehouse, section: str) -> tuple[str, ...]:
    names = {row[0] for row in names_of_section(warehouse, section) if row[0]}
    return tuple(sorted(names, key=natural_key)[:_MOST_NAMES])
