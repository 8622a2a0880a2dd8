"""NetBox for these tests: the lab's, and the one named by NETBOX_URL and NETBOX_TOKEN."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.sources.netbox.client import credentials
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_lab.netbox import LabNetBox
from tests.parquet import looking
from tests.sources.netbox.seed import Seed, fill

Snap = Callable[..., "Taken"]
VIEW_EVERYTHING = {
    model: {"view"} for source in SOURCES.values() for model in (source.model, *source.generic)
} | {"users.objectpermission": set()}


class Taken:
    """A snapshot that was taken: its manifest, and SQL over its tables."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest = manifest
        self.folder = folder

    def sql(self, query: str, table: str) -> list[tuple[Any, ...]]:
        """Rows of ``query``, in which ``t`` is the table."""
        con = looking()
        con.execute(f"create temp view t as select * from read_parquet('{self.folder / f'{table}.parquet'}')")
        rows: list[tuple[Any, ...]] = con.execute(query).fetchall()
        return rows

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows without endpoint, snapshot_id and last_updated, ordered by id."""
        return self.sql("select * exclude (endpoint, snapshot_id, last_updated) from t order by id", table)


@pytest.fixture
def snap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Snap:
    """``snap(url, token, home="a", **settings of the target)`` takes a snapshot into a warehouse."""

    def take(url: str, token: str, home: str = "warehouse", **settings: Any) -> Taken:
        monkeypatch.setenv("NETBOX_TOKEN", token)
        warehouse = Warehouse(tmp_path / home)
        manifest = snapshot_netbox(NetBoxTarget.model_validate({"url": url, **settings}), warehouse)
        return Taken(manifest, warehouse.current(warehouse.snapshots("netbox", "netbox")))

    return take


@pytest.fixture
def lab() -> Iterator[LabNetBox]:
    with LabNetBox() as server:
        yield server


@pytest.fixture(scope="module")
def seeded_lab() -> Iterator[tuple[LabNetBox, Seed]]:
    with LabNetBox() as server:
        seed = Seed(server.url, f"Token {server.token}")
        fill(seed)
        yield server, seed


@pytest.fixture(scope="module")
def live() -> Iterator[tuple[str, str, Seed]]:
    """(url, token, seed) of a real NetBox, filled, and emptied of the seed afterwards."""
    url, token = os.environ.get("NETBOX_URL", ""), os.environ.get("NETBOX_TOKEN", "")
    if not url or not token:
        pytest.skip("NETBOX_URL and NETBOX_TOKEN are not set")
    seed = Seed(url, credentials(token)["Authorization"])
    try:
        fill(seed)
        yield url, token, seed
    finally:
        seed.remove()


def viewer(seed: Seed, models: list[str], constraints: dict[str, Any] | None = None) -> str:
    """The token of a new user of a real NetBox who may only view these types; removed with the seed."""
    number = len(seed.ids)
    user = seed.post(
        "users/users",
        {"username": f"seed-viewer-{number}", "password": "Seed-viewer-1-long"},
        f"user{number}",
    )
    plain = [model for model in models if not (constraints and model in constraints)]
    body: dict[str, Any] = {"name": f"seed {number}", "actions": ["view"], "users": [user]}
    seed.post("users/permissions", {**body, "object_types": plain})
    for model, limit in (constraints or {}).items():
        only = {"name": f"seed {number} {model}", "object_types": [model], "constraints": limit}
        seed.post("users/permissions", {**body, **only})
    answer = seed.http.post("/api/users/tokens/", json={"user": user, "version": 1})
    assert answer.status_code == 201, answer.text
    token: str = answer.json().get("token") or answer.json()["key"]
    return token
