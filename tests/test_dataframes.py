"""The Python interface: what was read and done as DataFrames, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import netbox_sync_dagster
from netbox_sync_dagster.dataframes import LEDGER, CannotAnswer
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.views import build_database
from tests.storage.versions import add_device, publish_diff


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("home") / "a folder's data")
    add_device(warehouse, "paris", "sw1")
    add_device(warehouse, "lyon", "sw2")
    publish_diff(warehouse, "paris", create=2, conflict=1)
    # As after every sync; without it each question creates the views.
    build_database(warehouse)
    return warehouse


def test_snapshots_and_diffs_are_dataframes(warehouse: Warehouse) -> None:
    data = netbox_sync_dagster.open(warehouse.home)
    devices = data.snapshot("librenms.devices")
    assert isinstance(devices, pd.DataFrame)
    assert sorted(devices["hostname"]) == ["sw1", "sw2"]
    assert list(data.snapshot("librenms.devices", endpoint="lyon")["hostname"]) == ["sw2"]
    changes = data.diff(endpoint="paris")
    assert changes["action"].value_counts().to_dict() == {"create": 2, "conflict": 1}
    assert data.diff("vlans").empty
    assert repr(data) == f"netbox_sync_dagster.open({str(warehouse.home)!r})"


def test_the_ledger_and_the_status(warehouse: Warehouse) -> None:
    data = netbox_sync_dagster.open(str(warehouse.home))
    for view in LEDGER:
        assert "endpoint" in data.ledger(view).columns, view
    assert list(data.ledger(endpoint="paris").columns) == list(data.ledger("operations").columns)
    status = data.status()
    assert {"endpoint", "state", "waiting"} <= set(status.columns)
    # pandas can compare it with the times of other sources.
    assert str(status["last_success"].dt.tz) == "UTC"


def test_a_query_with_parameters(warehouse: Warehouse) -> None:
    data = netbox_sync_dagster.open(warehouse.home)
    found = data.sql("SELECT hostname FROM librenms.devices WHERE endpoint = $name", {"name": "paris"})
    assert found.to_dict("list") == {"hostname": ["sw1"]}
    assert len(data.sql("FROM history.librenms_devices", history=True)) == 2
    with pytest.raises(duckdb.CatalogException, match="nonsense"):
        data.sql("FROM nonsense")


def test_an_unknown_name_is_a_sentence_with_the_known_ones(warehouse: Warehouse, tmp_path: Path) -> None:
    data = netbox_sync_dagster.open(warehouse.home)
    with pytest.raises(
        CannotAnswer, match=r"no table 'librenms\.port' in the snapshots; there are: docker\."
    ):
        data.snapshot("librenms.port")
    with pytest.raises(CannotAnswer, match="no resource 'ports'; there are: "):
        data.diff("ports")
    with pytest.raises(CannotAnswer, match="no view 'secrets' of the ledger here; there are: approvals, "):
        data.ledger("secrets")
    with pytest.raises(WarehouseError, match="there is no warehouse in "):
        netbox_sync_dagster.open(tmp_path / "elsewhere")


def test_nothing_can_be_changed(warehouse: Warehouse, tmp_path: Path) -> None:
    data = netbox_sync_dagster.open(warehouse.home)
    before = sorted(warehouse.home.rglob("*"))
    file = tmp_path / "x.csv"
    for statement in (
        "DROP VIEW diff.changes",
        f"COPY (SELECT 1) TO '{file}'",
        "SELECT 1; SELECT 2",
        f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
        "SET threads = 1",
        "",
    ):
        with pytest.raises(CannotAnswer, match="nothing can be changed here"):
            data.sql(statement)
    assert not file.exists()
    assert sorted(warehouse.home.rglob("*")) == before


def test_the_examples_of_the_page_run(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").symlink_to(warehouse.home)
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    names: dict[str, object] = {}
    for example in examples:
        exec(example, names)
    assert isinstance(names["fields"], pd.DataFrame)


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys, netbox_sync_dagster; print(sorted({'pandas', 'duckdb', 'dagster', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
