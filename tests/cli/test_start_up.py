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


def loaded(folder: Path, *commands: list[str]) -> tuple[set[int], list[str]]:
    """The exit codes of commands in one new process, and the libraries that they load."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([commands, LIBRARIES])],
        cwd=folder,
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


def test_the_list_of_commands_describes_each_in_one_line() -> None:
    assert [name for name, entry in {**COMMANDS, **LEDGER}.items() if len(entry.summary) > 58] == []
