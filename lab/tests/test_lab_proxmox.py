"""The lab's Proxmox VE, through proxmoxer and by plain HTTPS: shapes and refusals."""

import pytest
import requests
from proxmoxer.core import ResourceException

from lab.tests.proxmox_cluster import api, refusal, server
from netbox_sync_lab.proxmox import (
    LabProxmox,
    ProxmoxState,
)

__all__ = ["server"]

GIB = 2**30


def test_the_envelope_is_data(server: LabProxmox) -> None:
    header = {"Authorization": f"PVEAPIToken={server.user}!{server.token_name}={server.token_value}"}
    answer = requests.get(f"{server.url}/api2/json/version", headers=header, verify=server.ca_path, timeout=5)
    assert answer.json() == {"data": {"version": "9.1.4", "release": "9.1", "repoid": "5ac30304265fbd8e"}}


def test_a_cluster_names_itself_and_its_nodes(server: LabProxmox) -> None:
    rows = api(server).cluster.status.get()
    assert rows[0] == {
        "type": "cluster",
        "id": "cluster",
        "name": "paris",
        "nodes": 2,
        "quorate": 1,
        "version": 2,
    }
    assert [(r["name"], r["ip"], r["online"], r["local"]) for r in rows[1:]] == [
        ("pve1", "10.0.0.11", 1, 1),
        ("pve2", "10.0.0.12", 1, 0),
    ]


def test_a_standalone_node_has_no_cluster_row() -> None:
    state = ProxmoxState()
    state.add_node("lone")
    with LabProxmox(state) as server:
        rows = api(server).cluster.status.get()
    assert [(r["type"], r["name"], r["nodeid"]) for r in rows] == [("node", "lone", 0)]
    with pytest.raises(ValueError, match="standalone"):
        state.add_node("second")


def test_two_servers_over_one_state_are_two_ways_into_one_cluster(server: LabProxmox) -> None:
    with LabProxmox(server.state, local_node="pve2") as other:
        local = [r["name"] for r in api(other).cluster.status.get() if r.get("local")]
        assert local == ["pve2"]


def test_resources_list_everything_at_once(server: LabProxmox) -> None:
    rows = api(server).cluster.resources.get()
    assert sorted(r["id"] for r in rows) == [
        "/pool/prod",
        "lxc/201",
        "node/pve1",
        "node/pve2",
        "qemu/101",
        "qemu/102",
        "qemu/103",
        "qemu/104",
        "storage/pve1/local",
        "storage/pve1/local-lvm",
        "storage/pve2/local",
        "storage/pve2/local-lvm",
    ]
    web = next(r for r in rows if r["id"] == "qemu/101")
    assert {k: web[k] for k in ("vmid", "name", "node", "status", "maxmem", "maxcpu", "tags", "pool")} == {
        "vmid": 101,
        "name": "web01",
        "node": "pve1",
        "status": "running",
        "maxmem": 2 * GIB,
        "maxcpu": 2,
        "tags": "web;prod",
        "pool": "prod",
    }
    assert web["maxdisk"] == 32 * GIB


def test_configs_mix_numbers_and_text(server: LabProxmox) -> None:
    config = api(server).nodes("pve1").qemu(101).config.get()
    assert (config["memory"], config["cores"], config["name"]) == ("2048", 2, "web01")
    assert config["net0"] == "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20"
    container = api(server).nodes("pve2").lxc(201).config.get()
    assert (container["memory"], container["hostname"]) == (512, "dns")


def test_a_paused_guest_is_paused_in_resources_and_running_in_status(server: LabProxmox) -> None:
    server.state.guests[101].status = "paused"
    listed = next(r for r in api(server).cluster.resources.get(type="vm") if r["vmid"] == 101)
    current = api(server).nodes("pve1").qemu(101).status.current.get()
    assert (listed["status"], current["status"], current["qmpstatus"]) == ("paused", "running", "paused")


def test_snapshots_end_with_current(server: LabProxmox) -> None:
    rows = api(server).nodes("pve1").qemu(101).snapshot.get()
    assert [(r["name"], r.get("parent"), r.get("snaptime")) for r in rows] == [
        ("before", None, 1793491200),
        ("after", "before", 1793500000),
        ("current", "after", None),
    ]


def test_the_agent_answers_or_says_why_not(server: LabProxmox) -> None:
    nodes = api(server).nodes
    found = nodes("pve1").qemu(101).agent("network-get-interfaces").get()["result"]
    assert [(i["name"], i["hardware-address"]) for i in found] == [
        ("lo", "00:00:00:00:00:00"),
        ("ens18", "bc:24:11:00:00:01"),
    ]
    assert found[1]["ip-addresses"][0] == {
        "ip-address": "10.20.0.5",
        "ip-address-type": "ipv4",
        "prefix": 24,
    }
    assert nodes("pve1").qemu(101).agent("get-host-name").get() == {"result": {"host-name": "web01"}}

    def interfaces(node: str, vmid: int) -> tuple[int, str]:
        return refusal(lambda: nodes(node).qemu(vmid).agent("network-get-interfaces").get())

    assert interfaces("pve1", 102) == (500, "VM 102 is not running")
    assert interfaces("pve2", 103) == (500, "QEMU guest agent is not running")
    assert interfaces("pve2", 104) == (500, "No QEMU guest agent configured")


def test_a_hanging_agent_costs_only_its_own_call(server: LabProxmox) -> None:
    server.state.guests[103].agent = "hang"
    with pytest.raises(requests.exceptions.ReadTimeout):
        api(server, timeout=0.3).nodes("pve2").qemu(103).agent("network-get-interfaces").get()
    assert api(server).nodes("pve2").qemu(103).config.get()["name"] == "quiet"


def test_containers_report_their_interfaces(server: LabProxmox) -> None:
    rows = api(server).nodes("pve2").lxc(201).interfaces.get()
    assert [(r["name"], r["hwaddr"], r["inet"], r["inet6"]) for r in rows] == [
        ("lo", "00:00:00:00:00:00", "127.0.0.1/8", "::1/128"),
        ("eth0", "bc:24:11:00:00:05", "10.20.0.9/24", "2001:db8::9/64"),
    ]
    assert rows[1]["ip-addresses"][0] == {
        "ip-address": "10.20.0.9",
        "ip-address-type": "inet",
        "prefix": "24",
    }
    server.state.guests[201].status = "stopped"
    assert api(server).nodes("pve2").lxc(201).interfaces.get() is None


def test_a_node_shows_its_network_and_processor(server: LabProxmox) -> None:
    rows = {r["iface"]: r for r in api(server).nodes("pve1").network.get()}
    assert list(rows) == ["eno1", "eno2", "bond0", "vmbr0", "vmbr0.20"]
    assert rows["bond0"]["slaves"] == "eno1 eno2"
    assert (rows["vmbr0"]["cidr"], rows["vmbr0"]["bridge_ports"]) == ("10.0.0.11/24", "bond0")
    assert (rows["vmbr0.20"]["vlan-id"], rows["vmbr0.20"]["vlan-raw-device"]) == ("20", "vmbr0")
    status = api(server).nodes("pve1").status.get()
    assert status["cpuinfo"]["model"] == "AMD EPYC 7313P 16-Core Processor"
    assert status["pveversion"] == "pve-manager/9.1.4/5ac30304265fbd8e"


def test_an_offline_node_is_595_and_its_guests_are_unknown(server: LabProxmox) -> None:
    server.state.set_node_online("pve2", False)
    assert refusal(api(server).nodes("pve2").qemu(103).config.get) == (595, "No route to host")
    assert refusal(api(server).nodes("pve2").network.get) == (595, "No route to host")
    guests = {r["vmid"]: r for r in api(server).cluster.resources.get(type="vm")}
    assert guests[103] == {
        "id": "qemu/103",
        "type": "qemu",
        "vmid": 103,
        "node": "pve2",
        "status": "unknown",
    }
    assert guests[101]["status"] == "running"
    assert [n["status"] for n in api(server).nodes.get()] == ["online", "offline"]


def test_guests_move_and_go(server: LabProxmox) -> None:
    server.state.migrate(101, "pve2")
    assert refusal(api(server).nodes("pve1").qemu(101).config.get) == (
        500,
        "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist",
    )
    assert api(server).nodes("pve2").qemu(101).config.get()["name"] == "web01"
    server.state.remove(101)
    assert [r["vmid"] for r in api(server).cluster.resources.get(type="vm")] == [102, 103, 104, 201]


def test_unknown_nodes_and_methods(server: LabProxmox) -> None:
    assert refusal(api(server).nodes("pve9").network.get) == (
        500,
        "hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known",
    )
    assert refusal(api(server).nothing.get) == (501, "Method 'GET /nothing' not implemented")


def test_backups_of_both_kinds_of_storage(server: LabProxmox) -> None:
    state = server.state
    state.add_storage("pbs", "pbs", content="backup", shared=True, server="10.0.0.40", datastore="main")
    state.add_backup("local", 101, ctime=1793584800, size=5 * GIB, notes="web01", protected=1)
    state.add_backup("pbs", 201, ctime=1793584800)
    state.add_volume("local", "local:iso/debian-13.iso", "iso", 700 * 2**20)
    nodes = api(server).nodes
    assert nodes("pve1").storage("local").content.get(content="backup") == [
        {
            "volid": "local:backup/vzdump-qemu-101-2026_11_02-02_00_00.vma.zst",
            "content": "backup",
            "ctime": 1793584800,
            "format": "vma.zst",
            "size": 5 * GIB,
            "subtype": "qemu",
            "vmid": 101,
            "notes": "web01",
            "protected": 1,
        }
    ]
    # A local storage is another one on every node; a shared one is the same everywhere.
    assert nodes("pve2").storage("local").content.get(content="backup") == []
    for node in ("pve1", "pve2"):
        volids = [r["volid"] for r in nodes(node).storage("pbs").content.get()]
        assert volids == ["pbs:backup/ct/201/2026-11-02T02:00:00Z"]
    assert [s["storage"] for s in nodes("pve1").storage.get()] == ["local", "local-lvm", "pbs"]
    assert api(server).storage.get()[2]["datastore"] == "main"


def test_a_storage_may_be_missing_disabled_or_elsewhere(server: LabProxmox) -> None:
    server.state.add_storage("ceph", "rbd", nodes=["pve2"])
    content = api(server).nodes("pve1").storage
    assert refusal(content("gone").content.get) == (500, "storage 'gone' does not exist")
    assert refusal(content("ceph").content.get) == (500, "storage 'ceph' is not available on node 'pve1'")
    server.state.storages["local"].active = False
    assert refusal(content("local").content.get) == (500, "storage 'local' is not online")


def test_tasks_are_paged_newest_first(server: LabProxmox) -> None:
    for number in range(60):
        server.state.add_task("pve1", "vzdump", "101", starttime=1793491200 + number * 60)
    server.state.add_task("pve1", "qmstart", "102", starttime=1793600000, status="start failed")
    first = api(server).nodes("pve1").tasks.get()
    assert len(first) == 50
    assert (first[0]["type"], first[0]["status"]) == ("qmstart", "start failed")
    assert len(api(server).nodes("pve1").tasks.get(start=50)) == 11
    assert len(api(server).nodes("pve1").tasks.get(since=1793494000)) == 14
    assert [t["id"] for t in api(server).nodes("pve1").tasks.get(errors=1)] == ["102"]
    assert first[1]["upid"].startswith("UPID:pve1:")


def test_jobs_replication_and_sdn(server: LabProxmox) -> None:
    state = server.state
    state.add_backup_job("nightly", storage="local")
    state.add_replication(101, "pve2")
    state.add_zone("dc", bridge="vmbr0")
    state.add_vnet("vprod", "dc", 20)
    state.options["tag-style"] = {"color-map": "web:ff0000"}
    pve = api(server)
    assert [(j["id"], j["all"]) for j in pve.cluster.backup.get()] == [("nightly", 1)]
    assert [(r["id"], r["source"], r["target"]) for r in pve.cluster.replication.get()] == [
        ("101-0", "pve1", "pve2")
    ]
    assert pve.cluster.sdn.zones.get()[0]["zone"] == "dc"
    assert pve.cluster.sdn.vnets.get() == [{"vnet": "vprod", "zone": "dc", "type": "vnet", "tag": 20}]
    assert pve.cluster.options.get()["tag-style"] == {"color-map": "web:ff0000"}
    assert pve.pools.get() == [{"poolid": "prod", "comment": "production"}]


def test_faults_and_the_log(server: LabProxmox) -> None:
    server.fail_next(1, status=503, path_prefix="/nodes/*/qemu/101/config")
    pve = api(server)
    with pytest.raises(ResourceException, match="503"):
        pve.nodes("pve1").qemu(101).config.get()
    assert pve.nodes("pve1").qemu(101).config.get()["cores"] == 2
    assert server.requests == [
        ("GET", "/api2/json/nodes/pve1/qemu/101/config", 503),
        ("GET", "/api2/json/nodes/pve1/qemu/101/config", 200),
    ]
