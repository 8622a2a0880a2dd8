"""From decided rows to the diff's files: dependencies, what they block, and change ids."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from netbox_sync_dagster.compare.causes import read_reason
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.inputs import is_empty, run
from netbox_sync_dagster.compare.together import keep_together
from netbox_sync_dagster.config.policies import PREREQUISITES, RESOURCES
from netbox_sync_dagster.warehouse.parquet import TableWriter, write_parquet
from netbox_sync_dagster.warehouse.tables import DIFF_COLUMNS

_BATCH = 5_000

# What a row needs, each with the relation without whose rows there is none: references in its fields and its target, the
# custom fields and tags that this diff creates, and what goes before a delete, a field or a stack.
_NEEDS = {
    "diff.rows": r"""
        WITH texts AS (
            SELECT resource, key, f.after AS text FROM diff.rows, unnest(fields) AS u(f)
            WHERE f.verdict = 'update' AND contains(f.after, '"ref":')
            UNION ALL
            SELECT resource, key, target FROM diff.rows WHERE target IS NOT NULL
        ),
        found AS (
            SELECT resource, key, unnest(regexp_extract_all(text, '\{"key":"(?:[^"\\]|\\.)*","name":(?:null|"(?:[^"\\]|\\.)*"),"ref":"[a-z_]+"')) AS part
            FROM texts
        )
        SELECT DISTINCT resource, key, (part || '}')::JSON ->> '$.ref' AS needs_resource, (part || '}')::JSON ->> '$.key' AS needs_key
        FROM found""",
    "diff.rows WHERE resource = 'custom_fields'": """
        SELECT r.resource, r.key, c.resource, c.key
        FROM diff.rows r, unnest(r.fields) AS u(f)
        JOIN diff.rows c ON c.resource = 'custom_fields' AND f.field = 'cf.' || c.key
        WHERE f.verdict = 'update' AND r.action <> 'delete'""",
    "diff.rows WHERE resource = 'tags'": """
        SELECT r.resource, r.key, c.resource, c.key
        FROM diff.rows r, unnest(r.fields) AS u(f), unnest(CAST(f.after::JSON AS VARCHAR[])) AS t(slug)
        JOIN diff.rows c ON c.resource = 'tags' AND c.key = t.slug
        WHERE f.field = 'tags' AND f.verdict = 'update' AND f.after <> 'null' AND r.action <> 'delete'""",
    "match.delete_needs": """
        SELECT n.resource, n.key, n.needs_resource, n.needs_key
        FROM match.delete_needs n
        JOIN diff.rows r ON r.resource = n.resource AND r.key = n.key AND r.action = 'delete'""",
    "diff.field_needs": """
        SELECT n.resource, n.key, n.needs_resource, n.needs_key
        FROM diff.field_needs n
        JOIN diff.rows r ON r.resource = n.resource AND r.key = n.key AND r.action IN ('create', 'update')
        JOIN unnest(r.fields) AS u(f) ON f.field = n.field AND f.verdict = 'update'
        WHERE (n.needs_resource, n.needs_key) <> (n.resource, n.key)""",
    "match.stack_needs": """
        SELECT n.resource, n.key, n.needs_resource, n.needs_key
        FROM match.stack_needs n
        JOIN diff.rows r ON r.resource = n.resource AND r.key = n.key AND r.action IN ('create', 'update')""",
}

_UNMET = """
SELECT n.resource, n.key, min(CASE
    WHEN c.key IS NULL THEN blocked('needs_row_of_nobody', {resource: n.needs_resource, key: n.needs_key})
    ELSE blocked('needs_held_row', {resource: n.needs_resource, key: n.needs_key, action: c.action, because: nested(c.reason)}) END)
FROM diff.needs n
JOIN diff.rows r ON r.resource = n.resource AND r.key = n.key AND r.action IN ('create', 'update', 'delete')
LEFT JOIN diff.rows c ON c.resource = n.needs_resource AND c.key = n.needs_key
WHERE c.key IS NULL OR NOT (c.action IN ('create', 'update') OR (r.action = 'delete' AND c.action = 'delete'))
GROUP BY n.resource, n.key
"""


# The rows of one guest, and what they need. A guest that is gone has its vmid in its rows' keys.
_OF_A_GUEST = """
WITH RECURSIVE kept AS (
    SELECT r.resource, r.key FROM diff.rows r
    WHERE r.parent IN (SELECT key FROM desired.virtual_machines WHERE source_id = $vmid)
      AND r.resource IN ('virtual_machines', 'vm_interfaces', 'mac_addresses', 'primary_macs', 'ip_addresses',
                         'primary_ips', 'virtual_disks')
      AND NOT contains(r.key, ' [vmid ')
    UNION
    SELECT r.resource, r.key FROM diff.rows r WHERE contains(r.key, ' [vmid ' || $vmid || ']')
    UNION
    SELECT n.needs_resource, n.needs_key FROM diff.needs n JOIN kept k ON n.resource = k.resource AND n.key = k.key
)
DELETE FROM diff.rows WHERE (resource, key) NOT IN (SELECT (resource, key) FROM kept)
"""


def finish(
    con: duckdb.DuckDBPyConnection, stage: Path, endpoint: str, diff_id: str, guest: int | None = None
) -> dict[str, dict[str, int]]:
    """Write ``<resource>.parquet`` for every resource into ``stage``; returns {resource: {action: rows}}.

    A row that needs an object which no change creates is blocked by it, and so on down the line. A
    prerequisite that nothing needs is left out. With ``guest``, a vmid, so is everything that is neither this
    guest's nor needed by it.
    """
    settle(con, guest)
    _change_ids(con, endpoint)
    return _write(con, stage, endpoint, diff_id)


def settle(con: duckdb.DuckDBPyConnection, guest: int | None = None) -> None:
    """The last word on every row of ``diff.rows``: what each needs, and what is blocked because of it."""
    keep_together(con)
    _find_needs(con)
    if guest is not None:
        run(con, _OF_A_GUEST, {"vmid": str(guest)})
    _drop_unneeded(con)
    _block(con)


def _find_needs(con: duckdb.DuckDBPyConnection) -> None:
    """Table ``diff.needs``: which rows each row needs."""
    needs = [f"({query})" for relation, query in _NEEDS.items() if not is_empty(con, relation)]
    run(
        con,
        "CREATE TABLE diff.needs (resource VARCHAR, key VARCHAR, needs_resource VARCHAR, needs_key VARCHAR)",
    )
    if needs:
        run(con, f"INSERT INTO diff.needs {' UNION '.join(needs)}")


def _drop_unneeded(con: duckdb.DuckDBPyConnection) -> None:
    """Prerequisites are wanted by many words, but only those that a change uses are proposed."""
    resources = ", ".join(f"'{name}'" for name in PREREQUISITES)
    while True:
        dropped = run(
            con,
            f"""DELETE FROM diff.rows WHERE resource IN ({resources}) AND action IN ('create', 'update', 'blocked')
                -- A site's coordinates are wanted for themselves.
                AND NOT (resource = 'sites' AND action = 'update')
                AND (resource, key) NOT IN (
                    SELECT (n.needs_resource, n.needs_key) FROM diff.needs n
                    JOIN diff.rows r ON r.resource = n.resource AND r.key = n.key
                    WHERE r.action IN ('create', 'update'))""",
        ).fetchone()
        if not dropped or not dropped[0]:
            return


# What is deleted only because something else is: it stays where that one stays.
_KEPT_WITH = """
SELECT g.resource, g.key, min(blocked('goes_only_with',
    {resource: p.resource, key: p.key, action: p.action, because: nested(p.reason)}))
FROM match.goes_with g
JOIN diff.rows r ON r.resource = g.resource AND r.key = g.key AND r.action = 'delete'
JOIN diff.rows p ON p.resource = g.parent_resource AND p.key = g.parent_key AND p.action <> 'delete'
GROUP BY g.resource, g.key
"""


def _block(con: duckdb.DuckDBPyConnection) -> None:
    while True:
        found = [
            table
            for table, query in (("unmet", _UNMET), ("kept_with", _KEPT_WITH))
            if _fill(con, table, query)
        ]
        if not found:
            return
        for table in found:
            # A delete that does not happen takes nothing away: its fields are not shown either.
            run(
                con,
                f"""UPDATE diff.rows SET action = 'blocked', fields = if(rows.action = 'delete', [], rows.fields),
                        reason = if(rows.action = 'delete',
                            blocked('delete_waits', {{because_removed: nested(rows.reason), because: nested(u.reason)}}), u.reason)
                    FROM {table} u
                    WHERE u.resource = rows.resource AND u.key = rows.key AND rows.action <> 'blocked'""",
            )


def _fill(con: duckdb.DuckDBPyConnection, table: str, query: str) -> int:
    """How many rows ``query`` has; they are in the temporary table of that name, with resource, key and reason."""
    row = run(con, f"CREATE OR REPLACE TEMP TABLE {table}(resource, key, reason) AS {query}").fetchone()
    return int(row[0]) if row else 0


def _change_ids(con: duckdb.DuckDBPyConnection, endpoint: str) -> None:
    """Table ``diff.ids``: the change id of every change, by resource and key. A first sync has a million of them."""
    con.execute("CREATE TABLE diff.ids (resource VARCHAR, key VARCHAR, change_id VARCHAR)")
    cursor = con.cursor()
    cursor.execute(
        """SELECT resource, key, action, object_type, netbox_id, target, last_updated, fields
           FROM diff.rows WHERE action IN ('create', 'update', 'delete')"""
    )
    while rows := cursor.fetchmany(_BATCH):
        ids = [
            change_id(
                endpoint=endpoint,
                resource=resource,
                action=action,
                key=key,
                object_type=object_type,
                netbox_id=netbox_id,
                target=target,
                last_updated=last_updated,
                fields=[
                    (f["field"], _decoded(f["before"]), _decoded(f["after"]))
                    for f in fields
                    if f["verdict"] == "update"
                ],
            )
            for resource, key, action, object_type, netbox_id, target, last_updated, fields in rows
        ]
        batch = pa.table(
            [[row[0] for row in rows], [row[1] for row in rows], ids], ["resource", "key", "change_id"]
        )
        con.register("batch_of_ids", batch)
        con.execute("INSERT INTO diff.ids FROM batch_of_ids")
        con.unregister("batch_of_ids")
    twice = run(
        con, "SELECT resource, key FROM diff.ids GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if twice:
        raise ValueError(f"two diff rows of {endpoint} have the key {twice[0]} '{twice[1]}'")


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


# The rows of some resources, with the changes that each needs.
_ROWS = """
WITH needed AS (
    SELECT n.resource, n.key, list(i.change_id ORDER BY i.change_id) AS changes
    FROM diff.needs n JOIN diff.ids i ON i.resource = n.needs_resource AND i.key = n.needs_key
    WHERE n.resource IN ({resources}) GROUP BY n.resource, n.key
)
SELECT
    r.resource, r.action, r.key, r.parent, r.object_type, r.netbox_id, r.target, r.last_updated, r.reason, r.fields,
    coalesce(i.change_id, '') AS change_id,
    CASE WHEN i.change_id IS NULL THEN [] ELSE coalesce(needed.changes, []) END AS depends_on
FROM diff.rows r
LEFT JOIN diff.ids i ON i.resource = r.resource AND i.key = r.key
LEFT JOIN needed ON needed.resource = r.resource AND needed.key = r.key
WHERE r.resource IN ({resources}) ORDER BY r.resource, r.key
"""


def _write(
    con: duckdb.DuckDBPyConnection, stage: Path, endpoint: str, diff_id: str
) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    rows_of = dict(run(con, "SELECT resource, count(*) FROM diff.rows GROUP BY resource").fetchall())
    present = [resource for resource in RESOURCES if resource in rows_of]
    for resource in set(RESOURCES) - set(present):
        write_parquet(stage / f"{resource}.parquet", DIFF_COLUMNS, [])
    # A question costs more than the rows of a small diff: they are asked for together.
    together = sum(rows_of.values()) <= _BATCH
    for resources in [present] if together and present else [[resource] for resource in present]:
        cursor = con.cursor()
        cursor.execute(_ROWS.format(resources=", ".join(f"'{resource}'" for resource in resources)))
        names = [column[0] for column in cursor.description]
        with contextlib.ExitStack() as open_files:
            writers: dict[str, TableWriter] = {}
            while rows := cursor.fetchmany(_BATCH):
                for values in rows:
                    row = {"endpoint": endpoint, "diff_id": diff_id, **dict(zip(names, values, strict=True))}
                    _say(row)
                    resource = row["resource"]
                    if resource not in writers:
                        writers[resource] = TableWriter(stage / f"{resource}.parquet", DIFF_COLUMNS)
                        open_files.callback(writers[resource].close)
                    writers[resource].write([row])
                    actions = counts.setdefault(resource, {})
                    actions[row["action"]] = actions.get(row["action"], 0) + 1
    # By name, as the manifest keeps them.
    return dict(sorted(counts.items()))


def _say(row: dict[str, Any]) -> None:
    """The reasons of a row and of its fields as cause, subject and sentence."""
    row["cause"] = row["subject"] = None
    if row["reason"] is not None:
        said = read_reason(row["reason"], row["action"])
        row |= {"reason": said.sentence, "cause": said.cause, "subject": said.subject}
    for item in row["fields"]:
        item["cause"] = None
        if item["reason"] is not None:
            said = read_reason(item["reason"])
            item |= {"reason": said.sentence, "cause": said.cause}
