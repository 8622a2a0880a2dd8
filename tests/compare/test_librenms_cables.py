"""Neighbours that LibreNMS sees, as cables between pairs of interfaces."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.support import NetBox, Pipeline, after, row, rows

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


def behind_a_panel(pipeline: Pipeline, kind: str, port: int) -> None:
    """NetBox's snapshot when that end of a cable is not an interface."""
    file = pipeline.warehouse.current(pipeline.warehouse.snapshots("netbox", "netbox")) / "cables.parquet"
    with duckdb.connect() as con:
        cables = con.read_parquet([str(file)]).to_arrow_table()
        con.register("cables", cables)
        con.execute(
            "CREATE TABLE changed AS SELECT * REPLACE (if(list_contains(b_ids, ?), ?, b_type) AS b_type) FROM cables",
            [port, kind],
        )
        con.table("changed").write_parquet(str(file))
    # No snapshot is ever rewritten: the diff of what this one said before would be carried over.
    shutil.rmtree(pipeline.warehouse.diffs(pipeline.name))


def told(plan: Any) -> list[tuple[str, str, str | None]]:
    return [(r.key, r.action, r.reason) for r in rows(plan, "cables")]


def test_remote_device_by_its_id(pipeline: Pipeline, state: LibreNMSState) -> None:
    """Even if the neighbour calls itself something else."""
    (a,), (b,) = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    state.add_link(a, "renamed", "Gi0/2", remote_device_id=b["device_id"], remote_port_id=b["port_id"])
    state.add_link(b, "sw1", "Gi0/1")
    assert told(pipeline.sync()) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "create", None)]


def test_remote_device_by_the_first_label_of_its_name(pipeline: Pipeline, state: LibreNMSState) -> None:
    """L31, and only one of the names may lose its domain: sw3.b.net is not sw3.a.net."""
    (a, b) = switch(state, "sw1", "Gi0/1", "Gi0/2")
    switch(state, "host2", "eth0")
    switch(state, "sw3.a.net", "Gi0/1", sysName="sw3.a.net")
    state.add_link(a, "host2.example.com", "eth0")
    state.add_link(b, "sw3.b.net", "Gi0/1")
    assert told(pipeline.sync()) == [
        ("host2 eth0 <-> sw1 Gi0/1", "create", None),
        (
            "sw1 Gi0/2 <-> sw3.b.net Gi0/1",
            "blocked",
            'remote device unknown: neither LibreNMS nor NetBox has "sw3.b.net"',
        ),
    ]


def test_several_devices_of_that_name_are_ambiguous(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Any
) -> None:
    """No create."""
    (a,) = switch(state, "sw1", "Gi0/1")
    lyon = netbox.create("dcim/sites", name="Lyon", slug="lyon")
    device("host2")
    device("host2", site=lyon["id"])
    state.add_link(a, "host2.example.com", "eth0")
    assert told(pipeline.sync()) == [
        (
            "sw1 Gi0/1 <-> host2.example.com eth0",
            "conflict",
            "ambiguous: several devices could be host2.example.com (host2, host2)",
        )
    ]


def test_a_link_seen_from_both_ends_is_one_cable(
    pipeline: Pipeline, state: LibreNMSState, known: Known
) -> None:
    """L33."""
    (a,), (b,) = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    state.connect(a, b)
    one, two = known("sw1", "Gi0/1"), known("sw2", "Gi0/2")
    plan = pipeline.sync()
    assert told(plan) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "create", None)]
    assert after(row(plan, "cables", "sw1 Gi0/1 <-> sw2 Gi0/2")) == {
        "a_terminations": [{"id": one["id"], "name": "sw1 Gi0/1", "type": "dcim.interface"}],
        "b_terminations": [{"id": two["id"], "name": "sw2 Gi0/2", "type": "dcim.interface"}],
        "status": "connected",
    }


def test_a_cable_between_exactly_these_two_is_in_sync(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, known: Known
) -> None:
    """Whichever end NetBox calls A."""
    (a,), (b,) = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    state.connect(a, b)
    plug(netbox, known("sw2", "Gi0/2"), known("sw1", "Gi0/1"))
    assert told(pipeline.sync()) == []


def test_an_end_that_is_cabled_elsewhere_is_a_conflict(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, known: Known
) -> None:
    """Both real far ends are named, and NetBox's cables are not reported twice."""
    (a,), (b,) = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    switch(state, "sw3", "Gi0/9", "Gi0/8")
    state.connect(a, b)
    known_a, known_b = known("sw1", "Gi0/1"), known("sw2", "Gi0/2")
    plug(netbox, known_a, known("sw3", "Gi0/9"))
    assert told(pipeline.sync()) == [
        ("sw1 Gi0/1 <-> sw2 Gi0/2", "conflict", "miscabled: NetBox has sw1 Gi0/1 cabled to sw3 Gi0/9")
    ]
    plug(netbox, known_b, known("sw3", "Gi0/8"))
    assert told(pipeline.sync()) == [
        (
            "sw1 Gi0/1 <-> sw2 Gi0/2",
            "conflict",
            "miscabled: NetBox has sw1 Gi0/1 cabled to sw3 Gi0/9 and sw2 Gi0/2 cabled to sw3 Gi0/8",
        )
    ]


def test_without_a_remote_port_the_link_is_blocked(pipeline: Pipeline, state: LibreNMSState) -> None:
    """The rest of the device goes on."""
    a, c = switch(state, "sw1", "Gi0/1", "Gi0/2")
    _, d = switch(state, "sw2", "Gi0/1", "Gi0/2")
    state.add_link(a, "sw2", "")
    state.connect(c, d)
    assert told(pipeline.sync()) == [
        (
            "sw1 Gi0/1 <-> sw2",
            "blocked",
            "remote port unknown: the neighbour sw2 does not name it",
        ),
        ("sw1 Gi0/2 <-> sw2 Gi0/2", "create", None),
    ]


def test_what_one_side_does_not_name_the_other_side_may(pipeline: Pipeline, state: LibreNMSState) -> None:
    (a,), (b,) = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    state.add_link(a, "sw2", "")
    state.add_link(b, "sw1", "Gi0/1")
    state.add_link(b, "sw1.example.com", "GigabitEthernet0/1", protocol="cdp")
    assert told(pipeline.sync()) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "create", None)]


def test_several_neighbours_on_one_port_are_ambiguous(pipeline: Pipeline, state: LibreNMSState) -> None:
    """A phone and a computer behind it, or an unmanaged switch in between."""
    (a,), (b,), (c,) = (switch(state, name, "Gi0/1") for name in ("sw1", "sw2", "sw3"))
    state.connect(a, b)
    state.connect(a, c)
    crowd = "ambiguous: several neighbours at sw1 Gi0/1: sw2 Gi0/1, sw3 Gi0/1"
    assert told(pipeline.sync()) == [
        ("sw1 Gi0/1 <-> sw2 Gi0/1", "conflict", crowd),
        ("sw1 Gi0/1 <-> sw3 Gi0/1", "conflict", crowd),
    ]


def test_short_and_long_port_names(pipeline: Pipeline, state: LibreNMSState) -> None:
    near = switch(state, "sw1", "Gi0/1", "Gi0/2", "Gi0/3", "Gi0/4")
    other = state.add_device("sw2", hardware="C9300-48P")
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
        state.add_port(other, ifName, ifDescr=ifDescr)
        state.add_link(port, "sw2", said)
    assert told(pipeline.sync()) == [
        ("sw1 Gi0/1 <-> sw2 Gi1/0/1", "create", None),
        ("sw1 Gi0/2 <-> sw2 TenGigabitEthernet1/1/1", "create", None),
        ("sw1 Gi0/3 <-> sw2 ge-0/0/1", "create", None),
        ("sw1 Gi0/4 <-> sw2 1", "create", None),
    ]


def test_two_remote_ports_of_one_name_are_ambiguous(pipeline: Pipeline, state: LibreNMSState) -> None:
    (a,) = switch(state, "sw1", "Gi0/1")
    switch(state, "sw2", "eth0", "eth0")
    state.add_link(a, "sw2", "eth0")
    assert told(pipeline.sync()) == [
        ("sw1 Gi0/1 <-> sw2 eth0", "conflict", 'ambiguous: 2 ports of sw2 could be "eth0"')
    ]


def test_a_neighbour_that_only_netbox_knows(pipeline: Pipeline, state: LibreNMSState, known: Known) -> None:
    """A server that LibreNMS does not poll."""
    a, b = switch(state, "sw1", "Gi0/1", "Gi0/2")
    known("server7", "eno1")
    state.add_link(a, "server7.example.com", "eno1")
    state.add_link(b, "server7", "eno2")
    assert told(pipeline.sync()) == [
        ("server7 eno1 <-> sw1 Gi0/1", "create", None),
        ("sw1 Gi0/2 <-> server7 eno2", "blocked", 'remote port unknown: server7 has no port "eno2"'),
    ]


def test_a_device_that_is_not_written_blocks_its_cables(pipeline: Pipeline, state: LibreNMSState) -> None:
    pipeline.configure(import_devices={"hostname": ["sw1"]})
    (a,), (b,) = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    state.connect(a, b)
    assert told(pipeline.sync()) == [("sw1 Gi0/1 <-> sw2 Gi0/2", "blocked", "sw2 is not in NetBox")]


def test_cables_are_for_ports_that_can_have_one(
    pipeline: Pipeline, state: LibreNMSState, known: Known
) -> None:
    (a, c), (b, d) = (switch(state, name, "Po1", "Gi0/1") for name in ("sw1", "sw2"))
    a["ifType"] = "ieee8023adLag"
    state.connect(a, b)
    state.connect(c, d)
    known("sw2", "Gi0/1", mark_connected=True)
    assert told(pipeline.sync()) == [
        ("sw1 Gi0/1 <-> sw2 Gi0/1", "blocked", "NetBox marks sw2 Gi0/1 as connected without a cable"),
        ("sw1 Po1 <-> sw2 Po1", "blocked", "NetBox takes no cable on sw1 Po1: its type is lag"),
    ]


def test_links_that_are_no_longer_active_are_not_seen(pipeline: Pipeline, state: LibreNMSState) -> None:
    (a,), _ = switch(state, "sw1", "Gi0/1"), switch(state, "sw2", "Gi0/2")
    state.add_link(a, "sw2", "Gi0/2", active=0)
    assert told(pipeline.sync()) == []


def test_a_cable_that_nobody_sees(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, known: Known
) -> None:
    """Shown; deleted only by policy, and only where both devices show neighbours at other ports."""
    a, _ = switch(state, "sw1", "Gi0/1", "Gi0/9")
    b, _ = switch(state, "sw2", "Gi0/1", "Gi0/9")
    cable = plug(netbox, known("sw1", "Gi0/9"), known("sw2", "Gi0/9"))
    # A cable to a server is nothing that the switches' neighbours would tell about.
    plug(netbox, known("sw1", "Gi0/8"), known("server7", "eno1"))
    key = f"cable {cable['id']}: sw1 Gi0/9 <-> sw2 Gi0/9"
    pipeline.configure(policies={"delete_unowned": ["cables"]})
    assert told(pipeline.sync()) == [
        (
            key,
            "blocked",
            "LibreNMS sees no neighbour at either end, but that is no evidence: "
            "LibreNMS sees no neighbour of sw1 at all; LibreNMS sees no neighbour of sw2 at all",
        )
    ]
    state.connect(a, b)
    pipeline.configure(policies={"delete": ["cables"]})
    kept = row(pipeline.sync(), "cables", key)
    assert (kept.action, kept.reason) == (
        "drifted",
        "LibreNMS sees no neighbour at either end, but netbox-sync did not create it (policies.delete_unowned)",
    )
    pipeline.configure(policies={"delete_unowned": ["cables"]})
    deletes = row(pipeline.again(), "cables", key)
    assert (deletes.action, deletes.netbox_id) == ("delete", cable["id"])
    state.devices[1]["status"] = 0
    assert row(pipeline.sync(), "cables", key).action == "blocked"


@pytest.mark.parametrize("kind", ["dcim.frontport", "dcim.rearport", "circuits.circuittermination"])
def test_a_cable_to_a_panel_is_no_direct_one(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, known: Known, kind: str
) -> None:
    """The way goes on behind it: neither in sync nor miscabled, and nothing that is gone."""
    (a, c), (b, d) = (switch(state, name, "Gi0/1", "Gi0/2") for name in ("sw1", "sw2"))
    state.connect(a, b)
    state.connect(c, d)
    patched = plug(netbox, known("sw1", "Gi0/1"), known("panel", "1"))
    plug(netbox, known("sw2", "Gi0/1"), known("sw3", "Gi0/9"))
    plug(netbox, known("sw1", "Gi0/3"), known("panel", "3"))
    pipeline.configure(policies={"delete_unowned": ["cables"]})
    pipeline.sync()
    behind_a_panel(pipeline, kind, patched["b_terminations"][0]["object_id"])
    said = {"dcim.frontport": "front port", "dcim.rearport": "rear port"}.get(kind, "circuit termination")
    port = f"{said} {patched['b_terminations'][0]['object_id']}"
    assert told(pipeline.again()) == [
        (
            "sw1 Gi0/1 <-> sw2 Gi0/1",
            "blocked",
            "NetBox leads the way through panels or circuits, which is not followed: "
            f"sw1 Gi0/1 cabled to {port} and sw2 Gi0/1 cabled to sw3 Gi0/9",
        ),
        ("sw1 Gi0/2 <-> sw2 Gi0/2", "create", None),
    ]


def test_cables_are_written_once_and_then_in_sync(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, known: Known
) -> None:
    """Between interfaces that are there, and between such as the same diff creates."""
    a, c = switch(state, "sw1", "Gi0/1", "Gi0/2")
    b, d = switch(state, "sw2", "Gi0/1", "Gi0/2")
    state.connect(a, b)
    state.connect(c, d)
    known("sw1", "Gi0/1")
    plan = pipeline.sync()
    cable = row(plan, "cables", "sw1 Gi0/1 <-> sw2 Gi0/1")
    assert cable.depends_on == (row(plan, "interfaces", "sw2 Gi0/1").change_id,)
    done = pipeline.apply_all()
    assert [r for r in done.rows if r.is_change] == []
    assert sorted(
        tuple(sorted(f"{e['object']['device']['name']} {e['object']['name']}" for e in ends))
        for cable in netbox.all("dcim/cables")
        for ends in [[*cable["a_terminations"], *cable["b_terminations"]]]
    ) == [("sw1 Gi0/1", "sw2 Gi0/1"), ("sw1 Gi0/2", "sw2 Gi0/2")]
    assert {c["status"]["value"] for c in netbox.all("dcim/cables")} == {"connected"}
