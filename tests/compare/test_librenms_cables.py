"""Neighbours that LibreNMS sees, as cables between pairs of interfaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import NetBox, Pipeline, after, row, rows

DELETES = {"delete_unowned": ["cables"]}
# Other options, each for one test.
OTHERWISE: dict[str, Any] = {
    "policies": {"delete": ["cables"]},
    "import_devices": {"hostname": [".*sw1"]},
}
Known = Callable[[str, str], dict[str, Any]]


def switch(state: LibreNMSState, name: str, *ports: str, **columns: Any) -> list[dict[str, Any]]:
    """A device of LibreNMS with these ports; the ports."""
    found = state.add_device(name, hardware="C9300-48P", **columns)
    return [state.add_port(found, port) for port in ports]


@pytest.fixture
def known(netbox: NetBox, device: Callable[..., dict[str, Any]]) -> Known:
    """The NetBox interface of that device and name; both are created where they are not there."""

    def find(name: str, port: str, **content: Any) -> dict[str, Any]:
        there = netbox.all("dcim/devices", name=name)
        owner = there[0] if there else device(name)
        return netbox.create(
            "dcim/interfaces", **{"device": owner["id"], "name": port, "type": "1000base-t", **content}
        )

    return find


def plug(netbox: NetBox, a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return netbox.create(
        "dcim/cables",
        a_terminations=[{"object_type": "dcim.interface", "object_id": a["id"]}],
        b_terminations=[{"object_type": "dcim.interface", "object_id": b["id"]}],
    )


def told(plan: Any) -> list[tuple[str, str, str | None]]:
    return [(r.key, r.action, r.reason) for r in rows(plan, "cables")]


@together(policies=DELETES)
def test_remote_device_by_its_id(case: Case) -> Steps:
    """Even if the neighbour calls itself something else."""
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.state.add_link(a, "renamed", "Gi0/2", remote_device_id=b["device_id"], remote_port_id=b["port_id"])
    case.state.add_link(b, "sw1", "Gi0/1")
    plan = yield
    assert told(plan) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "create", None)]


@together(policies=DELETES)
def test_remote_device_by_the_first_label_of_its_name(case: Case) -> Steps:
    """L31, and only one of the names may lose its domain: sw3.b.net is not sw3.a.net."""
    (a, b) = case.switch("sw1", "Gi0/1", "Gi0/2")
    case.switch("host2", "eth0")
    case.switch("sw3.a.net", "Gi0/1", sysName="sw3.a.net")
    case.state.add_link(a, "host2.example.com", "eth0")
    case.state.add_link(b, "sw3.b.net", "Gi0/1")
    plan = yield
    assert told(plan) == [
        ("host2 eth0 <-> sw1 Gi0/1", "create", None),
        (
            "sw1 Gi0/2 <-> sw3.b.net Gi0/1",
            "blocked",
            'remote device unknown: neither LibreNMS nor NetBox has "sw3.b.net"',
        ),
    ]


@together(policies=DELETES)
def test_several_devices_of_that_name_are_ambiguous(case: Case) -> Steps:
    """No create."""
    (a,) = case.switch("sw1", "Gi0/1")
    lyon = case.netbox.create("dcim/sites", name="Lyon", slug="lyon")
    case.device("host2")
    case.device("host2", site=lyon["id"])
    case.state.add_link(a, "host2.example.com", "eth0")
    plan = yield
    assert told(plan) == [
        (
            "sw1 Gi0/1 <-> host2.example.com eth0",
            "conflict",
            "ambiguous: several devices could be host2.example.com (host2, host2)",
        )
    ]


@together(policies=DELETES)
def test_a_link_seen_from_both_ends_is_one_cable(case: Case) -> Steps:
    """L33."""
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.state.connect(a, b)
    one, two = case.known("sw1", "Gi0/1"), case.known("sw2", "Gi0/2")
    plan = yield
    assert told(plan) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "create", None)]
    assert after(row(plan, "cables", "sw1 Gi0/1 <-> sw2 Gi0/2")) == {
        "a_terminations": [{"id": one["id"], "name": "sw1 Gi0/1", "type": "dcim.interface"}],
        "b_terminations": [{"id": two["id"], "name": "sw2 Gi0/2", "type": "dcim.interface"}],
        "status": "connected",
    }


@together(policies=DELETES)
def test_a_cable_between_exactly_these_two_is_in_sync(case: Case) -> Steps:
    """Whichever end NetBox calls A."""
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.state.connect(a, b)
    plug(case.netbox, case.known("sw2", "Gi0/2"), case.known("sw1", "Gi0/1"))
    plan = yield
    assert told(plan) == []


@together(policies=DELETES)
def test_an_end_that_is_cabled_elsewhere_is_a_conflict(case: Case) -> Steps:
    """NetBox's cable is not reported twice."""
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.switch("sw3", "Gi0/9")
    case.state.connect(a, b)
    case.known("sw2", "Gi0/2")
    plug(case.netbox, case.known("sw1", "Gi0/1"), case.known("sw3", "Gi0/9"))
    plan = yield
    assert told(plan) == [
        ("sw1 Gi0/1 <-> sw2 Gi0/2", "conflict", "miscabled: NetBox has sw1 Gi0/1 cabled to sw3 Gi0/9")
    ]


@together(policies=DELETES)
def test_both_ends_that_are_cabled_elsewhere_are_named(case: Case) -> Steps:
    """NetBox's cables are not reported twice."""
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.switch("sw3", "Gi0/9", "Gi0/8")
    case.state.connect(a, b)
    plug(case.netbox, case.known("sw1", "Gi0/1"), case.known("sw3", "Gi0/9"))
    plug(case.netbox, case.known("sw2", "Gi0/2"), case.known("sw3", "Gi0/8"))
    plan = yield
    assert told(plan) == [
        (
            "sw1 Gi0/1 <-> sw2 Gi0/2",
            "conflict",
            "miscabled: NetBox has sw1 Gi0/1 cabled to sw3 Gi0/9 and sw2 Gi0/2 cabled to sw3 Gi0/8",
        )
    ]


@together(policies=DELETES)
def test_without_a_remote_port_the_link_is_blocked(case: Case) -> Steps:
    """The rest of the device goes on."""
    a, c = case.switch("sw1", "Gi0/1", "Gi0/2")
    _, d = case.switch("sw2", "Gi0/1", "Gi0/2")
    case.state.add_link(a, "sw2", "")
    case.state.connect(c, d)
    plan = yield
    assert told(plan) == [
        (
            "sw1 Gi0/1 <-> sw2",
            "blocked",
            "remote port unknown: the neighbour sw2 does not name it",
        ),
        ("sw1 Gi0/2 <-> sw2 Gi0/2", "create", None),
    ]


@together(policies=DELETES)
def test_what_one_side_does_not_name_the_other_side_may(case: Case) -> Steps:
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.state.add_link(a, "sw2", "")
    case.state.add_link(b, "sw1", "Gi0/1")
    case.state.add_link(b, "sw1.example.com", "GigabitEthernet0/1", protocol="cdp")
    plan = yield
    assert told(plan) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "create", None)]


@together(policies=DELETES)
def test_several_neighbours_on_one_port_are_ambiguous(case: Case) -> Steps:
    """A phone and a computer behind it, or an unmanaged switch in between."""
    (a,), (b,), (c,) = (case.switch(name, "Gi0/1") for name in ("sw1", "sw2", "sw3"))
    case.state.connect(a, b)
    case.state.connect(a, c)
    crowd = "ambiguous: several neighbours at sw1 Gi0/1: sw2 Gi0/1, sw3 Gi0/1"
    plan = yield
    assert told(plan) == [
        ("sw1 Gi0/1 <-> sw2 Gi0/1", "conflict", crowd),
        ("sw1 Gi0/1 <-> sw3 Gi0/1", "conflict", crowd),
    ]


@together(policies=DELETES)
def test_short_and_long_port_names(case: Case) -> Steps:
    near = case.switch("sw1", "Gi0/1", "Gi0/2", "Gi0/3", "Gi0/4")
    other = case.state.add_device("sw2", hardware="C9300-48P")
    for port, (ifName, ifDescr, said) in zip(
        near,
        [
            ("Gi1/0/1", "GigabitEthernet1/0/1", "GigabitEthernet1/0/1"),
            ("TenGigabitEthernet1/1/1", "TenGigabitEthernet1/1/1", "Te1/1/1"),
            ("ge-0/0/1", "ge-0/0/1", "ge-0/0/1"),
            ("1", "Slot0/1 Port 1", "Slot0/1 port 1"),
        ],
        strict=True,
    ):
        case.state.add_port(other, ifName, ifDescr=ifDescr)
        case.state.add_link(port, "sw2", said)
    plan = yield
    assert told(plan) == [
        ("sw1 Gi0/1 <-> sw2 Gi1/0/1", "create", None),
        ("sw1 Gi0/2 <-> sw2 TenGigabitEthernet1/1/1", "create", None),
        ("sw1 Gi0/3 <-> sw2 ge-0/0/1", "create", None),
        ("sw1 Gi0/4 <-> sw2 1", "create", None),
    ]


@together(policies=DELETES)
def test_two_remote_ports_of_one_name_are_ambiguous(case: Case) -> Steps:
    (a,) = case.switch("sw1", "Gi0/1")
    case.switch("sw2", "eth0", "eth0")
    case.state.add_link(a, "sw2", "eth0")
    plan = yield
    assert told(plan) == [("sw1 Gi0/1 <-> sw2 eth0", "conflict", 'ambiguous: 2 ports of sw2 could be "eth0"')]


@together(policies=DELETES)
def test_a_neighbour_that_only_netbox_knows(case: Case) -> Steps:
    """A server that LibreNMS does not poll."""
    a, b = case.switch("sw1", "Gi0/1", "Gi0/2")
    case.known("server7", "eno1")
    case.state.add_link(a, "server7.example.com", "eno1")
    case.state.add_link(b, "server7", "eno2")
    plan = yield
    assert told(plan) == [
        ("server7 eno1 <-> sw1 Gi0/1", "create", None),
        ("sw1 Gi0/2 <-> server7 eno2", "blocked", 'remote port unknown: server7 has no port "eno2"'),
    ]


@together(policies=DELETES)
def test_a_device_that_is_not_written_blocks_its_cables(case: Case) -> Steps:
    (a,), (b,) = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.state.connect(a, b)
    plan = yield OTHERWISE
    assert told(plan) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "blocked", "sw2 is not in NetBox")]


@together(policies=DELETES)
def test_cables_are_for_ports_that_can_have_one(case: Case) -> Steps:
    (a, c), (b, d) = (case.switch(name, "Po1", "Gi0/1") for name in ("sw1", "sw2"))
    a["ifType"] = "ieee8023adLag"
    case.state.connect(a, b)
    case.state.connect(c, d)
    case.known("sw2", "Gi0/1", mark_connected=True)
    plan = yield
    assert told(plan) == [
        ("sw1 Gi0/1 <-> sw2 Gi0/1", "blocked", "NetBox marks sw2 Gi0/1 as connected without a cable"),
        ("sw1 Po1 <-> sw2 Po1", "blocked", "NetBox takes no cable on sw1 Po1: its type is lag"),
    ]


@together(policies=DELETES)
def test_links_that_are_no_longer_active_are_not_seen(case: Case) -> Steps:
    (a,), _ = case.switch("sw1", "Gi0/1"), case.switch("sw2", "Gi0/2")
    case.state.add_link(a, "sw2", "Gi0/2", active=0)
    plan = yield
    assert told(plan) == []


def unseen(case: Case, *, neighbours: bool, **columns: Any) -> tuple[str, dict[str, Any]]:
    """A cable between sw1 and sw2 that neither sees; its key and itself. ``neighbours``: they see each other at other
    ports. ``columns``: sw2's."""
    a, _ = case.switch("sw1", "Gi0/1", "Gi0/9")
    b, _ = case.switch("sw2", "Gi0/1", "Gi0/9", **columns)
    if neighbours:
        case.state.connect(a, b)
    cable = plug(case.netbox, case.known("sw1", "Gi0/9"), case.known("sw2", "Gi0/9"))
    # A cable to a server is nothing that the switches' neighbours would tell about.
    plug(case.netbox, case.known("sw1", "Gi0/8"), case.known("server7", "eno1"))
    return f"cable {cable['id']}: sw1 Gi0/9 <-> sw2 Gi0/9", cable


@together(policies=DELETES)
def test_a_cable_of_devices_that_see_no_neighbours_stays(case: Case) -> Steps:
    key, _ = unseen(case, neighbours=False)
    plan = yield
    assert told(plan) == [
        (
            key,
            "blocked",
            "LibreNMS sees no neighbour at either end, but that is no evidence: "
            "LibreNMS sees no neighbour of sw1 at all; LibreNMS sees no neighbour of sw2 at all",
        )
    ]


@together(policies=DELETES)
def test_a_cable_that_nobody_sees_is_deleted_by_policy(case: Case) -> Steps:
    """Only where both devices show neighbours at other ports."""
    key, cable = unseen(case, neighbours=True)
    plan = yield
    deletes = row(plan, "cables", key)
    assert (deletes.action, deletes.netbox_id) == ("delete", cable["id"])


@together(policies=DELETES)
def test_a_cable_that_nobody_sees_and_we_did_not_create_is_shown(case: Case) -> Steps:
    key, _ = unseen(case, neighbours=True)
    plan = yield OTHERWISE
    kept = row(plan, "cables", key)
    assert (kept.action, kept.reason) == (
        "drifted",
        "LibreNMS sees no neighbour at either end, but netbox-sync did not create it (policies.delete_unowned)",
    )


@together(policies=DELETES)
def test_a_cable_of_a_device_that_is_down_stays(case: Case) -> Steps:
    key, _ = unseen(case, neighbours=True, status=0)
    plan = yield
    assert row(plan, "cables", key).action == "blocked"


def test_cables_are_written_once_and_then_in_sync(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, known: Known
) -> None:
    """Between interfaces that are there, and between such as the same diff creates."""
    a, c = switch(state, "sw1", "Gi0/1", "Gi0/2")
    b, d = switch(state, "sw2", "Gi0/1", "Gi0/2")
    state.connect(a, b)
    state.connect(c, d)
    known("sw1", "Gi0/1")
    plan = pipeline.apply()
    cable = row(plan, "cables", "sw1 Gi0/1 <-> sw2 Gi0/1")
    assert cable.depends_on == (row(plan, "interfaces", "sw2 Gi0/1").change_id,)
    assert pipeline.sync().changes == []
    assert sorted(
        tuple(sorted(f"{e['object']['device']['name']} {e['object']['name']}" for e in ends))
        for cable in netbox.all("dcim/cables")
        for ends in [[*cable["a_terminations"], *cable["b_terminations"]]]
    ) == [("sw1 Gi0/1", "sw2 Gi0/1"), ("sw1 Gi0/2", "sw2 Gi0/2")]
    assert {c["status"]["value"] for c in netbox.all("dcim/cables")} == {"connected"}
