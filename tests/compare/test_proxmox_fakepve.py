"""A cluster of 16 nodes in another project's server, with one fault after the other: nothing looks removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fakepve", reason="fakepve is in the group dev")

from netbox_sync_dagster.storage import connections
from tests.compare.conftest import Basics
from tests.parquet import looking
from tests.support import NetBox, Pipeline

NODES, PER_NODE = 16, 3
SECRET = "5f7b1c1e-2a6d-4c8e-9b3f-0a1b2c3d4e5f"
READER = (
    "Sys.Audit",
    "VM.Audit",
    "Datastore.Audit",
    "Datastore.Allocate",
    "VM.GuestAgent.Audit",
    "SDN.Audit",
)
DELETABLE = [
    "virtual_machines",
    "vm_interfaces",
    "virtual_disks",
    "mac_addresses",
    "ip_addresses",
]


def mac(vmid: int) -> str:
    return f"BC:24:11:00:{vmid // 256:02X}:{vmid % 256:02X}"


@pytest.fixture
def pipeline(
    fakepve: Any,
    fakepve_cafile: str,
    netbox: NetBox,
    basics: Basics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Pipeline:
    """16 nodes with three running guests each, whose agents answer, all of them in NetBox."""
    fakepve.apitokens["sync@pve!netbox"] = SECRET
    monkeypatch.setenv("PROXMOX_TOKEN", SECRET)
    for number in range(NODES * PER_NODE):
        vmid = 100 + number
        guest = fakepve.add_vm(
            vmid,
            f"guest{vmid}",
            node=f"pve{number % NODES + 1:02}",
            status="running",
            config={
                "agent": "enabled=1",
                "net0": f"virtio={mac(vmid)},bridge=vmbr0",
                "scsi0": f"local-lvm:vm-{vmid}-disk-0,size=8G",
            },
        )
        address = {"ip-address": f"10.1.0.{number + 1}", "ip-address-type": "ipv4", "prefix": 16}
        guest.agent = {
            "interfaces": [{"name": "ens18", "hardware-address": mac(vmid), "ip-addresses": [address]}]
        }
    fakepve.grant("sync@pve", "/", *READER)
    netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
    endpoint = {
        "name": "fake",
        "kind": "proxmox",
        "url": fakepve.url,
        "tls": {"ca": str(fakepve_cafile)},
        "user": "sync@pve",
        "token_name": "netbox",
        "token_env": "PROXMOX_TOKEN",
        "agent_timeout": 1,
        "policies": {"delete": DELETABLE, "delete_unowned": DELETABLE, "stale_addresses": "delete"},
        "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
    }
    return Pipeline(tmp_path / "data", netbox, endpoint)


def scopes(pipeline: Pipeline) -> set[tuple[str, str]]:
    warehouse = pipeline.warehouse
    file = warehouse.current(warehouse.snapshots("proxmox", "fake")) / "scopes.parquet"
    with looking() as con:
        found = con.execute(
            "SELECT scope, scope_id FROM read_parquet(?) WHERE NOT complete", [connections.pattern(file)]
        ).fetchall()
    return set(found)


def test_nothing_looks_gone_whatever_is_wrong(pipeline: Pipeline, fakepve: Any) -> None:
    assert pipeline.apply_all().changes == []
    assert len(pipeline.netbox.all("virtualization/virtual-machines")) == NODES * PER_NODE

    def faults_of_guests() -> None:
        fakepve.vm(100).agent_hangs = True
        fakepve.fail("GET", "/nodes/pve03/qemu/102/config", 595, "No route to host")
        fakepve.fail("GET", "/nodes/pve05/qemu/104/config", 500, "can't lock file - got timeout")
        fakepve.fail(
            "GET", "/nodes/pve06/qemu/105/config", 403, "Permission check failed (/vms/105, VM.Audit)"
        )

    def offline() -> None:
        fakepve.set_node_offline("pve02")

    def half_the_rights() -> None:
        fakepve.acl = None
        fakepve.grant("sync@pve", "/", "Sys.Audit", "Datastore.Audit")
        for vmid in range(100, 124):
            fakepve.grant("sync@pve", f"/vms/{vmid}", "VM.Audit")

    unread = {("guest_addresses", "100"), ("guest", "102"), ("guest", "104"), ("guest", "105")}
    faults: list[tuple[Callable[[], None], set[tuple[str, str]]]] = [
        (faults_of_guests, unread),
        (offline, {("node", "pve02"), ("guest", "101")}),
        (half_the_rights, {("rights", "*")}),
    ]
    for fault, expected in faults:
        fault()
        plan = pipeline.sync()
        assert expected <= scopes(pipeline), fault.__name__
        assert [(r.resource, r.key) for r in plan.rows if r.action == "delete"] == [], fault.__name__
        # A node that is down is offline; about guests nothing is known that could be written.
        assert {(r.resource, r.key) for r in plan.changes} <= {("devices", "pve02")}, fault.__name__
