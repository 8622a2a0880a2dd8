"""The consoles of the command line: whatever is printed, one print is one line, and shows what it holds."""

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

# Of one cell of a table of SQL, one reason, one value.
LONGEST = 1_000


class SafeConsole(Console):
    """A console on which foreign text cannot move the cursor, forge a line or turn words around.

    A plain string is shown by ``visible``. Of a ``Text`` and of anything else the same characters are escaped, and its
    backslashes stay: put it together from visible parts. Commands print through it and through nothing else.
    """

    def print_lines(self, text: str, **options: Any) -> None:
        """Print a text of several lines that holds nothing from outside."""
        for line in text.split("\n"):
            self.print(line, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A string as it is printed, or stands in a table."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The last point that everything passes, progress bars and tables included."""
        if isinstance(renderable, Text):
            renderable = harmless_text(renderable)
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n" or not needs_escape(segment.text):
                yield segment
            else:
                text = "\n".join(map(harmless, segment.text.split("\n")))
                yield Segment(text, segment.style)


def harmless_text(text: Text) -> Text:
    """The same in the same colours, with escapes for what cannot be seen, line breaks included."""
    plain = text.plain
    if not needs_escape(plain):
        return text
    # Where each character begins in the new text.
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
    """A console that colours only on a terminal and never breaks or shortens a line when piped."""
    stream = file or (sys.stderr if stderr else sys.stdout)
    width = None if stream.isatty() else 100_000
    # Empty NO_COLOR means colours, see no-color.org; rich takes care of the rest of it.
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
    """A table; a cell beyond 1,000 characters is cut, and its length named."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(visible(column), overflow="fold" if fold else "ellipsis", no_wrap=not fold)
    for cells in rows:
        table.add_row(
            *(harmless_text(cell) if isinstance(cell, Text) else visible(cell, LONGEST) for cell in cells)
        )
    return table


def write_data(console: Console, text: str) -> None:
    """Data for another program, as it is: made by ``json_text``, or of names and numbers of ours."""
    console.file.write(text)


def write_json(console: Console, value: Any, *, default: Any = str) -> None:
    """A JSON document for a program or a person: what cannot be seen is escaped as JSON does."""
    write_data(console, json_text(value, indent=2, default=default) + "\n")
