"""A row of the source in doubt is no evidence that another is gone: the whole path, from the servers to the plan.

The rule itself, for every resource, is tested on rows: tests/sql/test_doubts.py and tests/sql/test_removals.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.proxmox import agent_interface
from tests.compare.guests import APPLY, SYNC, GuestCase, share_cluster
from tests.compare.guests import Steps as GuestSteps
from tests.compare.together import Case, Steps, together
from tests.compare.two_clusters import DELETES
from tests.support import rows

GENEROUS = {
    "stale_addresses": "delete",
    "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses", "cables"],
}


def under(way: str) -> dict[str, Any]:
    """Delete or disable whatever is gone."""
    return {"policies": {**GENEROUS, "missing_interfaces": way}}


@pytest.mark.parametrize("way", ["delete", "disable"])
@together(also_live=True)
def test_two_ports_of_one_name(case: Case, way: str) -> Steps:
    """And an apply of all the rest leaves the interface unchanged."""
    found = case.state.add_device("sw01", hardware="C9300-48P")
    ports = [case.state.add_port(found, "Dup0")["port_id"] for _ in range(2)]
    known = case.known("sw01", "Dup0")
    yield {**under(way), "write": True}
    plan = yield under(way)
    assert [(r.action, r.key, r.reason) for r in rows(plan, "interfaces")] == [
        ("conflict", f"sw01 Dup0 (port {port})", "2 ports of this device have the name Dup0")
        for port in ports
    ]
    assert case.netbox.one("dcim/interfaces", id=known["id"])["last_updated"] == known["last_updated"]


@pytest.mark.parametrize("way", ["delete", "disable"])
@together(also_live=True)
def test_two_interfaces_that_hold_one_port_id(case: Case, way: str) -> Steps:
    """A1 and A2 hold the id of LibreNMS's port A2."""
    found = case.state.add_device("sw01", hardware="C9300-48P")
    port = case.state.add_port(found, "A2")
    yield {**under(way), "write": True}
    case.known("sw01", "A1", custom_fields={"librenms_id": {"production": port["port_id"]}})
    plan = yield under(way)
    assert [(r.action, r.key, r.reason) for r in rows(plan, "interfaces")] == [
        (
            "conflict",
            "sw01 A2",
            "several NetBox interfaces of this device could be it: A1 (id), A2 (id, name)",
        )
    ]


@together(also_live=True)
def test_a_stack_in_one_device_whose_inventory_answers_500(case: Case) -> Steps:
    """Nothing of the second member is disabled."""
    found = case.state.add_device("sw01", hardware="C9300-48P")
    for member in (1, 2):
        for number in (1, 2, 3):
            name = f"Gi{member}/0/{number}"
            case.state.add_port(found, name)
            case.known("sw01", name)
    case.server.fail_always(status=500, path_prefix=f"/inventory/{case.own_id}/")
    plan = yield {**under("disable"), "write": True}
    second = {(r.key, r.action) for r in rows(plan, "interfaces") if "Gi2" in r.key}
    assert second == {(f"sw01 Gi2/0/{number}", "blocked") for number in (1, 2, 3)}
    assert [r.key for r in plan.changes if any(f.name == "enabled" for f in r.written)] == []


# -- guests ----------------------------------------------------------------------------------------

GUESTS: dict[str, Any] = {"policies": {**DELETES, "stale_addresses": "delete"}}


@share_cluster(also_live=True, **GUESTS)
def test_an_agent_that_shows_only_lo(case: GuestCase) -> GuestSteps:
    """Eth0 was not in the answer, so nothing is known of its addresses."""
    mac = "BC:24:11:00:00:65"
    guest = case.cluster.add_qemu(
        102,
        node="pve1",
        name="old",
        config={"agent": "1", "net0": f"virtio={mac},bridge=vmbr0"},
        agent_interfaces=[agent_interface("eth0", mac, "10.3.0.5/24", "10.3.0.6/24")],
    )
    yield APPLY
    guest.agent = [agent_interface("lo", "00:00:00:00:00:00", "127.0.0.1/8")]
    plan = yield SYNC
    assert plan.rows == ()
    guest.agent = [agent_interface("eth0", mac, "10.3.0.5/24")]
    plan = yield SYNC
    assert [(r.action, r.key) for r in plan.rows] == [("delete", "10.3.0.6 on old eth0")]


@share_cluster(**GUESTS)
def test_an_agent_that_shows_fewer_addresses_moves_no_primary_address(case: GuestCase) -> GuestSteps:
    """And deletes nothing, although the policies allow it."""
    agent = [
        agent_interface(f"ens{n}", f"BC:24:11:00:00:0{n}", f"10.0.{n}.1/24", f"10.0.{n}.2/24")
        for n in (1, 2, 3, 4)
    ]
    nics = {f"net{n - 1}": f"virtio=BC:24:11:00:00:0{n},bridge=vmbr0" for n in (1, 2, 3, 4)}
    guest = case.cluster.add_qemu(
        101, node="pve1", name="web", config={"agent": "1", **nics}, agent_interfaces=agent
    )
    yield APPLY
    guest.agent = agent[2:3]
    plan = yield SYNC
    assert {r.action for r in plan.rows} <= {"blocked", "drifted", "conflict"}
    guest.agent = agent
    plan = yield SYNC
    assert plan.rows == ()
