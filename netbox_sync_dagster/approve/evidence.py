"""What a row is based on: the source's own row, when it was read, what was written last, and what happened before."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from netbox_sync_dagster.approve.object_history import history_of_row
from netbox_sync_dagster.approve.source_objects import page_of
from netbox_sync_dagster.approve.source_rows import About, source_rows
from netbox_sync_dagster.compare.plan import DiffRow, PlanHead
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sources.netbox.ledger_names import names_of_snapshot
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.connections import named_rows
from netbox_sync_dagster.storage.views import ask

_HISTORY = 50


def evidence_of(warehouse: Warehouse, config: Config, head: PlanHead, row: DiffRow) -> dict[str, Any]:
    """``evidence`` over a new connection."""
    return ask(warehouse, lambda con: evidence(con, warehouse, config, head, row), status=True)


def evidence(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, config: Config, head: PlanHead, row: DiffRow
) -> dict[str, Any]:
    """``desired``: what the source says in NetBox's terms, as {table, values by column}; None where the plan does not know,
    because it reverts an apply, say; ``more``: how many more such rows there are; ``removed``: whether the source shows no such
    object; ``snapshots``: what was read and when; ``last_written`` by field;
    ``history`` of the NetBox object, newest first, at most 50 entries (``object_history``); ``netbox_page``: its page in NetBox, ``source_page`` that of the
    source, or None. ``con`` has the views of ``storage.views``, also
    ``sync.status``."""
    page = None
    if row.netbox_id is not None and not row.object_type.startswith("plugins/"):
        page = f"{config.netbox.base_url}/{row.object_type}/{row.netbox_id}/"
    said = source_rows(con, head.folder, About(row.resource, row.key, row.parent, row.object_type))
    return {
        "netbox_page": page,
        "desired": None
        if said is None
        else [{"table": item.table, "values": dict(item.values)} for item in said.rows],
        "more": 0 if said is None else said.more,
        # An object in doubt may be one that the source shows under another name, or that is left out.
        "removed": said is not None and not said.rows and row.cause != "in_doubt",
        "source_page": page_of(
            con,
            config.endpoint(head.endpoint),
            head,
            resource=row.resource,
            key=row.key,
            parent=row.parent,
        ),
        "snapshots": _rows(
            con,
            "select system, endpoint, last_success, complete, reasons from sync.status where endpoint in (?, 'netbox') order by system = 'netbox'",
            [head.endpoint],
        ),
        "last_written": _last_written(con, warehouse, row),
        # Newest first.
        "history": history_of_row(con, warehouse, head.endpoint, row)[: -_HISTORY - 1 : -1],
    }


def _rows(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    return named_rows(con.execute(sql, values))


def _last_written(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, row: DiffRow) -> dict[str, Any]:
    """What this product wrote last into each field of the object, parsed."""
    if row.netbox_id is None:
        return {}
    found = con.execute(
        """select item.field, arg_max(item.after, seq)
           from (select unnest(fields) as item, seq from ledger.verdicts
                 where object_type = $type and netbox_id = $id and verdict = 'applied'
                   and ($here is null or list_contains($here::varchar[], target)))
           group by all""",
        {"type": row.object_type, "id": row.netbox_id, "here": names_of_snapshot(warehouse)},
    ).fetchall()
    return {name: json.loads(after) if after is not None else None for name, after in found}
