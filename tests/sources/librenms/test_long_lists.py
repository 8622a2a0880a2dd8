"""A long JSON list in parts: the rows are those of the whole, and what is broken is never taken."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest

from netbox_sync_dagster.sources.librenms.long_lists import LongList, NoList, RowTooLarge

MIB = 1 << 20
# Texts that look like the end of a row.
TEXTS = ['"},{"', "}, {", '\\"},{', "a]}", "é\u2028\U0001f600", "", "x" * 3000]


def row(number: int, chance: random.Random) -> dict[str, Any]:
    inner = [{"id": one, "text": chance.choice(TEXTS)} for one in range(chance.randrange(4))]
    return {"port_id": number, "name": chance.choice(TEXTS), "inner": inner, "more": {"a": {"b": [[]]}}}


def read(content: str | bytes, most: int = 100 * MIB) -> tuple[list[Any], dict[str, Any]]:
    """All rows, and what follows them."""
    found = LongList(io.BytesIO(content.encode() if isinstance(content, str) else content), "ports", most)
    rows = [one for part in found for one in part]
    return rows, found.rest


@pytest.mark.parametrize("indent", [None, 4], ids=["in one line", "indented"])
@pytest.mark.parametrize("after", [{}, {"count": 9000, "errors": [], "note": "]}"}])
def test_the_rows_are_those_of_the_whole_answer(indent: int | None, after: dict[str, Any]) -> None:
    chance = random.Random(7)
    rows = [row(number, chance) for number in range(6000)]
    whole = {"status": "ok", "message": '"ports": [', "ports": rows, **after}
    for ascii_only in (True, False):
        text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
        assert len(text) > 4 * MIB
        assert read(text) == (rows, {"rows": [], **after})


def test_rows_of_thousands_of_objects_are_decoded_one_by_one() -> None:
    rows = [{"port_id": number, "inner": [{"id": one} for one in range(30_000)]} for number in range(60)]
    text = json.dumps({"ports": rows, "count": 60})
    assert len(text) > 20 * MIB
    assert read(text) == (rows, {"rows": [], "count": 60})


@pytest.mark.parametrize("rows", [[], [{"port_id": 1}]])
def test_a_short_list(rows: list[Any]) -> None:
    assert read(json.dumps({"ports": rows})) == (rows, {"rows": []})


MANY = json.dumps({"status": "ok", "ports": [{"port_id": n, "name": f"port {n}"} for n in range(100_000)]})


@pytest.mark.parametrize(
    "broken",
    [
        MANY.replace('"port 70000"', '"port 70000'),
        MANY.replace('"port_id": 70000', '"port_id": NaN'),
        MANY.replace('"port_id": 99999', '"port_id": NaN'),
        MANY.replace('"port_id": 70000,', '"port_id": 70000'),
        MANY.replace('}, {"port_id": 70000', '} {"port_id": 70000'),
        MANY[:-1],
        MANY[:-2],
        MANY[: len(MANY) // 2],
        MANY + "}",
        MANY.encode().replace(b"port 70000", b"port \xff"),
    ],
    ids=[
        *(
            "a text without an end",
            "NaN",
            "NaN in the last row",
            "no comma in a row",
            "no comma between rows",
        ),
        *("no end", "no end of the list", "half", "more than the end", "no UTF-8"),
    ],
)
def test_a_broken_answer_is_refused(broken: str | bytes) -> None:
    with pytest.raises(ValueError):
        read(broken)


def test_a_row_that_is_longer_than_any_may_be() -> None:
    rows = [{"port_id": 1, "name": "x" * 12 * MIB}, {"port_id": 2}]
    assert read(json.dumps({"ports": rows}), 13 * MIB)[0] == rows
    for name in ("x" * 12 * MIB, ["x"] * 3 * MIB):
        with pytest.raises(RowTooLarge):
            read(json.dumps({"ports": [{"port_id": 1, "name": name}, {"port_id": 2}]}), 5 * MIB)


@pytest.mark.parametrize(
    "other",
    [
        '{"devices": []}',
        '{"ports": {"1": {}}}',
        '[{"ports": []}]',
        '{"message": "\\"ports\\": [1]"}',
        "",
        "<html>",
    ],
)
def test_an_answer_without_the_list(other: str) -> None:
    with pytest.raises(NoList):
        read(other)
