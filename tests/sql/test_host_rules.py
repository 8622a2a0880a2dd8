"""Hosts and guests: notes, templates, words with several candidates, default types, stacks."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import Parts, about, device, guest, machine, paris, part

NOTES: list[tuple[str, str | None]] = [
    (
        "<div align='center'>\n  <a href='https://example.com'>\n    <img src='x.png' alt='Logo'/>\n  </a>\n\n"
        "  <h2 style='margin: 20px 0;'>Docker LXC</h2>\n</div>",
        "Docker LXC",
    ),
    ("# Web server\nmore", "Web server"),
    ("---\n\n- **first** `item`", "first item"),
    ("see [the wiki](https://example.com) *now*", "see the wiki now"),
    ("db_main_1 < db_main_2", "db_main_1 < db_main_2"),
    ("![logo](x.png)\nR&amp;D", "R&D"),
    ("***\n---", None),
]


@cache
def described() -> dict[str, dict[str, Any]]:
    """{guest: its fields} with a guest per line of NOTES: ``erp0``, ``erp1`` and so on."""
    estate = paris()
    for number, (notes, _) in enumerate(NOTES):
        guest(estate, 101 + number, f"erp{number}", description=notes)
    return {r.key: r.fields for r in estate.rows() if r.resource == "virtual_machines"}


@pytest.mark.parametrize("number", range(len(NOTES)), ids=lambda number: str(NOTES[number][1]))
def test_the_description_is_the_first_line_of_the_notes_with_words(number: int) -> None:
    fields = described()[f"erp{number}"]
    assert (fields.get("description") or None, "comments" in fields) == (NOTES[number][1], False)


GUESTS = Parts(lambda: paris(notes_as_comments=True, ignored_guests=["test-.*"]))


def guest_row(key: str) -> Row:
    """The row about this guest."""
    (row,) = [r for r in GUESTS.estate().rows() if (r.resource, r.key) == ("virtual_machines", key)]
    return row


@GUESTS.part
def notes(estate: Estate) -> None:
    """NetBox has db, with somebody's comments."""
    guest(estate, 101, "erp", description="# Web server\nmore\n")
    guest(estate, 102, "db", description="Database")
    machine(estate, 2, "db", 102, description="Database", comments="Call Bob first")


def test_the_notes_go_to_the_comments_where_that_is_wanted() -> None:
    fields = guest_row("erp").fields
    assert (fields["description"], fields["comments"]) == ("Web server", "# Web server\nmore")


def test_comments_that_somebody_wrote_stay() -> None:
    assert guest_row("db").fields.get("comments") is None


@GUESTS.part
def left_out(estate: Estate) -> None:
    guest(estate, 103, "golden", template=True)
    machine(estate, 3, "golden", 103)
    guest(estate, 104, "test-erp")
    machine(estate, 4, "test-erp", 104)


def test_a_guest_that_became_a_template_has_a_row() -> None:
    row = guest_row("golden (103)")
    assert (row.action, row.reason) == (
        "drifted",
        "the guest is a template, and include_templates is off; NetBox still has it",
    )


def test_a_guest_that_the_configuration_leaves_out_is_only_in_the_skipped_ones() -> None:
    assert [r for r in about(GUESTS.estate().rows(), "test-erp") if r.resource == "virtual_machines"] == []
    assert ("virtual_machines", "test-erp (104)", "ignored_guests names it: test-.*") in (
        GUESTS.estate().left_out()
    )


def basics(estate: Estate, *types: str) -> None:
    """What a new device needs."""
    estate.add("netbox.sites", id=1, name="hq", slug="hq")
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    for number, model in enumerate(types, 1):
        estate.add("netbox.device_types", id=number, model=model, slug=model.lower(), manufacturer_id=1)


def librenms(**endpoint: Any) -> Estate:
    defaults = {"site": "hq", "role": "switch", "manufacturer": "cisco", **endpoint.pop("defaults", {})}
    return Estate("librenms", import_devices="all", defaults=defaults, **endpoint)


def new_devices(*, create_types: bool = True, **endpoint: Any) -> Estate:
    """NetBox has the types Generic and NM-8-10G; ``create_types``: whether others may be created."""
    create = ["devices", "custom_fields", "virtual_chassis", *(["device_types"] if create_types else [])]
    estate = librenms(defaults={"device_type": "Generic"}, policies={"create": create}, **endpoint)
    basics(estate, "Generic", "NM-8-10G")
    return estate


SWITCHES = Parts(new_devices)
OTHER: dict[str, Any] = {"create_types": False, "member_name": "{name}-{serial}"}


def devices(*names: str, **settings: Any) -> dict[str, Row]:
    """{key: row} of the devices of these names."""
    found = about(SWITCHES.estate(**settings).rows(), *names)
    return {row.key: row for row in found if row.resource == "devices"}


AMBIGUOUS = '2 platforms in NetBox match "ios"; rename one or map to a slug'


@SWITCHES.part
def two_platforms(estate: Estate) -> None:
    """sw1 is new, NetBox has sw2."""
    estate.add("netbox.platforms", id=1, name="IOS", slug="cisco-ios")
    estate.add("netbox.platforms", id=2, name="Cisco IOS", slug="ios")
    for number in (1, 2):
        device(estate, number, f"sw{number}", os="ios")
    estate.add(
        "netbox.devices",
        **{"id": 2, "name": "sw2", "status": "active", "site_id": 1, "role_id": 1, "device_type_id": 1},
        **{"serial": "", "cf": {"librenms_id": {"lib": 2}}},
    )


def test_a_platform_word_with_two_candidates_has_a_row() -> None:
    row = devices("sw1")["sw1"]
    assert (row.action, row.reason) == ("create", f"platform: {AMBIGUOUS}")
    assert "platform" not in row.fields


def test_a_platform_word_with_two_candidates_has_a_row_where_the_device_exists() -> None:
    row = devices("sw2")["sw2"]
    assert (row.action, row.reason) == ("conflict", f"platform: {AMBIGUOUS}")


@SWITCHES.part
def types(estate: Estate) -> None:
    device(estate, 3, "sw3")
    device(estate, 4, "sw4", hardware="C9300-24T")


@pytest.mark.parametrize(
    ("name", "settings", "model"),
    [("sw3", {}, "Generic"), ("sw4", {}, "C9300-24T"), ("sw4", OTHER, "Generic")],
    ids=["no hardware", "hardware", "types are not created"],
)
def test_the_default_type_is_for_devices_without_hardware(
    name: str, settings: dict[str, Any], model: str
) -> None:
    """Where types may be created, those of the others are."""
    row = devices(name, **settings)[name]
    assert (row.action, row.fields["device_type"]["name"]) == ("create", model)


@SWITCHES.part
def stack(estate: Estate) -> None:
    """LibreNMS shows a line card's hardware and serial for the device."""
    device(estate, 5, "sw5", hardware="NM-8-10G", serial="LINECARD1")
    part(estate, 5, 1, "stack")
    for number, serial in ((1, "FOC1"), (2, "FOC2")):
        part(
            estate,
            5,
            number * 1000,
            "chassis",
            entPhysicalContainedIn=1,
            entPhysicalName=f"Switch {number}",
            entPhysicalSerialNum=serial,
            entPhysicalModelName="C9300-48P",
        )


def test_the_master_of_a_stack_has_the_type_and_serial_of_its_own_chassis() -> None:
    found = {
        key: (row.action, row.fields["device_type"]["name"], row.fields["serial"])
        for key, row in devices("sw5").items()
    }
    assert found == {"sw5": ("create", "C9300-48P", "FOC1"), "sw5-M2": ("create", "C9300-48P", "FOC2")}


def test_members_of_a_stack_can_have_their_serial_in_their_name() -> None:
    assert list(devices("sw5", **OTHER)) == ["sw5", "sw5-FOC2"]


RULE = {
    "match": "([a-z]+)-(.+)/(.+)",
    "site": r"\1",
    "location": r"room \2",
    "rack": r"R\3",
    "tenant": r"\1 ltd",
}


def placed(*rules: dict[str, str]) -> Estate:
    """Two racks R7, of two sites."""
    estate = librenms(defaults={"device_type": "Generic"}, mappings={"location_rules": list(rules)})
    basics(estate, "Generic")
    estate.add("netbox.sites", id=2, name="nice", slug="nice")
    estate.add("netbox.locations", id=1, name="Room 2", slug="room-2", site_id=2)
    for number, site in ((1, 1), (2, 2)):
        estate.add("netbox.racks", id=number, name="R7", site_id=site)
    estate.add("netbox.tenants", id=1, name="Nice Ltd", slug="nice-ltd")
    return estate


@cache
def at_locations() -> dict[str, Row]:
    """{device: row} of sw1, sw2 and sw3, at places that the rule knows, half knows and does not know."""
    estate = placed({"match": "none", "site": "hq"}, RULE)
    for number, location in enumerate(("nice-2/7", "nice-2/9", "Nice"), 1):
        device(estate, number, f"sw{number}", location=location)
    return {row.key: row for row in estate.rows() if row.resource == "devices"}


def test_a_location_is_taken_apart_by_a_rule() -> None:
    fields = at_locations()["sw1"].fields
    assert {name: fields[name] for name in ("site", "location", "rack", "tenant")} == {
        "site": {"id": 2, "name": "nice"},
        "location": {"id": 1, "name": "Room 2"},
        "rack": {"id": 2, "name": "R7"},
        "tenant": {"id": 1, "name": "Nice Ltd"},
    }


def test_a_rack_that_netbox_does_not_have_is_said() -> None:
    row = at_locations()["sw2"]
    assert (row.action, row.reason, "rack" in row.fields) == (
        "create",
        'rack: NetBox has no rack "R9" (from the mappings)',
        False,
    )


@cache
def new_sites() -> dict[str, Row]:
    """{name of a new site: row}; the rule takes its region from the locations of its devices."""
    rule = {"match": r"(\w+)/(\w+)(/.*)?", "site": r"\2", "region": r"\1"}
    estate = librenms(
        defaults={"device_type": "Generic"},
        mappings={"location_rules": [rule]},
        policies={"create": ["devices", "sites", "custom_fields"]},
    )
    basics(estate, "Generic")
    for number, name in ((3, "Marne"), (4, "Champagne")):
        estate.add("netbox.regions", id=number, name=name, slug=name.lower())
    locations = ("Marne/Reims", "marne/Reims/2", "Alsace/Metz", "Marne/Troyes", "Champagne/Troyes")
    for number, location in enumerate(locations, 1):
        device(estate, number, f"sw{number}", location=location)
    return {row.fields["name"]: row for row in estate.rows() if row.resource == "sites"}


def test_a_new_site_gets_the_region_of_its_rule() -> None:
    row = new_sites()["Reims"]
    assert (row.action, row.fields["region"]) == ("create", {"id": 3, "name": "Marne"})


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        ("Metz", 'region: NetBox has no region "Alsace" (from the mappings)'),
        ("Troyes", "region: location_rules give this site several regions: Champagne and Marne"),
    ],
)
def test_a_new_site_without_a_certain_region(site: str, reason: str) -> None:
    row = new_sites()[site]
    assert (row.action, row.reason, "region" in row.fields) == ("create", reason, False)


def test_a_location_that_no_rule_matches_is_looked_up_as_it_is() -> None:
    assert at_locations()["sw3"].fields["site"] == {"id": 2, "name": "nice"}


def test_a_rule_that_uses_a_group_it_does_not_have_is_told() -> None:
    with pytest.raises(ValueError, match=r"site uses .2, but `match` has 1 groups"):
        placed({"match": "(.*)", "site": r"\2"})
