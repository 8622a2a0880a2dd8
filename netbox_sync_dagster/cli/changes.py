"""Prints diff rows: one line per object, one per field, grouped by resource."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from netbox_sync_dagster.cli.console import LONGEST
from netbox_sync_dagster.compare.values import difference, display
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow

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
_MIN_ID = 8
_FIELD = " " * 6


@dataclass(frozen=True)
class RowFilter:
    """Selects rows; an empty tuple matches all. ``devices`` are names of devices, VMs or clusters."""

    resources: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def takes(self, row: DiffRow) -> bool:
        """Whether the filter matches this row."""
        itself = row.resource in ("devices", "virtual_machines", "clusters") and row.key in self.devices
        return (
            (not self.resources or row.resource in self.resources)
            and (not self.actions or row.action in self.actions)
            and (not self.devices or itself or row.parent in self.devices)
            and (not self.fields or any(item.name in self.fields for item in row.fields))
        )


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


def summary(numbers: dict[str, int]) -> Text:
    """``3 create, 1 conflict``, in the actions' colours."""
    if not numbers:
        return Text("no differences")
    parts = [Text(f"{number} {action}", MARKS[action][1]) for action, number in numbers.items()]
    return Text(", ").join(parts)


def lines(
    rows: Iterable[DiffRow], *, digits: int, notes: dict[str, str] | None = None
) -> Iterator[tuple[Text, bool]]:
    """(line, whether it is the first of an object). ``notes``: a word after a change id, such as approved."""
    for resource, group in groupby(rows, key=lambda row: row.resource):
        same = list(group)
        yield Text.assemble((resource, "bold"), "  ", summary(counts(same))), False
        for row in same:
            yield _head(row, digits, (notes or {}).get(row.change_id)), True
            for line in _fields(row):
                yield line, False


def _head(row: DiffRow, digits: int, note: str | None) -> Text:
    mark, style = MARKS[row.action]
    text = Text.assemble("  ", (f"{mark} {row.action} {visible(row.key, LONGEST)}", style))
    if row.change_id:
        text.append(f"  [{row.change_id[:digits]}]", "dim")
    if note:
        text.append(f"  {note}", "bold")
    if row.reason:
        text.append(f"  {visible(row.reason, LONGEST)}")
    return text


def _fields(row: DiffRow) -> Iterator[Text]:
    for item in row.fields:
        if row.action == "create" and item.after is None and item.verdict == "update":
            continue
        text = Text(f"{_FIELD}{visible(item.name)}: ")
        if row.action == "delete":
            text.append(display(item.before, LONGEST))
        elif row.action == "create" and item.before is None:
            text.append(display(item.after, LONGEST))
        elif item.before == item.after:
            text.append(f"stays {display(item.before, LONGEST)}")
        else:
            text.append(difference(item.before, item.after, LONGEST))
        # The row's reason is already shown.
        repeated = item.reason is None or item.reason in (row.reason or "")
        if item.verdict != "update":
            text.append(
                f"  ({item.verdict}, not written{'' if repeated else '; ' + visible(item.reason, LONGEST)})",
                "cyan",
            )
        elif not repeated:
            text.append(f"  ({visible(item.reason, LONGEST)})", "dim")
        yield text


def print_rows(
    console: Console,
    rows: Collection[DiffRow],
    *,
    limit: int | None,
    digits: int | None = None,
    notes: dict[str, str] | None = None,
    more: str = "--all shows them",
) -> None:
    """Print rows, at most about ``limit`` lines, then the number of remaining rows."""
    digits = digits or id_length(row.change_id for row in rows)
    objects = 0
    for printed, (line, begins) in enumerate(lines(rows, digits=digits, notes=notes)):
        # Do not stop within an object or after a heading.
        if limit is not None and printed >= limit and not line.plain.startswith(_FIELD):
            break
        objects += begins
        console.print(line, soft_wrap=True)
    left = len(rows) - objects
    if left:
        console.print(f"  … and {left} more ({more})", style="dim", soft_wrap=True)


def screenful(console: Console) -> int:
    """The number of lines to show without --all."""
    return max(console.height - 6, 24) if console.is_terminal else 40
