"""One LibreNMS and one NetBox, both on loopback, both empty but for what every installation has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.docker_story import story
from tests.compare.together import Basics, create_basics, librenms_endpoint
from tests.compare.two_clusters import DELETES, UUID_A, UUID_B, guest, lyon_of
from tests.kept import LabTarget, begun, placed
from tests.real_netbox import real_netbox
from tests.support import ODD_FOLDER, NetBox, Pipeline, proxmox_endpoint

__all__ = ["story"]


@pytest.fixture
def netbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NetBox]:
    """The lab NetBox; a real one in the live half of a test that is marked ``also_live``."""
    if getattr(request, "param", "lab") == "live":
        with real_netbox(empty=True) as real:
            yield real
        return
    server = placed(request, "netbox", lambda port: LabNetBox(port, token="lab-token"))
    try:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        yield LabTarget(server)
    finally:
        server.stop()


@pytest.fixture
def basics(netbox: NetBox) -> Basics:
    """Site Paris, manufacturer, device type, role and a VLAN group of the site."""
    return create_basics(netbox)


@pytest.fixture
def state() -> LibreNMSState:
    return LibreNMSState()


@pytest.fixture
def pipeline(
    request: pytest.FixtureRequest,
    state: LibreNMSState,
    netbox: NetBox,
    basics: Basics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pipeline]:
    server = placed(request, "production", lambda port: LabLibreNMS(state, port, token="lnms-token"))
    try:
        monkeypatch.setenv("LIBRENMS_TOKEN", server.token)
        yield Pipeline(tmp_path / ODD_FOLDER, netbox, librenms_endpoint(server.url))
    finally:
        server.stop()


@pytest.fixture
def device(netbox: NetBox, basics: Basics) -> Callable[..., dict[str, Any]]:
    """Create a NetBox device: ``device("sw1", serial="X1")``."""

    def create(name: str, **content: Any) -> dict[str, Any]:
        defaults = {
            "site": basics["site"]["id"],
            "device_type": basics["type"]["id"],
            "role": basics["role"]["id"],
        }
        return netbox.create("dcim/devices", name=name, **{**defaults, **content})

    return create


@pytest.fixture
def cluster() -> ProxmoxState:
    """The Proxmox cluster paris with two nodes that have no network, and no guests."""
    found = ProxmoxState(cluster="paris")
    found.add_node("pve1", network=[])
    found.add_node("pve2", network=[])
    return found


@pytest.fixture
def proxmox(request: pytest.FixtureRequest, cluster: ProxmoxState) -> Iterator[LabProxmox]:
    server = placed(request, "paris", lambda port: LabProxmox(cluster, port))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def pve(
    proxmox: LabProxmox, netbox: NetBox, basics: Basics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """The cluster against NetBox, as endpoint ``paris-pve``."""
    monkeypatch.setenv("PROXMOX_TOKEN", proxmox.token_value)
    netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
    return Pipeline(tmp_path / ODD_FOLDER, netbox, proxmox_endpoint(proxmox))


@pytest.fixture
def erp(pve: Pipeline, cluster: ProxmoxState) -> Any:
    """Guest 105 erp, in NetBox by us, beside six others; every policy allows deletes."""
    pve.configure(policies=DELETES)

    def make() -> None:
        for vmid in range(106, 112):
            guest(cluster, vmid, f"ct{vmid}", vmid - 50, 1, UUID_B.replace("2222-4", f"{vmid:04d}-4"), "pve1")
        guest(cluster, 105, "erp", 1, 32, UUID_A, "pve1")
        assert pve.apply_all().changes == []

    begun("erp", pve, [cluster], make)
    return cluster.guests[105]


@pytest.fixture
def lyon_state() -> ProxmoxState:
    state = ProxmoxState(cluster="lyon")
    state.add_node("lyon1", network=[], ip="10.98.0.11")
    guest(state, 200, "other", 90, 1, UUID_B, "lyon1")
    return state


@pytest.fixture
def lyon(
    request: pytest.FixtureRequest,
    pve: Pipeline,
    erp: Any,
    cluster: ProxmoxState,
    lyon_state: ProxmoxState,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pipeline]:
    """Cluster lyon beside paris, in NetBox too."""
    server = placed(request, "lyon", lambda port: LabProxmox(lyon_state, port))
    try:
        monkeypatch.setenv("LYON_TOKEN", server.token_value)
        pipeline = lyon_of(pve, server)

        def make() -> None:
            assert pipeline.apply_all().changes == []

        begun("lyon", pipeline, [cluster, lyon_state], make)
        yield pipeline
    finally:
        server.stop()
