"""Lists of LibreNMS that are shorter than the truth, with status 200: nothing of them looks removed, and nothing that
the hidden half could contradict becomes a change."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import connections
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.compare.together import create_basics
from tests.kept import LabTarget, begun, placed
from tests.lies import Lie, honest, lying, without
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


def add_switches(state: LibreNMSState, number: int) -> tuple[int, list[int]]:
    """A switch with ten ports, two of them in a LAG, four IPv4 and three IPv6 addresses, and one beside it; the
    device_id of the first, and the port_ids of its ports."""
    one = state.add_device(f"sw{number}", hardware="C9300-48P", serial=f"FDO{number}")
    two = state.add_device(f"far{number}", hardware="C9300-48P", serial=f"FAR{number}")
    lag = state.add_port(one, "Po1", ifType="ieee8023adLag")
    ports = [
        state.add_port(one, f"Gi1/0/{n}", ifPhysAddress=f"00005e00{number:02}0{n}", ifType="ethernetCsmacd")
        for n in range(1, 10)
    ]
    far = state.add_port(two, "Gi1/0/1", ifType="ethernetCsmacd")
    # So many that the lists as a whole do not fall.
    for n in range(2, 20):
        state.add_port(two, f"Gi1/0/{n}", ifType="ethernetCsmacd")
    for port in ports[:2]:
        state.add_stack(lag, port)
    for n, port in enumerate(ports[:4], 1):
        state.add_ipv4(port, f"10.0.{number}.{n}", 24)
    for n, port in enumerate(ports[:3], 1):
        state.add_ipv6(port, f"2001:db8:{number}::{n}", 64)
    state.add_vlan(one, 10, "users")
    state.add_membership(ports[3], 10, 1)
    state.connect(ports[4], far)
    return one["device_id"], [port["port_id"] for port in (lag, *ports)]


@pytest.fixture
def truth(state: LibreNMSState) -> LibreNMSState:
    """sw1, and far1 beside it."""
    add_switches(state, 1)
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


PORTS = ("/ports", "/devices/{}/ports")
# How much of a switch is hidden: (device_id, its port_ids) -> the lie.
LIES: dict[str, Callable[[int, list[int]], Any]] = {
    "all ports of a device": lambda device, ports: hide_ports(
        device, lambda r: r.get("device_id", device) == device
    ),
    "half of its ports": lambda device, ports: hide_ports(device, lambda r: r["port_id"] in ports[1:6]),
    "all addresses of a device": lambda device, ports: without(
        ("/addresses",), "ip_addresses", lambda r: r["port_id"] in ports
    ),
    "all IPv6 addresses": lambda device, ports: without(
        ("/addresses",), "ip_addresses", lambda r: r["port_id"] in ports and "ipv6_address" in r
    ),
    "half of the LAG's members": lambda device, ports: without(
        (f"/devices/{device}/port_stack",), "mappings", lambda r: r["low_port_id"] == ports[1]
    ),
    "its neighbours": lambda device, ports: without(
        ("/links",), "links", lambda r: r["local_port_id"] in ports or r["remote_port_id"] in ports
    ),
}


def hide_ports(device: int, hidden: Callable[[dict[str, Any]], bool]) -> Lie:
    return without(tuple(path.format(device) for path in PORTS), "ports", hidden)


def all_of(lies: list[Lie]) -> Lie:
    """Every one of the lies, about the same answers."""

    def lie(path: str, content: Any) -> Any:
        told = content
        for one in lies:
            told = one(path, told) or told
        return None if told is content else told

    return lie


class Hidden(NamedTuple):
    """Plans of the syncs while each switch lacks something, and of the one after; (scope, scope_id) of what the first
    says that it could not read; {lie: name of its switch}."""

    plans: list[Plan]
    scopes: list[tuple[str, str]]
    last: Plan
    switches: dict[str, tuple[str, int]]


@pytest.fixture(scope="module")
def hidden() -> Iterator[Hidden]:
    """A switch per lie, all in NetBox, in one estate."""
    state = LibreNMSState()
    lies, switches = [], {}
    for number, (name, lie) in enumerate(LIES.items(), 1):
        device, ports = add_switches(state, number)
        lies.append(lie(device, ports))
        switches[name] = (f"sw{number}", device)
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as folder,
        LabNetBox(token="lab-token") as target,
        lying(LabLibreNMS, state, token="lnms-token", lie=honest) as server,
    ):
        environment.setenv("NETBOX_TOKEN", "lab-token")
        environment.setenv("LIBRENMS_TOKEN", "lnms-token")
        netbox = LabTarget(target)
        create_basics(netbox)
        endpoint = {"name": "production", "kind": "librenms", "url": server.url, **OPTIONS}
        pipeline = Pipeline(Path(folder) / ODD_FOLDER, netbox, endpoint)
        assert pipeline.apply_all().rows == ()
        server.lie = all_of(lies)
        # However often it is repeated.
        plans = [pipeline.sync()]
        scopes = incomplete_scopes(pipeline)
        plans.append(pipeline.sync())
        server.lie = honest
        yield Hidden(plans, scopes, pipeline.sync(), switches)


def incomplete_scopes(pipeline: Pipeline) -> list[tuple[str, str]]:
    folder = pipeline.warehouse.current(pipeline.warehouse.snapshots("librenms", "production"))
    with duckdb.connect() as con:
        return con.execute(
            "SELECT scope, scope_id FROM read_parquet(?) WHERE NOT complete",
            [connections.pattern(folder / "scopes.parquet")],
        ).fetchall()


@pytest.mark.parametrize("lie", LIES)
def test_what_is_hidden_does_not_look_removed(hidden: Hidden, lie: str) -> None:
    _, device = hidden.switches[lie]
    others = [name for other, (name, _) in hidden.switches.items() if other != lie]
    for plan in hidden.plans:
        assert [text for text in removed(plan) if not any(f"{name} " in text for name in others)] == []
    if lie != "its neighbours":
        assert str(device) in {scope_id for _, scope_id in hidden.scopes}
    assert hidden.last.rows == ()


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
    server.lie = hide_ports(1, lambda r: r["port_id"] in range(7, 11))
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
