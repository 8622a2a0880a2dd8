"""Markdown that shows what servers and people wrote as what it is: text, never markup or links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#|~!&])")
_LONGEST = 120


def plain(text: object) -> str:
    """Text for one cell of a table: one line, at most 120 characters, nothing in it is markup."""
    line = " ".join(str(text).split())
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 1] + "…"
    return _escaped(line)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences, as plain text."""
    return "\n".join(f"- {_escaped(' '.join(text.split()))}" for text in sentences)


def _escaped(line: str) -> str:
    # A bare address would become a link.
    return _MARKUP.sub(r"\\\1", line).replace("://", ":\u200b//")
