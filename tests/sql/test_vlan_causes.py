"""Why a VLAN that a switch knows has no place in NetBox yet, or not this name: rules on rows."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, interface, port, switch, told


def _vlan(estate: Estate, vid: int, name: str) -> None:
    estate.add("librenms.vlans", vlan_id=vid, device_id=1, vlan_vlan=vid, vlan_name=name)


def _group(estate: Estate, number: int, name: str, slug: str) -> None:
    """Of all sites, and for every VID."""
    estate.add("netbox.vlan_groups", id=number, name=name, slug=slug, vid_ranges=[[1, 4094]])


def test_a_new_vlan_is_not_put_into_one_of_several_groups_and_takes_no_name_of_another() -> None:
    estate = switch()
    _vlan(estate, 10, "users")
    _vlan(estate, 20, "servers")
    _group(estate, 1, "Campus", "campus")
    _group(estate, 2, "Data centre", "dc")
    estate.add("netbox.vlans", id=1, vid=20, name="old servers", group_id=1)
    estate.add("netbox.vlans", id=2, vid=30, name="servers", group_id=1)
    assert told(estate, "vlans") == {
        "VLAN 10 of sw1": (
            "conflict",
            "ambiguous: several VLAN groups could take VLAN 10 (campus, dc); set defaults.vlan_group",
        ),
        "20 in campus": ("conflict", "name: VLAN 30 of the group has the name servers already"),
    }


def test_a_port_keeps_its_vlan_while_the_new_one_has_no_place() -> None:
    """The VLAN is blocked; the port's field is a conflict, and the row says why."""
    estate = switch()
    port(estate, 1, "Gi0/1")
    estate.add("librenms.port_vlans", device_id=1, port_id=1, vlan=10, untagged=True)
    interface(estate, 11, "Gi0/1", port=1, mode="access", untagged_vlan_id=1)
    estate.add("netbox.vlans", id=1, vid=20, name="servers", site_id=1)
    missing = "no VLAN group takes VLAN 10: set defaults.vlan_group, or allow policies.ungrouped_vlans"
    assert told(estate, "vlans", "interfaces") == {
        "VLAN 10 of sw1": ("blocked", missing),
        "sw1 Gi0/1": ("conflict", f"untagged_vlan: {missing}"),
    }


@pytest.mark.parametrize(
    ("groups", "action", "reason"),
    [
        ([], "blocked", 'NetBox has no VLAN group "Campus" (defaults.vlan_group)'),
        (
            ["campus-1", "campus-2"],
            "conflict",
            'ambiguous: several VLAN groups are called "Campus" (campus-1, campus-2); give a slug as defaults.vlan_group',
        ),
    ],
)
def test_the_group_for_new_vlans_has_to_be_one(groups: list[str], action: str, reason: str) -> None:
    estate = switch(defaults={"vlan_group": "Campus"})
    _vlan(estate, 10, "users")
    for number, slug in enumerate(groups, 1):
        _group(estate, number, "Campus", slug)
    assert told(estate, "vlans") == {"VLAN 10 of sw1": (action, reason)}


def test_a_name_that_devices_give_differently_says_who_gives_which_and_passes_over_the_silent() -> None:
    estate = switch()
    for number, name in ((2, "sw2"), (3, "sw3")):
        device(estate, number, name)
        estate.add("netbox.devices", id=number, name=name, cf={"librenms_id": {"lib": number}})
    for number, name in ((1, "GUEST"), (2, "GUESTS"), (3, None)):
        estate.add("librenms.vlans", vlan_id=number, device_id=number, vlan_vlan=60, vlan_name=name)
    _group(estate, 1, "Campus", "campus")
    assert told(estate, "vlans") == {
        "60 in campus": ("create", "name: sources disagree: GUEST (sw1), GUESTS (sw2)")
    }


def test_the_name_that_a_device_gives_to_a_vlan_without_one_is_no_other_name() -> None:
    estate = switch()
    device(estate, 2, "sw2")
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    for number, vid, name in ((1, 60, "VLAN0060"), (2, 60, "guests"), (1, 70, "VLAN0070")):
        estate.add("librenms.vlans", vlan_id=vid + number, device_id=number, vlan_vlan=vid, vlan_name=name)
    _group(estate, 1, "Campus", "campus")
    assert [(r.key, r.fields["name"], r.reason) for r in estate.rows() if r.resource == "vlans"] == [
        ("60 in campus", "guests", None),
        ("70 in campus", "VLAN0070", None),
    ]


def test_a_vlan_of_a_site_that_the_plan_creates_is_created_with_it() -> None:
    """Without a group, by policy; a port of the new device has it in the same plan."""
    estate = Estate(
        "librenms",
        import_devices="all",
        defaults={"site": "Paris", "role": "switch", "device_type": "generic"},
        policies={"ungrouped_vlans": True, "create": ["sites", "devices", "vlans", "interfaces"]},
    )
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    estate.add("netbox.device_types", id=1, model="Generic", slug="generic", manufacturer_id=1)
    device(estate, 1, "sw1")
    port(estate, 1, "Gi0/1")
    _vlan(estate, 10, "users")
    estate.add("librenms.port_vlans", device_id=1, port_id=1, vlan=10, untagged=True)
    found = {r.key: r for r in estate.rows() if r.resource in ("vlans", "interfaces")}
    assert {key: (row.action, row.reason) for key, row in found.items()} == {
        "10 in no group at site paris": ("create", None),
        "sw1 Gi0/1": ("create", None),
    }
    assert found["10 in no group at site paris"].fields["site"] == {
        "ref": "sites",
        "key": "paris",
        "name": "Paris",
    }
    assert found["sw1 Gi0/1"].fields["untagged_vlan"]["key"] == "10 in no group at site paris"


def test_a_vlan_has_its_name_however_short() -> None:
    estate = switch(policies={"ungrouped_vlans": True})
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.change("netbox.devices", "sw1", site_id=1)
    for vid, name in ((2, "g"), (44, "44"), (50, "<private>")):
        _vlan(estate, vid, name)
    assert {r.key: r.fields["name"] for r in estate.rows() if r.resource == "vlans"} == {
        "2 in no group at site paris": "g",
        "44 in no group at site paris": "44",
        "50 in no group at site paris": "VLAN0050",
    }


def test_a_vlan_of_another_site_is_put_on_no_interface() -> None:
    """NetBox refuses it on an interface, whatever the scope of its group. VLAN 60 exists for this site too."""
    estate = switch()
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
    estate.change("netbox.devices", "sw1", site_id=1)
    _group(estate, 1, "France", "france")
    for number, vid, group, site in ((5, 50, 1, 2), (6, 60, 1, 2), (7, 60, None, 1), (8, 70, 1, 1)):
        estate.add("netbox.vlans", id=number, vid=vid, name=f"V{number}", group_id=group, site_id=site)
    for number, vid in ((1, 50), (2, 60), (3, 70)):
        port(estate, number, f"Gi0/{number}")
        interface(estate, 10 + number, f"Gi0/{number}", port=number)
        estate.add("librenms.port_vlans", device_id=1, port_id=number, vlan=vid, untagged=True)
    port(estate, 4, "Gi0/4")
    interface(estate, 14, "Gi0/4", port=4, mode="tagged", tagged_vlan_ids=[8])
    for vid in (50, 70):
        estate.add("librenms.port_vlans", device_id=1, port_id=4, vlan=vid, untagged=False)
    elsewhere = "NetBox has VLAN 50 of the group france at site Lyon, and accepts it only on interfaces there"
    assert told(estate, "vlans", "interfaces") == {
        "VLAN 50 of sw1": ("blocked", elsewhere),
        "sw1 Gi0/1": ("conflict", f"untagged_vlan: {elsewhere}"),
        "sw1 Gi0/4": ("conflict", f"tagged_vlans: {elsewhere}"),
    }
    assert {r.key: r.fields.get("untagged_vlan") for r in estate.rows() if r.action == "update"} == {
        "sw1": None,
        "sw1 Gi0/2": {"id": 7, "name": "60 V7"},
        "sw1 Gi0/3": {"id": 8, "name": "70 V8"},
    }
