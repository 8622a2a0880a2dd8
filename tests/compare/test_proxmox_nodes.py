"""The cluster and its nodes: cluster, devices, their interfaces and VLANs."""

from __future__ import annotations

from netbox_sync_lab.proxmox import default_network
from tests.support import after, row, rows

DEVICES = "dcim/devices"


def test_the_cluster_and_its_nodes(pve, cluster, netbox, basics):
    netbox.create("dcim/platforms", name="Proxmox VE 9", slug="proxmox-ve-9")
    netbox.create("dcim/device-types", manufacturer=basics["maker"]["id"], model="Epyc box", slug="epyc-box")
    cluster.nodes["pve2"].cpu_model = "AMD EPYC 7313P 16-Core Processor"
    pve.configure(mappings={"device_types": {"AMD EPYC 7313P 16-Core Processor": "Epyc box"}})
    plan = pve.sync()
    assert after(row(plan, "clusters", "paris")) == {
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
    assert pve.apply_all().changes == []
    cluster.set_node_online("pve2", False)
    assert [(r.key, after(r)) for r in pve.sync().changes] == [("pve2", {"status": "offline"})]


def test_what_a_cluster_needs_and_may_not_create_blocks_it(pve, cluster):
    cluster.add_qemu(101, node="pve1", name="web")
    pve.configure(cluster_type="Virtual things")
    plan = pve.sync()
    assert {r.action for r in plan.rows if r.resource in ("clusters", "devices", "virtual_machines")} >= {
        "blocked"
    }
    assert row(plan, "clusters", "paris").reason == (
        'no type: NetBox has no cluster type "Virtual things"; create it, set cluster_type, or allow create: cluster_types'
    )
    assert (row(plan, "virtual_machines", "web").reason or "").startswith(
        "its cluster is not written: no type"
    )
    pve.configure(
        policies={"create": ["cluster_types", "clusters", "devices", "virtual_machines", "custom_fields"]}
    )
    plan = pve.again()
    assert [(r.resource, r.action) for r in rows(plan, "cluster_types")] == [("cluster_types", "create")]
    assert row(plan, "virtual_machines", "web").action == "create"


def test_a_node_is_found_by_its_name_within_the_site(pve, cluster, netbox, device):
    lyon = netbox.create("dcim/sites", name="Lyon", slug="lyon")
    here = device("PVE1", status="active")
    device("pve1", site=lyon["id"])
    device("pve2", site=lyon["id"])
    plan = pve.sync()
    found = row(plan, "devices", "pve1")
    assert (found.action, found.netbox_id) == ("update", here["id"])
    elsewhere = row(plan, "devices", "pve2")
    assert elsewhere.action == "conflict"
    assert "is in another site (Lyon)" in (elsewhere.reason or "")


def test_the_default_type_is_for_new_nodes_only(pve, netbox, basics, device):
    other = netbox.create("dcim/device-types", manufacturer=basics["maker"]["id"], model="R640", slug="r640")
    device("pve1", device_type=other["id"], serial="X1")
    assert list(after(row(pve.sync(), "devices", "pve1"))) == ["cluster", "cf.proxmox_node"]


def test_interfaces_of_a_node(pve, cluster, netbox, basics):
    cluster.nodes["pve1"].network = [
        *default_network("10.99.0.11", "10.99.0.1", vlan=20),
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
    ]
    # A cluster that shows no guest at all is no evidence of anything.
    cluster.add_lxc(201, node="pve2", name="ct")
    pve.configure(node_interface_type="10gbase-t")
    plan = pve.sync()

    def end(found, field):
        value = after(found).get(field)
        return value and value["name"]

    assert {
        r.key: (after(r)["type"], end(r, "lag"), end(r, "parent"), end(r, "bridge"), end(r, "untagged_vlan"))
        for r in rows(plan, "interfaces")
    } == {
        "pve1 eno1": ("10gbase-t", "bond0", None, None, None),
        "pve1 eno2": ("10gbase-t", "bond0", None, None, None),
        "pve1 bond0": ("lag", None, None, "vmbr0", None),
        "pve1 vmbr0": ("bridge", None, None, None, None),
        "pve1 vmbr0.20": ("virtual", None, "vmbr0", None, "20"),
        "pve1 tap9": ("other", None, None, None, None),
        "pve1 ovs0": ("bridge", None, None, None, None),
        "pve1 mgmt": ("virtual", None, "ovs0", None, "30"),
    }
    assert after(row(plan, "interfaces", "pve1 ovs0"))["mtu"] == 9000
    found = {r.key: after(r)["assigned_object"]["key"] for r in rows(plan, "ip_addresses")}
    assert found == {"10.99.0.11": "pve1 vmbr0", "10.98.0.11": "pve1 mgmt", "2001:db8::11": "pve1 mgmt"}
    assert [r.key for r in rows(plan, "primary_ips")] == ["pve1 IPv4"]
    assert pve.apply_all().changes == []
    # A node that is down is no evidence, and what others record on it is none of Proxmox's business.
    known = netbox.one(DEVICES, name="pve1")
    netbox.create("dcim/interfaces", device=known["id"], name="ipmi", type="1000base-t")
    assert rows(pve.sync(), "interfaces") == []
    pve.configure(policies={"missing_interfaces": "delete", "delete": ["interfaces"]})
    cluster.set_node_online("pve1", False)
    assert rows(pve.sync(), "interfaces") == []
    cluster.set_node_online("pve1", True)
    cluster.nodes["pve1"].network = [r for r in cluster.nodes["pve1"].network if r["iface"] != "tap9"]
    assert [(r.key, r.action) for r in rows(pve.sync(), "interfaces")] == [("pve1 tap9", "delete")]


def test_nodes_in_two_sites_leave_the_cluster_without_one(pve, netbox):
    netbox.create("dcim/sites", name="Lyon", slug="lyon")
    pve.configure(mappings={"sites": {"pve2": "Lyon"}})
    plan = pve.sync()
    assert "scope" not in after(row(plan, "clusters", "paris"))
    assert [after(r)["site"]["name"] for r in rows(plan, "devices")] == ["Paris", "Lyon"]


def test_a_node_renamed_in_netbox_is_found_by_its_custom_field(pve, cluster, netbox):
    cluster.add_qemu(101, node="pve1", name="web")
    pve.apply()
    netbox.edit(DEVICES, netbox.one(DEVICES, name="pve1")["id"], name="paris-hypervisor-1")
    found = {r.key: r.action for r in pve.sync().rows}
    assert found == {"pve1": "drifted"}


def test_an_open_vswitch_bond_is_a_lag_with_its_members(pve, cluster):
    cluster.nodes["pve1"].network = [
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
    cluster.add_qemu(101, node="pve1", name="web")
    found = {r.key: after(r) for r in rows(pve.sync(), "interfaces")}
    assert {
        key: (values["type"], (values.get("lag") or {}).get("name")) for key, values in found.items()
    } == {
        "pve1 ovs0": ("bridge", None),
        "pve1 bond0": ("lag", None),
        "pve1 eno1": ("other", "bond0"),
        "pve1 eno2": ("other", "bond0"),
    }
    assert found["pve1 bond0"]["bridge"]["name"] == "ovs0"
    assert pve.apply_all().changes == []


def test_the_group_of_a_new_cluster_is_configured(pve, netbox):
    pve.configure(cluster_group="Production")
    assert (row(pve.sync(), "clusters", "paris").action) == "blocked"
    group = netbox.create("virtualization/cluster-groups", name="Production", slug="production")
    assert after(row(pve.sync(), "clusters", "paris"))["group"] == {"id": group["id"], "name": "Production"}
