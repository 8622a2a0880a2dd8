"""The list of causes (sql/causes.sql), the SQL and Python that name them, and docs/causes.md agree; every cause has a test.

After a change of the list: ``python -m tests.sql.test_causes`` writes the page again.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from netbox_sync_dagster.compare.causes import CauseKind, cause, cause_kinds, read_reason
from netbox_sync_dagster.sqlfiles import sql_root
from tests.sql.rules import Rules

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "causes.md"
ACTIONS = {
    "blocked": "the row is not written: something is missing",
    "conflict": "the row or field is not written: a person has to decide",
    "drifted": "NetBox differs and is not changed",
    "skipped": "left out of the comparison (`sync.skipped`)",
    "noted": "a change, with its reason",
    "because": "a part of the causes above",
}
_CALL = re.compile(rf"\b({'|'.join(ACTIONS)})\(\s*'([a-z0-9_]+)'(,\s*\{{+)?")
_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")


@cache
def calls() -> dict[str, list[tuple[str, set[str]]]]:
    """By code: the action and the names of the parameters of every place that names it."""
    found: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
    compare = ROOT / "netbox_sync_dagster" / "compare"
    files = [*sql_root().rglob("*.sql"), *(path for path in compare.glob("*.py") if path.stem != "causes")]
    for path in files:
        if path.name == "causes.sql":
            continue
        text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        for call in _CALL.finditer(text):
            found[call[2]].append((call[1], set(_keys(text, call.end())) if call[3] else set()))
    for path in (ROOT / "netbox_sync_dagster").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cause":
                code = ast.literal_eval(node.args[0])
                # cause() takes the action from the list.
                action = cause_kinds()[code].action if code in cause_kinds() else "not listed"
                found[code].append((action, {keyword.arg for keyword in node.keywords if keyword.arg}))
    return found


def _keys(text: str, position: int) -> Iterator[str]:
    """The keys of the struct that begins at ``position``, without those of the structs in it."""
    depth, quoted, word = 1, False, ""
    for sign in text[position:].replace("{{", "{").replace("}}", "}"):
        if sign == "'":
            quoted = not quoted
        if not quoted and sign in "{[(":
            depth += 1
        if not quoted and sign in "}])":
            depth -= 1
        if depth == 0:
            return
        if depth == 1 and not quoted and sign == ":":
            name = re.search(r"'?(\w+)'?\s*$", word)
            if name and not word.rstrip().endswith(":"):
                yield name[1]
        word = word + sign if sign != "," or depth > 1 else ""


def test_every_cause_that_is_named_is_listed_with_its_action() -> None:
    assert {code: {action for action, _ in places} for code, places in calls().items()} == {
        code: {kind.action} for code, kind in cause_kinds().items()
    }


@pytest.mark.parametrize("code", sorted(cause_kinds()))
def test_the_parameters_of_a_sentence_are_given(code: str) -> None:
    kind = cause_kinds()[code]
    given = set[str]().union(*(keys for _, keys in calls()[code]))
    assert set(_PLACE.findall(kind.sentence)) <= given
    assert set(kind.about) <= given


def test_a_code_is_listed_once() -> None:
    codes = re.findall(r"^    \('([a-z0-9_]+)', '", (sql_root() / "causes.sql").read_text(), re.MULTILINE)
    assert sorted(codes) == sorted(set(codes)) == sorted(cause_kinds())


@cache
def _texts() -> str:
    """Every text in the tests' code but this file's and docstrings, apart by NUL; {} for what an f-string fills in."""
    texts = []
    for path in (ROOT / "tests").rglob("*.py"):
        if path == Path(__file__):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                texts.append("".join(map(str, parts)))
    return "\0".join(texts)


def _fragments(kind: CauseKind) -> list[str]:
    """The fixed texts of a sentence, without what may be left out."""
    fixed = re.sub(r"\[[^\[\]]*\]", "{}", kind.sentence)
    return [part.strip() for part in re.split(r"\{[^{}]*\}", fixed) if len(part.strip(' .,:;()"{}')) > 3]


# Sentences that only quote another cause, which has a test.
WORDLESS = {code for code, kind in cause_kinds().items() if not _fragments(kind)}


@pytest.mark.parametrize("code", sorted(set(cause_kinds()) - WORDLESS))
def test_a_test_quotes_the_cause(code: str) -> None:
    words = "[^\0]*".join(map(re.escape, _fragments(cause_kinds()[code])))
    quoted = re.search(words, _texts()) is not None
    assert quoted, f"no test quotes: {cause_kinds()[code].sentence}"


def test_sentences_of_causes() -> None:
    quoted = '{"cause":"sources_disagree","action":"conflict","endpoint":"a\\"b"}'
    assert read_reason(quoted).sentence == (
        'sources disagree: a"b wrote it; name both in precedence or field_precedence to decide'
    )
    assert (read_reason(quoted).cause, read_reason(quoted).subject) == (
        "sources_disagree",
        '{"endpoint": "a\\"b"}',
    )
    two = read_reason(f'mtu: {quoted}; speed: {{"cause":"not_owned","action":"drifted"}}', "drifted")
    assert two.sentence == (
        'mtu: sources disagree: a"b wrote it; name both in precedence or field_precedence to decide;'
        " speed: NetBox has a value that netbox-sync did not write (policies.owns)"
    )
    assert two.cause == "not_owned"
    assert (
        two.subject
        == '{"causes": [{"cause": "sources_disagree", "endpoint": "a\\"b"}, {"cause": "not_owned"}]}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "a plain sentence",
        '{"cause":"no such cause","action":"blocked"}',
        '{"cause":"not closed',
        '{"cause":"not_owned"',
    ],
)
def test_a_text_that_only_looks_like_a_cause_is_shown_as_it_is(text: str) -> None:
    assert read_reason(text).sentence == text
    assert read_reason(text).cause is None


def test_foreign_text_in_a_parameter_is_never_read_as_a_cause() -> None:
    name = '{\\"cause\\":\\"not_owned\\",\\"action\\":\\"drifted\\"}'
    said = read_reason(f'{{"cause":"several_clusters","action":"conflict","name":"{name}","candidates":2}}')
    assert said.sentence == '2 NetBox clusters have the name {"cause":"not_owned","action":"drifted"}'


def test_a_cause_of_python_reads_as_one_of_sql() -> None:
    """Whatever its parameters hold: another cause, or somebody's text that looks like one."""
    name = '{"cause":"gone_since","action":"conflict"}'
    said = read_reason(
        cause(
            "used_by_what_stays",
            resource="tags",
            key=name,
            because=cause("filled_since", field="a", value="b"),
        )
    )
    assert said.sentence == f"tags {name} uses it and stays: its a is b in NetBox since"
    assert (said.cause, json.loads(said.subject or "")) == (
        "used_by_what_stays",
        {
            "resource": "tags",
            "key": name,
            "because": {"cause": "filled_since", "field": "a", "value": "b"},
        },
    )
    query = "SELECT conflict('would_be_lost', {what: ['é \"1\"', 'b'], more: NULL::INTEGER})"
    text = cause("would_be_lost", what=['é "1"', "b"], more=None)
    assert Rules().con.execute(query).fetchone() == (text,)


def page() -> str:
    """docs/causes.md."""
    lines = [
        "# Causes",
        "",
        "Every row that is not a plain change has a cause: a code, its parameters as JSON (`subject`), and a sentence with",
        "both (`reason`). They are columns of `diff.changes` and `sync.skipped`; `diff.causes` counts the open questions, and",
        "`sync.causes` is this list ([SQL](sql.md#causes)).",
        "",
        "`answers` are what `netbox-sync resolve` takes beside `acknowledge` ([Answering questions](resolutions.md)).",
        "",
        "In a sentence `{name}` is a parameter; a part in brackets is omitted if one of its parameters is not known.",
    ]
    for action, meaning in ACTIONS.items():
        lines += ["", f"## {action}", "", f"{meaning[0].upper()}{meaning[1:]}.", ""]
        lines += ["| cause | sentence | what helps | answers |", "|---|---|---|---|"]
        for code, kind in sorted(cause_kinds().items()):
            if kind.action == action:
                lines.append(
                    f"| `{code}` | {kind.sentence.replace('|', chr(92) + '|')} | {kind.helps} | {', '.join(kind.answers)} |"
                )
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_cause() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
