"""Addresses of guests: from the agent, the container, the configuration; who owns them; primary addresses."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.proxmox import Guest, agent_interface, loopback_interface
from tests.compare.guests import APPLY, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import after, row, rows

MAC = "BC:24:11:AA:BB:CC"
IPS = "ipam/ip-addresses"


VMS = "virtualization/virtual-machines"
DELETES: dict[str, Any] = {"delete": ["ip_addresses", "virtual_machines"], "stale_addresses": "delete"}
SHARED: dict[str, Any] = {"policies": DELETES}


def with_agent(
    case: GuestCase, vmid: int, name: str, *interfaces: dict[str, Any], agent: str = "1", **config: str
) -> Guest:
    return case.cluster.add_qemu(
        vmid,
        node="pve1",
        name=name,
        config={"agent": agent, "net0": f"virtio={mac_of(vmid)},bridge=vmbr0", **config},
        agent_interfaces=list(interfaces),
    )


def mac_of(vmid: int) -> str:
    return f"{MAC[:-2]}{vmid % 100:02d}"


@share_cluster(**SHARED)
def test_agent_options(case: GuestCase) -> Steps:
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
            case,
            vmid,
            f"vm{vmid}",
            agent_interface("eth0", mac_of(vmid), f"10.0.0.{vmid}/24"),
            agent=option,
        )
    absent = with_agent(case, 105, "vm105", agent_interface("eth0", mac_of(105), "10.0.0.105/24"))
    del absent.config["agent"]
    plan = yield SYNC
    assert [r.key for r in rows(plan, "ip_addresses")] == ["10.0.0.100", "10.0.0.101", "10.0.0.102"]


@share_cluster(**SHARED)
def test_what_the_agent_shows(case: GuestCase) -> Steps:
    """P21, P22, P24."""
    with_agent(
        case,
        110,
        "shown",
        loopback_interface(),
        agent_interface(
            "ens18", mac_of(110).lower(), "10.1.0.5/24", "fe80::1%ens18/64", "fe80::2/64", "2001:db8::5/64"
        ),
        agent_interface("ens18:1", None, "10.1.0.6/24"),
        agent_interface("docker0", "02:42:ac:11:00:02", "172.17.0.1/16"),
        agent_interface("veth12ab", "ee:ee:ee:ee:ee:ee", "10.244.0.1/32"),
    )
    plan = yield APPLY
    assert [(r.key, after(r)["name"]) for r in rows(plan, "vm_interfaces")] == [("shown net0", "ens18")]
    found = {
        r.key: (after(r)["address"], after(r)["assigned_object"]["key"]) for r in rows(plan, "ip_addresses")
    }
    assert found == {
        "10.1.0.5": ("10.1.0.5/24", "shown net0"),
        "10.1.0.6": ("10.1.0.6/24", "shown net0"),
        "2001:db8::5": ("2001:db8::5/64", "shown net0"),
    }
    assert {r.key: after(r) for r in rows(plan, "primary_ips")} == {
        "shown IPv4": {"primary_ip4": {"key": "10.1.0.5", "name": "10.1.0.5", "ref": "ip_addresses"}},
        "shown IPv6": {"primary_ip6": {"key": "2001:db8::5", "name": "2001:db8::5", "ref": "ip_addresses"}},
    }
    plan = yield SYNC
    assert plan.changes == []


@share_cluster(**SHARED)
def test_a_silent_agent_changes_nothing(case: GuestCase) -> Steps:
    """P23, also where policies would delete."""
    guest = with_agent(case, 111, "silent", agent_interface("ens18", mac_of(111), "10.2.0.5/24"))
    other = with_agent(case, 112, "hanging", agent_interface("ens18", mac_of(112), "10.2.1.5/24"))
    yield APPLY
    guest.agent, other.agent = "not running", "hang"
    plan = yield SYNC
    assert plan.changes == []
    assert rows(plan, "ip_addresses") == []
    guest.agent = [agent_interface("ens18", mac_of(111), "10.2.0.6/24")]
    other.agent = "not running"
    plan = yield SYNC
    assert {r.key: r.action for r in rows(plan, "ip_addresses")} == {
        "10.2.0.6": "create",
        "10.2.0.5 on silent ens18": "delete",
    }
    # It was the primary address, so it goes only after another is.
    assert (
        row(plan, "primary_ips", "silent IPv4").change_id
        in row(plan, "ip_addresses", "10.2.0.5 on silent ens18").depends_on
    )
    plan = yield under(policies={**DELETES, "primary_ip": "never"})
    assert row(plan, "ip_addresses", "10.2.0.5 on silent ens18").action == "blocked"


@share_cluster(**SHARED)
def test_a_primary_address_follows_cloud_init_though_nobody_sees_the_others(case: GuestCase) -> Steps:
    """Its interface shows another address now; only one that shows none keeps it."""
    config = {"net0": f"virtio={mac_of(113)}", "ipconfig0": "ip=10.3.0.5/24"}
    guest = case.cluster.add_qemu(113, node="pve1", name="cloud", config=config)
    yield APPLY
    guest.config["ipconfig0"] = "ip=10.3.0.6/24"
    plan = yield SYNC
    found = row(plan, "primary_ips", "cloud IPv4")
    assert (found.action, after(found)["primary_ip4"]["name"]) == ("update", "10.3.0.6")


@share_cluster(**SHARED)
def test_sixty_interfaces(case: GuestCase) -> Steps:
    """P25."""
    macs = [f"BC:24:11:00:01:{number:02X}" for number in range(60)]
    case.cluster.add_qemu(
        114,
        node="pve1",
        name="sixty",
        config={"agent": "1", **{f"net{number}": f"virtio={mac}" for number, mac in enumerate(macs)}},
        agent_interfaces=[
            agent_interface(f"ens{number}", mac, f"10.4.{number}.5/24") for number, mac in enumerate(macs)
        ],
    )
    plan = yield SYNC
    assert len(rows(plan, "vm_interfaces", "create")) == 60
    assert len(rows(plan, "ip_addresses", "create")) == 60
    assert after(row(plan, "primary_ips", "sixty IPv4"))["primary_ip4"]["name"] == "10.4.0.5"


@share_cluster(**SHARED)
def test_configured_addresses(case: GuestCase) -> Steps:
    """P16, P17: a stopped container's fixed address; cloud-init's where there is no agent."""
    case.cluster.add_lxc(
        201,
        node="pve1",
        name="ct",
        status="stopped",
        config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:05,ip=10.5.0.9/24,ip6=2001:db8::9/64"},
    )
    case.cluster.add_qemu(
        115,
        node="pve1",
        name="vm",
        config={
            "net0": "virtio=BC:24:11:00:00:06",
            "net1": "virtio=BC:24:11:00:00:07",
            "ipconfig0": "ip=dhcp,ip6=auto",
            "ipconfig1": "ip=10.5.0.8/24,gw=10.5.0.1",
        },
    )
    plan = yield SYNC
    found = {r.key: after(r)["assigned_object"]["key"] for r in rows(plan, "ip_addresses")}
    assert found == {"10.5.0.9": "ct net0", "2001:db8::9": "ct net0", "10.5.0.8": "vm net1"}
    assert [r.key for r in rows(plan, "primary_ips")] == ["ct IPv4", "ct IPv6", "vm IPv4"]


@share_cluster(**SHARED)
def test_owners(case: GuestCase) -> Steps:
    """O1, O2, O3."""
    site, kind, role = (case.basics[name]["id"] for name in ("site", "type", "role"))
    other = case.netbox.create("dcim/devices", name="router", site=site, device_type=kind, role=role)
    port = case.netbox.create("dcim/interfaces", device=other["id"], name="eth0", type="other")
    taken = case.netbox.create(
        IPS, address="10.6.0.1/24", assigned_object_type="dcim.interface", assigned_object_id=port["id"]
    )
    free = case.netbox.create(IPS, address="10.6.0.2/24", dns_name="mine.example.com")
    with_agent(
        case, 116, "a", agent_interface("eth0", mac_of(116), "10.6.0.1/24", "10.6.0.2/24", "10.6.0.3/24")
    )
    with_agent(case, 117, "b", agent_interface("eth0", mac_of(117), "10.6.0.3/24"))
    expected = {
        "10.6.0.1": ("conflict", taken["id"], "assigned elsewhere: NetBox has it on router eth0"),
        "10.6.0.2": ("update", free["id"], "adopted: NetBox has it without an interface"),
        "10.6.0.3 on a eth0": ("conflict", None, "duplicate in source: a eth0, b eth0"),
        "10.6.0.3 on b eth0": ("conflict", None, "duplicate in source: a eth0, b eth0"),
    }
    plan = yield APPLY
    assert {r.key: (r.action, r.netbox_id, r.reason) for r in rows(plan, "ip_addresses")} == expected
    found = after(row(plan, "ip_addresses", "10.6.0.2"))
    assert list(found) == ["assigned_object"]
    assert found["assigned_object"]["key"] == "a net0"
    plan = yield SYNC
    del expected["10.6.0.2"]
    assert {r.key: (r.action, r.netbox_id, r.reason) for r in rows(plan, "ip_addresses")} == expected
    assert plan.changes == []
    assert case.netbox.one(IPS, address="10.6.0.1/24")["assigned_object_id"] == port["id"]


@share_cluster(**SHARED)
def test_an_operators_primary_address_stays(case: GuestCase) -> Steps:
    interface = agent_interface("eth0", mac_of(118), "10.7.0.1/24", "10.7.0.2/24")
    with_agent(case, 118, "primary", interface)
    yield APPLY
    machine = case.netbox.one(VMS, name="primary")
    second = case.netbox.one(IPS, address="10.7.0.2/24")
    case.netbox.edit(VMS, machine["id"], primary_ip4=second["id"])
    plan = yield SYNC
    assert plan.changes == []
    assert row(plan, "primary_ips", "primary IPv4").action == "drifted"
    plan = yield under(policies={"primary_ip": "always"})
    assert [r.key for r in plan.changes] == ["primary IPv4"]


@share_cluster(**SHARED)
def test_dns_names_only_where_owned(case: GuestCase) -> Steps:
    config = {"hostname": "Ct-1", "net0": "name=eth0,hwaddr=BC:24:11:00:00:08,ip=10.8.0.9/24"}
    case.cluster.add_lxc(202, node="pve1", name="Ct-1", config=config)
    plan = yield SYNC
    assert "dns_name" not in after(row(plan, "ip_addresses", "10.8.0.9"))
    plan = yield under(policies={"owns": ["ip_addresses.dns_name"]})
    assert after(row(plan, "ip_addresses", "10.8.0.9"))["dns_name"] == "ct-1"


@share_cluster(**SHARED)
def test_an_address_moved_by_policy_does_not_go_with_its_old_guest(case: GuestCase) -> Steps:
    """A guest is replaced by another with the same addresses. NetBox moves none that is a primary one: that is deleted
    with the old guest, then created for the new one, in the same apply."""
    interface = agent_interface("eth0", mac_of(120), "10.9.0.1/24", "10.9.0.2/24")
    with_agent(case, 120, "former", interface)
    yield APPLY
    known = {item["address"]: item["id"] for item in case.netbox.all(IPS)}
    case.cluster.remove(120)
    interface = agent_interface("eth0", mac_of(121), "10.9.0.1/24", "10.9.0.2/24")
    with_agent(case, 121, "heir", interface)
    moving = {"policies": {"delete": ["virtual_machines"], "move_addresses": True}}
    plan = yield under(apply=True, **moving)
    assert {r.key: r.action for r in rows(plan, "ip_addresses")} == {
        "10.9.0.1": "create",
        "10.9.0.1/24 on former [vmid 120] eth0": "delete",
        "10.9.0.2": "update",
    }
    interface_row = row(plan, "vm_interfaces", "former [vmid 120] eth0")
    assert row(plan, "ip_addresses", "10.9.0.2").change_id in interface_row.depends_on
    delete = row(plan, "ip_addresses", "10.9.0.1/24 on former [vmid 120] eth0")
    assert delete.change_id in row(plan, "ip_addresses", "10.9.0.1").depends_on
    plan = yield under(**moving)
    assert plan.changes == []
    primary = case.netbox.one(IPS, address="10.9.0.1/24")
    assert primary["id"] != known["10.9.0.1/24"]
    assert case.netbox.one(VMS, name="heir")["primary_ip4"]["id"] == primary["id"]
    assert case.netbox.one(IPS, address="10.9.0.2/24")["id"] == known["10.9.0.2/24"]
    assert case.netbox.all(VMS, name="former") == []


@share_cluster(**SHARED)
def test_a_network_card_that_is_passed_through_is_skipped_with_its_cause(case: GuestCase) -> Steps:
    """A guest without netN; veth and docker0 inside have no manufacturer's MAC address."""
    case.cluster.add_qemu(
        122,
        node="pve1",
        name="fw",
        config={"agent": "1", "hostpci0": "0000:01:00.0"},
        agent_interfaces=[
            agent_interface("enp6s16.20", "0C:C4:7A:00:00:01", "10.61.20.2/24"),
            agent_interface("enp6s16", "0C:C4:7A:00:00:01", "10.61.0.2/24"),
            agent_interface("docker0", "02:42:ac:11:00:02", "172.17.0.1/16"),
        ],
    )
    plan = yield SYNC
    assert rows(plan, "vm_interfaces") == rows(plan, "ip_addresses") == []
    assert [row for row in case.left_out() if row[0] == "vm_interfaces"] == [
        (
            "vm_interfaces",
            "fw enp6s16",
            "enp6s16 (0C:C4:7A:00:00:01) is a network card of the node, passed through to the guest:"
            " Proxmox has no netN for it",
        )
    ]
