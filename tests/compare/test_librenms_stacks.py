"""Stacks in LibreNMS: a virtual chassis with a device per member, and every port on the member that has it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.storage import connections
from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import NetBox, Pipeline, after, row, rows

PARTS = {
    1: ("FOC1", "C9300-48P"),
    2: ("FOC2", "C9300-24P"),
    3: ("FOC3", "C9300-48P"),
}


def stack(
    state: LibreNMSState, *positions: int, ports: tuple[str, ...] = (), mark: str = "", **columns: Any
) -> dict[str, Any]:
    """Device ``sw1`` with a chassis of PARTS for each number; entPhysicalParentRelPos as given. ``mark``: what its serial
    numbers end with."""
    found = state.add_device("sw1", hardware="C9300-48P", serial=f"FOC1{mark}", **columns)
    state.add_inventory(found, entPhysicalClass="stack", entPhysicalIndex=1, entPhysicalName="c93xx Stack")
    for number, place in enumerate(positions, 1):
        serial, model = PARTS[number]
        state.add_inventory(
            found,
            entPhysicalClass="chassis",
            entPhysicalIndex=1000 * number,
            entPhysicalContainedIn=1,
            entPhysicalParentRelPos=place,
            entPhysicalSerialNum=f"{serial}{mark}",
            entPhysicalModelName=model,
        )
    for port in (f"Gi{len(positions) or 2}/0/48", *ports):
        state.add_port(found, port)
    return found


def own(case: Case, *positions: int, **content: Any) -> dict[str, Any]:
    """The test's own stack."""
    return stack(case.state, *positions, mark=case.prefix, **content)


def parts(case: Case) -> list[dict[str, Any]]:
    """The inventory of the test's own stack."""
    return [part for part in case.state.inventory if part["device_id"] == case.own_id]


def members(case: Case) -> list[tuple[str, int, str]]:
    """(key, position, serial number) of the test's members."""
    folder = case.pipeline.warehouse.diffs("production") / case.whole.diff_id
    query = "SELECT key, position, serial FROM read_parquet(?) WHERE contains(key, ?) ORDER BY position"
    with duckdb.connect() as con:
        found = con.execute(
            query, [connections.pattern(folder / "desired" / "stack_members.parquet"), case.prefix]
        ).fetchall()
    return [
        (key.replace(case.prefix, ""), position, serial.replace(case.prefix, ""))
        for key, position, serial in found
    ]


def small_type(netbox: NetBox, basics: dict[str, Any]) -> dict[str, Any]:
    there = netbox.all("dcim/device-types", slug="c9300-24p")
    return (
        there[0]
        if there
        else netbox.create(
            "dcim/device-types", manufacturer=basics["maker"]["id"], model="C9300-24P", slug="c9300-24p"
        )
    )


@together()
def test_ports_are_on_the_member_that_their_name_says(case: Case) -> Steps:
    """Logical ports on the master."""
    small_type(case.netbox, case.basics)
    own(
        case,
        0,
        1,
        2,
        ports=("GigabitEthernet2/0/1", "Te3/1/1", "Gi2/0/1.10", "Vlan10", "Port-channel1", "Lo0", "Gi0/0"),
    )
    plan = yield
    assert {r.key: after(r)["device"]["key"] for r in rows(plan, "interfaces")} == {
        "sw1 Gi0/0": "sw1",
        "sw1 Lo0": "sw1",
        "sw1 Port-channel1": "sw1",
        "sw1 Vlan10": "sw1",
        "sw1-M2 Gi2/0/1.10": "sw1-M2",
        "sw1-M2 GigabitEthernet2/0/1": "sw1-M2",
        "sw1-M3 Gi3/0/48": "sw1-M3",
        "sw1-M3 Te3/1/1": "sw1-M3",
    }


@pytest.mark.parametrize(
    ("names", "places", "positions"),
    [
        ((), (0, 1), [("sw1", 1, "FOC1"), ("sw1-M2", 2, "FOC2")]),
        ((), (0, 0), [("sw1", 1, "FOC1"), ("sw1-M2", 2, "FOC2")]),
        # As a real C2960X stack says it: places 0, 2 and 3.
        (("Switch 3", "Switch 1 Chassis"), (0, 2), [("sw1-M1", 1, "FOC2"), ("sw1", 3, "FOC1")]),
    ],
)
@together()
def test_positions_count_from_one(
    case: Case, names: tuple[str, ...], places: tuple[int, int], positions: list[tuple[str, int, str]]
) -> Steps:
    """Where all are equal, by the order of the list; a number in the parts' names comes first."""
    own(case, 0, 1)
    for part, place in zip(parts(case)[1:], places, strict=True):
        part["entPhysicalParentRelPos"] = place
    for part, name in zip(parts(case)[1:], names, strict=False):
        part["entPhysicalName"] = name
    yield
    assert members(case) == positions


@together()
def test_one_chassis_is_no_stack(case: Case) -> Steps:
    """Nor are empty places."""
    found = own(case, 1, ports=("Gi2/0/1",))
    case.state.add_inventory(
        found,
        entPhysicalClass="chassis",
        entPhysicalIndex=2000,
        entPhysicalContainedIn=1,
        entPhysicalParentRelPos=2,
    )
    plan = yield
    assert members(case) == []
    assert rows(plan, "virtual_chassis") == []
    assert [r.key for r in rows(plan, "interfaces")] == ["sw1 Gi1/0/48", "sw1 Gi2/0/1"]


def test_only_devices_that_look_like_a_stack_are_asked(pipeline: Pipeline, state: LibreNMSState) -> None:
    """One call each; none with the option off."""
    stack(state, 0, 1)
    other = state.add_device("sw2", hardware="C9300-48P")
    for port in ("Gi1/0/1", "ge-0/0/1", "Vlan2", "Port-channel2"):
        state.add_port(other, port)
    said: list[str] = []
    pipeline.snapshot(progress=said.append)
    # Two of them for the members of Port-channel2: an empty answer is confirmed.
    assert (said[-1], "inventory: 3 rows" in said) == ("11 calls", True)
    pipeline.configure(virtual_chassis=False, full_read_hours=0)
    pipeline.snapshot(progress=said.append)
    assert said[-1] == "10 calls"
    assert rows(pipeline.sync(), "virtual_chassis") == []


def test_a_stack_is_written_whole(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Any
) -> None:
    """Members with their own type and serial, the master last, a LAG across members; then in sync."""
    small = small_type(netbox, basics)
    found = stack(state, 0, 1, ports=("Gi1/0/1", "Gi2/0/1"), ip="10.0.0.1")
    lag = state.add_port(found, "Po1", ifType="ieee8023adLag")
    for name in ("Gi1/0/1", "Gi2/0/1"):
        state.add_stack(high=lag, low=state.port(found, name))
    state.add_ipv4(state.port(found, "Gi2/0/48"), "10.0.0.1", 24)
    plan = pipeline.apply()
    assert [(r.key, after(r)) for r in rows(plan, "virtual_chassis")] == [("sw1", {"name": "sw1"})]
    assert (
        row(plan, "virtual_chassis_members", "sw1-M2").change_id
        in row(plan, "interfaces", "sw1-M2 Gi2/0/1").depends_on
    )
    assert [(r.resource, r.key) for r in pipeline.sync().changes] == []
    chassis = netbox.one("dcim/virtual-chassis")
    assert (chassis["name"], chassis["master"]["name"]) == ("sw1", "sw1")
    second = netbox.one("dcim/devices", name="sw1-M2")
    assert (
        second["serial"],
        second["device_type"]["id"],
        second["vc_position"],
        second["virtual_chassis"]["id"],
    ) == (
        "FOC2",
        small["id"],
        2,
        chassis["id"],
    )
    port = netbox.one("dcim/interfaces", device_id=second["id"], name="Gi2/0/1")
    assert (port["lag"]["name"], port["lag"]["device"]["name"]) == ("Po1", "sw1")
    master = netbox.one("dcim/devices", name="sw1")
    assert (master["vc_position"], master["primary_ip4"]["address"]) == (1, "10.0.0.1/24")


@together()
def test_a_virtual_chassis_of_netbox_is_matched(case: Case) -> Steps:
    """By serial, else by position: nothing is created a second time, and what NetBox has more is shown."""
    small_type(case.netbox, case.basics)
    own(case, 0, 1, 2, ports=("Gi2/0/1",))
    chassis = case.netbox.create("dcim/virtual-chassis", name=case.named("Floor 1"))
    first, second, third, fourth = (
        case.device(name, serial=serial, virtual_chassis=chassis["id"], vc_position=position)
        for name, serial, position in (
            ("sw1", f"FOC1{case.prefix}", 1),
            ("floor1-b", f"FOC2{case.prefix}", 4),
            ("floor1-c", "", 3),
            ("floor1-d", f"FOC9{case.prefix}", 2),
        )
    )
    case.netbox.edit("dcim/virtual-chassis", chassis["id"], master=first["id"])
    port = case.netbox.create("dcim/interfaces", device=first["id"], name="Gi2/0/1", type="1000base-t")
    plan = yield
    assert {r.key: r.netbox_id for r in rows(plan, "devices")} == {
        "sw1": first["id"],
        "sw1-M2": second["id"],
        "sw1-M3": third["id"],
    }
    assert rows(plan, "virtual_chassis") == rows(plan, "virtual_chassis_masters") == []
    assert [(r.key, r.action, r.netbox_id) for r in rows(plan, "virtual_chassis_members")] == [
        ("Floor 1: floor1-d", "drifted", fourth["id"]),
        ("sw1-M2", "blocked", second["id"]),
    ]
    assert row(plan, "virtual_chassis_members", "sw1-M2").reason == (
        "NetBox has floor1-d at position 2 of the virtual chassis, and accepts a position once"
    )
    # A port that NetBox has on the master stays there: it cannot be moved, and is not made twice.
    kept = row(plan, "interfaces", "sw1-M2 Gi2/0/1")
    shown = next(f for f in kept.fields if f.name == "device")
    assert (kept.netbox_id, shown.decision, shown.reason) == (
        port["id"],
        "drifted",
        "NetBox cannot move an interface to another device of the stack",
    )


@together()
def test_members_in_several_virtual_chassis_are_a_conflict(case: Case) -> Steps:
    own(case, 0, 1)
    for name, serial in (("a", f"FOC1{case.prefix}"), ("b", f"FOC2{case.prefix}")):
        chassis = case.netbox.create("dcim/virtual-chassis", name=f"Chassis {name}")
        case.device(name, serial=serial, virtual_chassis=chassis["id"], vc_position=1)
    plan = yield
    assert [(r.action, r.reason) for r in rows(plan, "virtual_chassis")] == [
        ("conflict", "its members are in several virtual chassis of NetBox: Chassis a, Chassis b")
    ]
    assert rows(plan, "virtual_chassis_members") == []


@together()
def test_an_unread_inventory_creates_no_ports_on_the_wrong_device(case: Case) -> Steps:
    own(case, 0, 1, ports=("Gi1/0/1",))
    case.device("sw1", serial=f"FOC1{case.prefix}")
    parts(case)[1]["entPhysicalContainedIn"] = "nowhere"
    plan = yield
    assert {r.key: (r.action, r.reason) for r in rows(plan, "interfaces")} == {
        "sw1 Gi1/0/1": ("create", None),
        "sw1 Gi2/0/48": (
            "blocked",
            "which member of the stack it is on is unknown: "
            "inventory: LibreNMS sent a row that cannot be read (entPhysicalContainedIn: 'nowhere' is not a number)",
        ),
    }


@together()
def test_a_cable_to_a_member_of_a_stack(case: Case) -> Steps:
    """The neighbour calls itself by the stack's name."""
    small_type(case.netbox, case.basics)
    found = own(case, 0, 1)
    far = case.state.add_port(case.state.add_device("sw9", hardware="C9300-48P"), "Gi0/1")
    case.state.add_link(far, "sw1", "GigabitEthernet2/0/48")
    case.state.add_link(case.state.port(found, "Gi2/0/48"), "sw9", "")
    plan = yield
    assert [(r.key, r.action) for r in rows(plan, "cables")] == [("sw1-M2 Gi2/0/48 <-> sw9 Gi0/1", "create")]
