"""Lists of LibreNMS that are shorter than the truth, with status 200: nothing of them looks removed, and nothing that
the hidden half could contradict becomes a change."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import connections
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.compare.together import create_basics
from tests.kept import LabTarget, begun, serving
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
def server(truth: LibreNMSState, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("LIBRENMS_TOKEN", "lnms-token")
    with lying(LabLibreNMS, truth, token="lnms-token", lie=honest) as made:
        yield made


@pytest.fixture
def told(server: Any, truth: LibreNMSState, netbox: NetBox, basics: Any, tmp_path: Path) -> Pipeline:
    """NetBox holds all that LibreNMS has; deletes are allowed."""
    endpoint = {"name": "production", "kind": "librenms", "url": server.url, **OPTIONS}
    pipeline = Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint)

    pipeline.apply()
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


# What ports a switch really loses at the same time: everyday work, and a fall.
FEW, FALL = (8, 9), (5, 6, 7, 8, 9)


class Hidden(NamedTuple):
    """Plans of one estate. ``plans``: of the syncs while each switch lacks something; ``scopes``: (scope, scope_id) of
    what the first of them says that it could not read. ``accepted``: of a sync after the lies, by somebody who says that
    the fall is right; ``after``: of the next. ``switches``: {lie or number of lost ports: name of its switch, its id}."""

    plans: list[Plan]
    scopes: list[tuple[str, str]]
    accepted: Plan
    after: Plan
    switches: dict[str | int, tuple[str, int]]

    def of(self, plan: Plan, case: str | int) -> Plan:
        """The plan with what is said of this case's switch, and of what belongs to none."""
        others = [name for other, (name, _) in self.switches.items() if other != case]
        return replace(
            plan, rows=tuple(r for r in plan.rows if not any(f"{name} " in r.key for name in others))
        )


@pytest.fixture(scope="module")
def hidden() -> Iterator[Hidden]:
    """A switch per lie and per number of lost ports, all in NetBox."""
    state = LibreNMSState()
    lies: list[Lie] = []
    switches: dict[str | int, tuple[str, int]] = {}
    lost: list[int] = []
    for number, (name, lie) in enumerate(LIES.items(), 1):
        device, ports = add_switches(state, number)
        lies.append(lie(device, ports))
        switches[name] = (f"sw{number}", device)
    for few_or_fall in (FEW, FALL):
        device, ports = add_switches(state, len(switches) + 1)
        lost += [ports[n] for n in few_or_fall]
        switches[len(few_or_fall)] = (f"sw{len(switches) + 1}", device)
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
        pipeline.apply()
        server.lie = all_of(lies)
        for port in [port for port in state.ports if port["port_id"] in lost]:
            state.delete_port(port)
        # However often it is repeated.
        plans = [pipeline.sync()]
        scopes = incomplete_scopes(pipeline)
        plans.append(pipeline.sync())
        server.lie = honest
        accepted = pipeline.sync(accept_shrink=True)
        yield Hidden(plans, scopes, accepted, pipeline.sync(), switches)


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
    for plan in hidden.plans:
        assert removed(hidden.of(plan, lie)) == []
    if lie != "its neighbours":
        assert str(device) in {scope_id for _, scope_id in hidden.scopes}
    assert hidden.of(hidden.accepted, lie).rows == ()
    assert hidden.of(hidden.after, lie).rows == ()


def test_a_fall_is_believed_once_somebody_says_that_it_is_right(hidden: Hidden) -> None:
    name, _ = hidden.switches[len(FALL)]
    for plan in hidden.plans:
        assert row(plan, "interfaces", f"{name} Gi1/0/9").reason == (
            "not in LibreNMS, but that is no evidence: 5 of 10 ports of the last good snapshot"
        )
    # And stays believed.
    for plan in (hidden.accepted, hidden.after):
        # A cable is on Gi1/0/5 in NetBox.
        found = hidden.of(plan, len(FALL))
        assert [r.key for r in rows(found, "interfaces", "delete")] == [
            f"{name} Gi1/0/6",
            f"{name} Gi1/0/7",
            f"{name} Gi1/0/8",
            f"{name} Gi1/0/9",
        ]
        assert row(plan, "interfaces", f"{name} Gi1/0/5").reason == (
            "not in LibreNMS, but a cable depends on it"
        )


def test_a_few_ports_less_are_everyday_work(hidden: Hidden) -> None:
    name, _ = hidden.switches[len(FEW)]
    for plan in hidden.plans:
        found = hidden.of(plan, len(FEW))
        assert [r.key for r in rows(found, "interfaces", "delete")] == [f"{name} Gi1/0/8", f"{name} Gi1/0/9"]


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


@pytest.fixture
def whole(
    request: pytest.FixtureRequest, undecided: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LabLibreNMS]:
    monkeypatch.setenv("LIBRENMS_TOKEN", "lnms-token")
    with serving(request, "whole", lambda port: LabLibreNMS(undecided, port, token="lnms-token")) as server:
        yield server


@pytest.fixture
def picture(
    whole: LabLibreNMS, undecided: LibreNMSState, netbox: NetBox, basics: Any, tmp_path: Path
) -> Pipeline:
    """The whole picture, compared once."""
    endpoint = {"name": "production", "kind": "librenms", "url": whole.url, **OPTIONS}
    pipeline = Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint)

    def make() -> None:
        netbox.create("ipam/vlans", vid=60, name="VLAN0060", group=basics["group"]["id"])
        plan = pipeline.sync()
        assert row(plan, "vlans", "60 in paris-vlans").action == "conflict"
        assert {r.action for r in rows(plan, "ip_addresses") if "10.10.10.77" in r.key} == {"conflict"}
        assert row(plan, "ip_addresses", "10.10.10.3").action == "create"

    begun("picture", pipeline, [undecided], make)
    return pipeline


@pytest.mark.also_live
@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("sight", SIGHT)
def test_a_conflict_of_the_whole_picture_is_no_change_of_a_part(
    picture: Pipeline, undecided: LibreNMSState, sight: str, history: bool
) -> None:
    with lying(LabLibreNMS, undecided, token="lnms-token", **{"lie": honest, **SIGHT[sight]}) as part:
        if not history:
            shutil.rmtree(picture.warehouse.home)
        picture.configure(url=part.url)
        for _ in range(2):
            plan = picture.sync()
            assert not complete(picture)
            assert [r for r in rows(plan, "vlans") if r.action in ("create", "update")] == []
            changes = [r.key for r in rows(plan, "ip_addresses") if r.action in ("create", "update")]
            assert not [key for key in changes if key.startswith("10.10.10.77")]
