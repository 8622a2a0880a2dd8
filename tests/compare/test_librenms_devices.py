"""Which NetBox device a LibreNMS device is, and what is proposed for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.together import Basics, Case, Steps, together
from tests.support import NetBox, Pipeline, after, before, row, rows

NEW_TYPES: dict[str, Any] = {
    "defaults": {"site": "paris", "role": "access", "manufacturer": "cisco"},
    "policies": {"create": ["devices", "device_types"]},
    "import_devices": {"os": ["ios"]},
}
# Each is for the devices of one or two tests.
OPTIONS: dict[str, Any] = {
    "policies": {
        "owns": ["devices.status"],
        "missing_interfaces": "delete",
        "delete_unowned": ["interfaces"],
    },
    "mappings": {
        "sites": {"building 7": "paris", "Building 8": "nowhere"},
        "device_types": {"WS-X": "C9300-48P"},
    },
}

# The end of the name of a device that the token does not see then.
UNSEEN = "-unseen"


def otherwise(case: Case) -> dict[str, Any]:
    """Other options, each for one or two tests: no import, names by policy, and a token that sees only part."""
    seen = [device["device_id"] for device in case.state.devices if not device["hostname"].endswith(UNSEEN)]
    return {
        "import_devices": "none",
        "policies": {**OPTIONS["policies"], "owns": ["devices.name"]},
        "server": {"restricted_to": seen},
    }


@together(**OPTIONS)
def test_domain_is_dropped_from_the_source_name_only(case: Case) -> Steps:
    """Router-core-01.example.com is NetBox's router-core-01; sw01.a.net is not sw01.b.net."""
    case.state.add_device(
        "router-core-01.example.com", sysName="router-core-01.example.com", hardware="C9300-48P"
    )
    case.state.add_device("sw01.a.net", sysName="sw01.a.net", hardware="C9300-48P")
    known = case.device("router-core-01")
    case.device("sw01.b.net")
    plan = yield
    assert [(r.key, r.action) for r in rows(plan, "devices")] == [
        ("router-core-01.example.com", "update"),
        ("sw01.a.net", "create"),
    ]
    matched = row(plan, "devices", "router-core-01.example.com")
    assert matched.netbox_id == known["id"]
    assert "name" not in [f.name for f in matched.fields]


@together(**OPTIONS)
def test_equal_serial_is_the_same_device_and_the_name_differs(case: Case) -> Steps:
    """The name is shown as drifted, because NetBox's own name is not owned; by policy it is an update."""
    case.state.add_device("core-new", sysName="core-new", serial="FOC1234X0AB", hardware="C9300-48P")
    known = case.device("core-old", serial="foc1234x0ab")
    plan = yield
    found = row(plan, "devices", "core-new")
    assert found.netbox_id == known["id"]
    name = next(f for f in found.fields if f.name == "name")
    assert (name.before, name.after, name.decision) == ("core-old", "core-new", "drifted")
    plan = yield otherwise(case)
    owned = row(plan, "devices", "core-new")
    assert (before(owned)["name"], after(owned)["name"]) == ("core-old", "core-new")


@together(**OPTIONS)
def test_placeholder_serials_match_nobody(case: Case) -> Steps:
    """L42."""
    for number in range(3):
        case.state.add_device(f"sw{number}", serial="N/A", hardware="C9300-48P")
    case.device("other", serial="N/A")
    plan = yield
    assert [(r.key, r.action) for r in rows(plan, "devices")] == [
        ("sw0", "create"),
        ("sw1", "create"),
        ("sw2", "create"),
    ]
    assert all("serial" not in after(r) for r in rows(plan, "devices"))


@together(**OPTIONS)
def test_device_and_virtual_machine_of_one_name_is_a_conflict(case: Case) -> Steps:
    """L43."""
    case.state.add_device("web01", hardware="C9300-48P")
    kind = case.netbox.create("virtualization/cluster-types", name="PVE", slug="pve")
    cluster = case.netbox.create("virtualization/clusters", name="c1", type=kind["id"])
    case.netbox.create("virtualization/virtual-machines", name=case.named("web01"), cluster=cluster["id"])
    plan = yield
    found = row(plan, "devices", "web01")
    assert found.action == "conflict"
    assert found.reason == (
        "NetBox has a virtual machine of this name and no other evidence: web01; policies.virtual_machines: update syncs"
        " it as that machine"
    )


@pytest.mark.parametrize(
    ("held", "matches"),
    [
        pytest.param(lambda number: {"production": number}, True, id="of this endpoint"),
        pytest.param(lambda number: {"secondary": number}, False, id="of another endpoint"),
        pytest.param(lambda number: number, True, id="number"),
        pytest.param(str, True, id="text"),
        pytest.param(lambda number: True, False, id="true"),
        pytest.param(lambda number: 0, False, id="0"),
        pytest.param(lambda number: -number, False, id="negative"),
        pytest.param(lambda number: number + 0.5, False, id="fraction"),
        pytest.param(lambda number: "abc", False, id="word"),
    ],
)
@together(**OPTIONS)
def test_librenms_id_in_netbox(case: Case, held: Callable[[int], object], matches: bool) -> Steps:
    """Ids are read per endpoint; a bare number counts only while one LibreNMS is configured."""
    case.id_field()
    number = 700 + case.number
    case.state.add_device("sw-seven", device_id=number, hardware="C9300-48P")
    known = case.device("another-name", custom_fields={"librenms_id": held(number)})
    plan = yield
    found = row(plan, "devices", "sw-seven")
    assert (found.netbox_id == known["id"]) is matches
    assert found.action == (
        "update" if matches and held(number) != {"production": number} else "drifted" if matches else "create"
    )


def test_bare_id_counts_only_for_the_only_endpoint(pipeline, state, netbox, device):
    """With a second LibreNMS configured a bare 42 is nobody's."""
    netbox.create(
        "extras/custom-fields",
        name="librenms_id",
        type="json",
        object_types=["dcim.device", "dcim.interface"],
    )
    state.add_device("sw42", device_id=42, hardware="C9300-48P")
    device("another-name", custom_fields={"librenms_id": 42})
    other = {"name": "secondary", "kind": "librenms", "url": "http://127.0.0.1:9"}
    pipeline.config = pipeline.config.model_validate(
        {
            **pipeline.config.model_dump(mode="json", exclude_unset=True),
            "endpoints": [*pipeline.config.model_dump(mode="json", exclude_unset=True)["endpoints"], other],
        }
    )
    assert row(pipeline.sync(), "devices", "sw42").action == "create"


@together(**OPTIONS)
def test_two_steps_that_name_different_devices_are_a_conflict(case: Case) -> Steps:
    case.state.add_device("sw1", serial="SER-1", hardware="C9300-48P")
    case.device("sw1", serial="SER-2")
    case.device("sw9", serial="SER-1")
    plan = yield
    found = row(plan, "devices", "sw1")
    assert found.action == "conflict"
    assert found.reason == "several NetBox devices could be this one: sw1 (name), sw9 (serial)"


@together(**OPTIONS)
def test_two_devices_that_claim_one_netbox_device_are_a_conflict(case: Case) -> Steps:
    case.state.add_device("a.example.com", sysName="core", hardware="C9300-48P")
    case.state.add_device("b.example.com", sysName="core", hardware="C9300-48P")
    case.device("core")
    plan = yield
    assert {r.action for r in rows(plan, "devices")} == {"conflict"}


@together(**OPTIONS)
def test_the_device_that_netbox_knows_by_id_stays_matched(case: Case) -> Steps:
    """A second device of the same name is in doubt; the one whose id NetBox holds is not."""
    case.id_field()
    case.state.add_device("a.example.com", device_id=607, sysName="core", hardware="C9300-48P")
    case.state.add_device("b.example.com", device_id=608, sysName="core", hardware="C9300-48P")
    known = case.device("core", custom_fields={"librenms_id": {"production": 607}}, status="active")
    case.state.own_devices[0]["status"] = 0
    plan = yield
    assert {(r.key, r.action, r.netbox_id) for r in rows(plan, "devices")} == {
        ("core (LibreNMS 607)", "update", known["id"]),
        ("core (LibreNMS 608)", "conflict", None),
    }


@together(**OPTIONS)
def test_what_is_missing_is_named(case: Case) -> Steps:
    """A device without a site, type or role is blocked, and the reason says what to map."""
    case.state.add_device("sw1", location="Lyon", hardware="WS-Y", type="network")
    plan = yield {"defaults": {}}
    found = row(plan, "devices", "sw1")
    assert found.action == "blocked"
    assert found.reason == (
        'no device type: map device_types: "WS-Y", set defaults.device_type, or add device_types to policies.also_create; '
        "no role: map roles by hardware, os or type (network), or set defaults.role; "
        'no site: map sites: "Lyon", or set defaults.site'
    )


@together(**OPTIONS)
def test_mapping_decides_and_a_wrong_mapping_is_said(case: Case) -> Steps:
    case.state.add_device("sw1", location="Building 7", hardware="ws-x")
    case.state.add_device("sw2", location="Building 8", hardware="ws-x")
    plan = yield
    found = row(plan, "devices", "sw1")
    assert after(found)["site"]["name"] == "Paris"
    assert after(found)["device_type"]["name"] == "C9300-48P"
    assert row(plan, "devices", "sw2").reason == 'NetBox has no site "nowhere" (from the mappings)'


@together(**OPTIONS)
def test_import_policy_and_inactive_devices(case: Case) -> Steps:
    case.state.add_device("sw1", os="ios", hardware="C9300-48P")
    case.state.add_device("sw2", os="junos", hardware="C9300-48P")
    case.state.add_device("sw3", os="ios", hardware="C9300-48P", disabled=1)
    case.state.add_device("sw4", os="ios", hardware="C9300-48P", status=0)
    plan = yield NEW_TYPES
    assert [(r.key, r.action, r.reason) for r in rows(plan, "devices")] == [
        ("sw1", "create", None),
        ("sw2", "blocked", "not in NetBox, and the import filter of this endpoint leaves it out"),
        ("sw3", "blocked", "disabled in LibreNMS"),
        ("sw4", "create", None),
    ]
    assert after(row(plan, "devices", "sw4"))["status"] == "offline"
    plan = yield otherwise(case)
    assert {r.action for r in rows(plan, "devices")} == {"blocked"}


@together(**OPTIONS)
def test_a_token_that_sees_only_part_deletes_nothing(case: Case) -> Steps:
    """L44."""
    for name in ("sw1", "sw2", f"sw3{UNSEEN}"):
        dev = case.state.add_device(name, hardware="C9300-48P")
        port = case.state.add_port(dev, "Gi0/1")
        case.state.add_ipv4(port, f"10.0.0.{dev['device_id']}", 24)
    known = case.device("sw1")
    for name in ("Gi0/1", "Gi0/2"):
        case.netbox.create("dcim/interfaces", device=known["id"], name=name, type="1000base-t")
    plan = yield
    assert row(plan, "interfaces", "sw1 Gi0/2").action == "delete"
    plan = yield otherwise(case)
    assert case.whole.manifest["source_complete"] is False
    assert rows(plan, "interfaces", "delete") == []
    blocked = row(plan, "interfaces", "sw1 Gi0/2")
    assert blocked.action == "blocked"
    assert blocked.reason.startswith("not in LibreNMS, but that is no evidence: ")


@together(**OPTIONS)
def test_a_device_that_is_gone_from_librenms_is_shown_and_stays(case: Case) -> Steps:
    case.id_field()
    case.state.add_device("sw1", hardware="C9300-48P")
    gone = case.device("old-sw", custom_fields={"librenms_id": {"production": 4711}})
    case.device("somebody-elses", custom_fields={"librenms_id": {"secondary": 4711}})
    plan = yield
    found = row(plan, "devices", "old-sw (gone, id 4711)")
    assert (found.action, found.netbox_id, found.reason) == (
        "drifted",
        gone["id"],
        "no longer in LibreNMS; devices are never deleted by a sync",
    )


@together(**OPTIONS)
def test_two_models_of_one_slug_are_not_merged(case: Case) -> Steps:
    """NetBox takes a slug once: which of them it is to be is for a person to say."""
    case.state.add_device("sw1", os="ios", hardware="C 9500+")
    case.state.add_device("sw2", os="ios", hardware="C 9500")
    case.state.add_device("sw3", os="ios", hardware="c9600")
    case.state.add_device("sw4", os="ios", hardware="C9600")
    plan = yield NEW_TYPES
    assert [
        (r.key, r.action, r.reason) for r in rows(case.whole, "device_types") if r.key.startswith("c")
    ] == [
        ("c-9500", "blocked", "several names have this slug: C 9500, C 9500+; map them"),
        ("c9600", "create", None),
    ]
    assert [r.action for r in rows(plan, "devices")] == ["blocked", "blocked", "create", "create"]


def test_interfaces_that_netbox_creates_with_a_device_are_not_created_again(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Basics
) -> None:
    """Those of the device type, under another form of their name: one more sync, and no second interface."""
    kind = basics["type"]["id"]
    for name in ("GigabitEthernet1/0/1", "GigabitEthernet1/0/2"):
        netbox.create("dcim/interface-templates", device_type=kind, name=name, type="1000base-t")
    port = state.add_port(state.add_device("sw1", hardware="C9300-48P"), "Gi1/0/1", ifAlias="uplink")
    state.add_ipv4(port, "10.0.0.1", 24)
    plan = pipeline.apply()
    assert [(r.resource, r.key) for r in plan.rows if r.action == "blocked"] == [
        ("interfaces", "sw1 Gi1/0/1"),
        ("ip_addresses", "10.0.0.1"),
    ]
    plan = pipeline.apply()
    assert [(r.action, after(r)["description"]) for r in rows(plan, "interfaces") if r.is_change] == [
        ("update", "uplink")
    ]
    assert pipeline.sync().changes == []
    assert [(i["name"], i["description"]) for i in netbox.all("dcim/interfaces")] == [
        ("GigabitEthernet1/0/1", "uplink"),
        ("GigabitEthernet1/0/2", ""),
    ]
    assert [i["assigned_object"]["name"] for i in netbox.all("ipam/ip-addresses")] == ["GigabitEthernet1/0/1"]
