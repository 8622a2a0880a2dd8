"""Which files the versions of a snapshot or a diff share."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.parquet import write_parquet

COLUMNS = {"name": "VARCHAR"}


def publish(warehouse: Warehouse, **tables: list[str]) -> Path:
    folder = warehouse.snapshots("librenms", "lyon")
    with warehouse.publish(folder, warehouse.keep_snapshots) as (version, stage):
        for name, rows in tables.items():
            (stage / name).mkdir()
            write_parquet(stage / name / "rows.parquet", COLUMNS, [{"name": row} for row in rows])
    return folder / version


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "home")


def test_tables_without_rows_are_one_file_and_others_are_not(warehouse: Warehouse) -> None:
    first = publish(warehouse, ports=["Gi0/1"], links=[])
    second = publish(warehouse, ports=["Gi0/1"], links=[])

    assert (first / "links/rows.parquet").samefile(second / "links/rows.parquet")
    # So damage to one of them leaves the other.
    assert not (first / "ports/rows.parquet").samefile(second / "ports/rows.parquet")
    assert pq.read_table(second / "links/rows.parquet").num_rows == 0


def test_a_table_that_has_rows_again_leaves_the_older_version_as_it_was(warehouse: Warehouse) -> None:
    first = publish(warehouse, links=[])
    second = publish(warehouse, links=["Gi0/1"])
    third = publish(warehouse, links=[])

    assert [pq.read_table(one / "links/rows.parquet").num_rows for one in (first, second, third)] == [0, 1, 0]


def test_a_damaged_file_of_the_last_version_is_not_shared(warehouse: Warehouse) -> None:
    damaged = publish(warehouse, links=[]) / "links/rows.parquet"
    content = damaged.read_bytes()
    damaged.write_bytes(bytes(len(content)))
    second = publish(warehouse, links=[])

    assert (second / "links/rows.parquet").read_bytes() == content


def test_a_link_to_the_file_of_the_last_version_stays_one_file(warehouse: Warehouse) -> None:
    """As in a diff that is carried over."""
    first = publish(warehouse, links=[])
    folder = warehouse.snapshots("librenms", "lyon")
    with warehouse.publish(folder, warehouse.keep_snapshots) as (second, stage):
        (stage / "links").mkdir()
        (stage / "links/rows.parquet").hardlink_to(first / "links/rows.parquet")

    assert [path.name for path in (folder / second / "links").iterdir()] == ["rows.parquet"]
    assert (folder / second / "links/rows.parquet").samefile(first / "links/rows.parquet")
