"""Addresses that stand in several places by intent: anycast, and those that move between their holders."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import NetBox, Pipeline, after, row, rows


@pytest.fixture
def pair(state: LibreNMSState, netbox: NetBox, device: Any) -> list[dict[str, Any]]:
    """10.0.0.7 on lo0 of sw1 and of sw2 in LibreNMS; NetBox has both interfaces, which are returned."""
    found = []
    for name in ("sw1", "sw2"):
        state.add_ipv4(state.add_port(state.add_device(name, hardware="C9300-48P"), "lo0"), "10.0.0.7", 32)
        known = device(name)
        found.append(netbox.create("dcim/interfaces", device=known["id"], name="lo0", type="virtual"))
    return found


def on(interface: dict[str, Any] | None) -> dict[str, Any]:
    if interface is None:
        return {}
    return {"assigned_object_type": "dcim.interface", "assigned_object_id": interface["id"]}


def told(plan: Any) -> list[tuple[str, str, str | None]]:
    return [(r.key, r.action, r.reason) for r in rows(plan, "ip_addresses")]


def test_every_place_of_an_anycast_address_has_its_own_object(
    pipeline: Pipeline, netbox: NetBox, pair: list[dict[str, Any]]
) -> None:
    """NetBox says that it is anycast; without that the same two places are a conflict."""
    first = netbox.create("ipam/ip-addresses", address="10.0.0.7/32", **on(pair[0]))
    duplicate = "duplicate in source: sw1 lo0, sw2 lo0"
    assert told(pipeline.sync()) == [
        ("10.0.0.7 on sw1 lo0", "conflict", duplicate),
        ("10.0.0.7 on sw2 lo0", "conflict", duplicate),
    ]
    netbox.edit("ipam/ip-addresses", first["id"], role="anycast")
    plan = pipeline.apply()
    assert told(plan) == [("10.0.0.7 on sw2 lo0", "create", None)]
    created = after(row(plan, "ip_addresses", "10.0.0.7 on sw2 lo0"))
    assert created == {
        "address": "10.0.0.7/32",
        "status": "active",
        "role": "anycast",
        "assigned_object": {"id": pair[1]["id"], "name": "sw2 lo0", "type": "dcim.interface"},
    }
    assert told(pipeline.sync()) == []
    assert [
        (a["role"]["value"], a["assigned_object"]["device"]["name"])
        for a in netbox.all("ipam/ip-addresses", address="10.0.0.7")
    ] == [("anycast", "sw1"), ("anycast", "sw2")]


@pytest.mark.parametrize("role", ["vip", "vrrp", "hsrp", "glbp", "carp"])
@together(policies={"move_addresses": True, "stale_addresses": "delete"})
def test_an_address_that_moves_stays_where_netbox_has_it(case: Case, role: str) -> Steps:
    """Whoever holds it now shows it; with move_addresses it does not wander to and fro either. No row of the diff says so:
    it is skipped, with that reason."""
    address = f"10.0.{case.number}.7"
    for name in ("sw1", "sw2"):
        case.state.add_ipv4(*case.switch(name, "lo0"), address, 32)
    first, _ = (case.known(name, "lo0", type="virtual") for name in ("sw1", "sw2"))
    case.netbox.create("ipam/ip-addresses", address=f"{address}/32", role=role, **on(first))
    moving = "NetBox has it on sw1 lo0 as an address that moves between its holders"
    plan = yield
    assert told(plan) == []
    assert ("ip_addresses", f"sw2 lo0 {address}/32", moving) in case.left_out()
