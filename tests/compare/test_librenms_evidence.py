"""What LibreNMS could not tell is unknown: nothing is deleted, cleared or written in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.compare.values import difference
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import NetBox, Pipeline, after, before, row, rows

Device = Callable[..., dict[str, Any]]
GENEROUS = {
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
    "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses", "cables"],
}
# Every call is made, so that it can fail.
OPTIONS: dict[str, Any] = {"policies": GENEROUS, "full_read_hours": 0}
# What the second sync of a test has.
OWNED: dict[str, Any] = {"policies": {**GENEROUS, "owns": ["devices.status"]}}


def gone(case: Case, address: str) -> None:
    """NetBox has an interface and an address of sw1 that LibreNMS lacks."""
    case.switch("sw1", "Gi0/1")
    kept = case.known("sw1", "Gi0/1")
    case.known("sw1", "Gi0/2")
    case.netbox.create(
        "ipam/ip-addresses",
        address=f"{address}/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=kept["id"],
    )


def said_of_both(plan: Plan) -> list[tuple[str, str]]:
    """(action, reason) of the interface, and of the address."""
    (address,) = [r for r in rows(plan, "ip_addresses") if ".200 on sw1 Gi0/1" in r.key]
    return [(r.action, r.reason or "") for r in (row(plan, "interfaces", "sw1 Gi0/2"), address)]


@together(**OPTIONS)
def test_a_device_that_is_down_is_no_evidence(case: Case) -> Steps:
    gone(case, "10.0.1.200")
    plan = yield
    assert [action for action, _ in said_of_both(plan)] == ["delete", "delete"]
    case.state.own_devices[0]["status"] = 0
    why = "but that is no evidence: the device is down in LibreNMS"
    plan = yield OWNED
    assert said_of_both(plan) == [
        ("blocked", f"not in LibreNMS, {why}"),
        ("blocked", f"not on sw1 Gi0/1 in LibreNMS, {why}"),
    ]


@together("a list that falls as a whole", **OPTIONS)
def test_fewer_than_seven_tenths_of_the_rows_are_no_evidence(case: Case) -> Steps:
    """Until somebody says that it is right: then what is gone is gone."""
    gone(case, "10.0.4.200")
    ports = [case.state.add_port(case.state.own_devices[0], f"Te1/{number}") for number in range(12)]
    plan = yield
    assert [action for action, _ in said_of_both(plan)] == ["delete", "delete"]
    for port in ports[:6]:
        case.state.delete_port(port)
    plan = yield
    assert said_of_both(plan)[0] == (
        "blocked",
        "not in LibreNMS, but that is no evidence: ports: 7 of 13 rows of the last good snapshot",
    )
    plan = case.seen(case.pipeline.sync(accept_shrink=True))
    assert row(plan, "interfaces", "sw1 Gi0/2").action == "delete"


@together(**OPTIONS)
def test_a_device_that_is_down_stays_and_is_offline_where_the_status_is_owned(case: Case) -> Steps:
    case.state.add_device("sw1", hardware="C9300-48P", status=0)
    known = case.device("sw1", status="active")
    plan = yield
    field = next(f for f in row(plan, "devices", "sw1").fields if f.name == "status")
    assert (field.before, field.after, field.decision) == ("active", "offline", "drifted")
    plan = yield OWNED
    owned = row(plan, "devices", "sw1")
    assert (owned.action, owned.netbox_id, after(owned)["status"]) == ("update", known["id"], "offline")


@together(**OPTIONS)
def test_addresses_of_one_device_that_cannot_be_read_leave_the_others_be(case: Case) -> Steps:
    gone(case, "10.0.2.200")
    other = case.state.add_port(case.state.add_device("sw2", hardware="C9300-48P"), "Gi0/1")
    case.state.add_ipv4(other, "10.90.6", 24)
    plan = yield
    assert [action for action, _ in said_of_both(plan)] == ["delete", "delete"]
    case.state.add_ipv4(case.state.port(case.state.own_devices[0], "Gi0/1"), "10.90.7", 24)
    plan = yield OWNED
    assert [action for action, _ in said_of_both(plan)] == ["delete", "blocked"]


@together("ports device by device", **OPTIONS)
def test_ports_read_device_by_device_delete_nothing_of_a_device_that_failed(case: Case) -> Steps:
    """PHP's memory does not suffice for /ports, and one device's own ports fail: the others are still judged."""
    gone(case, "10.0.3.200")
    case.state.add_port(case.state.add_device("sw2", hardware="C9300-48P"), "Gi0/1")
    # A second place of an address counts even if its port could not be read.
    for port in case.state.own_ports:
        case.state.add_ipv4(port, "10.0.3.7", 24)
    for number in (8, 9):
        case.state.add_ipv4(case.state.own_ports[1], f"10.0.3.{number}", 24)
    small: dict[str, Any] = {"server": {"php_memory_mb": 1}}
    plan = yield small
    assert [action for action, _ in said_of_both(plan)] == ["delete", "delete"]
    plan = yield {**small, "refused": [f"/devices/{case.own_id}/ports"]}
    # No port of it is known now, so nothing is said of the address on one either.
    assert [(r.key, r.action) for r in plan.rows if r.parent == "sw1"] == [
        ("sw1", "update"),
        ("sw1 Gi0/1", "blocked"),
        ("sw1 Gi0/2", "blocked"),
    ]
    assert [r.key for r in rows(plan, "ip_addresses")] == ["10.0.3.8", "10.0.3.9"]
    assert row(plan, "interfaces", "sw1 Gi0/2").reason == (
        "not in LibreNMS, but that is no evidence: "
        "the ports of a device could not be read: LibreNMS answered 400"
    )


def carrying(case: Case) -> None:
    """sw1 with a port whose memberships say 20 where ifVlan says 1; NetBox has it as the memberships say."""
    found = case.in_own_site("sw1")
    for vid in (1, 20, 30):
        case.state.add_vlan(found, vid, f"V{vid}")
    port = case.state.add_port(found, "Gi0/1", ifVlan="1")
    case.state.add_membership(port, 20, untagged=1)
    case.state.add_membership(port, 30)
    vlans = {
        vid: case.netbox.create("ipam/vlans", vid=vid, name=f"V{vid}", group=case.basics["group"]["id"])
        for vid in (1, 20, 30)
    }
    case.netbox.create(
        "dcim/interfaces",
        device=case.device("sw1")["id"],
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


@together(**OPTIONS)
def test_unread_memberships_change_no_vlan_of_a_port(case: Case) -> Steps:
    """The port's ifVlan does not replace its unread memberships."""
    carrying(case)
    plan = yield
    assert vlan_fields(plan) == set()
    case.server.fail_always(status=400, path_prefix=f"/devices/{case.own_id}/ports")
    plan = yield OWNED
    assert vlan_fields(plan) == set()
    plan = yield {"refused": ["/resources/vlans"]}
    assert vlan_fields(plan) == set()


@together(**OPTIONS)
def test_trunks_of_25_4_are_known_and_its_other_ports_by_their_native_vlan(case: Case) -> Steps:
    """Memberships port by port are whole for the trunks: there the set is compared, added to and taken from."""
    carrying(case)
    case.state.own_ports[0]["ifTrunk"] = "dot1Q"
    case.state.add_vlan(case.state.own_devices[0], 40, "V40")
    case.state.add_membership(case.state.own_ports[0], 40)
    memberships = case.state.ports_vlans
    memberships[:] = [m for m in memberships if (m["device_id"], m["vlan"]) != (case.own_id, 30)]
    case.state.add_port(case.state.own_devices[0], "Gi0/2", ifVlan="20")
    plan = yield {"server": {"version": "25.4.0"}}
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
    plan = pipeline.apply()
    assert [r.key for r in rows(plan, "ip_addresses")] == ["10.0.0.7 in Management", "10.0.0.8"]
    done = pipeline.sync()
    assert [r.key for r in done.rows if r.is_change] == []
    with LabLibreNMS(state, token="lnms-token") as server:
        pipeline.configure(url=server.url)
        server.fail_always(status=400, path_prefix="/routing/vrf")
        plan = pipeline.sync()
    assert [r.key for r in plan.rows if r.is_change] == []


def lags_of(plan: Plan) -> dict[str, tuple[Any, Any]]:
    """{key: (LAG before, after)} of the interfaces whose LAG would change."""
    return {r.key: (before(r)["lag"], after(r)["lag"]) for r in rows(plan, "interfaces") if "lag" in after(r)}


@together(**OPTIONS)
def test_a_port_that_left_its_lag(case: Case) -> Steps:
    """Only where LibreNMS shows the LAG's other members, and could read them; and none of a LAG without members."""
    found = case.state.add_device("sw1", hardware="C9300-48P")
    known = case.device("sw1")
    lags = {
        name: case.netbox.create("dcim/interfaces", device=known["id"], name=name, type="lag")
        for name in ("Po1", "Po2")
    }
    ports = {name: case.state.add_port(found, name, ifType="ieee8023adLag") for name in ("Po1", "Po2")}
    for name, lag in (("Gi0/1", "Po1"), ("Gi0/2", "Po1"), ("Gi0/3", "Po2")):
        ports[name] = case.state.add_port(found, name)
        case.netbox.create(
            "dcim/interfaces", device=known["id"], name=name, type="1000base-t", lag=lags[lag]["id"]
        )
    case.state.add_stack(high=ports["Po1"], low=ports["Gi0/1"])
    plan = yield
    assert lags_of(plan) == {"sw1 Gi0/2": ({"id": lags["Po1"]["id"], "name": "Po1"}, None)}
    case.server.fail_always(status=400, path_prefix=f"/devices/{case.own_id}/port_stack")
    plan = yield OWNED
    assert lags_of(plan) == {}
    # It does not show members that are out of service.
    plan = yield {"server": {"version": "23.11.0"}}
    assert lags_of(plan) == {}
