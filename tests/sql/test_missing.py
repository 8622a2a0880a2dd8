"""What the causes of a row are about (sql/missing.sql): rows with the same text are answered together."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.sqlfiles import read_sql


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(read_sql("missing.sql"))
    con.execute(
        f"""CREATE TABLE known AS SELECT map_from_entries(list({{key: cause, value: about}})) AS abouts
            FROM ({read_sql("causes.sql")})"""
    )
    return con


def role(word: str) -> dict[str, Any]:
    return {"cause": "unmapped", "field": "role", "word": word, "because": "map it"}


@pytest.mark.parametrize(
    ("cause", "subject", "missing"),
    [
        ("unmapped", {"field": "role", "word": "core", "because": "map it"}, "role, core"),
        # Two names: rows with another second name ask something else.
        (
            "unmapped",
            {"causes": [role("core"), {"cause": "unmapped", "field": "platform", "word": "ios"}]},
            "role, core; platform, ios",
        ),
        ("changed_in_netbox", {"causes": [{"cause": "changed_in_netbox"}, role("core")]}, "role, core"),
        ("changed_in_netbox", None, None),
        # Of another version.
        ("unheard_of", {"word": "core"}, None),
    ],
)
def test_what_is_missing(
    con: duckdb.DuckDBPyConnection, cause: str, subject: dict[str, Any] | None, missing: str | None
) -> None:
    text = None if subject is None else json.dumps(subject)
    con.execute(
        "CREATE OR REPLACE TABLE said AS SELECT ?::VARCHAR AS cause, ?::VARCHAR AS subject", [cause, text]
    )
    asked = con.execute("SELECT missing_of(cause, subject, abouts) FROM said, known").fetchone()
    assert asked == (missing,)
