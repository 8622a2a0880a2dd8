"""Rules that set contacts, on rows: assignments that NetBox lacks, names that mean nothing, and what is removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    DELETABLE,
    Parts,
    about,
    device,
    guest,
    known_switch,
    machine,
    paris,
    said_of,
    switch,
)

OWNER = "SELECT key, 'contacts:technical' AS field, 'Ada Lovelace' AS value FROM desired.{}"
POLICIES = {"delete": [*DELETABLE, "contact_assignments"]}
VM = "virtualization.virtualmachine"


def with_contacts(estate: Estate) -> Estate:
    """NetBox has Ada, Bob and two of the name Eve, and the roles Technical (technical) and On call (oncall)."""
    estate.change("netbox.status", contacts=True)
    for number, name in enumerate(("Ada Lovelace", "Bob", "Eve", "Eve"), start=1):
        estate.add("netbox.contacts", id=number, name=name)
    estate.add("netbox.contact_roles", id=1, name="Technical", slug="technical")
    estate.add("netbox.contact_roles", id=2, name="On call", slug="oncall")
    return estate


def core(**endpoint: Any) -> Estate:
    """LibreNMS's sw1, which NetBox has."""
    return with_contacts(switch(**{"policies": POLICIES, **endpoint}))


SWITCHES = Parts(lambda: with_contacts(Estate("librenms", policies=POLICIES)))
GUESTS = Parts(lambda: with_contacts(paris(policies={**POLICIES, "missing_guests": "delete"})))


def gives(estate: Estate, number: int, field: str, value: str) -> None:
    """A rule about sw<number>; ``value`` is SQL."""
    estate.rule(
        "devices.sql",
        f"SELECT key, '{field}' AS field, {value} AS value FROM desired.devices WHERE key = 'sw{number}'",
    )


def assigned(
    estate: Estate,
    number: int,
    contact: int = 1,
    object_id: int = 1,
    model: str = "dcim.device",
    role: int = 1,
) -> None:
    estate.add(
        "netbox.contact_assignments",
        id=number,
        object_type=model,
        object_id=object_id,
        contact_id=contact,
        role_id=role,
    )


def contacts(estate: Estate) -> list[Row]:
    return [row for row in estate.rows() if row.resource == "contact_assignments"]


def of_switch(number: int) -> list[Row]:
    """The contacts of sw<number>."""
    return about(contacts(SWITCHES.estate()), f"sw{number}")


@SWITCHES.part
def new_contact(estate: Estate) -> None:
    known_switch(estate, 1)
    gives(estate, 1, "contacts:technical", "'Ada Lovelace'")


def test_a_device_gets_the_contact_that_a_rule_names() -> None:
    (row,) = of_switch(1)
    assert (row.action, row.key, row.fields) == (
        "create",
        "device sw1: Ada Lovelace (Technical)",
        {
            "object": {"id": 1, "name": "sw1", "type": "dcim.device"},
            "contact": {"id": 1, "name": "Ada Lovelace"},
            "role": {"id": 1, "name": "Technical"},
        },
    )


@GUESTS.part
def new_guest(estate: Estate) -> None:
    guest(estate, 101, "web")
    estate.rule("virtual_machines.sql", OWNER.format("virtual_machines") + " WHERE key = 'web'")
    estate.rule(
        "clusters.sql", "SELECT key, 'contacts:On Call' AS field, 'bob' AS value FROM desired.clusters"
    )


def test_a_new_guest_is_created_before_its_contact_and_a_cluster_has_contacts_too() -> None:
    found = {row.key: (row.action, row.fields.get("object")) for row in contacts(GUESTS.estate())}
    assert found["virtual machine web: Ada Lovelace (Technical)"] == (
        "create",
        {"ref": "virtual_machines", "key": "web", "name": "web", "type": "virtualization.virtualmachine"},
    )
    assert (found["cluster paris: Bob (On call)"][1] or {})["type"] == "virtualization.cluster"


@SWITCHES.part
def known_contact(estate: Estate) -> None:
    estate.add("netbox.tenants", id=1, name="Ops", slug="ops")
    known_switch(estate, 2)
    assigned(estate, 2, object_id=2)
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['contacts:TECHNICAL', 'contacts:Technical', 'tenant']) AS field,"
        " unnest(['ada lovelace', 'Ada Lovelace', 'ops']) AS value FROM desired.devices WHERE key = 'sw2'",
    )


def test_an_assignment_that_netbox_has_is_no_change_and_other_rules_are_untouched() -> None:
    assert of_switch(2) == []
    found = about(SWITCHES.estate().rows(), "sw2")
    assert [row.fields for row in found if row.resource == "devices"] == [
        {"status": "active", "tenant": {"id": 1, "name": "Ops"}}
    ]


# (field, value, reason)
MEANS_NOTHING = [
    ("contacts:technical", "Grace", 'rules/devices.sql: NetBox has no contact "Grace", or several'),
    ("contacts:technical", "Eve", 'rules/devices.sql: NetBox has no contact "Eve", or several'),
    ("contacts:boss", "Bob", 'rules/devices.sql: NetBox has no contact role "boss", or several'),
]


@SWITCHES.part
def unknown_names(estate: Estate) -> None:
    """Each of sw3 to sw5 has a contact of ours, which may be the one that the rule means, under a new name."""
    for number, (field, value, _) in enumerate(MEANS_NOTHING, start=3):
        known_switch(estate, number)
        assigned(estate, number, contact=2, object_id=number)
        estate.ours("tenancy/contact-assignments", number)
        gives(estate, number, field, f"'{value}'")


@pytest.mark.parametrize("number", range(len(MEANS_NOTHING)), ids=[case[1] for case in MEANS_NOTHING])
def test_a_name_that_means_nothing_or_several_is_a_conflict(number: int) -> None:
    reason = MEANS_NOTHING[number][2]
    assert [(row.action, row.reason) for row in of_switch(3 + number)] == [("conflict", reason)]


@SWITCHES.part
def no_value(estate: Estate) -> None:
    known_switch(estate, 6)
    gives(estate, 6, "contacts:technical", "unnest([NULL, ''])")


def test_a_row_without_a_value_assigns_nothing() -> None:
    assert of_switch(6) == []


def test_contacts_that_were_not_read_block_the_rows() -> None:
    estate = core()
    estate.change("netbox.status", contacts=None)
    estate.rule("devices.sql", OWNER.format("devices"))
    assert [(row.action, row.reason) for row in contacts(estate)] == [
        (
            "blocked",
            "rules/devices.sql: contacts are not known: NetBox was read before a rule named contacts; sync again",
        )
    ]
    estate.change("netbox.status", contacts=True)
    reason = "contacts: the token may not read /api/tenancy/contacts/; give its user the permission tenancy.view_contact"
    estate.add("netbox.scopes", scope="table", scope_id="contacts", complete=False, reason=reason)
    assert [(row.action, row.reason) for row in contacts(estate)] == [
        ("blocked", f"rules/devices.sql: contacts are not known: {reason}")
    ]


def assignments(estate: Estate) -> None:
    """The rule gives sw7's 70; 71 and 72 are no rule's, and only 71 is ours."""
    known_switch(estate, 7)
    assigned(estate, 70, object_id=7)
    assigned(estate, 71, contact=2, object_id=7)
    assigned(estate, 72, contact=2, object_id=7, role=2)
    estate.ours("tenancy/contact-assignments", 70, 71)
    gives(estate, 7, "contacts:technical", "'Ada Lovelace'")


SWITCHES.part(assignments)


def test_only_own_assignments_that_no_rule_gives_are_deleted_and_only_if_policies_say_so() -> None:
    assert [(row.action, row.key, row.reason) for row in of_switch(7)] == [
        ("delete", "device sw7: Bob (Technical) (id 71)", "no rule gives this contact")
    ]
    careful = core(policies={"delete": []})
    assignments(careful)
    assert [(row.action, row.key, row.reason) for row in contacts(careful)] == [
        (
            "blocked",
            "device sw7: Bob (Technical) (id 71)",
            "no rule gives this contact, but policies.delete does not name contact_assignments",
        )
    ]


def test_nothing_is_removed_while_a_part_of_the_source_could_not_be_read() -> None:
    estate = core()
    assigned(estate, 8, contact=2)
    estate.ours("tenancy/contact-assignments", 8)
    estate.rule("devices.sql", OWNER.format("devices"))
    estate.add(
        "librenms.scopes",
        scope="devices",
        scope_id="*",
        complete=False,
        unseen=True,
        reason="answers ended early",
    )
    assert said_of(estate.rows(), "contact_assignments", 8) == [
        ("blocked", "no rule gives this contact, but that is no evidence: answers ended early")
    ]


@SWITCHES.part
def left_out_and_not_shown(estate: Estate) -> None:
    """A rule leaves sw8 out, and LibreNMS does not show sw9."""
    device(estate, 8, "sw8")
    for number in (8, 9):
        held = {"librenms_id": {"lib": number}}
        estate.add("netbox.devices", id=number, name=f"sw{number}", cf=held)
        assigned(estate, number, object_id=number)
    estate.ours("tenancy/contact-assignments", 8, 9)
    for number in (8, 9):
        gives(estate, number, "contacts:technical", "NULL")
    estate.rule("devices.skip.sql", "SELECT key, 'later' AS reason FROM desired.devices WHERE name = 'sw8'")


def test_an_object_that_the_source_does_not_show_or_a_rule_leaves_out_keeps_its_contacts() -> None:
    assert of_switch(8) == []
    assert of_switch(9) == []


@GUESTS.part
def removed_guests(estate: Estate) -> None:
    """The contact of old is ours, that of older is not."""
    for number, name in ((2, "old"), (3, "older")):
        machine(estate, number, name, 100 + number)
        estate.ours("virtualization/virtual-machines", number)
        assigned(estate, number, object_id=number, model=VM)
        estate.add(
            "netbox.dependents",
            object_type="virtualization/virtual-machines",
            object_id=number,
            related_type="tenancy/contact-assignments",
            related_id=number,
            word="contact assignment",
            label="Ada",
        )
    estate.ours("tenancy/contact-assignments", 2)


def test_a_removed_guest_goes_with_its_own_contacts_and_is_kept_by_those_of_others() -> None:
    found = GUESTS.estate().rows()
    assert sorted((row.resource, row.action) for row in about(found, "old")) == [
        ("contact_assignments", "delete"),
        ("virtual_machines", "delete"),
    ]
    assert [(row.resource, row.action) for row in about(found, "older")] == [("virtual_machines", "blocked")]


def test_the_limit_of_a_plan_counts_kept_and_removed_assignments() -> None:
    estate = with_contacts(paris(policies={**POLICIES, "missing_guests": "delete"}))
    guest(estate, 102, "db")
    for number, name in ((101, "web"), (102, "db")):
        machine(estate, number, name, number)
        assigned(estate, number, object_id=number, model=VM)
        assigned(estate, number + 10, contact=2, object_id=number, model=VM, role=2)
    assigned(estate, 7)
    estate.ours("virtualization/virtual-machines", 101, 102)
    estate.ours("tenancy/contact-assignments", 101, 111, 102, 112)
    estate.rule("virtual_machines.sql", OWNER.format("virtual_machines"))
    assert sorted(row.netbox_id for row in contacts(estate) if row.netbox_id) == [101, 111, 112]
    assert estate.existing()["contact_assignments"] == 4


def test_a_contact_needs_a_role() -> None:
    estate = core()
    estate.rule("devices.sql", "SELECT key, 'contacts' AS field, 'Bob' AS value FROM desired.devices")
    with pytest.raises(Exception, match="names no contact role, which NetBox needs; write contacts:<role>"):
        estate.rows()
    estate.rules.clear()
    estate.rule("interfaces.sql", "SELECT key, 'contacts:boss' AS field, 'Bob' AS value FROM desired.devices")
    with pytest.raises(Exception, match="interfaces have no field 'contacts:boss'"):
        estate.rows()


ODD = """O'Brien "x" \\ ; DROP"""


@SWITCHES.part
def odd_name(estate: Estate) -> None:
    known_switch(estate, 10)
    estate.add("netbox.contacts", id=9, name=ODD)
    gives(estate, 10, "contacts:technical", "'" + ODD.replace("'", "''") + "'")


def test_names_that_would_break_sql_or_json_are_names() -> None:
    (row,) = of_switch(10)
    assert row.fields["contact"] == {"id": 9, "name": ODD}
