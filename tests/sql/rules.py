"""Rules on rows: tables in, one of the comparison's SQL files run, rows out. In memory, without servers."""

from __future__ import annotations

import json
import weakref
from typing import Any

import duckdb

from netbox_sync_dagster.compare.causes import sentence_of
from netbox_sync_dagster.compare.config_tables import add_id_field_facts, create_settings, settings_of
from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.compare.graph import compare_stages
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sqlfiles import read_macros, read_sql
from netbox_sync_dagster.storage import SYSTEMS

STAGES = {stage.table: stage for stage in compare_stages()}
# The settings without which an endpoint of a kind is not complete.
NEEDED: dict[str, dict[str, str]] = {
    "librenms": {"url": "http://127.0.0.1:1"},
    "proxmox": {
        "url": "https://127.0.0.1:1",
        **{"user": "sync@pve", "token_name": "sync", "token_env": "PROXMOX_TOKEN"},
    },
    "docker": {"url": "http://127.0.0.1:1"},
    "tables": {"sql": "tables"},
}


# Connections that no rule uses, by kind of endpoint.
_BASES: dict[str, list[duckdb.DuckDBPyConnection]] = {}


def _base(kind: str) -> duckdb.DuckDBPyConnection:
    """A database with all macros, and all tables without rows."""
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET GLOBAL timezone = 'UTC'")
    for system in {kind, "netbox"}:
        script = [f"CREATE SCHEMA {system};"]
        for name, table in SYSTEMS[system].items():
            columns = ", ".join(f'"{column}" {of}' for column, of in table.columns.items())
            script.append(f"CREATE TABLE {system}.{name} (endpoint VARCHAR, {columns});")
        run(con, "\n".join(script))
    run(con, read_macros())
    con.execute(
        """CREATE SCHEMA desired; CREATE SCHEMA match; CREATE SCHEMA ledger; CREATE SCHEMA diff;
           CREATE TABLE ledger.last_written (object_type VARCHAR, netbox_id BIGINT, field VARCHAR, value VARCHAR,
               endpoint VARCHAR, restored BOOLEAN DEFAULT false);
           CREATE TABLE ledger.created (object_type VARCHAR, netbox_id BIGINT, endpoint VARCHAR)"""
    )
    run(con, read_sql("desired/tables.sql"))
    run(con, read_sql("match/tables.sql"))
    return con


class Rules:
    """An empty comparison of one endpoint called ``lib`` with these ``settings``; ``more`` are other endpoints of the
    configuration. ``own_database``: other connections can read its tables."""

    def __init__(
        self,
        kind: str = "librenms",
        scope: str = "lib",
        more: list[dict[str, Any]] | None = None,
        *,
        own_database: bool = False,
        **settings: Any,
    ):
        if own_database:
            self.con = _base(kind)
        else:
            base = _BASES[kind].pop() if _BASES.get(kind) else _base(kind)
            # What is written through this cursor ends with it: making the tables takes longer than most rules.
            self.con = base.cursor()
            self.con.execute("BEGIN")
            weakref.finalize(self.con, _BASES.setdefault(kind, []).append, base)
        endpoint = {"name": "lib", "kind": kind, **NEEDED[kind], **settings}
        config = Config.model_validate(
            {"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [endpoint, *(more or [])]}
        )
        create_settings(
            self.con, settings_of(config, config.endpoint("lib"), scope), "2026-11-28T00:00:00+00:00"
        )
        add_id_field_facts(self.con)
        self.con.execute(
            """SET VARIABLE id_path = (SELECT '$.' || id_field || '."' || id_scope || '"' FROM config.endpoint)"""
        )

    def put(self, table: str, **columns: Any) -> None:
        """One row; columns that are not named are NULL. A dict becomes JSON text."""
        values = [json.dumps(value) if isinstance(value, dict) else value for value in columns.values()]
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" for _ in columns)
        self.con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)

    def run(self, *tables: str) -> None:
        """Run the files that make these tables, in this order."""
        for table in tables:
            kind = "VIEW" if STAGES[table].is_view else "TABLE"
            self.con.execute(f"CREATE OR REPLACE {kind} {table} AS {read_sql(STAGES[table].file)}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows, with each reason as the sentence that people read."""
        found = self.con.execute(query).fetchall()
        return [
            tuple(sentence_of(value) if isinstance(value, str) else value for value in row) for row in found
        ]
