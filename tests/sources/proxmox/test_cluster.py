"""The cluster: nodes and their networks, storages, backups, snapshots, jobs, SDN, tasks, tag colours."""

import time
from datetime import datetime

import pytest

from netbox_sync_lab.proxmox import ProxmoxState
from netbox_sync_lab.proxmox.state import EPOCH

EPOCH_TIME = datetime(2026, 11, 1)


def columns(snapshot, table, names):
    return snapshot.sql(f"SELECT {names} FROM {table} ORDER BY ALL")


def test_a_cluster_and_a_standalone_node(state, serve):
    state.add_qemu(1, node="pve1")
    alone = ProxmoxState(None, version="8.4.1")
    alone.add_node("solo")
    alone.add_qemu(1, node="solo")

    query = "SELECT name, standalone, quorate, version FROM cluster"
    assert serve(state).snapshot().sql(query) == [("rack", False, True, "9.1.4")]
    snapshot = serve(alone, name="solo").snapshot()
    assert snapshot.sql(query) == [("solo", True, None, "8.4.1")]
    assert snapshot.manifest.source_version == "8.4.1"


def test_nodes(state, read):
    state.add_qemu(1, node="pve1")
    state.set_node_online("pve2", False)

    rows = columns(
        read(state), "nodes", "node, online, ip, maxcpu, maxmem, cpu_model, cpu_sockets, pveversion"
    )

    cpu = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
    assert rows == [
        ("pve1", True, "10.99.0.11", 64, 256 * 2**30, cpu, 2, "pve-manager/9.1.4/5ac30304265fbd8e"),
        ("pve2", False, "10.99.0.12", None, None, None, None, None),
    ]


def test_node_networks(read):
    state = ProxmoxState()
    state.add_node(
        "solo",
        network=[
            {"iface": "lo", "type": "loopback", "cidr": "127.0.0.1/8"},
            {"iface": "eno1", "type": "eth", "active": "1", "exists": 1, "method": "manual"},
            {"iface": "bond0", "type": "bond", "slaves": "eno1 eno2", "bond_mode": "802.3ad", "mtu": "9000"},
            {
                "iface": "vmbr0",
                "type": "bridge",
                "bridge_ports": "bond0",
                "address": "10.0.0.11",
                "netmask": "255.255.255.0",
                "cidr6": "fd66::10/64",
                "gateway": "10.0.0.1",
                "bridge_vlan_aware": 1,
                "autostart": 1,
                "method": "static",
                "comments": "uplink\n",
            },
            {"iface": "vmbr0.20", "type": "vlan", "vlan-id": "20", "vlan-raw-device": "vmbr0"},
            {"iface": "eno1.30", "type": "vlan"},
            {"iface": "vlan40", "type": "vlan", "vlan-raw-device": "bond0"},
            {"iface": "vmbr1", "type": "OVSBridge", "ovs_ports": "eno3 mgmt"},
            {"iface": "mgmt", "type": "OVSIntPort", "ovs_bridge": "vmbr1", "ovs_tag": "50"},
            {"iface": "vmbr9", "type": "bridge", "bridge_ports": "none"},
            {"iface": "wg0", "type": "unknown"},
            {"type": "eth"},
        ],
    )
    state.add_qemu(1, node="solo")

    snapshot = read(state)

    rows = columns(
        snapshot, "node_interfaces", "iface, type, ports, vlan_raw_device, vlan_id, mtu, bond_mode"
    )
    assert rows == [
        ("bond0", "bond", ["eno1", "eno2"], None, None, 9000, "802.3ad"),
        ("eno1", "eth", [], None, None, None, None),
        ("eno1.30", "vlan", [], "eno1", 30, None, None),
        ("mgmt", "OVSIntPort", [], "vmbr1", 50, None, None),
        ("vlan40", "vlan", [], "bond0", 40, None, None),
        ("vmbr0", "bridge", ["bond0"], None, None, None, None),
        ("vmbr0.20", "vlan", [], "vmbr0", 20, None, None),
        ("vmbr1", "OVSBridge", ["eno3", "mgmt"], None, None, None, None),
        ("vmbr9", "bridge", [], None, None, None, None),
        ("wg0", "unknown", [], None, None, None, None),
    ]
    assert snapshot.sql(
        """SELECT cidr, cidr6, gateway, autostart, bridge_vlan_aware, comments, method
           FROM node_interfaces WHERE iface = 'vmbr0'"""
    ) == [("10.0.0.11/24", "fd66::10/64", "10.0.0.1", True, True, "uplink", "static")]
    assert snapshot.sql("SELECT active FROM node_interfaces WHERE iface = 'eno1'") == [(True,)]
    assert snapshot.sql("SELECT source_table, reason FROM rejected") == [
        ("node_interfaces", "the field 'iface' is missing")
    ]
    assert ("node", "solo") in snapshot.scopes()


def test_a_shared_storage_is_asked_for_backups_once(state, serve):
    state.add_qemu(100, node="pve1")
    state.add_lxc(101, node="pve2")
    state.add_storage("nfs", "nfs", content="backup,iso", shared=True, path="/mnt/pve/nfs")
    state.add_storage("pbs", "pbs", content="backup", shared=True)
    state.add_backup("nfs", 100, notes="weekly", protected=1)
    state.add_backup("pbs", 101, verification={"state": "ok", "upid": "UPID:x"})
    bare = state.add_backup("local", 101, node="pve2")
    del bare["vmid"], bare["subtype"]
    endpoint = serve(state)

    snapshot = endpoint.snapshot()

    asked = sorted(r.path.split("/nodes/")[1] for r in endpoint.lab.requests if r.path.endswith("/content"))
    assert asked == [
        "pve1/storage/local/content",
        "pve1/storage/nfs/content",
        "pve1/storage/pbs/content",
        "pve2/storage/local/content",
    ]
    rows = columns(snapshot, "backups", "storage, node, vmid, subtype, ctime, notes, protected, verification")
    assert rows == [
        ("local", "pve2", 101, "lxc", EPOCH_TIME, None, False, None),
        ("nfs", None, 100, "qemu", EPOCH_TIME, "weekly", True, None),
        ("pbs", None, 101, "lxc", EPOCH_TIME, None, False, "ok"),
    ]
    assert columns(snapshot, "storages", "storage, node, shared, path")[-4:] == [
        ("nfs", "pve1", True, "/mnt/pve/nfs"),
        ("nfs", "pve2", True, "/mnt/pve/nfs"),
        ("pbs", "pve1", True, None),
        ("pbs", "pve2", True, None),
    ]
    assert snapshot.scopes() == set()


def test_a_storage_that_cannot_be_read_is_a_gap(state, serve):
    state.add_qemu(100, node="pve1")
    state.add_storage("dead", "nfs", content="backup", shared=True).active = False
    state.add_storage("off", "nfs", content="backup", shared=True).enabled = False
    state.add_backup("local", 100, node="pve1")
    endpoint = serve(state)
    endpoint.lab.fail_always(status=500, path_prefix="/nodes/pve2/storage/local/content")

    snapshot = endpoint.snapshot()

    assert snapshot.scopes() == {("storage", "dead"), ("storage", "off"), ("storage", "local")}
    assert "not available on node pve1" in snapshot.reason("storage", "dead")
    assert snapshot.sql("SELECT count(*) FROM backups") == [(1,)]


def test_local_backups_of_an_offline_node_are_a_gap_but_shared_ones_are_not(state, read):
    state.add_qemu(100, node="pve1")
    state.add_storage("nfs", "nfs", content="backup", shared=True)
    state.add_backup("nfs", 100)
    state.set_node_online("pve2", False)

    scopes = read(state).scopes()

    assert ("storage", "local") in scopes
    assert ("storage", "nfs") not in scopes


def test_backups_hidden_from_the_token_are_unknown_not_gone(state, serve):
    state.add_qemu(100, node="pve1")
    state.add_backup("local", 100)
    endpoint = serve(state)
    endpoint.lab.add_token(
        endpoint.lab.user,
        endpoint.lab.token_name,
        endpoint.lab.token_value,
        privileges=["Sys.Audit", "VM.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "SDN.Audit"],
    )

    snapshot = endpoint.snapshot()

    assert snapshot.sql("SELECT * FROM backups") == []
    assert snapshot.scopes() == {("storage", "local")}
    assert "VM.Backup" in snapshot.reason("storage", "local")
    assert snapshot.manifest.complete


def test_guest_and_type_of_a_backup_come_from_its_name_where_proxmox_does_not_say(state, read):
    state.add_storage("nfs", "nfs", content="backup,iso", shared=True)
    state.add_volume("nfs", "nfs:iso/debian.iso", "iso", 1)
    for name in (
        "nfs:backup/vzdump-lxc-101-2024_01_15-03_00_00.tar.zst",
        "nfs:backup/vzdump-qemu-100-2024_01_15-03_00_00.vma.zst",
        "nfs:backup/vzdump-openvz-99-2012_01_15-03_00_00.tar",
        "nfs:backup/ct/103/2024-01-15T03:00:00Z",
        "nfs:backup/vm/102/2024-01-15T03:00:00Z",
        "nfs:backup/host/pve1/2024-01-15T03:00:00Z",
        "nfs:backup/by-hand.tar",
    ):
        state.add_volume("nfs", name, "backup", 1)

    found = columns(read(state), "backups", "vmid, subtype, split_part(volid, '/', -1)")

    assert sorted(found, key=str) == [
        (100, "qemu", "vzdump-qemu-100-2024_01_15-03_00_00.vma.zst"),
        (101, "lxc", "vzdump-lxc-101-2024_01_15-03_00_00.tar.zst"),
        (102, "qemu", "2024-01-15T03:00:00Z"),
        (103, "lxc", "2024-01-15T03:00:00Z"),
        (99, "lxc", "vzdump-openvz-99-2012_01_15-03_00_00.tar"),
        (None, None, "2024-01-15T03:00:00Z"),
        (None, None, "by-hand.tar"),
    ]


def test_snapshots_keep_their_parents_and_current_is_none(state, read):
    state.add_qemu(
        100,
        node="pve1",
        snapshots=[
            {"name": "before", "snaptime": EPOCH, "description": "Before upgrade\n", "vmstate": 1},
            {"name": "after", "parent": "before", "snaptime": str(EPOCH + 60), "description": ""},
        ],
    )

    rows = columns(read(state), "snapshots", "vmid, name, parent, description, snaptime, vmstate")

    assert rows == [
        (100, "after", "before", "", datetime(2026, 11, 1, 0, 1), False),
        (100, "before", None, "Before upgrade", EPOCH_TIME, True),
    ]


def test_unreadable_snapshots_are_a_gap_of_that_guest_alone(state, serve):
    state.add_qemu(100, node="pve1", snapshots=["a"])
    state.add_qemu(101, node="pve1", snapshots=["b"])
    endpoint = serve(state)
    endpoint.lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/100/snapshot")

    snapshot = endpoint.snapshot()

    assert snapshot.scopes() == {("guest_snapshots", "100")}
    assert snapshot.sql("SELECT vmid, name FROM snapshots") == [(101, "b")]
    assert snapshot.sql("SELECT count(*) FROM guests WHERE config_read") == [(2,)]


def test_jobs_sdn_and_tag_colours(state, read):
    state.add_qemu(100, node="pve1")
    state.add_replication(100, "pve2", comment="nightly", rate="10.5")
    state.add_backup_job("all", storage="local")
    state.add_backup_job("some", storage="local", vmid="100,101", enabled="0", schedule="sat 02:00")
    state.add_zone("campus", nodes="pve2,pve1", mtu="1450")
    state.add_vnet("blue", "campus", tag=10, alias="Blue net", vlanaware=1)
    state.options["tag-style"] = {"color-map": "prod:FF0000;test:00ff00:ffffff", "shape": "full"}

    snapshot = read(state)

    assert columns(
        snapshot, "replications", "id, guest, source, target, schedule, comment, disable, rate"
    ) == [("100-0", 100, "pve1", "pve2", "*/15", "nightly", False, 10.5)]
    assert columns(snapshot, "backup_jobs", "id, schedule, enabled, vmids, all_guests") == [
        ("all", "02:30", True, [], True),
        ("some", "sat 02:00", False, ["100", "101"], False),
    ]
    assert columns(snapshot, "sdn_zones", "zone, type, nodes, mtu") == [
        ("campus", "vlan", ["pve1", "pve2"], 1450)
    ]
    assert columns(snapshot, "sdn_vnets", "vnet, zone, tag, alias, vlanaware") == [
        ("blue", "campus", 10, "Blue net", True)
    ]
    assert columns(snapshot, "tag_styles", "tag, color") == [("prod", "ff0000"), ("test", "00ff00")]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/cluster/sdn/vnets", "sdn"),
        ("/cluster/replication", "replication"),
        ("/cluster/backup", "backup_jobs"),
        ("/cluster/options", "options"),
        ("/pools", "pools"),
        ("/storage", "storages"),
        ("/access/permissions", "rights"),
    ],
)
def test_a_part_that_fails_is_a_gap_of_that_part(state, serve, path, scope):
    state.add_qemu(100, node="pve1")
    endpoint = serve(state)
    endpoint.lab.fail_always(status=500, path_prefix=f"/api2/json{path}")

    snapshot = endpoint.snapshot()

    assert snapshot.scopes() == {(scope, "*")}
    assert not snapshot.manifest.complete
    assert snapshot.sql("SELECT vmid FROM guests") == [(100,)]


def test_a_release_without_sdn_has_none(state, serve):
    state.add_qemu(100, node="pve1")
    endpoint = serve(state)
    endpoint.lab.fail_always(status=501, path_prefix="/cluster/sdn")

    assert endpoint.snapshot().manifest.complete


def test_tasks_since_the_last_snapshot(state, serve):
    state.add_qemu(100, node="pve1")
    state.add_task("pve1", "vzdump", "100", starttime=EPOCH, seconds=60, status="OK")
    state.add_task("pve2", "qmstart", "100", starttime=EPOCH, seconds=None)
    endpoint = serve(state)

    first = endpoint.snapshot()
    endpoint.lab.reset_requests()
    second = endpoint.snapshot()

    assert columns(first, "tasks", "node, type, id, user, status, starttime, endtime") == [
        ("pve1", "vzdump", "100", "root@pam", "OK", EPOCH_TIME, datetime(2026, 11, 1, 0, 1)),
        ("pve2", "qmstart", "100", "root@pam", None, EPOCH_TIME, None),
    ]
    # A day of overlap before the newest known task.
    assert f"/api2/json/nodes/pve1/tasks?limit=500&source=all&since={EPOCH - 86400}" in endpoint.lab.targets
    assert second.manifest.complete


def test_tasks_stay_although_only_newer_ones_are_asked_for(state, serve):
    """A record of a task waits for its approval: it must not disappear with the next snapshot."""
    state.add_qemu(100, node="pve1")
    day = 86_400
    state.add_task("pve1", "qmstart", "100", starttime=EPOCH - 9 * day, seconds=60)
    state.add_task("pve1", "vzdump", "100", starttime=EPOCH - 5 * day, seconds=None)
    state.add_task("pve1", "qmstop", "100", starttime=EPOCH, seconds=60)
    endpoint = serve(state)
    endpoint.snapshot()
    # The long one ends, and another one begins.
    state.tasks[1] |= {"endtime": EPOCH + day, "status": "OK"}
    state.add_task("pve1", "qmreboot", "100", starttime=EPOCH + 3 * day, seconds=60)

    def known():
        return columns(endpoint.snapshot(), "tasks", "type, endtime IS NOT NULL")

    every = [("qmreboot", True), ("qmstart", True), ("qmstop", True), ("vzdump", True)]
    assert sorted(known()) == sorted(known()) == every
    assert f"/api2/json/nodes/pve1/tasks?limit=500&source=all&since={EPOCH - 5 * day}" in endpoint.lab.targets
    # A node whose tasks cannot be read keeps those that are known.
    endpoint.lab.fail_always(status=500, path_prefix="/nodes/pve1/tasks")
    assert sorted(known()) == every
    endpoint.lab.clear_faults()
    # The newest 500 of a node.
    for number in range(499):
        state.add_task("pve1", "vncproxy", "100", starttime=EPOCH + 9 * day + number)
    assert [kind for kind, _ in sorted(known()) if kind != "vncproxy"] == ["qmreboot"]


def test_a_task_of_a_node_whose_clock_was_ahead(state, serve):
    """Those that begin once it is right are earlier, and seen all the same."""
    endpoint = serve(state)
    now = int(time.time())
    state.add_task("pve1", "startall", "", starttime=now + 900 * 86400, seconds=60)
    endpoint.snapshot()
    state.add_task("pve1", "vzdump", "100", starttime=now, seconds=60)
    assert columns(endpoint.snapshot(), "tasks", "type") == [("startall",), ("vzdump",)]


def test_more_tasks_than_are_read(state, read):
    state.add_qemu(100, node="pve1")
    for number in range(501):
        state.add_task("pve1", "vzdump", "100", starttime=EPOCH + number)

    snapshot = read(state)

    assert snapshot.sql("SELECT count(*) FROM tasks") == [(500,)]
    assert snapshot.scopes() == {("tasks", "pve1")}
