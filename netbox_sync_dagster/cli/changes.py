"""Rows of a diff as lines for people, and their numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from netbox_sync_dagster.cli.console import LONGEST
from netbox_sync_dagster.compare.values import GENERIC, difference, display
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.objects import ChangedObject
    from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff

# action: (mark, style)
MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "conflict": ("!", "magenta"),
    "blocked": ("#", "bright_black"),
    "drifted": ("?", "cyan"),
    "acknowledged": ("=", "bright_black"),
}
ACTIONS = tuple(MARKS)
CHANGES = ("create", "update", "delete")
_MIN_ID = 8
FIELD_INDENT = " " * 6


def id_length(change_ids: Iterable[str]) -> int:
    """The number of characters, at least 8, that make all these change ids unique."""
    ordered = sorted(set(filter(None, change_ids)))
    needed = _MIN_ID
    for one, other in pairwise(ordered):
        while needed < len(one) and one[:needed] == other[:needed]:
            needed += 1
    return needed


def counts(rows: Iterable[DiffRow]) -> dict[str, int]:
    """The number of rows per action, without actions that have none."""
    found = dict.fromkeys(ACTIONS, 0)
    for row in rows:
        found[row.action] += 1
    return {action: number for action, number in found.items() if number}


def summary(numbers: Mapping[str, int]) -> Text:
    """``3 create, 1 conflict``, in the actions' colours."""
    if not numbers:
        return Text("no differences")
    parts = [Text(f"{number} {action}", MARKS[action][1]) for action, number in numbers.items()]
    return Text(", ").join(parts)


def changes_of(numbers: Mapping[str, int], objects: int) -> Text:
    """``7 changes of 3 objects: 4 create, 3 update``: ``numbers`` by action."""
    number = sum(numbers.values())
    of_objects = "" if objects == number else f" of {objects} object{'s' if objects != 1 else ''}"
    return Text.assemble(f"{number} change{'s' if number != 1 else ''}{of_objects}: ", summary(numbers))


def total(rows: Collection[DiffRow], objects: int) -> Text:
    """``7 changes of 3 objects: 4 create, 3 update; 2 questions: 1 conflict, 1 blocked``. Every list ends with this line, so
    that all commands count alike; ``objects`` is the number that the changes concern."""
    from netbox_sync_dagster.compare.plan import ASKING_ACTIONS

    numbers = counts(rows)
    changes = {action: number for action, number in numbers.items() if action in CHANGES}
    questions = {action: number for action, number in numbers.items() if action in ASKING_ACTIONS}
    parts = []
    if changes:
        parts.append(changes_of(changes, objects))
    if questions:
        number = sum(questions.values())
        parts.append(Text.assemble(f"{number} question{'s' if number != 1 else ''}: ", summary(questions)))
    if left := numbers.get("acknowledged"):
        parts.append(Text(f"{left} acknowledged", MARKS["acknowledged"][1]))
    return Text("; ").join(parts) if parts else Text("no differences")


def lines(row: DiffRow, digits: int, note: str | None = None) -> Iterator[Text]:
    """A row with its fields. ``note``: a word after the change id, such as approved."""
    yield row_head(row, digits, note)
    yield from field_lines(row)


def row_head(row: DiffRow, digits: int, note: str | None, key: str | None = None) -> Text:
    """``+ create sw1 Gi0/1  [3ac1f2d0]  approved  reason``. ``key``: instead of the row's."""
    mark, style = MARKS[row.action]
    text = Text.assemble("  ", (f"{mark} {row.action} {visible(key or row.key, LONGEST)}", style))
    if row.change_id:
        text.append(f"  [{row.change_id[:digits]}]", "dim")
    if note:
        text.append(f"  {note}", "bold")
    if row.reason:
        text.append(f"  {visible(row.reason, LONGEST)}")
    return text


def field_lines(row: DiffRow, ending: str | None = None) -> Iterator[Text]:
    """One line per field. ``ending``: at the end of each line."""
    for item in row.fields:
        if row.action == "create" and item.after is None and item.decision == "update":
            continue
        text = Text(f"{FIELD_INDENT}{visible(item.name)}: {_change(row, item)}")
        # The row's reason is already shown.
        repeated = item.reason is None or item.reason in (row.reason or "")
        if item.decision != "update":
            text.append(
                f"  ({item.decision}, not written{'' if repeated else '; ' + visible(item.reason, LONGEST)})",
                "cyan",
            )
        elif not repeated:
            text.append(f"  ({visible(item.reason, LONGEST)})", "dim")
        if ending:
            text.append(f"  {ending}", "dim")
        yield text


def _change(row: DiffRow, item: FieldDiff) -> str:
    if row.action == "delete":
        return display(item.before, LONGEST)
    if row.action == "create" and item.before is None:
        return display(item.after, LONGEST)
    if item.before == item.after:
        return f"stays {display(item.before, LONGEST)}"
    return difference(item.before, item.after, LONGEST)


def attached_line(one: ChangedObject, row: DiffRow, ending: str) -> Text:
    """What an object gets or loses, in one line: ``+ mac_addresses 00:1A:2F:00:01:49  [5b7e71ff]``."""
    mark, style = MARKS[row.action]
    name = row.key.removeprefix(f"{one.key} ")
    text = Text.assemble(FIELD_INDENT, (f"{mark} {row.resource} {visible(name, LONGEST)}", style))
    fields = [
        f"{visible(item.name)}: {_change(row, item)}"
        for item in row.fields
        if not _is_said(one, row, item, name)
    ]
    if fields:
        text.append(f": {', '.join(fields)}")
    if row.reason:
        text.append(f"  ({visible(row.reason, LONGEST)})", "dim")
    text.append(f"  {ending}", "dim")
    return text


def _is_said(one: ChangedObject, row: DiffRow, item: FieldDiff, name: str) -> bool:
    """Whether the line says it without the field: its name, or that it is attached to this object."""
    if row.action == "create" and item.after is None:
        return True
    if row.action == "delete":
        return item.before == name or item.name in GENERIC
    if item.name in GENERIC:
        return item.before is None
    return item.before is None and item.after == name


def screenful(console: Console) -> int:
    """The number of lines to show without --all."""
    return max(console.height - 6, 24) if console.is_terminal else 40
