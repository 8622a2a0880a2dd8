"""LAGs, bridges and parents from LibreNMS's port_stack and from names: rules on rows."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, interface, port, switch
from tests.sql.source_rows import SourceRows


def source(
    os: str, *ports: tuple[int, str, str | None], **stacks: list[tuple[int | None, int | None]]
) -> SourceRows:
    """Device sw1 of that os with ports (id, name, ifType); ``stack`` are pairs of port_stack."""
    rows = SourceRows("librenms", shows_lag_members=True, ignored_ports=False, interface_name_field="ifName")
    add(rows, 1, os, list(ports), stacks.get("stack", []))
    rows.desired("port_roles", "port_links", "interfaces")
    return rows


def add(
    rows: SourceRows,
    device: int,
    os: str,
    ports: list[tuple[int, str, str | None]],
    stack: list[tuple[int | None, int | None]],
) -> None:
    rows.put("librenms.devices", device_id=device, hostname=f"sw{device}", os=os)
    rows.put("desired.devices", key=f"sw{device}", source_id=str(device), names=[f"sw{device}"])
    for number, name, kind in ports:
        rows.put(
            "librenms.ports",
            port_id=number,
            device_id=device,
            ifName=name,
            ifDescr=name,
            ifType=kind,
            ifSpeed=10**9,
        )
    for high, low in stack:
        rows.put(
            "librenms.port_stack",
            device_id=device,
            high_port_id=high,
            low_port_id=low,
            ifStackStatus="active",
        )


def types(rows: SourceRows, device: int = 1) -> dict[str, str]:
    query = f"SELECT name, natural_type FROM desired.interfaces WHERE device = 'sw{device}'"
    return dict(rows.rows(query))


def links(rows: SourceRows, device: int = 1) -> dict[str, tuple[Any, Any, Any]]:
    """{interface: (lag, parent, bridge)} of those that have one."""
    query = f"SELECT name, lag, parent_interface, bridge FROM desired.interfaces WHERE device = 'sw{device}'"
    return {
        name: tuple(key and key.removeprefix(f"sw{device} ") for key in keys)
        for name, *keys in rows.rows(query)
        if any(keys)
    }


BOTH_WAYS = pytest.mark.parametrize("turned", [False, True], ids=["member first", "member last"])


def turn(pairs: list[tuple[Any, Any]], turned: bool) -> list[tuple[Any, Any]]:
    return [(low, high) for high, low in pairs] if turned else pairs


LAGS: list[tuple[str, str, str | None]] = [
    ("ios", "Po1", "propVirtual"),
    ("ios", "Port-channel1", "propVirtual"),
    ("iosxe", "Po1", "propVirtual"),
    ("nxos", "port-channel10", "propVirtual"),
    ("ftd", "Port-channel1", "propVirtual"),
    ("iosxr", "Bundle-Ether1", "ieee8023adLag"),
    ("iosxr", "BE1", "other"),
    ("vrp", "Eth-Trunk1", "propVirtual"),
    ("comware", "Bridge-Aggregation1", "other"),
    ("comware", "Route-Aggregation25", "ieee8023adLag"),
    ("timos", "lag-1", "ieee8023adLag"),
    ("arubaos-cx", "lag1", "ieee8023adLag"),
    ("junos", "ae3", None),
    ("panos", "ae5", "ieee8023adLag"),
    ("procurve", "Trk1", "propMultiplexor"),
    ("slxos", "Port-channel 1", "other"),
    ("awplus", "po1", "other"),
    ("ruijie", "Ag1", "propVirtual"),
    ("linux", "bond0", "ethernetCsmacd"),
    ("proxmox", "bond0", "ethernetCsmacd"),
    ("qnap", "bond1", "ethernetCsmacd"),
    ("opnsense", "lagg0", "other"),
    ("aos6", "Uplink 7", "ieee8023adLag"),
]


@cache
def with_lags(turned: bool) -> SourceRows:
    """A switch per line of LAGS (sw1, sw2 ...), two of its three other ports in the LAG."""
    rows = SourceRows("librenms", shows_lag_members=True, ignored_ports=False, interface_name_field="ifName")
    for owner, (os, lag, kind) in enumerate(LAGS, 1):
        first = 10 * owner
        ports = [(first + number, f"Gi1/0/{number}", "ethernetCsmacd") for number in (1, 2, 3)]
        stack = turn([(first + 1, first), (first + 2, first)], turned)
        add(rows, owner, os, [(first, lag, kind), *ports], stack)
    rows.desired("port_roles", "port_links", "interfaces")
    return rows


@BOTH_WAYS
@pytest.mark.parametrize(
    "device", range(1, len(LAGS) + 1), ids=lambda device: " ".join(map(str, LAGS[device - 1]))
)
def test_the_ports_of_a_lag_are_its_members(device: int, turned: bool) -> None:
    rows, lag = with_lags(turned), LAGS[device - 1][1]
    assert types(rows, device)[lag] == "lag"
    assert links(rows, device) == {"Gi1/0/1": (lag, None, None), "Gi1/0/2": (lag, None, None)}


ALONE = [
    ("ios", "Vl100", "propVirtual", "virtual"),
    ("ios", "StackPort1", "propVirtual", "virtual"),
    ("linux", "ae0", "ethernetCsmacd", "1000base-t"),
    ("linux", "be0", "ethernetCsmacd", "1000base-t"),
    ("ios", "Po1.100", "propVirtual", "virtual"),
    ("linux", "vmbr0", "ethernetCsmacd", "bridge"),
    ("linux", "docker0", "ethernetCsmacd", "bridge"),
    ("linux", "br-1a2b3c4d5e6f", "ethernetCsmacd", "bridge"),
    ("cumulus", "br_default", "bridge", "bridge"),
    ("linux", "eth0", "ethernetCsmacd", "1000base-t"),
    ("timos", "to_bng-a", "ipForward", "virtual"),
    # No port is called port1.0, so this is a physical port.
    ("awplus", "port1.0.1", "ethernetCsmacd", "1000base-t"),
]


@cache
def alone() -> SourceRows:
    """A switch per line of ALONE (sw1, sw2 ...), with that port."""
    rows = SourceRows("librenms", shows_lag_members=True, ignored_ports=False, interface_name_field="ifName")
    for owner, (os, name, kind, _) in enumerate(ALONE, 1):
        add(rows, owner, os, [(owner, name, kind)], [])
    rows.desired("port_roles", "port_links", "interfaces")
    return rows


@pytest.mark.parametrize(
    "device", range(1, len(ALONE) + 1), ids=lambda device: " ".join(ALONE[device - 1][:2])
)
def test_the_type_of_a_port_that_stands_alone(device: int) -> None:
    _, name, _, expected = ALONE[device - 1]
    assert types(alone(), device) == {name: expected}


def test_a_unit_of_a_lag_is_virtual_whatever_its_ifType() -> None:
    rows = source("panos", (1, "ae5", "ieee8023adLag"), (2, "ae5.10", "ieee8023adLag"), stack=[(1, 2)])
    assert types(rows) == {"ae5": "lag", "ae5.10": "virtual"}
    assert links(rows) == {"ae5.10": (None, "ae5", None)}


@BOTH_WAYS
def test_a_unit_in_a_lag_means_its_port(turned: bool) -> None:
    rows = source(
        "junos",
        (1, "ae3", "ieee8023adLag"),
        (2, "xe-0/0/0", "ethernetCsmacd"),
        (3, "xe-0/0/0.0", "propVirtual"),
        (4, "ae3.0", "propVirtual"),
        stack=turn([(1, 3), (2, 3), (1, 4)], turned),
    )
    assert links(rows) == {
        "xe-0/0/0": ("ae3", None, None),
        "xe-0/0/0.0": (None, "xe-0/0/0", None),
        "ae3.0": (None, "ae3", None),
    }


def test_units_of_a_lag_and_of_its_ports() -> None:
    rows = source(
        "junos",
        (1, "ae3", "ieee8023adLag"),
        (2, "ae3.0", "propVirtual"),
        (3, "xe-0/0/0", "ethernetCsmacd"),
        (4, "xe-0/0/0.0", "propVirtual"),
        stack=[(2, 4), (1, 2), (3, 4)],
    )
    assert links(rows) == {
        "ae3.0": (None, "ae3", None),
        "xe-0/0/0": ("ae3", None, None),
        "xe-0/0/0.0": (None, "xe-0/0/0", None),
    }


def test_a_vlan_that_a_lag_carries_is_neither_member_nor_child() -> None:
    rows = source(
        "dnos",
        (1, "Port-channel 1", "ieee8023adLag"),
        (2, "Vlan 100", "l2vlan"),
        (3, "Vlan 99", "l3ipvlan"),
        stack=[(1, 2), (1, 3)],
    )
    assert links(rows) == {}


@BOTH_WAYS
def test_members_of_linux_bridges(turned: bool) -> None:
    rows = source(
        "proxmox",
        (1, "vmbr0", "ethernetCsmacd"),
        (2, "bond0", "ethernetCsmacd"),
        (3, "eno1", "ethernetCsmacd"),
        (4, "eno2", "ethernetCsmacd"),
        (5, "vmbr51", "ethernetCsmacd"),
        (6, "eno2.51", "l2vlan"),
        (7, "vmbr0.10", "l2vlan"),
        (8, "tap100i0", "ethernetCsmacd"),
        stack=turn([(2, 1), (3, 2), (6, 5), (4, 6), (1, 7), (8, 1)], turned),
    )
    assert links(rows) == {
        "bond0": (None, None, "vmbr0"),
        "eno1": ("bond0", None, None),
        "eno2.51": (None, "eno2", "vmbr51"),
        "vmbr0.10": (None, "vmbr0", None),
        "tap100i0": (None, None, "vmbr0"),
    }


@BOTH_WAYS
@pytest.mark.parametrize(
    ("os", "child", "kind", "base"),
    [
        ("fortigate", "Printers", "l2vlan", "wan2"),
        ("timos", "to_bng-a", "ipForward", "1/1/1"),
        ("linux", "lan", "l2vlan", "eth0"),
    ],
)
def test_a_vlan_interface_lies_on_the_one_port_below_it(
    os: str, child: str, kind: str, base: str, turned: bool
) -> None:
    rows = source(os, (1, base, "ethernetCsmacd"), (2, child, kind), stack=turn([(1, 2)], turned))
    assert links(rows) == {child: (None, base, None)}


def test_a_vlan_interface_of_a_switch_does_not_lie_on_its_only_port() -> None:
    rows = source("edgecos", (1, "Port6", "ethernetCsmacd"), (2, "VLAN251", "l2vlan"), stack=[(1, 2)])
    assert links(rows) == {}


def test_what_port_stack_leaves_open_is_listed_with_the_cause() -> None:
    rows = source(
        "linux",
        (1, "bond0", "ethernetCsmacd"),
        (2, "bond1", "ethernetCsmacd"),
        (3, "br0", "ethernetCsmacd"),
        (4, "lan", "l2vlan"),
        (5, "eth0", "ethernetCsmacd"),
        (6, "eth1", "ethernetCsmacd"),
        (7, "dmz", "l2vlan"),
        stack=[(1, 2), (3, 4), (5, 7), (7, 6), (1, None)],
    )
    rows.desired("skipped")
    assert sorted(rows.rows("SELECT key, reason FROM desired.skipped")) == [
        ("sw1", "LibreNMS does not list a port that it stacks with bond0"),
        ("sw1", "LibreNMS shows no member of 2 of its LAGs: bond0, bond1"),
        (
            "sw1 bond1",
            "LibreNMS stacks bond0 and bond1, and does not show which of them is a member of the other",
        ),
        ("sw1 br0", "LibreNMS stacks br0 and lan, and does not show which of them is a member of the other"),
        ("sw1 port 7", "LibreNMS shows dmz on several ports: eth0 and eth1"),
    ]
    assert links(rows) == {}


def stacked(estate: Estate, high: int, low: int) -> None:
    estate.add("librenms.port_stack", device_id=1, high_port_id=high, low_port_id=low, ifStackStatus="active")


def test_a_port_in_two_lags_or_bridges_is_a_conflict_of_that_field() -> None:
    estate = switch()
    for number, name in ((1, "Po1"), (2, "Po2"), (3, "Gi0/1"), (4, "br0"), (5, "br1"), (6, "eth1")):
        port(estate, number, name)
        kind = {"P": "lag", "b": "bridge"}.get(name[0], "1000base-t")
        interface(estate, 10 + number, name, port=number, type=kind)
    for lag in (1, 2):
        stacked(estate, 3, lag)
    for bridge in (4, 5):
        stacked(estate, 6, bridge)
    assert [(r.key, r.action, r.reason, r.fields) for r in estate.rows() if r.resource == "interfaces"] == [
        ("sw1 Gi0/1", "conflict", "lag: LibreNMS shows it in several LAGs: sw1 Po1 and sw1 Po2", {}),
        ("sw1 eth1", "conflict", "bridge: LibreNMS shows it in several bridges: sw1 br0 and sw1 br1", {}),
    ]


def test_more_names_of_lags_and_bridges_by_configuration() -> None:
    estate = Estate(
        "librenms", lag_names_by_os={"jetstream": "Trunk ?[0-9]+"}, bridge_names_by_os={"linux": "lan[0-9]*"}
    )
    for number, os in ((1, "jetstream"), (2, "linux")):
        device(estate, number, f"sw{number}", os=os)
        estate.add("netbox.devices", id=number, name=f"sw{number}", cf={"librenms_id": {"lib": number}})
        for offset, name in enumerate(("Trunk1", "lan", "Gi0/1")):
            port(estate, 10 * number + offset, name, device=number, ifSpeed=0)
    assert {r.key: r.fields["type"] for r in estate.rows() if r.resource == "interfaces"} == {
        "sw1 Trunk1": "lag",
        "sw1 lan": "other",
        "sw1 Gi0/1": "1000base-t",
        "sw2 Trunk1": "other",
        "sw2 lan": "bridge",
        "sw2 Gi0/1": "1000base-t",
    }


def test_a_lag_in_doubt_leaves_its_members_undecided() -> None:
    estate = switch()
    for number, name in ((1, "Po1"), (2, "Po1"), (3, "Gi0/1")):
        port(estate, number, name)
    interface(estate, 13, "Gi0/1", port=3)
    stacked(estate, 3, 1)
    assert [
        (r.action, r.reason, r.fields)
        for r in estate.rows()
        if r.key == "sw1 Gi0/1" and r.resource == "interfaces"
    ] == [("conflict", "lag: Po1 is not decided: 2 ports of this device have the name Po1", {})]


def test_a_lag_that_netbox_has_as_virtual_becomes_one() -> None:
    estate = Estate("librenms")
    device(estate, 1, "sw1", os="ios")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}})
    port(estate, 1, "Po1", ifType="propVirtual")
    port(estate, 2, "Gi0/1")
    interface(estate, 11, "Po1", port=1, type="virtual")
    interface(estate, 12, "Gi0/1", port=2)
    stacked(estate, 1, 2)
    assert [(r.key, r.action, r.fields) for r in estate.rows() if r.resource == "interfaces"] == [
        ("sw1 Gi0/1", "update", {"lag": {"id": 11, "name": "Po1"}}),
        ("sw1 Po1", "update", {"type": "lag"}),
    ]


def test_a_mapping_of_propVirtual_is_none_for_port_channels() -> None:
    lines = [{"ifType": "propVirtual", "type": "virtual"}]
    estate = Estate("librenms", mappings={"interface_types": lines})
    device(estate, 1, "sw1", os="ios")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}})
    port(estate, 1, "Po1", ifType="propVirtual")
    port(estate, 2, "Vl100", ifType="propVirtual")
    assert {r.key: r.fields["type"] for r in estate.rows() if r.resource == "interfaces"} == {
        "sw1 Po1": "lag",
        "sw1 Vl100": "virtual",
    }
