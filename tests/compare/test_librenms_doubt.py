"""Two things of one side that could be the same thing of the other: shown as conflicts, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import NetBox, Pipeline, after, row, rows

Device = Callable[..., dict[str, Any]]


def test_two_netbox_interfaces_with_one_port_id(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device
) -> None:
    """Even where one of them has the port's name: the ids came from somewhere."""
    switch = state.add_device("sw1", hardware="C9300-48P")
    port = state.add_port(switch, "Gi0/1", ifAlias="uplink")
    state.add_port(switch, "Gi0/2", ifAlias="server")
    pipeline.apply()
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
    plan = pipeline.sync()
    assert {(r.key, r.action, r.reason) for r in rows(plan, "interfaces") if r.netbox_id != stray["id"]} == {
        (
            "sw1 Gi0/1",
            "conflict",
            "several NetBox interfaces of this device could be it: Gi0/1 (id, description, name), old uplink (id)",
        ),
        ("sw1 Gi0/2", "update", None),
    }
    assert after(row(plan, "interfaces", "sw1 Gi0/2")) == {"mtu": 9000}


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("Gi1/0/1", "GigabitEthernet1/0/1"),
        ("Te1/1/1", "TenGigabitEthernet1/1/1"),
        ("Te0/0/0/1", "TenGigE0/0/0/1"),
        ("Twe1/0/1", "TwentyFiveGigE1/0/1"),
        ("Fo1/1/1", "FortyGigabitEthernet1/1/1"),
        ("Hu1/0/49", "HundredGigE1/0/49"),
        ("Eth1/1", "Ethernet1/1"),
        ("Po1", "Port-channel1"),
        ("Lo0", "Loopback0"),
        ("Vl10", "Vlan10"),
    ],
)
@together()
def test_a_port_under_its_long_name_is_no_second_interface(case: Case, short: str, long: str) -> Steps:
    """Whichever side has which; a name that only looks alike is another port."""
    switch = case.state.add_device("sw1", hardware="C9300-48P")
    other = case.state.add_device("sw2", hardware="C9300-48P")
    case.state.add_port(switch, short)
    case.state.add_port(other, long)
    case.state.add_port(other, f"{long}1")
    for name, known in (("sw1", long), ("sw2", short)):
        case.netbox.create("dcim/interfaces", device=case.device(name)["id"], name=known, type="1000base-t")
    plan = yield
    found = {r.key: (r.action, "name" in after(r)) for r in rows(plan, "interfaces")}
    assert found == {
        f"sw1 {short}": ("update", False),
        f"sw2 {long}": ("update", False),
        f"sw2 {long}1": ("create", True),
    }
