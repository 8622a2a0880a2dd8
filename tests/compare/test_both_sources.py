"""LibreNMS and Proxmox speak of the same things: a node that is polled too, a guest that is monitored too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Config
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.proxmox import ProxmoxState
from tests.compare.guests import proxmox_lab
from tests.compare.stages import of
from tests.compare.together import librenms_endpoint
from tests.support import Pipeline, after, row, rows

Worlds = tuple[Pipeline, Pipeline]
# LibreNMS knows a node's hardware, Proxmox its place in the cluster.
ORDER = {"interfaces.type": ["nms", "paris-pve"], "interfaces.mtu": ["paris-pve", "nms"]}


@contextmanager
def two_sources(**orders: Any) -> Iterator[tuple[Worlds, LibreNMSState]]:
    """The cluster paris and a LibreNMS that polls its node pve1, in one warehouse and configuration; what Proxmox shows is in
    NetBox. Proxmox has the guests web and mail. ``orders``: of the configuration."""
    state = LibreNMSState()
    with (
        proxmox_lab({}) as (cluster, _, pve, _),
        LabLibreNMS(state, token="lnms-token") as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("LIBRENMS_TOKEN", server.token)
        _fill(cluster, state)
        nms = {**librenms_endpoint(server.url), "name": "nms"}
        first = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
        home = pve.warehouse.home
        worlds = (
            Pipeline(home, pve.netbox, first, endpoints=[nms]),
            Pipeline(home, pve.netbox, nms, endpoints=[first]),
        )
        decide(worlds, **orders)
        worlds[0].apply()
        yield worlds, state


def _fill(cluster: ProxmoxState, state: LibreNMSState) -> None:
    cluster.nodes["pve1"].network = [
        {"iface": "eno1", "type": "eth", "active": 1, "autostart": 1, "mtu": 9000},
        {
            "iface": "vmbr0",
            "type": "bridge",
            "active": 1,
            "bridge_ports": "eno1",
            "cidr": "10.99.0.11/24",
            "address": "10.99.0.11",
            "netmask": "24",
        },
    ]
    for vmid, name, host in ((101, "web", "10.99.0.50"), (102, "mail", "10.99.0.51")):
        card = f"virtio=BC:24:11:00:00:{vmid - 100:02d},bridge=vmbr0"
        config = {"net0": card, "ipconfig0": f"ip={host}/24"}
        cluster.add_qemu(vmid, node="pve1", name=name, config=config)
    node = state.add_device(
        "pve1.example.com",
        os="proxmox",
        hardware="R650",
        serial="ABC123",
        location="Paris",
        ip="10.99.0.11",
    )
    state.add_port(node, "eno1", ifAlias="uplink", ifMtu=1500, ifPhysAddress="a0369f000001")
    bridge = state.add_port(node, "vmbr0", ifType="bridge", ifMtu=1500)
    state.add_ipv4(bridge, "10.99.0.11", 24)


def decisions(plan: Plan, resource: str, key: str) -> dict[str, tuple[str, str | None]]:
    """{field: (decision, reason)} of a row."""
    return {f.name: (f.decision, f.reason) for f in row(plan, resource, key).fields}


def decide(worlds: Worlds, **orders: Any) -> None:
    for pipeline in worlds:
        content = pipeline.config.model_dump(mode="json", exclude_unset=True) | orders
        pipeline.config = type(pipeline.config).model_validate(content)


# -- without an order -------------------------------------------------------------------------------------


@dataclass
class Story:
    """``held``: NetBox's device of the node and address of the guest web after LibreNMS was applied."""

    nms: Plan
    refused: list[str]
    held: tuple[dict[str, Any], dict[str, Any]]
    nms_then: Plan
    pve_then: Plan
    nms_again: Plan


@pytest.fixture(scope="module")
def story() -> Story:
    with two_sources() as ((pve, nms), state):
        guests_that_librenms_monitors(state)
        router_with_the_address_of_a_guest(state)
        plan = nms.sync()
        refused = nms.write(plan)
        held = (
            pve.netbox.one("dcim/devices", name="pve1"),
            pve.netbox.one("ipam/ip-addresses", address="10.99.0.50/24"),
        )
        return Story(plan, refused, held, nms.sync(), pve.sync(), nms.sync())


def test_the_node_is_one_device_and_a_disagreement_is_shown(story: Story) -> None:
    device, _ = story.held
    assert story.refused == []
    assert (device["serial"], device["cluster"]["name"]) == ("ABC123", "paris")
    assert device["custom_fields"]["librenms_id"] == {"nms": 1}
    assert device["primary_ip4"]["address"] == "10.99.0.11/24"
    plan = of(story.nms_then, "pve1.example.com")
    said = "sources disagree: paris-pve wrote it; name both in precedence or field_precedence to decide"
    assert [(r.action, r.key) for r in rows(plan, "interfaces")] == [("conflict", "pve1.example.com eno1")]
    # Proxmox shows no type: `other` was made up, and gave way.
    assert decisions(plan, "interfaces", "pve1.example.com eno1") == {
        "mtu": ("conflict", said),
    }
    # What LibreNMS wrote never differs for Proxmox, on any run.
    assert story.pve_then.rows == ()
    assert story.nms_again.changes == []


def guests_that_librenms_monitors(state: LibreNMSState) -> None:
    by_name = state.add_device("web.example.com", os="linux", location="Paris", ip="10.99.0.77")
    by_address = state.add_device("10.99.0.50", sysName="front", os="linux", location="Paris")
    by_address["ip"] = "10.99.0.50"
    for device in (by_name, by_address):
        state.add_ipv4(state.add_port(device, "ens18"), "10.99.0.50", 24)


def test_a_guest_that_librenms_monitors_is_no_new_device(story: Story) -> None:
    monitored = of(story.nms, "web.example.com", "front")
    assert {r.key: (r.action, r.reason) for r in rows(monitored, "devices")} == {
        "web.example.com": (
            "conflict",
            "NetBox has the name for a virtual machine: web; policies.virtual_machines: update syncs it as that machine",
        ),
        "front": (
            "conflict",
            "NetBox has the address 10.99.0.50 for a virtual machine: web; policies.virtual_machines: update syncs it as that machine",
        ),
    }
    assert [r.key for r in rows(story.nms, "ip_addresses")] == ["10.99.0.51"]
    _, address = story.held
    assert address["assigned_object"]["virtual_machine"]["name"] == "web"
    assert story.pve_then.rows == ()


def router_with_the_address_of_a_guest(state: LibreNMSState) -> None:
    router = state.add_device("gw1", os="ios", location="Paris", ip="10.99.0.1")
    state.add_ipv4(state.add_port(router, "Gi0/1"), "10.99.0.51", 24)


def test_an_address_of_a_guest_on_another_device_is_a_conflict(story: Story) -> None:
    """O1, O3."""
    for plan in (story.nms, story.nms_then):
        found = row(plan, "ip_addresses", "10.99.0.51")
        assert (found.action, found.reason) == ("conflict", "assigned elsewhere: NetBox has it on mail net0")
    assert story.pve_then.rows == ()


# -- with an order ----------------------------------------------------------------------------------------


@dataclass
class Decided:
    """Under ORDER, and ``for_all``: the first plan under an order for all fields."""

    for_all: Plan
    nms: Plan
    refused: list[str]
    nms_then: Plan
    pve_then: Plan
    eno1: dict[str, Any]


@pytest.fixture(scope="module")
def decided() -> Decided:
    with two_sources(field_precedence=ORDER) as (worlds, _):
        pve, nms = worlds
        nms.snapshot()
        only_mtu = {"interfaces.mtu": ["paris-pve", "nms"]}
        decide(worlds, precedence=["nms", "paris-pve"], field_precedence=only_mtu)
        nms._read_netbox()
        for_all = nms.again()
        decide(worlds, precedence=[], field_precedence=ORDER)
        plan = nms.again()
        refused = nms.write(plan)
        return Decided(
            for_all, plan, refused, nms.sync(), pve.sync(), pve.netbox.one("dcim/interfaces", name="eno1")
        )


WRITTEN = {
    "type": "1000base-t",
    "speed": 1000000,
    "description": "uplink",
    "cf.librenms_id": {"nms": 1},
}


def test_precedence_decides_each_field(decided: Decided) -> None:
    assert after(row(decided.nms, "interfaces", "pve1.example.com eno1")) == WRITTEN
    assert decided.refused == []
    assert decisions(decided.nms_then, "interfaces", "pve1.example.com eno1") == {
        "mtu": ("drifted", "sources disagree: paris-pve wrote it and has precedence")
    }
    assert decided.pve_then.changes == []
    assert (decided.eno1["type"]["value"], decided.eno1["mtu"]) == ("1000base-t", 9000)


def test_the_order_for_all_fields_gives_way_to_a_fields_own(decided: Decided) -> None:
    assert after(row(decided.for_all, "interfaces", "pve1.example.com eno1")) == WRITTEN


def test_an_order_names_fields_and_endpoints_that_exist() -> None:
    one = {"name": "nms", "kind": "librenms", "url": "https://127.0.0.1:2", "token_env": "NMS"}
    content = {"netbox": {"url": "https://127.0.0.1:1"}, "endpoints": [one]}
    with pytest.raises(ValueError, match="there is no resource 'interface'; did you mean 'interfaces'"):
        Config.model_validate({**content, "field_precedence": {"interface.type": ["nms"]}})
    with pytest.raises(ValueError, match=r"field_precedence.interfaces.type names unknown endpoints: lab"):
        Config.model_validate({**content, "field_precedence": {"interfaces.type": ["lab"]}})
