"""A lab LibreNMS on loopback and a reader of it; the snapshot's tables are looked at through DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.parquet import looking

Row = dict[str, Any]


class Reader:
    """Takes snapshots of one server into one warehouse, and shows the current one."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.warehouse = Warehouse(home)
        self.said: list[str] = []

    def endpoint(self, url: str, **options: Any) -> LibreNMSEndpoint:
        return LibreNMSEndpoint.model_validate(
            {"kind": "librenms", "name": "paris", "url": url, "timeout": 5, **options}
        )

    def read(self, server: LabLibreNMS | str, *, only: str | None = None, **options: Any) -> Manifest:
        url = server if isinstance(server, str) else server.url
        endpoint = self.endpoint(url, **options)
        return snapshot_librenms(endpoint, self.warehouse, progress=self.said.append, only=only)

    @property
    def current(self) -> Path:
        return self.warehouse.current(self.warehouse.snapshots("librenms", "paris"))

    def rows(self, table: str, order: str = "ALL") -> list[Row]:
        """The rows of a table, without the columns that the writer adds."""
        with looking() as con:
            con.execute(f"SELECT * FROM read_parquet('{self.current / table}.parquet') ORDER BY {order}")
            names = [column[0] for column in con.description]
            rows = con.fetchall()
        return [
            {k: v for k, v in zip(names, row, strict=True) if k not in ("endpoint", "snapshot_id")}
            for row in rows
        ]

    def column(self, table: str, column: str) -> list[Any]:
        return [row[column] for row in self.rows(table, column)]

    def scopes(self) -> set[tuple[str, str]]:
        """What is incomplete: (scope, scope_id)."""
        return {(row["scope"], row["scope_id"]) for row in self.rows("scopes")}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setenv("LIBRENMS_TOKEN", "lab-token")
    return Reader(tmp_path)


@pytest.fixture
def state() -> LibreNMSState:
    """Two switches with VLANs and a firewall without; a LAG on the first switch."""
    lab = LibreNMSState()
    lab.add_location("Paris", 48.8566, 2.3522)
    core = lab.add_device("core.example.net", location="Paris", os="ios", ip="10.0.0.1", serial="FDO1")
    edge = lab.add_device("edge.example.net", location="Paris", os="junos")
    wall = lab.add_device("wall.example.net", os="fortigate")
    uplink = lab.add_port(core, "Gi1/0/1", ifVlan="10", ifTrunk="dot1Q")
    access = lab.add_port(core, "Gi1/0/2", ifVlan="20")
    lag = lab.add_port(core, "Po1", ifType="ieee8023adLag")
    far = lab.add_port(edge, "ge-0/0/0", ifVlan="10", ifTrunk="dot1Q")
    wan = lab.add_port(wall, "wan1")
    for device in (core, edge):
        lab.add_vlan(device, 10, "users")
        lab.add_vlan(device, 20, "voice")
    lab.add_membership(uplink, 10, 1)
    lab.add_membership(uplink, 20)
    lab.add_membership(access, 20, 1)
    lab.add_membership(far, 20)
    lab.add_stack(lag, uplink)
    lab.add_ipv4(uplink, "10.0.0.1", 24)
    lab.add_ipv6(uplink, "2001:db8::1", 64)
    lab.add_ipv4(wan, "192.0.2.2", 30)
    lab.connect(uplink, far)
    lab.add_vrf(core, "blue", "65000:1")
    return lab


@pytest.fixture
def changing(state: LibreNMSState) -> Callable[[str, Callable[[], None]], LabLibreNMS]:
    """A LibreNMS whose data changes once, right after it has answered the given path."""

    def make(path: str, change: Callable[[], None], **options: Any) -> LabLibreNMS:
        class Changing(LabLibreNMS):
            done = False

            async def handle(self, request: Any) -> Any:
                answer = await super().handle(request)
                if not self.done and request.url.path == self.base_path + path:
                    self.done = True
                    with self.state.lock:
                        change()
                return answer

        return Changing(state, **options)

    return make
