"""What people have answered, in a comparison: the tables that the SQL reads, and which rows the answers change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import is_empty, run
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.resolutions import Resolution

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")

_COLUMNS = (
    "resolution_id",
    "resource",
    "key",
    "field",
    "question",
    "answer",
    "netbox_id",
    "value",
    "who",
    "answered_on",
)


def create_answers(con: duckdb.DuckDBPyConnection, resolutions: Sequence[Resolution]) -> None:
    """Fill ``config.answers``: one row per row or field that was answered."""
    rows = [
        (
            one.resolution_id,
            item.resource,
            item.key,
            item.field,
            item.question,
            one.answer,
            one.netbox_id,
            one.value,
            one.who,
            f"{one.at:%Y-%m-%d}",
        )
        for one in resolutions
        for item in one.items
    ]
    if not rows:
        return
    texts = pa.string()
    types = [pa.int64() if name == "netbox_id" else texts for name in _COLUMNS]
    columns = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), types, strict=True)]
    con.register("rows_of_answers", pa.table(columns, names=list(_COLUMNS)))
    con.execute("INSERT INTO config.answers BY NAME FROM rows_of_answers")
    con.unregister("rows_of_answers")


def settle_answers(con: duckdb.DuckDBPyConnection) -> None:
    """What the decided rows ask (``diff.questions``), the rows that people have left (action ``acknowledged``), and the
    answers that were to something else (``diff.lapsed``)."""
    run(con, read_sql("plan/questions.sql"))
    if is_empty(con, "config.answers"):
        return
    run(con, f"CREATE OR REPLACE TABLE diff.lapsed AS {read_sql('plan/lapsed.sql')}")
    run(con, read_sql("plan/acknowledged.sql"))
    run(con, read_sql("plan/say_lapsed.sql"))


def lapsed_of(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The ids of the resolutions with answers that have lapsed, for the diff's manifest."""
    if is_empty(con, "config.answers"):
        return []
    rows = run(con, "SELECT DISTINCT resolution_id FROM diff.lapsed ORDER BY ALL").fetchall()
    return [resolution_id for (resolution_id,) in rows]
