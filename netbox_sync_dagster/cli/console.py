"""The consoles of the command line, which escape all text from outside."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Span, Text

from netbox_sync_dagster.text import harmless, json_text, needs_escape, visible

# Maximum number of characters of a table cell, reason or value.
LONGEST = 1_000


class SafeConsole(Console):
    """A console on which text from outside cannot move the cursor, forge a line or reverse text.

    Plain strings are escaped with ``visible``. In a ``Text`` and in everything else the same characters are escaped, but
    backslashes stay, so build it from visible parts. All commands print through this class.
    """

    def print_lines(self, text: str, **options: Any) -> None:
        """Print a multi-line text without content from outside."""
        for line in text.split("\n"):
            self.print(line, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape a string for printing or for a table."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Escape everything that is printed, including progress bars and tables."""
        if isinstance(renderable, Text):
            renderable = harmless_text(renderable)
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n" or not needs_escape(segment.text):
                yield segment
            else:
                text = "\n".join(map(harmless, segment.text.split("\n")))
                yield Segment(text, segment.style)


def harmless_text(text: Text) -> Text:
    """The text with the same styles, and invisible characters and line breaks escaped."""
    plain = text.plain
    if not needs_escape(plain):
        return text
    # The position of each character in the new text.
    places = [0]
    parts = [harmless(character) for character in plain]
    for part in parts:
        places.append(places[-1] + len(part))
    last = len(plain)
    spans = [Span(places[min(s.start, last)], places[min(s.end, last)], s.style) for s in text.spans]
    return Text(
        "".join(parts),
        text.style,
        justify=text.justify,
        overflow=text.overflow,
        no_wrap=text.no_wrap,
        end=text.end,
        tab_size=text.tab_size,
        spans=spans,
    )


def make_console(*, stderr: bool = False, no_color: bool = False, file: IO[str] | None = None) -> SafeConsole:
    """A console that uses colours only on a terminal and never wraps or truncates lines when piped."""
    stream = file or (sys.stderr if stderr else sys.stdout)
    width = None if stream.isatty() else 100_000
    # An empty NO_COLOR allows colours, see no-color.org; rich handles the rest.
    return SafeConsole(
        file=file,
        stderr=stderr,
        no_color=no_color or None,
        color_system=None if no_color else "auto",
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, fold: bool = True) -> Table:
    """A table. Cells over 1,000 characters are truncated, with their length."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(visible(column), overflow="fold" if fold else "ellipsis", no_wrap=not fold)
    for cells in rows:
        table.add_row(
            *(harmless_text(cell) if isinstance(cell, Text) else visible(cell, LONGEST) for cell in cells)
        )
    return table


def write_data(console: Console, text: str) -> None:
    """Write data for another program unchanged: output of ``json_text``, or our own names and numbers."""
    console.file.write(text)


def write_json(console: Console, value: Any, *, default: Any = str) -> None:
    """Write a JSON document, with invisible characters escaped."""
    write_data(console, json_text(value, indent=2, default=default) + "\n")
