"""Since when a row is in the diffs of its endpoint: rows of earlier diffs in, the first diff of each row out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.first_diffs import add_first_diffs, until_whole
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS
from tests.older import as_older_version
from tests.sql.rules import Rules

MONDAY, TUESDAY = "20261123T080000000Z-0001", "20261124T080000000Z-0001"


def change(key: str, change_id: str, action: str = "update", after: str = "9000") -> dict[str, Any]:
    field = {"field": "mtu", "before": "1500", "after": after, "decision": "update", "reason": None}
    return {
        "resource": "interfaces",
        "key": key,
        "action": action,
        "change_id": change_id,
        "fields": [field | {"cause": None}],
    }


def asked(key: str, cause: str, action: str = "conflict") -> dict[str, Any]:
    questions = json.dumps({"": {"whole": "w", "cause": cause}})
    row = {"resource": "interfaces", "key": key, "action": action, "change_id": "", "fields": []}
    return row | {"questions": questions}


def keep(folder: Path, diff_id: str, rows: list[dict[str, Any]], only: str | None = None) -> Path:
    """A kept diff with these rows."""
    place = folder / diff_id
    place.mkdir()
    write_parquet(place / "interfaces.parquet", DIFF_COLUMNS, [{"diff_id": diff_id, **row} for row in rows])
    (place / "manifest.json").write_text(json.dumps({"diff_id": diff_id, "only": only}), encoding="utf-8")
    return place


def first_diffs(rows: list[dict[str, Any]], earlier: list[Path]) -> dict[str, str]:
    """{key: first diff} of the rows that are not new."""
    con = Rules(own_database=True).con
    con.execute(
        """CREATE SCHEMA IF NOT EXISTS diff;
        CREATE TABLE diff.rows (resource VARCHAR, key VARCHAR, action VARCHAR,
            fields STRUCT(field VARCHAR, before VARCHAR, "after" VARCHAR, decision VARCHAR, reason VARCHAR)[]);
        CREATE TABLE diff.ids (resource VARCHAR, key VARCHAR, change_id VARCHAR);
        CREATE TABLE diff.questions (resource VARCHAR, key VARCHAR, field VARCHAR, question VARCHAR, cause VARCHAR)"""
    )
    for row in rows:
        fields = [{name: value for name, value in f.items() if name != "cause"} for f in row["fields"]]
        place = [row["resource"], row["key"]]
        con.execute("INSERT INTO diff.rows VALUES (?, ?, ?, ?)", [*place, row["action"], fields])
        if row["change_id"]:
            con.execute("INSERT INTO diff.ids VALUES (?, ?, ?)", [*place, row["change_id"]])
        else:
            for field, question in json.loads(row["questions"]).items():
                con.execute(
                    "INSERT INTO diff.questions VALUES (?, ?, ?, 'w', ?)", [*place, field, question["cause"]]
                )
    add_first_diffs(con, earlier)
    return dict(con.execute("SELECT key, first_diff FROM diff.first_diffs").fetchall())


def test_a_change_is_as_old_as_the_first_diff_that_had_it(tmp_path: Path) -> None:
    before = [
        change("sw1 Gi0/1", "a") | {"first_diff": MONDAY},
        change("sw1 Gi0/2", "b"),
        change("Gi0/9", "c"),
    ]
    tuesday = keep(tmp_path, TUESDAY, before)
    now = [change("sw1 Gi0/1", "a"), change("sw1 Gi0/2", "b"), change("sw1 Gi0/3", "d")]
    assert first_diffs(now, [tuesday]) == {"sw1 Gi0/1": MONDAY, "sw1 Gi0/2": TUESDAY}


def test_an_edit_elsewhere_on_the_object_gives_a_new_id_and_not_a_new_row(tmp_path: Path) -> None:
    monday = keep(
        tmp_path, MONDAY, [change("Gi0/1", "a"), change("Gi0/2", "b"), change("Gi0/3", "c", "create")]
    )
    now = [change("Gi0/1", "x"), change("Gi0/2", "y", after="1400"), change("Gi0/3", "z", "update")]
    assert first_diffs(now, [monday]) == {"Gi0/1": MONDAY}


def test_the_diff_before_an_upgrade_counts(tmp_path: Path) -> None:
    monday = keep(tmp_path, MONDAY, [change("Gi0/1", "a"), change("Gi0/2", "b")])
    as_older_version(monday)
    now = [change("Gi0/1", "a"), change("Gi0/2", "y")]
    assert first_diffs(now, [monday]) == {"Gi0/1": MONDAY, "Gi0/2": MONDAY}


def test_a_change_that_refers_to_an_object_created_meanwhile_is_the_same(tmp_path: Path) -> None:
    def on(device: str, change_id: str) -> dict[str, Any]:
        row = change("sw1 Gi0/1", change_id, "create")
        row["fields"] = [row["fields"][0] | {"field": "device", "before": "null", "after": device}]
        return row

    to_be_created = '{"key":"lib \\"1\\"","name":"sw1","ref":"devices"}'
    monday = keep(tmp_path, MONDAY, [on(to_be_created, "a")])
    assert first_diffs([on('{"id":7,"name":"sw1"}', "b")], [monday]) == {"sw1 Gi0/1": MONDAY}
    assert first_diffs([on('{"id":7,"name":"sw2"}', "b")], [monday]) == {}
    # Two objects that exist are two, whatever their names.
    tuesday = keep(tmp_path, TUESDAY, [on('{"id":7,"name":"sw1"}', "c")])
    assert first_diffs([on('{"id":8,"name":"sw1"}', "d")], [tuesday]) == {}


def test_what_an_applied_change_leaves_asks_what_it_asked(tmp_path: Path) -> None:
    def left(**causes: str) -> dict[str, Any]:
        questions = {name: {"whole": "w", "cause": cause} for name, cause in causes.items()}
        return asked("sw1", "row", "drifted") | {"questions": json.dumps({"": {"cause": "row"}, **questions})}

    before = change("sw1", "a") | {"questions": json.dumps({"status": {"whole": "w", "cause": "not ours"}})}
    monday = keep(tmp_path, MONDAY, [before])
    assert first_diffs([left(status="not ours")], [monday]) == {"sw1": MONDAY}
    assert first_diffs([left(status="other")], [monday]) == {}
    assert first_diffs([left(status="not ours", name="not ours")], [monday]) == {}


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (asked("Gi0/1", "taken"), MONDAY),
        # A person leaves it: it is the same question.
        (asked("Gi0/1", "taken", "acknowledged"), MONDAY),
        (asked("Gi0/1", "other candidates"), None),
        (change("Gi0/1", "a"), None),
    ],
)
def test_an_open_row_is_as_old_as_its_question(
    tmp_path: Path, now: dict[str, Any], since: str | None
) -> None:
    monday = keep(tmp_path, MONDAY, [asked("Gi0/1", "taken")])
    assert first_diffs([now], [monday]).get("Gi0/1") == since


def test_a_change_that_became_a_question_is_new(tmp_path: Path) -> None:
    monday = keep(tmp_path, MONDAY, [change("Gi0/1", "a")])
    assert first_diffs([asked("Gi0/1", "taken")], [monday]) == {}


def test_a_sync_of_one_device_does_not_make_the_rows_of_the_others_new(tmp_path: Path) -> None:
    monday = keep(tmp_path, MONDAY, [change("sw1 Gi0/1", "a"), change("sw2 Gi0/1", "b")])
    # For the device that it is about, its rows count.
    tuesday = keep(tmp_path, TUESDAY, [change("sw1 Gi0/1", "c", after="1400")], only="1")
    assert until_whole([tuesday, monday]) == [tuesday, monday]
    assert until_whole([monday, tuesday]) == [monday]
    now = [change("sw1 Gi0/1", "a"), change("sw2 Gi0/1", "b")]
    assert first_diffs(now, [tuesday, monday]) == {"sw2 Gi0/1": MONDAY}


def test_the_rows_of_a_damaged_diff_count_as_new(tmp_path: Path) -> None:
    monday = keep(tmp_path, MONDAY, [change("Gi0/1", "a")])
    (monday / "interfaces.parquet").write_bytes(b"PAR1 broken")
    assert first_diffs([change("Gi0/1", "a")], [monday]) == {}
