"""One failed call of Proxmox makes every resource that depends on it incomplete: a test per line of its evidence table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.evidence_lines import evidence, incomplete, reader_of, unread
from tests.lies import lying
from tests.support import NetBox, Pipeline

NIC = "virtio=BC:24:11:00:00:0{},bridge=vmbr0"
AGENT = [
    {
        "name": f"ens{n}",
        "hardware-address": f"bc:24:11:00:00:0{n}",
        "ip-addresses": [
            {"ip-address": f"10.0.{n}.{host}", "prefix": 24, "ip-address-type": "ipv4"} for host in (1, 2)
        ],
    }
    for n in (1, 2, 3, 4)
]


@pytest.fixture
def guest(cluster: ProxmoxState) -> ProxmoxState:
    """Guest 101 `web` on pve1 with four NICs, four disks and a snapshot; a storage with backups, a job, a vnet."""
    cluster.nodes["pve1"].network.extend(
        {"iface": name, "type": "eth", "active": 1} for name in ("eno1", "eno2", "eno3", "eno4")
    )
    cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"agent": "1"}
        | {f"net{n - 1}": NIC.format(n) for n in (1, 2, 3, 4)}
        | {f"scsi{n}": f"local-lvm:vm-101-disk-{n},size=8G" for n in range(4)},
        agent_interfaces=AGENT,
        snapshots=["before"],
    )
    cluster.add_storage("backup", content="backup", nodes=["pve1"])
    return cluster


def short(guest: Any, prefix: str, keep: int = 1) -> None:
    for n in range(keep, 4):
        del guest.config[f"{prefix}{n}"]


# scope -> how the call fails or its answer is short.
PVE_FAULTS: dict[str, Callable[[LabProxmox], None]] = {
    "rights": lambda lab: lab.fail_always(status=500, path_prefix="/access/permissions"),
    "node": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/status"),
    "node_interfaces": lambda lab: lab.state.nodes["pve1"].network.__delitem__(slice(1, None)),
    "guest": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/101/config"),
    "guest_interfaces": lambda lab: short(lab.state.guests[101], "net"),
    "disks": lambda lab: short(lab.state.guests[101], "scsi"),
    "guest_addresses": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/101/agent"),
    "short_guest_addresses": lambda lab: None,
    "guest_snapshots": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/101/snapshot"),
    "storages": lambda lab: lab.fail_always(status=500, path_prefix="/storage"),
    "storage": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/storage/backup/content"),
    "replication": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/replication"),
    "sdn": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/sdn"),
    "backup_jobs": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/backup"),
    "pools": lambda lab: lab.fail_always(status=500, path_prefix="/pools"),
    "options": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/options"),
    "tasks": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/tasks"),
}
PVE_LINES = [line for line in evidence("proxmox") if line[1] != "cluster"]


@pytest.mark.parametrize("line", PVE_LINES, ids=lambda line: f"{line[1]} {line[2]}")
def test_a_failed_call_of_proxmox(
    guest: ProxmoxState,
    proxmox: LabProxmox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: tuple[str, str, bool, list[str], list[str]],
) -> None:
    _, scope, wide, proves, _ = line
    monkeypatch.setenv("PROXMOX_TOKEN", proxmox.token_value)
    # Also the calls whose answers cannot have changed.
    reader = reader_of(
        tmp_path,
        "proxmox",
        proxmox,
        tls={"ca": proxmox.ca_path},
        user=proxmox.user,
        token_name=proxmox.token_name,
        token_env="PROXMOX_TOKEN",
        agent_timeout=1,
        full_read_hours=0,
    )
    reader.snapshot()
    PVE_FAULTS[scope](proxmox)
    reader.snapshot()
    found = unread(reader)
    for resource in proves:
        owners = found.get(resource, set())
        assert "*" in owners or (not wide and owners & {"web", "pve1", "vmid 101"}), (resource, found)


def hide(lie: Callable[[list[dict[str, Any]]], Any]) -> Callable[[str, Any], Any]:
    """A lie about the list at a path."""

    def told(path: str, content: Any) -> Any:
        return {**content, "data": lie(content["data"])}

    return told


PVE_LIES: dict[str, tuple[str, Callable[[list[dict[str, Any]]], Any]]] = {
    "a node is missing from the status": (
        "/cluster/status",
        lambda rows: [row for row in rows if row.get("name") != "pve2"],
    ),
    "a guest is missing from the cluster's list": (
        "/cluster/resources",
        lambda rows: [row for row in rows if row.get("vmid") != 102],
    ),
    "a node is missing from both lists": (
        "/cluster/",
        lambda rows: [row for row in rows if row.get("type") != "node" or "pve1" not in str(row)],
    ),
}


@pytest.mark.parametrize("lie", PVE_LIES)
def test_a_short_list_of_proxmox_proves_nothing(
    guest: ProxmoxState,
    netbox: NetBox,
    basics: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: str,
) -> None:
    """From the first sync on: nothing is known from before."""
    guest.add_qemu(102, node="pve1", name="db")
    path, change = PVE_LIES[lie]

    def told(asked: str, content: Any) -> Any:
        return hide(change)(asked, content) if path in asked and isinstance(content["data"], list) else None

    with lying(LabProxmox, guest, lie=told) as server:
        monkeypatch.setenv("PROXMOX_TOKEN", server.token_value)
        netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
        pipeline = Pipeline(
            tmp_path / "pve",
            netbox,
            {
                "name": "paris-pve",
                "kind": "proxmox",
                "url": server.url,
                "tls": {"ca": server.ca_path},
                "user": server.user,
                "token_name": server.token_name,
                "token_env": "PROXMOX_TOKEN",
                "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
            },
        )
        plan = pipeline.sync()
    assert "*" in incomplete(pipeline)["virtual_machines"]
    blocked = {r.action for r in plan.rows if r.resource in ("virtual_machines", "ip_addresses")}
    assert blocked <= {"blocked", "conflict"}


def test_a_cluster_without_guests_is_complete(cluster: ProxmoxState, pve: Pipeline) -> None:
    """The token holds VM.Audit, so an empty list says that there is none."""
    assert pve.snapshot().complete
