"""netbox_sync.duckdb: what a person with a DuckDB client sees, while syncs go on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse, WarehouseError, write_snapshot
from netbox_sync_dagster.storage.desired_tables import desired_columns
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_dagster.storage.views import build_database, open_views
from netbox_sync_dagster.sync import Stopped
from tests.kept import fresh
from tests.storage.versions import add_device, ask, publish_devices

# Publishes snapshots of two endpoints, as fast as it can, until it is stopped; prints how many.
WRITER = """
import os, sys
from pathlib import Path
from tests.storage.versions import publish_devices
from netbox_sync_dagster.storage import Warehouse

# The reader asks all the time that the disk takes.
os.fsync = lambda fd: None
warehouse, number = Warehouse(sys.argv[1]), 0
while not Path(sys.argv[2]).exists():
    number += 1
    publish_devices(warehouse, "nms-a", 1_000 + number % 7)
    publish_devices(warehouse, "nms-b", 1_000 + number % 5)
print(number)
"""


@pytest.fixture
def missing(place: Path) -> Warehouse:
    """A warehouse whose directory does not exist."""
    return Warehouse(place / "data")


@pytest.mark.parametrize("folder", ["data", "o'brien's data", "100% [new] *data"])
def test_every_view_answers_without_any_data_wherever_the_warehouse_is(place: Path, folder: str) -> None:
    warehouse = fresh(place / folder)

    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        views = ask(con, "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal")
        assert len(views) > 150
        for schema, name, comment in views:
            # The list of causes is the product's own.
            if (schema, name) != ("sync", "causes"):
                assert ask(con, f'SELECT * FROM {schema}."{name}"') == []
            assert comment, f"{schema}.{name} has no comment"
        # DuckDB 1.5 and older know no function of this name, which 2.0 writes for if(): use CASE in views and macros.
        stored = (
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND contains(sql, '\"if\"(')"
            " UNION ALL SELECT function_name FROM duckdb_functions()"
            " WHERE NOT internal AND contains(macro_definition, '\"if\"(')"
        )
        assert ask(con, stored) == []


@pytest.mark.parametrize("folder", ["data", "o'brien's data", "100% [new] *data"])
def test_current_shows_the_newest_snapshot_and_history_all(place: Path, folder: str) -> None:
    warehouse = fresh(place / folder)
    add_device(warehouse, "nms-a", "old")
    add_device(warehouse, "nms-a", "new")
    add_device(warehouse, "9-nms", "other")
    build_database(warehouse)

    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        current = ask(con, "SELECT endpoint, hostname FROM librenms.devices ORDER BY ALL")
        kept = ask(con, "SELECT endpoint, hostname FROM history.librenms_devices ORDER BY ALL")

    assert current == [("9-nms", "other"), ("nms-a", "new")]
    assert kept == [("9-nms", "other"), ("nms-a", "new"), ("nms-a", "old")]


def test_a_file_with_fewer_columns_is_shown_with_nulls(warehouse: Warehouse) -> None:
    publish_devices(warehouse, "nms-a", 2)
    add_device(warehouse, "nms-b", "sw1")

    with open_views(warehouse) as con:
        found = ask(con, "SELECT endpoint, serial, hostname, uptime FROM librenms.devices ORDER BY ALL")

    assert found == [("nms-a", "2", None, None), ("nms-a", "2", None, None), ("nms-b", None, "sw1", None)]


def test_an_open_connection_sees_new_snapshots_and_new_endpoints(warehouse: Warehouse) -> None:
    add_device(warehouse, "nms-a", "sw1")
    build_database(warehouse)

    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        assert ask(con, "SELECT hostname FROM librenms.devices") == [("sw1",)]
        add_device(warehouse, "nms-a", "sw2")
        add_device(warehouse, "nms-b", "sw3")
        assert ask(con, "SELECT hostname FROM librenms.devices ORDER BY ALL") == [("sw2",), ("sw3",)]


def test_queries_never_mix_two_snapshots_while_a_sync_writes(warehouse: Warehouse, place: Path) -> None:
    publish_devices(warehouse, "nms-a", 5)
    publish_devices(warehouse, "nms-b", 5)
    build_database(warehouse)
    stop = place / "stop"
    answers, overtaken, missed, versions = 0, 0, 0, set()

    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        command = [sys.executable, "-c", WRITER, str(warehouse.home), str(stop)]
        root = Path(__file__).parents[2]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
            until = time.monotonic() + 60
            while (len(versions) < 12 or answers < 20) and time.monotonic() < until:
                try:
                    found = ask(
                        con,
                        """SELECT endpoint, count(*), min(serial::INT), max(serial::INT), max(snapshot_id),
                           count(DISTINCT snapshot_id), count(DISTINCT device_id)
                           FROM librenms.devices GROUP BY endpoint ORDER BY endpoint""",
                    )
                except duckdb.IOException:
                    overtaken += 1
                    continue
                answers += 1
                # A processor for the writer.
                time.sleep(0.005)
                # DuckDB lists a folder, then looks for the file: docs/sql.md.
                missed += len(found) < 2
                assert {row[0] for row in found} <= {"nms-a", "nms-b"}
                for _, rows, low, high, version, snapshots, devices in found:
                    assert (low, high, snapshots, devices) == (rows, rows, 1, rows)
                    versions.add(version)
            stop.touch()
            written = int(writer.communicate(timeout=30)[0])

    assert writer.returncode == 0
    assert written >= 5 and len(versions) >= 12
    assert overtaken < answers and missed * 5 < answers


def test_a_client_that_holds_the_file_stops_no_sync_and_is_not_locked_out(warehouse: Warehouse) -> None:
    add_device(warehouse, "nms-a", "old")
    build_database(warehouse)
    # Even a client that opened it for writing: DuckDB locks that file, not the warehouse.
    holder = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read(); "
        "print(con.execute('SELECT hostname FROM librenms.devices').fetchall())"
    )
    command = [sys.executable, "-c", holder, str(warehouse.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        add_device(warehouse, "nms-a", "sw1")
        build_database(warehouse)
        with open_views(warehouse) as con:
            assert ask(con, "SELECT hostname FROM librenms.devices") == [("sw1",)]
        rest = process.communicate(input="", timeout=30)[0]
    assert rest == "[('sw1',)]\n"


def test_the_file_is_replaced_only_when_the_views_changed_or_it_is_gone(warehouse: Warehouse) -> None:
    add_device(warehouse, "nms-a", "sw1")
    build_database(warehouse)
    first = warehouse.database.stat().st_ino
    add_device(warehouse, "nms-a", "sw2")
    build_database(warehouse)
    assert warehouse.database.stat().st_ino == first

    warehouse.database.unlink()
    build_database(warehouse)
    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        assert ask(con, "SELECT hostname FROM librenms.devices") == [("sw2",)]


def test_a_warehouse_that_moved_gets_views_of_its_new_place(warehouse: Warehouse, place: Path) -> None:
    add_device(warehouse, "nms-a", "sw1")
    build_database(warehouse)
    warehouse.home.rename(place / "moved")
    moved = Warehouse(place / "moved")
    build_database(moved)

    with duckdb.connect(str(moved.database), read_only=True) as con:
        assert ask(con, "SELECT hostname FROM librenms.devices") == [("sw1",)]


def test_processes_that_build_at_once_leave_one_good_file(missing: Warehouse) -> None:
    program = (
        "import sys; from netbox_sync_dagster.storage import Warehouse; "
        "from netbox_sync_dagster.storage.views import build_database; build_database(Warehouse(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(missing.home)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]

    with duckdb.connect(str(missing.database), read_only=True) as con:
        assert ask(con, "SELECT count(*) FROM librenms.devices") == [(0,)]
    assert [file.name for file in missing.home.glob(".*.duckdb")] == []


def test_older_duckdb_releases_can_open_the_file(warehouse: Warehouse) -> None:
    build_database(warehouse)
    header = warehouse.database.read_bytes()[:20]

    # Bytes 8 to 12 say DUCK; the storage version behind it is 64 for DuckDB 1.0 and newer.
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64


def test_status_tells_success_failure_and_incompleteness(warehouse: Warehouse) -> None:
    add_device(warehouse, "good", "sw1")
    add_device(warehouse, "part", "sw1", devices="the token sees 2 of 104 devices")
    add_device(warehouse, "down", "sw1")
    with pytest.raises(RuntimeError), write_snapshot(warehouse, "librenms", "down"):
        raise RuntimeError("cannot connect")

    with open_views(warehouse) as con:
        found = ask(
            con,
            "SELECT endpoint, system, state, complete, reasons, error, rows FROM sync.status ORDER BY endpoint",
        )
        tries = ask(
            con, "SELECT system, endpoint, ok FROM sync.attempts WHERE endpoint = 'down' ORDER BY started"
        )
        times = ask(con, "SELECT last_attempt > last_success FROM sync.status WHERE endpoint = 'down'")
        scopes = ask(con, "SELECT system, endpoint, scope, reason FROM sync.scopes")
        kept = ask(con, "SELECT endpoint, row_counts['devices'] FROM sync.snapshots ORDER BY endpoint")

    assert found == [
        ("down", "librenms", "error", True, [], "cannot connect", 1),
        ("good", "librenms", "never synced", True, [], None, 1),
        ("part", "librenms", "never synced", False, ["the token sees 2 of 104 devices"], None, 2),
    ]
    assert tries == [("librenms", "down", True), ("librenms", "down", False)]
    assert times == [(True,)]
    assert scopes == [("librenms", "part", "devices", "the token sees 2 of 104 devices")]
    assert kept == [("down", 1), ("good", 1), ("part", 1)]


def test_a_read_of_one_device_hides_no_failure_and_makes_nothing_look_fresh(warehouse: Warehouse) -> None:
    def status() -> list[Any]:
        with open_views(warehouse) as con:
            return ask(
                con,
                """SELECT state, error, complete, last_success = (SELECT min(started) FROM sync.attempts)
                FROM sync.status""",
            )

    of_one = warehouse.during(CurrentSync("netbox-sync hook", "1", shows_rest=True))
    add_device(warehouse, "nms", "sw1")
    add_device(of_one, "nms", "sw1")
    assert status() == [("never synced", None, True, True)]
    with pytest.raises(RuntimeError), write_snapshot(warehouse, "librenms", "nms"):
        raise RuntimeError("cannot connect")
    add_device(of_one, "nms", "sw1")
    assert status() == [("error", "cannot connect", True, True)]
    add_device(warehouse, "nms", "sw1")
    # A failure of one device counts until it is read again.
    with pytest.raises(RuntimeError), write_snapshot(of_one, "librenms", "nms"):
        raise RuntimeError("sw1 does not answer")
    assert status()[0][:2] == ("error", "sw1 does not answer")
    add_device(of_one, "nms", "sw1")
    assert status()[0][:2] == ("never synced", None)
    # Whoever stops a sync makes no failure.
    with pytest.raises(Stopped), write_snapshot(warehouse, "librenms", "nms"):
        raise Stopped("interrupted")
    assert status()[0][:2] == ("never synced", None)


def test_brief_snapshots_are_not_kept_as_history(warehouse: Warehouse) -> None:
    brief = warehouse.during(CurrentSync("netbox-sync hook", is_brief=True))
    for number in range(12):
        add_device(warehouse if number in (0, 6) else brief, "nms", "sw1")
    with open_views(warehouse) as con:
        kept = ask(con, "SELECT count(*) FROM sync.snapshots")
    # Two of the interval, and the newest three.
    assert kept == [(5,)]


def test_rejected_rows_of_every_system_are_in_one_view(warehouse: Warehouse) -> None:
    for system, endpoint in (("librenms", "nms"), ("netbox", "netbox")):
        with write_snapshot(warehouse, system, endpoint) as writer:
            writer.reject("devices", 7, "no id", {"hostname": "sw1"})

    with open_views(warehouse) as con:
        found = ask(
            con,
            "SELECT system, endpoint, source_table, row_key, reason, row_json FROM sync.rejected ORDER BY 1",
        )

    assert found == [
        ("librenms", "nms", "devices", "7", "no id", '{"hostname": "sw1"}'),
        ("netbox", "netbox", "devices", "7", "no id", '{"hostname": "sw1"}'),
    ]


def test_opening_the_views_where_there_is_no_warehouse_says_what_to_do(missing: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"there is no warehouse in .*/data yet; run: netbox-sync sync"):
        open_views(missing)


def test_the_columns_of_the_desired_tables_are_those_that_duckdb_creates() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA desired")
        con.execute(read_sql("desired/tables.sql"))
        created = con.execute(
            """SELECT table_name, column_name, data_type FROM duckdb_columns()
               WHERE schema_name = 'desired' ORDER BY table_name, column_index"""
        ).fetchall()
    assert created == [
        (table, column, kind)
        for table, columns in desired_columns().items()
        for column, kind in columns.items()
        if column != "endpoint"
    ]


def test_a_query_reads_the_views_of_the_file_without_a_lock_on_it(warehouse: Warehouse) -> None:
    build_database(warehouse)
    with duckdb.connect(str(warehouse.database)), open_views(warehouse) as con:
        assert con.execute("SELECT current_database()").fetchone() == ("netbox_sync",)
        assert con.execute("SELECT count(*) FROM sync.status").fetchone() == (0,)


def test_a_query_creates_the_views_where_the_file_is_not_up_to_date(warehouse: Warehouse) -> None:
    build_database(warehouse)
    warehouse.database.write_bytes(b"damaged")
    with open_views(warehouse) as con:
        assert con.execute("SELECT current_database()").fetchone() == ("memory",)
        assert con.execute("SELECT count(*) FROM sync.status").fetchone() == (0,)
