"""Lists that became much shorter, per device, node, guest or container, which does not prove that objects were removed.

A whole table hides the loss of one device's rows: 47 ports of one switch hardly count among 4,500. So the rows of each
owner are counted, stored in the table ``row_counts``, and compared with the last good snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.storage.tables import SYSTEMS

# With less than this share of the rows of the last good snapshot, nothing is deleted.
SHRINK_LIMIT = 0.7
# The scope of such a loss is the table's name with this prefix.
SHORT = "short_"


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
unread AS (
    SELECT p.table_no, p.owner, bool_or(g.table_no IS NOT NULL) AS unread
    FROM paired p LEFT JOIN gaps g ON g.table_no = p.table_no AND g.owner IN ('*', p.owner)
    GROUP BY ALL
),
evaluated AS (
    SELECT p.*, c.*, u.unread, p.owner IN (FROM listed) AS listed,
        c.judged AND NOT u.unread AND p.owner IN (FROM listed) AND p.baseline IS NOT NULL
        AND ((p.rows = 0 AND p.baseline >= c.all_from)
             OR (p.baseline - p.rows >= c.min_lost AND p.rows < p.baseline * {limit})) AS fallen
    FROM paired p JOIN counted c USING (table_no) JOIN unread u USING (table_no, owner)
)
SELECT source_table, counted, owner, rows, baseline, peak, accepted, fallen, unread, quiet
FROM evaluated
WHERE listed OR unread
ORDER BY table_no, owner
"""


def count_owners(system: str, stage: Path, last: Path | None, scopes: list[Row]) -> Iterator[Row]:
    """The rows of every owner in the snapshot that is written in ``stage``.

    ``last``: the folder of the current snapshot; ``scopes``: the gaps known by now. Yields {source_table, counted,
    owner, rows, baseline (in the last good snapshot, None where it had none), peak, accepted, fallen (whether the rows
    are too few to be believed), unread (whether they were not read completely), quiet}.
    """
    if system not in sources():
        return
    counted = sources()[system].counted
    if not counted:
        return
    with connections.connect() as con:
        for table in SYSTEMS[system]:
            file = stage / f"{table}.parquet"
            if table not in ("scopes", "rejected", "row_counts"):
                con.execute(
                    f"CREATE VIEW {table} AS FROM read_parquet('{connections.quoted(connections.pattern(file))}')"
                )
        con.execute("CREATE TABLE scopes (scope VARCHAR, scope_id VARCHAR, complete BOOLEAN, unseen BOOLEAN)")
        if scopes:
            con.executemany(
                "INSERT INTO scopes VALUES (?, ?, ?, ?)",
                [(row["scope"], row["scope_id"], row["complete"], row["unseen"]) for row in scopes],
            )
        con.execute(
            "CREATE TABLE counted (table_no INTEGER, source_table VARCHAR, counted VARCHAR, all_from INTEGER,"
            " min_lost INTEGER, judged BOOLEAN, quiet BOOLEAN)"
        )
        con.executemany(
            "INSERT INTO counted VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, c.table, c.what, c.all_from, c.min_lost, c.judged, c.quiet)
                for number, c in enumerate(counted)
            ],
        )
        con.execute(f"CREATE VIEW last AS {_last(last)}")
        found = " UNION ALL ".join(
            f"SELECT {number} AS table_no, owner::VARCHAR AS owner FROM ({c.owners}) AS o(owner)"
            for number, c in enumerate(counted)
        )
        wide = ", ".join(f"'{scope}'" for scope in sources()[system].wide_scopes)
        query = _JUDGE.format(found=found, owners=sources()[system].owners, wide=wide, limit=SHRINK_LIMIT)
        cursor = con.execute(query)
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            yield dict(zip(names, row, strict=True))


def _last(folder: Path | None) -> str:
    file = None if folder is None else folder / "row_counts.parquet"
    if file is None or not file.exists():
        return (
            "SELECT NULL::VARCHAR AS source_table, NULL::VARCHAR AS counted, NULL::VARCHAR AS owner,"
            " NULL::BIGINT AS baseline, NULL::BIGINT AS peak, NULL::BOOLEAN AS accepted WHERE false"
        )
    return f"FROM read_parquet('{connections.quoted(connections.pattern(file))}')"
