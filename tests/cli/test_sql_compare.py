"""`sql --compare`: the comparison's own tables, as its SQL files make them."""

from __future__ import annotations

import json

from tests.cli.conftest import CliHarness


def test_the_tables_of_a_comparison_can_be_asked(harness: CliHarness) -> None:
    harness.configure(import_devices="none")
    harness.ok("sync")
    before = sorted(path.name for path in (harness.folder / "data" / "diffs" / "nms").iterdir())

    matched = "SELECT key, netbox_id FROM match.devices"
    assert json.loads(harness.ok("sql", "--compare", "nms", "--json", matched)) == [
        {"key": "sw1", "netbox_id": None}
    ]
    why = "SELECT resource, action, action_of(reason) AS decided, sentence(reason) AS reason FROM diff.rows WHERE key = 'sw1'"
    assert json.loads(harness.ok("sql", "--compare", "nms", "--json", why)) == [
        {
            "resource": "devices",
            "action": "blocked",
            "decided": "blocked",
            "reason": "not in NetBox, and import_devices is none for this endpoint",
        }
    ]
    assert sorted(path.name for path in (harness.folder / "data" / "diffs" / "nms").iterdir()) == before


def test_errors_name_the_endpoint_and_the_query(synced: CliHarness) -> None:
    assert "no endpoint 'pve' in the configuration" in synced.run("sql", "--compare", "pve", "SELECT 1").err
    wrong = synced.run("sql", "--compare", "nms", "SELECT nothing FROM match.devices")
    assert wrong.code == 1
    assert wrong.err.startswith(
        'error: the query failed: Binder Error: Referenced column "nothing" not found'
    )
