"""Rules that set fields to values that NetBox does not take, or that are of another type."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    address,
    device,
    interface,
    port,
    shown,
)

# What NetBox needs, and a rule clears.
NEEDED = [
    *(("devices", name) for name in ("name", "status", "site", "role", "device_type")),
    *(("interfaces", name) for name in ("type", "enabled", "mgmt_only")),
]
# (resource, field, value, what it needs)
REFUSED: list[tuple[str, str, str, str]] = [
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
    ("devices", "cf.floor", "10", "at least 1 and at most 9"),
    ("devices", "cf.code", "ab", "a text of [0-9]+$"),
]
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
# (resource, field, value): what rules give in the one estate of all these tests. Case n is about the device sw<n>, its
# port or its address.
CASES = [
    *((resource, field, "") for resource, field in NEEDED),
    *(case[:3] for case in (*REFUSED, *NOT_TAKEN)),
    *(("devices", f"cf.{kind}", value) for kind, value, _ in (*OF_ANOTHER_TYPE, *OF_THE_TYPE)),
]


def key_of(number: int, resource: str) -> str:
    """The key of a row of the diff."""
    return {"devices": f"sw{number}", "interfaces": f"sw{number} Gi0/1"}.get(resource, f"192.0.2.{number}")


def desired_key(number: int, resource: str) -> str:
    """The key that rules use."""
    return " ".join([f"sw{number} Gi0/1"] * (resource == "ip_addresses") + [key_of(number, resource)])


def given() -> Estate:
    """A device for each of the CASES, all in agreement with NetBox but for what the rules give."""
    owned = [f"{resource}.{field}" for resource, field in NEEDED]
    estate = Estate("librenms", policies=GENEROUS | {"owns": owned})
    for number in range(1, len(CASES) + 1):
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
    add_choices(estate)
    for resource in ("devices", "interfaces", "ip_addresses"):
        rows = ", ".join(
            f"('{desired_key(number, resource)}', '{field}', '{value}')"
            for number, (of, field, value) in enumerate(CASES, start=1)
            if of == resource
        )
        estate.rule(
            f"{resource}.sql",
            f"SELECT key, field, value FROM desired.{resource} JOIN (VALUES {rows}) AS v(key, field, value)"
            " USING (key)",
        )
    return estate


def add_choices(estate: Estate) -> None:
    """Types of interfaces, and a custom field of each type, with its name."""
    for choice in ("virtual", "other", "lag", "1000base-t"):
        estate.add("netbox.choices", model="dcim.interface", field="type", value=choice, label=choice)
    for choice in ("silver", "gold"):
        estate.add("netbox.choices", model="extras.customfield", field="level", value=choice, label=choice)
    types = {"load": "decimal", "level": "select"}
    types |= {kind: kind for kind, _, _ in (*OF_ANOTHER_TYPE, *OF_THE_TYPE)}
    for number, (name, kind) in enumerate(types.items(), start=1):
        estate.add("netbox.custom_fields", id=number, name=name, type=kind, object_types=["dcim.device"])
    common = {"object_types": ["dcim.device"]}
    floor = {"type": "integer", "validation_minimum": 1, "validation_maximum": 9}
    estate.add("netbox.custom_fields", id=101, name="floor", **floor, **common)
    code = {"type": "text", "validation_regex": "[0-9]+$"}
    estate.add("netbox.custom_fields", id=102, name="code", **code, **common)


def row_of(resource: str, field: str, value: str) -> Row:
    """What is said of the object of this case."""
    key = key_of(CASES.index((resource, field, value)) + 1, resource)
    [row] = [r for r in given().rows() if (r.resource, r.key) == (resource, key)]
    return row


@pytest.mark.parametrize(("resource", "field"), NEEDED, ids=[".".join(case) for case in NEEDED])
def test_what_netbox_needs_is_not_cleared(resource: str, field: str) -> None:
    row = row_of(resource, field, "")
    assert (row.action, row.fields) == ("conflict", {})
    assert row.reason == (
        f'{field}: rules/{resource}.sql: {field} cannot be "": it needs a value, which NetBox cannot clear'
    )


def assert_refused(resource: str, field: str, value: str, needs: str) -> None:
    said = value if len(value) < 60 else f"{value[:59]}…"
    row = row_of(resource, field, value)
    assert (row.action, row.reason) == (
        "conflict",
        f'{field}: rules/{resource}.sql: {field} cannot be "{said}": it needs {needs}',
    )


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[f"{c[1]} {c[2][:9]}" for c in REFUSED])
def test_values_that_netbox_refuses_are_conflicts(number: int) -> None:
    assert_refused(*REFUSED[number])


@pytest.mark.parametrize("number", range(len(NOT_TAKEN)), ids=[f"{c[1]} {c[2][:9]}" for c in NOT_TAKEN])
def test_a_value_that_netbox_does_not_take_is_a_conflict(number: int) -> None:
    assert_refused(*NOT_TAKEN[number])


@pytest.mark.parametrize(
    ("kind", "value", "needs"), OF_ANOTHER_TYPE, ids=[f"{c[0]} {c[1]}" for c in OF_ANOTHER_TYPE]
)
def test_a_value_of_another_type_is_never_guessed(kind: str, value: str, needs: str) -> None:
    assert_refused("devices", f"cf.{kind}", value, needs)


@pytest.mark.parametrize(("kind", "said", "value"), OF_THE_TYPE, ids=[case[0] for case in OF_THE_TYPE])
def test_a_value_of_the_type_is_written(kind: str, said: str, value: object) -> None:
    row = row_of("devices", f"cf.{kind}", said)
    assert (row.action, row.fields) == ("update", {f"cf.{kind}": value})


def test_a_custom_field_that_netbox_needs_or_takes_once() -> None:
    """A value that NetBox has on another device, the source knows it or not, or that rules give to several."""
    estate = Estate("librenms", policies=GENEROUS)
    held = {1: {"need": "x"}, 2: {"need": "x"}, 3: {"need": "x"}, 9: {"need": "x", "once": "A"}}
    for number, values in held.items():
        known = {"librenms_id": {"lib": number}} if number < 9 else {}
        estate.add("netbox.devices", id=number, name=f"sw{number}", status="active", cf=known | values)
        if known:
            device(estate, number, f"sw{number}")
    for number, (name, column) in enumerate((("need", "required"), ("once", "is_unique")), 100):
        estate.add(
            *("netbox.custom_fields",),
            **{"id": number, "name": name, "type": "text", "object_types": ["dcim.device"], column: True},
        )
    estate.rule(
        "devices.sql",
        "SELECT key, field, value FROM desired.devices JOIN (VALUES ('sw1', 'cf.need', ''), ('sw1', 'cf.once', 'A'),"
        " ('sw2', 'cf.once', 'B'), ('sw3', 'cf.once', 'B')) AS v(key, field, value) USING (key)",
    )
    repeated = "cf.once: rules/devices.sql: several devices would get the cf.once B; NetBox takes it once"
    assert {r.key: (r.action, r.reason) for r in estate.rows() if r.resource == "devices"} == {
        "sw1": (
            "conflict",
            'cf.need: rules/devices.sql: cf.need cannot be "": it needs a value, which NetBox cannot clear; '
            "cf.once: rules/devices.sql: NetBox has another device with the cf.once A",
        ),
        "sw2": ("conflict", repeated),
        "sw3": ("conflict", repeated),
    }
