"""Names with invisible characters are blocked, whatever object has them. Rules on rows: no servers."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.compare.causes import read_reason
from netbox_sync_dagster.compare.stages import DIFF_SHAPE
from netbox_sync_dagster.sqlfiles import read_macros, read_sql

UNSEEN = "which cannot be seen; give it another name in the source"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(read_macros("texts"))
    con.execute(f"CREATE SCHEMA diff; CREATE TABLE diff.rows {DIFF_SHAPE}")
    return con


def add(
    con: duckdb.DuckDBPyConnection,
    resource: str,
    fields: dict[str, Any],
    action: str = "create",
    decision: str = "update",
) -> None:
    con.execute(
        "INSERT INTO diff.rows BY NAME SELECT ? AS resource, 'k' AS key, ? AS action, ? AS fields",
        [
            resource,
            action,
            [
                {
                    "field": name,
                    "before": None,
                    "after": json.dumps(value),
                    "decision": decision,
                    "reason": None,
                }
                for name, value in fields.items()
            ],
        ],
    )


def blocked(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    found = con.execute(
        f"SELECT resource, reason FROM ({read_sql('plan/names.sql')}) ORDER BY ALL"
    ).fetchall()
    return {resource: read_reason(reason).sentence for resource, reason in found}


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        *((resource, "name") for resource in (
            "clusters", "devices", "virtual_chassis", "virtual_machines", "vlans", "interfaces", "vm_interfaces",
            "virtual_disks", "module_bays", "tags", "sites", "platforms", "manufacturers", "device_roles",
            "cluster_types", "custom_fields", "storages", "snapshots",
        )),
        ("device_types", "model"),
        ("module_types", "model"),
        ("device_types", "slug"),
        ("custom_fields", "label"),
        ("devices", "serial"),
        ("modules", "serial"),
        ("ip_addresses", "dns_name"),
        ("backups", "volume_id"),
        ("backups", "storage"),
        ("tasks", "upid"),
        ("tasks", "username"),
        ("replications", "target"),
        ("virtual_machines", "cf.proxmox_node"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("action", ["create", "update"])
def test_a_name_with_a_character_that_cannot_be_seen_is_blocked(
    con: duckdb.DuckDBPyConnection, resource: str, field: str, action: str
) -> None:
    add(con, resource, {field: "evil\u202e"}, action)
    what = "the name" if field == "name" else f"{field}: it"
    assert blocked(con) == {resource: f"{what} contains U+202E, {UNSEEN}"}


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("a\x1b[2Kb", "U+001B"),
        ("a\nb", "U+000A"),
        ("a\x00b", "U+0000"),
        ("a\x7fb", "U+007F"),
        ("a\x9bb", "U+009B"),
        ("a\u200bb", "U+200B"),
        ("a\u2028b", "U+2028"),
        ("a\U000e0041b", "U+E0041"),
        ("a\ufe0fb", "U+FE0F"),
        ("a\ue000b", "U+E000"),
    ],
)
def test_the_reason_names_the_character(con: duckdb.DuckDBPyConnection, name: str, character: str) -> None:
    add(con, "devices", {"name": name})
    assert blocked(con) == {"devices": f"the name contains {character}, {UNSEEN}"}


def test_tags_and_custom_fields_of_several_words_are_looked_into(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "virtual_machines", {"tags": ["good", "e\u200bvil"]})
    add(con, "devices", {"cf.librenms_id": {"a\x1bb": 7}})
    assert blocked(con) == {
        "devices": f"cf.librenms_id: it contains U+001B, {UNSEEN}",
        "virtual_machines": f"tags: it contains U+200B, {UNSEEN}",
    }


def test_what_is_no_name_and_what_is_not_written_stays(con: duckdb.DuckDBPyConnection) -> None:
    evil = "evil\u202e"
    add(con, "interfaces", {"name": "Gi0/1", "description": evil, "comments": evil})
    # Who refers to it: a NetBox object has its name already, and a new one is blocked in its own row.
    add(con, "vm_interfaces", {"virtual_machine": {"id": 7, "name": evil}})
    add(con, "virtual_disks", {"virtual_machine": {"ref": "virtual_machines", "key": evil, "name": evil}})
    add(con, "devices", {"name": evil}, "delete")
    add(con, "vlans", {"name": evil}, "update", "drifted")
    add(con, "clusters", {"name": "Zürich 東京 \\n C:\\temp"})
    assert blocked(con) == {}


@pytest.mark.parametrize(
    ("resource", "field", "longest"),
    [
        ("devices", "name", 64), ("virtual_machines", "name", 64), ("interfaces", "name", 64),
        ("vm_interfaces", "name", 64), ("vlans", "name", 64), ("virtual_disks", "name", 64),
        ("virtual_chassis", "name", 64), ("module_bays", "name", 64), ("clusters", "name", 100),
        ("sites", "name", 100), ("tags", "name", 100), ("tags", "slug", 100), ("platforms", "slug", 100),
        ("device_types", "model", 100), ("devices", "serial", 50), ("custom_fields", "name", 50),
        ("storages", "name", 255), ("backups", "volume_id", 255), ("ip_addresses", "dns_name", 255),
    ],
)  # fmt: skip
def test_a_name_that_netbox_would_not_take_is_blocked_with_its_length(
    con: duckdb.DuckDBPyConnection, resource: str, field: str, longest: int
) -> None:
    add(con, resource, {field: "ü" * longest})
    assert blocked(con) == {}
    add(con, resource, {field: "x" * (longest + 1)}, "update")
    what = "the name" if field == "name" else f"{field}: it"
    sentence = f"{what} has {longest + 1} characters; NetBox takes {longest}"
    assert blocked(con) == {resource: sentence}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("to the roof\xa0", "to the roof"),
        (" \u3000a\tb\r\nc\x1b[2K ", "a b c [2K"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        ("x" * 198 + " yyy", "x" * 198 + "…"),
        # Marks of direction belong to Arabic and Hebrew: kept, and shown as escapes.
        ("מנמ\u200f ok", "מנמ\u200f ok"),
    ],
)
def test_a_description_is_one_line_that_reads_back_equal(
    con: duckdb.DuckDBPyConnection, text: str, written: str
) -> None:
    assert con.execute("SELECT described(?, 200)", [text]).fetchone() == (written,)
    assert con.execute("SELECT described(?, 200)", [written]).fetchone() == (written,)
    assert written.strip() == written and len(written) <= 200
