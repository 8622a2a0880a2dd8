"""A folder of SQL files as an endpoint, and its snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.tables.check import check_tables
from netbox_sync_dagster.sources.tables.config import TablesEndpoint
from netbox_sync_dagster.sources.tables.snapshot import snapshot_tables
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_lab.netbox import LabNetBox
from tests.parquet import looking
from tests.support import NetBox


class Machines:
    """The endpoint ``machines``: files in, the snapshot's rows out."""

    def __init__(self, home: Path) -> None:
        self.folder, self.warehouse = home / "sql", Warehouse(home / "data")
        self.settings: dict[str, Any] = {}
        self.folder.mkdir()

    def write(self, name: str, text: str) -> None:
        """A file of the folder."""
        (self.folder / name).write_text(text, encoding="utf-8")

    @property
    def endpoint(self) -> TablesEndpoint:
        return TablesEndpoint.model_validate(
            {"name": "machines", "kind": "tables", "sql": self.folder, **self.settings}
        )

    def snapshot(self, **options: Any) -> Manifest:
        return snapshot_tables(self.endpoint, self.warehouse, **options)

    def check(self) -> list[Check]:
        return check_tables(self.endpoint)

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Rows of the current snapshot, sorted."""
        file = self.warehouse.current(self.warehouse.snapshots("tables", "machines")) / f"{table}.parquet"
        with looking() as con:
            return con.execute(f"SELECT {columns} FROM read_parquet(?) ORDER BY ALL", [str(file)]).fetchall()

    def rejected(self) -> list[str]:
        """The reasons of the rejected rows."""
        return [reason for (reason,) in self.rows("rejected", "reason")]


@pytest.fixture
def netbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[NetBox]:
    with LabNetBox() as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        yield NetBox(server.url, server.token)


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    return Machines(tmp_path)


@pytest.fixture
def failure(machines: Machines) -> Callable[[], list[str]]:
    """The sentences of a snapshot that fails."""

    def run() -> list[str]:
        with pytest.raises(Exception) as caught:
            machines.snapshot()
        assert isinstance(caught.value, UserError), caught.value
        return list(getattr(caught.value, "problems", [str(caught.value)]))

    return run
