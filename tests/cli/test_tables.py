"""A folder of SQL files from the command line: check, sync, diff, approve, apply, and what goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.cli.conftest import CliHarness
from tests.sources.tables.examples import EXAMPLES
from tests.support import NetBox

CREATE = ["custom_fields", "manufacturers", "device_types", "device_roles", "sites", "devices", "interfaces"]


@pytest.fixture
def inventory(tmp_path: Path, lab: LabNetBox) -> CliHarness:
    """The example spreadsheet, in a folder beside the configuration."""
    shutil.copytree(EXAMPLES / "spreadsheet", tmp_path / "inventory")
    endpoint = {
        **{"name": "inventory", "kind": "tables", "sql": "inventory"},
        "policies": {"create": [*CREATE, "ip_addresses"]},
    }
    harness = CliHarness(
        tmp_path, {"netbox": {"url": lab.url}, "endpoints": [endpoint]}, {"NETBOX_TOKEN": lab.token}
    )
    harness.configure()
    return harness


def test_from_files_to_netbox(inventory: CliHarness, lab: LabNetBox) -> None:
    shown = inventory.ok("check", "inventory")
    assert "inventory (tables inventory)" in shown
    assert "  ok     sql: all files run, and their columns are right\n" in shown
    assert "inventory: read DuckDB " in inventory.ok("sync", "inventory")
    assert "19 create, 3 update" in inventory.ok("diff", "inventory")
    inventory.ok("approve", "inventory", "--all-creates-and-updates", "--yes")
    inventory.ok("apply", "inventory", "--yes")
    assert sorted(one["name"] for one in NetBox(lab.url, lab.token).all("dcim/devices")) == [
        *("lyo-sw1", "par-srv1", "par-srv2", "par-sw1"),
    ]
    found = inventory.ok("sql", "--csv", "SELECT id, name FROM tables.devices WHERE site = 'Lyon'")
    assert found.splitlines() == ["id,name", "NX0217360002,lyo-sw1"]


def test_errors_name_file_and_line_and_the_last_snapshot_stays(inventory: CliHarness) -> None:
    inventory.ok("sync", "inventory")
    (inventory.folder / "inventory" / "devices.sql").write_text(
        "select id,\n  nam\nfrom inventory", encoding="utf-8"
    )
    (inventory.folder / "inventory" / "vlans.sql").write_text(
        "select 'x' as device, 1 as vvid", encoding="utf-8"
    )
    answer = inventory.run("sync", "inventory")
    assert answer.code == 1
    assert answer.err.startswith(
        "error: endpoint 'inventory': devices.sql:1: Binder Error: Referenced column \"id\" not found in FROM clause!"
    )
    assert answer.err.endswith(
        "; vlans.sql: unknown column vvid; did you mean vid?; vlans.sql: the column vid is missing\n"
    )
    assert inventory.ok("sql", "--csv", "SELECT count(*) AS n FROM tables.devices").splitlines() == ["n", "4"]


def test_a_configuration_that_is_wrong(inventory: CliHarness) -> None:
    for settings, sentence in (
        (
            {"url": "https://db.example.com"},
            "an endpoint of the kind tables has no url: set sql, and attach for databases",
        ),
        (
            {"attach": [{"name": "main", "type": "duckdb", "path": "x"}]},
            "'main' is a database of DuckDB; choose another name",
        ),
        ({"attach": [{"name": "x", "type": "sqlite"}]}, "a sqlite database has a path and nothing else"),
        (
            {"attach": [{"name": "x", "type": "postgres", "host": "h"}]},
            "a postgres database needs host, database and user, and has no path",
        ),
        ({"parameters": {"a b": 1}}, "'a b' cannot be the name of a parameter: letters, digits and _ only"),
    ):
        harness = CliHarness(inventory.folder, inventory.content, inventory.environment)
        before = dict(inventory.content["endpoints"][0])
        harness.configure(**settings)
        answer = harness.run("check")
        assert answer.code == 1 and sentence in answer.err, answer.err
        inventory.content["endpoints"][0] = before
