"""How the SQL files are written: they parse, keywords are in lower case, lines have at most 120 characters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot

from netbox_sync_dagster.sqlfiles import sql_root

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *sql_root().rglob("*.sql"),
        *(ROOT / "netbox_sync_dagster").rglob("*.sql"),
        *(ROOT / "tests").rglob("*.sql"),
    ]
)
LONGEST = 120
# Whole files that sqlglot takes: those of one query.
QUERIES = [path for path in FILES if path.parent.name in {"match", "diff", "plan"} or "desired" in path.parts]
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*")
# A literal of this length has to stand in one piece.
_LITERAL = re.compile(r"'(?:[^']|''){100,}'")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_keywords_and_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    long = [line for line in text.splitlines() if len(line) > LONGEST and not _LITERAL.search(line)]
    assert long == []
    code = _QUOTED.sub("", text)
    assert sorted(set(re.findall(r"\b[A-Z][A-Z_]+\b", code))) == []


@pytest.mark.parametrize("path", QUERIES, ids=name)
def test_it_parses(path: Path) -> None:
    assert sqlglot.parse(path.read_text(encoding="utf-8"), dialect="duckdb")
