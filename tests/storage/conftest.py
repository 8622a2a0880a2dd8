"""A warehouse without content, for tests of what the views show of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.storage import Warehouse
from tests.kept import fresh, same_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """The same folder for every test, so that ``netbox_sync.duckdb``, which names it, is made once."""
    with same_place(tmp_path) as place:
        yield place


@pytest.fixture
def warehouse(place: Path) -> Warehouse:
    """Without content, its views in place."""
    return fresh(place / "data")
