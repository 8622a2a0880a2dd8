"""LibreNMS and Proxmox speak of the same things: a node that is polled too, a guest that is monitored too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.proxmox import ProxmoxState
from tests.support import Pipeline, after, row, rows

Worlds = tuple[Pipeline, Pipeline]
# LibreNMS knows a node's hardware, Proxmox its place in the cluster.
ORDER = {"interfaces.type": ["nms", "paris-pve"], "interfaces.mtu": ["paris-pve", "nms"]}


@pytest.fixture
def both(
    pve: Pipeline, cluster: ProxmoxState, state: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Worlds]:
    """``pve`` and a LibreNMS that polls node pve1 and the guest web, in one warehouse and configuration."""
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
    cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "ipconfig0": "ip=10.99.0.50/24"},
    )
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
    with LabLibreNMS(state, token="lnms-token") as server:
        monkeypatch.setenv("LIBRENMS_TOKEN", server.token)
        nms = {
            "name": "nms",
            "kind": "librenms",
            "url": server.url,
            "import_devices": "all",
            "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
        }
        first = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
        home = pve.warehouse.home
        yield (
            Pipeline(home, pve.netbox, first, endpoints=[nms]),
            Pipeline(home, pve.netbox, nms, endpoints=[first]),
        )


def decisions(plan: Plan, resource: str, key: str) -> dict[str, tuple[str, str | None]]:
    """{field: (decision, reason)} of a row."""
    return {f.name: (f.decision, f.reason) for f in row(plan, resource, key).fields}


def decide(worlds: Worlds, **orders: Any) -> None:
    for pipeline in worlds:
        content = pipeline.config.model_dump(mode="json", exclude_unset=True) | orders
        pipeline.config = type(pipeline.config).model_validate(content)


def test_the_node_is_one_device_and_a_disagreement_is_shown(both: Worlds) -> None:
    pve, nms = both
    pve.apply()
    plan = nms.apply_all()
    device = pve.netbox.one("dcim/devices", name="pve1")
    assert (device["serial"], device["cluster"]["name"]) == ("ABC123", "paris")
    assert device["custom_fields"]["librenms_id"] == {"nms": 1}
    assert device["primary_ip4"]["address"] == "10.99.0.11/24"
    said = "sources disagree: paris-pve wrote it; name both in precedence or field_precedence to decide"
    assert [(r.action, r.key) for r in rows(plan, "interfaces")] == [("conflict", "pve1.example.com eno1")]
    assert decisions(plan, "interfaces", "pve1.example.com eno1") == {
        "type": ("conflict", said),
        "mtu": ("conflict", said),
    }
    # What LibreNMS wrote never differs for Proxmox, on any run.
    assert pve.sync().rows == ()
    assert nms.sync().changes == []


def test_precedence_decides_each_field(both: Worlds) -> None:
    pve, nms = both
    decide(both, field_precedence=ORDER)
    pve.apply()
    plan = nms.sync()
    assert after(row(plan, "interfaces", "pve1.example.com eno1")) == {
        "type": "1000base-t",
        "speed": 1000000,
        "description": "uplink",
        "cf.librenms_id": {"nms": 1},
    }
    plan = nms.apply_all()
    assert decisions(plan, "interfaces", "pve1.example.com eno1") == {
        "mtu": ("drifted", "sources disagree: paris-pve wrote it and has precedence")
    }
    assert pve.sync().changes == []
    eno1 = pve.netbox.one("dcim/interfaces", name="eno1")
    assert (eno1["type"]["value"], eno1["mtu"]) == ("1000base-t", 9000)


def test_the_order_for_all_fields_gives_way_to_a_fields_own(both: Worlds) -> None:
    pve, nms = both
    decide(both, precedence=["nms", "paris-pve"], field_precedence={"interfaces.mtu": ["paris-pve", "nms"]})
    pve.apply()
    nms.apply()
    eno1 = pve.netbox.one("dcim/interfaces", name="eno1")
    assert (eno1["type"]["value"], eno1["mtu"]) == ("1000base-t", 9000)


def test_a_guest_that_librenms_monitors_is_no_new_device(both: Worlds, state: LibreNMSState) -> None:
    pve, nms = both
    pve.apply()
    by_name = state.add_device("web.example.com", os="linux", location="Paris", ip="10.99.0.77")
    by_address = state.add_device("10.99.0.50", sysName="front", os="linux", location="Paris")
    by_address["ip"] = "10.99.0.50"
    for device in (by_name, by_address):
        state.add_ipv4(state.add_port(device, "ens18"), "10.99.0.50", 24)
    plan = nms.sync()
    assert {r.key: (r.action, r.reason) for r in rows(plan, "devices") if r.action != "update"} == {
        "web.example.com": (
            "conflict",
            "NetBox has the name for a virtual machine: web; policies.virtual_machines: update syncs it as that machine",
        ),
        "front": (
            "conflict",
            "NetBox has the address 10.99.0.50 for a virtual machine: web; policies.virtual_machines: update syncs it as that machine",
        ),
    }
    assert rows(plan, "ip_addresses") == []
    nms.apply()
    address = pve.netbox.one("ipam/ip-addresses", address="10.99.0.50/24")
    assert address["assigned_object"]["virtual_machine"]["name"] == "web"
    assert pve.sync().rows == ()


def test_an_address_of_a_guest_on_another_device_is_a_conflict(both: Worlds, state: LibreNMSState) -> None:
    """O1, O3."""
    pve, nms = both
    pve.apply()
    router = state.add_device("gw1", os="ios", location="Paris", ip="10.99.0.1")
    state.add_ipv4(state.add_port(router, "Gi0/1"), "10.99.0.50", 24)
    for _ in range(2):
        found = row(nms.sync(), "ip_addresses", "10.99.0.50")
        assert (found.action, found.reason) == ("conflict", "assigned elsewhere: NetBox has it on web net0")
    nms.apply()
    assert pve.sync().rows == ()


def test_an_order_names_fields_and_endpoints_that_exist(both: Worlds) -> None:
    with pytest.raises(ValueError, match=r"'interface.type' is not resource.field"):
        decide(both, field_precedence={"interface.type": ["nms"]})
    with pytest.raises(ValueError, match=r"field_precedence.interfaces.type names unknown endpoints: lab"):
        decide(both, field_precedence={"interfaces.type": ["lab"]})
