"""Rows of objects that an apply wrote after NetBox was read began (sql/plan/written_since.sql)."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.compare.stages import DIFF_SHAPE
from netbox_sync_dagster.sqlfiles import read_sql
from tests.sql.rules import Rules

READ = "2026-11-20T12:00:00+00:00"
LATER = "2026-11-20T12:00:07.123456+00:00"
LAST = "2026-11-20T12:00:09+00:00"


class Rows(Rules):
    """Rows of a diff, and what applies wrote since NetBox was read."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.con.execute(
            f"""CREATE TABLE diff.rows {DIFF_SHAPE};
                CREATE TABLE ledger.written_since (resource VARCHAR, action VARCHAR, key VARCHAR, object_type VARCHAR,
                    netbox_id BIGINT, last_updated TIMESTAMPTZ, seq BIGINT)"""
        )

    def add(self, action: str, key: str, netbox_id: int | None, last_updated: str | None = READ) -> None:
        self.put(
            "diff.rows",
            resource="interfaces",
            action=action,
            key=key,
            object_type="dcim/interfaces",
            netbox_id=netbox_id,
            last_updated=last_updated,
        )

    def wrote(
        self, action: str, key: str | None, netbox_id: int, last_updated: str | None, of: str = "interfaces"
    ) -> None:
        self.writes += 1
        self.put(
            "ledger.written_since",
            seq=self.writes,
            resource=of,
            action=action,
            key=key,
            object_type=f"dcim/{of}",
            netbox_id=netbox_id,
            last_updated=last_updated,
        )

    def decided(self) -> dict[str, str]:
        """{key: action} after the file has run."""
        self.con.execute(read_sql("plan/written_since.sql"))
        return dict(self.con.execute("SELECT key, action FROM diff.rows").fetchall())


@pytest.fixture
def estate() -> Rows:
    return Rows()


@pytest.mark.parametrize("action", ["update", "drifted", "conflict"])
def test_an_object_that_netbox_shows_as_before_the_write(estate: Rows, action: str) -> None:
    estate.add(action, "written", 1)
    estate.add(action, "another", 2)
    estate.wrote("update", "written", 1, LATER)
    assert estate.decided() == {"written": "blocked", "another": action}


def test_a_snapshot_that_was_being_read_has_what_was_written(estate: Rows) -> None:
    estate.add("update", "written", 1, LATER)
    estate.wrote("update", "written", 1, LATER)
    assert estate.decided() == {"written": "update"}


def test_an_object_that_was_written_twice_while_netbox_was_read(estate: Rows) -> None:
    estate.add("update", "between", 1, LATER)
    estate.add("update", "after", 2, LAST)
    for netbox_id, key in ((1, "between"), (2, "after")):
        estate.wrote("update", key, netbox_id, LATER)
        estate.wrote("update", key, netbox_id, LAST)
    assert estate.decided() == {"between": "blocked", "after": "update"}


def test_a_clock_of_netbox_that_was_set_back(estate: Rows) -> None:
    estate.add("update", "written", 1, LATER)
    estate.wrote("update", "written", 1, READ)
    assert estate.decided() == {"written": "blocked"}


def test_what_netbox_cleared_is_not_known(estate: Rows) -> None:
    """A delete empties fields of other objects, and NetBox does not answer when."""
    estate.add("update", "cleared", 1)
    estate.wrote("update", "cleared", 1, READ)
    estate.wrote("delete", None, 1, None)
    assert estate.decided() == {"cleared": "blocked"}


def test_an_object_of_another_type_with_the_same_id(estate: Rows) -> None:
    estate.add("update", "port", 1)
    estate.wrote("update", "device", 1, LATER, of="devices")
    assert estate.decided() == {"port": "update"}


def test_a_new_object_is_known_by_its_key(estate: Rows) -> None:
    estate.add("create", "made", None, None)
    estate.add("create", "another", None, None)
    estate.wrote("create", "made", 9, LATER)
    # Of a device.
    estate.wrote("create", "another", 10, LATER, of="devices")
    assert estate.decided() == {"made": "blocked", "another": "create"}


def test_an_object_that_is_deleted_already(estate: Rows) -> None:
    estate.add("delete", "gone", 1)
    estate.wrote("delete", "gone", 1, None)
    assert estate.decided() == {"gone": "blocked"}
