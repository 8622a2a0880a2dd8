"""The steps by which a LibreNMS device finds its NetBox objects, and who may be imported."""

from __future__ import annotations

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
DEFAULTS = {"site": "paris", "role": "access", "device_type": "C9300-48P"}
# For the tests of two settings.
STRIPPED: dict[str, Any] = {"strip_domain": True, "defaults": {**DEFAULTS, "tenant": "acme"}}


def known_by_address(case: Case, address: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Device sw1, whose address NetBox has on a device of another name; that device and address."""
    case.state.add_device("sw1", hardware="C9300-48P", ip=address)
    known = case.device("by-another-name")
    port = case.netbox.create("dcim/interfaces", device=known["id"], name="Vlan1", type="virtual")
    return known, case.netbox.create(
        "ipam/ip-addresses",
        address=f"{address}/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
    )


@together(**OPTIONS)
def test_an_address_that_is_not_primary_is_a_question(case: Case) -> Steps:
    known, _ = known_by_address(case, "10.0.0.4")
    plan = yield
    asked = row(plan, "devices", "sw1")
    assert asked.action == "conflict"
    assert asked.reason.startswith(
        f"it may be by-another-name (id {known['id']}), which has its address 10.0.0.4 in NetBox and matches no other device"
    )


@together(**OPTIONS)
def test_a_primary_address_is_the_last_evidence(case: Case) -> Steps:
    """And only that address which LibreNMS talks to; another name stays NetBox's."""
    known, address = known_by_address(case, "10.0.0.5")
    case.netbox.edit("dcim/devices", known["id"], primary_ip4=address["id"])
    plan = yield
    assert row(plan, "devices", "sw1").netbox_id == known["id"]


@together(**OPTIONS)
def test_a_name_that_speaks_for_one_device_and_an_address_for_another(case: Case) -> Steps:
    known, address = known_by_address(case, "10.0.0.6")
    case.netbox.edit("dcim/devices", known["id"], primary_ip4=address["id"])
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
        (STRIPPED, ["core", "mgmt", "10.0.7.{}"]),
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
    plan = yield STRIPPED
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
    plan = yield {"write": True}
    assert [(r.key, r.action, r.reason) for r in rows(plan, "devices", "blocked")] == [
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
    """One that is in NetBox keeps its own."""
    for name in ("sw1", "sw2"):
        case.state.add_device(name, hardware="C9300-48P")
    case.device("sw2")
    tenant = case.netbox.create("tenancy/tenants", name="Acme Inc", slug="acme")
    plan = yield STRIPPED
    assert after(row(plan, "devices", "sw1"))["tenant"] == {"id": tenant["id"], "name": "Acme Inc"}
    assert "tenant" not in after(row(plan, "devices", "sw2"))


@together(**OPTIONS)
def test_a_default_tenant_that_is_not_there_is_said(case: Case) -> Steps:
    case.state.add_device("sw1", hardware="C9300-48P")
    plan = yield {"defaults": {**DEFAULTS, "tenant": "nobody"}}
    found = row(plan, "devices", "sw1")
    assert (found.action, found.reason) == ("blocked", 'NetBox has no tenant "nobody" (from defaults)')


@together(**LOCATIONS)
def test_a_device_goes_to_the_location_of_its_site(case: Case) -> Steps:
    """By the mapping, else by the location's own name; one of that name in another site does not count, NetBox's value is kept."""
    paris = case.basics["site"]["id"]
    lyon = case.netbox.create("dcim/sites", name="Lyon", slug="lyon")["id"]
    rooms = {
        (site, name): case.netbox.create("dcim/locations", site=site, name=name, slug=name.lower())["id"]
        for site, name in ((paris, "Room2"), (lyon, "Room2"), (lyon, "Room3"), (paris, "Cellar"))
    }
    for name, place in (
        *(("sw1", "room2"), ("sw2", "Room3"), ("sw3", "Floor 7"), ("sw4", "Attic")),
        *(("in the cellar", "room2"), ("in lyon", "Floor 7")),
    ):
        case.state.add_device(name, location=place, hardware="C9300-48P")
    case.device("in the cellar", location=rooms[paris, "Cellar"])
    case.device("in lyon", site=lyon)
    plan = yield {"write": True}
    assert after(row(plan, "devices", "sw1"))["location"] == {"id": rooms[paris, "Room2"], "name": "Room2"}
    assert "location" not in after(row(plan, "devices", "sw2"))
    assert after(row(plan, "devices", "sw3"))["location"]["id"] == rooms[paris, "Cellar"]
    wrong = row(plan, "devices", "sw4")
    assert (wrong.action, [f.reason for f in wrong.fields if f.decision == "conflict"]) == (
        "create",
        ['the site of sw4 has no location "nowhere" (from the mappings)'],
    )
    kept = next(f for f in row(plan, "devices", "in the cellar").fields if f.name == "location")
    assert (kept.decision, kept.reason) == (
        "drifted",
        "NetBox has a value that netbox-sync did not write (policies.owns)",
    )
    assert case.netbox.one("dcim/devices", name=case.named("sw2"))["location"] is None
    # The operator has put it into another site: no location of Paris fits there.
    assert case.netbox.one("dcim/devices", name=case.named("in lyon"))["location"] is None
    yield {"policies": {"owns": ["devices.location"]}, "write": True}
    moved = case.netbox.one("dcim/devices", name=case.named("in the cellar"))
    assert moved["location"]["id"] == rooms[paris, "Room2"]


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
    plan = pipeline.apply()
    assert sorted((r.resource, r.key) for r in plan.rows if r.action == "create") == [
        ("custom_fields", "librenms_id"),
        ("device_roles", "switch"),
        ("device_types", "dcs-7050"),
        ("devices", "sw1"),
        ("manufacturers", "arista"),
        ("platforms", "arista-eos"),
        ("sites", "nice"),
    ]
    assert [r.key for r in pipeline.sync().changes] == []
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
