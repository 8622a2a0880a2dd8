"""Rules that set fields: what they fill, what they leave, and what they cannot decide."""

from __future__ import annotations

from tests.rules.ruled_switches import SWITCHES, changed, of, port_of, said, sw
from tests.sql.estate import Estate
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    device,
    guest,
    machine,
    paris,
)

ESTATE = "switches with rules"


@SWITCHES.part
def tenant(estate: Estate) -> None:
    sw(estate, 1)
    estate.add("netbox.tenants", id=7, name="Ops", slug="ops")
    estate.rule(
        "devices.sql",
        "SELECT key, 'tenant' AS field, 'ops' AS value FROM desired.devices WHERE name LIKE '%w1'",
    )


def test_a_tenant_by_a_pattern_of_the_name() -> None:
    assert changed(SWITCHES, "devices", "sw1") == {"sw1": {"tenant": {"id": 7, "name": "Ops"}}}


@SWITCHES.part
def set_by_somebody(estate: Estate) -> None:
    sw(estate, 2, asset_tag="old")
    sw(estate, 27, serial="old")
    for number, field in ((2, "asset_tag"), (27, "serial")):
        estate.rule(
            "devices.sql",
            f"SELECT key, '{field}' AS field, 'new' AS value FROM desired.devices WHERE key = 'sw{number}'",
        )


def test_a_value_that_somebody_set_stays_unless_owns_names_it() -> None:
    assert said(SWITCHES, "devices", "sw2") == {
        "sw2": ("drifted", "asset_tag: NetBox has a value that netbox-sync did not write (policies.owns)")
    }
    assert changed(SWITCHES, "devices", "sw27") == {"sw27": {"serial": "new"}}


@SWITCHES.part
def written_before(estate: Estate) -> None:
    sw(estate, 3, asset_tag="B-1")
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type="dcim/devices",
        netbox_id=3,
        field="asset_tag",
        value='"B-1"',
    )
    estate.rule(
        "devices.sql",
        "SELECT key, 'asset_tag' AS field, 'B-2' AS value FROM desired.devices WHERE key = 'sw3'",
    )


def test_what_a_rule_wrote_follows_the_rule() -> None:
    assert changed(SWITCHES, "devices", "sw3") == {"sw3": {"asset_tag": "B-2"}}


@SWITCHES.part
def agreeing(estate: Estate) -> None:
    sw(estate, 4, asset_tag="C-1", comments="rack 3")
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['asset_tag', 'comments']) AS field, unnest(['C-1', 'rack 3']) AS value"
        " FROM desired.devices WHERE key = 'sw4'",
    )


def test_a_rule_that_netbox_agrees_with_changes_nothing() -> None:
    assert of(SWITCHES, "devices", "sw4") == []


@SWITCHES.part
def several_values(estate: Estate) -> None:
    sw(estate, 5)
    estate.rule(
        "devices.sql",
        "SELECT key, 'asset_tag' AS field, unnest(['A', 'B']) AS value FROM desired.devices WHERE key = 'sw5'",
    )


def test_several_values_are_a_conflict() -> None:
    assert said(SWITCHES, "devices", "sw5") == {
        "sw5": ("conflict", "asset_tag: rules/devices.sql give several values: A, B")
    }


@SWITCHES.part
def unknown_tenant(estate: Estate) -> None:
    sw(estate, 6)
    estate.rule(
        "devices.sql",
        "SELECT key, 'tenant' AS field, 'Nobody' AS value FROM desired.devices WHERE key = 'sw6'",
    )


def test_a_name_that_netbox_does_not_have_is_a_conflict() -> None:
    assert said(SWITCHES, "devices", "sw6") == {
        "sw6": ("conflict", 'tenant: rules/devices.sql: NetBox has no tenant "Nobody", or several')
    }


@SWITCHES.part
def custom_fields(estate: Estate) -> None:
    """sw7 gets values of their types, sw8 does not."""
    sw(estate, 7)
    sw(estate, 8)
    for number, (name, kind) in enumerate(
        {"floor": "integer", "spare": "boolean", "note": "text"}.items(), start=1
    ):
        estate.add("netbox.custom_fields", id=number, name=name, type=kind, object_types=["dcim.device"])
    estate.add(
        "netbox.custom_fields", id=4, name="pool", type="text", object_types=["virtualization.virtualmachine"]
    )
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['cf.floor', 'cf.spare', 'cf.note']) AS field, unnest(['3', 'true', 'x']) AS value"
        " FROM desired.devices WHERE key = 'sw7'",
    )
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['cf.floor', 'cf.pool', 'cf.none']) AS field, unnest(['third', 'a', 'b']) AS value"
        " FROM desired.devices WHERE key = 'sw8'",
    )


def test_custom_fields_take_values_of_their_type() -> None:
    assert changed(SWITCHES, "devices", "sw7") == {"sw7": {"cf.floor": 3, "cf.note": "x", "cf.spare": True}}


def test_custom_fields_that_cannot_be_written_are_conflicts() -> None:
    assert said(SWITCHES, "devices", "sw8")["sw8"] == (
        "conflict",
        'cf.floor: rules/devices.sql: cf.floor cannot be "third": it needs a whole number;'
        " cf.none: rules/devices.sql: NetBox has no custom field none;"
        " cf.pool: rules/devices.sql: the custom field pool is not for devices",
    )


@SWITCHES.part
def new_devices(estate: Estate) -> None:
    for number, name in ((9, "sw9-par"), (10, "sw10-mrs")):
        device(estate, number, name)
    estate.rule(
        "devices.sql",
        "SELECT key, 'site' AS field, 'paris' AS value FROM desired.devices WHERE key LIKE '%-par'",
    )


def test_a_rule_gives_a_new_device_its_site() -> None:
    assert said(SWITCHES, "devices", "sw10-mrs")["sw10-mrs"][0] == "blocked"
    assert changed(SWITCHES, "devices", "sw9-par")["sw9-par"]["site"] == {"id": 1, "name": "Paris"}


@SWITCHES.part
def template(estate: Estate) -> None:
    """NetBox has sw11 under LibreNMS's name, sw12 under that of the rule and without an id."""
    sw(estate, 11)
    device(estate, 12, "sw12")
    estate.add(
        "netbox.devices",
        **{"id": 12, "name": "par-sw12", "status": "active", "site_id": 1, "role_id": 1, "device_type_id": 1},
    )
    estate.rule(
        "devices.sql",
        "SELECT key, 'name' AS field, 'par-' || name AS value FROM desired.devices"
        " WHERE key IN ('sw11', 'sw12')",
    )


def test_device_names_by_a_template_find_the_device_by_both() -> None:
    assert changed(SWITCHES, "devices", "sw11") == {"sw11": {"name": "par-sw11"}}
    assert changed(SWITCHES, "devices", "sw12") == {"sw12": {"cf.librenms_id": {"lib": 12}}}


@SWITCHES.part
def label_and_vrf(estate: Estate) -> None:
    sw(estate, 13)
    port_of(estate, 13)
    estate.rule(
        "interfaces.sql",
        "SELECT key, unnest(['label', 'vrf']) AS field, unnest(['uplink', 'red']) AS value"
        " FROM desired.interfaces WHERE key = 'sw13 Gi0/1'",
    )


def test_interfaces_get_a_label_and_a_vrf() -> None:
    found = changed(SWITCHES, "interfaces", "sw13 Gi0/1")["sw13 Gi0/1"]
    assert (found["label"], found["vrf"]) == ("uplink", {"id": 4, "name": "red"})


@SWITCHES.part
def tags(estate: Estate) -> None:
    """sw14 gets tags, sw15 and sw16 one of an owned prefix or none, sw17 one by its slug."""
    sw(estate, 14, tags=["mine"])
    sw(estate, 15, tags=["env-test", "mine"])
    sw(estate, 16, tags=["env-test"])
    sw(estate, 17)
    for number, (name, slug) in enumerate(
        (("Core", "core"), ("env-prod", "env-prod"), ("Production", "prod")), start=1
    ):
        estate.add("netbox.tags", id=number, name=name, slug=slug)
    for number, field, value in (
        (14, "tags", "unnest(['Core', 'New One'])"),
        (15, "tags:env-", "'env-prod'"),
        (16, "tags:env-", "NULL"),
        (17, "tags", "'Prod'"),
    ):
        estate.rule(
            "devices.sql",
            f"SELECT key, '{field}' AS field, {value} AS value FROM desired.devices WHERE key = 'sw{number}'",
        )


def test_tags_are_added_and_those_of_others_stay() -> None:
    assert changed(SWITCHES, "devices", "sw14") == {"sw14": {"tags": ["core", "mine", "new-one"]}}
    assert {r.key: r.fields for r in SWITCHES.estate().rows() if r.resource == "tags"} == {
        "new-one": {"name": "New One", "slug": "new-one"}
    }


def test_tags_of_an_owned_prefix_follow_the_rule() -> None:
    assert changed(SWITCHES, "devices", "sw15") == {"sw15": {"tags": ["env-prod", "mine"]}}


def test_null_says_nothing_about_tags_of_an_owned_prefix() -> None:
    assert of(SWITCHES, "devices", "sw16") == []


def test_tags_are_found_by_their_slug_in_any_case() -> None:
    assert changed(SWITCHES, "devices", "sw17") == {"sw17": {"tags": ["prod"]}}


@SWITCHES.part
def not_shown(estate: Estate) -> None:
    sw(estate, 23)
    estate.add("netbox.devices", id=24, name="sw24", status="active")
    estate.rule(
        "devices.sql",
        "SELECT name AS key, 'comments' AS field, 'A' AS value FROM netbox.devices"
        " WHERE name IN ('sw23', 'sw24')",
    )


def test_an_object_that_the_endpoint_does_not_show_is_not_touched() -> None:
    assert changed(SWITCHES, "devices", "sw23", "sw24") == {"sw23": {"comments": "A"}}


@SWITCHES.part
def lists_of_ids(estate: Estate) -> None:
    estate.add("netbox.custom_fields", id=5, name="racks", type="multiobject", object_types=["dcim.device"])
    sw(estate, 25)
    estate.give_id("netbox.devices", 25, {"librenms_id": {"lib": 25}, "racks": [5, 7]})
    sw(estate, 26)
    estate.rule(
        "devices.sql",
        "SELECT key, 'cf.racks' AS field, [7, 5] AS value FROM desired.devices WHERE key IN ('sw25', 'sw26')",
    )


def test_objects_of_a_custom_field_are_the_same_in_any_order() -> None:
    assert of(SWITCHES, "devices", "sw25") == []
    assert changed(SWITCHES, "devices", "sw26") == {"sw26": {"cf.racks": [5, 7]}}


@SWITCHES.part
def asset_tags(estate: Estate) -> None:
    """sw30 and sw31 would get the same one, sw32 that of another device, sw33 its own."""
    for number in (30, 31, 32, 33):
        sw(estate, number)
    estate.add("netbox.devices", id=34, name="old", asset_tag="A-32")
    estate.rule(
        "devices.sql",
        "SELECT key, 'asset_tag' AS field, 'A-1' AS value FROM desired.devices WHERE key IN ('sw30', 'sw31')",
    )
    estate.rule(
        "devices.sql",
        "SELECT key, 'asset_tag' AS field, 'A-' || source_id AS value FROM desired.devices"
        " WHERE key IN ('sw32', 'sw33')",
    )


def test_an_asset_tag_belongs_to_one_device() -> None:
    repeated = (
        "asset_tag: rules/devices.sql: several devices would get the asset tag A-1; NetBox takes it once"
    )
    assert said(SWITCHES, "devices", "sw30", "sw31") == {
        "sw30": ("conflict", repeated),
        "sw31": ("conflict", repeated),
    }
    assert said(SWITCHES, "devices", "sw32", "sw33") == {
        "sw32": (
            "conflict",
            "asset_tag: rules/devices.sql: NetBox has another device with the asset tag A-32",
        )
    }
    assert changed(SWITCHES, "devices", "sw32", "sw33") == {"sw33": {"asset_tag": "A-33"}}


@SWITCHES.part
def places(estate: Estate) -> None:
    """The rules move sw35 into a room of another site, and sw36 into a rack of another room."""
    estate.add("netbox.locations", id=5, name="Room 5", slug="room-5", site_id=2)
    estate.add("netbox.racks", id=5, name="R5", site_id=2, location_id=5)
    for number in (6, 7):
        estate.add("netbox.locations", id=number, name=f"Room {number}", slug=f"room-{number}", site_id=1)
    estate.add("netbox.racks", id=6, name="R6", site_id=1, location_id=6)
    sw(estate, 35)
    sw(estate, 36, location_id=7)
    estate.rule(
        "devices.sql",
        """SELECT key, unnest(['site', 'location', 'rack']) AS field,
            unnest(['Lyon', 'Room 5', 'R5']) AS value FROM desired.devices WHERE key = 'sw35'""",
    )
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['site', 'rack']) AS field, unnest(['Paris', 'R6']) AS value FROM desired.devices"
        " WHERE key = 'sw36'",
    )


def test_a_location_is_not_written_without_its_site() -> None:
    assert changed(SWITCHES, "devices", "sw35") == {}
    assert said(SWITCHES, "devices", "sw35") == {
        "sw35": (
            "conflict",
            "site: NetBox has a value that netbox-sync did not write (policies.owns); "
            "location: its location Room 5 is at another site; rack: its rack R5 is at another site",
        )
    }


def test_a_rack_is_not_written_without_its_location() -> None:
    assert said(SWITCHES, "devices", "sw36") == {
        "sw36": ("conflict", "rack: rack R6 is in another location than the device")
    }


# Guests -----------------------------------------------------------------------------------------------------------

GUESTS = Parts(lambda: paris(policies=GENEROUS | {"owns": ["virtual_machines.name"]}))


@GUESTS.part
def pools(estate: Estate) -> None:
    estate.add("netbox.tenants", id=2, name="Web team", slug="web")
    for number, name, pool in ((101, "web1", "web"), (102, "db1", "data")):
        guest(estate, number, name, pool=pool)
        machine(estate, number, name, number)
    estate.rule(
        "virtual_machines.sql",
        """SELECT v.key, 'tenant' AS field, g.pool AS value
           FROM desired.virtual_machines v JOIN proxmox.guests g ON g.vmid::VARCHAR = v.source_id
           WHERE g.pool = 'web'""",
    )


def test_a_virtual_machine_gets_what_its_pool_says() -> None:
    found = changed(GUESTS, "virtual_machines", "web1", "db1")
    assert found["web1"]["tenant"] == {"id": 2, "name": "Web team"}
    assert "tenant" not in found["db1"]


@GUESTS.part
def taken_name(estate: Estate) -> None:
    guest(estate, 103, "mail1")
    machine(estate, 103, "mail1", 103)
    machine(estate, 104, "prod-mail1", None)
    estate.rule(
        "virtual_machines.sql",
        "SELECT key, 'name' AS field, 'prod-' || name AS value FROM desired.virtual_machines"
        " WHERE key = 'mail1'",
    )


def test_a_machine_is_not_named_like_another_one() -> None:
    assert (
        "name: rules/virtual_machines.sql: NetBox has another virtual machine with the name prod-mail1"
        in said(GUESTS, "virtual_machines", "mail1")["mail1"][1]
    )


def test_a_tag_that_may_not_be_created_says_what_to_allow() -> None:
    estate = Estate("librenms", policies={"create": ["interfaces"]})
    sw(estate, 18)
    estate.rule("devices.sql", "SELECT key, 'tags' AS field, 'Core' AS value FROM desired.devices")
    assert [(row.action, row.reason) for row in estate.rows() if row.resource == "devices"] == [
        (
            "conflict",
            'tags: rules/devices.sql: NetBox has no tag "Core", and policies.create does not name tags',
        )
    ]
