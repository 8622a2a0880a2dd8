"""Addresses that stand in several places by intent: anycast, and those that move between their holders."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compare.together import Case, Steps, together
from tests.support import after, row, rows

POLICIES: dict[str, Any] = {"policies": {"move_addresses": True, "stale_addresses": "delete"}}
WRITE: dict[str, Any] = {"write": True}


def on(interface: dict[str, Any] | None) -> dict[str, Any]:
    if interface is None:
        return {}
    return {"assigned_object_type": "dcim.interface", "assigned_object_id": interface["id"]}


def told(plan: Any) -> list[tuple[str, str, str | None]]:
    return [(r.key, r.action, r.reason) for r in rows(plan, "ip_addresses")]


def pair(case: Case, address: str, **content: Any) -> list[dict[str, Any]]:
    """The address is on lo0 of sw1 and of sw2 in LibreNMS; NetBox has both interfaces, which are returned, and the address
    on the first."""
    for name in ("sw1", "sw2"):
        case.state.add_ipv4(*case.switch(name, "lo0"), address, 32)
    found = [case.known(name, "lo0", type="virtual") for name in ("sw1", "sw2")]
    case.netbox.create("ipam/ip-addresses", address=f"{address}/32", **on(found[0]), **content)
    return found


@together(**POLICIES)
def test_an_address_in_two_places_is_a_conflict(case: Case) -> Steps:
    pair(case, "10.1.0.6")
    duplicate = "duplicate in source: sw1 lo0, sw2 lo0"
    plan = yield WRITE
    assert told(plan) == [
        ("10.1.0.6 on sw1 lo0", "conflict", duplicate),
        ("10.1.0.6 on sw2 lo0", "conflict", duplicate),
    ]


@together(**POLICIES)
def test_every_place_of_an_anycast_address_has_its_own_object(case: Case) -> Steps:
    """Where NetBox says that it is anycast."""
    _, second = pair(case, "10.1.0.7", role="anycast")
    plan = yield WRITE
    assert told(plan) == [("10.1.0.7 on sw2 lo0", "create", None)]
    created = after(row(plan, "ip_addresses", "10.1.0.7 on sw2 lo0"))
    assert created == {
        "address": "10.1.0.7/32",
        "status": "active",
        "role": "anycast",
        "assigned_object": {"id": second["id"], "name": "sw2 lo0", "type": "dcim.interface"},
    }
    plan = yield
    assert told(plan) == []
    assert [
        (a["role"]["value"], a["assigned_object"]["device"]["name"])
        for a in case.netbox.all("ipam/ip-addresses", address="10.1.0.7")
    ] == [("anycast", case.named("sw1")), ("anycast", case.named("sw2"))]


@pytest.mark.parametrize("role", ["vip", "vrrp", "hsrp", "glbp", "carp"])
@together(**POLICIES)
def test_an_address_that_moves_stays_where_netbox_has_it(case: Case, role: str) -> Steps:
    """Whoever holds it now shows it; with move_addresses it does not wander to and fro either. No row of the diff says so:
    it is skipped, with that reason."""
    address = f"10.0.{case.number}.7"
    pair(case, address, role=role)
    moving = "NetBox has it on sw1 lo0 as an address that moves between its holders"
    plan = yield WRITE
    assert told(plan) == []
    assert ("ip_addresses", f"sw2 lo0 {address}/32", moving) in case.left_out()
