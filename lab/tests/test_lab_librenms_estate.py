"""The demo's network in LibreNMS is deterministic and holds the oddities it is made for."""

from collections import Counter

import httpx
import pytest

from netbox_sync_lab.estate import build_librenms
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState

TABLES = (
    "devices",
    "ports",
    "ipv4_addresses",
    "ipv6_addresses",
    "vlans",
    "ports_vlans",
    "links",
    "inventory",
)


@pytest.fixture(scope="module")
def state() -> LibreNMSState:
    return build_librenms()


def names(state: LibreNMSState, **wanted: object) -> list[str]:
    return [d["hostname"] for d in state.devices if all(d[k] == v for k, v in wanted.items())]


def test_it_is_the_same_every_time(state: LibreNMSState) -> None:
    again = build_librenms()
    assert [getattr(state, t) for t in TABLES] == [getattr(again, t) for t in TABLES]


def test_its_size(state: LibreNMSState) -> None:
    assert len(state.devices) == 30
    assert len(state.ports) == 1002
    assert Counter(d["os"] for d in state.devices) == {
        "iosxe": 5,
        "proxmox": 5,
        "ios": 4,
        "junos": 4,
        "arubaos-cx": 3,
        "routeros": 3,
        "nxos": 2,
        "fortigate": 2,
        "arista_eos": 2,
    }


def test_devices_that_need_a_second_thought(state: LibreNMSState) -> None:
    assert names(state, disabled=1) == ["fra-old1.example.net"]
    assert names(state, ignore=1) == ["nce-lab1.example.net"]
    assert names(state, status=0, disabled=0) == ["lyo-acc3.example.net"]
    assert names(state, serial="N/A") == ["par-oob1.example.net", "nce-sw1.example.net"]


def test_a_stack_of_three_of_two_models(state: LibreNMSState) -> None:
    stack = state.device("par-acc-stack1.example.net")
    assert stack
    members = [
        (r["entPhysicalParentRelPos"], r["entPhysicalModelName"], r["entPhysicalSerialNum"])
        for r in state.inventory
        if r["device_id"] == stack["device_id"] and r["entPhysicalClass"] == "chassis"
    ]
    assert members == [
        (0, "C9300-48P", "FOC2301STK1"),
        (1, "C9300-48P", "FOC2301STK2"),
        (2, "C9300-24P", "FOC2301STK3"),
    ]
    for name in ("Gi1/0/48", "Gi2/0/1", "Gi3/0/24"):
        assert state.port(stack, name)["ifVlan"] in ("50", "60")


def test_every_link_has_two_ends_except_the_unknown_neighbour(state: LibreNMSState) -> None:
    ends = {(link["local_port_id"], link["remote_port_id"]) for link in state.links}
    one_way = [link for link in state.links if (link["remote_port_id"], link["local_port_id"]) not in ends]
    assert [link["remote_hostname"] for link in one_way] == ["pe3.provider.example"]
    assert max(Counter(link["local_port_id"] for link in state.links).values()) == 1


def test_oddities_of_ports_vlans_and_addresses(state: LibreNMSState) -> None:
    assert [len(p["ifName"]) for p in state.ports if len(p["ifName"]) > 64] == [76]
    assert {"Étage 2 – salle de réunion", "Büro Müller", "会議室"} <= {p["ifAlias"] for p in state.ports}
    addresses = Counter(r["ipv4_address"] for r in state.ipv4_addresses)
    assert [a for a, n in addresses.items() if n > 1] == ["10.10.10.77"]
    paris = {d["device_id"] for d in state.devices if str(d["sysName"]).startswith("par-")}
    assert {v["vlan_name"] for v in state.vlans if v["vlan_vlan"] == 60 and v["device_id"] in paris} == {
        "GUEST",
        "GUESTS",
    }
    assert [v["vlan_name"] for v in state.vlans if v["vlan_vlan"] > 4094] == ["internal-vxlan"]
    untagged = Counter(r["port_id"] for r in state.ports_vlans if r["untagged"])
    assert [n for n in untagged.values() if n > 1] == [2]
    lags = [p["ifName"] for p in state.ports if p["ifType"] == "ieee8023adLag"]
    assert lags[:3] == ["port-channel1", "port-channel1", "Po1"]


def test_it_is_served(state: LibreNMSState) -> None:
    with LabLibreNMS(state) as server:
        headers = {"X-Auth-Token": server.token}
        devices = httpx.get(f"{server.url}/api/v0/devices", headers=headers).json()
        node = httpx.get(f"{server.url}/api/v0/devices?type=os&query=proxmox", headers=headers).json()
    assert devices["count"] == 30
    assert [d["sysName"] for d in node["devices"]] == [
        "lyo-pve1",
        "lyo-pve2",
        "par-pve1",
        "par-pve2",
        "par-pve3",
    ]
