"""What the configuration leaves out, and which VRF an address is in: rules on rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    device,
    guest,
    interface,
    mac,
    machine,
    nic,
    paris,
    port,
    shown,
)

HYPERVISOR = ["tap.*", "fw(br|ln|pr).*", "veth.*", "docker0", "br-.*"]


IGNORED: dict[str, Any] = {
    "ignored_interfaces": ["Null0", "tun.*"],
    "ignored_interfaces_by_os": {"proxmox": HYPERVISOR},
    "ignored_addresses": ["172.16.0.0/12", "fd00::/8"],
}


def switches(**endpoint: Any) -> Estate:
    return Estate("librenms", policies=GENEROUS, **endpoint)


SWITCHES = Parts(switches)


def skipped(estate: Estate, resource: str, *names: str) -> dict[str, str]:
    """{key: reason} of what the comparison leaves out of these devices, guests or nodes."""
    return {
        key: reason
        for where, key, reason in estate.left_out()
        if where == resource and key.split(" ")[0] in names
    }


def keys(estate: Estate, resource: str, *names: str) -> list[str]:
    """The keys of the rows about these devices, guests or nodes."""
    return [r.key for r in about(estate.rows(), *names) if r.resource == resource]


def agent(estate: Estate, vmid: int, key: str, host: str, prefixlen: int = 24) -> None:
    estate.add(
        "proxmox.guest_addresses",
        vmid=vmid,
        key=key,
        source="agent",
        canonical=host,
        prefixlen=prefixlen,
        family=6 if ":" in host else 4,
    )


def ports(estate: Estate, number: int, name: str, os: str | None, *names: str) -> None:
    """A device with new ports of these names."""
    device(estate, number, name, os=os)
    estate.add("netbox.devices", id=number, name=name, cf={"librenms_id": {"lib": number}})
    for place, port_name in enumerate(names):
        port(estate, number * 100 + place, port_name, device=number)


@SWITCHES.part
def hypervisor(estate: Estate) -> None:
    ports(estate, 1, "sw1", None, "tap0", "Null0")
    first = ("eno1", "vmbr0", "docker0", "br-1a2b3c4d5e6f", "TAP100i0", "fwbr100i0", "fwln100i0", "fwpr100p0")
    ports(estate, 2, "pve1", "proxmox", *first, "veth201i0", "vethab12cd3")


def test_ports_of_guests_and_containers_on_a_hypervisor() -> None:
    estate = SWITCHES.estate(**IGNORED)
    assert keys(estate, "interfaces", "pve1", "sw1") == ["pve1 eno1", "pve1 vmbr0", "sw1 tap0"]
    assert skipped(estate, "interfaces", "pve1", "sw1") == {
        "pve1 TAP100i0": "ignored_interfaces_by_os names it: tap.*",
        "pve1 br-1a2b3c4d5e6f": "ignored_interfaces_by_os names it: br-.*",
        "pve1 docker0": "ignored_interfaces_by_os names it: docker0",
        **{
            f"pve1 {name}": "ignored_interfaces_by_os names it: fw(br|ln|pr).*"
            for name in ("fwbr100i0", "fwln100i0", "fwpr100p0")
        },
        "pve1 veth201i0": "ignored_interfaces_by_os names it: veth.*",
        "pve1 vethab12cd3": "ignored_interfaces_by_os names it: veth.*",
        "sw1 Null0": "ignored_interfaces names it: Null0",
    }


@SWITCHES.part
def known_interface(estate: Estate) -> None:
    ports(estate, 3, "sw3", None, "tun0")
    interface(estate, 31, "tun0", device=3)


def test_an_interface_that_is_left_out_is_not_gone() -> None:
    found = about(SWITCHES.estate(**IGNORED).rows(), "sw3")
    assert [(r.action, r.reason) for r in found if r.resource == "interfaces"] == [
        ("blocked", "it may be tun0 of sw3, which ignored_interfaces names")
    ]


HOSTS = {4: "172.17.0.5", 5: "fd00::5"}


@SWITCHES.part
def addresses(estate: Estate) -> None:
    for number, host in HOSTS.items():
        ports(estate, number, f"sw{number}", None, "Gi0/1")
        shown(estate, number * 10, host, number * 100, family=6 if ":" in host else 4)
        shown(estate, number * 10 + 1, f"10.0.{number}.5", number * 100)


@pytest.mark.parametrize(("number", "host"), HOSTS.items(), ids=HOSTS.values())
def test_addresses_of_a_network_that_is_left_out(number: int, host: str) -> None:
    estate = SWITCHES.estate(**IGNORED)
    assert keys(estate, "ip_addresses", host, f"10.0.{number}.5") == [f"10.0.{number}.5"]
    network = "fd00::/8" if ":" in host else "172.16.0.0/12"
    assert skipped(estate, "ip_addresses", f"sw{number}") == {
        f"sw{number} Gi0/1 {host}/24": f"ignored_addresses names its network: {network}"
    }


@SWITCHES.part
def hosts_of_guests(estate: Estate) -> None:
    of_guests = ("tap100i0", "fwbr100i0", "fwln100i0", "fwpr100p0", "veth101i0")
    ports(estate, 6, "pve6", "proxmox", "eno1", "vmbr0", *of_guests)
    of_pods = ("docker0", "veth0a1B2c3", "vnet4", "cali0123456789a", "lxc0a1b2c3d4e5f")
    ports(estate, 7, "k8s7", "linux", "eth0", *of_pods)
    ports(estate, 8, "sw8", None, "tap100i0", "vnet4")


def test_ports_of_guests_are_left_out_by_default_on_hosts_and_nowhere_else() -> None:
    assert keys(SWITCHES.estate(), "interfaces", "k8s7", "pve6", "sw8") == [
        "k8s7 docker0",
        "k8s7 eth0",
        "pve6 eno1",
        "pve6 vmbr0",
        "sw8 tap100i0",
        "sw8 vnet4",
    ]
    everything = SWITCHES.estate(ignored_interfaces_by_os={})
    assert "pve6 tap100i0" in keys(everything, "interfaces", "pve6")


# Guests and nodes -------------------------------------------------------------------------------------------------


def clusters(**endpoint: Any) -> Estate:
    found = paris(
        ignored_guests=["test-.*", "9[0-9]{3}"],
        ignored_tags=["NoSync"],
        ignored_pools=["lab"],
        ignored_nodes=["pve9"],
        ignored_interfaces=["eth1", "vmbr9.*"],
        defaults={"site": "paris", "role": "host", "device_type": "R650"},
        mappings={
            "vrfs": {"vmbr10": "lab10", "labzone": "lab11"},
            "tenants": {"web": "Web team", "shop": "shop"},
            "nodes": {"PVE7": "host7"} if endpoint else {},
        },
        **endpoint,
    )
    found.add("netbox.sites", id=1, name="Paris", slug="paris")
    found.add("netbox.device_roles", id=1, name="Host", slug="host")
    found.add("netbox.device_types", id=1, model="R650", slug="r650")
    return found


GUESTS = Parts(clusters)


@GUESTS.part
def ignored_guests(estate: Estate) -> None:
    guest(estate, 101, "erp")
    guest(estate, 102, "test-erp")
    guest(estate, 9001, "template-like")
    guest(estate, 103, "labelled", tags=["nosync"])
    guest(estate, 104, "in-lab", pool="lab")
    guest(estate, 105, "elsewhere", node="pve9")
    machine(estate, 2, "test-erp", 102)


def test_guests_that_are_left_out() -> None:
    names = ("erp", "test-erp", "template-like", "labelled", "in-lab", "elsewhere")
    assert keys(GUESTS.estate(), "virtual_machines", *names) == ["erp"]
    assert skipped(GUESTS.estate(), "virtual_machines", *names) == {
        "test-erp (102)": "ignored_guests names it: test-.*",
        "template-like (9001)": "ignored_guests names it: 9[0-9]{3}",
        "labelled (103)": "ignored_tags names it: nosync",
        "in-lab (104)": "ignored_pools names it: lab",
        "elsewhere (105)": "ignored_nodes names it: pve9",
    }


@GUESTS.part
def ignored_interfaces(estate: Estate) -> None:
    estate.add("proxmox.nodes", node="pve1", online=True)
    for name in ("eno1", "vmbr99"):
        estate.add("proxmox.node_interfaces", node="pve1", iface=name, type="eth", active=True)
    guest(estate, 106, "mail", mac(1), mac(2))
    machine(estate, 6, "mail", 106)
    nic(estate, 61, "eth1", 6)


def test_interfaces_of_guests_and_nodes_that_are_left_out() -> None:
    found = about(GUESTS.estate().rows(), "mail")
    assert [(r.key, r.action) for r in found if r.resource == "vm_interfaces"] == [
        ("mail eth1 (gone)", "blocked"),
        ("mail net0", "create"),
    ]
    assert skipped(GUESTS.estate(), "vm_interfaces", "mail") == {
        "mail net1": "ignored_interfaces names it: eth1"
    }
    assert skipped(GUESTS.estate(), "interfaces", "pve1") == {
        "pve1 vmbr99": "ignored_interfaces names it: vmbr9.*"
    }


@GUESTS.part
def isolated_bridges(estate: Estate) -> None:
    for number, (vmid, bridge) in enumerate(((110, "vmbr10"), (111, "labnet"), (112, "vmbr0"))):
        guest(estate, vmid, f"l{vmid}")
        estate.add("proxmox.guest_interfaces", vmid=vmid, key="net0", position=0, bridge=bridge)
        estate.add("netbox.vrfs", id=number + 1, name=f"lab1{number}")
        agent(estate, vmid, "net0", "192.168.1.10")
    estate.add("proxmox.sdn_vnets", vnet="labnet", zone="labzone")


def test_one_address_per_isolated_bridge() -> None:
    assert {
        r.key: (r.action, r.fields.get("vrf")) for r in GUESTS.estate().rows() if r.resource == "ip_addresses"
    } == {
        "192.168.1.10": ("create", None),
        "192.168.1.10 in lab10": ("create", {"id": 1, "name": "lab10"}),
        "192.168.1.10 in lab11": ("create", {"id": 2, "name": "lab11"}),
    }


@GUESTS.part
def nodes(estate: Estate) -> None:
    for name in ("pve", "pve7"):
        estate.add("proxmox.nodes", node=name, online=True)


@pytest.mark.parametrize(
    ("settings", "node", "name"),
    [
        ({}, "pve", "pve"),
        ({"node_name": "{node}-{endpoint}"}, "pve", "pve-lib"),
        ({"node_name": "{cluster}.{node}"}, "pve", "paris.pve"),
        # By mappings.nodes.
        ({"node_name": "{node}-{endpoint}"}, "pve7", "host7"),
    ],
)
def test_a_nodes_device_has_a_name_of_its_own(settings: dict[str, Any], node: str, name: str) -> None:
    """Several servers are called pve: the installer proposes it."""
    found = GUESTS.estate(**settings).rows()
    (row,) = [r for r in found if (r.resource, r.key) == ("devices", node)]
    assert (row.action, row.fields["name"]) == ("create", name)
    assert row.fields["cf.proxmox_node"] == {"paris": node}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"node_name": "host"}, "needs {node}, and may have {cluster} and {endpoint}"),
        ({"node_name": "{node}{site}"}, "needs {node}, and may have {cluster} and {endpoint}"),
        (
            {"ignored_addresses": ["10.0.0.1/8"]},
            "'10.0.0.1/8' is not a network, such as 172.16.0.0/12 or fd00::/8",
        ),
        ({"ignored_interfaces": ["tap("]}, "'tap(' is not a regular expression"),
        ({"ignored_guests": ["("]}, "'(' is not a regular expression"),
    ],
)
def test_a_wrong_setting_is_told(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="validation error") as error:
        paris(**settings)
    assert sentence in str(error.value)


@GUESTS.part
def tenants(estate: Estate) -> None:
    for number, name in enumerate(("Web team", "Shop"), start=1):
        estate.add("netbox.tenants", id=number, name=name, slug=name.lower().replace(" ", "-"))
    guest(estate, 121, "pooled", pool="WEB")
    guest(estate, 122, "tagged", tags=["shop", "other"])
    guest(estate, 123, "both", pool="web", tags=["shop"])
    guest(estate, 124, "owned", pool="web")
    machine(estate, 24, "owned", 124, tenant_id=2)
    guest(estate, 125, "known-both", pool="web", tags=["shop"])
    machine(estate, 25, "known-both", 125)


def test_the_tenant_of_a_guest_by_its_pool_and_tags() -> None:
    rows = {r.key: r for r in GUESTS.estate().rows() if r.resource == "virtual_machines"}
    assert {key: rows[key].fields.get("tenant") for key in ("pooled", "tagged", "both", "owned")} == {
        "pooled": {"id": 1, "name": "Web team"},
        "tagged": {"id": 2, "name": "Shop"},
        "both": None,
        "owned": None,
    }
    assert "its pool and tags mean different tenants: Web team, shop" in str(rows["both"].reason)
    different = "tenant: its pool and tags mean different tenants: Web team, shop"
    assert different in str(rows["known-both"].reason)
    assert str(rows["owned"].reason).startswith("tenant: NetBox has a value that netbox-sync did not write")
