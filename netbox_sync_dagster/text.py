"""Text from servers and people, made safe to show: what cannot be seen, or moves what is seen, becomes an escape.

A name may hold ``ESC [1A``, which moves a terminal's cursor, a line break, which forges a line, or U+202E, which turns
the words around. Shown are ``\\x1b``, ``\\n``, ``\\u202e``; a backslash is shown as two, so that an escape is never
mistaken for text. Every way out to a person goes through here: the console (``cli/console.py``), Dagster
(``defs/shown.py``), messages (``notify/``), metrics.

``sql/macros/texts.sql`` has the same set of characters, for names that are refused.
"""

from __future__ import annotations

import difflib
import html
import json
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# Inclusive ranges: control characters (C0, DEL, C1), line and paragraph separators, format characters (bidirectional
# and zero-width marks, soft hyphen, tags), characters that Unicode calls ignorable (variation selectors, fillers),
# surrogates, private use, and code points that are no characters.
UNSEEN_RANGES: tuple[tuple[int, int], ...] = (
    (0x0, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x600, 0x605),
    (0x61C, 0x61C),
    (0x6DD, 0x6DD),
    (0x70F, 0x70F),
    (0x890, 0x891),
    (0x8E2, 0x8E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xD800, 0xF8FF),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF) for plane in range(1, 0xD)),
    (0xDFFFE, 0xE0FFF),
    (0xEFFFE, 0x10FFFF),
)
_NUMBERS = re.compile(r"[0-9]+")
# Seen as a space and is another one: names may hold them, but not look the same.
_ODD_SPACES = "\xa0\u1680\u2000-\u200a\u202f\u205f\u2800"


def _class(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)


_UNSEEN = re.compile(f"[{_class(UNSEEN_RANGES)}]")
_ESCAPED = re.compile(f"[{_class(UNSEEN_RANGES)}{_ODD_SPACES}]")
_ESCAPED_AND_BACKSLASH = re.compile(f"[{_class(UNSEEN_RANGES)}{_ODD_SPACES}\\\\]")
_ESCAPED_IN_QUOTES = re.compile(f'[{_class(UNSEEN_RANGES)}{_ODD_SPACES}\\\\"]')
_ESCAPE_BEGUN = re.compile(r"(?<!\\)(?:\\\\)*\\(?:x.?|u.{0,3}|U.{0,7})?$")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"'}


class Shown(str):
    """Text that ``visible`` made safe: it is not escaped a second time. Ordinary string operations lose the mark."""

    __slots__ = ()


def has_unseen(text: str) -> bool:
    """Whether a person would not see all of the text, or see it elsewhere than it is."""
    return _UNSEEN.search(text) is not None


def visible(text: object, longest: int | None = None) -> Shown:
    """The text on one line, with escapes for what cannot be seen.

    Beyond ``longest`` characters (of the text, not of the escapes) it is cut, and its length named. Different texts
    look different, but for what is cut. A ``Shown`` is only cut.
    """
    if isinstance(text, Shown):
        if longest is None or len(text) <= longest:
            return text
        # Do not cut within an escape.
        return Shown(f"{_ESCAPE_BEGUN.sub('', text[:longest])}… ({len(text):,} characters)")
    whole = str(text)
    return _cut(whole, longest, lambda part: _ESCAPED_AND_BACKSLASH.sub(_escape, part))


def quoted(text: str, longest: int | None = None) -> Shown:
    """The same in double quotes, where what follows must not pass for a part of it. Uncut it is a YAML scalar."""
    inside, rest = _parts(text, longest)
    return Shown(f'"{_ESCAPED_IN_QUOTES.sub(_escape, inside)}"{rest}')


def harmless(text: str) -> str:
    """The text with escapes and unchanged backslashes, for texts that were built from visible parts."""
    return _ESCAPED.sub(_escape, text)


def needs_escape(text: str) -> bool:
    """Whether ``harmless`` would change the text."""
    return _ESCAPED.search(text) is not None


def json_text(value: Any, *, indent: int | None = None, default: Callable[[Any], Any] = str) -> str:
    """JSON whose strings show what they hold: JSON's own escapes for what cannot be seen. It reads back equal."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=default)
    # JSON has escaped C0 and the backslash itself; its own line breaks stay.
    return "\n".join(_ESCAPED.sub(_escape_json, line) for line in text.split("\n"))


_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#|~!&+])")
# A browser makes links of these where the text says nothing of a link.
_LINK = re.compile(r"://|www\.|@|mailto:|xmpp:", re.IGNORECASE)
_MORE_SPACES = re.compile(r"(?<= ) |^ | $")
_LINE_START = re.compile(r"^(\d*)([-=]|(?<=\d)[.)])")
CELL = 120


def markdown(text: object, longest: int | None = CELL) -> str:
    """Visible text for a cell or line of Markdown: nothing in it is markup, HTML or a link."""
    line = " ".join(_word(word) for word in visible(text, longest).split(" "))
    line = _MORE_SPACES.sub("&nbsp;", line)
    # At the beginning of a line these make a list or a heading.
    return _LINE_START.sub(r"\1\\\2", line)


def _word(word: str) -> str:
    # Code is not turned into a link.
    return code(Shown(word)) if _LINK.search(word) else _MARKUP.sub(r"\\\1", word)


def code(text: object, longest: int | None = None) -> str:
    """Visible text as Markdown's inline code, in a table too."""
    inside = visible(text, longest).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", inside)), default=0) + 1)
    space = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{fence}{space}{inside}{space}{fence}"


def html_text(text: object, longest: int | None = None) -> str:
    """Visible text for HTML and SVG, attributes too."""
    return html.escape(visible(text, longest))


def traceback_lines(error: BaseException, clean: Callable[[str], str] = str) -> Iterator[Shown]:
    """A traceback for a report, one line at a time: what an error quotes adds no line.

    ``clean`` takes out of each text what nobody may read.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from traceback_lines(cause, clean)
        yield Shown("")
    for entry in traceback.format_tb(error.__traceback__):
        for line in entry.splitlines():
            yield Shown(harmless(clean(line)))
    yield Shown(f"{type(error).__name__}: {visible(clean(str(error)))}")


def in_one_unit(seconds: float) -> str:
    """A duration for people: ``3 d``, ``5 h``, ``12 min``, ``40 s``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds) // size} {unit}"
    return f"{max(int(seconds), 0)} s"


def rows_ask(number: int) -> str:
    """``1 row asks something``"""
    return f"{number:,} row{'s ask' if number != 1 else ' asks'} something"


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "allowed") -> str:
    """``; did you mean 'interfaces'?``, or what is allowed if no name is similar."""
    allowed = list(known)
    near = difflib.get_close_matches(name.lower(), allowed, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else f"; {otherwise}: {', '.join(allowed)}"


def natural_key(text: str) -> tuple[str, str]:
    """Sorts as people count: Ethernet1/2 before Ethernet1/10, in any case. The same order as natural_order() in
    sql/natural.sql, then the text itself."""
    return _NUMBERS.sub(_counted, text.lower()), text


def _counted(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")
    return f"{len(digits):03d}{digits}"


def _cut(text: str, longest: int | None, shown: Callable[[str], str]) -> Shown:
    inside, rest = _parts(text, longest)
    return Shown(shown(inside) + rest)


def _parts(text: str, longest: int | None) -> tuple[str, str]:
    if longest is None or len(text) <= longest:
        return text, ""
    return text[:longest], f"… ({len(text):,} characters)"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT:
        return _SHORT[character]
    code_point = ord(character)
    if code_point < 0x100:
        return f"\\x{code_point:02x}"
    return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"


def _escape_json(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
