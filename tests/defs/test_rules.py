"""The user's rules in Dagster: a contact by rule, from the run that syncs to the one that applies."""

from __future__ import annotations

from tests.defs.conftest import DagsterHarness, failure

RULE = "SELECT key, 'contacts:technical' AS field, 'ada lovelace' AS value FROM desired.devices\n"
ASSIGNMENTS = "tenancy/contact-assignments"


def test_a_contact_by_rule_is_shown_approved_and_assigned(harness: DagsterHarness) -> None:
    contact = harness.netbox.create("tenancy/contacts", name="Ada Lovelace")
    role = harness.netbox.create("tenancy/contact-roles", name="Technical", slug="technical")
    folder = harness.config_path.parent / "rules"
    folder.mkdir()
    (folder / "devices.sql").write_text(RULE, encoding="utf-8")

    assert harness.sync("paris").success
    [change] = [row for row in harness.plan("paris").changes if row.resource == "contact_assignments"]
    assert (change.action, change.parent) == ("create", "sw-paris")

    decide = {
        "endpoint": "paris",
        "who": "alice",
        "resource": ["contact_assignments"],
        "with_dependencies": True,
    }
    assert harness.run("approve", run_config={"ops": {"decide": {"config": decide}}}).success
    assert harness.run("apply_librenms", partition_key="paris").success
    made = harness.netbox.one(ASSIGNMENTS)
    assert (made["object_id"], made["contact"]["id"], made["role"]["id"]) == (
        harness.device["id"],
        contact["id"],
        role["id"],
    )
    assert harness.sync("paris").success
    assert [row for row in harness.plan("paris").changes if row.resource == "contact_assignments"] == []


def test_a_faulty_rule_fails_the_run_with_its_sentence(harness: DagsterHarness) -> None:
    folder = harness.config_path.parent / "rules"
    folder.mkdir()
    (folder / "devices.sql").write_text("SELECT key, 'tenent' AS field, 1 AS value FROM desired.devices\n")
    result = harness.sync("paris")
    assert (
        failure(result) == "paris: rules/devices.sql: devices have no field 'tenent'; did you mean 'tenant'?"
    )
