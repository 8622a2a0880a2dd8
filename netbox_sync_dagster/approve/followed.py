"""What followed from an answer: the rows that are different in the diff after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from netbox_sync_dagster.approve.resolve import Question
from netbox_sync_dagster.compare.plan import DiffRow, Plan


@dataclass(frozen=True)
class Followed:
    """``rows``: the answered rows, in their new state, and others whose action is another one or that are new
    changes. ``gone``: (resource, key) of answered rows that are no longer in the diff. ``before`` and ``after``: the
    number of rows by action."""

    diff_id: str
    rows: tuple[DiffRow, ...]
    gone: tuple[tuple[str, str], ...]
    before: dict[str, int]
    after: dict[str, int]


def what_followed(before: Plan, after: Plan, asked: Sequence[Question]) -> Followed:
    """Compare the diff in which the questions were asked with the one after the answer."""
    was = {(row.resource, row.key): row for row in before.rows}
    answered = dict.fromkeys(one.name for one in asked)
    rows = tuple(row for row in after.rows if _differs(row, was.get((row.resource, row.key)), answered))
    there = {(row.resource, row.key) for row in rows}
    return Followed(
        after.diff_id,
        rows,
        tuple(name for name in answered if name not in there),
        dict(Counter(row.action for row in before.rows)),
        dict(Counter(row.action for row in after.rows)),
    )


def _differs(row: DiffRow, was: DiffRow | None, answered: dict[tuple[str, str], None]) -> bool:
    if (row.resource, row.key) in answered:
        return True
    return row.is_change if was is None else was.action != row.action
