"""Two things of one side that could be the same thing of the other: shown as conflicts, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netbox_sync_dagster.lab.librenms import LibreNMSState
from tests.support import NetBox, World, after, row, rows

Device = Callable[..., dict[str, Any]]


def test_two_netbox_interfaces_with_one_port_id(
    world: World, state: LibreNMSState, netbox: NetBox, device: Device
) -> None:
    """Even where one of them has the port's name: the ids came from somewhere."""
    switch = state.add_device("sw1", hardware="C9300-48P")
    port = state.add_port(switch, "Gi0/1", ifAlias="uplink")
    state.add_port(switch, "Gi0/2", ifAlias="server")
    world.apply_all()
    known = netbox.one("dcim/devices", name="sw1")
    stray = netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="old uplink",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": port["port_id"]}},
    )
    for found in (port, state.port(switch, "Gi0/2")):
        found["ifMtu"] = 9000
    plan = world.sync()
    assert {(r.key, r.action, r.reason) for r in rows(plan, "interfaces") if r.netbox_id != stray["id"]} == {
        ("sw1 Gi0/1", "conflict", "2 NetBox interfaces of this device could be it"),
        ("sw1 Gi0/2", "update", None),
    }
    assert after(row(plan, "interfaces", "sw1 Gi0/2")) == {"mtu": 9000}
