"""Lists of changes: questions first, then one line per object, or one per kind of change if they do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from netbox_sync_dagster.cli.changes import (
    FIELD_INDENT,
    MARKS,
    attached_line,
    counts,
    field_lines,
    id_length,
    row_head,
    summary,
    total,
)
from netbox_sync_dagster.cli.console import LONGEST, harmless_text
from netbox_sync_dagster.cli.filters import NAMED_BY_KEY
from netbox_sync_dagster.compare.objects import Alike, ChangedObject, Shared, objects_of
from netbox_sync_dagster.compare.values import difference
from netbox_sync_dagster.config.resources import PREREQUISITES, RESOURCES
from netbox_sync_dagster.storage.sequence import moment_of
from netbox_sync_dagster.text import in_one_unit, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow

# Names of devices in a line, and characters of a value there.
_NAMED = 2
_SHORT = 60
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


@dataclass(frozen=True)
class _Block:
    """Lines that are shown together, and the number of rows or objects that they stand for."""

    lines: tuple[Text, ...]
    stands_for: int = 0


def print_rows(
    console: Console, rows: Collection[DiffRow], *, limit: int | None, layout: Layout = Layout()
) -> None:
    """Print rows of one plan, then their number: every object with its fields, or if these are more than ``limit`` lines,
    what changes alike as one line."""
    page = _Page(list(rows), layout)
    _print_page(console, page, limit)
    console.print(total(rows, page.number_of_objects), soft_wrap=True)


def _print_page(console: Console, page: _Page, limit: int | None) -> None:
    size = _Size(console)
    # Each of them takes a line at least: of a large plan the others are not made.
    if limit is None or page.number_of_questions + page.number_of_objects <= limit:
        blocks = page.every_question() + page.every_object()
        if limit is None or size.of(blocks) <= limit:
            size.print(blocks)
            return
    questions, changes = page.kinds_of_question(), page.kinds_of_change()
    # Half of the screen for each, or what the other leaves.
    room = max(limit // 2, limit - size.of(changes))
    left = size.print(questions, room)
    if left:
        console.print(f"  … and {left} more rows ask something", style="dim", soft_wrap=True)
    left = size.print(changes, limit - min(room, size.of(questions)))
    more = f"… and {left} more objects; " if left else ""
    console.print(f"  {more}{page.layout.more} lists each object", style="dim", soft_wrap=True)


class _Size:
    """Prints blocks, and knows how many lines they take on this console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # A terminal breaks long lines; nothing else does.
        self._width = console.width if console.is_terminal else 0

    def of(self, blocks: Sequence[_Block]) -> int:
        """The number of lines of the blocks."""
        return sum(len(self._broken(line)) for block in blocks for line in block.lines)

    def print(self, blocks: Sequence[_Block], limit: int | None = None) -> int:
        """Print blocks within the limit, at least one; the number of rows or objects that are left."""
        printed = 0
        for position, block in enumerate(blocks):
            # A heading is shown with the block after it.
            together = blocks[position : position + (1 if block.stands_for else 2)]
            if limit is not None and printed and printed + self.of(together) > limit:
                return sum(one.stands_for for one in blocks[position:])
            for line in block.lines:
                for part in self._broken(line):
                    self._console.print(part, soft_wrap=True)
            printed += self.of([block])
        return 0

    def _broken(self, line: Text) -> list[Text]:
        """The lines on a terminal, all but the first indented."""
        line = harmless_text(line)
        if not self._width or line.cell_len <= self._width:
            return [line]
        indent = len(FIELD_INDENT) + 2
        first, *more = line.wrap(self._console, self._width)
        if not more:
            return [first]
        rest = line[len(first.plain) :].wrap(self._console, max(self._width - indent, 20))
        for part in (first, *rest):
            part.rstrip()
        return [first, *(Text(" " * indent) + part for part in rest)]


class _Page:
    """The blocks of a list of rows."""

    def __init__(self, rows: Sequence[DiffRow], layout: Layout) -> None:
        self.layout = layout
        self._notes = layout.notes or {}
        self._digits = layout.digits or id_length(row.change_id for row in rows)
        self._questions = sorted(
            (row for row in rows if not row.is_change), key=lambda row: _QUESTIONS.index(row.action)
        )
        self._objects, self._alike = objects_of(rows, self._notes, by_place=layout.by_device)
        self._times = Counter((one.resource, one.key) for one in self._objects)

    @property
    def number_of_objects(self) -> int:
        return len(self._objects)

    @property
    def number_of_questions(self) -> int:
        return len(self._questions)

    def every_question(self) -> list[_Block]:
        """One block per row that is not a change, with its fields."""
        blocks = [
            _Block((self._question(row, row.key), *field_lines(row)), stands_for=1) for row in self._questions
        ]
        return [*self._asked(), *blocks]

    def kinds_of_question(self) -> list[_Block]:
        """One line per question, whatever the number of rows that ask it; the largest of each action first."""
        asked: dict[tuple[str, ...], list[DiffRow]] = {}
        for row in self._questions:
            what = (row.resource, row.action, row.cause or row.reason or "", _about(row))
            asked.setdefault(what if row.cause != _FOLLOWS else (_FOLLOWS,), []).append(row)
        following = asked.pop((_FOLLOWS,), [])
        groups = sorted(asked.values(), key=lambda rows: (_QUESTIONS.index(rows[0].action), -len(rows)))
        blocks = [_Block((self._question_of(same),), stands_for=len(same)) for same in groups]
        if following:
            number = f"{len(following)} rows wait" if len(following) > 1 else "1 row waits"
            mark, style = MARKS[following[0].action]
            text = Text(f"  {mark} {number} for one of these", style)
            blocks.append(_Block((text,), stands_for=len(following)))
        return [*self._asked(), *blocks]

    def _asked(self) -> list[_Block]:
        return [self._heading("questions", counts(self._questions))] if self._questions else []

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

    def every_object(self) -> list[_Block]:
        """One block per object, with its fields and what is attached to it, under headings."""
        blocks = []
        for title, group in groupby(self._objects, key=self._place_of):
            same = list(group)
            blocks.append(self._heading(title, Counter(one.action for one in same)))
            blocks += [_Block(tuple(self._lines(one)), stands_for=1) for one in same]
        return blocks

    def kinds_of_change(self) -> list[_Block]:
        """One line per kind of change, under headings."""
        blocks = []
        for title, group in groupby(self._alike, key=self._place_of):
            same = list(group)
            numbers: Counter[str] = Counter()
            for one in same:
                numbers[one.action] += one.objects
            blocks.append(self._heading(title, numbers))
            blocks += [_Block((self._kind(one),), stands_for=one.objects) for one in same]
        return blocks

    def _place_of(self, one: ChangedObject | Alike) -> str:
        if not self.layout.by_device:
            return one.resource
        return (one.place if isinstance(one, Alike) else one.parent) or "without a device"

    def _heading(self, title: str, numbers: Mapping[str, int]) -> _Block:
        ordered = {action: numbers[action] for action in MARKS if numbers.get(action)}
        return _Block((Text.assemble((visible(title, LONGEST), "bold"), "  ", summary(ordered)),))

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
            text = Text.assemble("  ", (f"{mark} {one.objects} {one.resource}", style), _places(one))
        if self.layout.by_device and one.objects == 1:
            text.append(f"  {one.resource}", "dim")
        parts = [*map(_shared, one.differs), *_attached(one)]
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


def _age(diff_id: str) -> float:
    return (datetime.now(UTC) - moment_of(diff_id)).total_seconds()


def _about(row: DiffRow) -> str:
    from netbox_sync_dagster.approve.resolve import questions_of_row

    return next((one.about for one in questions_of_row(row) if one.field is None), "")


def _places(one: Alike) -> str:
    """`` of sw1 (20), sw2 (12) and 4 more``."""
    if one.place:
        return ""
    # The name of such an object stands for what it belongs to.
    of_itself = one.resource in (*PREREQUISITES, *NAMED_BY_KEY)
    numbered = not of_itself and len(one.parents) > 1
    named = [
        visible(name, _SHORT) + (f" ({number})" if numbered else "")
        for name, number in one.parents[:_NAMED]
        if name
    ]
    more = len(one.parents) - len(named)
    if not named:
        return ""
    joined = ", ".join(named) + (f" and {more} more" if more else "")
    return f" {joined}" if of_itself else f" of {joined}"


def _shared(field: Shared) -> str:
    if field.values > 1:
        return str(visible(field.name))
    return f"{visible(field.name)}: {difference(field.before, field.after, _SHORT)}"


def _attached(one: Alike) -> Iterator[str]:
    for resource, number in sorted(one.attached.items(), key=lambda item: RESOURCES.index(item[0])):
        yield f"with {resource}" if number == one.objects else f"{number} with {resource}"
