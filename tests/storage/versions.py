"""Snapshots and diffs of tests, published without a server."""

from __future__ import annotations

from typing import Any

import duckdb

from netbox_sync_dagster.storage import Warehouse, write_snapshot
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS


def publish_devices(warehouse: Warehouse, endpoint: str, count: int) -> None:
    """Make a snapshot current with that many devices; each says how many there are in all (serial)."""
    with warehouse.publish(warehouse.snapshots("librenms", endpoint), keep=20) as (version, stage):
        columns = {
            "endpoint": "VARCHAR",
            "snapshot_id": "VARCHAR",
            "device_id": "BIGINT",
            "serial": "VARCHAR",
        }
        rows = [
            {"endpoint": endpoint, "snapshot_id": version, "device_id": i, "serial": str(count)}
            for i in range(count)
        ]
        write_parquet(stage / "devices.parquet", columns, rows)


def add_device(warehouse: Warehouse, endpoint: str, hostname: str, **more: Any) -> None:
    with write_snapshot(warehouse, "librenms", endpoint) as writer:
        writer.source_version = "26.7.0"
        writer.rows("devices", [{"device_id": 1, "hostname": hostname}])
        for scope, reason in more.items():
            writer.incomplete(scope, "*", reason)


def publish_diff(warehouse: Warehouse, endpoint: str, **actions: int) -> None:
    """Make a diff current with that many device rows per action."""
    with warehouse.publish(warehouse.diffs(endpoint), keep=20) as (diff_id, stage):
        rows = [
            {
                "endpoint": endpoint,
                "diff_id": diff_id,
                "change_id": f"{action}{i}" if action in ("create", "update", "delete") else "",
                "resource": "devices",
                "action": action,
                "key": f"{action}-{i}",
                "object_type": "dcim/devices",
                "netbox_id": None if action == "create" else 7,
                "fields": [
                    {"field": "name", "before": "null", "after": '"x"', "decision": "update", "reason": None},
                    {
                        "field": "serial",
                        "before": '"A"',
                        "after": '"B"',
                        "decision": "drifted",
                        "reason": "edited",
                    },
                ],
                "depends_on": [],
            }
            for action, number in actions.items()
            for i in range(number)
        ]
        write_parquet(stage / "devices.parquet", DIFF_COLUMNS, rows)
        manifest = {
            "diff_id": diff_id,
            "endpoint": endpoint,
            "kind": "librenms",
            "source_snapshot": diff_id,
            "target_snapshot": diff_id,
            "netbox_url": "https://netbox.example.com",
            "source_complete": True,
            "counts": {"devices": actions},
            "existing": {"devices": 3},
            "gates": ["NetBox was not read completely"],
            "finished": "2026-03-01T10:00:00+00:00",
        }
        write_json(stage / "manifest.json", manifest)


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()
