"""The netN of guests: names, MAC addresses, VLANs, and what happens when one is gone."""

from __future__ import annotations

from netbox_sync_lab.proxmox import agent_interface, loopback_interface
from tests.support import after, before, row, rows

VMS = "virtualization/virtual-machines"
INTERFACES = "virtualization/interfaces"


def vlan_fields(found):
    values = after(found)
    untagged, tagged = values.get("untagged_vlan"), values.get("tagged_vlans")
    return (
        values.get("mode"),
        untagged["name"].split()[0] if untagged else None,
        [item["name"].split()[0] for item in tagged] if tagged is not None else None,
    )


def test_netn_lines_of_machines_and_containers(pve, cluster):
    """P12 to P17."""
    cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={
            "net19": "e1000=12:34:56:78:90:12,bridge=somebr0",
            "net2": "model=virtio,macaddr=BC:24:11:00:00:02,bridge=vmbr0,mtu=900,link_down=1",
            "net1": "virtio=26:15:5B:73:3F:7C,bridge=vmbr0,firewall=1",
            "net9": "vmxnet3=BC:24:11:00:00:09,bridge=vmbr0,mtu=1",
            "netboot": "1",
        },
    )
    cluster.add_lxc(
        201,
        node="pve1",
        name="ct",
        config={
            "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:05,ip=dhcp",
            "net1": "name=eth1,bridge=vmbr0,ip=manual,ip6=auto",
        },
        interfaces=[
            {"name": "lo", "hwaddr": "00:00:00:00:00:00", "inet": "127.0.0.1/8"},
            {"name": "eth0", "hwaddr": "bc:24:11:00:00:05", "inet": "10.0.0.77/24"},
        ],
    )
    plan = pve.sync()
    found = rows(plan, "vm_interfaces", "create")
    assert {r.key: (after(r)["name"], after(r)["enabled"], after(r).get("mtu")) for r in found} == {
        "vm net1": ("net1", True, None),
        "vm net2": ("net2", False, 900),
        "vm net9": ("net9", True, None),
        "vm net19": ("net19", True, None),
        "ct net0": ("eth0", True, None),
        "ct net1": ("eth1", True, None),
    }
    assert [after(r)["mac_address"] for r in rows(plan, "mac_addresses")] == [
        "BC:24:11:00:00:05",
        "26:15:5B:73:3F:7C",
        "BC:24:11:00:00:02",
        "BC:24:11:00:00:09",
        "12:34:56:78:90:12",
    ]
    assert {vlan_fields(r) for r in found} == {(None, None, None)}
    addresses = rows(plan, "ip_addresses")
    assert [(r.key, after(r)["assigned_object"]["key"]) for r in addresses] == [("10.0.0.77", "ct net0")]


def test_vlans_of_tags_trunks_and_vnets(pve, cluster):
    cluster.add_zone("office", "vlan", bridge="vmbr0")
    cluster.add_zone("fabric", "evpn")
    cluster.add_vnet("staff", "office", 300, alias="Staff")
    cluster.add_vnet("inner", "fabric", 10300)
    lines = {
        "net0": "virtio=BC:24:11:00:01:00,bridge=vmbr0,tag=5",
        "net1": "virtio=BC:24:11:00:01:01,bridge=vmbr0,trunks=10;20;30-32",
        "net2": "virtio=BC:24:11:00:01:02,bridge=vmbr0,tag=20,trunks=10;20",
        "net3": "virtio=BC:24:11:00:01:03,bridge=staff",
        "net4": "virtio=BC:24:11:00:01:04,bridge=inner",
        "net5": "virtio=BC:24:11:00:01:05,bridge=dmz",
    }
    cluster.add_qemu(101, node="pve1", name="vm", config=lines)
    pve.configure(mappings={"vnets": {"dmz": 66}})
    plan = pve.sync()
    assert {r.key: vlan_fields(r) for r in rows(plan, "vm_interfaces")} == {
        "vm net0": ("access", "5", None),
        # A range permits VLANs, and says of none that it exists.
        "vm net1": ("tagged", None, ["10", "20"]),
        "vm net2": ("tagged", "20", ["10"]),
        "vm net3": ("access", "300", None),
        "vm net4": (None, None, None),
        "vm net5": ("access", "66", None),
    }
    assert {after(r)["vid"]: after(r)["name"] for r in rows(plan, "vlans", "create")} == {
        5: "VLAN0005",
        10: "VLAN0010",
        20: "VLAN0020",
        66: "VLAN0066",
        300: "Staff",
    }


def test_the_vlan_group_of_the_cluster_comes_first(pve, cluster, netbox, basics):
    cluster.add_qemu(
        101, node="pve1", name="vm", config={"net0": "virtio=BC:24:11:00:01:00,bridge=vmbr0,tag=5"}
    )
    pve.configure(policies={"create": ["clusters", "devices", "virtual_machines", "custom_fields"]})
    pve.apply()
    home = netbox.one("virtualization/clusters", name="paris")
    group = netbox.create(
        "ipam/vlan-groups", name="pve", slug="pve", scope_type="virtualization.cluster", scope_id=home["id"]
    )
    for owner in (group["id"], basics["group"]["id"]):
        netbox.create("ipam/vlans", vid=5, name="five", group=owner)
    pve.configure(policies={})
    found = after(row(pve.sync(), "vm_interfaces", "vm net0"))
    assert found["untagged_vlan"] == {
        "id": netbox.one("ipam/vlans", group_id=group["id"])["id"],
        "name": "5 five",
    }


def test_a_tag_removed_clears_the_vlan_and_the_mode(pve, cluster, netbox):
    """P18."""
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={
            "net0": "virtio=BC:24:11:00:01:00,bridge=vmbr0,tag=5,mtu=900",
            "net1": "virtio=BC:24:11:00:01:01,bridge=vmbr0,trunks=6;7",
        },
    )
    assert pve.apply_all().changes == []
    guest.config["net0"] = "virtio=BC:24:11:00:01:00,bridge=vmbr0"
    guest.config["net1"] = "virtio=BC:24:11:00:01:01,bridge=vmbr0"
    changes = {r.key: r for r in pve.sync().changes}
    assert {key: after(r) for key, r in changes.items()} == {
        "vm net0": {"mtu": None, "mode": None, "untagged_vlan": None},
        "vm net1": {"mode": None, "tagged_vlans": []},
    }
    assert before(changes["vm net0"])["untagged_vlan"]["name"] == "5 VLAN0005"
    assert pve.apply_all().changes == []
    assert [(i["mode"], i["untagged_vlan"], i["tagged_vlans"]) for i in netbox.all(INTERFACES)] == [
        (None, None, [])
    ] * 2


def test_a_hidden_vnet_is_no_missing_tag(pve, cluster, proxmox):
    """Without the right to see SDN a bridge may be a vnet with a tag: nothing is cleared."""
    cluster.add_zone("office", "vlan", bridge="vmbr0")
    cluster.add_vnet("staff", "office", 300)
    cluster.add_qemu(101, node="pve1", name="vm", config={"net0": "virtio=BC:24:11:00:01:00,bridge=staff"})
    pve.apply()
    rights = ["VM.Audit", "Sys.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "Pool.Audit"]
    proxmox.add_token(proxmox.user, proxmox.token_name, proxmox.token_value, privileges=rights)
    plan = pve.sync()
    assert rows(plan, "vm_interfaces") == []
    assert plan.changes == []


def test_a_nic_that_is_gone_goes_after_its_addresses(pve, cluster, netbox):
    """P19."""
    agent = [
        agent_interface("ens18", "BC:24:11:00:01:00", "10.0.0.5/24"),
        agent_interface("ens19", "BC:24:11:00:01:01", "10.0.1.5/24"),
    ]
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={"agent": "1", "net0": "virtio=BC:24:11:00:01:00", "net1": "virtio=BC:24:11:00:01:01"},
        agent_interfaces=agent,
    )
    pve.apply()
    del guest.config["net1"]
    guest.agent = agent[:1]
    assert row(pve.sync(), "vm_interfaces", "vm ens19 (gone)").reason == (
        "no netN of the guest in Proxmox, but policies.delete does not name vm_interfaces"
    )
    pve.configure(policies={"delete": ["vm_interfaces"]})
    plan = pve.again()
    assert [(r.action, r.resource, r.key) for r in plan.changes] == [
        ("delete", "ip_addresses", "10.0.1.5/24 on vm ens19 (gone)"),
        ("delete", "mac_addresses", "vm ens19 BC:24:11:00:01:01 (id 2)"),
        ("delete", "vm_interfaces", "vm ens19 (gone)"),
    ]
    address, mac, interface = plan.changes
    assert set(interface.depends_on) == {address.change_id, mac.change_id}
    known = netbox.one(INTERFACES, name="ens19")
    netbox.create(
        "ipam/ip-addresses",
        address="192.0.2.1/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=known["id"],
    )
    assert row(pve.sync(), "vm_interfaces", "vm ens19 (gone)").reason == (
        "no netN of the guest in Proxmox, but netbox-sync did not create its dependents: 192.0.2.1/24"
    )
    netbox.delete("ipam/ip-addresses", netbox.one("ipam/ip-addresses", address="192.0.2.1/24")["id"])
    assert pve.apply_all().changes == []
    assert [i["name"] for i in netbox.all(INTERFACES)] == ["ens18"]
    assert [i["address"] for i in netbox.all("ipam/ip-addresses")] == ["10.0.0.5/24"]


def test_the_agents_name_sticks(pve, cluster):
    """An agent that is down does not rename back; a new name from the agent does."""
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={"agent": "1", "net0": "virtio=BC:24:11:00:01:00"},
        agent_interfaces="not running",
    )
    assert pve.apply_all().changes == []
    guest.agent = [loopback_interface(), agent_interface("ens18", "bc:24:11:00:01:00")]
    assert [(r.key, after(r)) for r in pve.sync().changes] == [("vm net0", {"name": "ens18"})]
    pve.apply()
    guest.agent = "not running"
    assert pve.sync().changes == []
    pve.configure(use_guest_agent_interface_name=False)
    assert [(r.key, after(r)) for r in pve.again().changes] == [("vm net0", {"name": "net0"})]


def test_an_interface_is_found_by_its_mac_whatever_its_name(pve, cluster, netbox):
    guest = cluster.add_lxc(
        201, node="pve1", name="ct", config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:05"}
    )
    pve.apply()
    guest.config["net0"] = "name=lan0,hwaddr=BC:24:11:00:00:05"
    assert [(r.key, after(r)) for r in pve.sync().changes] == [("ct net0", {"name": "lan0"})]
    guest.config["net0"] = "name=eth0,hwaddr=BC:24:11:00:00:06"
    assert [(r.resource, r.action) for r in pve.sync().changes] == [
        ("mac_addresses", "create"),
        ("primary_macs", "update"),
    ]
    assert pve.apply_all().changes == []
    assert netbox.one(INTERFACES)["mac_address"] == "BC:24:11:00:00:06"


def test_an_operators_mtu_stays(pve, cluster, netbox):
    cluster.add_lxc(201, node="pve1", name="ct", config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:05"})
    pve.apply()
    netbox.edit(INTERFACES, netbox.one(INTERFACES)["id"], mtu=9000, description="uplink")
    assert rows(pve.sync(), "vm_interfaces") == []


def test_all_vlans_and_bridges_of_a_vlan_are_written_and_then_in_sync(pve, cluster, netbox):
    """A trunk of all VLANs makes none of them; guests on a bridge over eno1.51 are in VLAN 51."""
    cluster.nodes["pve1"].network = [
        {"iface": "eno1", "type": "eth", "active": 1},
        {"iface": "eno1.51", "type": "vlan", "vlan-raw-device": "eno1", "vlan-id": "51", "active": 1},
        {"iface": "vmbr0", "type": "bridge", "bridge_ports": "eno1", "bridge_vlan_aware": 1, "active": 1},
        {"iface": "vmbr51", "type": "bridge", "bridge_ports": "eno1.51", "active": 1},
    ]
    lines = {
        "net0": "virtio=BC:24:11:00:01:00,bridge=vmbr0,trunks=2-4094",
        "net1": "virtio=BC:24:11:00:01:01,bridge=vmbr51",
        "net2": "virtio=BC:24:11:00:01:02,bridge=vmbr0",
        "net3": "virtio=BC:24:11:00:01:03,bridge=vmbr0,trunks=20;50-60",
    }
    cluster.add_qemu(101, node="pve1", name="vm", config=lines)
    pve.configure(vlan_aware_bridges="tagged-all")
    assert pve.apply_all().changes == []
    assert sorted(vlan["vid"] for vlan in netbox.all("ipam/vlans")) == [20, 51]
    assert {
        i["name"]: (
            i["mode"] and i["mode"]["value"],
            i["untagged_vlan"] and i["untagged_vlan"]["vid"],
            sorted(vlan["vid"] for vlan in i["tagged_vlans"]),
        )
        for i in netbox.all(INTERFACES)
    } == {
        "net0": ("tagged-all", None, []),
        "net1": ("access", 51, []),
        "net2": ("tagged-all", None, []),
        "net3": ("tagged", None, [20, 51]),
    }
