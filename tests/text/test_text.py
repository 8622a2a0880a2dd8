"""Foreign text as people see it: escapes for what cannot be seen, in the terminal's, Markdown's and HTML's terms."""

from __future__ import annotations

import json
import unicodedata

import duckdb
import pytest
import yaml

from netbox_sync_dagster.compare.values import difference, display
from netbox_sync_dagster.sqlfiles import read_macros
from netbox_sync_dagster.text import (
    Shown,
    code,
    has_unseen,
    html_text,
    json_text,
    markdown,
    quoted,
    traceback_lines,
    visible,
)

EVIL = "evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e"
# Every code point of the basic plane, and of the others the first and last of each block of 256.
BASIC = range(0x10000)
BEYOND = sorted({n for at in range(0x10000, 0x110000, 0x100) for n in (at, at + 0xFE, at + 0xFF)})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("par-core1 Ethernet1/21", "par-core1 Ethernet1/21"),
        ("Zürich 東京 📦", "Zürich 東京 📦"),
        (EVIL, r"evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e"),
        ("tab\tcr\rnul\0del\x7f", r"tab\tcr\rnul\x00del\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("\u2028\u2029\u200b\u2060\ufeff\xad", r"\u2028\u2029\u200b\u2060\ufeff\xad"),
        ("\U000e0041\ufe0f", r"\U000e0041\ufe0f"),
        ("\ud800\ue000\ufffe\U0010ffff", r"\ud800\ue000\ufffe\U0010ffff"),
        # What is written with a backslash is not what is escaped.
        (r"\x1b[1A", r"\\x1b[1A"),
        ("CORP\\alice", r"CORP\\alice"),
        # A space other than the usual one is shown.
        ("a\xa0b", r"a\xa0b"),
        ("[red]not markup[/red]", "[red]not markup[/red]"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown
    # Once is enough: what is shown is not escaped again.
    assert visible(visible(text)) == shown


def test_different_texts_look_different() -> None:
    texts = ["a\n", "a\\n", "a\\\\n", "a\\", "a", "a\\\n", "a\x0a\\", 'a"', "a\\x0a", "a\u202e", "a\\u202e"]
    assert len({visible(text) for text in texts}) == len(set(texts))
    assert len({quoted(text) for text in texts}) == len(set(texts))


def test_every_invisible_kind_of_character_is_escaped_and_every_letter_is_not() -> None:
    for number in [*BASIC, *BEYOND]:
        kind = unicodedata.category(chr(number))
        if kind in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co"):
            assert visible(chr(number)).startswith("\\"), hex(number)
        elif kind in ("Lu", "Ll", "Lt", "Nd", "Sm", "Sc", "Pc", "Pd"):
            assert not has_unseen(chr(number)), hex(number)


def test_sql_and_python_have_one_set_of_characters_and_one_idea_of_space() -> None:
    """DuckDB takes no surrogates as text; chr() cannot make NUL."""
    numbers = [n for n in (*BASIC, *BEYOND) if n and not 0xD800 <= n <= 0xDFFF]
    con = duckdb.connect()
    con.execute(read_macros("texts"))
    rows = con.execute(
        """SELECT n, has_unseen('a' || chr(n)), stripped(chr(n) || 'a' || chr(n)), trimmed(chr(n) || 'a' || chr(n))
           FROM (SELECT unnest(?::INTEGER[]) AS n)""",
        [numbers],
    ).fetchall()
    assert len(rows) == len(numbers)
    assert [hex(n) for n, unseen, _, _ in rows if unseen != has_unseen(chr(n))] == []
    ends = [(n, f"{chr(n)}a{chr(n)}".strip(), one, other) for n, _, one, other in rows]
    assert [hex(n) for n, right, one, other in ends if (one, other) != (right, right)] == []


def test_a_long_text_is_cut_and_its_length_named() -> None:
    assert visible("x" * 5_000, 10) == "xxxxxxxxxx… (5,000 characters)"
    assert quoted("\n" * 5_000, 2) == r'"\n\n"… (5,000 characters)'
    assert visible("x" * 10, 10) == "x" * 10
    # What is shown already is not cut within an escape.
    assert visible(visible("abc\u202exyz"), 5) == "abc… (12 characters)"
    assert visible(Shown("ab\\\\x"), 4) == "ab\\\\… (5 characters)"


def test_a_value_ends_where_it_seems_to_end() -> None:
    assert difference("old", 'new" -> "other') == r'"old" -> "new\" -> \"other"'
    assert display({"id": 7, "name": EVIL}) == r"evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e"
    assert display([True, None, {"a": "\x1b"}]) == r'[true, none, {"a": "\x1b"}]'
    assert display("x" * 300, 5) == '"xxxxx"… (300 characters)'


def test_quoted_texts_are_yaml_and_json_reads_back() -> None:
    # All that is escaped, but for the middle of the surrogates and of private use, and some of the rest.
    escaped = [n for n in BASIC if has_unseen(chr(n)) and not 0xD810 < n < 0xF8F0]
    for number in [*escaped, *BASIC[::97], *BEYOND[::13]]:
        text = f'a{chr(number)}\\x41"\n'
        assert yaml.safe_load(f"{quoted(text)}: 1") == {text: 1}, hex(number)
        written = json_text({"a": [text]}, indent=1)
        assert json.loads(written) == {"a": [text]}, hex(number)
        assert not has_unseen(written.replace("\n", "")), hex(number)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("a|b", r"a\|b"),
        ("**b** _i_ `c` ~~s~~", r"\*\*b\*\* \_i\_ \`c\` \~\~s\~\~"),
        ("[x](http://evil.example)", r"`[x](http://evil.example)`"),
        ("see www.evil.example now", "see `www.evil.example` now"),
        ("a|b@evil.example", r"`a\|b@evil.example`"),
        ("`@`", r"`` `@` ``"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert\(1\)\>"),
        ("&lt;", r"\&lt;"),
        ("1. list", r"1\. list"),
        ("- list", r"\- list"),
        ("a  b", "a &nbsp;b"),
        ("\n| forged |", r"\\n\| forged \|"),
        ("x" * 300, "x" * 120 + r"… \(300 characters\)"),
    ],
)
def test_markdown_shows_text_and_nothing_else(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_code_and_html() -> None:
    assert code("a ``b`` | c") == r"```a ``b`` \| c```"
    assert html_text("<b>\"'&\x1b") == r"&lt;b&gt;&quot;&#x27;&amp;\x1b"


def test_a_traceback_has_no_line_that_an_error_quotes() -> None:
    def fail() -> None:
        try:
            raise ValueError(f"cannot read {EVIL}")
        except ValueError as error:
            raise RuntimeError("x\nTraceback: forged") from error

    with pytest.raises(RuntimeError) as raised:
        fail()
    lines = list(traceback_lines(raised.value))
    assert r"ValueError: cannot read evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e" in lines
    assert lines[-1] == r"RuntimeError: x\nTraceback: forged"
    assert not any(has_unseen(line) for line in lines)
