"""Lists of changes: questions first, then one line per object, or one per kind of change if they do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from netbox_sync_dagster.cli.blocks import Block, Size, by_title
from netbox_sync_dagster.cli.changes import (
    MARKS,
    attached_line,
    changes_of,
    counts,
    field_lines,
    id_length,
    row_head,
    summary,
    total,
)
from netbox_sync_dagster.cli.console import LONGEST
from netbox_sync_dagster.cli.kinds_of_change import (
    attached_of,
    example_line,
    fields_of,
    places_of,
    shown_actions,
)
from netbox_sync_dagster.cli.missing import UNMAPPED, unmapped_fields
from netbox_sync_dagster.compare.objects import Alike, ChangedObject, objects_of
from netbox_sync_dagster.config.resources import PREREQUISITES, RESOURCES
from netbox_sync_dagster.storage.sequence import moment_of
from netbox_sync_dagster.text import in_one_unit, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow

# Resources of examples.
_EXAMPLES = 3
# Seconds from which on a row's age is shown.
_OLD = 3_600
_QUESTIONS = ("conflict", "drifted", "blocked", "acknowledged")
# The cause of a row that only waits for another one: what it waits for is the question.
_FOLLOWS = "needs_held_row"


@dataclass(frozen=True)
class Layout:
    """How rows are listed.

    ``digits`` of the change ids; ``notes``: a word after a change id, such as approved; ``by_device``: by device, guest or
    cluster instead of by resource; ``ages``: say what is new, and since when the rest is there, except what is there since
    the diff ``usual``; ``more``: the command or option that lists everything.
    """

    digits: int | None = None
    notes: Mapping[str, str] | None = None
    by_device: bool = False
    ages: bool = False
    usual: str | None = None
    more: str = "--all"


def print_rows(
    console: Console, rows: Collection[DiffRow], *, limit: int | None, layout: Layout = Layout()
) -> None:
    """Print rows of one plan, then their number: every object with its fields, or if these are more than ``limit`` lines,
    what changes alike as one line."""
    page = _Page(list(rows), layout)
    _print_page(console, page, limit)
    console.print(total(rows, page.number_of_objects), soft_wrap=True)


def _print_page(console: Console, page: _Page, limit: int | None) -> None:
    size = Size(console)
    # Each of them takes a line at least: of a large plan the others are not made.
    if limit is None or page.number_of_questions + page.number_of_objects <= limit:
        blocks = page.every_question() + page.every_object()
        if limit is None or size.of(blocks) <= limit:
            size.print(blocks)
            return
    questions, changes = page.kinds_of_question(), page.kinds_of_change()
    # Half of the screen for each, or what the other leaves.
    room = max(limit // 2, limit - size.of(changes))
    if size.of(questions) > room:
        questions = page.causes_of_questions()
    left = size.print(questions, room)
    if left:
        console.print(f"  … and {left} more rows ask something", style="dim", soft_wrap=True)
    room = limit - min(room, size.of(questions))
    examples = _examples(page, size, changes, room)
    room -= size.of(examples)
    below = "" if page.layout.by_device else by_title(changes[size.fitting(changes, room) :])
    left = size.print(changes, room)
    more = f"… and {left} more objects{below}; " if left else ""
    size.print(examples)
    console.print(f"  {more}{page.layout.more} lists each object", style="dim", soft_wrap=True)


def _examples(page: _Page, size: Size, changes: Sequence[Block], room: int) -> list[Block]:
    """Examples of the actions that the kinds of change would not show in this room. They need room too."""
    hidden: set[str] = set()
    while True:
        examples = page.examples(hidden)
        fitting = changes[: size.fitting(changes, room - size.of(examples))]
        more = page.actions.difference(hidden, *(block.actions for block in fitting))
        if not more:
            return examples
        hidden |= more


class _Page:
    """The blocks of a list of rows."""

    def __init__(self, rows: Sequence[DiffRow], layout: Layout) -> None:
        self.layout = layout
        self._notes = layout.notes or {}
        self._digits = layout.digits or id_length(row.change_id for row in rows)
        self._questions = sorted(
            (row for row in rows if not row.is_change), key=lambda row: _QUESTIONS.index(row.action)
        )
        self._changes: dict[str, list[DiffRow]] = {}
        for row in rows:
            if row.is_change:
                self._changes.setdefault(row.action, []).append(row)
        self._objects, self._alike = objects_of(rows, self._notes, by_place=layout.by_device)
        self._times = Counter((one.resource, one.key) for one in self._objects)

    @cached_property
    def _numbers(self) -> dict[str, tuple[Counter[str], int]]:
        """By heading: (the number of changes by action, the number of objects), counted as in the last line of the list."""
        found: dict[str, tuple[Counter[str], int]] = {}
        for one in self._objects:
            title = self._place_of(one)
            numbers, objects = found.get(title, (Counter(), 0))
            numbers.update(row.action for row in (*one.rows, *one.attached))
            found[title] = numbers, objects + 1
        return found

    @property
    def number_of_objects(self) -> int:
        return len(self._objects)

    @property
    def number_of_questions(self) -> int:
        return len(self._questions)

    def every_question(self) -> list[Block]:
        """One block per row that is not a change, with its fields."""
        blocks = [
            Block((self._question(row, row.key), *field_lines(row)), stands_for=1) for row in self._questions
        ]
        return [*self._asked(), *blocks]

    def kinds_of_question(self) -> list[Block]:
        """One line per question, whatever the number of rows that ask it; the largest of each action first."""
        asked: dict[tuple[str, ...], list[DiffRow]] = {}
        for row in self._questions:
            what = (row.resource, row.action, row.cause or row.reason or "", _about(row))
            asked.setdefault(what if row.cause != _FOLLOWS else (_FOLLOWS,), []).append(row)
        following = asked.pop((_FOLLOWS,), [])
        groups = sorted(asked.values(), key=lambda rows: (_QUESTIONS.index(rows[0].action), -len(rows)))
        blocks = [Block((self._question_of(same),), stands_for=len(same)) for same in groups]
        return [*self._asked(), *blocks, *_waiting(following)]

    def causes_of_questions(self) -> list[Block]:
        """One line per resource and cause, for many questions that differ in their names only. What the source names and
        NetBox lacks comes first: other rows follow from it."""
        asked: dict[tuple[str, ...], list[DiffRow]] = {}
        for row in self._questions:
            what = (row.resource, row.action, row.cause or row.reason or "")
            asked.setdefault(what if row.cause != _FOLLOWS else (_FOLLOWS,), []).append(row)
        following = asked.pop((_FOLLOWS,), [])

        def order(rows: list[DiffRow]) -> tuple[bool, int, int]:
            return rows[0].cause != UNMAPPED, _QUESTIONS.index(rows[0].action), -len(rows)

        blocks = [
            Block((self._cause_of(same),), stands_for=len(same)) for same in sorted(asked.values(), key=order)
        ]
        return [*self._asked(), *blocks, *_waiting(following)]

    def _cause_of(self, same: Sequence[DiffRow]) -> Text:
        first = same[0]
        if first.cause == UNMAPPED and len(same) > 1:
            mark, style = MARKS[first.action]
            text = Text.assemble("  ", (f"{mark} {len(same)} {first.resource} {first.action}", style))
            lacking = Counter(field for row in same for field in unmapped_fields(row))
            parts = ", ".join(f"no {field} ({number})" for field, number in lacking.most_common())
            return text.append(
                f"  {parts}, e.g. {visible(first.key, LONGEST)}: {visible(first.reason, LONGEST)}"
            )
        if len({row.reason for row in same}) == 1:
            return self._question_of(same)
        text = self._question(first, f"{first.key} and {len(same) - 1} more")
        return text.append(f"  {len(same)} rows with such a cause", "dim")

    def _asked(self) -> list[Block]:
        if not self._questions:
            return []
        return [Block((Text.assemble(("questions", "bold"), "  ", summary(counts(self._questions))),))]

    def _question_of(self, same: Sequence[DiffRow]) -> Text:
        first = same[0]
        if len(same) == 1:
            return self._question(first, first.key)
        return self._question(first, f"{first.key} and {len(same) - 1} more")

    def _question(self, row: DiffRow, key: str) -> Text:
        mark, style = MARKS[row.action]
        text = Text.assemble("  ", (f"{mark} {row.action} {row.resource} {visible(key, LONGEST)}", style))
        if row.reason:
            text.append(f"  {visible(row.reason, LONGEST)}")
        return self._aged(text, row.first_diff == row.diff_id, row.first_diff)

    def every_object(self) -> list[Block]:
        """One block per object, with its fields and what is attached to it, under headings."""
        blocks = []
        for title, group in groupby(self._objects, key=self._place_of):
            same = list(group)
            blocks.append(self._heading(title, *self._numbers[title]))
            blocks += [Block(tuple(self._lines(one)), stands_for=1) for one in same]
        return blocks

    def kinds_of_change(self) -> list[Block]:
        """One line per kind of change, under headings."""
        blocks = []
        for title, group in groupby(self._alike, key=self._place_of):
            blocks.append(self._heading(title, *self._numbers[title]))
            blocks += [
                Block((self._kind(one),), stands_for=one.objects, actions=shown_actions(one), title=title)
                for one in group
            ]
        return blocks

    @property
    def actions(self) -> set[str]:
        """What the changes do."""
        return set(self._changes)

    def examples(self, actions: Collection[str]) -> list[Block]:
        """Examples of changes with these actions, of the resources with most of them. A list of objects does not show
        such changes if they come with others: a new machine gets its primary address by an update."""
        blocks = []
        for action in (one for one in MARKS if one in actions):
            rows = self._changes[action]
            blocks.append(self._heading("also", {action: len(rows)}, len(rows)))
            of_resource = {name: [row for row in rows if row.resource == name] for name in RESOURCES}
            largest = sorted(filter(None, of_resource.values()), key=len, reverse=True)
            blocks += [Block((example_line(same[0], len(same)),)) for same in largest[:_EXAMPLES]]
        return blocks

    def _place_of(self, one: ChangedObject | Alike) -> str:
        if not self.layout.by_device:
            return one.resource
        if isinstance(one, Alike):
            return one.place or "without a device"
        return "without a device" if one.resource in PREREQUISITES or not one.parent else one.parent

    def _heading(self, title: str, numbers: Mapping[str, int], objects: int) -> Block:
        ordered = {action: numbers[action] for action in MARKS if numbers.get(action)}
        said = changes_of(ordered, objects)
        return Block((Text.assemble((visible(title, LONGEST), "bold"), "  ", said),))

    def _lines(self, one: ChangedObject) -> Iterator[Text]:
        # The row that says what happens to the object, or the only one; there may be none.
        main = next((row for row in one.rows if row.resource == one.resource or len(one.rows) == 1), None)
        if main is not None:
            head = row_head(main, self._digits, self._notes.get(main.change_id), one.key)
        else:
            mark, style = MARKS[one.action]
            head = Text.assemble("  ", (f"{mark} {one.action} {visible(one.key, LONGEST)}", style))
        head.append(self._netbox_id(one), "dim")
        if self.layout.by_device:
            head.append(f"  {one.resource}", "dim")
        of_all = [*one.rows, *one.attached]
        first = min((row.first_diff or row.diff_id for row in of_all), default="")
        yield self._aged(head, all(row.first_diff == row.diff_id for row in of_all), first)
        for row in one.rows:
            ending = None if row is main else self._id(row)
            yield from field_lines(row, ending)
        for row in one.attached:
            yield attached_line(one, row, self._id(row))

    def _netbox_id(self, one: ChangedObject) -> str:
        """``  NetBox id 7`` where the name alone is not clear."""
        if one.netbox_id is None or self._times[one.resource, one.key] == 1:
            return ""
        return f"  NetBox id {one.netbox_id}"

    def _id(self, row: DiffRow) -> str:
        note = self._notes.get(row.change_id)
        return f"[{row.change_id[: self._digits]}]" + (f" {note}" if note else "")

    def _kind(self, one: Alike) -> Text:
        mark, style = MARKS[one.action]
        if one.objects == 1:
            text = Text.assemble(
                "  ", (f"{mark} {one.action} {visible(one.example.key, LONGEST)}", style), *self._ids(one)
            )
            text.append(self._netbox_id(one.example), "dim")
        else:
            text = Text.assemble("  ", (f"{mark} {one.objects} {one.resource}", style), places_of(one))
        if self.layout.by_device and one.objects == 1:
            text.append(f"  {one.resource}", "dim")
        parts = [*fields_of(one.differs), *attached_of(one)]
        if not parts and one.action == "update":
            parts = ["only its id in the source" if one.objects == 1 else "only their ids in the source"]
        if parts:
            text.append(f": {', '.join(parts)}")
        if one.reason:
            text.append(f"  {'' if one.objects == 1 else 'e.g. '}{visible(one.reason, LONGEST)}")
        decided = ", ".join(
            word if number == one.changes else f"{number} of {one.changes} {word}"
            for word, number in one.decided.items()
        )
        if decided:
            text.append(f"  {decided}", "bold")
        return self._aged(text, one.new == one.changes, one.first_diff, one.new)

    def _ids(self, one: Alike) -> Iterator[tuple[str, str]]:
        rows = [*one.example.rows, *one.example.attached]
        more = f" +{len(rows) - 1}" if len(rows) > 1 else ""
        yield f"  [{rows[0].change_id[: self._digits]}{more}]", "dim"

    def _aged(self, text: Text, new: bool, first_diff: str | None, some: int = 0) -> Text:
        if not self.layout.ages or not first_diff:
            return text
        if new:
            text.append("  new", "bold")
        elif some:
            text.append(f"  {some} new", "bold")
        elif first_diff != self.layout.usual and (seconds := _age(first_diff)) >= _OLD:
            text.append(f"  for {in_one_unit(seconds)}", "dim")
        return text


def _waiting(following: Sequence[DiffRow]) -> list[Block]:
    """The rows that only wait for others."""
    if not following:
        return []
    number = f"{len(following)} rows wait" if len(following) > 1 else "1 row waits"
    mark, style = MARKS[following[0].action]
    return [Block((Text(f"  {mark} {number} for one of these", style),), stands_for=len(following))]


def _age(diff_id: str) -> float:
    return (datetime.now(UTC) - moment_of(diff_id)).total_seconds()


def _about(row: DiffRow) -> str:
    from netbox_sync_dagster.approve.resolve import questions_of_row

    return next((one.about for one in questions_of_row(row) if one.field is None), "")
