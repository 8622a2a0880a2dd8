"""The lines of the evidence tables, and what is incomplete after a snapshot by them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from tests.sql.rules import Rules
from tests.support import ODD_FOLDER, NetBox, Pipeline


def evidence(kind: str) -> list[tuple[str, str, bool, list[str], list[str]]]:
    """(call, scope, wide, proves, decides) of every line of a kind's table."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA config; CREATE TABLE config.endpoint AS SELECT false AS bridge_addresses")
        return con.execute(read_sql(f"desired/{kind}/evidence.sql")).fetchall()


def incomplete(pipeline: Pipeline) -> dict[str, set[str]]:
    """Resource -> owners for which it is incomplete, in the last comparison."""
    folder = pipeline.warehouse.current(pipeline.warehouse.diffs(pipeline.name)) / "desired"
    with duckdb.connect() as con:
        return by_resource(
            con.execute(
                "SELECT resource, owner FROM read_parquet(?)",
                [connections.pattern(folder / "incomplete_scopes.parquet")],
            ).fetchall()
        )


def by_resource(found: list[tuple[str, str]]) -> dict[str, set[str]]:
    return {name: {owner for resource, owner in found if resource == name} for name, _ in found}


# The owners whose calls fail: (table, source's id, key).
OWNERS = {
    "librenms": [("devices", "1", "sw1")],
    "proxmox": [("virtual_machines", "101", "web"), ("devices", "pve1", "pve1")],
    "docker": [("virtual_machines", "web", "web")],
    "tables": [],
}


@cache
def gap_rules(kind: str) -> Rules:
    """The stages that say what the gaps of a snapshot leave incomplete, one database per kind."""
    rules = Rules(kind)
    for line in evidence(kind):
        rules.con.execute("INSERT INTO desired.evidence VALUES (?, ?, ?, ?, ?)", line)
    if kind == "proxmox":
        rules.con.execute(
            f"INSERT INTO desired.call_tables BY NAME {read_sql('desired/proxmox/call_tables.sql')}"
        )
    for table, source_id, key in OWNERS[kind]:
        rules.put(f"desired.{table}", source_id=source_id, key=key)
    return rules


def incomplete_without(kind: str, scopes: str) -> dict[str, set[str]]:
    """Resource -> owners for which it is incomplete, with these scopes (a query) of a snapshot."""
    rules = gap_rules(kind)
    rules.con.execute(f"CREATE OR REPLACE TABLE config.scopes AS {scopes}")
    rules.con.execute(f"CREATE OR REPLACE TABLE config.gaps AS {read_sql('desired/call_gaps.sql')}")
    return by_resource(
        rules.con.execute(f"SELECT resource, owner FROM ({read_sql('desired/gaps.sql')})").fetchall()
    )


def unread(pipeline: Pipeline) -> dict[str, set[str]]:
    """Resource -> owners for which it is incomplete, after the pipeline's last snapshot."""
    kind = pipeline.endpoint.kind
    file = pipeline.warehouse.current(pipeline.warehouse.snapshots(kind, pipeline.name)) / "scopes.parquet"
    return incomplete_without(kind, f"FROM read_parquet('{connections.quoted(connections.pattern(file))}')")


def reader_of(folder: Path, kind: str, server: Any, **options: Any) -> Pipeline:
    """A pipeline that only reads its source."""
    endpoint = {"name": "source", "kind": kind, "url": server.url, "defaults": {"site": "paris"}, **options}
    return Pipeline(folder / ODD_FOLDER, NetBox("http://127.0.0.1:1", "lab-token"), endpoint)
