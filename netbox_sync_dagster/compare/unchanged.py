"""Whether a source says the same as at the last diff, as far as a comparison reads it: before any table is made.

A server says something else at every read: uptimes, counters, times. Columns that no SQL of a comparison names do not count,
and a source may say which part of a column does (``Source.counts_as``).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import parquet
from netbox_sync_dagster.compare.graph import compare_stages, desired_stages
from netbox_sync_dagster.compare.reuse import same_in_order, sums_of
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.sqlfiles import read_sql, sql_root
from netbox_sync_dagster.storage import SYSTEMS

if TYPE_CHECKING:
    import duckdb
    import pyarrow.parquet as pq
else:
    pq = lazy_module("pyarrow.parquet")

_COMMENT = re.compile(r"--.*")


def says_the_same(
    con: duckdb.DuckDBPyConnection, endpoint: Endpoint, before: Path, now: Path, started: str
) -> bool:
    """Whether two snapshots of an endpoint hold the same, in the columns that comparisons read.

    ``con`` has the macros. ``before`` and ``now``: their folders; ``started``: when the newer one was begun. False if the
    older one is no longer kept.
    """
    if before == now:
        return True
    counts_as = source_of(endpoint.kind).counts_as(endpoint, started)
    compared: list[tuple[tuple[Path, ...], list[str]]] = []
    for table, columns in read_columns(endpoint.kind).items():
        files = before / f"{table}.parquet", now / f"{table}.parquet"
        if not all(file.exists() for file in files):
            return False
        rows = [pq.read_metadata(file).num_rows for file in files]
        if rows[0] != rows[1]:
            return False
        if rows[0] and columns:
            special = counts_as.get(table, {})
            if not special and same_in_order(*files, columns):
                continue
            compared.append((files, [special.get(column, f'"{column}"') for column in columns]))
    queries = [
        " UNION ALL ".join(
            _sums(number, files[side], wanted) for number, (files, wanted) in enumerate(compared)
        )
        for side in (0, 1)
    ]
    found = [set(con.execute(query).fetchall()) if query else set() for query in queries]
    return found[0] == found[1]


def _sums(number: int, file: Path, columns: list[str]) -> str:
    rows = f"SELECT {', '.join(columns)} FROM {parquet(file)}"
    return f"SELECT {number}, * FROM ({sums_of(rows)})"


@cache
def read_columns(kind: str) -> dict[str, list[str]]:
    """The columns of each table of a kind's snapshots that the SQL of a comparison names, anywhere."""
    files = {stage.file for stage in (*desired_stages(kind), *compare_stages())}
    files |= {
        str(path.relative_to(sql_root()))
        for path in sql_root().rglob("*.sql")
        if path.parent.name not in ("views", *SYSTEMS)
    }
    words = set(re.findall(r"\w+", _COMMENT.sub("", "\n".join(map(read_sql, sorted(files)))).lower()))
    return {
        name: [column for column in table.columns if column.lower() in words]
        for name, table in SYSTEMS[kind].items()
    }
