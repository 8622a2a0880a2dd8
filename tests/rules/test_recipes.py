"""Every recipe of docs/rules.md on rows: what it changes, literally."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, guest, interface, machine, paris, port, shown, switch

DOCS = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
RECIPES: dict[str, list[tuple[str, str]]] = {
    title.strip(): re.findall(r"```sql\n-- rules/([a-z_.]+)\n(.*?)```", text, re.DOTALL)
    for title, text in re.findall(
        r"### ([^\n]+)\n(.*?)(?=\n### |\Z)", DOCS.partition("## Recipes")[2], re.DOTALL
    )
}
Fields = dict[tuple[str, str], Any]


def with_contacts(estate: Estate) -> None:
    estate.change("netbox.status", contacts=True)
    for number, (contact, role) in enumerate((("Ada", "Owner"), ("NOC", "Technical")), start=1):
        estate.add("netbox.contacts", id=number, name=contact)
        estate.add("netbox.contact_roles", id=number, name=role, slug=role.lower())


def rack() -> Estate:
    """LibreNMS's core-1 and acme-2, which NetBox has without anything that a person would have entered."""
    estate = switch(defaults={"vlan_group": "campus"}, policies={"owns": ["devices.name"]})
    for found, row in estate._rows:
        if found == "librenms.devices":
            row.update(location="Paris", sysName="acme-1", hostname="acme-1", ip="192.0.2.1")
        if found == "netbox.devices":
            row.update(name="acme-1", status="active")
    device(estate, 2, "sw2-acc-1", location="North campus")
    estate.add(
        "netbox.devices", id=2, name="sw2-acc-1", status="active", site_id=3, cf={"librenms_id": {"lib": 2}}
    )
    device(estate, 3, "gw1", location="Paris/Floor 1/R7/Initech")
    estate.add("netbox.devices", id=3, name="gw1", status="active", site_id=3, cf={"librenms_id": {"lib": 3}})
    for number, name in enumerate(("ACME", "Campus services", "Initech"), start=1):
        estate.add("netbox.tenants", id=number, name=name, slug=name.lower().replace(" ", "-"))
    for number, name in enumerate(("Access switch", "Router"), start=1):
        estate.add("netbox.device_roles", id=number, name=name, slug=name.lower().replace(" ", "-"))
    estate.add("netbox.sites", id=3, name="Paris", slug="paris")
    estate.add("netbox.locations", id=4, name="Floor 1", slug="floor-1", site_id=3)
    estate.add("netbox.racks", id=5, name="R7", site_id=3, location_id=4)
    estate.add("netbox.custom_fields", id=1, name="managed_by", type="text", object_types=["dcim.device"])
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "192.0.2.1", 1)
    port(estate, 2, "veth0a1b2c")
    # A firewall with an internal network.
    device(estate, 4, "fw-1", location="Nowhere")
    estate.add("netbox.devices", id=4, name="fw-1", status="active", cf={"librenms_id": {"lib": 4}})
    port(estate, 3, "eth0", device=4)
    interface(estate, 13, "eth0", device=4, port=3)
    shown(estate, 2, "172.17.0.1", 3)
    estate.add("netbox.vlan_groups", id=1, name="campus", slug="campus")
    with_contacts(estate)
    for vid in (10, 30):
        estate.add("librenms.vlans", vlan_id=vid, device_id=1, vlan_vlan=vid)
    return estate


def farm() -> Estate:
    """Guests web1 and test1 in paris, which NetBox has."""
    estate = paris()
    with_contacts(estate)
    for number, name in enumerate(("web", "Shop"), start=1):
        estate.add("netbox.tenants", id=number, name=name, slug=name.lower())
    estate.add("netbox.vrfs", id=4, name="lab")
    estate.add("netbox.tags", id=1, name="env-prod", slug="env-prod")
    notes = "Owner: Ada\nreboot on Sundays"
    guest(
        estate,
        101,
        "web1",
        "bc:24:11:00:00:01",
        pool="web",
        tags=["customer-shop", "env-prod"],
        description=notes,
    )
    guest(estate, 9001, "test1", pool="sandbox")
    for row in estate._rows:
        if row[0] == "proxmox.guest_interfaces":
            row[1]["bridge"] = "vmbr10"
    estate.add(
        "proxmox.guest_addresses",
        vmid=101,
        key="net0",
        address="192.0.2.5",
        canonical="192.0.2.5",
        prefixlen=24,
        family=4,
    )
    for number, name in ((101, "web1"), (9001, "test1")):
        machine(estate, number, name, number, tags=["env-test"])
    return estate


def diff(estate: Estate) -> Fields:
    return {
        (f"{r.resource} {r.key}", name): value
        for r in estate.rows()
        if r.action in ("create", "update")
        for name, value in r.fields.items()
    }


@cache
def changed_by(titles: tuple[str, ...]) -> tuple[Fields, set[str]]:
    """What these recipes add to the diff or change, and the objects that they take out of it."""
    make = EXPECTED[titles[0]][0]
    before, estate = diff(make()), make()
    for title in titles:
        for name, sql in RECIPES[title]:
            estate.rule(name, sql)
    after = diff(estate)
    rows = {key for key, _ in after}
    return (
        {key: value for key, value in after.items() if before.get(key) != value},
        {key for key, _ in before if key not in rows},
    )


EXPECTED: dict[str, tuple[Any, Fields, set[str]]] = {
    "Tenant of a guest by its pool": (
        farm,
        {("virtual_machines web1", "tenant"): {"id": 1, "name": "web"}},
        set(),
    ),
    "Tenant by a tag of the guest": (
        farm,
        {("virtual_machines web1", "tenant"): {"id": 2, "name": "Shop"}},
        set(),
    ),
    "Tenant by the name of a device": (
        rack,
        {("devices acme-1", "tenant"): {"id": 1, "name": "ACME"}},
        set(),
    ),
    "Tenant by location": (
        rack,
        {("devices sw2-acc-1", "tenant"): {"id": 2, "name": "Campus services"}},
        set(),
    ),
    "Role by name": (
        rack,
        {
            ("devices sw2-acc-1", "role"): {"id": 1, "name": "Access switch"},
            ("devices gw1", "role"): {"id": 2, "name": "Router"},
        },
        set(),
    ),
    "Leave out guests by a range of VMIDs": (farm, {}, {"virtual_machines test1"}),
    "Leave out guests by pool, tag or node": (farm, {}, {"virtual_machines test1"}),
    "VRF of guests by bridge": (
        farm,
        {
            ("vm_interfaces web1 net0", "vrf"): {"id": 4, "name": "lab"},
            ("ip_addresses 192.0.2.5 in lab", "vrf"): {"id": 4, "name": "lab"},
            ("ip_addresses 192.0.2.5 in lab", "address"): "192.0.2.5/24",
            ("ip_addresses 192.0.2.5 in lab", "status"): "active",
            ("ip_addresses 192.0.2.5 in lab", "assigned_object"): {
                "key": "web1 net0",
                "name": "web1 eth0",
                "ref": "vm_interfaces",
                "type": "virtualization.vminterface",
            },
        },
        {"ip_addresses 192.0.2.5"},
    ),
    "Leave out interfaces by name": (rack, {}, {"interfaces acme-1 veth0a1b2c", "custom_fields librenms_id"}),
    "Leave out addresses by subnet": (rack, {}, {"ip_addresses 172.17.0.1"}),
    "Description and comments from the notes of a guest": (
        farm,
        {
            ("virtual_machines web1", "description"): "Managed by Ada",
            ("virtual_machines web1", "comments"): "Owner: Ada\nreboot on Sundays",
        },
        set(),
    ),
    "Site, location, rack and tenant from a location text": (
        rack,
        {
            ("devices gw1", "location"): {"id": 4, "name": "Floor 1"},
            ("devices gw1", "rack"): {"id": 5, "name": "R7"},
            ("devices gw1", "tenant"): {"id": 3, "name": "Initech"},
        },
        set(),
    ),
    "Device names by a template": (rack, {("devices acme-1", "name"): "ACME-1.paris"}, set()),
    "Tags that follow the source": (
        farm,
        {
            ("virtual_machines test1", "tags"): [],
            ("virtual_machines web1", "tags"): ["customer-shop", "env-prod"],
        },
        set(),
    ),
    "DNS names of addresses": (rack, {("ip_addresses 192.0.2.1", "dns_name"): "acme-1.example.net"}, set()),
    "Names of VLANs by number": (rack, {("vlans 10 in campus", "name"): "users"}, set()),
    "Contact by the notes of a guest": (
        farm,
        {
            ("contact_assignments virtual machine web1: Ada (Owner)", "object"): {
                "id": 101,
                "name": "web1",
                "type": "virtualization.virtualmachine",
            },
            ("contact_assignments virtual machine web1: Ada (Owner)", "contact"): {"id": 1, "name": "Ada"},
            ("contact_assignments virtual machine web1: Ada (Owner)", "role"): {"id": 1, "name": "Owner"},
        },
        set(),
    ),
    "Contact of all devices of a location": (
        rack,
        {
            ("contact_assignments device sw2-acc-1: NOC (Technical)", "object"): {
                "id": 2,
                "name": "sw2-acc-1",
                "type": "dcim.device",
            },
            ("contact_assignments device sw2-acc-1: NOC (Technical)", "contact"): {"id": 2, "name": "NOC"},
            ("contact_assignments device sw2-acc-1: NOC (Technical)", "role"): {"id": 2, "name": "Technical"},
        },
        set(),
    ),
    "Constant custom fields": (
        rack,
        {
            (f"devices {name}", "cf.managed_by"): "netbox-sync"
            for name in ("acme-1", "sw2-acc-1", "gw1", "fw-1")
        },
        set(),
    ),
}


# Recipes that concern different objects or fields are tried at the same time.
_NOT_WITH_THE_FIRST = ("Tenant by a tag of the guest", "Leave out guests by a range of VMIDs")
_ALONE = ("Leave out guests by pool, tag or node",)
GROUPS = [
    tuple(title for title, (make, *_) in EXPECTED.items() if make is rack),
    tuple(
        title
        for title, (make, *_) in EXPECTED.items()
        if make is farm and title not in (*_NOT_WITH_THE_FIRST, *_ALONE)
    ),
    _NOT_WITH_THE_FIRST,
    _ALONE,
]


def test_every_recipe_is_tested() -> None:
    assert len(RECIPES) >= 15
    assert sorted(RECIPES) == sorted(EXPECTED)


@pytest.mark.parametrize("title", sorted(RECIPES))
def test_recipe(title: str) -> None:
    _, fields, gone = EXPECTED[title]
    [group] = [group for group in GROUPS if title in group]
    changed, left_out = changed_by(group)
    assert {key: changed.get(key) for key in fields} == fields
    assert gone <= left_out


@pytest.mark.parametrize("group", GROUPS, ids=("devices", "guests", "more of guests", "one of guests"))
def test_recipes_change_nothing_else(group: tuple[str, ...]) -> None:
    changed, left_out = changed_by(group)
    assert set(changed) == {key for title in group for key in EXPECTED[title][1]}
    assert left_out == {key for title in group for key in EXPECTED[title][2]}
