"""The demo's two Proxmox VE clusters: deterministic, and in step with the network around them."""

import re
from collections import Counter

import pytest
from proxmoxer import ProxmoxAPI

from netbox_sync_lab.estate import build_librenms, build_proxmox
from netbox_sync_lab.proxmox import Guest, LabProxmox, ProxmoxState


@pytest.fixture(scope="module")
def clusters() -> list[ProxmoxState]:
    return build_proxmox()


def every_guest(clusters: list[ProxmoxState]) -> list[Guest]:
    return [guest for state in clusters for guest in state.guests.values()]


def test_it_is_the_same_every_time(clusters: list[ProxmoxState]) -> None:
    for first, second in zip(clusters, build_proxmox(), strict=True):
        assert first.guests == second.guests
        assert first.nodes == second.nodes
        assert first.storages == second.storages


def test_its_size(clusters: list[ProxmoxState]) -> None:
    assert [(s.cluster, s.version, list(s.nodes), len(s.guests)) for s in clusters] == [
        ("paris", "9.1.4", ["par-pve1", "par-pve2", "par-pve3"], 38),
        ("lyon", "8.4.1", ["lyo-pve1", "lyo-pve2"], 22),
    ]
    assert Counter(g.kind for g in every_guest(clusters)) == {"qemu": 45, "lxc": 15}


def test_guests_that_need_a_second_thought(clusters: list[ProxmoxState]) -> None:
    paris = clusters[0].guests
    assert [v for v, g in paris.items() if g.name == "gateway"] == [100, 120]
    assert [v for v, g in paris.items() if not g.name] == [125, 159]
    assert [v for v, g in paris.items() if g.template] == [9000, 9001]
    assert [v for v, g in paris.items() if g.status == "paused"] == [115]
    assert [v for v, g in paris.items() if g.status == "stopped"] == [116, 9000, 9001, 159]
    assert [v for v, g in paris.items() if g.kind == "qemu" and not g.agent_configured] == [117, 9000, 9001]
    assert [v for v, g in paris.items() if g.agent_configured and g.agent == "not running"] == [118, 121]
    assert len(paris[110].agent) == 36
    assert 101 in paris and 101 in clusters[1].guests


def test_no_mac_address_twice(clusters: list[ProxmoxState]) -> None:
    configured = Counter(
        mac.upper()
        for guest in every_guest(clusters)
        for value in guest.config.values()
        for mac in re.findall(r"bc:24:11(?::[0-9a-f]{2}){3}", str(value), re.IGNORECASE)
    )
    assert max(configured.values()) == 1


def test_nodes_and_guest_vlans_are_known_to_the_network(clusters: list[ProxmoxState]) -> None:
    network = build_librenms()
    addresses = {r["ipv4_address"] for r in network.ipv4_addresses}
    for state in clusters:
        assert {n.ip for n in state.nodes.values()} <= addresses
        assert set(state.nodes) <= {d["sysName"] for d in network.devices}
    for state, prefix in zip(clusters, ("par-core", "lyo-core"), strict=True):
        cores = {d["device_id"] for d in network.devices if str(d["sysName"]).startswith(prefix)}
        known = {v["vlan_vlan"] for v in network.vlans if v["device_id"] in cores}
        tags = {
            int(tag)
            for guest in state.guests.values()
            for value in guest.config.values()
            for tag in re.findall(r",tag=(\d+)", str(value))
        }
        assert tags <= known


def test_it_is_served(clusters: list[ProxmoxState]) -> None:
    with LabProxmox(clusters[0]) as server:
        pve = ProxmoxAPI(
            server.host,
            port=server.port,
            user=server.user,
            token_name=server.token_name,
            token_value=server.token_value,
            verify_ssl=server.ca_path,
        )
        assert len(pve.cluster.resources.get(type="vm")) == 38
        for vmid, guest in clusters[0].guests.items():
            assert "net0" in pve.nodes(guest.node)(guest.kind)(vmid).config.get()
        assert len(pve.nodes("par-pve1").storage("pbs").content.get(content="backup")) == 36
