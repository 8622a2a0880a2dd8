"""Lists that became much shorter, per device, node, guest or container, which does not prove that objects were removed.

A whole table hides the loss of one device's rows: 47 ports of one switch hardly count among 4,500. So the rows of each
owner are counted, stored in the table ``row_counts``, and compared with the last good snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.storage.tables import SYSTEMS

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# With less than this share of the rows of the last good snapshot, nothing is deleted.
SHRINK_LIMIT = 0.7
# The scope of such a loss is the table's name with this prefix.
SHORT = "short_"
# The counted rows where every table is empty.
_NOTHING = "SELECT NULL::INTEGER AS table_no, NULL::VARCHAR AS owner WHERE false"

_JUDGE = """
WITH found AS ({found}),
rows_now AS (SELECT table_no, owner, count(*) AS rows FROM found WHERE owner IS NOT NULL GROUP BY ALL),
before AS (SELECT c.table_no, b.owner, b.baseline, b.peak, b.accepted FROM last b JOIN counted c USING (source_table, counted)),
listed AS (SELECT owner::VARCHAR AS owner FROM ({owners}) AS o(owner) UNION SELECT '*'),
gaps AS (
    SELECT c.table_no, if(s.scope = 'table', '*', s.scope_id) AS owner
    FROM scopes s JOIN counted c
        ON s.scope = c.source_table OR s.scope IN ({wide}) OR (s.scope = 'table' AND s.scope_id IN ('*', c.source_table))
    WHERE NOT s.complete AND s.unseen
),
paired AS (
    SELECT coalesce(n.table_no, b.table_no) AS table_no, coalesce(n.owner, b.owner) AS owner, coalesce(n.rows, 0) AS rows,
        b.baseline, greatest(coalesce(b.peak, 0), coalesce(n.rows, 0)) AS peak, coalesce(b.accepted, false) AS accepted
    FROM rows_now n FULL JOIN before b ON b.table_no = n.table_no AND b.owner = n.owner
),
known AS (
    SELECT *, owner IN (FROM listed) AS listed,
        (table_no, owner) IN (FROM gaps) OR (table_no, '*') IN (FROM gaps) AS unread
    FROM paired
),
evaluated AS (
    SELECT p.*, c.*,
        c.judged AND NOT p.unread AND p.listed AND p.baseline IS NOT NULL
        AND ((p.rows = 0 AND p.baseline >= c.all_from)
             OR (p.baseline - p.rows >= c.min_lost AND p.rows < p.baseline * {limit})) AS fallen
    FROM known p JOIN counted c USING (table_no)
)
SELECT source_table, counted, owner, rows, baseline, peak, accepted, fallen, unread, quiet
FROM evaluated
WHERE listed OR unread
ORDER BY table_no, owner
"""


def count_owners(
    system: str, stage: Path, last: Path | None, scopes: list[Row], sizes: Mapping[str, int]
) -> Iterator[Row]:
    """The rows of every owner in the snapshot that is written in ``stage``.

    ``last``: the folder of the current snapshot; ``scopes``: the gaps known by now; ``sizes``: the rows of each table.
    Yields {source_table, counted, owner, rows, baseline (in the last good snapshot, None where it had none), peak,
    accepted, fallen (whether the rows are too few to be believed), unread (whether they were not read completely), quiet}.
    """
    if system not in sources():
        return
    counted = sources()[system].counted
    if not counted:
        return
    with closing(connections.reader()) as con:
        for table in SYSTEMS[system]:
            file = stage / f"{table}.parquet"
            if table not in ("scopes", "rejected", "row_counts"):
                con.execute(
                    f"CREATE TEMP VIEW {table} AS FROM read_parquet('{connections.quoted(connections.pattern(file))}')"
                )
        con.execute(
            "CREATE TEMP TABLE scopes (scope VARCHAR, scope_id VARCHAR, complete BOOLEAN, unseen BOOLEAN)"
        )
        _insert(con, "scopes", [(s["scope"], s["scope_id"], s["complete"], s["unseen"]) for s in scopes])
        con.execute(
            "CREATE TEMP TABLE counted (table_no INTEGER, source_table VARCHAR, counted VARCHAR, all_from INTEGER,"
            " min_lost INTEGER, judged BOOLEAN, quiet BOOLEAN)"
        )
        described = [(c.table, c.what, c.all_from, c.min_lost, c.judged, c.quiet) for c in counted]
        _insert(con, "counted", [(number, *values) for number, values in enumerate(described)])
        con.execute(f"CREATE TEMP VIEW last AS {_last(last)}")
        # Planning the query of a table costs more than reading it.
        empty = {table for table in SYSTEMS[system] if not sizes.get(table, 1)}
        found = " UNION ALL ".join(
            f"SELECT {number} AS table_no, owner::VARCHAR AS owner FROM ({c.owners}) AS o(owner)"
            for number, c in enumerate(counted)
            if not _read_by(system, c.owners) <= empty
        )
        wide = ", ".join(f"'{scope}'" for scope in sources()[system].wide_scopes)
        query = _JUDGE.format(
            found=found or _NOTHING, owners=sources()[system].owners, wide=wide, limit=SHRINK_LIMIT
        )
        yield from connections.named_rows(con.execute(query))


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    """Insert all rows with one statement: ``executemany`` has one for each of them."""
    if rows:
        places = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        con.execute(f"INSERT INTO {table} VALUES {places}", [value for row in rows for value in row])


@cache
def _read_by(system: str, sql: str) -> set[str]:
    """The tables of a snapshot that a query names; all of them where it names none."""
    words = set(re.findall(r"\w+", sql))
    return words & set(SYSTEMS[system]) or set(SYSTEMS[system])


def _last(folder: Path | None) -> str:
    file = None if folder is None else folder / "row_counts.parquet"
    if file is None or not file.exists():
        return (
            "SELECT NULL::VARCHAR AS source_table, NULL::VARCHAR AS counted, NULL::VARCHAR AS owner,"
            " NULL::BIGINT AS baseline, NULL::BIGINT AS peak, NULL::BOOLEAN AS accepted WHERE false"
        )
    return f"FROM read_parquet('{connections.quoted(connections.pattern(file))}')"
