"""Rules that set contacts, on rows: assignments that NetBox lacks, names that mean nothing, and what is removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import DELETABLE, device, guest, machine, paris, said_of, switch

OWNER = "SELECT key, 'contacts:technical' AS field, 'Ada Lovelace' AS value FROM desired.{}"
POLICIES = {"delete": [*DELETABLE, "contact_assignments"]}


def with_contacts(estate: Estate) -> Estate:
    """NetBox has Ada, Bob and two of the name Eve, and the roles Technical (technical) and On call (oncall)."""
    estate.change("netbox.status", contacts=True)
    for number, name in enumerate(("Ada Lovelace", "Bob", "Eve", "Eve"), start=1):
        estate.add("netbox.contacts", id=number, name=name)
    estate.add("netbox.contact_roles", id=1, name="Technical", slug="technical")
    estate.add("netbox.contact_roles", id=2, name="On call", slug="oncall")
    return estate


def core(**endpoint: Any) -> Estate:
    return with_contacts(switch(**{"policies": POLICIES, **endpoint}))


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


def test_a_device_gets_the_contact_that_a_rule_names() -> None:
    estate = core()
    estate.rule("devices.sql", OWNER.format("devices"))
    (row,) = contacts(estate)
    assert (row.action, row.key, row.fields) == (
        "create",
        "device sw1: Ada Lovelace (Technical)",
        {
            "object": {"id": 1, "name": "sw1", "type": "dcim.device"},
            "contact": {"id": 1, "name": "Ada Lovelace"},
            "role": {"id": 1, "name": "Technical"},
        },
    )


def test_a_new_guest_is_created_before_its_contact_and_a_cluster_has_contacts_too() -> None:
    estate = with_contacts(paris())
    guest(estate, 101, "web")
    estate.rule("virtual_machines.sql", OWNER.format("virtual_machines"))
    estate.rule(
        "clusters.sql", "SELECT key, 'contacts:On Call' AS field, 'bob' AS value FROM desired.clusters"
    )
    found = {row.key: (row.action, row.fields["object"]) for row in contacts(estate)}
    assert found["virtual machine web: Ada Lovelace (Technical)"] == (
        "create",
        {"ref": "virtual_machines", "key": "web", "name": "web", "type": "virtualization.virtualmachine"},
    )
    assert found["cluster paris: Bob (On call)"][1]["type"] == "virtualization.cluster"


def test_an_assignment_that_netbox_has_is_no_change_and_other_rules_are_untouched() -> None:
    estate = core()
    estate.add("netbox.tenants", id=1, name="Ops", slug="ops")
    assigned(estate, 7)
    estate.rule(
        "devices.sql",
        "SELECT key, unnest(['contacts:TECHNICAL', 'contacts:Technical', 'tenant']) AS field,"
        " unnest(['ada lovelace', 'Ada Lovelace', 'ops']) AS value FROM desired.devices",
    )
    assert contacts(estate) == []
    assert [row.fields for row in estate.rows() if row.resource == "devices"] == [
        {"status": "active", "tenant": {"id": 1, "name": "Ops"}}
    ]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("contacts:technical", "Grace", 'rules/devices.sql: NetBox has no contact "Grace", or several'),
        ("contacts:technical", "Eve", 'rules/devices.sql: NetBox has no contact "Eve", or several'),
        ("contacts:boss", "Bob", 'rules/devices.sql: NetBox has no contact role "boss", or several'),
    ],
)
def test_a_name_that_means_nothing_or_several_is_a_conflict(field: str, value: str, reason: str) -> None:
    estate = core()
    # It may be the contact of this one, under a new name.
    assigned(estate, 7, contact=2)
    estate.ours("tenancy/contact-assignments", 7)
    estate.rule("devices.sql", f"SELECT key, '{field}' AS field, '{value}' AS value FROM desired.devices")
    assert [(row.action, row.reason) for row in contacts(estate)] == [("conflict", reason)]


def test_a_row_without_a_value_assigns_nothing() -> None:
    estate = core()
    estate.rule(
        "devices.sql",
        "SELECT key, 'contacts:technical' AS field, unnest([NULL, '']) AS value FROM desired.devices",
    )
    assert contacts(estate) == []


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


def test_only_own_assignments_that_no_rule_gives_are_deleted_and_only_if_policies_say_so() -> None:
    for policies, action, reason in (
        (POLICIES, "delete", "no rule gives this contact"),
        (
            {"delete": []},
            "blocked",
            "no rule gives this contact, but policies.delete does not name contact_assignments",
        ),
    ):
        estate = core(policies=policies)
        assigned(estate, 7)
        assigned(estate, 8, contact=2)
        assigned(estate, 9, contact=2, role=2)
        estate.ours("tenancy/contact-assignments", 7, 8)
        estate.rule("devices.sql", OWNER.format("devices"))
        assert [(row.action, row.key, row.reason) for row in contacts(estate)] == [
            (action, "device sw1: Bob (Technical) (id 8)", reason)
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


def test_an_object_that_the_source_does_not_show_or_a_rule_leaves_out_keeps_its_contacts() -> None:
    estate = core()
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    estate.add("netbox.devices", id=3, name="sw3", cf={"librenms_id": {"lib": 3}})
    device(estate, 2, "sw2")
    for number in (2, 3):
        assigned(estate, number, object_id=number)
    estate.ours("tenancy/contact-assignments", 2, 3)
    estate.rule(
        "devices.sql", "SELECT key, 'contacts:technical' AS field, NULL AS value FROM desired.devices"
    )
    estate.rule("devices.skip.sql", "SELECT key, 'later' AS reason FROM desired.devices WHERE name = 'sw2'")
    assert contacts(estate) == []


def test_a_removed_guest_goes_with_its_own_contacts_and_is_kept_by_those_of_others() -> None:
    for ours, expected in (
        ((7,), [("contact_assignments", "delete"), ("virtual_machines", "delete")]),
        ((), [("virtual_machines", "blocked")]),
    ):
        estate = with_contacts(paris(policies={**POLICIES, "missing_guests": "delete"}))
        guest(estate, 102, "db")
        machine(estate, 102, "db", 102)
        machine(estate, 101, "web", 101)
        estate.ours("virtualization/virtual-machines", 101, 102)
        assigned(estate, 7, object_id=101, model="virtualization.virtualmachine")
        estate.add(
            "netbox.dependents",
            object_type="virtualization/virtual-machines",
            object_id=101,
            related_type="tenancy/contact-assignments",
            related_id=7,
            word="contact assignment",
            label="Ada",
        )
        estate.ours("tenancy/contact-assignments", *ours)
        found = [row for row in estate.rows() if row.action != "update" and "web" in row.key]
        assert sorted((row.resource, row.action) for row in found) == expected


def test_the_limit_of_a_plan_counts_kept_and_removed_assignments() -> None:
    estate = with_contacts(paris(policies={**POLICIES, "missing_guests": "delete"}))
    guest(estate, 102, "db")
    for number, name in ((101, "web"), (102, "db")):
        machine(estate, number, name, number)
        assigned(estate, number, object_id=number, model="virtualization.virtualmachine")
        assigned(
            estate, number + 10, contact=2, object_id=number, model="virtualization.virtualmachine", role=2
        )
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


def test_names_that_would_break_sql_or_json_are_names() -> None:
    estate = core()
    name = """O'Brien "x" \\ ; DROP"""
    estate.add("netbox.contacts", id=9, name=name)
    estate.rule(
        "devices.sql",
        "SELECT key, 'contacts:technical' AS field, '{}' AS value FROM desired.devices".format(
            name.replace("'", "''")
        ),
    )
    (row,) = contacts(estate)
    assert row.fields["contact"] == {"id": 9, "name": name}
