"""Runs the comparison of one endpoint: snapshots in, one diff per resource out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from netbox_sync_dagster.compare.attempts import recorded
from netbox_sync_dagster.compare.clusters import ClusterError, rename_cluster, same_cluster
from netbox_sync_dagster.compare.docker_hosts import docker_cluster, same_daemon
from netbox_sync_dagster.compare.finish import finish
from netbox_sync_dagster.compare.gates import gates, written_twice
from netbox_sync_dagster.compare.settings import add_id_field_facts, create_settings
from netbox_sync_dagster.compare.stages import (
    COMPARE,
    DESIRED,
    DIFF_SHAPE,
    FILED,
    FILLS,
    ONLY_WITH,
    SLICE_ROWS,
    SLICED,
    VIEWS,
    desired_file,
)
from netbox_sync_dagster.config import Config, DockerEndpoint, Endpoint, ProxmoxEndpoint
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.warehouse import SYSTEMS, Warehouse, duck
from netbox_sync_dagster.warehouse.ledger import ledger_views, prepare_ledger
from netbox_sync_dagster.warehouse.store import now, write_json

# DuckDB spills to disk beyond this; with the rest of the process it stays within 1 GB.
MEMORY_LIMIT = "700MB"


class CompareError(Exception):
    """The comparison cannot run: the sentence says which snapshot is missing and what to do."""


@recorded
def compare(
    warehouse: Warehouse,
    config: Config,
    endpoint: Endpoint,
    *,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Compare the current snapshots of ``endpoint`` and of NetBox; the diff becomes current at once.

    Where only one guest was read anew, the diff holds that guest's rows and what they need.

    Returns the diff's manifest: diff_id, source_snapshot, target_snapshot, counts
    ({resource: {action: n}}), guest (the vmid of the only one compared), existing ({resource: matched NetBox objects}), gates (sentences that block
    approval), finished. Raises WarehouseError where a snapshot is missing,
    CompareError where another endpoint's cluster has this one's name and may be another.
    """
    say = progress or (lambda _: None)
    source_folder = warehouse.snapshots(endpoint.kind, endpoint.name)
    target_folder = warehouse.snapshots("netbox", "netbox")
    source, target = warehouse.manifest(source_folder), warehouse.manifest(target_folder)
    source_path = source_folder / source["snapshot_id"]
    target_path = target_folder / target["snapshot_id"]
    peers = _same_cluster(warehouse, config, endpoint)
    with warehouse.publish(warehouse.diffs(endpoint.name), warehouse.keep_diffs) as (diff_id, stage):
        con = connect(warehouse.home / "tmp")
        try:
            attach_snapshot(con, endpoint.kind, source_path)
            attach_snapshot(con, "netbox", target_path)
            if isinstance(endpoint, ProxmoxEndpoint):
                rename_cluster(con, endpoint)
            # Some of them look names up in NetBox's tables.
            con.execute(read_sql("macros.sql"))
            attach_ledger(con, warehouse, _written_as(con) or [config.netbox.base_url])
            create_settings(
                con,
                config,
                endpoint,
                snapshot_time=source["started"],
                id_scope=_id_scope(con, warehouse, endpoint),
                peers=peers,
            )
            add_id_field_facts(con)
            run_sql(con, endpoint.kind, stage, say)
            say("change ids")
            counts = finish(con, stage, endpoint.name, diff_id, source.get("guest"))
            _keep_desired(con, stage)
            manifest = {
                "diff_id": diff_id,
                "endpoint": endpoint.name,
                "kind": endpoint.kind,
                "source_snapshot": source["snapshot_id"],
                "source_complete": source["complete"],
                "target_snapshot": target["snapshot_id"],
                "guest": source.get("guest"),
                "counts": counts,
                "existing": _existing(con),
                "gates": [*gates(source, target), *written_twice(con)],
                "finished": now().isoformat(),
            }
        finally:
            con.close()
        write_json(stage / "manifest.json", manifest)
    return manifest


def _same_cluster(warehouse: Warehouse, config: Config, endpoint: Endpoint) -> list[str]:
    try:
        if isinstance(endpoint, ProxmoxEndpoint):
            return same_cluster(warehouse, config, endpoint)
        return same_daemon(warehouse, config, endpoint) if isinstance(endpoint, DockerEndpoint) else []
    except ClusterError as error:
        raise CompareError(str(error)) from None


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB bounded by MEMORY_LIMIT that spills into ``spill``."""
    spill.mkdir(parents=True, exist_ok=True)
    con = duck.connect()
    con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    con.execute(f"SET temp_directory = '{duck.quoted(spill)}'")
    con.execute("SET preserve_insertion_order = false")
    return con


def attach_snapshot(con: duckdb.DuckDBPyConnection, system: str, folder: Path) -> None:
    """Schema ``system`` with one view per table over exactly this snapshot's files.

    Tables and columns that a newer version of this product reads and an older snapshot does not hold are NULL.
    """
    con.execute(f"CREATE SCHEMA {system}")
    for name, table in SYSTEMS[system].items():
        file = folder / f"{name}.parquet"
        if file.exists():
            held = set(pq.read_schema(file).names)
            absent = "".join(
                f', NULL::{kind} AS "{column}"'
                for column, kind in table.columns.items()
                if column not in held
            )
            con.execute(f"CREATE VIEW {system}.{name} AS SELECT *{absent} FROM {_parquet(file)}")
        else:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.columns.items())
            con.execute(f"CREATE TABLE {system}.{name} (endpoint VARCHAR, snapshot_id VARCHAR, {columns})")


def _written_as(con: duckdb.DuckDBPyConnection) -> list[str]:
    row = con.execute("SELECT written_as FROM netbox.status").fetchone()
    return list(row[0]) if row and row[0] else []


def attach_ledger(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, targets: list[str]) -> None:
    """Schema ``ledger`` with what the comparison asks of it, read once, and of this NetBox only.

    ``targets``: how the ledger calls it; several where branches were merged, which keep their objects' ids.
    An id means another object in another NetBox. A null that was written is the JSON text ``null``.
    """
    prepare_ledger(warehouse)
    con.execute(ledger_views(warehouse))
    con.execute(
        """CREATE TEMP TABLE ledger_last_written AS
           SELECT * REPLACE (coalesce(value::VARCHAR, 'null') AS value) FROM ledger.last_written
           WHERE list_contains(?, target)
           QUALIFY row_number() OVER (PARTITION BY object_type, netbox_id, field ORDER BY "at" DESC) = 1""",
        [targets],
    )
    con.execute(
        """CREATE TEMP TABLE ledger_created AS FROM ledger.created WHERE list_contains(?, target)
           QUALIFY row_number() OVER (PARTITION BY object_type, netbox_id ORDER BY "at") = 1""",
        [targets],
    )
    for view in ("last_written", "created"):
        con.execute(f"CREATE OR REPLACE VIEW ledger.{view} AS FROM temp.ledger_{view}")


def run_sql(con: duckdb.DuckDBPyConnection, kind: str, stage: Path, say: Callable[[str], None]) -> None:
    """Desired, match and diff tables, then ``diff.rows`` with every row of every resource decided."""
    # As a variable the path is a constant to DuckDB, which it takes apart once and not per row.
    con.execute(
        """SET VARIABLE id_path = (SELECT '$.' || id_field || '."' || id_scope || '"' FROM config.endpoint)"""
    )
    for schema in ("desired", "match", "diff"):
        con.execute(f"CREATE SCHEMA {schema}")
    con.execute(read_sql("desired/tables.sql"))
    con.execute(read_sql("match/tables.sql"))
    for table in DESIRED[kind]:
        if not _has_ground(con, f"desired.{table}"):
            continue
        say(f"desired {table}")
        query = read_sql(desired_file(kind, table))
        if table in FILED:
            _file_desired(con, stage, table, query)
        else:
            con.execute(f"INSERT INTO desired.{FILLS.get(table, table)} BY NAME {query}")
    diffs = []
    for table, file in COMPARE:
        if not _has_ground(con, table):
            if table.startswith("diff."):
                con.execute(f"CREATE TABLE {table} {DIFF_SHAPE}")
            continue
        say(table)
        try:
            kind_of = "VIEW" if table in VIEWS else "TABLE"
            _make(con, kind_of, table, read_sql(file))
        except duckdb.Error as error:
            raise CompareError(f"sql/{file}: {error}") from error
        if table.startswith("diff.") and not _is_empty(con, table):
            diffs.append(table)
    con.execute(f"CREATE TABLE diff.rows {DIFF_SHAPE}")
    if diffs:
        # The empty table gives the columns their types: a list of no fields has none.
        con.execute(f"CREATE TABLE diff.shape {DIFF_SHAPE}")
        union = " UNION ALL BY NAME ".join(f"FROM {table}" for table in ["diff.shape", *diffs])
        con.execute(f"CREATE VIEW diff.candidates AS {union}")
        con.execute(f"INSERT INTO diff.rows BY NAME {read_sql('diff/verdicts.sql')}")


def _make(con: duckdb.DuckDBPyConnection, kind_of: str, table: str, query: str) -> None:
    """``table`` is what ``query`` delivers; of a stage in SLICED for SLICE_ROWS rows of another table at a time."""
    by = SLICED.get(table)
    row = con.execute(f"SELECT count(*) FROM {by}").fetchone() if by else None
    slices = -(-row[0] // SLICE_ROWS) if row else 1
    if by is None or slices <= 1:
        con.execute(f"CREATE OR REPLACE {kind_of} {table} AS {query}")
        return
    con.execute(f"ALTER TABLE {by} RENAME TO {by.split('.')[1]}_whole")
    con.execute(f"CREATE TABLE {table} {DIFF_SHAPE}")
    for number in range(slices):
        con.execute(f"CREATE OR REPLACE VIEW {by} AS FROM {by}_whole WHERE hash(key) % {slices} = {number}")
        con.execute(f"INSERT INTO {table} BY NAME {query}")


def _has_ground(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a stage can have rows at all; see ``ONLY_WITH``."""
    return table not in ONLY_WITH or not all(_is_empty(con, other) for other in ONLY_WITH[table])


def _is_empty(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None


def _id_scope(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, endpoint: Endpoint) -> str:
    """Under which name ids stand in id custom fields: the endpoint; for Proxmox and Docker the cluster.

    One cluster reached through two endpoints is one set of guests.
    """
    if endpoint.kind == "librenms":
        return endpoint.name
    if isinstance(endpoint, DockerEndpoint):
        name = docker_cluster(warehouse, endpoint)
    else:
        row = con.execute("SELECT name FROM proxmox.cluster").fetchone()
        name = str(row[0]) if row else None
    if name is None:
        raise CompareError(
            f"the snapshot of '{endpoint.name}' names no cluster; run: netbox-sync sync {endpoint.name}"
        )
    return name


def _existing(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many NetBox objects of each resource belong to this endpoint: the base of the 30 % limit."""
    counts = {}
    for resource in (
        "clusters",
        "devices",
        "virtual_chassis",
        "virtual_machines",
        "interfaces",
        "vm_interfaces",
        "vlans",
    ):
        # An interface is matched once at most: there may be a million, and they need not be told apart.
        distinct = "" if resource == "interfaces" else "DISTINCT "
        row = con.execute(f"SELECT count({distinct}netbox_id) FROM match.{resource}").fetchone()
        counts[resource] = int(row[0]) if row else 0
    attached = """SELECT count(*) FROM netbox.{table} o JOIN match.interface_names n
                  ON n.type = o.assigned_object_type AND n.netbox_id = o.assigned_object_id"""
    for table in ("ip_addresses", "mac_addresses"):
        row = con.execute(attached.format(table=table)).fetchone()
        counts[table] = int(row[0]) if row else 0
    row = con.execute(
        """SELECT count(*) FROM netbox.virtual_disks d JOIN match.virtual_machines m
           ON m.netbox_id = d.virtual_machine_id"""
    ).fetchone()
    counts["virtual_disks"] = int(row[0]) if row else 0
    row = con.execute(
        """SELECT count(DISTINCT e.cable_id) FROM match.cable_ends e
           JOIN match.interface_names n ON n.type = e.type AND n.netbox_id = e.id"""
    ).fetchone()
    counts["cables"] = int(row[0]) if row else 0
    row = con.execute("SELECT count(DISTINCT netbox_id) FROM match.modules").fetchone()
    counts["modules"] = int(row[0]) if row else 0
    counts["primary_ips"] = counts["devices"] + counts["virtual_machines"]
    counts["primary_macs"] = counts["interfaces"] + counts["vm_interfaces"]
    return counts


def _file_desired(con: duckdb.DuckDBPyConnection, stage: Path, table: str, query: str) -> None:
    """What ``query`` delivers becomes the file of ``desired.<table>``, and the table a view of it."""
    _write_desired(con, stage, table, f"FROM desired.{table} WHERE false UNION ALL BY NAME ({query}\n)")
    con.execute(f"DROP TABLE desired.{table}")
    con.execute(
        f"CREATE VIEW desired.{table} AS "
        f"SELECT * EXCLUDE (endpoint) FROM {_parquet(_desired_path(stage, table))}"
    )


def _keep_desired(con: duckdb.DuckDBPyConnection, stage: Path) -> None:
    """The other desired tables stay beside the diff too, for ``desired.*`` in ad-hoc SQL."""
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'desired'").fetchall()
    for (table,) in tables:
        _write_desired(con, stage, table, f"FROM desired.{table}")


def _write_desired(con: duckdb.DuckDBPyConnection, stage: Path, table: str, query: str) -> None:
    path = _desired_path(stage, table)
    path.parent.mkdir(exist_ok=True)
    # Keys and names are all different: a large dictionary of them costs time and saves no space.
    con.execute(
        f"COPY (SELECT (SELECT endpoint FROM config.endpoint) AS endpoint, * FROM ({query})) "
        f"TO '{duck.quoted(path)}' (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 1000)"
    )


def _desired_path(stage: Path, table: str) -> Path:
    return stage / "desired" / f"{table}.parquet"


def _parquet(file: Path) -> str:
    return f"read_parquet('{duck.quoted(duck.pattern(file))}')"


def describe(manifest: dict[str, Any]) -> str:
    """One line: how many rows of each action."""
    totals: dict[str, int] = {}
    for actions in manifest["counts"].values():
        for action, number in actions.items():
            totals[action] = totals.get(action, 0) + number
    return json.dumps(totals, sort_keys=True) if totals else "no differences"
