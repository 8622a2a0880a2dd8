"""Which questions an answer is to: by key, resource, cause, device and field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netbox_sync_dagster.approve.resolve import Question


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
