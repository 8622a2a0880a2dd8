"""Names that differ only in how Unicode writes a letter: ü, or u with two dots after it. They look the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from netbox_sync_dagster.storage.snapshots import SnapshotWriter

COMPOSED, APART = "bu\u0308ro".replace("u\u0308", "\u00fc"), "bu\u0308ro"


@pytest.mark.parametrize(
    ("name", "tags", "name_read", "tags_read"),
    [
        (APART, [APART, "web"], COMPOSED, [COMPOSED, "web"]),
        (COMPOSED, [COMPOSED], COMPOSED, [COMPOSED]),
        ("web", [], "web", []),
        (None, None, None, None),
    ],
)
def test_texts_of_a_source_are_composed(
    name: str | None,
    tags: list[str] | None,
    name_read: str | None,
    tags_read: list[str] | None,
    tmp_path: Path,
) -> None:
    writer = SnapshotWriter("proxmox", "lab", "s1", tmp_path)
    writer.rows("guests", [{"vmid": 101, "name_given": name, "tags": tags}])
    writer.close()
    (row,) = pq.read_table(tmp_path / "guests.parquet").to_pylist()
    assert (row["vmid"], row["name_given"], row["tags"]) == (101, name_read, tags_read)


def test_texts_of_netbox_stay_unchanged(tmp_path: Path) -> None:
    """An undo writes them back."""
    writer = SnapshotWriter("netbox", "netbox", "s1", tmp_path)
    writer.rows("devices", [{"id": 1, "name": APART}])
    writer.close()
    (row,) = pq.read_table(tmp_path / "devices.parquet").to_pylist()
    assert row["name"] == APART
