"""From decided rows to the files of a diff: change ids, the sentences of causes, one Parquet file per resource.

Rows without a cause, the most of a large diff, go through SQL alone. Sentences are made in Python.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.causes import read_reason
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.parquet import TableWriter, arrow_schema, write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")

_BATCH = 5_000
# What the sentences change in a row.
_SAID = ("resource", "key", "reason", "cause", "subject", "fields")


def add_change_ids(con: duckdb.DuckDBPyConnection, endpoint: str) -> None:
    """Table ``diff.ids``: the change id of every change, by resource and key.

    Raises ValueError if two rows have one key.
    """
    run(con, "CREATE TABLE diff.ids (resource VARCHAR, key VARCHAR, change_id VARCHAR)")
    run(con, f"INSERT INTO diff.ids {read_sql('plan/change_ids.sql')}", {"endpoint": endpoint})
    _add_other_ids(con, endpoint)
    twice = run(
        con, "SELECT resource, key FROM diff.ids GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if twice:
        raise ValueError(f"two diff rows of {endpoint} have the key {twice[0]} '{twice[1]}'")


def _add_other_ids(con: duckdb.DuckDBPyConnection, endpoint: str) -> None:
    """The ids of changes with values that SQL may write in another way."""
    left = "SELECT resource, key FROM diff.ids WHERE change_id IS NULL"
    cursor = con.execute(
        f"""SELECT resource, key, action, object_type, netbox_id, target, last_updated, fields
           FROM diff.rows SEMI JOIN ({left}) USING (resource, key)"""
    )
    found: list[tuple[str, str, str]] = []
    while rows := cursor.fetchmany(_BATCH):
        for resource, key, action, object_type, netbox_id, target, last_updated, fields in rows:
            written = [
                (f["field"], _decoded(f["before"]), _decoded(f["after"]))
                for f in fields
                if f["decision"] == "update"
            ]
            one = change_id(
                endpoint=endpoint,
                resource=resource,
                action=action,
                key=key,
                object_type=object_type,
                netbox_id=netbox_id,
                target=target,
                last_updated=last_updated,
                fields=written,
            )
            found.append((resource, key, one))
    if not found:
        return
    run(con, "DELETE FROM diff.ids WHERE change_id IS NULL")
    columns = [list(column) for column in zip(*found, strict=True)]
    con.register("other_ids", pa.table(columns, ["resource", "key", "change_id"]))
    con.execute("INSERT INTO diff.ids FROM other_ids")
    con.unregister("other_ids")


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def write_diff(
    con: duckdb.DuckDBPyConnection, stage: Path, endpoint: str, diff_id: str
) -> dict[str, dict[str, int]]:
    """Write ``<resource>.parquet`` for every resource into ``stage``; returns {resource: {action: rows}}."""
    counts: dict[str, dict[str, int]] = {}
    counted = "SELECT resource, action, count(*) FROM diff.rows GROUP BY ALL ORDER BY ALL"
    for resource, action, number in run(con, counted).fetchall():
        counts.setdefault(resource, {})[action] = number
    for resource in set(RESOURCES) - set(counts):
        write_parquet(stage / f"{resource}.parquet", DIFF_COLUMNS, [])
    constants = {"endpoint": endpoint, "diff_id": diff_id}
    # A query costs more than the rows of a small diff, so they are read together.
    if sum(sum(actions.values()) for actions in counts.values()) <= _BATCH:
        _write_together(con, stage, [resource for resource in RESOURCES if resource in counts], constants)
    else:
        for resource in counts:
            _write_resource(con, stage / f"{resource}.parquet", resource, constants)
    return counts


def _write_together(
    con: duckdb.DuckDBPyConnection, stage: Path, resources: list[str], constants: dict[str, str]
) -> None:
    if not resources:
        return
    with contextlib.ExitStack() as open_files:
        writers: dict[str, TableWriter] = {}
        for row in _rows(con, f"{_with_changes(resources)} ORDER BY r.resource, r.key"):
            resource = row["resource"]
            if resource not in writers:
                writers[resource] = TableWriter(stage / f"{resource}.parquet", DIFF_COLUMNS)
                open_files.callback(writers[resource].close)
            # Without an earlier diff that had it, this one is the first.
            row["first_diff"] = row["first_diff"] or constants["diff_id"]
            writers[resource].write([constants | _said(row)])


def _write_resource(
    con: duckdb.DuckDBPyConnection, file: Path, resource: str, constants: dict[str, str]
) -> None:
    """Write one resource of a large diff: SQL writes the file, Python only what has a cause."""
    _keep_sentences(con, resource)
    plain = "list_transform(r.fields, lambda f: struct_insert(f, cause := NULL::VARCHAR))"
    columns = {
        **{name: f"'{value.replace(chr(39), chr(39) * 2)}'" for name, value in constants.items()},
        **{name: f"s.{name}" for name in ("reason", "cause", "subject")},
        "first_diff": f"coalesce(r.first_diff, '{constants['diff_id']}')",
        "fields": f"CASE WHEN s.key IS NULL THEN {plain} ELSE s.fields END",
    }
    shown = ", ".join(
        f"({columns.get(name, f'r.{name}')})::{kind} AS {name}" for name, kind in DIFF_COLUMNS.items()
    )
    con.execute(
        f"COPY (SELECT {shown} FROM ({_with_changes([resource])}) r"
        " LEFT JOIN diff.said s ON s.resource = r.resource AND s.key = r.key ORDER BY r.key)"
        f" TO '{connections.quoted(file)}' (FORMAT parquet, COMPRESSION zstd)"
    )


def _keep_sentences(con: duckdb.DuckDBPyConnection, resource: str) -> None:
    """Table ``diff.said``: the rows of the resource with a cause, in sentences."""
    schema = arrow_schema({name: DIFF_COLUMNS[name] for name in _SAID})
    con.register("rows_said", schema.empty_table())
    con.execute("CREATE OR REPLACE TABLE diff.said AS FROM rows_said")
    asked = (
        f"SELECT resource, action, key, reason, fields FROM diff.rows WHERE resource = '{resource}'"
        " AND (reason IS NOT NULL OR len(list_filter(fields, lambda f: f.reason IS NOT NULL)) > 0)"
    )
    batch: list[dict[str, Any]] = []
    for row in _rows(con, asked):
        said = _said(row)
        batch.append({name: said[name] for name in _SAID})
        if len(batch) == _BATCH:
            _keep(con, batch, schema)
            batch = []
    _keep(con, batch, schema)
    con.unregister("rows_said")


def _keep(con: duckdb.DuckDBPyConnection, batch: list[dict[str, Any]], schema: pa.Schema) -> None:
    if batch:
        con.register("rows_said", pa.Table.from_pylist(batch, schema=schema))
        con.execute("INSERT INTO diff.said FROM rows_said")


def _with_changes(resources: list[str]) -> str:
    # Parameters are not possible in COPY; the names of resources are ours.
    names = ", ".join(f"'{resource}'" for resource in resources)
    return read_sql("plan/with_changes.sql").replace("$resources::varchar[]", f"[{names}]::varchar[]")


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    cursor = con.cursor()
    cursor.execute(query)
    names = [column[0] for column in cursor.description]
    while rows := cursor.fetchmany(_BATCH):
        for values in rows:
            yield dict(zip(names, values, strict=True))


def _said(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the reasons of it and of its fields as cause, subject and sentence."""
    row["cause"] = row["subject"] = None
    if row["reason"] is not None:
        said = read_reason(row["reason"], row["action"])
        row |= {"reason": said.sentence, "cause": said.cause, "subject": said.subject}
    for item in row["fields"]:
        item["cause"] = None
        if item["reason"] is not None:
            said = read_reason(item["reason"])
            item |= {"reason": said.sentence, "cause": said.cause}
    return row
