"""From decided rows to the diff's files: dependencies, what they block, and change ids."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from netbox_sync_dagster.compare.answers import settle_answers
from netbox_sync_dagster.compare.causes import read_reason
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.database import is_empty, run
from netbox_sync_dagster.compare.field_needs import keep_together
from netbox_sync_dagster.compare.graph import conditions
from netbox_sync_dagster.config.policies import PREREQUISITES, RESOURCES
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.parquet import TableWriter, write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS

_BATCH = 5_000

# The files of sql/plan that find dependencies: references in fields and targets, the custom fields and tags that this
# diff creates, and what comes before a delete, a field or a row of a stack.
_NEEDS = (
    "needs_by_reference",
    "needs_custom_fields",
    "needs_tags",
    "needs_before_delete",
    "needs_of_fields",
    "needs_of_stacks",
    "needs_of_freed_addresses",
)


class Only(NamedTuple):
    """The one object that was read: what it is (``devices`` or ``virtual_machines``), and the source's id of it."""

    resource: str
    source_id: str


def finish(
    con: duckdb.DuckDBPyConnection, stage: Path, endpoint: str, diff_id: str, only: Only | None = None
) -> dict[str, dict[str, int]]:
    """Write ``<resource>.parquet`` for every resource into ``stage``; returns {resource: {action: rows}}.

    A row that needs an object which no change creates is blocked, and so are the rows that need it. A prerequisite that
    nothing needs is dropped. With ``only``, everything that neither belongs to this object nor is needed by it is dropped.
    """
    settle(con, only)
    _change_ids(con, endpoint)
    return _write(con, stage, endpoint, diff_id)


def settle(con: duckdb.DuckDBPyConnection, only: Only | None = None) -> None:
    """The final decision on every row of ``diff.rows``: its dependencies, and the rows that these block."""
    keep_together(con)
    _find_needs(con)
    if only is not None:
        run(con, read_sql("plan/one_object.sql"), {"resource": only.resource, "id": only.source_id})
    _drop_unneeded(con)
    _block(con)
    settle_answers(con)


def _find_needs(con: duckdb.DuckDBPyConnection) -> None:
    """Table ``diff.dependencies``: which rows each row needs."""
    files = [f"plan/{name}.sql" for name in _NEEDS]
    needs = [
        f"({read_sql(file)})"
        for file in files
        if not (only := conditions(file)) or not all(is_empty(con, relation) for relation in only)
    ]
    run(
        con,
        "CREATE TABLE diff.dependencies (resource VARCHAR, key VARCHAR, needs_resource VARCHAR, needs_key VARCHAR)",
    )
    run(con, f"INSERT INTO diff.dependencies {' UNION '.join(needs)}")


def _drop_unneeded(con: duckdb.DuckDBPyConnection) -> None:
    while (
        row := run(con, read_sql("plan/unneeded.sql"), {"prerequisites": list(PREREQUISITES)}).fetchone()
    ) and row[0]:
        pass


def _block(con: duckdb.DuckDBPyConnection) -> None:
    """Block rows that need a row which is not written, transitively."""
    while any(_block_held(con, file) for file in ("unmet", "kept_with")):
        pass


def _block_held(con: duckdb.DuckDBPyConnection, file: str) -> bool:
    """Block the rows that this file of sql/plan finds; returns whether there were any."""
    row = run(con, f"CREATE OR REPLACE TEMP TABLE held AS {read_sql(f'plan/{file}.sql')}").fetchone()
    if not row or not row[0]:
        return False
    run(con, read_sql("plan/block.sql"))
    return True


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


def _write(
    con: duckdb.DuckDBPyConnection, stage: Path, endpoint: str, diff_id: str
) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    rows_of = dict(run(con, "SELECT resource, count(*) FROM diff.rows GROUP BY resource").fetchall())
    present = [resource for resource in RESOURCES if resource in rows_of]
    for resource in set(RESOURCES) - set(present):
        write_parquet(stage / f"{resource}.parquet", DIFF_COLUMNS, [])
    # A query costs more than the rows of a small diff, so they are read together.
    together = sum(rows_of.values()) <= _BATCH
    for resources in [present] if together and present else [[resource] for resource in present]:
        cursor = con.cursor()
        cursor.execute(read_sql("plan/with_changes.sql"), {"resources": resources})
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
    # By name, for the manifest.
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
