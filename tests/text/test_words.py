"""Plain English in everything that people read: documentation, messages, help, docstrings and comments.

``REFUSED`` lists phrases that read as a translation, with a plain alternative. ``DONE`` lists the files that are checked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# phrase: what to write instead. Each is a regular expression over one paragraph, ignoring case.
REFUSED = {
    r"\btold\b": "reported, sent, distinguished",
    r"\b(?:stands|stood)\b(?! for)": "is in, is on, is valid",
    r"(?<!there )\bis no (?!longer\b|evidence\b)[a-z]": "is not a",
    r"(?<!there )(?<!import_devices )\b(?:is|are) (?-i:none)\b(?! of)": "does not exist, is not one",
    r"(?<!looked up )\bas (?:it|they) (?:was|were|is|are)\b(?! (?:not|called|named))": "unchanged",
    r"\bof (?:its|their|his) own\b": "separate, its own ...",
    r"\bby (?:itself|themselves)\b": "automatically, separately",
    r"\bany ?more\b": "no longer",
    r"\bwhat (?:it|they) (?:is|are) made of\b": "its content",
    r"\bwhat (?:became|becomes|has become) of\b": "the result of",
    r"\bthat somebody\b": "that someone (or name who)",
    r"\bso many at a time\b": "in batches",
    r"\bwhat else there is\b": "other",
    r"\bhow (?:every|each|the) \w+ stands?\b": "the status of",
    r"\bno way to (?:decide|tell)\b": "must be one of, cannot tell",
    r"\bwho is (?:told|none of these)\b": "recipients, the others",
    r"\banew\b": "again",
    r"\b(?:tak(?:e|es|en)|goes?|went) along\b": "deleted too",
    r"\bwithout a word\b": "silently",
    r"\bfor want of\b|\bdown the line\b|\bin good time\b": "without, transitively, in time",
    r"\b(?:what|that|thing) hangs on\b|\bhangs on (?:it|them)\b": "its dependents, depends on it",
    r"\bwhose turn\b|\bat (?:its|their) work\b": "what is due, while it works",
    r"\b(?:every|failed) (?:try|tries) to\b": "attempt",
    r"\bfor good and all\b|\bin the midst of\b|\bbeside the point\b": "permanently, during",
}
_PATTERNS = {re.compile(phrase, re.IGNORECASE): plain for phrase, plain in REFUSED.items()}

# Files that are checked, as patterns below the repository.
DONE = (
    "*.md",
    "docs/*.md",
    "benchmarks/*.py",
    "deploy/*.py",
    "lab/README.md",
    "lab/**/*.py",
    "netbox_sync_dagster/**/*.py",
    "sql/**/*.sql",
    "tests/**/*.py",
    "tests/**/*.sql",
)
# The phrases themselves.
NOT_CHECKED = ("tests/text/test_words.py",)


def files() -> list[Path]:
    found = {file for pattern in DONE for file in ROOT.glob(pattern)}
    return sorted(found - {ROOT / name for name in NOT_CHECKED})


def markdown(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of every paragraph and table row of a page, without code and the names of tests."""
    text = re.sub(
        r"^( *)```.*?^ *```", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE
    )
    text = re.sub(r"`[^`]*`", "`x`", text)
    yield from paragraphs(enumerate(text.splitlines(), start=1))


def paragraphs(lines: Iterator[tuple[int, str]] | list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Consecutive lines joined, so that a phrase is found across a line break. Table rows stay alone."""
    first, last, parts = 0, 0, list[str]()
    for number, line in lines:
        words = line.strip()
        if parts and (not words or words.startswith("|") or number != last + 1):
            yield first, " ".join(parts)
            parts = []
        if words:
            first = first if parts else number
            parts.append(words)
        last = number
    if parts:
        yield first, " ".join(parts)


def python(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of every docstring, text of a message and comment. Identifiers are not read."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, " ".join(re.sub(r"``[^`]*``", "``x``", node.value).split())
    yield from paragraphs(python_comments(text))


# What a "#" may be in, and comments. Python's own tokenizer takes twenty times as long.
_STRING_OR_COMMENT = re.compile(
    r'''"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|'''
    r"""'{3}(?:\\.|[^\\])*?'{3}|'(?:\\.|[^'\\\n])*'|#[^\n]*""",
    re.DOTALL,
)


def python_comments(text: str) -> list[tuple[int, str]]:
    """(line number, text) of every comment."""
    found, line, end = [], 1, 0
    for token in _STRING_OR_COMMENT.finditer(text):
        line, end = line + text.count("\n", end, token.start()), token.start()
        if token[0].startswith("#"):
            found.append((line, token[0].lstrip("# ")))
    return found


def sql(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of every comment."""
    lines = enumerate(text.splitlines(), start=1)
    yield from paragraphs([(n, line.split("--", 1)[1]) for n, line in lines if "--" in line])


READERS = {".md": markdown, ".py": python, ".sql": sql}


def found(file: str, text: str) -> list[str]:
    """``file:line: 'phrase' (write: ...)`` of every refused phrase."""
    return [
        f"{file}:{line}: '{match[0]}' (write: {plain}): {words[max(match.start() - 40, 0) : match.end() + 40]}"
        for line, words in READERS[Path(file).suffix](text)
        for pattern, plain in _PATTERNS.items()
        for match in pattern.finditer(words)
    ]


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_it_is_written_plainly(file: Path) -> None:
    assert found(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.md", "The owner is\ntold at once.\n"),
        ("a.md", "| event | it is told |\n"),
        ("a.md", "- What else there is:\n"),
        ("a.py", '"""The state is no state\n    of its own."""\n'),
        ("a.py", "x = 1  # It does so by itself.\n"),
        ("a.py", "# Nothing is read\n# any more.\nx = 1\n"),
        ("a.py", "raise ValueError(f\"'{x}' is no resource\")\n"),
        ("a.sql", "SELECT 1 -- what became of\n  -- the object\n"),
        ("a.sql", "-- Made anew by the next sync.\n"),
        ("a.md", "It is blocked: an address hangs on it.\n"),
    ],
)
def test_a_refused_phrase_is_found(file: str, text: str) -> None:
    assert found(file, text)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.md", "The endpoint is no longer read, and there is no new snapshot.\n"),
        ("a.md", "Unmapped names are looked up as they are.\n"),
        ("a.md", "See `test_a_rejection_stands_until_it_is_told`.\n\n```\nis told\n```\n"),
        ("a.py", "def is_told(stands: int) -> int:\n    return stands\n"),
        ("a.sql", "SELECT is_told FROM stands -- the status of every endpoint\n"),
    ],
)
def test_names_code_and_plain_uses_are_not(file: str, text: str) -> None:
    assert found(file, text) == []


def test_every_pattern_names_files() -> None:
    assert [pattern for pattern in DONE if not list(ROOT.glob(pattern))] == []
