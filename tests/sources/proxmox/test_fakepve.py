"""The same reader against fakepve, another project's Proxmox VE server."""

import pytest

pytest.importorskip("fakepve", reason="fakepve is in the group dev")

from netbox_sync_dagster.sources.proxmox.check import check_proxmox
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from tests.sources.proxmox.conftest import TOKEN, Endpoint

MAC = "BC:24:11:AA:BB:CC"
READER = ("Sys.Audit", "VM.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "SDN.Audit")


@pytest.fixture
def endpoint(fakepve, fakepve_cafile, tmp_path, monkeypatch):
    fakepve.apitokens["sync@pve!netbox"] = "5f7b1c1e-2a6d-4c8e-9b3f-0a1b2c3d4e5f"
    monkeypatch.setenv(TOKEN, "5f7b1c1e-2a6d-4c8e-9b3f-0a1b2c3d4e5f")
    monkeypatch.setenv("PVE_TEST_PASSWORD", "secret")
    config = ProxmoxEndpoint(
        kind="proxmox",
        name="fake",
        url=fakepve.url,
        user="sync@pve",
        token_name="netbox",
        token_env=TOKEN,
        tls={"ca": fakepve_cafile},
        agent_timeout=1,
    )
    web = fakepve.add_vm(
        100,
        "web01",
        node="pve1",
        status="running",
        config={
            "agent": "enabled=1",
            "net0": f"virtio={MAC},bridge=vmbr0,tag=5",
            "scsi0": "local-lvm:vm-100-disk-0,size=32G",
            "tags": "b;a",
        },
    )
    web.agent = {
        "interfaces": [
            {
                "name": "ens18",
                "hardware-address": MAC.lower(),
                "ip-addresses": [{"ip-address": "10.0.0.5", "ip-address-type": "ipv4", "prefix": 24}],
            }
        ]
    }
    fakepve.add_vm(101, "db01", node="pve2", status="running", config={})
    fakepve.add_ct(
        102,
        "dns01",
        node="pve2",
        status="stopped",
        config={
            "net0": f"name=eth0,hwaddr={MAC},ip=10.0.0.7/24",
            "rootfs": "local-lvm:vm-102-disk-0,size=8G",
        },
    )
    fakepve.grant("sync@pve", "/", *READER)
    return Endpoint(config, tmp_path / "data")


def test_guests_interfaces_disks_and_addresses(endpoint):
    snapshot = endpoint.snapshot()

    assert snapshot.sql("SELECT vmid, type, node, name_given, status, tags FROM guests ORDER BY vmid") == [
        (100, "qemu", "pve1", "web01", "running", ["b", "a"]),
        (101, "qemu", "pve2", "db01", "running", []),
        (102, "lxc", "pve2", "dns01", "stopped", []),
    ]
    assert snapshot.sql("SELECT vmid, key, name, mac, tag FROM guest_interfaces ORDER BY vmid") == [
        (100, "net0", None, MAC, 5),
        (102, "net0", "eth0", MAC, None),
    ]
    assert snapshot.sql("SELECT vmid, key, size_mib FROM disks ORDER BY vmid") == [
        (100, "scsi0", 32768),
        (102, "rootfs", 8192),
    ]
    assert snapshot.sql("SELECT vmid, address, source FROM guest_addresses ORDER BY vmid") == [
        (100, "10.0.0.5", "agent"),
        (102, "10.0.0.7", "static"),
    ]
    assert snapshot.sql("SELECT name, standalone FROM cluster") == [("fakecluster", False)]
    assert snapshot.manifest.complete


def test_an_offline_node(endpoint, fakepve):
    fakepve.set_node_offline("pve2")

    snapshot = endpoint.snapshot()

    assert snapshot.sql("SELECT node, online FROM nodes ORDER BY node") == [("pve1", True), ("pve2", False)]
    assert snapshot.sql("SELECT vmid, status FROM guests ORDER BY vmid") == [
        (100, "running"),
        (101, None),
        (102, None),
    ]
    assert {("guest", "101"), ("guest", "102"), ("node", "pve2")} <= snapshot.scopes()


def test_a_hanging_agent(endpoint, fakepve):
    fakepve.vm(100).agent_hangs = True

    snapshot = endpoint.snapshot()

    assert ("guest_addresses", "100") in snapshot.scopes()
    assert snapshot.sql("SELECT vmid FROM guest_addresses") == [(102,)]


def test_lost_quorum(endpoint, fakepve):
    fakepve.lose_quorum()

    assert "has no quorum" in endpoint.snapshot().reason("cluster")


def test_user_and_password(endpoint):
    by_password = endpoint.changed(
        user="root@pam", token_name=None, token_env=None, password_env="PVE_TEST_PASSWORD"
    )

    assert by_password.snapshot().sql("SELECT count(*) FROM guests") == [(3,)]


def test_rights(endpoint, fakepve):
    assert all(check.ok for check in check_proxmox(endpoint.config))
    fakepve.acl = None
    fakepve.grant("sync@pve", "/vms/100", "VM.Audit")
    fakepve.grant("sync@pve", "/", "Sys.Audit", "Datastore.Audit", "SDN.Audit")

    failed = [check.name for check in check_proxmox(endpoint.config) if not check.ok]

    assert failed == ["rights: VM.Audit", "rights: VM.GuestAgent.Audit"]
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT vmid FROM guests") == [(100,)]
    assert ("rights", "*") in snapshot.scopes()
