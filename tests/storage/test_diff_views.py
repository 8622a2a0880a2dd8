"""The views of diffs: rows, fields and values, what was decided of them, and diffs of older releases."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from netbox_sync_dagster.storage import Warehouse, views
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.status import read_status
from netbox_sync_dagster.storage.views import build_database, open_views
from tests.older import as_older_version
from tests.storage.versions import add_device, ask, publish_diff


def test_changes_say_what_was_decided_since_when_they_are_there_and_where_the_object_is(
    warehouse: Warehouse,
) -> None:
    publish_diff(warehouse, "nms", create=1, update=2, conflict=1)
    diff_id = warehouse.current(warehouse.diffs("nms")).name
    approval = {
        "approval_id": "a1",
        "at": "2026-03-01T10:01:00",
        "who": "eve",
        "decision": "reject",
        "endpoint": "nms",
        "changes": [{"change_id": "update0", "resource": "devices", "action": "update", "key": "update-0"}],
        "seq": 9_999_999_999_999,
    }
    place = warehouse.ledger / "approvals" / "nms" / "a1.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(approval) + "\n", encoding="utf-8")

    with open_views(warehouse) as con:
        found = ask(
            con,
            """SELECT key, decision, decided_by, first_seen = strptime(diff_id[1:15], '%Y%m%dT%H%M%S')
                + to_milliseconds(diff_id[16:18]::bigint), link FROM diff.changes ORDER BY key""",
        )
        states = ask(con, "SELECT key, state, who FROM sync.change_states ORDER BY key")
    link = "https://netbox.example.com/dcim/devices/7/"
    assert diff_id[:8].isdigit()
    assert found == [
        ("conflict-0", None, None, True, link),
        ("create-0", "waiting", None, True, None),
        ("update-0", "rejected", "eve", True, link),
        ("update-1", "waiting", None, True, link),
    ]
    assert states == [(key, decision, who) for key, decision, who, _, _ in found]


def test_diff_views_show_the_current_diff_per_object_and_per_field(warehouse: Warehouse) -> None:
    publish_diff(warehouse, "nms", create=4)
    add_device(warehouse, "nms", "sw1")
    publish_diff(warehouse, "nms", create=2, conflict=1, blocked=3, drifted=1)

    with open_views(warehouse, history=True) as con:
        by_action = ask(con, "SELECT action, count(*) FROM diff.changes GROUP BY ALL ORDER BY ALL")
        devices = ask(con, "SELECT count(*) FROM diff.devices")
        kept = ask(con, "SELECT count(*) FROM history.diff_changes")
        fields = ask(
            con,
            """SELECT endpoint, resource, key, action, field, before, after, decision, reason, change_id
               FROM diff.fields WHERE key = 'create-0' ORDER BY field""",
        )
        status = ask(
            con, "SELECT waiting, approved, applied, conflicts, blocked, drifted, gates FROM sync.status"
        )

    assert by_action == [("blocked", 3), ("conflict", 1), ("create", 2), ("drifted", 1)]
    assert devices == [(7,)]
    assert kept == [(11,)]
    assert fields == [
        ("nms", "devices", "create-0", "create", "name", "null", '"x"', "update", None, "create0"),
        ("nms", "devices", "create-0", "create", "serial", '"A"', '"B"', "drifted", "edited", "create0"),
    ]
    assert status == [(2, 0, 0, 1, 3, 1, ["NetBox was not read completely"])]


def test_diffs_from_before_an_upgrade_are_shown_beside_newer_ones(warehouse: Warehouse) -> None:
    publish_diff(warehouse, "older", create=1)
    as_older_version(warehouse.current(warehouse.diffs("older")))
    publish_diff(warehouse, "0newer", create=1)
    build_database(warehouse)
    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        fields = ask(con, "SELECT endpoint, field, after, decision FROM diff.fields ORDER BY ALL")
        kept = "SELECT endpoint, f.field, f.after, f.decision FROM history.diff_changes, unnest(fields) AS u(f) ORDER BY ALL"
        assert ask(con, kept) == fields
        differs = ask(
            con, "SELECT endpoint, fields[1].decision, fields[2].decision FROM diff.changes ORDER BY 1"
        )
        assert ask(con, "SELECT endpoint, objects FROM diff.summary ORDER BY ALL") == [
            ("0newer", 1),
            ("older", 1),
        ]
    assert fields == [
        ("0newer", "name", '"x"', "update"),
        ("0newer", "serial", '"B"', "drifted"),
        ("older", "name", '"x"', "update"),
        ("older", "serial", '"B"', "drifted"),
    ]
    assert differs == [("0newer", "update", "drifted"), ("older", "update", "drifted")]


def test_values_are_json(warehouse: Warehouse) -> None:
    publish_diff(warehouse, "nms", create=1)
    with open_views(warehouse) as con:
        found = ask(
            con,
            """SELECT typeof(before), typeof(after), after->>'$' FROM diff.fields WHERE field = 'name'
               UNION ALL SELECT typeof(f.before), typeof(f.after), f.after->>'$'
               FROM diff.changes, unnest(fields) AS u(f) WHERE f.field = 'name'""",
        )
        types = ask(
            con,
            """SELECT DISTINCT data_type FROM duckdb_columns() WHERE (schema_name IN ('diff', 'ledger')
                AND column_name IN ('before', 'after')) OR table_name || '.' || column_name IN ('writes.value', 'last_written.value')""",
        )
    assert found == [("JSON", "JSON", "x")] * 2
    assert types == [("JSON",)]


def test_a_change_shows_the_last_verdict_on_it(warehouse: Warehouse) -> None:
    publish_diff(warehouse, "nms", create=1, update=1, conflict=1)
    lines = [
        {
            "kind": "verdict",
            "apply_id": f"a{seq}",
            "endpoint": "nms",
            "change_id": "create0",
            "verdict": verdict,
            "seq": seq,
        }
        for seq, verdict in ((1, "failed"), (2, "applied"), (3, "stale"))
    ]
    place = warehouse.ledger / "applies" / "nms" / "a1.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with open_views(warehouse) as con:
        # The changes wait: NetBox was read after the applies.
        assert ask(con, "SELECT key, decision, verdict FROM diff.changes ORDER BY key") == [
            ("conflict-0", None, None),
            ("create-0", "waiting", "stale"),
            ("update-0", "waiting", None),
        ]
        later = lines[1] | {"seq": 9_999_999_999_999}
        place.write_text(json.dumps(later) + "\n", encoding="utf-8")
        assert ask(con, "SELECT decision, verdict FROM diff.changes WHERE key = 'create-0'") == [
            ("applied", "applied")
        ]


def test_what_is_asked_while_a_diff_is_replaced_is_of_the_new_one(warehouse: Warehouse) -> None:
    add_device(warehouse, "nms", "sw1")
    publish_diff(warehouse, "nms", create=4)
    asked = 0

    def look(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        nonlocal asked
        asked += 1
        if asked == 1:
            publish_diff(warehouse, "nms", create=2, drifted=1)
        return ask(con, "SELECT endpoint, waiting, drifted FROM sync.status")

    assert views.ask(warehouse, look, status=True) == [("nms", 2, 1)]
    assert asked == 2


def test_the_status_counts_the_rows_of_a_diff_whose_manifest_does_not(warehouse: Warehouse) -> None:
    add_device(warehouse, "nms", "sw1")
    publish_diff(warehouse, "nms", create=4)
    file = warehouse.current(warehouse.diffs("nms")) / "manifest.json"
    manifest = {name: value for name, value in json.loads(file.read_text()).items() if name != "counts"}
    write_json(file, manifest)

    assert [(row.endpoint, row.waiting) for row in read_status(warehouse)] == [("nms", 4)]
