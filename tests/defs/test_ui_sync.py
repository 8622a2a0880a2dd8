"""What the demo does before it opens the Dagster UI: a sync of every endpoint that the UI can show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from tests.defs.conftest import DagsterHarness

MODULE = [sys.executable, "-m", "netbox_sync_dagster.demo.ui_sync"]


def test_every_endpoint_is_there_in_the_dagster_ui(
    harness: DagsterHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dagster_home = tmp_path / "dagster"
    dagster_home.mkdir()
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home)}
    done = subprocess.run(MODULE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("DAGSTER_HOME", str(dagster_home))
    with dg.DagsterInstance.get() as instance:
        shown = {
            key: instance.get_materialized_partitions(dg.AssetKey(key.split("/")))
            for key in ("diff/librenms/interfaces", "diff/proxmox/virtual_machines")
        }
        [latest] = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=dg.AssetKey(["diff", "librenms", "interfaces"]), asset_partitions=["paris"]
            ),
            limit=1,
        ).records
    assert shown == {"diff/librenms/interfaces": {"paris", "lyon"}, "diff/proxmox/virtual_machines": {"pve"}}
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.metadata["create"].value == 2
    assert harness.writes() == []


def test_a_source_that_cannot_be_read_is_told(harness: DagsterHarness, tmp_path: Path) -> None:
    harness.write(lyon={"enabled": False}, pve={"enabled": False})
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "PARIS_TOKEN": "wrong"}
    done = subprocess.run(MODULE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "endpoint 'paris': the server refused the token" in done.stderr
