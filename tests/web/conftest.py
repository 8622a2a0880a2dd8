"""A small Proxmox cluster, a NetBox with users, and the review page served for real."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import Config, load_config
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync import sync_endpoint
from netbox_sync_dagster.web.serve import server_config
from netbox_sync_dagster.web.visit import State
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.two_clusters import guest
from tests.kept import fresh, kept, same_place, serving
from tests.support import NetBox

PASSWORD = "correct horse battery"


class Visitor:
    """A browser without JavaScript: follows redirects, keeps cookies, sends the forms that it was shown."""

    def __init__(self, url: str, **headers: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=60, headers=headers)
        self.page = ""
        self.status = 0
        self.path = ""

    def open(self, path: str, **params: str) -> str:
        """The text that a person reads on the page, on one line."""
        return self.take(self.http.get(path, params=params or None))

    def send(self, path: str, **fields: Any) -> str:
        """Send a form of the current page with these fields."""
        return self.take(self.http.post(path, data={"csrf": self.secret, **fields}))

    def log_in(self, user: str = "anna", password: str = PASSWORD, **more: str) -> str:
        self.open("/login")
        return self.send("/login", user=user, password=password, **more)

    @property
    def secret(self) -> str:
        """The secret of the page's forms."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.page)
        return found[1] if found else ""

    def value(self, name: str) -> str:
        """The value of a hidden field."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found is not None, self.text
        return unescape(found[1])

    @property
    def text(self) -> str:
        """What a person reads on the page."""
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.page))).strip()

    def go_to(self, plan: str) -> None:
        """Open the page of the plan, unless it is the current page; not for tests in which a newer diff is made."""
        if (self.path, self.status) != (f"/plans/{plan}", 200):
            self.open(f"/plans/{plan}")

    def approve(self, plan: str, *ids: str, **more: str) -> str:
        """Tick, read what the approval covers, and record it."""
        self.open(f"/plans/{plan}")
        self.send(f"/plans/{plan}/review", id=list(ids), decision="approve", diff_id=self.value("diff_id"))
        return self.send(f"/plans/{plan}/decide", key=self.value("key"), with_dependencies="1", **more)

    def apply(self, plan: str) -> str:
        """Apply, and read how it ended."""
        self.go_to(plan)
        self.send(f"/plans/{plan}/apply")
        if self.path.startswith("/applies/"):
            # They end with the apply.
            self.http.get(f"{self.path}/events")
            self.open(self.path)
        return self.text

    def take(self, response: httpx.Response) -> str:
        """This answer is the current page."""
        self.page, self.status, self.path = response.text, response.status_code, response.url.path
        return self.text


@dataclass
class Site:
    """The page, what it works on, and how to change that."""

    url: str
    warehouse: Warehouse
    config_path: Path
    netbox: LabNetBox
    cluster: ProxmoxState
    server: uvicorn.Config | None = None

    @property
    def state(self) -> State:
        """What the served page keeps in memory."""
        assert self.server is not None
        found = self.server.app.state.page  # type: ignore[union-attr]
        assert isinstance(found, State)
        return found

    @property
    def config(self) -> Config:
        return load_config(self.config_path)

    def visitor(self, **headers: str) -> Visitor:
        return Visitor(self.url, **headers)

    def sync(self) -> Plan:
        config = self.config
        snapshot_netbox(config.netbox, self.warehouse, deletes=config.deletes)
        with Comparer(self.warehouse, config) as comparer:
            outcome = sync_endpoint(self.warehouse, config.endpoint("paris"), comparer, who="test")
        assert outcome.error is None
        return self.plan()

    def plan(self) -> Plan:
        return load_plan(self.warehouse, "paris")


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """The same folder for every test, so that ``netbox_sync.duckdb``, which names it, is made once."""
    with same_place(tmp_path) as place:
        yield place


@pytest.fixture
def netbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabNetBox]:
    with serving(request, "web netbox", lambda port: LabNetBox(port, token="lab-token")) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        server.add_user("anna", PASSWORD, superuser=True)
        yield server


@pytest.fixture
def cluster() -> ProxmoxState:
    """One node and two virtual machines, web1 and db1."""
    state = ProxmoxState(cluster="paris")
    state.add_node("pve1", network=[])
    for number, name in ((101, "web1"), (102, "db1")):
        guest(state, number, name, number - 100, 8, f"{number:08d}-1111-4111-8111-111111111111", "pve1")
    return state


@pytest.fixture
def settings() -> dict[str, Any]:
    """The page's part of the configuration."""
    return {"port": 0}


@pytest.fixture
def site(
    request: pytest.FixtureRequest,
    netbox: LabNetBox,
    cluster: ProxmoxState,
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    """The page of one synced endpoint, ``paris``."""
    with serving(request, "web proxmox", lambda port: LabProxmox(cluster, port)) as proxmox:
        monkeypatch.setenv("PROXMOX_TOKEN", proxmox.token_value)
        endpoint = {
            "name": "paris",
            "kind": "proxmox",
            "url": proxmox.url,
            "tls": {"ca": str(proxmox.ca_path)},
            "user": proxmox.user,
            "token_name": proxmox.token_name,
            "token_env": "PROXMOX_TOKEN",
            "agent_timeout": 1,
            "policies": {
                "create": [
                    *(
                        "tags",
                        "custom_fields",
                        "cluster_types",
                        "clusters",
                        "device_roles",
                        "virtual_machines",
                    ),
                    *("vm_interfaces", "mac_addresses", "primary_macs", "virtual_disks"),
                ],
                "delete": ["virtual_machines"],
            },
        }
        config_path = tmp_path / "netbox_sync.yaml"
        content = {"netbox": {"url": netbox.url}, "endpoints": [endpoint], "web": settings}
        config_path.write_text(json.dumps(content))
        warehouse = Warehouse(tmp_path / "data")
        site = Site("", warehouse, config_path, netbox, cluster)

        def make() -> None:
            fresh(warehouse.home)
            site.sync()

        guests = [(guest.vmid, guest.name) for guest in cluster.guests.values()]
        name = f"site {hashlib.sha256(repr(guests).encode()).hexdigest()}"
        kept(name, warehouse.home, [netbox.store, cluster], make)
        site.server = server_config(config_path, warehouse, load_config(config_path).web)
        with served(config_path, warehouse, site.server) as url:
            site.url = url
            yield site


@pytest.fixture
def in_step(site: Site) -> Site:
    """Everything is applied, and a sync found no difference."""

    def make() -> None:
        plan, config = site.plan(), site.config
        policies, ids = config.endpoint("paris").policies, list(plan.by_id())
        approve(site.warehouse, plan, ids, who="anna", through="cli", policies=policies)
        assert apply_approved(site.warehouse, config.netbox, "paris", plan, who="anna").ok
        assert site.sync().changes == []

    kept("in_step", site.warehouse.home, [site.netbox.store, site.cluster], make)
    return site


@pytest.fixture
def grown(in_step: Site) -> Site:
    """Everything was applied; then both machines got more memory and web1 more cores, and a sync saw it."""
    site = in_step

    def make() -> None:
        for machine in site.cluster.guests.values():
            machine.maxmem = 8 * 2**30
        web1 = site.cluster.guests[101]
        web1.config["cores"] = web1.maxcpu = 4
        site.sync()

    kept("grown", site.warehouse.home, [site.netbox.store, site.cluster], make)
    return site


@pytest.fixture
def drifted(in_step: Site) -> Site:
    """Everything was applied; then a person changed web1's memory in NetBox."""
    site = in_step

    def make() -> None:
        netbox = NetBox(site.netbox.url, site.netbox.token)
        web1 = netbox.one("virtualization/virtual-machines", name="web1")
        netbox.edit("virtualization/virtual-machines", web1["id"], memory=1024)
        site.sync()

    kept("drifted machine", site.warehouse.home, [site.netbox.store, site.cluster], make)
    return site


@contextmanager
def served(config_path: Path, warehouse: Warehouse, how: uvicorn.Config | None = None) -> Iterator[str]:
    """The page on a free port, as ``netbox-sync web`` serves it; its address."""
    how = how or server_config(config_path, warehouse, load_config(config_path).web)
    # Whatever the configuration says: a review page may be running on the port of the default.
    how.port = 0
    server = uvicorn.Server(how)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
