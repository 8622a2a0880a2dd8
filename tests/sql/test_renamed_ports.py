"""Ports of nodes that got another name (eno1 is nic0 after pve-network-interface-pinning): a question, no second port."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, address, interface, paris

SAID = "it may be {}, which NetBox has in its place and the source no longer shows: if it is, rename that one in NetBox"


def node() -> Estate:
    estate = paris(
        policies={**GENEROUS, "create": ["interfaces", "ip_addresses"], "owns": ["interfaces.name"]}
    )
    estate.add("proxmox.nodes", node="pve1", online=True)
    estate.add("netbox.devices", id=5, name="pve1", cluster_id=1, cf={"proxmox_node": {"paris": "pve1"}})
    return estate


def shows(estate: Estate, name: str, kind: str = "eth", **content: Any) -> None:
    """An interface of the node's configuration."""
    estate.add(
        "proxmox.node_interfaces",
        **{
            **{"node": "pve1", "iface": name, "type": kind, "active": True, "autostart": True},
            **{"method": "manual", "ports": []},
            **content,
        },
    )


def found(estate: Estate) -> list[tuple[str, str, int | None, str | None]]:
    rows = [row for row in estate.rows() if row.resource in ("interfaces", "ip_addresses")]
    return sorted((row.key, row.action, row.netbox_id, row.reason) for row in rows)


def pinned() -> Estate:
    """nic0 is in the bridge in which NetBox has eno1, with a cable."""
    estate = node()
    shows(estate, "nic0")
    shows(estate, "vmbr0", "bridge", ports=["nic0"])
    interface(estate, 30, "vmbr0", 5, type="bridge")
    interface(estate, 31, "eno1", 5, bridge_id=30, cable_id=9)
    return estate


def test_a_port_in_the_bridge_of_one_that_is_gone_is_a_question() -> None:
    estate = pinned()
    assert found(estate) == [("pve1 nic0", "conflict", 31, SAID.format("eno1"))]
    question = estate.questions()["interfaces", "pve1 nic0", ""][1]
    estate.answer("interfaces", "pve1 nic0", "pick", question, netbox_id=31)
    assert [
        (r.key, r.action, r.netbox_id, r.fields) for r in estate.rows() if r.resource == "interfaces"
    ] == [("pve1 nic0", "update", 31, {"name": "nic0"})]


def test_ports_of_a_lag_and_a_port_with_an_address() -> None:
    estate = node()
    for name in ("nic0", "nic1"):
        shows(estate, name)
    shows(estate, "bond0", "bond", ports=["nic0", "nic1"])
    shows(estate, "nic2", method="static", cidr="10.9.0.1/24")
    interface(estate, 30, "bond0", 5, type="lag")
    interface(estate, 31, "eno1", 5, lag_id=30)
    interface(estate, 32, "eno2", 5, lag_id=30)
    interface(estate, 33, "eno3", 5)
    address(estate, 40, "10.9.0.1", 33)
    assert [row for row in found(estate) if row[1] != "blocked"] == [
        ("pve1 nic0", "conflict", 31, SAID.format("eno1, eno2")),
        ("pve1 nic1", "conflict", 31, SAID.format("eno1, eno2")),
        ("pve1 nic2", "conflict", 33, SAID.format("eno3")),
    ]


def test_a_port_beside_one_that_is_still_there_is_new() -> None:
    estate = pinned()
    shows(estate, "eno1")
    assert [(key, action) for key, action, _, _ in found(estate)] == [
        ("pve1 eno1", "update"),
        ("pve1 nic0", "create"),
    ]


def test_a_port_that_is_another_one_is_created_on_an_answer() -> None:
    estate = pinned()
    estate.ours("dcim/interfaces", 31)
    question = estate.questions()["interfaces", "pve1 nic0", ""][1]
    estate.answer("interfaces", "pve1 nic0", "create", question)
    assert found(estate) == [
        ("pve1 eno1", "blocked", 31, "not in Proxmox, but a cable depends on it"),
        ("pve1 nic0", "create", None, None),
    ]


def test_a_port_of_a_device_of_tables() -> None:
    estate = Estate("tables", policies={**GENEROUS, "create": ["interfaces"]})
    estate.add("tables.devices", id="m1", name="srv1")
    estate.add("tables.interfaces", device="m1", name="bond0", type="lag")
    estate.add("tables.interfaces", device="m1", name="ens1", type="1000base-t", lag="bond0")
    estate.add("netbox.devices", id=1, name="srv1", cf={"tables_device": {"lib": "m1"}})
    interface(estate, 30, "bond0", type="lag")
    interface(estate, 31, "eth0", lag_id=30)
    assert [row for row in found(estate) if row[1] == "conflict"] == [
        ("srv1 ens1", "conflict", 31, SAID.format("eth0"))
    ]
