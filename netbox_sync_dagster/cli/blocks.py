"""Blocks of lines, and how many of them fit on a console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from netbox_sync_dagster.cli.changes import FIELD_INDENT
from netbox_sync_dagster.cli.console import harmless_text


@dataclass(frozen=True)
class Block:
    """Lines that are shown together, the number of rows or objects that they stand for, the actions that they show, and
    the heading above them."""

    lines: tuple[Text, ...]
    stands_for: int = 0
    actions: frozenset[str] = frozenset()
    title: str = ""


def by_title(blocks: Sequence[Block]) -> str:
    """``: 355 interfaces, 20 vlans``: what the blocks stand for, the most first."""
    numbers: Counter[str] = Counter()
    for block in blocks:
        numbers[block.title] += block.stands_for
    return ": " + ", ".join(f"{number} {title}" for title, number in numbers.most_common() if number)


class Size:
    """Prints blocks, and knows how many lines they take on this console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # A terminal breaks long lines; nothing else does.
        self._width = console.width if console.is_terminal else 0

    def of(self, blocks: Sequence[Block]) -> int:
        """The number of lines of the blocks."""
        return sum(len(self._broken(line)) for block in blocks for line in block.lines)

    def print(self, blocks: Sequence[Block], limit: int | None = None) -> int:
        """Print blocks within the limit, at least one; the number of rows or objects that are left."""
        fitting = len(blocks) if limit is None else self.fitting(blocks, limit)
        for block in blocks[:fitting]:
            for line in block.lines:
                for part in self._broken(line):
                    self._console.print(part, soft_wrap=True)
        return sum(block.stands_for for block in blocks[fitting:])

    def fitting(self, blocks: Sequence[Block], limit: int) -> int:
        """The number of blocks within the limit, at least one."""
        used = 0
        for position, block in enumerate(blocks):
            # A heading is shown with the block after it.
            together = blocks[position : position + (1 if block.stands_for else 2)]
            if used and used + self.of(together) > limit:
                return position
            used += self.of([block])
        return len(blocks)

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
