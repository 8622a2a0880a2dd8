"""Lists of LibreNMS that are shorter than the truth, with status 200: nothing of them looks removed, and nothing that
the hidden half could contradict becomes a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.kept import begun, placed
from tests.lies import honest, lying, without
from tests.support import ODD_FOLDER, NetBox, Pipeline, row, rows

EVERYTHING = {
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
    "delete": ["interfaces", "ip_addresses", "mac_addresses", "cables"],
    "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses", "cables"],
}
OPTIONS: dict[str, Any] = {
    "import_devices": "all",
    "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
    "policies": EVERYTHING,
    # Every call is made, so that it can lie.
    "full_read_hours": 0,
}


@pytest.fixture
def truth(state: LibreNMSState) -> LibreNMSState:
    """Two switches: sw1 with ten ports, two of them in a LAG, four IPv4 and three IPv6 addresses; sw2 beside it."""
    one = state.add_device("sw1", hardware="C9300-48P", serial="FDO1")
    two = state.add_device("sw2", hardware="C9300-48P", serial="FDO2")
    lag = state.add_port(one, "Po1", ifType="ieee8023adLag")
    ports = [
        state.add_port(one, f"Gi1/0/{n}", ifPhysAddress=f"00005e00530{n}", ifType="ethernetCsmacd")
        for n in range(1, 10)
    ]
    far = state.add_port(two, "Gi1/0/1", ifType="ethernetCsmacd")
    # So many that the lists as a whole do not fall.
    for number in range(2, 20):
        state.add_port(two, f"Gi1/0/{number}", ifType="ethernetCsmacd")
    for port in ports[:2]:
        state.add_stack(lag, port)
    for number, port in enumerate(ports[:4], 1):
        state.add_ipv4(port, f"10.0.0.{number}", 24)
    for number, port in enumerate(ports[:3], 1):
        state.add_ipv6(port, f"2001:db8::{number}", 64)
    state.add_vlan(one, 10, "users")
    state.add_membership(ports[3], 10, 1)
    state.connect(ports[4], far)
    return state


@pytest.fixture
def server(
    request: pytest.FixtureRequest, truth: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    made = placed(
        request, "liar", lambda port: lying(LabLibreNMS, truth, port, token="lnms-token", lie=honest)
    )
    try:
        monkeypatch.setenv("LIBRENMS_TOKEN", "lnms-token")
        yield made
    finally:
        made.stop()


@pytest.fixture
def told(server: Any, truth: LibreNMSState, netbox: NetBox, basics: Any, tmp_path: Path) -> Pipeline:
    """NetBox holds all that LibreNMS has; deletes are allowed."""
    endpoint = {"name": "production", "kind": "librenms", "url": server.url, **OPTIONS}
    pipeline = Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint)

    def make() -> None:
        assert pipeline.apply_all().rows == ()

    begun("told", pipeline, [truth], make)
    return pipeline


def removed(plan: Plan) -> list[str]:
    """What the plan would delete, disable or clear."""
    cleared = [
        f"{r.resource} {r.key} {field.name}"
        for r in plan.rows
        if r.action == "update"
        for field in r.written
        if field.after in (None, "", [], False)
    ]
    return [f"{r.resource} {r.key}" for r in plan.rows if r.action == "delete"] + cleared


def complete(pipeline: Pipeline) -> bool:
    return bool(
        pipeline.warehouse.manifest(pipeline.warehouse.snapshots("librenms", "production"))["complete"]
    )


PORTS = ("/ports", "/devices/1/ports")
LIES: dict[str, Callable[[], Any]] = {
    "all ports of a device": lambda: without(PORTS, "ports", lambda r: r.get("device_id", 1) == 1),
    "half of its ports": lambda: without(PORTS, "ports", lambda r: r["port_id"] in (2, 3, 4, 5, 6)),
    "all addresses of a device": lambda: without(
        ("/addresses",), "ip_addresses", lambda r: r["port_id"] in range(1, 11)
    ),
    "all IPv6 addresses": lambda: without(("/addresses",), "ip_addresses", lambda r: "ipv6_address" in r),
    "half of the LAG's members": lambda: without(
        ("/port_stack",), "mappings", lambda r: r["low_port_id"] == 2
    ),
    "its neighbours": lambda: without(("/links",), "links", lambda r: True),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_hidden_does_not_look_removed(told: Pipeline, server: Any, lie: str) -> None:
    server.lie = LIES[lie]()
    # However often it is repeated.
    for _ in range(2):
        plan = told.sync()
        assert removed(plan) == []
    if lie != "its neighbours":
        assert not complete(told)
    server.lie = honest
    assert told.sync().rows == ()


def test_a_fall_is_believed_once_somebody_says_that_it_is_right(
    told: Pipeline, server: Any, truth: LibreNMSState
) -> None:
    for port in list(truth.ports)[5:10]:
        truth.delete_port(port)
    plan = told.sync()
    assert row(plan, "interfaces", "sw1 Gi1/0/9").reason == (
        "not in LibreNMS, but that is no evidence: 5 of 10 ports of the last good snapshot"
    )
    # A cable is on Gi1/0/5 in NetBox.
    gone = ["sw1 Gi1/0/6", "sw1 Gi1/0/7", "sw1 Gi1/0/8", "sw1 Gi1/0/9"]
    plan = told.sync(accept_shrink=True)
    assert [r.key for r in rows(plan, "interfaces", "delete")] == gone
    assert row(plan, "interfaces", "sw1 Gi1/0/5").reason == "not in LibreNMS, but a cable depends on it"
    # And stays believed.
    assert [r.key for r in rows(told.sync(), "interfaces", "delete")] == gone


def test_a_few_ports_less_are_everyday_work(told: Pipeline, truth: LibreNMSState) -> None:
    for port in list(truth.ports)[8:10]:
        truth.delete_port(port)
    plan = told.sync()
    assert [r.key for r in rows(plan, "interfaces", "delete")] == ["sw1 Gi1/0/8", "sw1 Gi1/0/9"]


@pytest.mark.also_live
def test_a_first_snapshot_is_measured_by_what_netbox_holds(
    told: Pipeline, server: Any, netbox: NetBox, tmp_path: Path
) -> None:
    """The warehouse is new, as after a loss, and four of ten ports are hidden from the first sync on."""
    server.lie = without(PORTS, "ports", lambda r: r["port_id"] in range(7, 11))
    fresh = Pipeline(
        tmp_path / "fresh", netbox, {"name": "production", "kind": "librenms", "url": server.url, **OPTIONS}
    )
    for _ in range(2):
        plan = fresh.sync()
        assert removed(plan) == []
        assert row(plan, "interfaces", "sw1 Gi1/0/6").reason.endswith(
            "but that is no evidence: NetBox holds 10 interfaces of sw1 that netbox-sync wrote, and 4 of them were"
            " never seen in LibreNMS; if that is right, sync with --accept-shrink"
        )
    assert len(rows(fresh.sync(accept_shrink=True), "interfaces", "delete")) == 4
    assert len(rows(fresh.sync(), "interfaces", "delete")) == 4


@pytest.fixture
def undecided(state: LibreNMSState) -> LibreNMSState:
    """Thirty devices. Two of them name VLAN 60 differently, and two have 10.10.10.77."""
    ports = [
        state.add_port(state.add_device(f"d{n}", hardware="C9300-48P", serial=f"S{n}"), "Gi1/0/1")
        for n in range(1, 31)
    ]
    for device, name in ((0, "GUEST"), (1, "VISITORS")):
        state.add_vlan(state.devices[device], 60, name)
        state.add_ipv4(ports[device], "10.10.10.77", 24)
    state.add_ipv4(ports[2], "10.10.10.3", 24)
    return state


HIDDEN = [
    without((f"/{key}",), key, lambda r: r.get("device_id") == 2) for key in ("devices", "ports", "vlans")
]
SIGHT: dict[str, dict[str, Any]] = {
    "a token of two devices": {"restricted_to": [1, 3]},
    "one device missing": {"lie": without(("/devices",), "devices", lambda r: r["device_id"] == 2)},
    "one device hidden everywhere": {
        "lie": lambda path, content: next(filter(None, (lie(path, content) for lie in HIDDEN)), None)
    },
}


@pytest.mark.also_live
@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("sight", SIGHT)
def test_a_conflict_of_the_whole_picture_is_no_change_of_a_part(
    undecided: LibreNMSState,
    netbox: NetBox,
    basics: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sight: str,
    history: bool,
) -> None:
    monkeypatch.setenv("LIBRENMS_TOKEN", "lnms-token")
    netbox.create("ipam/vlans", vid=60, name="VLAN0060", group=basics["group"]["id"])
    with (
        LabLibreNMS(undecided, token="lnms-token") as whole,
        lying(LabLibreNMS, undecided, token="lnms-token", **{"lie": honest, **SIGHT[sight]}) as part,
    ):
        pipeline = Pipeline(
            tmp_path / ODD_FOLDER,
            netbox,
            {"name": "production", "kind": "librenms", "url": whole.url, **OPTIONS},
        )
        if history:
            plan = pipeline.sync()
            assert row(plan, "vlans", "60 in paris-vlans").action == "conflict"
            assert {r.action for r in rows(plan, "ip_addresses") if "10.10.10.77" in r.key} == {"conflict"}
            assert row(plan, "ip_addresses", "10.10.10.3").action == "create"
        pipeline.configure(url=part.url)
        for _ in range(2):
            plan = pipeline.sync()
            assert not complete(pipeline)
            assert [r for r in rows(plan, "vlans") if r.action in ("create", "update")] == []
            changes = [r.key for r in rows(plan, "ip_addresses") if r.action in ("create", "update")]
            assert not [key for key in changes if key.startswith("10.10.10.77")]
