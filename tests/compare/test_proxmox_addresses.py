"""Addresses of guests: from the agent, the container, the configuration; who owns them; primary addresses."""

from __future__ import annotations

from netbox_sync_lab.proxmox import agent_interface, loopback_interface
from tests.support import after, row, rows

MAC = "BC:24:11:AA:BB:CC"
IPS = "ipam/ip-addresses"


def with_agent(cluster, vmid, name, *interfaces, agent="1", **config):
    return cluster.add_qemu(
        vmid,
        node="pve1",
        name=name,
        config={"agent": agent, "net0": f"virtio={MAC[:-2]}{vmid % 100:02d},bridge=vmbr0", **config},
        agent_interfaces=list(interfaces),
    )


def mac_of(vmid):
    return f"{MAC[:-2]}{vmid % 100:02d}"


def test_agent_options(pve, cluster):
    """P20."""
    options = {
        100: "1",
        101: "1,fstrim_cloned_disks=1",
        102: "enabled=1,freeze-fs-on-backup=0",
        103: "0",
        104: "0,fstrim_cloned_disks=1",
    }
    for vmid, option in options.items():
        with_agent(
            cluster,
            vmid,
            f"vm{vmid}",
            agent_interface("eth0", mac_of(vmid), f"10.0.0.{vmid}/24"),
            agent=option,
        )
    absent = with_agent(cluster, 105, "vm105", agent_interface("eth0", mac_of(105), "10.0.0.105/24"))
    del absent.config["agent"]
    assert [r.key for r in rows(pve.sync(), "ip_addresses")] == ["10.0.0.100", "10.0.0.101", "10.0.0.102"]


def test_what_the_agent_shows(pve, cluster):
    """P21, P22, P24."""
    with_agent(
        cluster,
        101,
        "vm",
        loopback_interface(),
        agent_interface(
            "ens18", mac_of(101).lower(), "10.0.0.5/24", "fe80::1%ens18/64", "fe80::2/64", "2001:db8::5/64"
        ),
        agent_interface("ens18:1", None, "10.0.0.6/24"),
        agent_interface("docker0", "02:42:ac:11:00:02", "172.17.0.1/16"),
        agent_interface("veth12ab", "ee:ee:ee:ee:ee:ee", "10.244.0.1/32"),
    )
    plan = pve.sync()
    assert [(r.key, after(r)["name"]) for r in rows(plan, "vm_interfaces")] == [("vm net0", "ens18")]
    found = {
        r.key: (after(r)["address"], after(r)["assigned_object"]["key"]) for r in rows(plan, "ip_addresses")
    }
    assert found == {
        "10.0.0.5": ("10.0.0.5/24", "vm net0"),
        "10.0.0.6": ("10.0.0.6/24", "vm net0"),
        "2001:db8::5": ("2001:db8::5/64", "vm net0"),
    }
    assert {r.key: after(r) for r in rows(plan, "primary_ips")} == {
        "vm IPv4": {"primary_ip4": {"key": "10.0.0.5", "name": "10.0.0.5", "ref": "ip_addresses"}},
        "vm IPv6": {"primary_ip6": {"key": "2001:db8::5", "name": "2001:db8::5", "ref": "ip_addresses"}},
    }
    assert pve.apply_all().changes == []


def test_a_silent_agent_changes_nothing(pve, cluster):
    """P23, also where policies would delete."""
    guest = with_agent(cluster, 101, "vm", agent_interface("ens18", mac_of(101), "10.0.0.5/24"))
    pve.configure(policies={"delete": ["ip_addresses"], "stale_addresses": "delete"})
    pve.apply()
    for agent in ("not running", "hang"):
        guest.agent = agent
        plan = pve.sync()
        assert plan.changes == []
        assert rows(plan, "ip_addresses") == []
    guest.agent = [agent_interface("ens18", mac_of(101), "10.0.0.6/24")]
    plan = pve.sync()
    assert {r.key: r.action for r in rows(plan, "ip_addresses")} == {
        "10.0.0.6": "create",
        "10.0.0.5 on vm ens18": "delete",
    }
    # It was the primary address, so it goes only after another is.
    assert (
        row(plan, "primary_ips", "vm IPv4").change_id
        in row(plan, "ip_addresses", "10.0.0.5 on vm ens18").depends_on
    )
    pve.configure(policies={"delete": ["ip_addresses"], "stale_addresses": "delete", "primary_ip": "never"})
    assert row(pve.again(), "ip_addresses", "10.0.0.5 on vm ens18").action == "blocked"


def test_a_primary_address_follows_cloud_init_though_nobody_sees_the_others(pve, cluster):
    """Its interface shows another address now; only one that shows none keeps it."""
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={"net0": "virtio=BC:24:11:00:00:06", "ipconfig0": "ip=10.0.0.5/24"},
    )
    pve.apply()
    guest.config["ipconfig0"] = "ip=10.0.0.6/24"
    found = row(pve.sync(), "primary_ips", "vm IPv4")
    assert (found.action, after(found)["primary_ip4"]["name"]) == ("update", "10.0.0.6")


def test_sixty_interfaces(pve, cluster):
    """P25."""
    macs = [f"BC:24:11:00:01:{number:02X}" for number in range(60)]
    cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={"agent": "1", **{f"net{number}": f"virtio={mac}" for number, mac in enumerate(macs)}},
        agent_interfaces=[
            agent_interface(f"ens{number}", mac, f"10.0.{number}.5/24") for number, mac in enumerate(macs)
        ],
    )
    plan = pve.sync()
    assert len(rows(plan, "vm_interfaces", "create")) == 60
    assert len(rows(plan, "ip_addresses", "create")) == 60
    assert after(row(plan, "primary_ips", "vm IPv4"))["primary_ip4"]["name"] == "10.0.0.5"


def test_configured_addresses(pve, cluster):
    """P16, P17: a stopped container's fixed address; cloud-init's where there is no agent."""
    cluster.add_lxc(
        201,
        node="pve1",
        name="ct",
        status="stopped",
        config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:05,ip=10.0.0.9/24,ip6=2001:db8::9/64"},
    )
    cluster.add_qemu(
        101,
        node="pve1",
        name="vm",
        config={
            "net0": "virtio=BC:24:11:00:00:06",
            "net1": "virtio=BC:24:11:00:00:07",
            "ipconfig0": "ip=dhcp,ip6=auto",
            "ipconfig1": "ip=10.0.0.8/24,gw=10.0.0.1",
        },
    )
    plan = pve.sync()
    found = {r.key: after(r)["assigned_object"]["key"] for r in rows(plan, "ip_addresses")}
    assert found == {"10.0.0.9": "ct net0", "2001:db8::9": "ct net0", "10.0.0.8": "vm net1"}
    assert [r.key for r in rows(plan, "primary_ips")] == ["ct IPv4", "ct IPv6", "vm IPv4"]


def test_owners(pve, cluster, netbox, device):
    """O1, O2, O3."""
    other = device("router")
    port = netbox.create("dcim/interfaces", device=other["id"], name="eth0", type="other")
    taken = netbox.create(
        IPS, address="10.0.0.1/24", assigned_object_type="dcim.interface", assigned_object_id=port["id"]
    )
    free = netbox.create(IPS, address="10.0.0.2/24", dns_name="mine.example.com")
    with_agent(
        cluster, 101, "a", agent_interface("eth0", mac_of(101), "10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24")
    )
    with_agent(cluster, 102, "b", agent_interface("eth0", mac_of(102), "10.0.0.3/24"))
    expected = {
        "10.0.0.1": ("conflict", taken["id"], "assigned elsewhere: NetBox has it on router eth0"),
        "10.0.0.2": ("update", free["id"], "adopted: NetBox has it without an interface"),
        "10.0.0.3 on a eth0": ("conflict", None, "duplicate in source: a eth0, b eth0"),
        "10.0.0.3 on b eth0": ("conflict", None, "duplicate in source: a eth0, b eth0"),
    }
    plan = pve.sync()
    assert {r.key: (r.action, r.netbox_id, r.reason) for r in rows(plan, "ip_addresses")} == expected
    found = after(row(plan, "ip_addresses", "10.0.0.2"))
    assert list(found) == ["assigned_object"]
    assert found["assigned_object"]["key"] == "a net0"
    then = pve.apply_all()
    del expected["10.0.0.2"]
    assert {r.key: (r.action, r.netbox_id, r.reason) for r in rows(then, "ip_addresses")} == expected
    assert then.changes == []
    assert netbox.one(IPS, address="10.0.0.1/24")["assigned_object_id"] == port["id"]


def test_an_operators_primary_address_stays(pve, cluster, netbox):
    with_agent(cluster, 101, "vm", agent_interface("eth0", mac_of(101), "10.0.0.1/24", "10.0.0.2/24"))
    pve.apply()
    machine = netbox.one("virtualization/virtual-machines")
    second = netbox.one(IPS, address="10.0.0.2/24")
    netbox.edit("virtualization/virtual-machines", machine["id"], primary_ip4=second["id"])
    plan = pve.sync()
    assert plan.changes == []
    assert row(plan, "primary_ips", "vm IPv4").action == "drifted"
    pve.configure(policies={"primary_ip": "always"})
    assert [r.key for r in pve.again().changes] == ["vm IPv4"]


def test_dns_names_only_where_owned(pve, cluster):
    cluster.add_lxc(
        201,
        node="pve1",
        name="Ct-1",
        config={"hostname": "Ct-1", "net0": "name=eth0,hwaddr=BC:24:11:00:00:05,ip=10.0.0.9/24"},
    )
    assert "dns_name" not in after(row(pve.sync(), "ip_addresses", "10.0.0.9"))
    pve.configure(policies={"owns": ["ip_addresses.dns_name"]})
    assert after(row(pve.sync(), "ip_addresses", "10.0.0.9"))["dns_name"] == "ct-1"


def test_an_address_moved_by_policy_does_not_go_with_its_old_guest(pve, cluster, netbox):
    """A guest is replaced by another with the same addresses. NetBox moves none that is a primary one: that is deleted
    with the old guest, then created for the new one, in the same apply."""
    for number in range(110, 130):
        cluster.add_lxc(number, node="pve1", name=f"ct{number}")
    with_agent(cluster, 101, "old", agent_interface("eth0", mac_of(101), "10.0.0.1/24", "10.0.0.2/24"))
    pve.configure(policies={"delete": ["virtual_machines"], "move_addresses": True})
    pve.apply()
    known = {item["address"]: item["id"] for item in netbox.all(IPS)}
    cluster.remove(101)
    with_agent(cluster, 102, "new", agent_interface("eth0", mac_of(102), "10.0.0.1/24", "10.0.0.2/24"))
    plan = pve.sync()
    assert {r.key: r.action for r in rows(plan, "ip_addresses")} == {
        "10.0.0.1": "create",
        "10.0.0.1/24 on old [vmid 101] eth0": "delete",
        "10.0.0.2": "update",
    }
    interface = row(plan, "vm_interfaces", "old [vmid 101] eth0")
    assert row(plan, "ip_addresses", "10.0.0.2").change_id in interface.depends_on
    delete = row(plan, "ip_addresses", "10.0.0.1/24 on old [vmid 101] eth0")
    assert delete.change_id in row(plan, "ip_addresses", "10.0.0.1").depends_on
    assert pve.apply_all().changes == []
    primary = netbox.one(IPS, address="10.0.0.1/24")
    assert primary["id"] != known["10.0.0.1/24"]
    assert netbox.one("virtualization/virtual-machines", name="new")["primary_ip4"]["id"] == primary["id"]
    assert netbox.one(IPS, address="10.0.0.2/24")["id"] == known["10.0.0.2/24"]
    assert netbox.all("virtualization/virtual-machines", name="old") == []


def test_a_network_card_that_is_passed_through_is_skipped_with_its_cause(pve, cluster):
    """A guest without netN; veth and docker0 inside have no manufacturer's MAC address."""
    cluster.add_qemu(
        101,
        node="pve1",
        name="fw",
        config={"agent": "1", "hostpci0": "0000:01:00.0"},
        agent_interfaces=[
            agent_interface("enp6s16.20", "0C:C4:7A:00:00:01", "10.61.20.2/24"),
            agent_interface("enp6s16", "0C:C4:7A:00:00:01", "10.61.0.2/24"),
            agent_interface("docker0", "02:42:ac:11:00:02", "172.17.0.1/16"),
        ],
    )
    plan = pve.sync()
    assert rows(plan, "vm_interfaces") == rows(plan, "ip_addresses") == []
    assert [row for row in pve.left_out() if row[0] == "vm_interfaces"] == [
        (
            "vm_interfaces",
            "fw enp6s16",
            "enp6s16 (0C:C4:7A:00:00:01) is a network card of the node, passed through to the guest:"
            " Proxmox has no netN for it",
        )
    ]
