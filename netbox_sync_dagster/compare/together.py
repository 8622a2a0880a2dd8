"""Fields that NetBox takes only together with others: what becomes of one whose other is not going to be written."""

from __future__ import annotations

import duckdb

from netbox_sync_dagster.compare.inputs import run
from netbox_sync_dagster.sqlfiles import read_sql

# Which file finds what fields of which resources need.
_FOUND_BY = {
    "needs_of_virtual_machines": {"virtual_machines"},
    "needs_of_devices": {"devices"},
    "needs_of_clusters": {"clusters"},
    "needs_of_interfaces": {"interfaces", "vm_interfaces"},
    "needs_of_addresses": {"primary_ips", "primary_macs"},
}
# Fields whose other one is not written, with the reason.
_ALONE = """
CREATE OR REPLACE TEMP TABLE alone AS
WITH written AS (
    SELECT r.resource, r.key, r.action, f.field
    FROM diff.rows r, unnest(r.fields) AS u(f)
    WHERE r.action IN ('create', 'update') AND f.verdict = 'update'
      AND (r.resource, r.key) IN (SELECT (resource, key) FROM diff.field_needs
                                  UNION SELECT (needs_resource, needs_key) FROM diff.field_needs)
),
refused AS (
    SELECT DISTINCT w.resource, w.key, w.field,
        CASE WHEN n.needs_key IS NULL OR (n.needs_resource = n.resource AND n.needs_key = n.key)
                 THEN conflict('field_needs_another', {because: n.why})
             WHEN o.key IS NULL
                 THEN conflict('field_needs_another', {because: n.why, what: n.needs_resource || ' "' || n.needs_key || '"'})
             ELSE conflict('field_needs_another', {because: n.why, changed: n.needs_resource || ' "' || n.needs_key || '"', state: o.action,
                 because_other: nested(o.reason)}) END AS reason
    FROM diff.field_needs n
    JOIN written w ON w.resource = n.resource AND w.key = n.key AND w.field = n.field
    LEFT JOIN written other
        ON other.resource = n.needs_resource AND other.key = n.needs_key AND other.field = n.needs_field
    LEFT JOIN diff.rows o ON o.resource = n.needs_resource AND o.key = n.needs_key
    WHERE other.key IS NULL
)
SELECT resource, key, list(field ORDER BY field) AS fields, list(reason ORDER BY field) AS reasons,
    string_agg(field || ': ' || reason, '; ' ORDER BY field) AS reason
FROM (SELECT resource, key, field, string_agg(reason, '; ' ORDER BY reason) AS reason FROM refused GROUP BY ALL)
GROUP BY resource, key
"""

_DECIDED = """
UPDATE diff.rows SET
    action = CASE
        WHEN rows.action = 'create' THEN 'blocked'
        WHEN len(list_filter(rows.fields, lambda f: f.verdict = 'update' AND NOT list_contains(a.fields, f.field))) > 0
            THEN rows.action
        ELSE 'conflict' END,
    reason = concat_ws('; ', rows.reason, if(rows.action = 'create', blocked('not_whole', {because: a.reason}), a.reason)),
    fields = list_transform(rows.fields, lambda f:
        CASE WHEN list_contains(a.fields, f.field) AND f.verdict = 'update' AND rows.action <> 'create'
             THEN {'field': f.field, 'before': f.before, 'after': f.after, 'verdict': 'conflict',
                   'reason': a.reasons[list_position(a.fields, f.field)]}
             ELSE f END)
FROM alone a
WHERE a.resource = rows.resource AND a.key = rows.key
"""


def keep_together(con: duckdb.DuckDBPyConnection) -> None:
    """Decide in ``diff.rows`` what NetBox would refuse; what remains of ``diff.field_needs`` are dependencies.

    A create is blocked by a field that cannot be written; of an update that field becomes a conflict, and the others
    stay. Runs before dependencies block anything.
    """
    if not _find_needs(con):
        return
    while True:
        row = run(con, _ALONE).fetchone()
        if not row or not row[0]:
            return
        run(con, _DECIDED)


def _find_needs(con: duckdb.DuckDBPyConnection) -> int:
    """Fill ``diff.field_needs``; how many rows it has."""
    run(con, read_sql("diff/field_needs.sql"))
    run(con, f"CREATE VIEW diff.written AS {read_sql('diff/written.sql')}")
    run(con, f"CREATE TABLE diff.cluster_places AS {read_sql('diff/cluster_places.sql')}")
    written = run(
        con, "SELECT DISTINCT resource FROM diff.rows WHERE action IN ('create', 'update')"
    ).fetchall()
    found = 0
    for file, resources in _FOUND_BY.items():
        if resources & {resource for (resource,) in written}:
            row = run(con, f"INSERT INTO diff.field_needs BY NAME {read_sql(f'diff/{file}.sql')}").fetchone()
            found += int(row[0]) if row else 0
    return found
