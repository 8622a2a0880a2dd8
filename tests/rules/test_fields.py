"""Rules that set fields: what they fill, what they leave, and what they cannot decide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import (
    GENEROUS,
    address,
    device,
    guest,
    interface,
    machine,
    paris,
    port,
    shown,
    switch,
    told,
)


def sw1(**endpoint: Any) -> Estate:
    """LibreNMS's sw1, with which NetBox agrees."""
    estate = switch(**endpoint)
    estate.change("netbox.devices", "sw1", status="active")
    return estate


def written(estate: Estate, resource: str) -> dict[str, dict[str, Any]]:
    """{key: fields} of the changes of a resource."""
    return {
        r.key: r.fields for r in estate.rows() if r.resource == resource and r.action in ("create", "update")
    }


def test_a_tenant_by_a_pattern_of_the_name() -> None:
    estate = sw1()
    estate.add("netbox.tenants", id=7, name="Ops", slug="ops")
    estate.rule(
        "devices.sql",
        "SELECT key, 'tenant' AS field, 'ops' AS value FROM desired.devices WHERE name LIKE 'sw%'",
    )
    assert written(estate, "devices") == {"sw1": {"tenant": {"id": 7, "name": "Ops"}}}


def test_a_value_that_somebody_set_stays_unless_owns_names_it() -> None:
    rule = "SELECT key, 'asset_tag' AS field, 'A-1' AS value FROM desired.devices"
    estate = sw1()
    estate.change("netbox.devices", "sw1", asset_tag="old")
    estate.rule("devices.sql", rule)
    assert told(estate, "devices") == {
        "sw1": ("drifted", "asset_tag: NetBox has a value that netbox-sync did not write (policies.owns)")
    }
    estate = sw1(policies={"owns": ["devices.asset_tag"]})
    estate.change("netbox.devices", "sw1", asset_tag="old")
    estate.rule("devices.sql", rule)
    assert written(estate, "devices") == {"sw1": {"asset_tag": "A-1"}}


def test_what_a_rule_wrote_follows_the_rule() -> None:
    estate = sw1()
    estate.change("netbox.devices", "sw1", asset_tag="A-1")
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type="dcim/devices",
        netbox_id=1,
        field="asset_tag",
        value='"A-1"',
    )
    estate.rule("devices.sql", "SELECT key, 'asset_tag' AS field, 'A-2' AS value FROM desired.devices")
    assert written(estate, "devices") == {"sw1": {"asset_tag": "A-2"}}


def test_a_rule_that_netbox_agrees_with_changes_nothing() -> None:
    estate = sw1()
    estate.change("netbox.devices", "sw1", asset_tag="A-1", comments="rack 3")
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['asset_tag', 'comments']) AS field, unnest(['A-1', 'rack 3']) AS value FROM desired.devices",
    )
    assert [row for row in estate.rows() if row.resource == "devices"] == []


def test_several_values_are_a_conflict() -> None:
    estate = sw1()
    estate.rule(
        "devices.sql", "SELECT key, 'asset_tag' AS field, unnest(['A', 'B']) AS value FROM desired.devices"
    )
    assert told(estate, "devices") == {
        "sw1": ("conflict", "asset_tag: rules/devices.sql give several values: A, B")
    }


def test_a_name_that_netbox_does_not_have_is_a_conflict() -> None:
    estate = sw1()
    estate.rule("devices.sql", "SELECT key, 'tenant' AS field, 'Nobody' AS value FROM desired.devices")
    assert told(estate, "devices") == {
        "sw1": ("conflict", 'tenant: rules/devices.sql: NetBox has no tenant "Nobody", or several')
    }


def test_custom_fields_take_values_of_their_type() -> None:
    estate = sw1()
    for number, (name, of) in enumerate(
        {"floor": "integer", "spare": "boolean", "note": "text"}.items(), start=1
    ):
        estate.add("netbox.custom_fields", id=number, name=name, type=of, object_types=["dcim.device"])
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['cf.floor', 'cf.spare', 'cf.note']) AS field, unnest(['3', 'true', 'x']) AS value"
        " FROM desired.devices",
    )
    assert written(estate, "devices") == {"sw1": {"cf.floor": 3, "cf.note": "x", "cf.spare": True}}


def test_custom_fields_that_cannot_be_written_are_conflicts() -> None:
    estate = sw1()
    estate.add("netbox.custom_fields", id=1, name="floor", type="integer", object_types=["dcim.device"])
    estate.add(
        "netbox.custom_fields", id=2, name="pool", type="text", object_types=["virtualization.virtualmachine"]
    )
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['cf.floor', 'cf.pool', 'cf.none']) AS field, unnest(['third', 'a', 'b']) AS value"
        " FROM desired.devices",
    )
    assert told(estate, "devices")["sw1"] == (
        "conflict",
        'cf.floor: rules/devices.sql: cf.floor cannot be "third": it needs a whole number;'
        " cf.none: rules/devices.sql: NetBox has no custom field none;"
        " cf.pool: rules/devices.sql: the custom field pool is not for devices",
    )


def test_a_rule_gives_a_new_device_its_site() -> None:
    estate = sw1(
        policies={"create": ["devices"]},
        import_devices="all",
        defaults={"role": "Switch", "device_type": "X"},
    )
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    estate.add("netbox.device_types", id=1, model="X", slug="x")
    estate.add("netbox.sites", id=3, name="Paris", slug="paris")
    device(estate, 2, "sw2-par")
    assert told(estate, "devices")["sw2-par"][0] == "blocked"
    estate.rule(
        "devices.sql",
        "SELECT key, 'site' AS field, 'paris' AS value FROM desired.devices WHERE key LIKE '%-par'",
    )
    assert written(estate, "devices")["sw2-par"]["site"] == {"id": 3, "name": "Paris"}


def test_device_names_by_a_template_find_the_device_by_both() -> None:
    estate = sw1(policies={"owns": ["devices.name"]})
    estate.rule("devices.sql", "SELECT key, 'name' AS field, 'par-' || name AS value FROM desired.devices")
    assert written(estate, "devices") == {"sw1": {"name": "par-sw1"}}

    estate = Estate("librenms")
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=1, name="par-sw1", status="active")
    estate.rule("devices.sql", "SELECT key, 'name' AS field, 'par-' || name AS value FROM desired.devices")
    assert written(estate, "devices") == {"sw1": {"cf.librenms_id": {"lib": 1}}}


def test_interfaces_get_a_label_and_a_vrf() -> None:
    estate = sw1()
    estate.add("netbox.vrfs", id=4, name="red", rd="65000:1")
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1")
    estate.rule(
        "interfaces.sql",
        "SELECT key, unnest(['label', 'vrf']) AS field, unnest(['uplink', 'red']) AS value FROM desired.interfaces",
    )
    found = written(estate, "interfaces")["sw1 Gi0/1"]
    assert (found["label"], found["vrf"]) == ("uplink", {"id": 4, "name": "red"})


def test_tags_are_added_and_those_of_others_stay() -> None:
    estate = sw1()
    estate.add("netbox.tags", id=1, name="Core", slug="core")
    estate.change("netbox.devices", "sw1", tags=["mine"])
    estate.rule(
        "devices.sql",
        "SELECT key, 'tags' AS field, unnest(['Core', 'New One']) AS value FROM desired.devices",
    )
    assert written(estate, "devices") == {"sw1": {"tags": ["core", "mine", "new-one"]}}
    assert written(estate, "tags") == {"new-one": {"name": "New One", "slug": "new-one"}}


def test_tags_of_an_owned_prefix_follow_the_rule() -> None:
    estate = sw1()
    estate.add("netbox.tags", id=1, name="env-prod", slug="env-prod")
    estate.change("netbox.devices", "sw1", tags=["env-test", "mine"])
    estate.rule("devices.sql", "SELECT key, 'tags:env-' AS field, 'env-prod' AS value FROM desired.devices")
    assert written(estate, "devices") == {"sw1": {"tags": ["env-prod", "mine"]}}


def test_a_virtual_machine_gets_what_its_pool_says() -> None:
    estate = paris()
    estate.add("netbox.tenants", id=2, name="Web team", slug="web")
    guest(estate, 101, "web1", pool="web")
    guest(estate, 102, "db1", pool="data")
    for number, name in ((101, "web1"), (102, "db1")):
        machine(estate, number, name, number)
    estate.rule(
        "virtual_machines.sql",
        """SELECT v.key, 'tenant' AS field, g.pool AS value
           FROM desired.virtual_machines v JOIN proxmox.guests g ON g.vmid::VARCHAR = v.source_id
           WHERE g.pool = 'web'""",
    )
    found = written(estate, "virtual_machines")
    assert found["web1"]["tenant"] == {"id": 2, "name": "Web team"}
    assert "tenant" not in found["db1"]


def test_a_machine_is_not_named_like_another_one() -> None:
    estate = paris(policies={"owns": ["virtual_machines.name"]})
    guest(estate, 101, "web1")
    machine(estate, 101, "web1", 101)
    machine(estate, 102, "prod-web1", None)
    estate.rule(
        "virtual_machines.sql",
        "SELECT key, 'name' AS field, 'prod-' || name AS value FROM desired.virtual_machines",
    )
    assert (
        "name: rules/virtual_machines.sql: NetBox has another virtual machine with the name prod-web1"
        in str([row.reason for row in estate.rows() if row.key == "web1"])
    )


def test_addresses_get_a_status_and_a_dns_name() -> None:
    estate = sw1()
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "192.0.2.1", 1)
    address(estate, 21, "192.0.2.1", 11)
    shown(estate, 2, "192.0.2.2", 1)
    estate.rule(
        "ip_addresses.sql",
        """SELECT key, 'dns_name' AS field, 'sw1.example.net' AS value FROM desired.ip_addresses
           UNION ALL SELECT key, 'status', 'reserved' FROM desired.ip_addresses WHERE host = '192.0.2.2'""",
    )
    found = written(estate, "ip_addresses")
    assert found["192.0.2.1"] == {"dns_name": "sw1.example.net"}
    assert (found["192.0.2.2"]["dns_name"], found["192.0.2.2"]["status"]) == ("sw1.example.net", "reserved")


def test_the_vrf_of_addresses_decides_which_one_it_is() -> None:
    estate = sw1()
    estate.add("netbox.vrfs", id=4, name="red", rd="65000:1")
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "192.0.2.1", 1)
    estate.rule("ip_addresses.sql", "SELECT key, 'vrf' AS field, 'red' AS value FROM desired.ip_addresses")
    assert written(estate, "ip_addresses")["192.0.2.1 in red"]["vrf"] == {"id": 4, "name": "red"}
    assert told(estate, "ip_addresses") == {}
    address(estate, 21, "192.0.2.1", 11, vrf_id=4)
    assert [row for row in estate.rows() if row.resource == "ip_addresses"] == []
    # Two rules that disagree: the address is not created in another VRF.
    estate.rule("ip_addresses.sql", "SELECT key, 'vrf' AS field, 'blue' AS value FROM desired.ip_addresses")
    assert written(estate, "ip_addresses") == {}
    assert told(estate, "ip_addresses") == {
        "192.0.2.1": ("conflict", "rules/ip_addresses.sql give several values: blue, red")
    }


def test_vlans_get_names() -> None:
    estate = sw1(defaults={"vlan_group": "campus"})
    estate.add("netbox.vlan_groups", id=1, name="campus", slug="campus")
    estate.add("netbox.vlans", id=5, vid=20, name="VLAN0020", group_id=1, status="active")
    for vid in (10, 20):
        estate.add("librenms.vlans", vlan_id=vid, device_id=1, vlan_vlan=vid, vlan_name=None)
    estate.rule(
        "vlans.sql",
        "SELECT key, 'name' AS field, 'users-' || vid AS value FROM desired.vlans",
    )
    assert written(estate, "vlans")["10 in campus"]["name"] == "users-10"
    assert told(estate, "vlans")["20 in campus"][0] == "drifted"


def test_an_object_that_the_endpoint_does_not_show_is_not_touched() -> None:
    estate = sw1()
    estate.add("netbox.devices", id=2, name="other", status="active")
    estate.rule("devices.sql", "SELECT name AS key, 'asset_tag' AS field, 'A' AS value FROM netbox.devices")
    assert written(estate, "devices") == {"sw1": {"asset_tag": "A"}}


# What all of these tests give is in one estate: case n is about the device swn, its port or its address.
NEEDED = [
    *(("devices", name) for name in ("name", "status", "site", "role", "device_type")),
    *(("interfaces", name) for name in ("type", "enabled", "mgmt_only")),
]


def key_of(number: int, resource: str) -> str:
    """The key of a row of the diff."""
    return {"devices": f"sw{number}", "interfaces": f"sw{number} Gi0/1"}.get(resource, f"192.0.2.{number}")


def desired_key(number: int, resource: str) -> str:
    """The key that rules use."""
    return " ".join([f"sw{number} Gi0/1"] * (resource == "ip_addresses") + [key_of(number, resource)])


def given(values: list[tuple[str, str, str]], **endpoint: Any) -> Estate:
    """A device for each (resource, field, value) that a rule gives to the device, to its port or to its address."""
    estate = Estate("librenms", **{"policies": GENEROUS, **endpoint})
    for number in range(1, len(values) + 1):
        device(estate, number, f"sw{number}")
        estate.add(
            "netbox.devices",
            **{"id": number, "name": f"sw{number}", "status": "active"},
            **{"site_id": 1, "role_id": 1, "device_type_id": 1, "cf": {"librenms_id": {"lib": number}}},
        )
        port(estate, number, "Gi0/1", number)
        interface(estate, 100 + number, "Gi0/1", number, port=number, mgmt_only=True)
        shown(estate, number, f"192.0.2.{number}", number)
        address(estate, 200 + number, f"192.0.2.{number}", 100 + number)
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    estate.add("netbox.device_types", id=1, model="X", slug="x")
    for resource in ("devices", "interfaces", "ip_addresses"):
        rows = ", ".join(
            f"('{desired_key(number, resource)}', '{field}', '{value}')"
            for number, (of, field, value) in enumerate(values, start=1)
            if of == resource
        )
        if rows:
            estate.rule(
                f"{resource}.sql",
                f"SELECT key, field, value FROM desired.{resource} JOIN (VALUES {rows}) AS v(key, field, value)"
                " USING (key)",
            )
    return estate


@pytest.mark.parametrize("number", range(len(NEEDED)), ids=[".".join(case) for case in NEEDED])
def test_what_netbox_needs_is_not_cleared(number: int) -> None:
    owned = {"owns": [f"{resource}.{field}" for resource, field in NEEDED]}
    estate = given([(resource, field, "") for resource, field in NEEDED], policies=owned)
    resource, field = NEEDED[number]
    key = key_of(number + 1, resource)
    assert written(estate, resource).get(key) is None
    assert told(estate, resource)[key][1] == (
        f'{field}: rules/{resource}.sql: {field} cannot be "": it needs a value, which NetBox cannot clear'
    )


# (resource, field, value, what it needs)
REFUSED = [
    ("devices", "description", "x" * 201, "at most 200 characters"),
    ("interfaces", "label", "x" * 65, "at most 64 characters"),
    ("ip_addresses", "dns_name", "not a name!", "a DNS name"),
    ("devices", "cf.load", "nan", "a number"),
    ("interfaces", "mtu", "1499.6", "a whole number"),
]
NOT_TAKEN = [
    ("devices", "serial", "9" * 51, "at most 50 characters"),
    ("devices", "asset_tag", "9" * 51, "at most 50 characters"),
    ("interfaces", "label", "x" * 65, "at most 64 characters"),
    ("interfaces", "mtu", "0", "a number from 1 to 65536"),
    ("interfaces", "mtu", "70000", "a number from 1 to 65536"),
    ("interfaces", "mode", "trunk", "one of access, tagged, tagged-all, q-in-q"),
    ("interfaces", "type", "1000base", "one of 1000base-t, lag, other, virtual"),
    ("devices", "cf.level", "platinum", "one of gold, silver"),
]


def refused() -> Estate:
    estate = given([case[:3] for case in (*REFUSED, *NOT_TAKEN)])
    estate.add("netbox.custom_fields", id=1, name="load", type="decimal", object_types=["dcim.device"])
    for choice in ("virtual", "other", "lag", "1000base-t"):
        estate.add("netbox.choices", model="dcim.interface", field="type", value=choice, label=choice)
    estate.add("netbox.custom_fields", id=5, name="level", type="select", object_types=["dcim.device"])
    for choice in ("silver", "gold"):
        estate.add("netbox.choices", model="extras.customfield", field="level", value=choice, label=choice)
    return estate


def assert_refused(number: int, resource: str, field: str, value: str, needs: str) -> None:
    key = key_of(number, resource)
    assert written(refused(), resource).get(key) is None
    shown_value = value if len(value) < 60 else f"{value[:59]}…"
    assert told(refused(), resource)[key] == (
        "conflict",
        f'{field}: rules/{resource}.sql: {field} cannot be "{shown_value}": it needs {needs}',
    )


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[f"{c[1]} {c[2][:9]}" for c in REFUSED])
def test_values_that_netbox_refuses_are_conflicts(number: int) -> None:
    assert_refused(number + 1, *REFUSED[number])


@pytest.mark.parametrize("number", range(len(NOT_TAKEN)), ids=[f"{c[1]} {c[2][:9]}" for c in NOT_TAKEN])
def test_a_value_that_netbox_does_not_take_is_a_conflict(number: int) -> None:
    assert_refused(len(REFUSED) + number + 1, *NOT_TAKEN[number])


def test_dns_names_are_in_lower_case_as_netbox_keeps_them() -> None:
    estate = sw1()
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "192.0.2.1", 1)
    address(estate, 21, "192.0.2.1", 11, dns_name="sw1.example.net")
    estate.rule(
        "ip_addresses.sql",
        "SELECT key, 'dns_name' AS field, 'SW1.Example.net' AS value FROM desired.ip_addresses",
    )
    assert [row for row in estate.rows() if row.resource == "ip_addresses"] == []


def test_tags_are_found_by_their_slug_in_any_case() -> None:
    estate = sw1()
    estate.add("netbox.tags", id=1, name="Production", slug="prod")
    estate.rule("devices.sql", "SELECT key, 'tags' AS field, 'Prod' AS value FROM desired.devices")
    assert written(estate, "devices") == {"sw1": {"tags": ["prod"]}}


def test_null_says_nothing_about_tags_of_an_owned_prefix() -> None:
    estate = sw1()
    estate.change("netbox.devices", "sw1", tags=["env-test"])
    estate.rule("devices.sql", "SELECT key, 'tags:env-' AS field, NULL AS value FROM desired.devices")
    assert [row for row in estate.rows() if row.resource == "devices"] == []


def test_objects_of_a_custom_field_are_the_same_in_any_order() -> None:
    estate = sw1()
    estate.add("netbox.custom_fields", id=1, name="racks", type="multiobject", object_types=["dcim.device"])
    estate.give_id("netbox.devices", 1, {"librenms_id": {"lib": 1}, "racks": [5, 7]})
    estate.rule("devices.sql", "SELECT key, 'cf.racks' AS field, [7, 5] AS value FROM desired.devices")
    assert [row for row in estate.rows() if row.resource == "devices"] == []
    estate.give_id("netbox.devices", 1, {"librenms_id": {"lib": 1}})
    assert written(estate, "devices") == {"sw1": {"cf.racks": [5, 7]}}


def test_an_address_in_another_vrf_changes_its_vrf_and_is_not_doubled() -> None:
    estate = sw1()
    estate.add("netbox.vrfs", id=4, name="red", rd="65000:1")
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "192.0.2.1", 1)
    address(estate, 21, "192.0.2.1", 11)
    estate.rule("ip_addresses.sql", "SELECT key, 'vrf' AS field, ' Red ' AS value FROM desired.ip_addresses")
    found = [r for r in estate.rows() if r.resource == "ip_addresses"]
    assert [(r.action, r.netbox_id, r.fields) for r in found] == [
        ("update", 21, {"vrf": {"id": 4, "name": "red"}})
    ]


def _sw1_and_sw2(rule: str) -> Estate:
    estate = sw1()
    device(estate, 2, "sw2")
    estate.add("netbox.devices", id=2, name="sw2", status="active", cf={"librenms_id": {"lib": 2}})
    estate.rule("devices.sql", rule)
    return estate


def test_an_asset_tag_belongs_to_one_device() -> None:
    estate = _sw1_and_sw2("SELECT key, 'asset_tag' AS field, 'A-1' AS value FROM desired.devices")
    repeated = (
        "asset_tag: rules/devices.sql: several devices would get the asset tag A-1; NetBox takes it once"
    )
    assert told(estate, "devices") == {"sw1": ("conflict", repeated), "sw2": ("conflict", repeated)}
    estate = _sw1_and_sw2("SELECT key, 'asset_tag' AS field, 'A-' || source_id AS value FROM desired.devices")
    estate.add("netbox.devices", id=3, name="old", asset_tag="A-1")
    assert told(estate, "devices") == {
        "sw1": ("conflict", "asset_tag: rules/devices.sql: NetBox has another device with the asset tag A-1")
    }
    assert written(estate, "devices") == {"sw2": {"asset_tag": "A-2"}}


def test_a_location_is_not_written_without_its_site() -> None:
    estate = sw1()
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
    estate.add("netbox.locations", id=5, name="Room 5", slug="room-5", site_id=2)
    estate.add("netbox.racks", id=6, name="R6", site_id=2, location_id=5)
    estate.change("netbox.devices", "sw1", site_id=1)
    estate.rule(
        "devices.sql",
        """SELECT key, unnest(['site', 'location', 'rack']) AS field,
            unnest(['Lyon', 'Room 5', 'R6']) AS value FROM desired.devices""",
    )
    assert written(estate, "devices") == {}
    assert told(estate, "devices") == {
        "sw1": (
            "conflict",
            "site: NetBox has a value that netbox-sync did not write (policies.owns); "
            "location: its location Room 5 is at another site; rack: its rack R6 is at another site",
        )
    }


def test_a_rack_is_not_written_without_its_location() -> None:
    estate = sw1(defaults={"site": "Paris"})
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    for number in (5, 6):
        estate.add("netbox.locations", id=number, name=f"Room {number}", slug=f"room-{number}", site_id=1)
    estate.add("netbox.racks", id=6, name="R6", site_id=1, location_id=6)
    estate.change("netbox.devices", "sw1", site_id=1, location_id=5)
    rule = "SELECT key, 'rack' AS field, 'R6' AS value FROM desired.devices"
    estate.rule("devices.sql", rule)
    assert told(estate, "devices") == {
        "sw1": ("conflict", "rack: rack R6 is in another location than the device")
    }


# (type of the custom field, value, what it needs)
OF_ANOTHER_TYPE = [
    ("date", "epoch", "a date: 2026-01-31"),
    ("date", "2026/01/31", "a date: 2026-01-31"),
    ("date", "2026-02-30", "a date: 2026-01-31"),
    ("datetime", "infinity", "a time: 2026-01-31T12:00:00+00:00"),
    ("datetime", "2026-01-31", "a time: 2026-01-31T12:00:00+00:00"),
    ("multiselect", '"a"', 'a list of choices: ["a"]'),
    ("multiselect", '{"a":1}', 'a list of choices: ["a"]'),
    ("multiobject", "[1,null]", "a list of ids: [1, 2]"),
    ("object", "-1", "the id of an object"),
    ("url", "not a url", "a URL"),
    ("decimal", "1_0", "a number"),
    ("integer", "0x10", "a whole number"),
]
# (type of the custom field, value, what is written)
OF_THE_TYPE: list[tuple[str, str, object]] = [
    ("date", "2026-01-31", "2026-01-31"),
    ("datetime", "2026-01-31 12:00:00+00:00", "2026-01-31 12:00:00+00:00"),
    ("decimal", "1.50", 1.5),
    ("integer", "1e3", 1000),
    ("object", "7", 7),
    ("multiobject", "[3, 1]", [1, 3]),
    ("url", "https://wiki.example/a", "https://wiki.example/a"),
]


def typed() -> Estate:
    """Each value in a custom field with the name of its type."""
    cases = [*OF_ANOTHER_TYPE, *OF_THE_TYPE]
    estate = given([("devices", f"cf.{kind}", value) for kind, value, _ in cases])
    for number, kind in enumerate(sorted({kind for kind, _, _ in cases}), start=1):
        estate.add("netbox.custom_fields", id=number, name=kind, type=kind, object_types=["dcim.device"])
    return estate


@pytest.mark.parametrize(
    "number", range(len(OF_ANOTHER_TYPE)), ids=[f"{c[0]} {c[1]}" for c in OF_ANOTHER_TYPE]
)
def test_a_value_of_another_type_is_never_guessed(number: int) -> None:
    kind, value, needs = OF_ANOTHER_TYPE[number]
    assert told(typed(), "devices")[f"sw{number + 1}"] == (
        "conflict",
        f'cf.{kind}: rules/devices.sql: cf.{kind} cannot be "{value}": it needs {needs}',
    )


@pytest.mark.parametrize("number", range(len(OF_THE_TYPE)), ids=[case[0] for case in OF_THE_TYPE])
def test_a_value_of_the_type_is_written(number: int) -> None:
    kind, _, value = OF_THE_TYPE[number]
    key = f"sw{len(OF_ANOTHER_TYPE) + number + 1}"
    assert written(typed(), "devices")[key] == {f"cf.{kind}": value}
