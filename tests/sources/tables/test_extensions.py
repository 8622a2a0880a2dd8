"""Excel files and SQLite databases, which need extensions of DuckDB; skipped where these are not installed."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import duckdb
import pytest

from netbox_sync_dagster.sources.tables.database import load_extension
from netbox_sync_dagster.sources.tables.statements import SqlError
from tests.sources.tables.conftest import Machines
from tests.sources.tables.examples import DATA, EXAMPLES


def needs(extension: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET autoinstall_known_extensions = false")
    try:
        load_extension(con, extension)
    except SqlError as error:
        pytest.skip(str(error))
    return con


def test_a_sqlite_database(machines: Machines) -> None:
    needs("sqlite_scanner").close()
    file = machines.folder / "inventory.db"
    with sqlite3.connect(file) as inventory:
        inventory.execute("create table hosts (serial text, name text)")
        inventory.execute("insert into hosts values ('S1', 'sw1')")
    machines.settings = {"attach": [{"name": "inventory", "type": "sqlite", "path": str(file)}]}
    machines.write("devices.sql", "select serial as id, name from inventory.hosts")
    machines.snapshot()
    assert machines.rows("devices", "id, name") == [("S1", "sw1")]


def test_the_sheets_of_an_excel_file(machines: Machines, tmp_path: Path) -> None:
    con = needs("excel")
    shutil.rmtree(machines.folder)
    shutil.copytree(EXAMPLES / "vcenter", machines.folder)
    # DuckDB writes one sheet per file.
    for file in (EXAMPLES / "vcenter" / "excel").iterdir():
        sheet = next(
            one.stem[11:] for one in (DATA / "rvtools").iterdir() if file.stem[1:] == one.stem[11:].lower()
        )
        source = DATA / "rvtools" / f"RVTools_tab{sheet}.csv"
        con.execute(
            f"COPY (FROM read_csv('{source}', all_varchar = true)) TO '{tmp_path / sheet}.xlsx'"
            f" (FORMAT xlsx, HEADER true, SHEET '{sheet}')"
        )
        machines.write(
            file.name, file.read_text(encoding="utf-8").replace("$export", f"$export || '/{sheet}.xlsx'")
        )
    con.close()
    machines.settings = {"parameters": {"export": str(tmp_path)}}
    assert machines.snapshot().complete
    assert machines.rows("virtual_machines", "name, memory") == [("db1", 4096), ("web1", 8192)]
