"""A lab Docker host, and its snapshot as SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_lab.docker import DockerState, LabDocker
from tests.parquet import looking


class Snapshot:
    """A finished snapshot: its manifest, and its tables for SQL."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.con = looking()
        # Those that no query has named yet.
        self._files = {file.stem: file for file in folder.glob("*.parquet")}

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        for name in self._files.keys() & set(re.findall(r"\w+", query)):
            self.con.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM '{self._files.pop(name)}'")
        return self.con.execute(query).fetchall()

    def gaps(self) -> list[tuple[str, str, str]]:
        """(scope, scope_id, reason) of everything that is not completely known."""
        return self.sql("SELECT scope, scope_id, reason FROM scopes WHERE NOT complete ORDER BY ALL")


class Endpoint:
    """An endpoint and its warehouse."""

    def __init__(self, home: Path, lab: LabDocker, **fields: Any) -> None:
        given: dict[str, Any] = {"kind": "docker", "name": "docker1", "url": lab.url}
        self.config = DockerEndpoint.model_validate(given | fields)
        self.warehouse = Warehouse(home)
        self.lab = lab

    def snapshot(self, **options: Any) -> Snapshot:
        manifest = snapshot_docker(self.config, self.warehouse, **options)
        folder = self.warehouse.current(self.warehouse.snapshots("docker", self.config.name))
        return Snapshot(folder, manifest)

    def changed(self, **fields: Any) -> Endpoint:
        """The same warehouse with other settings."""
        given = self.config.model_dump(exclude_unset=True, mode="json") | fields
        return Endpoint(self.warehouse.home, self.lab, **given)


@pytest.fixture
def state() -> DockerState:
    """Host docker1 with the network front, in it the container web."""
    state = DockerState("docker1")
    state.add_network("front", "172.30.0.0/24")
    state.add("web", "front")
    return state


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Endpoint]]:
    """Start a daemon over a state; ``server`` are its options. Gives the endpoint that reads it."""
    with ExitStack() as stack:

        def start(state: DockerState, server: dict[str, Any] | None = None, **fields: Any) -> Endpoint:
            lab = stack.enter_context(LabDocker(state, **(server or {})))
            return Endpoint(tmp_path / "data", lab, **fields)

        yield start


@pytest.fixture
def endpoint(state: DockerState, serve: Callable[..., Endpoint]) -> Endpoint:
    return serve(state)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.005)
