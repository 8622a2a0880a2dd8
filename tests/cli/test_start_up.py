"""A command loads only the libraries that it needs, so that it answers at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from netbox_sync_dagster.cli.commands import COMMANDS, LEDGER
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import build_database
from tests.cli.conftest import CliHarness

LIBRARIES = (
    *("dagster", "pandas", "numpy", "pyarrow", "duckdb", "sqlglot", "obstore", "jinja2", "starlette"),
    *("httpx", "requests", "pynetbox", "proxmoxer", "ruamel"),
)
PROGRAM = """
import io, json, sys
from contextlib import redirect_stdout
from netbox_sync_dagster.cli.app import run

arguments, libraries = json.loads(sys.argv[1])
with redirect_stdout(io.StringIO()):
    codes = [run(one) for one in arguments]
print(json.dumps([codes, [name for name in libraries if name in sys.modules]]))
"""


def loaded(
    folder: Path, *commands: list[str], environment: dict[str, str] | None = None
) -> tuple[set[int], list[str]]:
    """The exit codes of commands in one new process, and the libraries that they load."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([commands, LIBRARIES])],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    codes, found = json.loads(done.stdout)
    return set(codes), found


def test_help_loads_no_library_for_data_or_servers(tmp_path: Path) -> None:
    # lab and demo start servers, and have their options from their own module.
    mine = [[name, "--help"] for name in COMMANDS if name not in ("lab", "demo")]
    ledger = [["ledger", name, "--help"] for name in LEDGER]
    assert loaded(tmp_path, [], ["--help"], ["--version"], *mine, *ledger) == ({0}, [])


@pytest.mark.parametrize(
    ("command", "libraries"), [(["status"], ["duckdb", "ruamel"]), (["sql", "select 1"], ["duckdb"])]
)
def test_status_and_sql_load_duckdb_and_the_configuration_at_most(
    tmp_path: Path, command: list[str], libraries: list[str]
) -> None:
    build_database(Warehouse(tmp_path / "data"))
    config = "netbox: {url: https://netbox.example.com}\nendpoints: []\n"
    (tmp_path / "netbox_sync.yaml").write_text(config, encoding="utf-8")
    assert loaded(tmp_path, command) == ({0}, libraries)


def test_a_sync_does_not_load_pandas_which_pyarrow_looks_for(harness: CliHarness) -> None:
    codes, libraries = loaded(harness.folder, ["sync"], environment=harness.all_environment)
    assert codes == {0}
    assert "pyarrow" in libraries
    assert "pandas" not in libraries


def test_arrow_still_makes_pandas_tables_where_somebody_asks_for_them() -> None:
    program = """
from netbox_sync_dagster.lazy import lazy_module
pa = lazy_module("pyarrow")
table = pa.table({"name": ["sw1", "sw2"]})
import sys
assert "pandas" not in sys.modules
frame = table.to_pandas()
import pandas as pd
print(frame.to_dict("list"), pa.array(pd.Series([1, 2])).to_pylist(), pa.Table.from_pandas(frame).to_pydict())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "{'name': ['sw1', 'sw2']} [1, 2] {'name': ['sw1', 'sw2']}\n"


def test_the_list_of_commands_describes_each_in_one_line() -> None:
    assert [name for name, entry in {**COMMANDS, **LEDGER}.items() if len(entry.summary) > 58] == []
