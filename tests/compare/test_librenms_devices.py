"""Which NetBox device a LibreNMS device is, and what is proposed for it."""

from __future__ import annotations

import pytest

from netbox_sync_lab.librenms import LabLibreNMS
from tests.support import after, before, row, rows


def test_domain_is_dropped_from_the_source_name_only(pipeline, state, device):
    """Router-core-01.example.com is NetBox's router-core-01; sw01.a.net is not sw01.b.net."""
    state.add_device("router-core-01.example.com", sysName="router-core-01.example.com", hardware="C9300-48P")
    state.add_device("sw01.a.net", sysName="sw01.a.net", hardware="C9300-48P")
    known = device("router-core-01")
    device("sw01.b.net")
    plan = pipeline.sync()
    assert [(r.key, r.action) for r in rows(plan, "devices")] == [
        ("router-core-01.example.com", "update"),
        ("sw01.a.net", "create"),
    ]
    matched = row(plan, "devices", "router-core-01.example.com")
    assert matched.netbox_id == known["id"]
    assert "name" not in [f.name for f in matched.fields]


def test_equal_serial_is_the_same_device_and_the_name_differs(pipeline, state, device):
    """The name is shown as drifted, because NetBox's own name is not owned; by policy it is an update."""
    state.add_device("core-new", sysName="core-new", serial="FOC1234X0AB", hardware="C9300-48P")
    known = device("core-old", serial="foc1234x0ab")
    found = row(pipeline.sync(), "devices", "core-new")
    assert found.netbox_id == known["id"]
    name = next(f for f in found.fields if f.name == "name")
    assert (name.before, name.after, name.decision) == ("core-old", "core-new", "drifted")
    pipeline.configure(policies={"owns": ["devices.name"]})
    owned = row(pipeline.sync(), "devices", "core-new")
    assert (before(owned)["name"], after(owned)["name"]) == ("core-old", "core-new")


def test_placeholder_serials_match_nobody(pipeline, state, device):
    """L42."""
    for number in range(3):
        state.add_device(f"sw{number}", serial="N/A", hardware="C9300-48P")
    device("other", serial="N/A")
    plan = pipeline.sync()
    assert [(r.key, r.action) for r in rows(plan, "devices")] == [
        ("sw0", "create"),
        ("sw1", "create"),
        ("sw2", "create"),
    ]
    assert all("serial" not in after(r) for r in rows(plan, "devices"))


def test_device_and_virtual_machine_of_one_name_is_a_conflict(pipeline, state, netbox):
    """L43."""
    state.add_device("web01", hardware="C9300-48P")
    kind = netbox.create("virtualization/cluster-types", name="PVE", slug="pve")
    cluster = netbox.create("virtualization/clusters", name="c1", type=kind["id"])
    netbox.create("virtualization/virtual-machines", name="web01", cluster=cluster["id"])
    found = row(pipeline.sync(), "devices", "web01")
    assert found.action == "conflict"
    assert found.reason == (
        "NetBox has a virtual machine of this name and no other evidence: web01; policies.virtual_machines: update syncs"
        " it as that machine"
    )


@pytest.mark.parametrize(
    ("held", "matches"),
    [
        ({"production": 7}, True),
        ({"secondary": 7}, False),
        (7, True),
        ("7", True),
        (True, False),
        (0, False),
        (-7, False),
        (7.5, False),
        ("abc", False),
    ],
)
def test_librenms_id_in_netbox(pipeline, state, netbox, device, held, matches):
    """Ids are read per endpoint; a bare number counts only while one LibreNMS is configured."""
    netbox.create(
        "extras/custom-fields",
        name="librenms_id",
        type="json",
        object_types=["dcim.device", "dcim.interface"],
    )
    state.add_device("sw-seven", device_id=7, hardware="C9300-48P")
    known = device("another-name", custom_fields={"librenms_id": held})
    found = row(pipeline.sync(), "devices", "sw-seven")
    assert (found.netbox_id == known["id"]) is matches
    assert found.action == (
        "update" if matches and held != {"production": 7} else "drifted" if matches else "create"
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


def test_two_steps_that_name_different_devices_are_a_conflict(pipeline, state, device):
    state.add_device("sw1", serial="SER-1", hardware="C9300-48P")
    device("sw1", serial="SER-2")
    device("sw9", serial="SER-1")
    found = row(pipeline.sync(), "devices", "sw1")
    assert found.action == "conflict"
    assert found.reason == "several NetBox devices could be this one: sw1 (name), sw9 (serial)"


def test_two_devices_that_claim_one_netbox_device_are_a_conflict(pipeline, state, device):
    state.add_device("a.example.com", sysName="core", hardware="C9300-48P")
    state.add_device("b.example.com", sysName="core", hardware="C9300-48P")
    device("core")
    assert {r.action for r in rows(pipeline.sync(), "devices")} == {"conflict"}


def test_the_device_that_netbox_knows_by_id_stays_matched(pipeline, state, netbox, device):
    """A second device of the same name is in doubt; the one whose id NetBox holds is not."""
    netbox.create(
        "extras/custom-fields",
        name="librenms_id",
        type="json",
        object_types=["dcim.device", "dcim.interface"],
    )
    state.add_device("a.example.com", device_id=7, sysName="core", hardware="C9300-48P")
    state.add_device("b.example.com", device_id=8, sysName="core", hardware="C9300-48P")
    known = device("core", custom_fields={"librenms_id": {"production": 7}}, status="active")
    pipeline.configure(policies={"owns": ["devices.status"]})
    state.devices[0]["status"] = 0
    plan = pipeline.sync()
    assert {(r.key, r.action, r.netbox_id) for r in rows(plan, "devices")} == {
        ("core (LibreNMS 7)", "update", known["id"]),
        ("core (LibreNMS 8)", "conflict", None),
    }


def test_what_is_missing_is_named(pipeline, state):
    """A device without a site, type or role is blocked, and the reason says what to map."""
    pipeline.configure(defaults={})
    state.add_device("sw1", location="Lyon", hardware="WS-X", type="network")
    found = row(pipeline.sync(), "devices", "sw1")
    assert found.action == "blocked"
    assert found.reason == (
        'no device type: map device_types: "WS-X", set defaults.device_type, or allow create: device_types; '
        "no role: map roles by hardware, os or type (network), or set defaults.role; "
        'no site: map sites: "Lyon", or set defaults.site'
    )


def test_mapping_decides_and_a_wrong_mapping_is_said(pipeline, state):
    state.add_device("sw1", location="Building 7", hardware="ws-x")
    pipeline.configure(mappings={"sites": {"building 7": "paris"}, "device_types": {"WS-X": "C9300-48P"}})
    found = row(pipeline.sync(), "devices", "sw1")
    assert after(found)["site"]["name"] == "Paris"
    assert after(found)["device_type"]["name"] == "C9300-48P"
    pipeline.configure(mappings={"sites": {"Building 7": "nowhere"}})
    assert row(pipeline.sync(), "devices", "sw1").reason == 'NetBox has no site "nowhere" (from the mappings)'


def test_import_policy_and_inactive_devices(pipeline, state):
    state.add_device("sw1", os="ios", hardware="C9300-48P")
    state.add_device("sw2", os="junos", hardware="C9300-48P")
    state.add_device("sw3", os="ios", hardware="C9300-48P", disabled=1)
    state.add_device("sw4", os="ios", hardware="C9300-48P", status=0)
    pipeline.configure(import_devices={"os": ["ios"]})
    plan = pipeline.sync()
    assert [(r.key, r.action, r.reason) for r in rows(plan, "devices")] == [
        ("sw1", "create", None),
        ("sw2", "blocked", "not in NetBox, and the import filter of this endpoint leaves it out"),
        ("sw3", "blocked", "disabled in LibreNMS"),
        ("sw4", "create", None),
    ]
    assert after(row(plan, "devices", "sw4"))["status"] == "offline"
    pipeline.configure(import_devices="none")
    assert {r.action for r in rows(pipeline.sync(), "devices")} == {"blocked"}


def test_a_token_that_sees_only_part_deletes_nothing(pipeline, state, device, netbox):
    """L44."""
    for name in ("sw1", "sw2", "sw3"):
        dev = state.add_device(name, hardware="C9300-48P")
        port = state.add_port(dev, "Gi0/1")
        state.add_ipv4(port, f"10.0.0.{dev['device_id']}", 24)
    known = device("sw1")
    for name in ("Gi0/1", "Gi0/2"):
        netbox.create("dcim/interfaces", device=known["id"], name=name, type="1000base-t")
    pipeline.configure(policies={"missing_interfaces": "delete", "delete_unowned": ["interfaces"]})
    assert row(pipeline.sync(), "interfaces", "sw1 Gi0/2").action == "delete"
    with LabLibreNMS(state, token="lnms-token", restricted_to=[1, 2]) as restricted:
        pipeline.configure(url=restricted.url)
        plan = pipeline.sync()
        manifest = pipeline.warehouse.manifest(pipeline.warehouse.snapshots("librenms", "production"))
    assert manifest["complete"] is False
    assert rows(plan, "interfaces", "delete") == []
    blocked = row(plan, "interfaces", "sw1 Gi0/2")
    assert blocked.action == "blocked"
    assert blocked.reason.startswith("not in LibreNMS, but that is no evidence: ")


def test_a_device_that_is_gone_from_librenms_is_shown_and_stays(pipeline, state, netbox, device):
    netbox.create(
        "extras/custom-fields",
        name="librenms_id",
        type="json",
        object_types=["dcim.device", "dcim.interface"],
    )
    state.add_device("sw1", hardware="C9300-48P")
    gone = device("old-sw", custom_fields={"librenms_id": {"production": 4711}})
    device("somebody-elses", custom_fields={"librenms_id": {"secondary": 4711}})
    found = row(pipeline.sync(), "devices", "old-sw (gone, id 4711)")
    assert (found.action, found.netbox_id, found.reason) == (
        "drifted",
        gone["id"],
        "no longer in LibreNMS; devices are never deleted by a sync",
    )


def test_two_models_of_one_slug_are_not_merged(pipeline, state):
    """NetBox takes a slug once: which of them it is to be is for a person to say."""
    pipeline.configure(
        defaults={"site": "paris", "role": "access", "manufacturer": "cisco"},
        policies={"create": ["devices", "device_types"]},
    )
    state.add_device("sw1", hardware="C 9500+")
    state.add_device("sw2", hardware="C 9500")
    state.add_device("sw3", hardware="c9600")
    state.add_device("sw4", hardware="C9600")
    plan = pipeline.sync()
    assert [(r.key, r.action, r.reason) for r in rows(plan, "device_types")] == [
        ("c-9500", "blocked", "several names have this slug: C 9500, C 9500+; map them"),
        ("c9600", "create", None),
    ]
    assert [r.action for r in rows(plan, "devices")] == ["blocked", "blocked", "create", "create"]
