"""Interfaces whose port LibreNMS no longer has."""

from __future__ import annotations

from tests.compare.librenms_ports import DELETES, OLD_SERVER, OPTIONS
from tests.compare.together import Case, Steps, together
from tests.support import after, before, row, rows

ESTATE = "ports of LibreNMS"


@together(**OPTIONS)
def test_an_interface_with_a_cable_or_an_address_is_never_deleted(case: Case) -> Steps:
    """Even if policies allow deletes, an object with dependents is shown and kept."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "Gi0/1")
    known, other = case.device("sw1"), case.device("sw2")
    made = {
        name: case.netbox.create("dcim/interfaces", device=known["id"], name=name, type="1000base-t")
        for name in ("Gi0/1", "cabled", "addressed", "bare")
    }
    far = case.netbox.create("dcim/interfaces", device=other["id"], name="far", type="1000base-t")
    case.netbox.create(
        "dcim/cables",
        a_terminations=[{"object_type": "dcim.interface", "object_id": made["cabled"]["id"]}],
        b_terminations=[{"object_type": "dcim.interface", "object_id": far["id"]}],
    )
    case.netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.9/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=made["addressed"]["id"],
    )
    plan = yield
    assert {r.key: (r.action, r.reason) for r in rows(plan, "interfaces") if r.key != "sw1 Gi0/1"} == {
        "sw1 addressed": ("blocked", "not in LibreNMS, but an IP address depends on it"),
        "sw1 bare": ("delete", "not in LibreNMS"),
        "sw1 cabled": ("blocked", "not in LibreNMS, but a cable depends on it"),
    }


@together(**OPTIONS)
def test_missing_interfaces_by_policy(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "Gi0/1")
    known = case.device("sw1")
    case.netbox.create("dcim/interfaces", device=known["id"], name="gone", type="1000base-t")
    plan = yield OLD_SERVER
    assert row(plan, "interfaces", "sw1 gone").action == "drifted"
    plan = yield {"policies": {"missing_interfaces": "disable"}}
    disabled = row(plan, "interfaces", "sw1 gone")
    assert (disabled.action, before(disabled), after(disabled)) == (
        "update",
        {"enabled": True},
        {"enabled": False},
    )
    plan = yield {"policies": {"missing_interfaces": "delete", "delete": ["interfaces"]}}
    kept = row(plan, "interfaces", "sw1 gone")
    assert (kept.action, kept.reason) == (
        "drifted",
        "not in LibreNMS, but netbox-sync did not create it (policies.delete_unowned)",
    )


@together(**OPTIONS)
def test_a_delete_of_an_interface_says_all_that_it_takes_away(case: Case) -> Steps:
    """What is not shown could not be brought back; NetBox deletes a MAC address along, so it has its own row."""
    case.state.add_port(case.state.add_device("sw1", hardware="C9300-48P"), "Gi0/1")
    known = case.device("sw1")
    case.netbox.create("extras/tags", name="spare", slug="spare")
    lag = case.netbox.create("dcim/interfaces", device=known["id"], name="Po1", type="lag")
    vlans = {
        vid: case.netbox.create("ipam/vlans", vid=vid, name=f"v{vid}", group=case.basics["group"]["id"])
        for vid in (10, 20)
    }
    gone = case.netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="gone",
        label="A1",
        type="1000base-t",
        enabled=False,
        mtu=9000,
        speed=1000000,
        description="spare",
        mode="tagged",
        untagged_vlan=vlans[10]["id"],
        tagged_vlans=[vlans[20]["id"]],
        lag=lag["id"],
        mgmt_only=True,
        tags=[{"slug": "spare"}],
    )
    mac = case.netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:00:01",
        assigned_object_type="dcim.interface",
        assigned_object_id=gone["id"],
    )
    case.netbox.edit("dcim/interfaces", gone["id"], primary_mac_address=mac["id"])

    plan = yield
    found = row(plan, "interfaces", "sw1 gone")
    assert (found.action, found.reason) == (
        "blocked",
        "not in LibreNMS, but netbox-sync did not create its dependents: 02:00:00:00:00:01",
    )
    plan = yield {"policies": {**DELETES, "delete_unowned": ["interfaces", "mac_addresses"]}}
    found = row(plan, "interfaces", "sw1 gone")
    assert before(found) == {
        "device": {"id": known["id"], "name": "sw1"},
        "name": "gone",
        "label": "A1",
        "type": "1000base-t",
        "enabled": False,
        "mtu": 9000,
        "speed": 1000000,
        "description": "spare",
        "mode": "tagged",
        "untagged_vlan": {"id": vlans[10]["id"], "name": "10 v10"},
        "tagged_vlans": [{"id": vlans[20]["id"], "name": "20 v20"}],
        "lag": {"id": lag["id"], "name": "Po1"},
        "mgmt_only": True,
        "primary_mac_address": {"id": mac["id"], "name": "02:00:00:00:00:01"},
        "tags": ["spare"],
    }
    assert set(after(found).values()) == {None}
    address = row(plan, "mac_addresses", f"sw1 gone 02:00:00:00:00:01 (id {mac['id']})")
    assert before(address) == {
        "mac_address": "02:00:00:00:00:01",
        "assigned_object": {"id": gone["id"], "name": "sw1 gone", "type": "dcim.interface"},
    }
    assert found.depends_on == (address.change_id,)
