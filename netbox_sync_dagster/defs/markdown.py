"""Markdown that shows text from servers and people as text, never as markup or links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from netbox_sync_dagster.text import CELL, harmless, markdown, needs_escape

# The length of one sentence in a list.
_SENTENCE = 1_000


def plain(text: object) -> str:
    """Text for one cell of a table: one line, cut after 120 characters, with all markup escaped."""
    return markdown(text, CELL)


def link(text: object, base_url: str, *path: object) -> str:
    """A link to the configured NetBox; ``path`` consists of our words and ids."""
    return f"[{plain(text)}]({base_url}/{'/'.join(map(str, path))}/)"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the cells are already Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences, as plain text."""
    return "\n".join(f"- {markdown(text, _SENTENCE)}" for text in sentences)


def markdown_value(text: str) -> dg.MarkdownMetadataValue:
    """Metadata of Markdown built with the functions above."""
    lines = text.split("\n")
    return dg.MetadataValue.md("\n".join(harmless(line) if needs_escape(line) else line for line in lines))
