"""What LibreNMS could not tell is unknown: nothing is deleted, cleared or written in its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from netbox_sync_dagster.compare.values import difference
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.support import NetBox, Pipeline, after, before, row, rows

Device = Callable[..., dict[str, Any]]
GENEROUS = {
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
    "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses", "cables"],
}


@pytest.fixture
def gone(pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device) -> Callable[[], list[Any]]:
    """NetBox has an interface and an address of sw1 that LibreNMS lacks: what the plan says of the two."""
    pipeline.configure(policies=GENEROUS)
    state.add_port(state.add_device("sw1", hardware="C9300-48P"), "Gi0/1")
    known = device("sw1")
    kept = netbox.create("dcim/interfaces", device=known["id"], name="Gi0/1", type="1000base-t")
    netbox.create("dcim/interfaces", device=known["id"], name="Gi0/2", type="1000base-t")
    netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.200/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=kept["id"],
    )

    def told() -> list[Any]:
        plan = pipeline.sync()
        return [
            (r.action, r.reason)
            for r in (
                row(plan, "interfaces", "sw1 Gi0/2"),
                row(plan, "ip_addresses", "10.0.0.200 on sw1 Gi0/1"),
            )
        ]

    return told


def test_a_device_that_is_down_is_no_evidence(state: LibreNMSState, gone: Callable[[], list[Any]]) -> None:
    assert [action for action, _ in gone()] == ["delete", "delete"]
    state.devices[0]["status"] = 0
    why = "but that is no evidence: the device is down in LibreNMS"
    assert gone() == [
        ("blocked", f"not in LibreNMS, {why}"),
        ("blocked", f"not on sw1 Gi0/1 in LibreNMS, {why}"),
    ]


def test_fewer_than_seven_tenths_of_the_rows_are_no_evidence(
    pipeline: Pipeline, state: LibreNMSState, gone: Callable[[], list[Any]]
) -> None:
    """Until somebody says that it is right: then what is gone is gone."""
    ports = [state.add_port(state.devices[0], f"Te1/{number}") for number in range(12)]
    assert [action for action, _ in gone()] == ["delete", "delete"]
    for port in ports[:6]:
        state.delete_port(port)
    assert gone()[0] == (
        "blocked",
        "not in LibreNMS, but that is no evidence: ports: 7 of 13 rows of the last good snapshot",
    )
    plan = pipeline.sync(accept_shrink=True)
    assert row(plan, "interfaces", "sw1 Gi0/2").action == "delete"


def test_a_device_that_is_down_stays_and_is_offline_where_the_status_is_owned(
    pipeline: Pipeline, state: LibreNMSState, device: Device
) -> None:
    state.add_device("sw1", hardware="C9300-48P", status=0)
    known = device("sw1", status="active")
    field = next(f for f in row(pipeline.sync(), "devices", "sw1").fields if f.name == "status")
    assert (field.before, field.after, field.decision) == ("active", "offline", "drifted")
    pipeline.configure(policies={"owns": ["devices.status"]})
    owned = row(pipeline.again(), "devices", "sw1")
    assert (owned.action, owned.netbox_id, after(owned)["status"]) == ("update", known["id"], "offline")


def test_a_device_that_was_not_polled_lately_is_no_evidence(
    pipeline: Pipeline, state: LibreNMSState, gone: Callable[[], list[Any]]
) -> None:
    """By the configured age. A LibreNMS in a time zone ahead of UTC is measured by its own newest poll."""

    def polled(device: int, hours: float) -> str:
        when = f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"
        state.devices[device]["last_polled"] = when
        return when

    old = polled(0, -25)
    assert gone()[0] == (
        "blocked",
        f"not in LibreNMS, but that is no evidence: LibreNMS polled the device last at {old}",
    )
    pipeline.configure(max_poll_age=26 * 3600)
    assert [action for action, _ in gone()] == ["delete", "delete"]
    pipeline.configure(max_poll_age=3600)
    state.add_device("sw2", hardware="C9300-48P")
    polled(0, 9)
    polled(1, 10.9)
    assert [action for action, _ in gone()] == ["blocked", "blocked"]
    polled(0, 10)
    assert [action for action, _ in gone()] == ["delete", "delete"]
    state.devices[0]["last_polled"] = None
    assert gone()[0][1].endswith("LibreNMS never polled the device")


def test_addresses_of_one_device_that_cannot_be_read_leave_the_others_be(
    pipeline: Pipeline, state: LibreNMSState, gone: Callable[[], list[Any]]
) -> None:
    other = state.add_port(state.add_device("sw2", hardware="C9300-48P"), "Gi0/1")
    state.add_ipv4(other, "10.90.6", 24)
    assert [action for action, _ in gone()] == ["delete", "delete"]
    state.add_ipv4(state.port(state.devices[0], "Gi0/1"), "10.90.7", 24)
    assert [action for action, _ in gone()] == ["delete", "blocked"]


def test_ports_read_device_by_device_delete_nothing_of_a_device_that_failed(
    pipeline: Pipeline, state: LibreNMSState, gone: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PHP's memory does not suffice for /ports, and one device's own ports fail: the others are still judged."""
    state.add_port(state.add_device("sw2", hardware="C9300-48P"), "Gi0/1")
    # A second place of an address counts even if its port could not be read.
    for port in state.ports:
        state.add_ipv4(port, "10.0.0.7", 24)
    for number in (8, 9):
        state.add_ipv4(state.ports[1], f"10.0.0.{number}", 24)
    with LabLibreNMS(state, token="lnms-token", php_memory_mb=1) as small:
        pipeline.configure(url=small.url)
        assert [action for action, _ in gone()] == ["delete", "delete"]
        small.fail_always(status=400, path_prefix="/devices/1/ports")
        plan = pipeline.sync()
    # No port of it is known now, so nothing is said of the address on one either.
    assert [(r.key, r.action) for r in plan.rows if r.parent == "sw1"] == [
        ("sw1", "update"),
        ("sw1 Gi0/1", "blocked"),
        ("sw1 Gi0/2", "blocked"),
    ]
    assert [r.key for r in rows(plan, "ip_addresses")] == ["10.0.0.8", "10.0.0.9"]
    assert row(plan, "interfaces", "sw1 Gi0/2").reason == (
        "not in LibreNMS, but that is no evidence: "
        "the ports of a device could not be read: LibreNMS answered 400"
    )


@pytest.fixture
def carrying(state: LibreNMSState, netbox: NetBox, basics: Any, device: Device) -> dict[str, Any]:
    """sw1 with a port whose memberships say 20 where ifVlan says 1; NetBox has it as the memberships say."""
    found = state.add_device("sw1", hardware="C9300-48P")
    for vid in (1, 20, 30):
        state.add_vlan(found, vid, f"V{vid}")
    port = state.add_port(found, "Gi0/1", ifVlan="1")
    state.add_membership(port, 20, untagged=1)
    state.add_membership(port, 30)
    vlans = {
        vid: netbox.create("ipam/vlans", vid=vid, name=f"V{vid}", group=basics["group"]["id"])
        for vid in (1, 20, 30)
    }
    return netbox.create(
        "dcim/interfaces",
        device=device("sw1")["id"],
        name="Gi0/1",
        type="1000base-t",
        mode="tagged",
        untagged_vlan=vlans[20]["id"],
        tagged_vlans=[vlans[30]["id"]],
    )


def vlan_fields(plan: Any) -> set[str]:
    return {
        f.name
        for r in rows(plan, "interfaces")
        for f in r.written
        if f.name in ("mode", "untagged_vlan", "tagged_vlans")
    }


def test_unread_memberships_change_no_vlan_of_a_port(
    pipeline: Pipeline, state: LibreNMSState, carrying: dict[str, Any]
) -> None:
    """The port's ifVlan does not replace its unread memberships."""
    with LabLibreNMS(state, token="lnms-token") as server:
        pipeline.configure(url=server.url)
        assert vlan_fields(pipeline.sync()) == set()
        server.fail_always(status=400, path_prefix="/devices/1/ports")
        assert vlan_fields(pipeline.sync()) == set()
        server.clear_faults()
        server.fail_always(status=400, path_prefix="/resources/vlans")
        assert vlan_fields(pipeline.sync()) == set()


def test_trunks_of_25_4_are_known_and_its_other_ports_by_their_native_vlan(
    pipeline: Pipeline, state: LibreNMSState, carrying: dict[str, Any], netbox: NetBox
) -> None:
    """Memberships port by port are whole for the trunks: there the set is compared, added to and taken from."""
    state.ports[0]["ifTrunk"] = "dot1Q"
    state.add_vlan(state.devices[0], 40, "V40")
    state.add_membership(state.ports[0], 40)
    state.ports_vlans = [m for m in state.ports_vlans if m["vlan"] != 30]
    state.add_port(state.devices[0], "Gi0/2", ifVlan="20")
    with LabLibreNMS(state, token="lnms-token", version="25.4.0") as server:
        pipeline.configure(url=server.url)
        plan = pipeline.sync()
    trunk = row(plan, "interfaces", "sw1 Gi0/1")
    assert [v["name"] for v in before(trunk)["tagged_vlans"]] == ["30 V30"]
    assert [v["name"] for v in after(trunk)["tagged_vlans"]] == ["40"]
    assert "untagged_vlan" not in after(trunk)
    # So it is shown.
    field = next(f for f in trunk.written if f.name == "tagged_vlans")
    assert difference(field.before, field.after) == "add [40], remove [30 V30]"
    assert after(row(plan, "interfaces", "sw1 Gi0/2"))["untagged_vlan"]["name"] == "20 V20"


def test_addresses_stay_in_their_vrf_where_the_list_of_vrfs_fails(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device
) -> None:
    found = state.add_device("sw1", hardware="C9300-48P")
    vrf = state.add_vrf(found, "MGMT", rd="65000:1")
    state.add_ipv4(state.add_port(found, "Mgmt0", ifVrf=vrf["vrf_id"]), "10.0.0.7", 24)
    state.add_ipv4(state.add_port(found, "Gi0/1"), "10.0.0.8", 24)
    netbox.create("ipam/vrfs", name="Management", rd="65000:9")
    # By the route distinguisher this time.
    pipeline.configure(
        mappings={"vrfs": {"65000:1": "Management"}}, policies={**GENEROUS, "move_addresses": True}
    )
    assert [r.key for r in rows(pipeline.sync(), "ip_addresses")] == ["10.0.0.7 in Management", "10.0.0.8"]
    done = pipeline.apply_all()
    assert [r.key for r in done.rows if r.is_change] == []
    with LabLibreNMS(state, token="lnms-token") as server:
        pipeline.configure(url=server.url)
        server.fail_always(status=400, path_prefix="/routing/vrf")
        plan = pipeline.sync()
    assert [r.key for r in plan.rows if r.is_change] == []


def test_a_port_that_left_its_lag(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device
) -> None:
    """Only where LibreNMS shows the LAG's other members, and could read them; and none of a LAG without members."""
    found = state.add_device("sw1", hardware="C9300-48P")
    known = device("sw1")
    lags = {
        name: netbox.create("dcim/interfaces", device=known["id"], name=name, type="lag")
        for name in ("Po1", "Po2")
    }
    ports = {name: state.add_port(found, name, ifType="ieee8023adLag") for name in ("Po1", "Po2")}
    for name, lag in (("Gi0/1", "Po1"), ("Gi0/2", "Po1"), ("Gi0/3", "Po2")):
        ports[name] = state.add_port(found, name)
        netbox.create(
            "dcim/interfaces", device=known["id"], name=name, type="1000base-t", lag=lags[lag]["id"]
        )
    state.add_stack(high=ports["Po1"], low=ports["Gi0/1"])

    def changed(version: str = "26.7.0", fault: bool = False) -> dict[str, Any]:
        with LabLibreNMS(state, token="lnms-token", version=version) as server:
            pipeline.configure(url=server.url, full_read_hours=0)
            if fault:
                server.fail_always(status=400, path_prefix="/devices/1/port_stack")
            plan = pipeline.sync()
        return {
            r.key: (before(r)["lag"], after(r)["lag"]) for r in rows(plan, "interfaces") if "lag" in after(r)
        }

    assert changed() == {"sw1 Gi0/2": ({"id": lags["Po1"]["id"], "name": "Po1"}, None)}
    assert changed(fault=True) == {}
    # It does not show members that are out of service.
    assert changed(version="23.11.0") == {}
