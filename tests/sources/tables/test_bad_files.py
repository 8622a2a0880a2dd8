"""SQL files that cannot be used: every sentence names the file, and the line or the column."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from netbox_sync_dagster.sources.tables.statements import sentence_of
from tests.sources.tables.conftest import Machines

Failure = Callable[[], list[str]]
WHO = "endpoint 'machines': "
GOOD = "select 'd1' as id, 'sw1' as name"


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("devices.sql", "selec 1", 'devices.sql:1: Parser Error: syntax error at or near "selec"'),
        (
            "devices.sql",
            "select id,\n  nam\nfrom (values (1)) t(id)",
            'devices.sql:2: Binder Error: Referenced column "nam" not found in FROM clause! Candidate bindings: "id"',
        ),
        (
            "devices.sql",
            "-- all switches\nselect *\nfrom read_csv('switches.csv')",
            'devices.sql:3: IO Error: No files found that match the pattern "switches.csv"',
        ),
        (
            "devices.sql",
            "select 'd1' as id, 'a' as name,\n  cast('x' as integer) as serial",
            "devices.sql:2: Conversion Error: Could not convert string 'x' to INT32",
        ),
        ("devices.sql", "", "devices.sql: has no SQL; write one SELECT, or delete the file"),
        ("devices.sql", "-- later\n", "devices.sql: has no SQL; write one SELECT, or delete the file"),
        (
            "devices.sql",
            f"{GOOD}; {GOOD}",
            "devices.sql: has more than one statement; write one SELECT",
        ),
        (
            "devices.sql",
            "copy (select 1) to 'stolen.csv'",
            "devices.sql: is not a SELECT but COPY; only a SELECT is allowed",
        ),
        (
            "devices.sql",
            "create table t as select 1",
            "devices.sql: is not a SELECT but CREATE; only a SELECT is allowed",
        ),
        (
            "devices.sql",
            "set memory_limit = '1MB'",
            "devices.sql: is not a SELECT but SET; only a SELECT is allowed",
        ),
        (
            "devices.sql",
            "attach 'other.db'",
            "devices.sql: is not a SELECT but ATTACH; only a SELECT is allowed",
        ),
        ("devices.sql", "select 1 as name", "devices.sql: the column id is missing"),
        (
            "devices.sql",
            f"{GOOD}, 'x' as serial_no",
            "devices.sql: unknown column serial_no; did you mean serial?",
        ),
        (
            "vlans.sql",
            "select 'd1' as device, 7 as vid, 'x' as qqq",
            "vlans.sql: unknown column qqq; allowed: device, cluster, vid, name",
        ),
        (
            "ip_addresses.sql",
            "select 'eth0' as interface, '192.0.2.1/24' as address",
            "ip_addresses.sql: one of the columns device and virtual_machine is missing",
        ),
        (
            "devices.sql",
            "select * from read_json($facts || '/*.json')",
            "devices.sql: $facts has no value; add it to the endpoint's parameters",
        ),
        (
            "device.sql",
            GOOD,
            "device.sql: is not the name of a table; did you mean devices.sql? (a helper's name begins with _)",
        ),
        (
            "qqq.sql",
            GOOD,
            "qqq.sql: is not the name of a table; allowed: devices.sql, interfaces.sql, clusters.sql, "
            "virtual_machines.sql, vm_interfaces.sql, virtual_disks.sql, ip_addresses.sql, vlans.sql, cables.sql "
            "(a helper's name begins with _)",
        ),
        (
            "_my facts.sql",
            GOOD,
            "_my facts.sql: a helper is called like _facts.sql: letters, digits and _ only",
        ),
        (
            "_facts.sql",
            "select 1 as a\nfrom nowhere",
            '_facts.sql:2: Catalog Error: Table with name nowhere does not exist! Did you mean "pg_indexes"?',
        ),
    ],
)
def test_a_file_that_cannot_be_used(
    machines: Machines, failure: Failure, file: str, text: str, sentence: str
) -> None:
    machines.write("vlans.sql", "select 'd1' as device, 7 as vid")
    machines.write(file, text)
    said = failure()
    assert len(said) == 1 and said[0].startswith(WHO + sentence)


def test_all_problems_of_all_files_are_reported_together(machines: Machines, failure: Failure) -> None:
    machines.write("devices.sql", "select 'd1' as id, 'x' as nmae")
    machines.write("interfaces.sql", "select 'd1' as device, 'eth0' as name, 1 as seed")
    machines.write("vlans.sql", "select")
    assert failure() == [
        f"{WHO}devices.sql: unknown column nmae; did you mean name?",
        f"{WHO}devices.sql: the column name is missing",
        f"{WHO}interfaces.sql: unknown column seed; did you mean speed?",
        f"{WHO}vlans.sql: Parser Error: SELECT clause without selection list",
    ]


def test_text_that_is_not_utf_8(machines: Machines, failure: Failure) -> None:
    (machines.folder / "devices.sql").write_bytes(b"select 'd1' as id,\n  'Z\xfcrich' as name")
    assert failure() == [f"{WHO}devices.sql:2: not UTF-8 text"]


def test_a_folder_without_files_and_no_folder(machines: Machines, failure: Failure) -> None:
    assert failure() == [
        f"{WHO}{machines.folder} has none of the files devices.sql, interfaces.sql, clusters.sql, virtual_machines.sql, "
        "vm_interfaces.sql, virtual_disks.sql, ip_addresses.sql, vlans.sql, cables.sql"
    ]
    machines.folder.rmdir()
    assert failure() == [f"{WHO}no such folder: {machines.folder}; set sql to the folder of the SQL files"]


def test_a_query_that_runs_too_long_is_stopped(machines: Machines, failure: Failure) -> None:
    machines.settings = {"timeout": 0.2}
    machines.write(
        "devices.sql", "select count(*) as id, 'x' as name from range(1000000000) a, range(1000000) b"
    )
    assert failure() == [
        f"{WHO}devices.sql: ran longer than 0.2 s; make it faster, or raise the endpoint's timeout"
    ]


def test_an_extension_that_is_missing_says_how_to_install_it(
    machines: Machines, failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nor is it installed as a Python package.
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    machines.settings = {"extensions": machines.folder / "none"}
    machines.write("devices.sql", "select * from read_xlsx('devices.xlsx')")
    version = duckdb.__version__
    assert failure() == [
        f"{WHO}devices.sql: DuckDB's extension excel is not installed. With access to the internet, install it once: "
        "python -c \"import duckdb; duckdb.execute('INSTALL excel')\". Without, place the file excel.duckdb_extension for "
        f"DuckDB {version} in {machines.folder}/none/v{version}/linux_amd64, or install the Python package "
        f"duckdb-extension-excel=={version}, if there is one"
    ]


def test_a_database_that_is_not_there(machines: Machines, failure: Failure) -> None:
    machines.settings = {"attach": [{"name": "inventory", "type": "duckdb", "path": "/none/inventory.db"}]}
    machines.write("devices.sql", GOOD)
    assert failure() == [f"{WHO}attach.inventory: no such file: /none/inventory.db"]
    (check,) = [check for check in machines.check() if not check.ok]
    assert (check.name, check.sentence) == (
        "databases",
        f"{WHO}attach.inventory: no such file: /none/inventory.db",
    )


def test_a_database_whose_password_is_not_set(
    machines: Machines, failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netbox_sync_dagster.sources.tables.database.load_extension", lambda con, name: None)
    monkeypatch.delenv("INVENTORY_PASSWORD", raising=False)
    server = {"host": "127.0.0.1", "database": "x", "user": "u", "password_env": "INVENTORY_PASSWORD"}
    machines.settings = {"attach": [{"name": "inventory", "type": "postgres", **server}]}
    machines.write("devices.sql", GOOD)
    assert failure() == [f"{WHO}attach.inventory: set the environment variable INVENTORY_PASSWORD"]


@pytest.mark.parametrize(
    "text",
    [
        'IO Error: Unable to connect to Postgres at "host=db password=hunter2 user=u": timeout',
        "Invalid Input Error: PASSWORD = 'hun ter2' is wrong",
        "unrecognized: pwd=hunter2;port=1",
    ],
)
def test_a_password_in_a_drivers_error_is_masked(text: str) -> None:
    assert "***" in sentence_of(duckdb.Error(text)) and "ter2" not in sentence_of(duckdb.Error(text))


def test_the_check_names_the_same_problems(machines: Machines) -> None:
    machines.write("devices.sql", "select 'd1' as id, 'x' as nmae")
    machines.write("_facts.sql", "select 1 as a")
    assert [(check.ok, check.name, check.sentence) for check in machines.check()] == [
        (True, "folder", f"{machines.folder} has devices.sql"),
        (False, "sql", f"{WHO}devices.sql: unknown column nmae; did you mean name?"),
        (False, "sql", f"{WHO}devices.sql: the column name is missing"),
    ]
    machines.write("devices.sql", "select 'd1' as id, 'x' as name from facts -- all")
    assert machines.check()[-1].sentence == "all files run, and their columns are right"
    machines.write("divices.sql", "")
    assert [check.sentence for check in machines.check()] == [
        f"{WHO}divices.sql: is not the name of a table; did you mean devices.sql? (a helper's name begins with _)"
    ]
