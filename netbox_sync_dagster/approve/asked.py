"""Which questions an answer is to: by key, resource, cause, device and field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netbox_sync_dagster.approve.resolve import Question, ResolveError
from netbox_sync_dagster.storage.resolutions import Word
from netbox_sync_dagster.text import visible


@dataclass(frozen=True)
class QuestionFilter:
    """Which questions are meant; empty means any. Of acknowledged rows those whose keys are named."""

    keys: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    field: str | None = None

    def takes(self, one: Question) -> bool:
        """Whether this question is among them."""
        row = one.row
        return (
            (row.key in self.keys if self.keys else row.action != "acknowledged")
            and (not self.resource or row.resource in self.resource)
            and (not self.cause or one.cause in self.cause)
            and (not self.device or row.parent in self.device or row.key in self.device)
            and (self.field is None or one.field == self.field)
        )


def answerable(asked: Iterable[Question], kind: str) -> list[Question]:
    """The questions that take an answer of this kind, and of rows without one all, which are refused by name: a row asks
    several questions, of which one is meant."""
    asked = list(asked)
    taking = [one for one in asked if kind in one.answers]
    rows = {one.name for one in taking}
    return taking + [one for one in asked if one.name not in rows]


def word_in(asked: Iterable[Question], section: str) -> Word:
    """The name that these questions ask for in a section of the mappings. Raises ResolveError unless it is one name."""
    words = list(dict.fromkeys(word for one in asked for word in one.words))
    found = [word for word in words if word.section == section]
    if len(found) == 1:
        return found[0]
    sections = ", ".join(sorted({word.section for word in words})) or "none"
    names = ", ".join(f"'{visible(word.word, 80)}'" for word in found[:5])
    raise ResolveError(
        f"these rows ask for {f'several names of {section}: {names}' if found else f'no name of {visible(section, 40)}'} (the "
        f"sections of the names that they ask for: {sections})"
    )
