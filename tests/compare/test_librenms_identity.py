"""The steps by which a LibreNMS device finds its NetBox objects, and who may be imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import NetBox, Pipeline, after, row, rows

# Each is for the devices of one or two tests.
OPTIONS: dict[str, Any] = {
    "policies": {"owns": ["devices.name"]},
    "mappings": {"roles": {"ws-c2960": "core", "fortigate": "firewall", "wireless": "radio"}},
}
LOCATIONS: dict[str, Any] = {"mappings": {"locations": {"floor 7": "cellar", "Attic": "nowhere"}}}

Device = Callable[..., dict[str, Any]]


@together(**OPTIONS)
def test_a_primary_address_is_the_last_evidence(case: Case) -> Steps:
    """And only that address which LibreNMS talks to; another name stays NetBox's."""
    case.state.add_device("sw1", hardware="C9300-48P", ip="10.0.0.5")
    known = case.device("by-another-name")
    port = case.netbox.create("dcim/interfaces", device=known["id"], name="Vlan1", type="virtual")
    address = case.netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.5/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
    )
    plan = yield
    assert row(plan, "devices", "sw1").action == "create"
    case.netbox.edit("dcim/devices", known["id"], primary_ip4=address["id"])
    plan = yield
    assert row(plan, "devices", "sw1").netbox_id == known["id"]
    # The name speaks for one device and the address for another.
    case.device("sw1")
    plan = yield
    found = row(plan, "devices", "sw1")
    assert (found.action, found.reason) == (
        "conflict",
        "several NetBox devices could be this one: by-another-name (primary IP), sw1 (name)",
    )


@together(**OPTIONS)
def test_a_name_counts_in_any_case_and_a_serial_only_once(case: Case) -> Steps:
    """A serial on several devices of either side is no evidence."""
    case.state.add_device("SW1.Example.net", sysName="SW1", hardware="C9300-48P")
    known = case.device("sw1")
    for name in ("a1", "a2"):
        case.state.add_device(name, serial="TWICE-THERE", hardware="C9300-48P")
    case.device("old-a", serial="TWICE-THERE")
    case.state.add_device("b1", serial="TWICE-HERE", hardware="C9300-48P")
    for name in ("old-b1", "old-b2"):
        case.device(name, serial="TWICE-HERE")
    plan = yield
    assert {r.key: (r.action, r.netbox_id) for r in rows(plan, "devices")} == {
        "SW1": ("update", known["id"]),
        "a1": ("create", None),
        "a2": ("create", None),
        "b1": ("create", None),
    }


@together(**OPTIONS)
def test_a_private_sys_name_is_no_name_and_an_address_keeps_its_dots(case: Case) -> Steps:
    """The hostname is used instead; 10.0.0.7 has no first label."""
    case.state.add_device("core.example.net", sysName="<private>", hardware="C9300-48P")
    case.state.add_device("10.0.0.7", sysName=None, hardware="C9300-48P")
    known = case.device("core")
    case.device("10")
    plan = yield
    assert {r.key: (r.action, r.netbox_id) for r in rows(plan, "devices")} == {
        "core.example.net": ("update", known["id"]),
        "10.0.0.7": ("create", None),
    }


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, ["core.example.net", "mgmt.example.net", "10.0.7.{}"]),
        ({"strip_domain": True}, ["core", "mgmt", "10.0.7.{}"]),
        ({"device_name": "hostname"}, ["192.0.2.{}", "mgmt.example.net", "10.0.7.{}"]),
    ],
)
@together(**OPTIONS)
def test_what_a_new_device_is_called(case: Case, chosen: dict[str, Any], names: list[str]) -> Steps:
    """The other name where there is none; an address keeps its dots."""
    case.state.add_device(f"192.0.2.{case.number}", sysName="core.example.net", hardware="C9300-48P")
    case.state.add_device("mgmt.example.net", sysName=None, hardware="C9300-48P")
    case.state.add_device(f"10.0.7.{case.number}", sysName=f"10.0.7.{case.number}", hardware="C9300-48P")
    plan = yield chosen
    assert {after(r)["name"] for r in rows(plan, "devices", "create")} == {
        name.format(case.number) for name in names
    }


@together(**OPTIONS)
def test_a_name_without_its_domain_is_no_reason_to_merge_two_devices(case: Case) -> Steps:
    """sw01.a.net and sw01.b.net would both be sw01; a device that has its long name keeps it."""
    case.state.add_device("sw01.a.net", device_id=601, hardware="C9300-48P")
    case.state.add_device("sw01.b.net", device_id=602, hardware="C9300-48P")
    case.state.add_device("core.a.net", hardware="C9300-48P")
    case.device("core.a.net")
    plan = yield {"strip_domain": True}
    assert {(r.key, r.action, r.reason) for r in rows(plan, "devices")} == {
        ("sw01 (LibreNMS 601)", "conflict", "several devices of this endpoint have the name sw01"),
        ("sw01 (LibreNMS 602)", "conflict", "several devices of this endpoint have the name sw01"),
        ("core", "update", None),
    }
    assert "name" not in after(row(plan, "devices", "core"))


@together(**LOCATIONS)
def test_what_is_too_long_for_netbox_is_said(case: Case) -> Steps:
    """A name of 65 characters creates no device; a serial is left out, a description cut, the rest is written."""
    long_name = "x" * 58 + ".fr"
    case.state.add_device(long_name, hardware="C9300-48P")
    known = case.state.add_device("sw1", hardware="C9300-48P", serial="S" + "1" * 50)
    case.state.add_port(known, "Gi0/1", port_id=501, ifAlias="a" * 201)
    case.device("sw1", serial="FOC1")
    # The other test of this estate looks before the first apply.
    yield
    plan = yield {"apply": True}
    assert [(r.key, r.action, r.reason) for r in rows(plan, "devices")] == [
        (long_name, "blocked", "the name has 65 characters; NetBox takes 64")
    ]
    assert case.netbox.one("dcim/devices", name=case.named("sw1"))["serial"] == "FOC1"
    assert case.netbox.one("dcim/interfaces", device=case.named("sw1"))["description"] == "a" * 199 + "…"
    assert case.left_out() == [
        ("devices", "sw1", "its serial has 51 characters; NetBox takes 50"),
        (
            "interfaces",
            "sw1 port 501",
            "its description has 201 characters; NetBox takes 200, and the rest is cut off",
        ),
    ]


@together(**OPTIONS)
def test_types_and_platforms_by_their_words(case: Case) -> Steps:
    """Part number before model, slug or name of a platform, in any case; two candidates are ambiguous."""
    maker = case.basics["maker"]["id"]
    for model, number in (("Catalyst 9300", "WS-1"), ("WS-1", ""), ("Twin A", "WS-2"), ("Twin B", "WS-2")):
        slug = model.lower().replace(" ", "-")
        case.netbox.create(
            "dcim/device-types", manufacturer=maker, model=model, slug=slug, part_number=number
        )
    case.netbox.create("dcim/platforms", name="Cisco IOS", slug="ios")
    case.netbox.create("dcim/platforms", name="JunOS", slug="juniper")
    case.state.add_device("sw1", hardware="ws-1", os="IOS")
    case.state.add_device("sw2", hardware="WS-2", os="junos")
    case.state.add_device("sw3", hardware="WS-1", os="eos")
    plan = yield
    first = after(row(plan, "devices", "sw1"))
    assert (first["device_type"]["name"], first["platform"]["name"]) == ("Catalyst 9300", "Cisco IOS")
    second = row(plan, "devices", "sw2")
    assert (second.action, second.reason) == (
        "blocked",
        '2 device types in NetBox match "WS-2"; rename one or map to a slug',
    )
    assert "platform" not in after(row(plan, "devices", "sw3"))


@together(**OPTIONS)
def test_a_role_is_mapped_by_hardware_then_os_then_type(case: Case) -> Steps:
    for name in ("core", "firewall", "radio"):
        case.netbox.create("dcim/device-roles", name=name, slug=name, color="00ff00")
    case.state.add_device("sw1", hardware="WS-C2960", os="fortigate", type="wireless")
    case.state.add_device("sw2", hardware="other", os="fortigate", type="wireless")
    case.state.add_device("sw3", hardware="other", os="ios", type="wireless")
    case.state.add_device("sw4", hardware="other", os="ios", type="network")
    plan = yield
    assert [after(r)["role"]["name"] for r in rows(plan, "devices")] == [
        "core",
        "firewall",
        "radio",
        "Access",
    ]


@together(**OPTIONS)
def test_a_new_device_gets_the_default_tenant(case: Case) -> Steps:
    """One that is in NetBox keeps its own; a tenant that is not there is said."""
    for name in ("sw1", "sw2"):
        case.state.add_device(name, hardware="C9300-48P")
    case.device("sw2")
    options = {"defaults": {"site": "paris", "role": "access", "tenant": "acme"}}
    plan = yield options
    found = row(plan, "devices", "sw1")
    assert (found.action, found.reason) == ("blocked", 'NetBox has no tenant "acme" (from defaults)')
    tenant = case.netbox.create("tenancy/tenants", name="Acme Inc", slug="acme")
    plan = yield options
    assert after(row(plan, "devices", "sw1"))["tenant"] == {"id": tenant["id"], "name": "Acme Inc"}
    assert "tenant" not in after(row(plan, "devices", "sw2"))


@pytest.mark.parametrize(
    "chosen",
    [
        {"location": ["Paris"]},
        {"type": ["network"]},
        {"hardware": ["C9300-48P"]},
        {"hostname": ["sw[0-9]+"]},
        {"location": ["Paris", "Nice"], "os": ["ios"]},
    ],
)
def test_import_filters(pipeline: Pipeline, state: LibreNMSState, chosen: dict[str, list[str]]) -> None:
    """Each line must match; a hostname as a whole."""
    state.add_device("sw1", location="Paris", type="network", hardware="C9300-48P", os="ios")
    state.add_device("old-sw2", location="Lyon", type="server", hardware="X", os="linux")
    pipeline.configure(import_devices=chosen)
    assert [(r.key, r.action) for r in rows(pipeline.sync(), "devices")] == [
        ("old-sw2", "blocked"),
        ("sw1", "create"),
    ]


@together(**LOCATIONS)
def test_a_device_goes_to_the_location_of_its_site(case: Case) -> Steps:
    """By the mapping, else by the location's own name; one of that name in another site does not count, NetBox's value is kept."""
    paris = case.basics["site"]["id"]
    lyon = case.netbox.create("dcim/sites", name="Lyon", slug="lyon")["id"]
    rooms = {
        (site, name): case.netbox.create("dcim/locations", site=site, name=name, slug=name.lower())["id"]
        for site, name in ((paris, "Room2"), (lyon, "Room2"), (lyon, "Room3"), (paris, "Cellar"))
    }
    for name, place in (("sw1", "room2"), ("sw2", "Room3"), ("sw3", "Floor 7"), ("sw4", "Attic")):
        case.state.add_device(name, location=place, hardware="C9300-48P")
    plan = yield
    assert after(row(plan, "devices", "sw1"))["location"] == {"id": rooms[paris, "Room2"], "name": "Room2"}
    assert "location" not in after(row(plan, "devices", "sw2"))
    assert after(row(plan, "devices", "sw3"))["location"]["id"] == rooms[paris, "Cellar"]
    wrong = row(plan, "devices", "sw4")
    assert (wrong.action, [f.reason for f in wrong.fields if f.decision == "conflict"]) == (
        "create",
        ['the site of sw4 has no location "nowhere" (from the mappings)'],
    )
    case.device("sw1", location=rooms[paris, "Cellar"])
    case.device("sw3", site=lyon)
    done = yield {"apply": True}
    kept = next(f for f in row(done, "devices", "sw1").fields if f.name == "location")
    assert (kept.decision, kept.reason) == (
        "drifted",
        "NetBox has a value that netbox-sync did not write (policies.owns)",
    )
    assert case.netbox.one("dcim/devices", name=case.named("sw2"))["location"] is None
    # The operator has put it into another site: no location of Paris fits there.
    assert case.netbox.one("dcim/devices", name=case.named("sw3"))["location"] is None
    yield {"policies": {"owns": ["devices.location"]}, "apply": True}
    assert case.netbox.one("dcim/devices", name=case.named("sw1"))["location"]["id"] == rooms[paris, "Room2"]


def test_what_a_device_needs_is_created_by_policy(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox
) -> None:
    """Manufacturer, type, role, platform and site, and the custom field that keeps the ids; then in sync."""
    everything = [
        "manufacturers",
        "device_types",
        "device_roles",
        "platforms",
        "sites",
        "custom_fields",
        "devices",
    ]
    pipeline.configure(
        defaults={},
        mappings={
            "sites": {"Building 7": "Nice"},
            "roles": {"network": "Switch"},
            "manufacturers": {"eos": "Arista"},
            "platforms": {"eos": "Arista EOS"},
        },
    )
    state.add_device("sw1", location="Building 7", hardware="DCS-7050", os="eos", type="network")
    assert row(pipeline.sync(), "devices", "sw1").action == "blocked"
    pipeline.configure(policies={"create": everything})
    plan = pipeline.sync()
    assert sorted((r.resource, r.key) for r in plan.rows if r.action == "create") == [
        ("custom_fields", "librenms_id"),
        ("device_roles", "switch"),
        ("device_types", "dcs-7050"),
        ("devices", "sw1"),
        ("manufacturers", "arista"),
        ("platforms", "arista-eos"),
        ("sites", "nice"),
    ]
    done = pipeline.apply_all()
    assert [r.key for r in done.rows if r.is_change] == []
    made = netbox.one("dcim/devices", name="sw1")
    assert (
        made["site"]["name"],
        made["role"]["name"],
        made["device_type"]["model"],
        made["device_type"]["manufacturer"]["name"],
        made["platform"]["name"],
        made["custom_fields"]["librenms_id"],
    ) == ("Nice", "Switch", "DCS-7050", "Arista", "Arista EOS", {"production": 1})
    field = netbox.one("extras/custom-fields", name="librenms_id")
    assert (field["type"]["value"], sorted(field["object_types"])) == (
        "json",
        ["dcim.device", "dcim.interface"],
    )
