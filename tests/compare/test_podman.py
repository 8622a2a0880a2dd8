"""A Podman host, read through its Docker API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.docker import LabDocker, PodmanState
from tests.kept import placed
from tests.support import NetBox, Pipeline


@pytest.fixture(params=[False, True], ids=["6", "5"])
def host(request: pytest.FixtureRequest) -> PodmanState:
    """Host seal with a container in the default network, a pod of two, and two containers without a network of Podman."""
    state = PodmanState("seal", old=request.param)
    state.add_network("front", "172.30.0.0/24", subnet6="2001:db8:30::/64")
    state.add("web", memory=268_435_456)
    pod = state.add_pod("shop", "front")
    state.add("shop-db", network_mode=f"container:{pod.id}")
    state.add("rootless", "pasta", network_mode="pasta")
    state.add("old", "slirp4netns", network_mode="slirp4netns", state="exited")
    return state


@pytest.fixture
def podman(
    request: pytest.FixtureRequest, host: PodmanState, netbox: NetBox, basics: Any, tmp_path: Path
) -> Iterator[Pipeline]:
    server = placed(request, "seal", lambda port: LabDocker(host, port=port))
    netbox.create("virtualization/cluster-types", name="Docker", slug="docker")
    endpoint = {"name": "seal", "kind": "docker", "url": server.url, "defaults": {"site": "paris"}}
    try:
        yield Pipeline(tmp_path / "data", netbox, endpoint)
    finally:
        server.stop()


def test_a_podman_host(podman: Pipeline, host: PodmanState, netbox: NetBox) -> None:
    assert podman.apply_all().rows == ()
    found = {vm["name"]: vm for vm in netbox.all("virtualization/virtual-machines")}
    assert {name: (vm["status"]["value"], vm["description"]) for name, vm in found.items()} == {
        "old": ("offline", "nginx:1.27"),
        "rootless": ("active", "nginx:1.27"),
        "shop-db": ("active", "nginx:1.27"),
        "shop-infra": ("active", ""),
        "web": ("active", "nginx:1.27"),
    }
    addresses = {
        (one["assigned_object"]["virtual_machine"]["name"], one["assigned_object"]["name"], one["address"])
        for one in netbox.all("ipam/ip-addresses")
    }
    assert addresses == {
        ("shop-infra", "front", "172.30.0.2/24"),
        ("shop-infra", "front", "2001:db8:30::2/64"),
        ("web", "podman", "10.88.0.2/16"),
    }
    assert [row for row in podman.left_out() if row[0] == "vm_interfaces"] == [
        ("vm_interfaces", "old slirp4netns", USERS.format("slirp4netns")),
        ("vm_interfaces", "rootless pasta", USERS.format("pasta")),
        (
            "vm_interfaces",
            f"shop-db container:{host.containers['shop-infra'].id}",
            "it uses the interfaces of another container",
        ),
    ]
    assert podman.apply_all().rows == ()


USERS = "its network ({}) is only its user's, and has no address of its container"


def test_addresses_of_bridges_are_known_by_their_networks(podman: Pipeline) -> None:
    podman.configure(bridge_addresses=False)
    podman.sync()
    assert [row[1:] for row in podman.left_out() if row[0] == "ip_addresses"] == [
        (place, f"network {network} is a bridge of this host; bridge_addresses is off")
        for place, network in (
            ("shop-infra front 172.30.0.2/24", "front"),
            ("shop-infra front 2001:db8:30::2/64", "front"),
            ("web podman 10.88.0.2/16", "podman"),
        )
    ]
