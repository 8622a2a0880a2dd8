"""A folder of SQL files in Dagster: its partition, from the files into NetBox, with its checks, and its interval."""

from __future__ import annotations

import shutil
from pathlib import Path

from netbox_sync_dagster.defs.partitions import partition_keys
from tests.defs.conftest import DagsterHarness, checks, failure, made
from tests.sources.tables.examples import EVERYTHING, EXAMPLES


def test_tables_go_the_same_way(harness: DagsterHarness, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "spreadsheet", tmp_path / "inventory")
    harness.endpoints.append(
        {"name": "inventory", "kind": "tables", "sql": str(folder), "policies": {"create": EVERYTHING}}
    )
    harness.write()
    assert partition_keys(harness.instance, "tables") == ["inventory"]
    result = harness.run("sync_tables", partition_key="inventory")
    assert result.success
    assert made(result, "tables/devices")["inventory"]["dagster/row_count"] == 4
    assert made(result, "diff/tables/devices")["inventory"]["create"] == 4
    for check in ("complete", "references", "not_shrunken"):
        assert checks(result)[f"tables/files:{check}"].passed

    (folder / "devices.sql").write_text("select nothing", encoding="utf-8")
    result = harness.sync("inventory")
    assert not result.success
    assert "devices.sql:1: Binder Error" in failure(result)
