"""A number that a source hands out again means another thing: ports, guests, nodes and containers over the whole path."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.librenms import LibreNMSState
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.guests import APPLY, SYNC, GuestCase, share_cluster
from tests.compare.guests import Steps as GuestSteps
from tests.compare.together import Case, Steps, together
from tests.compare.two_clusters import DELETES, guest, lyon_of
from tests.support import NetBox, Pipeline, after, row, rows

VMS = "virtualization/virtual-machines"


def differences(plan: Plan) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(r.resource, r.action, r.key, after(r)) for r in plan.rows]


# -- ports -----------------------------------------------------------------------------------------


PORTS: dict[str, Any] = {
    "policies": {
        "missing_interfaces": "delete",
        "delete": ["interfaces"],
        "delete_unowned": ["interfaces"],
    }
}
WRITE: dict[str, Any] = {"write": True}


def srv1(case: Case, block: int) -> dict[str, Any]:
    """Server srv1 with eth0 (port ``block`` + 1) and eth1 (port ``block`` + 2)."""
    server = case.state.add_device("srv1", hardware="C9300-48P", os="linux")
    for number, mtu in ((0, 1500), (1, 9000)):
        port = case.state.add_port(
            server,
            f"eth{number}",
            port_id=block + number + 1,
            ifPhysAddress=f"020000000{block + number:03}",
            ifMtu=mtu,
            ifAlias=f"to sw{number}",
        )
        case.state.add_ipv4(port, f"10.{block // 100}.{number}.10", 24)
    return server


def cross(state: LibreNMSState, server: dict[str, Any], *names: str) -> None:
    """The ports of these names hand their row numbers on: the first gets that of the second, ..., in a ring."""
    ports = [state.port(server, name) for name in names]
    numbers = [port["port_id"] for port in ports]
    new = dict(zip(numbers, numbers[1:] + numbers[:1], strict=True))
    for table in (state.ports, state.ipv4_addresses):
        for line in table:
            line["port_id"] = new.get(line["port_id"], line["port_id"])


@together(also_live=True, **PORTS)
def test_two_ports_exchange_their_row_numbers(case: Case) -> Steps:
    server = srv1(case, 100)
    yield WRITE
    cross(case.state, server, "eth0", "eth1")
    plan = yield WRITE
    assert differences(plan) == [
        ("interfaces", "update", "srv1 eth0", {"cf.librenms_id": {"production": 102}}),
        ("interfaces", "update", "srv1 eth1", {"cf.librenms_id": {"production": 101}}),
    ]
    plan = yield
    assert plan.rows == ()
    assert {
        i["name"]: (i["mtu"], i["description"], i["primary_mac_address"]["mac_address"])
        for i in case.netbox.all("dcim/interfaces", device=case.named("srv1"))
    } == {
        "eth0": (1500, "to sw0", "02:00:00:00:01:00"),
        "eth1": (9000, "to sw1", "02:00:00:00:01:01"),
    }


@together(**PORTS)
def test_one_of_two_crossed_updates_applied_leaves_the_other(case: Case) -> Steps:
    server = srv1(case, 200)
    yield WRITE
    cross(case.state, server, "eth0", "eth1")
    eth0 = case.netbox.one("dcim/interfaces", device=case.named("srv1"), name="eth0")
    case.netbox.edit("dcim/interfaces", eth0["id"], custom_fields={"librenms_id": {"production": 202}})
    plan = yield WRITE
    assert differences(plan) == [
        ("interfaces", "update", "srv1 eth1", {"cf.librenms_id": {"production": 201}})
    ]


@together(**PORTS)
def test_a_renamed_port_is_an_update_of_its_name(case: Case) -> Steps:
    port = case.state.port(srv1(case, 300), "eth0")
    yield WRITE
    port["ifName"] = port["ifDescr"] = "enp1s0"
    plan = yield WRITE
    assert differences(plan) == [("interfaces", "update", "srv1 enp1s0", {"name": "enp1s0"})]


@together(also_live=True, **PORTS)
def test_another_port_with_the_number_of_one_that_went(case: Case) -> Steps:
    """eth0 went, usb0 has its number: nothing of either is written, and eth0 is not called gone."""
    server = srv1(case, 400)
    yield WRITE
    case.state.delete_port(case.state.port(server, "eth0"))
    fresh = case.state.add_port(server, "usb0", port_id=401, ifPhysAddress="0200000004ff", ifMtu=1400)
    case.state.add_ipv4(fresh, "10.4.7.7", 24)
    plan = yield WRITE
    assert [(r.resource, r.action, r.key, r.reason) for r in rows(plan, "interfaces")] == [
        (
            "interfaces",
            "conflict",
            "srv1 usb0",
            "another port has the number 401 now: NetBox has it on eth0, and neither the name nor the MAC address and"
            " address is the same",
        )
    ]


@together(also_live=True, **PORTS)
def test_a_new_installation_of_librenms(case: Case) -> Steps:
    """All ids are others, in the range of the old ones: names find everything, and only ids are updated."""
    state = case.state
    for name, number in (("sw1", 501), ("sw2", 502), ("sw3", 503)):
        switch = state.add_device(name, hardware="C9300-48P", device_id=number)
        for n in range(1, 4):
            port = state.add_port(switch, f"Gi0/{n}", ifAlias=f"{name} desk {n}", port_id=number * 10 + n)
            state.add_ipv4(port, f"10.5.{number - 500}{n}.1", 24)
        state.add_port(switch, "Vlan1", ifType="l3ipvlan", port_id=number * 10 + 4)
    yield WRITE
    devices = {501: 503, 502: 501, 503: 502}
    ports = sorted(port["port_id"] for port in state.own_ports)
    others = dict(zip(ports, reversed(ports), strict=True))
    for table in (state.devices, state.ports, state.ipv4_addresses):
        for line in table:
            for column, new in (("device_id", devices), ("port_id", others)):
                if column in line:
                    line[column] = new.get(line[column], line[column])
    plan = yield WRITE
    assert {(r.resource, r.action) for r in plan.rows} == {("devices", "update"), ("interfaces", "update")}
    assert {tuple(after(r)) for r in plan.rows} == {("cf.librenms_id",)}
    assert len(rows(plan, "devices")) == 3
    plan = yield
    assert plan.rows == ()
    names = [case.named(name) for name in ("sw1", "sw2", "sw3")]
    assert [d["custom_fields"]["librenms_id"] for d in case.netbox.all("dcim/devices", name=names)] == [
        {"production": 503},
        {"production": 501},
        {"production": 502},
    ]


# -- guests ----------------------------------------------------------------------------------------


GUESTS: dict[str, Any] = {"policies": DELETES}


@share_cluster(also_live=True, **GUESTS)
def test_a_vmid_is_given_to_another_machine(case: GuestCase) -> GuestSteps:
    guest(case.cluster, 101, "erp", 1, 32, uuid(101), "pve1")
    yield APPLY
    known = case.netbox.one(VMS, name="erp")
    case.cluster.remove(101)
    guest(case.cluster, 101, "scratch", 41, 8, uuid(141), "pve1")
    plan = yield SYNC
    assert [(r.resource, r.action, r.key, r.reason) for r in plan.rows] == [
        (
            "virtual_machines",
            "conflict",
            "scratch",
            f"another machine has vmid 101 now: in NetBox it is erp (id {known['id']}), and neither"
            " the name nor a MAC address nor the SMBIOS UUID is the same; delete that one in NetBox, or take its proxmox_vmid off",
        )
    ]
    # Once a person has decided, it is a new machine, and the old one is unchanged.
    case.netbox.edit(VMS, known["id"], custom_fields={"proxmox_vmid": None})
    yield APPLY
    plan = yield SYNC
    assert plan.rows == ()
    assert {vm["name"]: vm["custom_fields"]["proxmox_vmid"] for vm in case.netbox.all(VMS, name=["erp", "scratch"])} == {
        "erp": None,
        "scratch": 101,
    }  # fmt: skip


@share_cluster(**GUESTS)
def test_a_renamed_guest_stays_the_same(case: GuestCase) -> GuestSteps:
    one = guest(case.cluster, 102, "crm", 2, 1, uuid(102), "pve1")
    yield APPLY
    one.name = one.config["name"] = "crm-old"
    plan = yield SYNC
    assert differences(plan) == [("virtual_machines", "update", "crm-old", {"name": "crm-old"})]


@share_cluster(**GUESTS)
def test_a_guest_renamed_and_with_another_card_is_known_by_its_uuid(case: GuestCase) -> GuestSteps:
    """As long as a snapshot is kept in which it had its old name; a second sync of the same says the same."""
    one = guest(case.cluster, 103, "wiki", 3, 1, uuid(103), "pve1")
    yield APPLY
    one.name = one.config["name"] = "wiki-old"
    one.config["net0"] = "virtio=BC:24:11:00:00:77,bridge=vmbr0"
    for _ in range(2):
        plan = yield SYNC
        assert after(row(plan, "virtual_machines", "wiki-old")) == {"name": "wiki-old"}
        assert "create" not in {r.action for r in rows(plan, "virtual_machines")}


@share_cluster(**GUESTS)
def test_a_guest_with_another_card_stays_the_same(case: GuestCase) -> GuestSteps:
    one = guest(case.cluster, 104, "chat", 4, 1, uuid(104), "pve1")
    yield APPLY
    one.config["net0"] = "virtio=BC:24:11:00:00:78,bridge=vmbr0"
    plan = yield SYNC
    assert {(r.resource, r.action) for r in plan.rows} == {
        ("mac_addresses", "create"),
        ("mac_addresses", "delete"),
        ("primary_macs", "update"),
    }


@share_cluster(also_live=True, **GUESTS)
def test_guests_restored_under_each_others_vmid(case: GuestCase) -> GuestSteps:
    guests = case.cluster.guests
    one = guest(case.cluster, 105, "shop", 5, 1, uuid(105), "pve1")
    two = guest(case.cluster, 106, "blog", 6, 1, uuid(106), "pve1")
    yield APPLY
    one.vmid, two.vmid = 106, 105
    guests[105], guests[106] = two, one
    plan = yield APPLY
    assert differences(plan) == [
        ("virtual_machines", "update", "blog", {"cf.proxmox_vmid": 105}),
        ("virtual_machines", "update", "shop", {"cf.proxmox_vmid": 106}),
    ]
    plan = yield SYNC
    assert plan.rows == ()
    assert case.netbox.one(VMS, name="shop")["custom_fields"]["proxmox_vmid"] == 106


def uuid(vmid: int) -> str:
    return f"11111111-1111-4111-8111-{vmid:012d}"


# -- nodes -----------------------------------------------------------------------------------------


def home(ip: str, vmid: int, name: str) -> ProxmoxState:
    state = ProxmoxState(cluster=None)
    state.add_node("pve", ip=ip)
    state.add_lxc(vmid, node="pve", name=name, config={"net0": "name=eth0,hwaddr=BC:24:11:00:01:01"})
    return state


@pytest.mark.also_live
def test_two_standalone_nodes_called_pve(
    pve: Pipeline, netbox: NetBox, monkeypatch: pytest.MonkeyPatch, basics: Any
) -> None:
    with (
        LabProxmox(home("10.1.0.10", 100, "dns")) as one,
        LabProxmox(home("10.2.0.10", 100, "nas")) as two,
    ):
        monkeypatch.setenv("PROXMOX_TOKEN", one.token_value)
        monkeypatch.setenv("LYON_TOKEN", two.token_value)
        pve.configure(url=one.url, tls={"ca": one.ca_path}, cluster_name="home1")
        home2 = lyon_of(pve, two, cluster_name="home2")
        pve.apply()
        known = netbox.one("dcim/devices", name="pve")
        plan = home2.sync()
        node = row(plan, "devices", "pve")
        assert (node.action, node.reason) == (
            "conflict",
            f"NetBox has the device pve (id {known['id']}) as that of home1 (proxmox_node), and a name alone does not show"
            ' that this node is the same machine. If it is the same, add "home2": "pve" to that field; if not, create its'
            ' device in NetBox under another name, with proxmox_node {"home2": "pve"}',
        )
        assert {(r.resource, r.action, r.key) for r in plan.changes} == {
            ("clusters", "create", "home2"),
            ("virtual_machines", "create", "nas"),
            ("vm_interfaces", "create", "nas net0"),
            ("mac_addresses", "create", "nas net0 BC:24:11:00:01:01"),
            ("primary_macs", "update", "nas net0"),
        }
        assert "device" not in after(row(plan, "virtual_machines", "nas"))
        assert home2.write(plan) == []
        assert [(r.resource, r.key) for r in home2.sync().rows] == [("devices", "pve")]
        assert netbox.one("dcim/devices", name="pve") == known
        assert pve.sync().rows == ()
        # As the row says: a device for it, under another name.
        other = netbox.create(
            "dcim/devices",
            name="pve-home2",
            site=basics["site"]["id"],
            device_type=basics["type"]["id"],
            role=basics["role"]["id"],
            custom_fields={"proxmox_node": {"home2": "pve"}},
        )
        home2.apply()
        assert netbox.one(VMS, name="nas")["device"]["id"] == other["id"]
        # Counters of its type are others: there is one more device.
        assert netbox.one("dcim/devices", id=known["id"])["last_updated"] == known["last_updated"]
        addresses = {
            a["address"]: a["assigned_object"]["device"]["name"] for a in netbox.all("ipam/ip-addresses")
        }
        assert addresses == {"10.1.0.10/24": "pve", "10.2.0.10/24": "pve-home2"}
