"""Connections whose views are used again: their tables are as new, and nothing of an earlier query is left in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.storage import spare_views
from netbox_sync_dagster.storage.spare_views import lent


@pytest.fixture(autouse=True)
def _none_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_views, "_SPARE", [])


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A table and a view of the lines of a file."""
    (tmp_path / "names.csv").write_text("name\nsw1\n")
    return (
        "create or replace macro twice(x) as x || x;\n"
        "-- Of one file.\n"
        f"create or replace table names as\nfrom read_csv('{tmp_path}/names.csv');\n"
        "create or replace view doubled as select twice(name) as name from names;\n"
    )


class Creating:
    """What was created, and by which connection."""

    def __init__(self) -> None:
        self.scripts: list[str] = []
        self.connections: list[duckdb.DuckDBPyConnection] = []

    def __call__(self, con: duckdb.DuckDBPyConnection, sql: str) -> None:
        con.execute(sql)
        self.scripts.append(sql)
        self.connections.append(con)


def names(con: duckdb.DuckDBPyConnection) -> list[Any]:
    return [name for (name,) in con.execute("from doubled order by name").fetchall()]


def test_tables_are_read_again_and_views_are_not_created_again(script: str, tmp_path: Path) -> None:
    create = Creating()
    with lent(script, create) as con:
        assert names(con) == ["sw1sw1"]
    (tmp_path / "names.csv").write_text("name\nsw1\nsw2\n")

    with lent(script, create) as con:
        assert names(con) == ["sw1sw1", "sw2sw2"]

    first, again = create.scripts
    assert first == script
    assert again == f"create or replace table names as\nfrom read_csv('{tmp_path}/names.csv');\n"
    assert create.connections[0] is create.connections[1]


def test_other_views_are_created_by_another_connection(script: str) -> None:
    create = Creating()
    for sql in (script, f"{script}create or replace view more as from names;\n"):
        with lent(sql, create) as con:
            assert names(con) == ["sw1sw1"]
    assert create.connections[0] is not create.connections[1]


def test_what_a_query_has_made_is_not_there_for_the_next(script: str) -> None:
    create = Creating()
    with lent(script, create) as con:
        con.execute("create temp table kept as select 1")
        con.execute("create temp view found as from kept")
        con.execute("set schema = 'information_schema'")
    with lent(script, create) as con:
        assert names(con) == ["sw1sw1"]
        for name in ("kept", "found"):
            with pytest.raises(duckdb.CatalogException):
                con.execute(f"from {name}")
            con.execute(f"create temp table {name} as select 2")


def test_a_connection_on_which_something_failed_is_not_used_again(script: str) -> None:
    create = Creating()
    with pytest.raises(duckdb.CatalogException), lent(script, create) as con:
        con.execute("from nothing")
    with lent(script, create) as con:
        assert names(con) == ["sw1sw1"]
    assert create.scripts == [script, script]


def test_two_at_once_have_a_connection_each_and_few_are_kept(script: str) -> None:
    create = Creating()
    with lent(script, create) as one, lent(script, create) as two:
        assert names(one) == names(two) == ["sw1sw1"]
    for number in range(5):
        with lent(f"{script}create or replace view v{number} as from names;\n", create):
            pass
    assert len({id(con) for con in create.connections}) == 7
    assert [spare.uses for spare in spare_views._SPARE] == [1, 1, 1, 1]
    # No rows stay in memory.
    assert [spare.con.execute("from duckdb_tables()").fetchall() for spare in spare_views._SPARE] == [[]] * 4


def test_a_worn_connection_is_closed(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_views, "_MOST_USES", 2)
    create = Creating()
    for _ in range(3):
        with lent(script, create) as con:
            assert names(con) == ["sw1sw1"]
    assert [sql == script for sql in create.scripts] == [True, False, True]
