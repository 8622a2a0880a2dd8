"""Contacts that rules set, from their file to NetBox and back."""

from __future__ import annotations

import json

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.cli.conftest import CliHarness
from tests.cli.test_rules import rule
from tests.support import NetBox

ASSIGNMENTS = "tenancy/contact-assignments"
RULE = "SELECT key, 'contacts:technical' AS field, 'ada lovelace' AS value FROM desired.devices WHERE {}\n"


def rows(harness: CliHarness) -> list[tuple[str, str]]:
    """(action, key) of the contact assignments in the diff."""
    diff = json.loads(harness.ok("diff", "nms", "--json"))["diffs"][0]
    return [(row["action"], row["key"]) for row in diff["rows"] if row["resource"] == "contact_assignments"]


def write(harness: CliHarness, plan: str) -> None:
    actions = [word for action in ("create", "update", "delete") for word in ("--action", action)]
    harness.ok("approve", plan, *actions, "--yes", "--override-limit", "test")
    harness.ok("apply", plan, "--yes")


def undo(harness: CliHarness) -> None:
    write(harness, harness.ok("undo", "--last").split(":")[0])


def asked(lab: LabNetBox) -> list[str]:
    """The lists of contacts that were read."""
    return [path for method, path, _ in lab.requests if method == "GET" and "contact" in path]


@pytest.fixture
def contacts(netbox: NetBox) -> tuple[int, int]:
    """Ada Lovelace and the contact role Technical."""
    contact = netbox.create("tenancy/contacts", name="Ada Lovelace")
    role = netbox.create("tenancy/contact-roles", name="Technical", slug="technical")
    return contact["id"], role["id"]


def test_a_contact_is_assigned_taken_back_and_removed(
    harness: CliHarness, netbox: NetBox, lab: LabNetBox, contacts: tuple[int, int]
) -> None:
    # The device is new too: it is created first, and its contact refers to it.
    rule(harness, "devices.sql", RULE.format("true"))
    harness.configure(policies={"delete": ["contact_assignments"]})
    harness.ok("sync")
    assert rows(harness) == [("create", "device sw1: Ada Lovelace (Technical)")]
    write(harness, "nms")
    sw1 = netbox.one("dcim/devices", name="sw1")["id"]
    made = netbox.one(ASSIGNMENTS)
    assert (made["object_type"], made["object_id"]) == ("dcim.device", sw1)
    assert (made["contact"]["id"], made["role"]["id"]) == contacts

    harness.ok("sync")
    assert "no differences" in harness.ok("diff", "nms")
    undo(harness)
    assert netbox.all(ASSIGNMENTS) == []
    assert netbox.all("dcim/devices") == []

    harness.ok("sync")
    write(harness, "nms")
    # A person adds a priority and another contact.
    made = netbox.one(ASSIGNMENTS)
    netbox.edit(ASSIGNMENTS, made["id"], priority="primary")
    bob = netbox.create("tenancy/contacts", name="Bob")
    other = {"object_type": "dcim.device", "object_id": made["object_id"], "role": contacts[1]}
    netbox.create(ASSIGNMENTS, contact=bob["id"], **other)
    harness.ok("sync")
    assert "no differences" in harness.ok("diff", "nms")

    # No rule gives it now: only the own one goes, and comes back with its priority.
    rule(harness, "devices.sql", RULE.format("false"))
    harness.ok("sync")
    assert rows(harness) == [
        ("delete", f"device sw1: Ada Lovelace (Technical) (id {made['id']})"),
    ]
    write(harness, "nms")
    assert [row["contact"]["name"] for row in netbox.all(ASSIGNMENTS)] == ["Bob"]
    undo(harness)
    again = netbox.one(ASSIGNMENTS, contact_id=contacts[0])
    assert (again["object_id"], again["role"]["id"]) == (made["object_id"], contacts[1])
    assert again["priority"]["value"] == "primary"


def test_contacts_are_read_only_if_a_rule_names_them(
    harness: CliHarness, lab: LabNetBox, contacts: tuple[int, int]
) -> None:
    rule(harness, "devices.sql", "SELECT key, 'comments' AS field, 'x' AS value FROM desired.devices\n")
    lab.reset_requests()
    harness.ok("sync")
    few = len(lab.requests)
    assert asked(lab) == []
    rule(harness, "nms/devices.sql", RULE.format("true"))
    lab.reset_requests()
    harness.ok("sync")
    assert sorted(asked(lab)) == [
        "/api/tenancy/contact-assignments/",
        "/api/tenancy/contact-roles/",
        "/api/tenancy/contacts/",
    ]
    # The choices are known by now, which saves two requests.
    assert len(lab.requests) == few - 2 + 3


def test_a_token_that_may_not_read_contacts_blocks_the_rule_alone(
    harness: CliHarness, lab: LabNetBox, contacts: tuple[int, int]
) -> None:
    from netbox_sync_dagster.sources.netbox.listings import CONTACTS, SOURCES

    models = {source.model: {"view"} for name, source in SOURCES.items() if name not in CONTACTS}
    harness.environment["NETBOX_TOKEN"] = lab.add_token("few-rights", models).removeprefix("Token ")
    rule(harness, "devices.sql", RULE.format("true"))
    harness.ok("sync")
    diff = json.loads(harness.ok("diff", "nms", "--json"))["diffs"][0]
    assert diff["gates"] == []
    (blocked,) = [row for row in diff["rows"] if row["resource"] == "contact_assignments"]
    assert blocked["action"] == "blocked"
    assert blocked["reason"].startswith(
        "rules/devices.sql: contacts are not known: contact_assignments: the token may not read"
    )
    found = harness.run("rules", "check", "nms")
    assert "1 object: rules/devices.sql: contacts are not known: " in found.out
    assert found.code == 1
