"""Ports that leave a LAG, a bridge or a parent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, interface, paris, port


def linux(**held: Any) -> Estate:
    """sw1 with br0 over eth1 and eth2, and eth3; NetBox has ``held`` of eth3."""
    estate = Estate("librenms")
    device(estate, 1, "sw1", os="linux")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}})
    estate.add("librenms.system", local_ver="26.2.0")
    for number, name, kind in ((1, "br0", "bridge"), (2, "eth1", "1000base-t"), (3, "eth3", "1000base-t")):
        port(estate, number, name)
        content = {"bridge_id": 11 if number == 2 else None, **(held if number == 3 else {})}
        interface(estate, 10 + number, name, **{"port": number, "type": kind, **content})
    stacked(estate, 2, 1)
    return estate


def stacked(estate: Estate, high: int, low: int | None) -> None:
    estate.add("librenms.port_stack", device_id=1, high_port_id=high, low_port_id=low, ifStackStatus="active")


def changes(estate: Estate) -> list[tuple[str, int | None, dict[str, Any]]]:
    return [(r.action, r.netbox_id, r.fields) for r in estate.rows() if r.resource == "interfaces"]


def test_a_port_that_left_its_bridge() -> None:
    assert changes(linux(bridge_id=11)) == [("update", 13, {"bridge": None})]


def test_a_bridge_without_members_in_librenms_proves_nothing() -> None:
    estate = linux(bridge_id=14)
    interface(estate, 14, "br1", type="bridge", port=4)
    port(estate, 4, "br1")
    assert changes(estate) == []


def test_a_bridge_with_an_unknown_member_keeps_its_ports() -> None:
    estate = linux(bridge_id=11)
    stacked(estate, 1, None)
    assert changes(estate) == []


def test_a_bridge_stays_where_port_stack_was_not_read() -> None:
    estate = linux(bridge_id=11)
    estate.add("librenms.scopes", scope="port_stack", scope_id="1", complete=False, reason="HTTP 500")
    assert changes(estate) == []


def test_a_parent_goes_if_this_source_gave_it() -> None:
    estate = linux(parent_id=12, type="virtual")
    assert changes(estate) == []
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type="dcim/interfaces",
        netbox_id=13,
        field="parent",
        value='{"id":12,"name":"eth1"}',
    )
    assert changes(estate) == [("update", 13, {"parent": None})]


def node(*interfaces: tuple[str, str, list[str]], **held: Any) -> Estate:
    """Node pve1 with these interfaces (name, type, ports); NetBox has ``held`` of eno1."""
    estate = paris(policies={})
    estate.add("proxmox.nodes", node="pve1", online=True)
    estate.add("netbox.devices", id=1, name="pve1", cf={"proxmox_node": {"paris": "pve1"}}, cluster_id=1)
    for number, (name, kind, ports) in enumerate(interfaces, 11):
        estate.add("proxmox.node_interfaces", node="pve1", iface=name, type=kind, ports=ports, active=True)
        held_type = {"eth": "other", "bond": "lag"}.get(kind, kind)
        interface(estate, number, name, **{"type": held_type, **(held if number == 11 else {})})
    return estate


@pytest.mark.parametrize(("field", "kind"), [("lag", "bond"), ("bridge", "bridge")])
def test_proxmox_shows_all_members(field: str, kind: str) -> None:
    estate = node(("eno1", "eth", []), ("one", kind, []), **{f"{field}_id": 12})
    assert changes(estate) == [("update", 11, {field: None})]


def test_a_port_in_two_bridges_of_a_node_is_a_conflict() -> None:
    estate = node(
        ("eno1", "eth", []), ("vmbr0", "bridge", ["eno1"]), ("vmbr1", "bridge", ["eno1"]), bridge_id=12
    )
    assert [(r.action, r.reason) for r in estate.rows() if r.resource == "interfaces"] == [
        ("conflict", "bridge: Proxmox shows it in several bridges: vmbr0 and vmbr1")
    ]
