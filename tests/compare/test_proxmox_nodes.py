"""The cluster and its nodes: cluster, devices, their interfaces and VLANs."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_lab.proxmox import Node, default_network
from tests.compare.guests import APPLY, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import after, row, rows

DEVICES = "dcim/devices"
EPYC = "AMD EPYC 7313P 16-Core Processor"
SHARED: dict[str, Any] = {
    "mappings": {"device_types": {EPYC: "Epyc box"}},
    "node_interface_type": "10gbase-t",
    "policies": {"missing_interfaces": "delete", "delete": ["interfaces"]},
}

# Settings of several tests, so that they share a comparison.
CREATED: dict[str, Any] = {
    "cluster_type": "Virtual things",
    "cluster_group": "Test",
    "policies": {"create": ["cluster_types", "clusters", "devices", "virtual_machines", "custom_fields"]},
}
ELSEWHERE: dict[str, Any] = {"mappings": {"sites": {"south2": "Nice"}}, "node_interface_type": "other"}


def node(case: GuestCase, name: str, **content: Any) -> Node:
    """A node of this test alone; without network if none is given."""
    case.also(name)
    return case.cluster.add_node(name, **{"network": [], **content})


def device(case: GuestCase, name: str, **content: Any) -> dict[str, Any]:
    """A device of NetBox, in Paris if no site is given."""
    defaults = {
        "site": case.basics["site"]["id"],
        "device_type": case.basics["type"]["id"],
        "role": case.basics["role"]["id"],
    }
    return case.netbox.create(DEVICES, name=name, **{**defaults, **content})


@share_cluster(**SHARED)
def test_the_cluster_and_its_nodes(case: GuestCase) -> Steps:
    netbox, basics = case.netbox, case.basics
    case.also("pve1", "pve2")
    netbox.create("dcim/platforms", name="Proxmox VE 9", slug="proxmox-ve-9")
    netbox.create("dcim/device-types", manufacturer=basics["maker"]["id"], model="Epyc box", slug="epyc-box")
    case.cluster.nodes["pve2"].cpu_model = EPYC
    plan = yield APPLY
    assert after(row(case.whole, "clusters", "paris")) == {
        "name": "paris",
        "type": {"id": netbox.one("virtualization/cluster-types")["id"], "name": "Proxmox VE"},
        "scope": {"id": basics["site"]["id"], "name": "Paris", "type": "dcim.site"},
        "status": "active",
    }
    assert after(row(plan, "devices", "pve1")) == {
        "name": "pve1",
        "device_type": {"id": basics["type"]["id"], "name": "C9300-48P"},
        "role": {"id": basics["role"]["id"], "name": "Access"},
        "site": {"id": basics["site"]["id"], "name": "Paris"},
        "platform": {"id": netbox.one("dcim/platforms")["id"], "name": "Proxmox VE 9"},
        "cluster": {"key": "paris", "name": "paris", "ref": "clusters"},
        "status": "active",
        "cf.proxmox_node": {"paris": "pve1"},
    }
    assert after(row(plan, "devices", "pve2"))["device_type"]["name"] == "Epyc box"
    plan = yield SYNC
    assert plan.changes == []
    case.cluster.set_node_online("pve2", False)
    plan = yield SYNC
    assert [(r.key, after(r)) for r in plan.changes] == [("pve2", {"status": "offline"})]


@share_cluster(**SHARED)
def test_what_a_cluster_needs_and_may_not_create_blocks_it(case: GuestCase) -> Steps:
    case.cluster.add_qemu(101, node="pve1", name="web")
    plan = yield under(cluster_type="Virtual things")
    kinds = ("clusters", "devices", "virtual_machines")
    assert {r.action for r in case.whole.rows if r.resource in kinds} >= {"blocked"}
    assert row(case.whole, "clusters", "paris").reason == (
        'no type: NetBox has no cluster type "Virtual things"; create it, set cluster_type, or add cluster_types to policies.also_create'
    )
    assert (row(plan, "virtual_machines", "web").reason or "").startswith(
        "its cluster is not written: no type"
    )


@share_cluster(**SHARED)
def test_what_a_cluster_needs_is_created_where_it_may_be(case: GuestCase) -> Steps:
    case.cluster.add_qemu(102, node="pve1", name="mail")
    plan = yield under(**CREATED)
    assert [(r.resource, r.action) for r in rows(case.whole, "cluster_types")] == [
        ("cluster_types", "create")
    ]
    assert row(plan, "virtual_machines", "mail").action == "create"


@share_cluster(**SHARED)
def test_a_node_is_found_by_its_name_within_the_site(case: GuestCase) -> Steps:
    lyon = case.netbox.create("dcim/sites", name="Lyon", slug="lyon")
    for name in ("here1", "there1"):
        node(case, name)
        device(case, name, site=lyon["id"])
    here = device(case, "HERE1", status="active")
    plan = yield SYNC
    found = row(plan, "devices", "here1")
    assert (found.action, found.netbox_id) == ("update", here["id"])
    elsewhere = row(plan, "devices", "there1")
    assert elsewhere.action == "conflict"
    assert "is in another site (Lyon)" in (elsewhere.reason or "")


@share_cluster(**SHARED)
def test_the_default_type_is_for_new_nodes_only(case: GuestCase) -> Steps:
    maker = case.basics["maker"]["id"]
    other = case.netbox.create("dcim/device-types", manufacturer=maker, model="R640", slug="r640")
    device(case, "typed1", device_type=other["id"], serial="X1")
    node(case, "typed1")
    plan = yield SYNC
    found = after(row(plan, "devices", "typed1"))
    assert set(found) == {"platform", "cluster", "cf.proxmox_node"}


@share_cluster(**SHARED)
def test_interfaces_of_a_node(case: GuestCase) -> Steps:
    net1 = node(
        case,
        "net1",
        ip="10.99.9.11",
        network=[
            *default_network("10.99.9.11", "10.99.9.1", vlan=20),
            {"iface": "lo", "type": "loopback"},
            {"iface": "tap9", "type": "unknown", "active": 1},
            {"iface": "ovs0", "type": "OVSBridge", "active": 1, "mtu": "9000", "ovs_ports": "mgmt"},
            {
                "iface": "mgmt",
                "type": "OVSIntPort",
                "active": 1,
                "ovs_bridge": "ovs0",
                "ovs_tag": "30",
                "cidr": "10.98.0.11/24",
                "cidr6": "2001:db8::11/64",
            },
        ],
    )
    # A cluster that shows no guest at all is no evidence of anything.
    case.cluster.add_lxc(201, node="pve2", name="ct")
    plan = yield APPLY

    def end(found: DiffRow, field: str) -> str | None:
        value = after(found).get(field)
        return value and value["name"]

    assert {
        r.key: (after(r)["type"], end(r, "lag"), end(r, "parent"), end(r, "bridge"), end(r, "untagged_vlan"))
        for r in rows(plan, "interfaces")
    } == {
        "net1 eno1": ("10gbase-t", "bond0", None, None, None),
        "net1 eno2": ("10gbase-t", "bond0", None, None, None),
        "net1 bond0": ("lag", None, None, "vmbr0", None),
        "net1 vmbr0": ("bridge", None, None, None, None),
        "net1 vmbr0.20": ("virtual", None, "vmbr0", None, "20"),
        "net1 tap9": ("other", None, None, None, None),
        "net1 ovs0": ("bridge", None, None, None, None),
        "net1 mgmt": ("virtual", None, "ovs0", None, "30"),
    }
    assert after(row(plan, "interfaces", "net1 ovs0"))["mtu"] == 9000
    found = {r.key: after(r)["assigned_object"]["key"] for r in rows(plan, "ip_addresses")}
    assert found == {"10.99.9.11": "net1 vmbr0", "10.98.0.11": "net1 mgmt", "2001:db8::11": "net1 mgmt"}
    assert [r.key for r in rows(plan, "primary_ips")] == ["net1 IPv4"]
    # A node that is down is no evidence, and what others record on it is none of Proxmox's business.
    known = case.netbox.one(DEVICES, name="net1")
    case.netbox.create("dcim/interfaces", device=known["id"], name="ipmi", type="1000base-t")
    plan = yield SYNC
    assert plan.changes == []
    assert rows(plan, "interfaces") == []
    case.cluster.set_node_online("net1", False)
    plan = yield SYNC
    assert rows(plan, "interfaces") == []
    case.cluster.set_node_online("net1", True)
    net1.network = [line for line in net1.network if line["iface"] != "tap9"]
    plan = yield SYNC
    assert [(r.key, r.action) for r in rows(plan, "interfaces")] == [("net1 tap9", "delete")]


@share_cluster(**SHARED)
def test_nodes_in_two_sites_leave_the_cluster_without_one(case: GuestCase) -> Steps:
    case.netbox.create("dcim/sites", name="Nice", slug="nice")
    node(case, "south1")
    node(case, "south2")
    plan = yield under(**ELSEWHERE)
    assert "scope" not in after(row(case.whole, "clusters", "paris"))
    assert [after(r)["site"]["name"] for r in rows(plan, "devices")] == ["Paris", "Nice"]


@share_cluster(**SHARED)
def test_a_node_renamed_in_netbox_is_found_by_its_custom_field(case: GuestCase) -> Steps:
    node(case, "renamed1")
    yield APPLY
    known = case.netbox.one(DEVICES, name="renamed1")
    case.netbox.edit(DEVICES, known["id"], name="paris-hypervisor-1")
    case.also("paris-hypervisor-1")
    plan = yield SYNC
    assert {r.key: r.action for r in plan.rows} == {"renamed1": "drifted"}


@share_cluster(**SHARED)
def test_an_open_vswitch_bond_is_a_lag_with_its_members(case: GuestCase) -> Steps:
    network = [
        {"iface": "ovs0", "type": "OVSBridge", "active": 1, "ovs_ports": "bond0"},
        {
            "iface": "bond0",
            "type": "OVSBond",
            "active": 1,
            "ovs_bridge": "ovs0",
            "ovs_bonds": "eno1 eno2",
        },
        {"iface": "eno1", "type": "eth", "active": 1},
        {"iface": "eno2", "type": "eth", "active": 1},
    ]
    node(case, "bond1", network=network)
    plan = yield under(**ELSEWHERE)
    found = {r.key: after(r) for r in rows(plan, "interfaces")}
    assert {
        key: (values["type"], (values.get("lag") or {}).get("name")) for key, values in found.items()
    } == {
        "bond1 ovs0": ("bridge", None),
        "bond1 bond0": ("lag", None),
        "bond1 eno1": ("other", "bond0"),
        "bond1 eno2": ("other", "bond0"),
    }
    assert found["bond1 bond0"]["bridge"]["name"] == "ovs0"
    yield APPLY
    plan = yield SYNC
    assert plan.changes == []


@share_cluster(**SHARED)
def test_the_group_of_a_new_cluster_is_configured(case: GuestCase) -> Steps:
    yield under(cluster_group="Production")
    assert (row(case.whole, "clusters", "paris").action) == "blocked"


@share_cluster(**SHARED)
def test_a_new_cluster_is_in_its_group(case: GuestCase) -> Steps:
    group = case.netbox.create("virtualization/cluster-groups", name="Test", slug="test")
    yield under(**CREATED)
    assert after(row(case.whole, "clusters", "paris"))["group"] == {"id": group["id"], "name": "Test"}
