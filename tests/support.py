"""The whole path for tests: a lab source and a lab NetBox over real HTTP, a warehouse, and what is between them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import httpx

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker
from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.storage.views import open_views
from netbox_sync_dagster.sync.target import read_netbox
from netbox_sync_lab.proxmox import LabProxmox
from tests.parquet import looking

# Where tests keep their warehouse: a name that is awkward in SQL and in file patterns, as people's folders are.
ODD_FOLDER = "it's [our] data*"
# For processes with another HOME that load Dagster's definitions: what they derive from the SQL, in seconds, is kept there.
CACHE = {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")}


def evaluate(sensor: dg.SensorDefinition, **context: Any) -> Any:
    """One tick of a sensor; ``context`` as for ``build_sensor_context``."""
    with dg.build_sensor_context(resources={"sync": SyncResource()}, **context) as opened:
        return sensor(opened)


class NetBox:
    """What a person does in NetBox, over its REST API."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        auth = f"Bearer {token}" if token.startswith("nbt_") else f"Token {token}"
        self.http = httpx.Client(base_url=f"{url}/api/", headers={"Authorization": auth}, timeout=60)

    @property
    def version(self) -> tuple[int, int]:
        """What NetBox this is, as (4, 6)."""
        major, minor = self.http.get("status/").json()["netbox-version"].split(".")[:2]
        return int(major), int(minor)

    def create(self, path: str, **content: Any) -> dict[str, Any]:
        answer = self.http.post(f"{path}/", json=content)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def edit(self, path: str, netbox_id: int, **content: Any) -> dict[str, Any]:
        answer = self.http.patch(f"{path}/{netbox_id}/", json=content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(self, path: str, netbox_id: int) -> None:
        answer = self.http.delete(f"{path}/{netbox_id}/")
        assert answer.status_code == 204, answer.text

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        answer = self.http.get(f"{path}/", params={"limit": 1000, **params})
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def one(self, path: str, **params: Any) -> dict[str, Any]:
        found = self.all(path, **params)
        assert len(found) == 1, f"{len(found)} {path} for {params}"
        return found[0]


class Pipeline:
    """One endpoint against one NetBox. ``sync()`` reads both and compares; the plan's rows are the result."""

    def __init__(self, home: Path, netbox: NetBox, endpoint: dict[str, Any], **more: Any) -> None:
        self.netbox = netbox
        self.warehouse = Warehouse(home)
        self.config = Config.model_validate(
            {"netbox": {"url": netbox.url}, "endpoints": [endpoint, *more.get("endpoints", [])]}
        )
        self.name = endpoint["name"]
        # What NetBox was read for, last time.
        self._deletes: set[str] = set()
        # The id of the last apply of ``write``.
        self.apply_id: str | None = None

    @property
    def endpoint(self) -> Endpoint:
        return self.config.endpoint(self.name)

    def configure(self, **changes: Any) -> None:
        """Change the endpoint's configuration, e.g. ``configure(policies={"owns": ["devices.name"]})``."""
        content = self.config.model_dump(mode="json", exclude_unset=True)
        content["endpoints"] = [
            {**item, **changes} if item["name"] == self.name else item for item in content["endpoints"]
        ]
        self.config = Config.model_validate(content)

    def snapshot(self, **options: Any) -> Any:
        endpoint = self.endpoint
        if isinstance(endpoint, LibreNMSEndpoint):
            return snapshot_librenms(endpoint, self.warehouse, **options)
        if isinstance(endpoint, DockerEndpoint):
            return snapshot_docker(endpoint, self.warehouse, **options)
        return snapshot_proxmox(endpoint, self.warehouse, **options)

    def sync(self, **options: Any) -> Plan:
        self.read(**options)
        return self.compare()

    def read(self, **options: Any) -> None:
        """Read the endpoint and NetBox."""
        self.snapshot(**options)
        self._read_netbox()

    def compare(self) -> Plan:
        """Compare what was read."""
        compare(self.warehouse, self.config, self.endpoint)
        return load_plan(self.warehouse, self.name)

    def comes_to(self, word: str, *, read: bool = True) -> bool:
        """Whether the comparison of the next sync says a line that begins so; it ends there. With ``read=False`` the
        comparison of what was read before."""

        class There(Exception):
            pass

        def stop(line: str) -> None:
            if line.startswith(word):
                raise There

        if read:
            self.read()
        try:
            compare(self.warehouse, self.config, self.endpoint, progress=stop)
        except There:
            return True
        return False

    def _read_netbox(self) -> None:
        self._deletes = self.config.deletes
        read_netbox(self.config, self.warehouse)

    def again(self) -> Plan:
        """Compare once more, e.g. under another configuration; NetBox is read again where more may be deleted."""
        if not self.config.deletes <= self._deletes:
            self._read_netbox()
        return self.compare()

    def left_out(self, plan: Plan | None = None) -> list[tuple[str, str, str]]:
        """(resource, key, reason) of what the last comparison left out, or that of the plan."""
        diffs = self.warehouse.diffs(self.name)
        folder = (diffs / plan.diff_id if plan else self.warehouse.current(diffs)) / "desired"
        with looking() as con:
            return con.execute(
                "SELECT resource, key, reason FROM read_parquet(?) ORDER BY ALL",
                [
                    [
                        connections.pattern(folder / f"{name}.parquet")
                        for name in ("skipped", "skipped_addresses")
                    ]
                ],
            ).fetchall()

    def views(self) -> duckdb.DuckDBPyConnection:
        """The warehouse's views, as anybody asks them."""
        return open_views(self.warehouse)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the views."""
        with self.views() as con:
            return con.execute(query).fetchall()

    def apply(self, **options: Any) -> Plan:
        """Sync, approve every change and apply it; the plan that was applied."""
        plan = self.sync(**options)
        refused = self.write(plan)
        assert not refused, refused
        return plan

    def write(self, plan: Plan, changes: list[str] | None = None) -> list[str]:
        """Approve these changes of the plan, or every one, and apply them; what was not written, and why. The plan may be
        that of an undo."""
        approve(
            self.warehouse,
            plan,
            list(plan.by_id()) if changes is None else changes,
            who="alice",
            through="cli",
            policies=self.endpoint.policies,
            override_limit="test",
        )
        result = apply_approved(self.warehouse, self.config.netbox, plan.endpoint, plan, who="alice")
        self.apply_id = result.apply_id
        return [
            f"{v.verdict} {v.resource} {v.key}: {v.message}"
            for v in result.verdicts
            if v.verdict != "applied"
        ]

    def apply_all(self, **options: Any) -> Plan:
        """Sync, approve every change, apply it, and sync again: the plan after that."""
        self.apply(**options)
        return self.sync(**options)


def proxmox_endpoint(proxmox: LabProxmox, name: str = "paris-pve", **more: Any) -> dict[str, Any]:
    """An endpoint that reads the lab's Proxmox VE, with more settings."""
    return {
        "name": name,
        "kind": "proxmox",
        "url": proxmox.url,
        "tls": {"ca": proxmox.ca_path},
        "user": proxmox.user,
        "token_name": proxmox.token_name,
        "token_env": "PROXMOX_TOKEN",
        "agent_timeout": 1,
        "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
        **more,
    }


def rows(plan: Plan, resource: str, action: str | None = None) -> list[DiffRow]:
    """The plan's rows of one resource, and of one action where given."""
    return [row for row in plan.rows if row.resource == resource and action in (None, row.action)]


def row(plan: Plan, resource: str, key: str) -> DiffRow:
    """The row with that key; fails with the keys that are there."""
    found = [item for item in plan.rows if item.resource == resource and item.key == key]
    assert found, f"no {resource} '{key}'; there are: {[item.key for item in rows(plan, resource)]}"
    return found[0]


def after(diff_row: DiffRow) -> dict[str, Any]:
    """{field: after} of what applying the row writes."""
    return {item.name: item.after for item in diff_row.written}


def before(diff_row: DiffRow) -> dict[str, Any]:
    """{field: before} of what applying the row writes."""
    return {item.name: item.before for item in diff_row.written}
