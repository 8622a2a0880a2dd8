"""What the demo does before it opens the Dagster UI: a sync of every endpoint that the UI can show."""

from __future__ import annotations

import runpy
from pathlib import Path

import dagster as dg
import pytest

from tests.defs.conftest import DagsterHarness


def run_module() -> str | int | None:
    """Run it as ``python -m`` does; what it exits with."""
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("netbox_sync_dagster.demo.ui_sync", run_name="__main__")
    return ended.value.code


def test_every_endpoint_is_there_in_the_dagster_ui(
    harness: DagsterHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dagster_home = tmp_path / "dagster"
    dagster_home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(dagster_home))
    assert run_module() == 0
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


def test_a_source_that_cannot_be_read_is_told(
    harness: DagsterHarness,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    harness.write(lyon={"enabled": False}, pve={"enabled": False})
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PARIS_TOKEN", "wrong")
    assert run_module() == 1
    assert "endpoint 'paris': the server refused the token" in capfd.readouterr().err
