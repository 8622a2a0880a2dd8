"""The netN of guests: names, MAC addresses, VLANs, and what happens when one is gone."""

from __future__ import annotations

from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_lab.proxmox import agent_interface, loopback_interface
from tests.compare.guests import ALONE, APPLY, HARDWARE, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import after, before, row, rows

VMS = "virtualization/virtual-machines"
INTERFACES = "virtualization/interfaces"
ESTATE = "interfaces and disks of guests"


def vlan_fields(found: DiffRow) -> tuple[str | None, str | None, list[str] | None]:
    """(mode, untagged VID, tagged VIDs)."""
    values = after(found)
    untagged, tagged = values.get("untagged_vlan"), values.get("tagged_vlans")
    return (
        values.get("mode"),
        untagged["name"].split()[0] if untagged else None,
        [item["name"].split()[0] for item in tagged] if tagged is not None else None,
    )


@share_cluster(**HARDWARE)
def test_netn_lines_of_machines_and_containers(case: GuestCase) -> Steps:
    """P12 to P17."""
    case.cluster.add_qemu(
        501,
        node="pve1",
        name="lines",
        config={
            "net19": "e1000=12:34:56:78:90:12,bridge=somebr0",
            "net2": "model=virtio,macaddr=BC:24:11:00:00:02,bridge=vmbr0,mtu=900,link_down=1",
            "net1": "virtio=26:15:5B:73:3F:7C,bridge=vmbr0,firewall=1",
            "net9": "vmxnet3=BC:24:11:00:00:09,bridge=vmbr0,mtu=1",
            "netboot": "1",
        },
    )
    case.cluster.add_lxc(
        601,
        node="pve1",
        name="ct-lines",
        config={
            "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:05,ip=dhcp",
            "net1": "name=eth1,bridge=vmbr0,ip=manual,ip6=auto",
        },
        interfaces=[
            {"name": "lo", "hwaddr": "00:00:00:00:00:00", "inet": "127.0.0.1/8"},
            {"name": "eth0", "hwaddr": "bc:24:11:00:00:05", "inet": "10.0.0.77/24"},
        ],
    )
    plan = yield SYNC
    found = rows(plan, "vm_interfaces", "create")
    assert {r.key: (after(r)["name"], after(r)["enabled"], after(r).get("mtu")) for r in found} == {
        "lines net1": ("net1", True, None),
        "lines net2": ("net2", False, 900),
        "lines net9": ("net9", True, None),
        "lines net19": ("net19", True, None),
        "ct-lines net0": ("eth0", True, None),
        "ct-lines net1": ("eth1", True, None),
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
    assert [(r.key, after(r)["assigned_object"]["key"]) for r in addresses] == [
        ("10.0.0.77", "ct-lines net0")
    ]


@share_cluster(**HARDWARE)
def test_vlans_of_tags_trunks_and_vnets(case: GuestCase) -> Steps:
    case.cluster.add_zone("office", "vlan", bridge="vmbr0")
    case.cluster.add_zone("fabric", "evpn")
    case.cluster.add_vnet("staff", "office", 300, alias="Staff")
    case.cluster.add_vnet("inner", "fabric", 10300)
    lines = {
        "net0": "virtio=BC:24:11:00:01:00,bridge=vmbr0,tag=5",
        "net1": "virtio=BC:24:11:00:01:01,bridge=vmbr0,trunks=10;20;30-32",
        "net2": "virtio=BC:24:11:00:01:02,bridge=vmbr0,tag=20,trunks=10;20",
        "net3": "virtio=BC:24:11:00:01:03,bridge=staff",
        "net4": "virtio=BC:24:11:00:01:04,bridge=inner",
        "net5": "virtio=BC:24:11:00:01:05,bridge=dmz",
    }
    case.cluster.add_qemu(502, node="pve1", name="tagged", config=lines)
    plan = yield SYNC
    assert {r.key: vlan_fields(r) for r in rows(plan, "vm_interfaces")} == {
        "tagged net0": ("access", "5", None),
        # A range permits VLANs, and says of none that it exists.
        "tagged net1": ("tagged", None, ["10", "20"]),
        "tagged net2": ("tagged", "20", ["10"]),
        "tagged net3": ("access", "300", None),
        "tagged net4": (None, None, None),
        "tagged net5": ("access", "66", None),
    }
    created = {after(r)["vid"]: after(r)["name"] for r in rows(case.whole, "vlans", "create")}
    assert {vid: name for vid, name in created.items() if vid in (5, 10, 20, 30, 31, 32, 66, 300)} == {
        5: "VLAN0005",
        10: "VLAN0010",
        20: "VLAN0020",
        66: "VLAN0066",
        300: "Staff",
    }


@share_cluster(**HARDWARE)
def test_the_vlan_group_of_the_cluster_comes_first(case: GuestCase) -> Steps:
    yield APPLY
    yield ALONE
    home = case.netbox.one("virtualization/clusters", name="paris")
    group = case.netbox.create(
        "ipam/vlan-groups", name="pve", slug="pve", scope_type="virtualization.cluster", scope_id=home["id"]
    )
    for owner in (group["id"], case.basics["group"]["id"]):
        case.netbox.create("ipam/vlans", vid=55, name="fives", group=owner)
    config = {"net0": "virtio=BC:24:11:00:03:00,bridge=vmbr0,tag=55"}
    case.cluster.add_qemu(503, node="pve1", name="grouped", config=config)
    plan = yield SYNC
    found = after(row(plan, "vm_interfaces", "grouped net0"))
    assert found["untagged_vlan"] == {
        "id": case.netbox.one("ipam/vlans", group_id=group["id"])["id"],
        "name": "55 fives",
    }


@share_cluster(**HARDWARE)
def test_a_tag_removed_clears_the_vlan_and_the_mode(case: GuestCase) -> Steps:
    """P18."""
    guest = case.cluster.add_qemu(
        504,
        node="pve1",
        name="cleared",
        config={
            "net0": "virtio=BC:24:11:00:04:00,bridge=vmbr0,tag=15,mtu=900",
            "net1": "virtio=BC:24:11:00:04:01,bridge=vmbr0,trunks=16;17",
        },
    )
    yield APPLY
    plan = yield SYNC
    assert plan.changes == []
    guest.config["net0"] = "virtio=BC:24:11:00:04:00,bridge=vmbr0"
    guest.config["net1"] = "virtio=BC:24:11:00:04:01,bridge=vmbr0"
    plan = yield APPLY
    changes = {r.key: r for r in plan.changes}
    assert {key: after(r) for key, r in changes.items()} == {
        "cleared net0": {"mtu": None, "mode": None, "untagged_vlan": None},
        "cleared net1": {"mode": None, "tagged_vlans": []},
    }
    assert before(changes["cleared net0"])["untagged_vlan"]["name"] == "15 VLAN0015"
    plan = yield SYNC
    assert plan.changes == []
    interfaces = case.netbox.all(INTERFACES, virtual_machine="cleared")
    assert [(i["mode"], i["untagged_vlan"], i["tagged_vlans"]) for i in interfaces] == [(None, None, [])] * 2


@share_cluster(**HARDWARE)
def test_a_hidden_vnet_is_no_missing_tag(case: GuestCase) -> Steps:
    """Without the right to see SDN a bridge may be a vnet with a tag: nothing is cleared."""
    case.cluster.add_zone("hidden", "vlan", bridge="vmbr0")
    case.cluster.add_vnet("unseen", "hidden", 301)
    config = {"net0": "virtio=BC:24:11:00:05:00,bridge=unseen"}
    case.cluster.add_qemu(505, node="pve1", name="on-vnet", config=config)
    plan = yield APPLY
    assert vlan_fields(row(plan, "vm_interfaces", "on-vnet net0")) == ("access", "301", None)
    yield ALONE
    rights = ["VM.Audit", "Sys.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "Pool.Audit"]
    proxmox = case.proxmox
    proxmox.add_token(proxmox.user, proxmox.token_name, proxmox.token_value, privileges=rights)
    plan = yield SYNC
    assert rows(plan, "vm_interfaces") == []
    assert plan.changes == []


@share_cluster(**HARDWARE)
def test_a_nic_that_is_gone_goes_after_its_addresses(case: GuestCase) -> Steps:
    """P19."""
    for number in (6, 7):
        agent = [
            agent_interface("ens18", f"BC:24:11:00:0{number}:00", f"10.{number}.0.5/24"),
            agent_interface("ens19", f"BC:24:11:00:0{number}:01", f"10.{number}.1.5/24"),
        ]
        config = {
            "agent": "1",
            "net0": f"virtio=BC:24:11:00:0{number}:00",
            "net1": f"virtio=BC:24:11:00:0{number}:01",
        }
        case.cluster.add_qemu(
            500 + number, node="pve1", name=f"nics{number}", config=config, agent_interfaces=agent
        )
    yield APPLY
    for guest in case.cluster.added:
        del guest.config["net1"]
        guest.agent = guest.agent[:1]
    plan = yield under(policies={})
    assert row(plan, "vm_interfaces", "nics6 ens19 (gone)").reason == (
        "no netN of the guest in Proxmox, but policies.delete does not name vm_interfaces"
    )
    known = case.netbox.one(INTERFACES, virtual_machine="nics7", name="ens19")
    theirs = case.netbox.create(
        "ipam/ip-addresses",
        address="192.0.2.1/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=known["id"],
    )
    mac = case.netbox.one("dcim/mac-addresses", mac_address="BC:24:11:00:06:01")["id"]
    plan = yield APPLY
    assert [(r.action, r.resource, r.key) for r in plan.changes] == [
        ("delete", "ip_addresses", "10.6.1.5/24 on nics6 ens19 (gone)"),
        ("delete", "mac_addresses", f"nics6 ens19 BC:24:11:00:06:01 (id {mac})"),
        ("delete", "vm_interfaces", "nics6 ens19 (gone)"),
    ]
    address, card, interface = plan.changes
    assert set(interface.depends_on) == {address.change_id, card.change_id}
    assert row(plan, "vm_interfaces", "nics7 ens19 (gone)").reason == (
        "no netN of the guest in Proxmox, but netbox-sync did not create its dependents: 192.0.2.1/24"
    )
    case.netbox.delete("ipam/ip-addresses", theirs["id"])
    plan = yield APPLY
    assert [r.key for r in rows(plan, "vm_interfaces")] == ["nics7 ens19 (gone)"]
    plan = yield SYNC
    assert plan.changes == []
    for name, host in (("nics6", "10.6.0.5/24"), ("nics7", "10.7.0.5/24")):
        assert [i["name"] for i in case.netbox.all(INTERFACES, virtual_machine=name)] == ["ens18"]
        found = case.netbox.all("ipam/ip-addresses", virtual_machine=name)
        assert [i["address"] for i in found] == [host]


@share_cluster(**HARDWARE)
def test_the_agents_name_sticks(case: GuestCase) -> Steps:
    """An agent that is down does not rename back; a new name from the agent does."""
    config = {"agent": "1", "net0": "virtio=BC:24:11:00:08:00"}
    guest = case.cluster.add_qemu(
        508, node="pve1", name="agent", config=config, agent_interfaces="not running"
    )
    yield APPLY
    guest.agent = [loopback_interface(), agent_interface("ens18", "bc:24:11:00:08:00")]
    plan = yield APPLY
    assert [(r.key, after(r)) for r in plan.changes] == [("agent net0", {"name": "ens18"})]
    guest.agent = "not running"
    plan = yield SYNC
    assert plan.changes == []
    plan = yield under(use_guest_agent_interface_name=False)
    assert [(r.key, after(r)) for r in plan.changes] == [("agent net0", {"name": "net0"})]


@share_cluster(**HARDWARE)
def test_an_interface_is_found_by_its_mac_whatever_its_name(case: GuestCase) -> Steps:
    guest = case.cluster.add_lxc(
        609, node="pve1", name="named", config={"net0": "name=eth0,hwaddr=BC:24:11:00:09:05"}
    )
    yield APPLY
    guest.config["net0"] = "name=lan0,hwaddr=BC:24:11:00:09:05"
    plan = yield SYNC
    assert [(r.key, after(r)) for r in plan.changes] == [("named net0", {"name": "lan0"})]
    guest.config["net0"] = "name=eth0,hwaddr=BC:24:11:00:09:06"
    plan = yield APPLY
    assert [(r.resource, r.action) for r in plan.changes] == [
        ("mac_addresses", "create"),
        ("primary_macs", "update"),
    ]
    plan = yield SYNC
    assert plan.changes == []
    assert case.netbox.one(INTERFACES, virtual_machine="named")["mac_address"] == "BC:24:11:00:09:06"


@share_cluster(**HARDWARE)
def test_an_operators_mtu_stays(case: GuestCase) -> Steps:
    case.cluster.add_lxc(
        610, node="pve1", name="jumbo", config={"net0": "name=eth0,hwaddr=BC:24:11:00:0A:05"}
    )
    yield APPLY
    known = case.netbox.one(INTERFACES, virtual_machine="jumbo")
    case.netbox.edit(INTERFACES, known["id"], mtu=9000, description="uplink")
    plan = yield SYNC
    assert rows(plan, "vm_interfaces") == []


@share_cluster(**HARDWARE)
def test_all_vlans_and_bridges_of_a_vlan_are_written_and_then_in_sync(case: GuestCase) -> Steps:
    """A trunk of all VLANs makes none of them; guests on a bridge over eno1.51 are in VLAN 51."""
    case.cluster.nodes["pve1"].network = [
        {"iface": "eno1", "type": "eth", "active": 1},
        {"iface": "eno1.51", "type": "vlan", "vlan-raw-device": "eno1", "vlan-id": "51", "active": 1},
        {"iface": "vmbr9", "type": "bridge", "bridge_ports": "eno1", "bridge_vlan_aware": 1, "active": 1},
        {"iface": "vmbr51", "type": "bridge", "bridge_ports": "eno1.51", "active": 1},
    ]
    lines = {
        "net0": "virtio=BC:24:11:00:0B:00,bridge=vmbr9,trunks=2-4094",
        "net1": "virtio=BC:24:11:00:0B:01,bridge=vmbr51",
        "net2": "virtio=BC:24:11:00:0B:02,bridge=vmbr9",
        "net3": "virtio=BC:24:11:00:0B:03,bridge=vmbr9,trunks=25;50-60",
    }
    case.cluster.add_qemu(511, node="pve1", name="trunks", config=lines)
    yield APPLY
    plan = yield SYNC
    assert plan.changes == []
    vids = sorted(vlan["vid"] for vlan in case.netbox.all("ipam/vlans"))
    assert [vid for vid in vids if vid == 25 or 50 <= vid <= 60] == [25, 51]
    assert len(vids) < 20
    assert {
        i["name"]: (
            i["mode"] and i["mode"]["value"],
            i["untagged_vlan"] and i["untagged_vlan"]["vid"],
            sorted(vlan["vid"] for vlan in i["tagged_vlans"]),
        )
        for i in case.netbox.all(INTERFACES, virtual_machine="trunks")
    } == {
        "net0": ("tagged-all", None, []),
        "net1": ("access", 51, []),
        "net2": ("tagged-all", None, []),
        "net3": ("tagged", None, [25, 51]),
    }
