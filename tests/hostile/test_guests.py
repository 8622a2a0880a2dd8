"""Huge and hostile texts of guests, on Proxmox and on Docker: each costs the guest that sends it, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_lab.certs import LabCertificates
from tests.hostile.behaviours import BEHAVIOURS
from tests.hostile.clients import LIMITS, docker, proxmox
from tests.hostile.server import Behaviour, HostileServer, routes
from tests.parquet import looking

PVE = "/api2/json"
NET = "virtio=BC:24:11:00:00:01,bridge=vmbr0"


def data(content: Any) -> bytes:
    return json.dumps({"data": content}).encode()


def column(home: Path, system: str, endpoint: str, name: str, what: str) -> list[Any]:
    warehouse = Warehouse(home)
    file = warehouse.current(warehouse.snapshots(system, endpoint)) / f"{name}.parquet"
    with looking() as con:
        rows = con.execute(f"SELECT {what} FROM read_parquet(?) ORDER BY ALL", [str(file)]).fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def cluster(config: bytes | Behaviour, agent: bytes | Behaviour = b"{}") -> Behaviour:
    """Two guests on one node; the second has this configuration and this agent."""
    guests = [
        {"type": "qemu", "vmid": n, "node": "pve1", "name": f"vm{n}", "status": "running"} for n in (101, 102)
    ]
    return routes(
        {
            f"{PVE}/version": data({"version": "9.1.4"}),
            f"{PVE}/access/permissions": data(
                {
                    "/": dict.fromkeys(
                        ["Sys.Audit", "VM.Audit", "Datastore.Audit", "SDN.Audit", "VM.GuestAgent.Audit"], 1
                    )
                }
            ),
            f"{PVE}/cluster/status": data([{"type": "node", "name": "pve1", "online": 1, "ip": "10.0.0.1"}]),
            f"{PVE}/cluster/resources": data([{"type": "node", "node": "pve1", "status": "online"}, *guests]),
            f"{PVE}/nodes/pve1/status": data({}),
            f"{PVE}/cluster/options": data({}),
            f"{PVE}/nodes/pve1/qemu/101/config": data({"name": "vm101", "net0": NET}),
            f"{PVE}/nodes/pve1/qemu/102/config": config,
            f"{PVE}/nodes/pve1/qemu/102/agent/network-get-interfaces": agent,
        },
        data([]),
    )


def read(home: Path, certificates: LabCertificates, behaviour: Behaviour, **more: Any) -> Manifest:
    with HostileServer(behaviour, certificates=certificates) as server:
        endpoint = proxmox(server.url, certificates, password=False, **more)
        return snapshot_proxmox(endpoint, Warehouse(home))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            data({"name": "vm102", "description": "x" * (2 << 20)}),
            "GET /api2/json/nodes/pve1/qemu/102/config answered more than 1 MiB",
        ),
        (
            data({"name": "vm102", "description": "x" * 100_000}),
            "description is 100,000 characters long, and at most 65,536 are taken",
        ),
        (
            data({"name": "vm102", "tags": ";".join(f"t{n}" for n in range(9_000))}),
            "a list has 9,000 entries",
        ),
        (data({"name": "vm102", "tags": ";".join(f"t{n}" for n in range(90_000))}), "tags is "),
        (b'{"data": {"name": "vm102", "smbios1": ' + b"[" * 1_000 + b"]" * 1_000 + b"}}", "recursion"),
        (b'{"data": {"name": "vm102", "cores": NaN}}', "broken JSON"),
        (BEHAVIOURS["endless body"][0], "more than 1 MiB"),
        (BEHAVIOURS["drip of the body"][0], "completely within 2 seconds"),
        (BEHAVIOURS["gzip bomb"][0], "more than 1 MiB"),
    ],
    ids=["notes of 2 MB", "long notes", "tags", "tags without end", "deep", "NaN", "endless", "drip", "bomb"],
)
def test_a_guest_of_proxmox_costs_itself(
    config: bytes | Behaviour, reason: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    more = {"limits": {**LIMITS, "answer_seconds": 2}} if "seconds" in reason else {}
    manifest = read(tmp_path, certificates, cluster(config), **more)

    assert column(tmp_path, "proxmox", "pve", "guest_interfaces", "vmid") == [101]
    scopes = column(tmp_path, "proxmox", "pve", "scopes", "scope, scope_id, reason")
    found = [row[2] for row in scopes if row[:2] == ("guest", "102")]
    assert any(reason in text for text in found), scopes
    assert not manifest.complete
    assert not [row for row in scopes if row[:2] == ("guest", "101")]
    assert all(len(text) <= 1_000 for text in [*found, *manifest.reasons])


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (
            data(
                {
                    "result": [
                        {"name": f"veth{n}", "hardware-address": "02:00:00:00:00:01"} for n in range(5_000)
                    ]
                }
            ),
            "the list of its interfaces has 5,000 entries",
        ),
        (
            data(
                {
                    "result": [
                        {
                            "name": "eth0",
                            "hardware-address": "BC:24:11:00:00:01",
                            "ip-addresses": [
                                {"ip-address": f"10.{n >> 8}.{n & 255}.1", "prefix": 24} for n in range(5_000)
                            ],
                        }
                    ]
                }
            ),
            "the list of its addresses has 5,000 entries",
        ),
        (
            data({"result": [{"name": "e" * 70_000, "hardware-address": "BC:24:11:00:00:01"}]}),
            "name is 70,000 characters long",
        ),
        (b'{"data": {"result": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}", "broken JSON"),
        (BEHAVIOURS["endless body"][0], "more than 1 MiB"),
        (BEHAVIOURS["drip of the body"][0], "completely within 2 seconds"),
    ],
    ids=["interfaces", "addresses", "a long name", "deep", "endless", "drip"],
)
def test_a_guest_agent_costs_its_addresses(
    agent: bytes | Behaviour, reason: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    read(
        tmp_path,
        certificates,
        cluster(data({"name": "vm102", "agent": "1", "net0": NET}), agent),
        agent_timeout=1,
    )

    assert column(tmp_path, "proxmox", "pve", "guests", "vmid") == [101, 102]
    scopes = column(tmp_path, "proxmox", "pve", "scopes", "scope, scope_id, reason")
    assert [
        text for scope, vmid, text in scopes if (scope, vmid) == ("guest_addresses", "102") and reason in text
    ]


def container(number: int, **more: Any) -> dict[str, Any]:
    return {
        "Id": f"{number:064x}",
        "Image": "sha256:1",
        "Created": "2026-01-01T00:00:00Z",
        "Config": {"Image": "nginx:1", "Hostname": "c", "Labels": {}},
        "HostConfig": {"NetworkMode": "bridge"},
        "State": {"Status": "running", "StartedAt": "2026-01-01T00:00:00Z"},
        "NetworkSettings": {"Networks": {}},
        **more,
    }


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (container(2, Config={"Image": "i" * 70_000, "Labels": {}}), "Image is 70,000 characters long"),
        (
            container(2, Config={"Image": "i", "Labels": {"com.docker.compose.project": "p" * 70_000}}),
            "compose_project is 70,000 characters long",
        ),
        (
            container(2, NetworkSettings={"Networks": {f"n{n}": {} for n in range(2_000)}}),
            "Networks has 2,000 entries",
        ),
        (container(2, HostConfig={"Memory": 10**30}), "does not fit|is not a number|Memory"),
        ({**container(2), "Config": {"Image": "i", "Labels": {"x": "y" * (2 << 20)}}}, "more than 1 MiB"),
    ],
    ids=["image", "label", "networks", "number", "labels of 2 MB"],
)
def test_a_container_costs_itself(second: dict[str, Any], reason: str, tmp_path: Path) -> None:
    def row(number: int) -> dict[str, Any]:
        return {"Id": f"{number:064x}", "Names": [f"/web{number}"], "State": "running", "Image": "nginx:1"}

    behaviour = routes(
        {
            "/version": b'{"Version": "29.0", "ApiVersion": "1.41", "MinAPIVersion": "1.24"}',
            "/v1.41/info": b'{"Name": "host1"}',
            "/v1.41/networks": b"[]",
            "/v1.41/containers/json": json.dumps([row(1), row(2)]).encode(),
            f"/v1.41/containers/{1:064x}/json": json.dumps(container(1)).encode(),
            f"/v1.41/containers/{2:064x}/json": json.dumps(second).encode(),
        }
    )
    with HostileServer(behaviour) as server:
        manifest = snapshot_docker(docker(server.url), Warehouse(tmp_path))

    assert not manifest.complete
    assert any(re.search(reason, text) for text in manifest.reasons), manifest.reasons
    assert "web1" in column(tmp_path, "docker", "dock", "containers", "name")
    assert column(tmp_path, "docker", "dock", "scopes", "scope_id") != []


@pytest.mark.parametrize("kind", ["proxmox", "docker"])
def test_all_answers_of_a_host_together_are_too_large(
    kind: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    filling = {"limits": {**LIMITS, "answer_mib": 4, "snapshot_mib": 1}}
    large = {"name": "vm102", "description": "x" * (2 << 20)}
    if kind == "proxmox":
        with HostileServer(cluster(data(large)), certificates=certificates) as server:
            endpoint = proxmox(server.url, certificates, password=False, **filling)
            with pytest.raises(ServerError, match="hold more than 1 MiB"):
                snapshot_proxmox(endpoint, Warehouse(tmp_path))
    else:
        behaviour = routes({"/version": b'{"ApiVersion": "1.41"}'}, json.dumps(["x" * (2 << 20)]).encode())
        with HostileServer(behaviour) as server, pytest.raises(ServerError, match="hold more than 1 MiB"):
            snapshot_docker(docker(server.url, **filling), Warehouse(tmp_path))
    assert not list(tmp_path.rglob("*.parquet"))
