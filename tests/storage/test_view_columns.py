"""The columns of all views: names that SQL takes without quotes, and times that are the same moment for every client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from netbox_sync_dagster.storage import Warehouse, write_snapshot
from netbox_sync_dagster.storage.views import build_database

COLUMNS = """SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns()
    WHERE NOT internal ORDER BY ALL"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """netbox_sync.duckdb, as a client in New York opens it."""
    warehouse = Warehouse(tmp_path_factory.mktemp("home") / "data")
    backup = {"storage": "local", "vmid": 100, "ctime": datetime(2026, 3, 1, 10, 1)}
    with write_snapshot(warehouse, "proxmox", "pve") as writer:
        writer.rows("backups", [backup])
    with write_snapshot(warehouse, "netbox", "netbox") as writer:
        writer.rows("sites", [{"id": 1, "name": "Paris", "last_updated": "2026-03-01T10:01:00.000123+00:00"}])
    line = {
        "approval_id": "a1",
        "at": "2026-03-01T10:01:00.000123+00:00",
        "decision": "reject",
        "endpoint": "pve",
        "changes": [{"change_id": "0" * 32, "resource": "devices", "action": "update", "key": "sw1"}],
    }
    place = warehouse.ledger / "approvals" / "pve" / "2026-03.jsonl"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(line) + "\n", encoding="utf-8")
    build_database(warehouse)
    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        con.execute("SET TimeZone = 'America/New_York'")
        yield con


def test_no_column_has_a_name_that_needs_quotes(database: duckdb.DuckDBPyConnection) -> None:
    names = {column for _, column, _ in database.execute(COLUMNS).fetchall()}
    assert len(names) > 300
    reserved = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    # DuckDB has "at" in another category, but it needs quotes too.
    assert names & ({word for (word,) in database.execute(reserved).fetchall()} | {"at"}) == set()
    listed = ", ".join(sorted(names))
    as_columns = ", ".join(f'1 AS "{name}"' for name in sorted(names))
    assert database.execute(f"SELECT {listed} FROM (SELECT {as_columns})").fetchone() == (1,) * len(names)


def test_times_are_moments(database: duckdb.DuckDBPyConnection) -> None:
    found = [row for row in database.execute(COLUMNS).fetchall() if row[2].startswith(("TIMESTAMP", "DATE"))]
    assert len(found) > 200
    assert [row for row in found if row[2] != "TIMESTAMP WITH TIME ZONE"] == []


@pytest.mark.parametrize(
    ("query", "moment"),
    [
        ("SELECT decided_at FROM ledger.approvals", datetime(2026, 3, 1, 10, 1, 0, 123, UTC)),
        ("SELECT last_updated FROM netbox.sites", datetime(2026, 3, 1, 10, 1, 0, 123, UTC)),
        ("SELECT last_updated FROM history.netbox_sites", datetime(2026, 3, 1, 10, 1, 0, 123, UTC)),
        ("SELECT ctime FROM proxmox.backups", datetime(2026, 3, 1, 10, 1, tzinfo=UTC)),
        ("SELECT ctime FROM history.proxmox_backups", datetime(2026, 3, 1, 10, 1, tzinfo=UTC)),
    ],
)
def test_the_time_zone_of_the_client_changes_no_moment(
    database: duckdb.DuckDBPyConnection, query: str, moment: datetime
) -> None:
    assert database.execute(query).fetchall() == [(moment,)]
