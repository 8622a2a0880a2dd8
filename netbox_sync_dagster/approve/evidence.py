"""What a row is based on: the source's own row, when it was read, what was written last, and what happened before."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from netbox_sync_dagster.approve.source_objects import desired_row, page_of
from netbox_sync_dagster.compare.plan import DiffRow, PlanHead
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.connections import named_rows
from netbox_sync_dagster.storage.views import ask

_HISTORY = 50


def evidence_of(warehouse: Warehouse, config: Config, head: PlanHead, row: DiffRow) -> dict[str, Any]:
    """``evidence`` over a new connection."""
    return ask(warehouse, lambda con: evidence(con, config, head, row))


def evidence(con: duckdb.DuckDBPyConnection, config: Config, head: PlanHead, row: DiffRow) -> dict[str, Any]:
    """``desired``: what the source says in NetBox's terms; ``snapshots``: what was read and when; ``last_written`` by field;
    ``decisions`` and ``verdicts`` of this object, newest first; ``netbox_page``: its page in NetBox, ``source_page`` that of the
    source, or None. ``con`` has the views of ``storage.views``."""
    page = None
    if row.netbox_id is not None and not row.object_type.startswith("plugins/"):
        page = f"{config.netbox.base_url}/{row.object_type}/{row.netbox_id}/"
    return {
        "netbox_page": page,
        "desired": _desired(con, head, row),
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
        "last_written": _last_written(con, head, row),
        "decisions": _rows(
            con,
            """select decided_at, who, through, decision, comment, override, change_id from ledger.approvals
               where endpoint = ? and resource = ? and key = ? order by seq desc limit ?""",
            [head.endpoint, row.resource, row.key, _HISTORY],
        ),
        "verdicts": _rows(
            con,
            """select recorded_at, apply_id, verdict, action, message, approver, change_id from ledger.verdicts
               where endpoint = ? and resource = ? and key = ? order by seq desc limit ?""",
            [head.endpoint, row.resource, row.key, _HISTORY],
        ),
    }


def _rows(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    return named_rows(con.execute(sql, values))


def _desired(con: duckdb.DuckDBPyConnection, head: PlanHead, row: DiffRow) -> list[tuple[str, str]]:
    """(column, value) of the desired row with this key, without empty ones."""
    found = desired_row(con, head, row.resource, row.key) or {}
    skipped = ("endpoint", "key", "diff_id")
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
        for name, value in found.items()
        if value is not None and name not in skipped
    ]


def _last_written(con: duckdb.DuckDBPyConnection, head: PlanHead, row: DiffRow) -> dict[str, Any]:
    """What this product wrote last into each field of the object, parsed."""
    if row.netbox_id is None:
        return {}
    found = con.execute(
        """select item.field, arg_max(item.after, seq)
           from (select unnest(fields) as item, seq from ledger.verdicts
                 where object_type = ? and netbox_id = ? and verdict = 'applied')
           group by all""",
        [row.object_type, row.netbox_id],
    ).fetchall()
    return {name: json.loads(after) if after is not None else None for name, after in found}
