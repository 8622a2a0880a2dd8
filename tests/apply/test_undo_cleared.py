"""Undo of a delete by which NetBox emptied a field of another object: the primary address comes back too."""

from __future__ import annotations

import json
from typing import Any

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.compare.plan import Plan
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.undoing import back_and_forth, done, picture, undone
from tests.support import NetBox

Row = dict[str, Any]
MACHINES = "virtualization/virtual-machines"


def port(netbox: NetBox, fixtures: NetBoxFixtures) -> dict[str, Row]:
    """A port of the device with its primary addresses, IPv4 as out-of-band address too."""
    eth = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="mgmt", type="other")
    on = {"assigned_object_type": "dcim.interface", "assigned_object_id": eth["id"]}
    v4 = netbox.create("ipam/ip-addresses", address=fixtures.ip(1), **on)
    v6 = netbox.create("ipam/ip-addresses", address=f"2001:db8:{fixtures.suffix[:4]}::1/64", **on)
    device = fixtures.device["id"]
    netbox.edit("dcim/devices", device, primary_ip4=v4["id"], primary_ip6=v6["id"], oob_ip=v4["id"])
    return {"eth": eth, "v4": v4, "v6": v6}


def without(fixtures: NetBoxFixtures, there: dict[str, Row], *names: str) -> Draft:
    """The deletes of these."""
    on = {**of(there["eth"]), "type": "dcim.interface"}
    made = Draft()
    for name in names:
        row = there[name]
        if name == "eth":
            fields = {"device": (of(fixtures.device), None), "name": ("mgmt", None)}
            made.delete("interfaces", "mgmt", row, fields=fields, parent="sw1")
        else:
            fields = {"address": (row["address"], None), "assigned_object": (on, None)}
            made.delete("ip_addresses", row["address"], row, fields=fields, parent="sw1")
    return made


def primaries(netbox: NetBox, fixtures: NetBoxFixtures) -> list[str | None]:
    """The device's primary IPv4, IPv6 and out-of-band address."""
    device = netbox.one("dcim/devices", id=fixtures.device["id"])
    found = [device[name] for name in ("primary_ip4", "primary_ip6", "oob_ip")]
    return [value and value["address"] for value in found]


def rows(plan: Plan) -> list[tuple[str, str, str, str]]:
    """(resource, action, key, reason) of each row, in the order of an apply."""
    return [(row.resource, row.action, row.key, row.reason or "") for row in plan.rows]


def test_a_device_gets_its_primary_addresses_back_with_their_port(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    v4, v6 = fixtures.ip(1), there["v6"]["address"]
    assert primaries(netbox, fixtures) == [v4, v6, v4]
    first = done(harness, without(fixtures, there, "eth", "v4", "v6").publish(harness.warehouse))
    assert primaries(netbox, fixtures) == [None, None, None]
    assert netbox.all("dcim/interfaces", device_id=fixtures.device["id"]) == []

    plan = plan_undo(harness.warehouse, harness.target, first)
    name = fixtures.device["name"]
    assert rows(plan) == [
        ("interfaces", "create", "mgmt", ""),
        *sorted([("ip_addresses", "create", v4, ""), ("ip_addresses", "create", v6, "")]),
        ("primary_ips", "update", f"{name} IPv4", ""),
        ("primary_ips", "update", f"{name} IPv6", ""),
        ("primary_ips", "update", f"{name} OOB", ""),
    ]
    update = next(row for row in plan.changes if row.key == f"{name} IPv4")
    assert (update.object_type, update.netbox_id, update.parent) == (
        "dcim/devices",
        fixtures.device["id"],
        "sw1",
    )
    assert [(f.name, f.before, f.after) for f in update.fields] == [
        ("primary_ip4", None, {"ref": "ip_addresses", "key": v4, "name": v4})
    ]
    done(harness, plan)
    assert primaries(netbox, fixtures) == [v4, v6, v4]
    eth = netbox.one("dcim/interfaces", device_id=fixtures.device["id"])
    assert netbox.one("ipam/ip-addresses", address=v4)["assigned_object_id"] == eth["id"]


def test_back_and_forth_with_primary_addresses(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    back_and_forth(
        harness, netbox, fixtures, without(fixtures, there, "eth", "v4", "v6").publish(harness.warehouse)
    )
    assert primaries(netbox, fixtures) == [fixtures.ip(1), there["v6"]["address"], fixtures.ip(1)]


def test_an_address_that_went_alone_is_primary_again(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    first = done(harness, without(fixtures, there, "v6").publish(harness.warehouse))
    assert primaries(netbox, fixtures) == [fixtures.ip(1), None, fixtures.ip(1)]
    undone(harness, first)
    assert primaries(netbox, fixtures) == [fixtures.ip(1), there["v6"]["address"], fixtures.ip(1)]


def guest(netbox: NetBox, fixtures: NetBoxFixtures) -> dict[str, Row]:
    """An interface of the machine with its primary MAC and IP address."""
    eth = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    on = {"assigned_object_type": "virtualization.vminterface", "assigned_object_id": eth["id"]}
    mac = netbox.create("dcim/mac-addresses", mac_address="02:00:00:00:00:AA", **on)
    address = netbox.create("ipam/ip-addresses", address=fixtures.ip(9), **on)
    eth = netbox.edit("virtualization/interfaces", eth["id"], primary_mac_address=mac["id"])
    return {
        "eth": eth,
        "mac": mac,
        "address": address,
        "vm": netbox.edit(MACHINES, fixtures.vm["id"], primary_ip4=address["id"]),
    }


def without_guest(fixtures: NetBoxFixtures, there: dict[str, Row], *names: str) -> Draft:
    """The deletes of these, which know of no primary address."""
    vm = of(fixtures.vm)
    on = {**of(there["eth"]), "type": "virtualization.vminterface"}
    what = {
        "address": ("ip_addresses", {"address": fixtures.ip(9), "assigned_object": on}),
        "mac": ("mac_addresses", {"mac_address": "02:00:00:00:00:AA", "assigned_object": on}),
        "eth": ("vm_interfaces", {"virtual_machine": vm, "name": "eth0"}),
        "vm": ("virtual_machines", {"name": fixtures.vm["name"]}),
    }
    made = Draft()
    for name in names:
        resource, content = what[name]
        fields = {n: (v, None) for n, v in content.items()}
        made.delete(resource, name, there[name], fields=fields, parent="web")
    return made


def test_a_machine_that_stayed_and_one_that_went_get_theirs_back(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = guest(netbox, fixtures)
    before = picture(netbox, fixtures)
    first = done(harness, without_guest(fixtures, there, "address", "mac", "eth").publish(harness.warehouse))
    machine = netbox.one(MACHINES, id=fixtures.vm["id"])
    assert (machine["primary_ip4"], machine["interface_count"]) == (None, 0)
    undone(harness, first)
    assert netbox.one(MACHINES, id=fixtures.vm["id"])["primary_ip4"]["address"] == fixtures.ip(9)
    assert picture(netbox, fixtures) == before

    now = guest_as_it_is(netbox, fixtures)
    back_and_forth(
        harness,
        netbox,
        fixtures,
        without_guest(fixtures, now, "address", "mac", "eth", "vm").publish(harness.warehouse),
    )
    assert picture(netbox, fixtures) == before


def guest_as_it_is(netbox: NetBox, fixtures: NetBoxFixtures) -> dict[str, Row]:
    """What ``guest`` made, under its present ids."""
    eth = netbox.one("virtualization/interfaces", virtual_machine_id=fixtures.vm["id"])
    return {
        "eth": eth,
        "mac": netbox.one("dcim/mac-addresses", vminterface_id=eth["id"]),
        "address": netbox.one("ipam/ip-addresses", vminterface_id=eth["id"]),
        "vm": netbox.one(MACHINES, id=fixtures.vm["id"]),
    }


def test_a_mac_address_that_went_alone_is_the_interfaces_own_again(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = guest(netbox, fixtures)
    first = done(harness, without_guest(fixtures, there, "mac").publish(harness.warehouse))
    assert netbox.one("virtualization/interfaces", id=there["eth"]["id"])["primary_mac_address"] is None
    plan = plan_undo(harness.warehouse, harness.target, first)
    assert rows(plan) == [("mac_addresses", "create", "mac", ""), ("primary_macs", "update", "eth0 MAC", "")]
    done(harness, plan)
    eth = netbox.one("virtualization/interfaces", id=there["eth"]["id"])
    assert eth["primary_mac_address"]["mac_address"] == "02:00:00:00:00:AA"


def test_another_primary_address_since_is_a_conflict_and_stays(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    first = done(harness, without(fixtures, there, "v4", "v6").publish(harness.warehouse))
    other = netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(7),
        assigned_object_type="dcim.interface",
        assigned_object_id=there["eth"]["id"],
    )
    netbox.edit("dcim/devices", fixtures.device["id"], primary_ip4=other["id"])

    plan = plan_undo(harness.warehouse, harness.target, first)
    name = fixtures.device["name"]
    assert {row.key: (row.action, row.reason) for row in plan.rows} == {
        fixtures.ip(1): ("create", None),
        there["v6"]["address"]: ("create", None),
        f"{name} IPv4": ("conflict", f"its primary_ip4 is {fixtures.ip(7)} in NetBox since"),
        f"{name} IPv6": ("update", None),
        f"{name} OOB": ("update", None),
    }
    assert harness.approve_and_apply(plan).counts["applied"] == 4
    assert primaries(netbox, fixtures) == [fixtures.ip(7), there["v6"]["address"], fixtures.ip(1)]


def test_a_primary_address_set_between_the_undo_plan_and_its_apply_stays(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    first = done(harness, without(fixtures, there, "v6").publish(harness.warehouse))
    plan = plan_undo(harness.warehouse, harness.target, first)
    harness.approve(plan)
    other = netbox.create(
        "ipam/ip-addresses",
        address="2001:db8:ffff::7/64",
        assigned_object_type="dcim.interface",
        assigned_object_id=there["eth"]["id"],
    )
    netbox.edit("dcim/devices", fixtures.device["id"], primary_ip6=other["id"])
    assert verdicts(harness.apply(plan)) == {
        there["v6"]["address"]: "applied",
        f"{fixtures.device['name']} IPv6": "stale",
    }
    assert primaries(netbox, fixtures) == [fixtures.ip(1), "2001:db8:ffff::7/64", fixtures.ip(1)]


def test_a_device_that_is_gone_since_gets_nothing(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    first = done(harness, without(fixtures, there, "v6").publish(harness.warehouse))
    netbox.delete("dcim/devices", fixtures.device["id"])
    plan = plan_undo(harness.warehouse, harness.target, first)
    assert [(row.key, row.action, row.reason) for row in plan.rows if row.resource == "primary_ips"] == [
        (f"{fixtures.device['name']} IPv6", "conflict", "it is gone from NetBox since")
    ]


def test_the_ledger_names_what_netbox_emptied(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    there = port(netbox, fixtures)
    first = done(harness, without(fixtures, there, "v4").publish(harness.warehouse))
    text = (harness.warehouse.ledger / "applies" / "lab" / f"{first}.jsonl").read_text()
    sent = [line for line in map(json.loads, text.splitlines()) if line["kind"] == "sending"]
    before = {"id": there["v4"]["id"], "name": fixtures.ip(1)}
    owner = {
        "object_type": "dcim/devices",
        "netbox_id": fixtures.device["id"],
        "owner": fixtures.device["name"],
        "before": before,
        "after": None,
    }
    assert [change["cleared"] for line in sent for change in line["changes"]] == [
        [{**owner, "field": "primary_ip4"}, {**owner, "field": "oob_ip"}]
    ]
