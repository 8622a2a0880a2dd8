"""Rules from their files to NetBox, and their two commands."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import CliHarness
from tests.support import NetBox


def rule(harness: CliHarness, name: str, text: str) -> Path:
    path = harness.folder / "rules" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_tenant_by_rule_is_approved_and_written(harness: CliHarness, netbox: NetBox) -> None:
    tenant = netbox.create("tenancy/tenants", name="Operations", slug="ops")
    rule(harness, "devices.sql", "SELECT key, 'tenant' AS field, 'ops' AS value FROM desired.devices\n")
    rule(
        harness,
        "interfaces.skip.sql",
        "SELECT key, 'no printers' AS reason FROM desired.interfaces WHERE description = 'printer'",
    )
    harness.ok("sync")
    # What is skipped is found by its name too.
    assert harness.ok("show", "sw1 Gi0/2") == (
        "nms: interfaces\n"
        "  skipped   sw1 Gi0/2  rules/interfaces.skip.sql leaves it out: no printers\n"
        "cause: left_out_by_rule (docs/causes.md)\n"
        "what helps: Change the rule.\n"
    )
    [skipped] = json.loads(harness.ok("show", "sw1 Gi0/2", "--json"))["skipped"]
    assert (skipped["resource"], skipped["cause"]) == ("interfaces", "left_out_by_rule")
    harness.ok("approve", "nms", "--all-creates-and-updates", "--yes", "--override-limit", "first sync")
    harness.ok("apply", "nms", "--yes")
    assert netbox.one("dcim/devices", name="sw1")["tenant"]["id"] == tenant["id"]

    harness.ok("sync")
    assert "no differences" in harness.ok("diff", "nms")
    # Taken back like any other write.
    rule(harness, "devices.sql", "SELECT key, 'tenant' AS field, '' AS value FROM desired.devices\n")
    harness.ok("sync")
    assert [
        (row["action"], row["fields"][0]["field"])
        for row in json.loads(harness.ok("diff", "nms", "--json"))["diffs"][0]["rows"]
        if row["resource"] == "devices"
    ] == [("update", "tenant")]


def test_check_shows_rows_fields_and_what_cannot_be_written(synced: CliHarness) -> None:
    none = synced.run("rules", "check")
    assert (none.code, none.err) == (1, "error: netbox_sync.yaml: there is no folder of rules beside it\n")
    rule(
        synced,
        "devices.sql",
        "SELECT key, 'tenant' AS field, 'nobody' AS value FROM desired.devices WHERE false\n",
    )
    assert synced.ok("rules", "check").startswith("nms  rules/devices.sql  0 rows, 0 objects, 0.")
    rule(synced, "devices.sql", "SELECT key, 'tenant' AS field, 'nobody' AS value FROM desired.devices\n")
    rule(
        synced,
        "interfaces.skip.sql",
        "SELECT key, '' AS reason FROM desired.interfaces WHERE name = 'none'\n",
    )
    found = synced.run("rules", "check", "nms")
    assert found.code == 1
    lines = found.out.splitlines()
    assert lines[0].startswith("nms  rules/devices.sql  1 row, 1 object: tenant (1), 0.")
    assert lines[1] == '  1 object: rules/devices.sql: NetBox has no tenant "nobody", or several'
    assert lines[2].startswith("nms  rules/interfaces.skip.sql  0 rows, 0 objects, 0.")

    rule(synced, "devices.sql", "SELECT key, 'tenant' AS field,\n  tennant AS value FROM desired.devices\n")
    found = synced.run("rules", "check", "nms")
    assert found.code == 1
    assert 'error: rules/devices.sql:2: Binder Error: Referenced column "tennant" not found' in found.out
    # The other files are checked all the same.
    ports = rule(
        synced,
        "interfaces.sql",
        "SELECT key, 'description' AS field, 'x' AS value FROM desired.interfaces WHERE name = 'Gi0/1'\n",
    )
    found = synced.run("rules", "check", "nms")
    assert found.code == 1
    assert "nms  rules/interfaces.sql  1 row, 1 object: description (1), 0." in found.out
    ports.unlink()
    # A sync fails with the same sentence, and publishes no diff.
    failed = synced.run("sync")
    assert failed.code == 1
    assert (
        'rules/devices.sql:2: Binder Error: Referenced column "tennant" not found' in failed.out + failed.err
    )


def test_examples_test_rules_without_a_server(harness: CliHarness) -> None:
    rule(
        harness,
        "devices.sql",
        "SELECT key, 'tenant' AS field, lower(place) AS value FROM desired.devices WHERE place <> ''\n",
    )
    rule(harness, "tests/places/desired.devices.csv", "key,place\nsw1,Paris\nsw2,Lyon\nsw3,\n")
    rule(harness, "tests/places/expected.devices.csv", "key,field,value\nsw1,tenant,paris\nsw2,tenant,lyon\n")
    assert harness.ok("rules", "test") == "passed  places: expected.devices.csv\n1 of 1 passed\n"

    rule(harness, "tests/places/expected.devices.csv", "key,field,value\nsw1,tenant,paris\nsw2,tenant,rome\n")
    wrong = harness.run("rules", "test")
    assert wrong.code == 1
    assert wrong.out == (
        "FAILED  places: expected.devices.csv\n"
        "  missing     sw2 | tenant | rome\n"
        "  unexpected  sw2 | tenant | lyon\n"
        "0 of 1 passed\n"
    )
    rule(harness, "tests/places/desired.devices.csv", "key,plaice\nsw1,Paris\n")
    assert (
        "desired.devices.csv:1: desired.devices has no column 'plaice'; did you mean 'place'?"
        in harness.run("rules", "test").err
    )
