"""Which tables of NetBox a comparison reads: none is forgotten, so an edit that matters is never taken for another."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from netbox_sync_dagster.compare import database
from netbox_sync_dagster.compare.netbox_reads import note_reads, noting_reads, tables_in
from netbox_sync_dagster.sqlfiles import read_macros
from netbox_sync_dagster.storage import NETBOX

PACKAGE = Path(database.__file__).parents[1]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select 1", set()),
        ("select * from netbox.sites s join netbox.racks r on r.site_id = s.id", {"sites", "racks"}),
        ("select 1 -- netbox.sites is not read", set()),
        ("from netbox.not_a_table", set()),
        # A macro that reads a table, and one that calls it.
        ("select target_release()", {"status"}),
        ("select removed_ip_address(r)", {"ip_addresses", "tenants", "vrfs"}),
        ("netbox.prefixes WHERE prefix IS NOT NULL", {"prefixes"}),
    ],
)
def test_the_tables_of_a_text(sql: str, tables: set[str]) -> None:
    assert tables_in(sql) == tables


def test_every_macro_is_known_with_the_tables_that_duckdb_needs_for_it() -> None:
    """DuckDB itself says which tables a macro names when it is created."""
    macros = re.split(r"(?m)^(?=create or replace macro )", re.sub(r"--.*", "", read_macros()))[1:]
    reading = [text for text in macros if "netbox." in text]
    assert len(reading) >= 5
    for text in reading:
        name = re.match(r"create or replace macro (\w+)\(", text)
        assert name is not None
        assert tables_in(f"select {name[1]}(1)") >= set(re.findall(r"netbox\.(\w+)", text))


def test_statements_and_conditions_are_noted_and_only_in_the_block() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA netbox; CREATE TABLE netbox.sites (id BIGINT)")
        database.run(con, "SELECT count(*) FROM netbox.sites")
        with noting_reads() as read:
            assert read == {"status"}
            database.run(con, "SELECT count(*) FROM netbox.sites")
            with noting_reads() as inner:
                note_reads("SELECT 1 FROM netbox.racks")
            assert inner == {"status", "racks"}
            assert database.is_empty(con, "netbox.sites WHERE id = 1")
        assert read == {"status", "sites"}
        note_reads("SELECT 1 FROM netbox.racks")
        assert read == {"status", "sites"}


def test_no_statement_in_python_reads_netbox_without_being_noted() -> None:
    """Texts in Python that name a table of NetBox: conditions, and statements of ``run``."""
    found = {}
    for folder in ("compare", "sources"):
        for file in sorted((PACKAGE / folder).rglob("*.py")):
            named = set(re.findall(r"(?i)(?:from|join) netbox\.(\w+)", file.read_text(encoding="utf-8")))
            if named & NETBOX.keys():
                found[str(file.relative_to(PACKAGE))] = named
    assert found == {
        # Always noted.
        "compare/database.py": {"status"},
        # Statements of run.
        "sources/proxmox/former_guests.py": {"virtual_machines"},
        "sources/proxmox/moves.py": {"virtual_machines"},
    }
