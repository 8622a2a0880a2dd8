"""Names that would fool who reads them, from every source to the plan; and texts that NetBox does not keep as sent."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.guests import APPLY, SYNC, GuestCase, share_cluster
from tests.compare.guests import Steps as GuestSteps
from tests.compare.together import Case, Steps, together
from tests.support import Pipeline, after, row, rows

EVIL = "evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e"
ESCAPE = "the name contains U+001B, which cannot be seen; give it another name in the source"
OPTIONS: dict[str, Any] = {"policies": {"owns": ["devices.name"]}}
WRITE: dict[str, Any] = {"write": True}


def writes_evil(plan: Plan) -> list[str]:
    """The changes that would write a name with the characters, as a name."""
    return [
        f"{r.resource} {item.name}"
        for r in plan.changes
        for item in r.written
        if item.name != "description" and "\x1b" in str(item.after)
    ]


@together(also_live=True, **OPTIONS)
def test_librenms(case: Case) -> Steps:
    evil = case.state.add_device(EVIL, hardware="C9300-48P", os="ios")
    case.state.add_port(evil, "Gi0/1")
    good = case.in_own_site("sw1")
    port = case.state.add_port(good, EVIL, ifAlias=EVIL)
    case.state.add_ipv4(port, "10.0.0.1", 24)
    other = case.state.add_port(good, "Gi0/2", ifAlias=EVIL)
    case.state.add_vlan(good, 10, EVIL)
    case.state.add_membership(other, 10, untagged=1)
    plan = yield WRITE

    assert row(plan, "devices", EVIL).action == "blocked"
    assert row(plan, "devices", EVIL).reason == ESCAPE
    assert (row(plan, "interfaces", f"sw1 {EVIL}").action, row(plan, "interfaces", f"sw1 {EVIL}").reason) == (
        "blocked",
        ESCAPE,
    )
    # What needs it does not go without it.
    assert row(plan, "interfaces", "sw1 Gi0/2").action == "create"
    assert {r.action for r in rows(plan, "ip_addresses")} <= {"blocked"}
    # A VLAN has its neutral name until it has a good one.
    assert after(rows(plan, "vlans")[0])["name"] == "VLAN0010"
    assert [item.reason for item in rows(plan, "vlans")[0].fields if item.decision == "conflict"] == [ESCAPE]
    # A description is kept: one line, without control characters.
    assert (
        after(row(plan, "interfaces", "sw1 Gi0/2"))["description"]
        == "evil [1A [2K  + create nice-switch \u202e"
    )
    assert writes_evil(case.whole) == []


@together(**OPTIONS)
def test_an_existing_device_is_not_renamed_so(case: Case) -> Steps:
    switch = case.state.add_device("sw1", hardware="C9300-48P", os="ios", serial="FOC2")
    yield WRITE
    switch["sysName"] = switch["hostname"] = case.named("sw1\u200b")
    plan = yield
    assert [(r.action, r.reason) for r in rows(plan, "devices")] == [
        ("blocked", "the name contains U+200B, which cannot be seen; give it another name in the source")
    ]


def test_words_of_librenms_for_what_netbox_lacks(pipeline: Pipeline, state: LibreNMSState) -> None:
    """Models, platforms and tags are created by policy; their names are names too."""
    pipeline.configure(
        policies={"create": ["devices", "device_types", "platforms", "manufacturers", "interfaces"]},
        defaults={"site": "paris", "role": "access"},
    )
    state.add_device("sw1", hardware="C9300\u202e84", os="ios\u200bxe")
    plan = pipeline.sync()
    assert plan.changes == []
    assert writes_evil(plan) == []


@pytest.mark.parametrize("space", ["\xa0", " ", "\u3000", "\u2003", "\x85", "\t"])
@together(**OPTIONS)
def test_what_netbox_strips_is_not_written(case: Case, space: str) -> Steps:
    """After a full apply nothing differs, whatever names and texts begin and end with."""
    switch = case.in_own_site(f"sw1{space}")
    switch |= {"os": "ios", "serial": f"FOC1{case.prefix}{space}"}
    port = case.state.add_port(switch, f"Gi0/1{space}", ifAlias=f"{space}nbsp{space}")
    case.state.add_vlan(switch, 10, f"{space}GUEST{space}")
    case.state.add_membership(port, 10, untagged=1)
    yield WRITE
    again = yield
    assert [(r.action, r.resource, r.key, r.reason) for r in again.rows] == []
    interface = case.netbox.one("dcim/interfaces", device=case.named("sw1"))
    assert (interface["name"], interface["description"]) == ("Gi0/1", "nbsp")
    assert case.netbox.one("ipam/vlans", group_id=case.basics["group"]["id"])["name"] == "GUEST"
    assert case.netbox.one("dcim/devices", name=case.named("sw1"))["serial"] == f"FOC1{case.prefix}"


@share_cluster(also_live=True)
def test_proxmox(case: GuestCase) -> GuestSteps:
    case.cluster.add_qemu(101, node="pve1", name=EVIL, config={"description": EVIL})
    case.cluster.add_qemu(102, node="pve1", name="web", tags="good;b\u202ead", config={"description": EVIL})
    plan = yield SYNC
    assert (row(plan, "virtual_machines", EVIL).action, row(plan, "virtual_machines", EVIL).reason) == (
        "blocked",
        ESCAPE,
    )
    # The machine is not created without the tag that its source gives it.
    (tag,) = [r for r in rows(case.whole, "tags") if r.action == "blocked"]
    assert tag.reason == ESCAPE.replace("001B", "202E")
    assert row(plan, "virtual_machines", "web").action == "blocked"
    assert "needs tags" in (row(plan, "virtual_machines", "web").reason or "")
    assert writes_evil(case.whole) == []


@share_cluster(also_live=True)
def test_the_texts_of_a_guest_read_back_equal(case: GuestCase) -> GuestSteps:
    case.cluster.add_qemu(
        103,
        node="pve1",
        name="mail\xa0",
        config={"description": "\xa0\n nbsp\xa0\nsecond", "scsi0": "local-zfs:vm-103-disk-0,size=4G"},
    )
    case.also("mail")
    yield APPLY
    plan = yield SYNC
    assert plan.changes == []
    machine = case.netbox.one("virtualization/virtual-machines", name="mail")
    assert (machine["name"], machine["description"]) == ("mail", "nbsp")
