"""Change ids are computed in SQL for most changes, in Python for the others: both give the id of the content."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.compare import diff_files
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.diff_files import add_change_ids, write_diff
from netbox_sync_dagster.compare.first_diffs import add_first_diffs
from netbox_sync_dagster.compare.stages import DIFF_SHAPE
from netbox_sync_dagster.sqlfiles import read_sql
from tests.sql.rules import Rules

# (field, JSON text): what sources and NetBox may hold.
VALUES = [
    ("name", '"Gi0/1"'),
    ("name", json.dumps('a "quote", a \\ and a /')),
    ("description", json.dumps("línea 中文 \U0001f600", ensure_ascii=False)),
    ("comments", json.dumps("two\nlines\tand \u0001 \u001f \u007f", ensure_ascii=False)),
    ("comments", '"C:\\\\users"'),
    ("mtu", "9000"),
    ("vcpus", "2.5"),
    ("vcpus", "4.0"),
    ("latitude", "-33.868820"),
    ("cf.weight", "1e3"),
    ("cf.weight", "12345678901234567890123"),
    ("cf.facts", '{"b": 1, "a": [1, 2.50]}'),
    ("cf.list", '["b", "a"]'),
    ("cf.librenms_id", '{"paris":17}'),
    ("cf.librenms_id", '{"a":17,"paris":"x y","z":-1}'),
    ("cf.librenms_id", '{"paris":17,"a":1}'),
    ("cf.librenms_id", '{"é":1,"z":2}'),
    ("cf.librenms_id", '{"a":1,"a":2}'),
    ("cf.librenms_id", '{"a":01.50,"b":{"c":1}}'.replace("01", "1")),
    ("cf.librenms_id", '{"a\\u0301":1}'),
    ("cf.librenms_id", "{}"),
    ("enabled", "true"),
    ("site", '{"id":1,"name":"Paris"}'),
    ("device", '{"key":"sw1","name":"sw1","ref":"devices"}'),
    ("tags", '["a","b"]'),
    ("tagged_vlans", '[{"id":1,"name":"10 DATA"},{"id":2,"name":"20 VOICE"}]'),
    ("lag", "null"),
]


@cache
def database() -> duckdb.DuckDBPyConnection:
    return Rules(own_database=True).con


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = database()
    con.execute(
        f"""DROP SCHEMA diff CASCADE; CREATE SCHEMA diff; CREATE TABLE diff.rows {DIFF_SHAPE};
            CREATE TABLE diff.dependencies (resource VARCHAR, key VARCHAR, needs_resource VARCHAR, needs_key VARCHAR)"""
    )
    return con


def put(con: duckdb.DuckDBPyConnection, key: str, fields: list[dict[str, Any]], **columns: Any) -> None:
    row = {
        "resource": "interfaces",
        "key": key,
        "object_type": "dcim/interfaces",
        "action": "update",
    } | columns
    con.execute(
        f"INSERT INTO diff.rows ({', '.join(row)}, fields) VALUES ({', '.join('?' * len(row))}, ?)",
        [*row.values(), fields],
    )


def field(
    name: str, before: str | None, after: str | None, decision: str = "update", reason: str | None = None
) -> Any:
    return {"field": name, "before": before, "after": after, "decision": decision, "reason": reason}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[1][:20])
@pytest.mark.parametrize("key", ["sw1 Gi0/1", 'sw"1\\ é\u0002'])
def test_an_id_is_that_of_the_content(
    con: duckdb.DuckDBPyConnection, value: tuple[str, str], key: str
) -> None:
    name, text = value
    fields = [field("zone", '"a"', '"b"'), field(name, None, text), field("label", '"x"', '"y"', "drifted")]
    put(con, key, fields, netbox_id=7, last_updated="2026-01-01T00:00:00Z")

    add_change_ids(con, 'pa"ris')

    assert con.execute("SELECT change_id FROM diff.ids").fetchall() == [
        (
            change_id(
                endpoint='pa"ris',
                resource="interfaces",
                action="update",
                key=key,
                object_type="dcim/interfaces",
                netbox_id=7,
                target=None,
                last_updated="2026-01-01T00:00:00Z",
                fields=[("zone", "a", "b"), (name, None, json.loads(text))],
            ),
        )
    ]


def test_ids_in_custom_fields_need_no_python(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff_files, "change_id", None)
    put(con, "sw1 Gi0/1", [field("cf.librenms_id", '{"lyon":3}', '{"lyon":3,"paris":17}')])
    add_change_ids(con, "paris")
    [(found,)] = con.execute("SELECT change_id FROM diff.ids").fetchall()
    assert found == "3b05b925a747c1cf080a47a4fa535a12"


def test_two_rows_of_one_key_are_an_error(con: duckdb.DuckDBPyConnection) -> None:
    for _ in range(2):
        put(con, "sw1 Gi0/1", [field("mtu", "1", "2")])
    with pytest.raises(ValueError, match=r"two diff rows of paris have the key interfaces 'sw1 Gi0/1'"):
        add_change_ids(con, "paris")


def test_the_files_of_a_large_diff_are_those_of_a_small_one(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = '{"cause":"not_owned","action":"drifted"}'
    put(con, "sw1 b", [field("mtu", "1500", "9000")], netbox_id=1, last_updated="2026-01-01T00:00:00Z")
    put(con, "sw1 a", [field("name", None, '"a"')], action="create", parent="sw1")
    put(
        con,
        "sw1 c",
        [field("label", '"x"', '"y"', "drifted", reason)],
        action="drifted",
        reason=f"label: {reason}",
    )
    put(con, "sw1", [], resource="devices", object_type="dcim/devices", action="blocked", reason="no more")
    con.execute("INSERT INTO diff.dependencies VALUES ('interfaces', 'sw1 b', 'interfaces', 'sw1 a')")
    con.execute(read_sql("plan/field_needs.sql"))
    for pair in (("mtu", "type"), ("mtu", "mode"), ("name", "mtu")):
        con.execute(
            "INSERT INTO diff.field_needs VALUES ('interfaces', 'sw1 b', ?, 'interfaces', 'sw1 b', ?, 'why')",
            pair,
        )
    con.execute(
        "INSERT INTO diff.field_needs VALUES ('interfaces', 'sw1 b', 'x', 'devices', 'sw1', 'y', 'z')"
    )
    con.execute(read_sql("plan/questions.sql"))
    add_change_ids(con, "paris")
    add_first_diffs(con, [])

    found = []
    for batch in (5_000, 1):
        monkeypatch.setattr(diff_files, "_BATCH", batch)
        folder = tmp_path / str(batch)
        folder.mkdir()
        counts = write_diff(con, folder, "paris", "d1")
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{folder}/*.parquet') ORDER BY resource, key")
        found.append((counts, rows.columns, list(map(str, rows.types)), rows.fetchall()))

    assert found[0] == found[1]
    kept = duckdb.sql(
        f"SELECT key, field_needs FROM read_parquet('{folder}/*.parquet') WHERE field_needs <> ''"
    )
    assert kept.fetchall() == [("sw1 b", '{"mtu":["mode","type"],"name":["mtu"]}')]
    assert found[0][0] == {"devices": {"blocked": 1}, "interfaces": {"create": 1, "drifted": 1, "update": 1}}
    assert len(list((tmp_path / "1").glob("*.parquet"))) == len(list((tmp_path / "5000").glob("*.parquet")))
