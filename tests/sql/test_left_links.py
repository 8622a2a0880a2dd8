"""Ports that leave a LAG, a bridge or a parent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import Parts, about, device, interface, paris, port

HOSTS = Parts(lambda: Estate("librenms"))


def linux(estate: Estate, number: int, **held: Any) -> None:
    """sw<number> with br0 over eth1 and eth2, and eth3; NetBox has ``held`` of eth3. The ids of br0, eth1 and eth3 are
    <number>1, 2 and 3."""
    device(estate, number, f"sw{number}", os="linux")
    estate.add("netbox.devices", id=number, name=f"sw{number}", cf={"librenms_id": {"lib": number}})
    first = number * 10
    for place, name, kind in ((1, "br0", "bridge"), (2, "eth1", "1000base-t"), (3, "eth3", "1000base-t")):
        port(estate, first + place, name, device=number)
        content = {"bridge_id": first + 1 if place == 2 else None, **(held if place == 3 else {})}
        columns = {"port": first + place, "type": kind, **content}
        interface(estate, first + place, name, device=number, **columns)
    stacked(estate, number, 2, 1)


def stacked(estate: Estate, number: int, high: int, low: int | None) -> None:
    """LibreNMS shows the port ``low`` of sw<number> under ``high``; None is a port that it does not name."""
    estate.add(
        "librenms.port_stack",
        **{"device_id": number, "high_port_id": number * 10 + high, "ifStackStatus": "active"},
        low_port_id=None if low is None else number * 10 + low,
    )


def changes(name: str, parts: Parts = HOSTS) -> list[tuple[str, int | None, dict[str, Any]]]:
    found = about(parts.estate().rows(), name)
    return [(r.action, r.netbox_id, r.fields) for r in found if r.resource == "interfaces"]


@HOSTS.part
def bridges(estate: Estate) -> None:
    """eth3 has left br0 in LibreNMS; br1 of sw2 has no members there, br0 of sw3 an unknown one, and of sw4 they were not
    read."""
    estate.add("librenms.system", local_ver="26.2.0")
    linux(estate, 1, bridge_id=11)
    linux(estate, 2, bridge_id=24)
    interface(estate, 24, "br1", device=2, type="bridge", port=24)
    port(estate, 24, "br1", device=2)
    linux(estate, 3, bridge_id=31)
    stacked(estate, 3, 1, None)
    linux(estate, 4, bridge_id=41)
    estate.add("librenms.scopes", scope="port_stack", scope_id="4", complete=False, reason="HTTP 500")


def test_a_port_that_left_its_bridge() -> None:
    assert changes("sw1") == [("update", 13, {"bridge": None})]


def test_a_bridge_without_members_in_librenms_proves_nothing() -> None:
    assert changes("sw2") == []


def test_a_bridge_with_an_unknown_member_keeps_its_ports() -> None:
    assert changes("sw3") == []


def test_a_bridge_stays_where_port_stack_was_not_read() -> None:
    assert changes("sw4") == []


@HOSTS.part
def parents(estate: Estate) -> None:
    """We wrote that of eth3 of sw6."""
    for number in (5, 6):
        linux(estate, number, parent_id=number * 10 + 2, type="virtual")
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type="dcim/interfaces",
        netbox_id=63,
        field="parent",
        value='{"id":62,"name":"eth1"}',
    )


def test_a_parent_goes_if_this_source_gave_it() -> None:
    assert changes("sw5") == []
    assert changes("sw6") == [("update", 63, {"parent": None})]


NODES = Parts(lambda: paris(policies={}))


def node(estate: Estate, number: int, *interfaces: tuple[str, str, list[str]], **held: Any) -> None:
    """Node pve<number> with these interfaces (name, type, ports), from the id <number>1 on; NetBox has ``held`` of eno1."""
    name = f"pve{number}"
    estate.add("proxmox.nodes", node=name, online=True)
    estate.add("netbox.devices", id=number, name=name, cf={"proxmox_node": {"paris": name}}, cluster_id=1)
    for place, (iface, kind, ports) in enumerate(interfaces, 1):
        estate.add("proxmox.node_interfaces", node=name, iface=iface, type=kind, ports=ports, active=True)
        held_type = {"eth": "other", "bond": "lag"}.get(kind, kind)
        columns = {"type": held_type, **(held if place == 1 else {})}
        interface(estate, number * 10 + place, iface, device=number, **columns)


@NODES.part
def members(estate: Estate) -> None:
    node(estate, 1, ("eno1", "eth", []), ("one", "bond", []), lag_id=12)
    node(estate, 2, ("eno1", "eth", []), ("one", "bridge", []), bridge_id=22)
    both = (("vmbr0", "bridge", ["eno1"]), ("vmbr1", "bridge", ["eno1"]))
    node(estate, 3, ("eno1", "eth", []), *both, bridge_id=32)


@pytest.mark.parametrize(("field", "number"), [("lag", 1), ("bridge", 2)])
def test_proxmox_shows_all_members(field: str, number: int) -> None:
    assert changes(f"pve{number}", NODES) == [("update", number * 10 + 1, {field: None})]


def test_a_port_in_two_bridges_of_a_node_is_a_conflict() -> None:
    found = about(NODES.estate().rows(), "pve3")
    assert [(r.action, r.reason) for r in found if r.resource == "interfaces"] == [
        ("conflict", "bridge: Proxmox shows it in several bridges: vmbr0 and vmbr1")
    ]
