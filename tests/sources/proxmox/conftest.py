"""A lab cluster over HTTPS, and its snapshot as SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_lab.certs import LabCertificates, make_certificates
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from netbox_sync_lab.serving import LabServer
from tests.parquet import looking

TOKEN = "PVE_TEST_TOKEN"
PASSWORD = "PVE_TEST_PASSWORD"


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

    def scopes(self) -> set[tuple[str, str]]:
        """(scope, scope_id) of everything that is not completely known."""
        return set(self.sql("SELECT scope, scope_id FROM scopes WHERE NOT complete"))

    def reason(self, scope: str, scope_id: str = "*") -> str:
        query = f"SELECT reason FROM scopes WHERE scope = '{scope}' AND scope_id = '{scope_id}'"
        return " / ".join(row[0] for row in self.sql(query))


class Endpoint:
    """An endpoint and its warehouse."""

    def __init__(self, config: ProxmoxEndpoint, home: Path, lab: LabProxmox | None = None) -> None:
        self.config = config
        self.warehouse = Warehouse(home)
        self.lab = lab

    def snapshot(self, **options: Any) -> Snapshot:
        manifest = snapshot_proxmox(self.config, self.warehouse, **options)
        folder = self.warehouse.current(self.warehouse.snapshots("proxmox", self.config.name))
        return Snapshot(folder, manifest)

    def changed(self, **fields: Any) -> Endpoint:
        """The same warehouse with other settings."""
        given = self.config.model_dump(exclude_unset=True, mode="json") | fields
        return Endpoint(ProxmoxEndpoint.model_validate(given), self.warehouse.home, self.lab)


@pytest.fixture
def state() -> ProxmoxState:
    """Cluster `rack` with the nodes pve1 and pve2."""
    state = ProxmoxState("rack")
    state.add_node("pve1", ip="10.99.0.11")
    state.add_node("pve2", ip="10.99.0.12")
    return state


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificates: LabCertificates
) -> Iterator[Callable[..., Endpoint]]:
    """Start a server over a state; gives the endpoint that reads it."""
    with ExitStack() as stack:

        def start(state: ProxmoxState, **fields: Any) -> Endpoint:
            lab = stack.enter_context(LabProxmox(state, certificates=certificates))
            monkeypatch.setenv(TOKEN, lab.token_value)
            monkeypatch.setenv(PASSWORD, lab.password)
            given: dict[str, Any] = {
                "kind": "proxmox",
                "name": "rack",
                "url": lab.url,
                "user": lab.user,
                "token_name": lab.token_name,
                "token_env": TOKEN,
                "tls": {"ca": lab.ca_path},
                "agent_timeout": 1,
            }
            return Endpoint(ProxmoxEndpoint.model_validate(given | fields), tmp_path / "data", lab)

        yield start


@pytest.fixture
def read(serve: Callable[..., Endpoint]) -> Callable[..., Snapshot]:
    """The snapshot of a state."""
    return lambda state, **fields: serve(state, **fields).snapshot()


class RecordedAnswers(LabServer):
    """Answers given literally: path below /api2/json -> data. Paths that are not given answer an empty list."""

    base_path = "/api2/json"

    def __init__(self, answers: dict[str, Any], certificates: LabCertificates) -> None:
        super().__init__(certfile=certificates.certfile, keyfile=certificates.keyfile)
        self.answers = answers

    async def handle(self, request: Request) -> Response:
        path = request.url.path.removeprefix(self.base_path)
        return JSONResponse({"data": self.answers.get(path, [])})


@pytest.fixture
def recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificates: LabCertificates
) -> Iterator[Callable[..., Snapshot]]:
    """The snapshot of recorded answers, over a server with one node `pve1` and every right."""
    monkeypatch.setenv(TOKEN, "5f7b1c1e-0000-4000-8000-000000000000")
    rights = dict.fromkeys(["Sys.Audit", "VM.Audit", "Datastore.Allocate", "SDN.Audit"], 1)
    always: dict[str, Any] = {
        "/version": {"version": "8.2.4", "release": "8.2"},
        "/access/permissions": {"/": rights},
        "/cluster/status": [{"type": "node", "name": "pve1", "online": "1", "local": "1", "ip": "10.0.0.1"}],
        "/cluster/options": {},
        "/nodes/pve1/status": {},
    }
    with ExitStack() as stack:

        def read(answers: dict[str, Any]) -> Snapshot:
            server = stack.enter_context(RecordedAnswers(always | answers, certificates))
            given = {
                "kind": "proxmox",
                "name": "recorded",
                "url": server.url,
                "user": "sync@pve",
                "token_name": "netbox",
                "token_env": TOKEN,
                "tls": {"ca": str(certificates.ca_path)},
            }
            return Endpoint(ProxmoxEndpoint.model_validate(given), tmp_path / "data").snapshot()

        yield read
