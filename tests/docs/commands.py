"""The commands that the documentation shows, taken apart as a shell does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "lab/README.md",
    "docs/*.md",
    "netbox_sync_dagster/sources/*/examples/*/README.md",
)
# Languages of the blocks that hold commands. In console blocks these are the lines after a prompt.
_SHELLS = {"", "sh", "bash", "console"}
_BLOCK = re.compile(r"^([ ]*)```([\w-]*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`(netbox-sync [^`\n]+)`")
_ENDS = {"|", "||", "&", "&&", ";"}
_REDIRECTIONS = {">", ">>", "<"}


@dataclass(frozen=True)
class Shown:
    """A command: the page, and its words without redirections and variables before it."""

    page: str
    words: tuple[str, ...]
    # In the text, where a command may be named without its arguments.
    named: bool = False

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def pages() -> list[Path]:
    """All pages with commands, in order."""
    return [file for pattern in PAGES for file in sorted(ROOT.glob(pattern))]


def commands() -> list[Shown]:
    """Every command of the documentation: of blocks, and of text in `code`."""
    found = []
    for file in pages():
        name = str(file.relative_to(ROOT))
        text = file.read_text(encoding="utf-8")
        for named, lines in ((False, _lines(text)), (True, _INLINE.findall(_BLOCK.sub("", text)))):
            found += [Shown(name, words, named) for line in lines for words in simple_commands(line)]
    return found


def _lines(text: str) -> Iterator[str]:
    """The lines with commands of all blocks; a command of several lines is one."""
    for match in _BLOCK.finditer(text):
        indent, language, body = match.groups()
        if language not in _SHELLS:
            continue
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        prompts = any(line.startswith("$ ") for line in lines)
        if language == "" and not (prompts or _looks_like_commands(lines)):
            continue
        if prompts or language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        yield from _joined(lines)


def _looks_like_commands(lines: list[str]) -> bool:
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return bool(
        re.match(
            r"(?:\w+=\S* )*(?:\S*/)?(?:netbox-sync|make|pip|python|export|cd|git|duckdb|ansible|docker|helm|kubectl|pveum) ",
            first,
        )
    )


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines, joined where a backslash or an open quote continues them."""
    whole = ""
    for line in lines:
        whole = f"{whole}\n{line}" if whole else line
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
            continue
        try:
            shlex.split(whole, comments=True)
        except ValueError:
            continue
        yield whole
        whole = ""
    assert not whole, f"a command without an end: {whole}"


def simple_commands(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of one line: of a pipe, or one after the other.

    Quotes, comments, redirections and variables before a command are gone.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for word in [*lexer, ";"]:
        if skip or word in _REDIRECTIONS:
            skip = word in _REDIRECTIONS
        elif word in _ENDS:
            if words:
                yield tuple(words)
            words = []
        elif words or not re.match(r"\w+=", word):
            words.append(word)
