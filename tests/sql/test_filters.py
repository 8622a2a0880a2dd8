"""What the configuration leaves out, and which VRF an address is in: rules on rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, guest, interface, machine, nic, paris, port, shown, switch

HYPERVISOR = ["tap.*", "fw(br|ln|pr).*", "veth.*", "docker0", "br-.*"]


def skipped(estate: Estate, resource: str) -> dict[str, str]:
    """{key: reason} of what the comparison leaves out."""
    return {key: reason for where, key, reason in estate.left_out() if where == resource}


def keys(estate: Estate, resource: str) -> list[str]:
    return [r.key for r in estate.rows() if r.resource == resource]


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


def test_ports_of_guests_and_containers_on_a_hypervisor() -> None:
    estate = switch(ignored_interfaces=["Null0"], ignored_interfaces_by_os={"proxmox": HYPERVISOR})
    device(estate, 2, "pve1", os="proxmox")
    for number, name in enumerate(
        (
            *(
                "eno1",
                "vmbr0",
                "docker0",
                "br-1a2b3c4d5e6f",
                "TAP100i0",
                "fwbr100i0",
                "fwln100i0",
                "fwpr100p0",
            ),
            *("veth201i0", "vethab12cd3"),
        ),
        20,
    ):
        port(estate, number, name, device=2)
    port(estate, 10, "tap0")
    port(estate, 11, "Null0")
    estate.add("netbox.devices", id=2, name="pve1", cf={"librenms_id": {"lib": 2}})
    assert keys(estate, "interfaces") == ["pve1 eno1", "pve1 vmbr0", "sw1 tap0"]
    assert skipped(estate, "interfaces") == {
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


def test_an_interface_that_is_left_out_is_not_gone() -> None:
    estate = switch(ignored_interfaces=["tap.*"])
    port(estate, 10, "tap0")
    interface(estate, 11, "tap0")
    assert [(r.action, r.reason) for r in estate.rows() if r.resource == "interfaces"] == [
        ("blocked", "it may be tap0 of sw1, which ignored_interfaces names")
    ]


@pytest.mark.parametrize("host", ["172.17.0.5", "fd00::5"])
def test_addresses_of_a_network_that_is_left_out(host: str) -> None:
    estate = switch(ignored_addresses=["172.16.0.0/12", "fd00::/8"])
    port(estate, 10, "Gi0/1")
    shown(estate, 1, host, 10, family=6 if ":" in host else 4)
    shown(estate, 2, "10.0.0.5", 10)
    assert keys(estate, "ip_addresses") == ["10.0.0.5"]
    network = "fd00::/8" if ":" in host else "172.16.0.0/12"
    assert skipped(estate, "ip_addresses") == {
        f"sw1 Gi0/1 {host}/24": f"ignored_addresses names its network: {network}"
    }


def test_guests_that_are_left_out() -> None:
    estate = paris(
        ignored_guests=["test-.*", "9[0-9]{3}"],
        ignored_tags=["NoSync"],
        ignored_pools=["lab"],
        ignored_nodes=["pve9"],
    )
    guest(estate, 101, "erp")
    guest(estate, 102, "test-erp")
    guest(estate, 9001, "template-like")
    guest(estate, 103, "tagged", tags=["nosync"])
    guest(estate, 104, "pooled", pool="lab")
    guest(estate, 105, "elsewhere", node="pve9")
    machine(estate, 2, "test-erp", 102)
    assert keys(estate, "virtual_machines") == ["erp"]
    assert skipped(estate, "virtual_machines") == {
        "test-erp (102)": "ignored_guests names it: test-.*",
        "template-like (9001)": "ignored_guests names it: 9[0-9]{3}",
        "tagged (103)": "ignored_tags names it: nosync",
        "pooled (104)": "ignored_pools names it: lab",
        "elsewhere (105)": "ignored_nodes names it: pve9",
    }


def test_interfaces_of_guests_and_nodes_that_are_left_out() -> None:
    estate = paris(ignored_interfaces=["eth1", "vmbr9.*"])
    estate.add("proxmox.nodes", node="pve1", online=True)
    for name in ("eno1", "vmbr99"):
        estate.add("proxmox.node_interfaces", node="pve1", iface=name, type="eth", active=True)
    guest(estate, 101, "erp", "BC:24:11:00:00:01", "BC:24:11:00:00:02")
    machine(estate, 1, "erp", 101)
    nic(estate, 11, "eth1", 1)
    rows = estate.rows()
    assert [(r.key, r.action) for r in rows if r.resource == "vm_interfaces"] == [
        ("erp eth1 (gone)", "blocked"),
        ("erp net0", "create"),
    ]
    assert skipped(estate, "vm_interfaces") == {"erp net1": "ignored_interfaces names it: eth1"}
    assert skipped(estate, "interfaces") == {"pve1 vmbr99": "ignored_interfaces names it: vmbr9.*"}


def test_one_address_per_isolated_bridge() -> None:
    estate = paris(mappings={"vrfs": {"vmbr10": "lab10", "labzone": "lab11"}})
    for number, (vmid, bridge) in enumerate(((110, "vmbr10"), (111, "labnet"), (112, "vmbr0"))):
        guest(estate, vmid, f"l{vmid}")
        estate.add("proxmox.guest_interfaces", vmid=vmid, key="net0", position=0, bridge=bridge)
        estate.add("netbox.vrfs", id=number + 1, name=f"lab1{number}")
        agent(estate, vmid, "net0", "192.168.1.10")
    estate.add("proxmox.sdn_vnets", vnet="labnet", zone="labzone")
    assert {
        r.key: (r.action, r.fields.get("vrf")) for r in estate.rows() if r.resource == "ip_addresses"
    } == {
        "192.168.1.10": ("create", None),
        "192.168.1.10 in lab10": ("create", {"id": 1, "name": "lab10"}),
        "192.168.1.10 in lab11": ("create", {"id": 2, "name": "lab11"}),
    }


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "pve"),
        ({"node_name": "{node}-{endpoint}"}, "pve-lib"),
        ({"node_name": "{cluster}.{node}"}, "paris.pve"),
        ({"node_name": "{node}-{endpoint}", "mappings": {"nodes": {"PVE": "host7"}}}, "host7"),
    ],
)
def test_a_nodes_device_has_a_name_of_its_own(settings: dict[str, Any], name: str) -> None:
    """Several servers are called pve: the installer proposes it."""
    estate = paris(**settings, defaults={"site": "paris", "role": "host", "device_type": "R650"})
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.device_roles", id=1, name="Host", slug="host")
    estate.add("netbox.device_types", id=1, model="R650", slug="r650")
    estate.add("proxmox.nodes", node="pve", online=True)
    (row,) = [r for r in estate.rows() if r.resource == "devices"]
    assert (row.action, row.key, row.fields["name"]) == ("create", "pve", name)
    assert row.fields["cf.proxmox_node"] == {"paris": "pve"}


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


def test_the_tenant_of_a_guest_by_its_pool_and_tags() -> None:
    estate = paris(mappings={"tenants": {"web": "Web team", "shop": "shop"}})
    for number, name in enumerate(("Web team", "Shop"), start=1):
        estate.add("netbox.tenants", id=number, name=name, slug=name.lower().replace(" ", "-"))
    guest(estate, 101, "pooled", pool="WEB")
    guest(estate, 102, "tagged", tags=["shop", "other"])
    guest(estate, 103, "both", pool="web", tags=["shop"])
    guest(estate, 104, "owned", pool="web")
    machine(estate, 4, "owned", 104, tenant_id=2)
    rows = {r.key: r for r in estate.rows() if r.resource == "virtual_machines"}
    assert {key: row.fields.get("tenant") for key, row in rows.items()} == {
        "pooled": {"id": 1, "name": "Web team"},
        "tagged": {"id": 2, "name": "Shop"},
        "both": None,
        "owned": None,
    }
    assert "its pool and tags mean different tenants: Web team, shop" in str(rows["both"].reason)
    machine(estate, 3, "both", 103)
    (both,) = (r for r in estate.rows() if (r.resource, r.key) == ("virtual_machines", "both"))
    assert "tenant: its pool and tags mean different tenants: Web team, shop" in str(both.reason)
    assert str(rows["owned"].reason).startswith("tenant: NetBox has a value that netbox-sync did not write")


def test_ports_of_guests_are_left_out_by_default_on_hosts_and_nowhere_else() -> None:
    estate = switch()
    device(estate, 2, "pve1", os="proxmox")
    device(estate, 3, "k8s1", os="linux")
    for number, name in ((2, "pve1"), (3, "k8s1")):
        estate.add("netbox.devices", id=number, name=name, cf={"librenms_id": {"lib": number}})
    ports = {
        2: ("eno1", "vmbr0", "tap100i0", "fwbr100i0", "fwln100i0", "fwpr100p0", "veth101i0"),
        3: ("eth0", "docker0", "veth0a1B2c3", "vnet4", "cali0123456789a", "lxc0a1b2c3d4e5f"),
        1: ("tap100i0", "vnet4"),
    }
    number = 20
    for owner, names in ports.items():
        for name in names:
            port(estate, number, name, device=owner)
            number += 1
    assert keys(estate, "interfaces") == [
        "k8s1 docker0",
        "k8s1 eth0",
        "pve1 eno1",
        "pve1 vmbr0",
        "sw1 tap100i0",
        "sw1 vnet4",
    ]
    estate = switch(ignored_interfaces_by_os={})
    device(estate, 2, "pve1", os="proxmox")
    estate.add("netbox.devices", id=2, name="pve1", cf={"librenms_id": {"lib": 2}})
    port(estate, 20, "tap100i0", device=2)
    assert keys(estate, "interfaces") == ["pve1 tap100i0"]
