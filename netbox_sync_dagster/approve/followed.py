"""What followed from an answer or its withdrawal: the rows that are different in the diff after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from netbox_sync_dagster.approve.resolve import Question
from netbox_sync_dagster.compare.plan import DiffRow, Plan


@dataclass(frozen=True)
class Followed:
    """``rows``: the answered rows, in their new state, then all others that are new or different: their action, reason,
    fields or questions. ``gone``: the rows of the diff before that have no difference now. ``before`` and ``after``: the
    number of rows by action."""

    diff_id: str
    rows: tuple[DiffRow, ...]
    gone: tuple[DiffRow, ...]
    before: dict[str, int]
    after: dict[str, int]


def what_followed(before: Plan, after: Plan, asked: Sequence[Question]) -> Followed:
    """Compare the diff in which the questions were asked with the one after the answer. ``asked``: what was answered; empty
    for a withdrawal."""
    was = {(row.resource, row.key): row for row in before.rows}
    now = {(row.resource, row.key): row for row in after.rows}
    answered = dict.fromkeys(one.name for one in asked if one.name in now)
    others = (
        row
        for name, row in now.items()
        if name not in answered and (name not in was or _content(row) != _content(was[name]))
    )
    return Followed(
        after.diff_id,
        (*(now[name] for name in answered), *others),
        tuple(row for name, row in was.items() if name not in now),
        dict(Counter(row.action for row in before.rows)),
        dict(Counter(row.action for row in after.rows)),
    )


def _content(row: DiffRow) -> tuple[object, ...]:
    """What people decide about. A change id also moves with the time at which NetBox last saw the object."""
    return row.action, row.reason, row.netbox_id, row.fields, row.questions
