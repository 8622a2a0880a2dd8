"""Guests: names, states, sizes, tags, configuration lines; what a bad or vanished guest does to the others."""

import pytest

from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from netbox_sync_lab.proxmox.access import reader_privileges


def test_a_guest_without_a_name_has_an_empty_one(state, read):
    state.add_qemu(103, node="pve1")
    state.add_qemu(104, node="pve1", name="web01")
    state.add_lxc(105, node="pve1", name="dns01")

    rows = read(state).sql("SELECT vmid, name_given FROM guests ORDER BY vmid")

    assert rows == [(103, ""), (104, "web01"), (105, "dns01")]


def test_proxmox_placeholder_names_are_no_names(state, serve):
    # PVE 8 lists nameless guests as "VM 100" and "CT111"; their configuration has no name.
    state.add_qemu(100, node="pve1", config={"name": ""}).name = "VM 100"
    state.add_lxc(111, node="pve1", config={"hostname": ""}).name = "CT111"

    rows = serve(state).snapshot().sql("SELECT vmid, name_given FROM guests ORDER BY vmid")

    assert rows == [(100, ""), (111, "")]


def test_states(state, read):
    for vmid, status in enumerate(["running", "stopped", "paused", "suspended", "prelaunch"], 1):
        state.add_qemu(vmid, node="pve1", status=status)

    rows = read(state).sql("SELECT status FROM guests ORDER BY vmid")

    assert rows == [("running",), ("stopped",), ("paused",), ("suspended",), ("prelaunch",)]


@pytest.mark.parametrize(
    ("given", "tags"),
    [(";;a;a; b ", ["a", "b"]), ("Prod,WEB prod", ["prod", "web"]), ("z;m;a", ["z", "m", "a"]), ("", [])],
)
def test_tags_are_clean(state, read, given, tags):
    state.add_qemu(1, node="pve1", tags=given)

    assert read(state).sql("SELECT tags FROM guests") == [(tags,)]


def test_what_the_configuration_says(state, read):
    state.add_pool("prod", "Production")
    state.add_qemu(
        1,
        node="pve2",
        name="web01",
        pool="prod",
        config={"onboot": 1, "ostype": "win11", "description": "First line\nsecond", "lock": "backup"},
    )
    state.add_lxc(2, node="pve1", name="dns01", config={"ostype": "debian", "onboot": 0})
    state.add_qemu(3, node="pve1", name="golden", status="stopped", template=True)

    snapshot = read(state)

    rows = snapshot.sql(
        """SELECT vmid, type, node, ostype, onboot, description, pool, lock, hostname, template, config_read
           FROM guests ORDER BY vmid"""
    )
    assert rows == [
        (1, "qemu", "pve2", "win11", True, "First line\nsecond", "prod", "backup", None, False, True),
        (2, "lxc", "pve1", "debian", False, "", None, None, "dns01", False, True),
        (3, "qemu", "pve1", "l26", False, "", None, None, None, True, True),
    ]
    assert snapshot.sql("SELECT * EXCLUDE (endpoint, snapshot_id) FROM pools") == [("prod", "Production")]


def test_unknown_lines_are_kept_and_secrets_are_not(state, serve):
    state.add_qemu(
        1,
        node="pve1",
        config={
            "invented77": "a=b,c",
            "cores": 4,
            "cipassword": "hunter2-hash",
            "sshkeys": "ssh-ed25519%20AAAA",
            "lxc": [["lxc.cgroup2.devices.allow", "c 226:0 rwm"]],
        },
    )
    endpoint = serve(state)

    snapshot = endpoint.snapshot()

    lines = dict(snapshot.sql("SELECT key, value FROM guest_config"))
    assert lines["invented77"] == "a=b,c"
    assert lines["cores"] == "4"
    assert lines["lxc"] == '[["lxc.cgroup2.devices.allow", "c 226:0 rwm"]]'
    assert not {"cipassword", "sshkeys", "digest"} & set(lines)
    stored = b"".join(f.read_bytes() for f in endpoint.warehouse.home.rglob("*") if f.is_file())
    assert endpoint.lab.token_value.encode() not in stored


def test_only_current_values_are_asked_for(state, serve):
    state.add_qemu(1, node="pve1")
    state.add_lxc(2, node="pve1")
    endpoint = serve(state)

    endpoint.snapshot()

    asked = [target for target in endpoint.lab.targets if "/config" in target]
    assert sorted(asked) == [
        "/api2/json/nodes/pve1/lxc/2/config?current=1",
        "/api2/json/nodes/pve1/qemu/1/config?current=1",
    ]


def test_one_unreadable_guest_never_loses_another(state, serve):
    for vmid in (1, 2, 3):
        state.add_qemu(vmid, node="pve1", name=f"vm{vmid}", config={"scsi0": "lvm:disk,size=1G"})
    endpoint = serve(state)
    endpoint.lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/2/config")

    snapshot = endpoint.snapshot()

    rows = snapshot.sql("SELECT vmid, name_given, status, onboot, config_read FROM guests ORDER BY vmid")
    assert rows == [
        (1, "vm1", "running", False, True),
        (2, "vm2", "running", None, False),
        (3, "vm3", "running", False, True),
    ]
    assert snapshot.sql("SELECT vmid FROM disks ORDER BY vmid") == [(1,), (3,)]
    assert ("guest", "2") in snapshot.scopes()
    assert not {("guest", "1"), ("guest", "3"), ("cluster", "*")} & snapshot.scopes()
    assert snapshot.reason("guest", "2").startswith("GET /nodes/pve1/qemu/2/config answered 500")


def test_a_configuration_that_is_no_object_is_a_gap_of_that_guest(state, serve):
    state.add_qemu(1, node="pve1")
    state.add_qemu(2, node="pve1", config={"agent": "perhaps"})
    endpoint = serve(state)

    snapshot = endpoint.snapshot()

    assert snapshot.sql("SELECT vmid FROM guests") == [(1,)]
    assert snapshot.reason("guest", "2") == "guests 2: not a boolean: 'perhaps'"


def test_guests_of_an_offline_node_are_unknown_not_gone(state, read):
    state.add_pool("prod")
    state.add_qemu(1, node="pve1", name="vm1")
    state.add_qemu(2, node="pve2", name="vm2", pool="prod", tags="a")
    state.add_lxc(3, node="pve2", name="ct3")
    state.set_node_online("pve2", False)

    snapshot = read(state)

    rows = snapshot.sql(
        "SELECT vmid, node, status, maxcpu, maxmem, tags, onboot, pool, config_read FROM guests ORDER BY vmid"
    )
    assert rows[1:] == [
        (2, "pve2", None, None, None, None, None, "prod", False),
        (3, "pve2", None, None, None, None, None, None, False),
    ]
    assert rows[0][:3] == (1, "pve1", "running")
    assert {("node", "pve2"), ("guest", "2"), ("guest", "3"), ("guest_addresses", "2")} <= snapshot.scopes()
    assert snapshot.reason("guest", "2") == "node pve2 is offline"
    assert snapshot.manifest.reasons.count("node pve2 is offline") == 1


def test_a_node_that_the_cluster_cannot_reach_is_asked_once_and_not_per_guest(state, serve):
    state.add_qemu(1, node="pve1")
    for vmid in range(10, 40):
        state.add_qemu(vmid, node="pve2")
    endpoint = serve(state)
    endpoint.lab.fail_always(status=595, path_prefix="/nodes/pve2/")

    snapshot = endpoint.snapshot()

    asked = [r for r in endpoint.lab.requests if "/nodes/pve2/" in r.path]
    assert len(asked) == 1
    assert snapshot.sql("SELECT online FROM nodes ORDER BY node") == [(True,), (False,)]
    assert snapshot.sql("SELECT count(*) FROM guests WHERE status IS NULL") == [(30,)]
    assert ("guest", "10") in snapshot.scopes()


def test_a_guest_that_migrates_while_it_is_read_is_read_where_it_went(state, serve):
    state.add_qemu(1, node="pve1", name="mover")
    state.add_qemu(2, node="pve1", name="gone")
    endpoint = serve(state)

    def move(message: str) -> None:
        if message.endswith("guests"):
            state.migrate(1, "pve2")
            state.remove(2)

    snapshot = endpoint.snapshot(progress=move)

    assert snapshot.sql("SELECT vmid, node, config_read FROM guests") == [(1, "pve2", True)]
    assert snapshot.manifest.complete


def test_a_guest_hidden_by_an_access_rule_is_not_taken_for_deleted(state, serve):
    for vmid in (1, 2, 3):
        state.add_qemu(vmid, node="pve1")
    endpoint = serve(state)
    endpoint.snapshot()
    lab = endpoint.lab
    everything = reader_privileges(state.major)
    state.remove(3)
    lab.add_token(lab.user, lab.token_name, lab.token_value, privileges={"/": everything, "/vms/2": []})

    # Hidden on two snapshots in a row: the second one must not forget it.
    for _ in range(2):
        snapshot = endpoint.snapshot()
        assert snapshot.sql("SELECT vmid FROM guests") == [(1,)]
        assert ("guest", "2") in snapshot.scopes()
        assert ("guest", "3") not in snapshot.scopes()
    assert "no longer in the token's sight" in snapshot.reason("guest", "2")


def test_the_same_vmid_in_two_clusters(serve):
    for cluster in ("a", "b"):
        state = ProxmoxState(cluster)
        state.add_node(f"{cluster}1")
        state.add_qemu(100, node=f"{cluster}1", name=f"{cluster}-vm")
        snapshot = serve(state, name=cluster).snapshot()
        assert snapshot.sql("SELECT name FROM cluster") == [(cluster,)]
        assert snapshot.sql("SELECT endpoint, vmid, name_given FROM guests") == [
            (cluster, 100, f"{cluster}-vm")
        ]


def test_one_cluster_through_two_of_its_nodes_is_one_set_of_guests(state, serve):
    state.add_qemu(100, node="pve2", name="web01")
    first = serve(state)
    with LabProxmox(state, local_node="pve2") as other:
        query = "SELECT c.name, vmid, node, name_given FROM guests, cluster c"
        through_one = first.snapshot().sql(query)
        through_two = (
            first.changed(name="other", url=other.url, tls={"ca": other.ca_path}).snapshot().sql(query)
        )
    assert through_one == through_two == [("rack", 100, "pve2", "web01")]
