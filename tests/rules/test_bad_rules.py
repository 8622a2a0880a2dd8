"""Rules that cannot be used: each has one clear sentence with its file, and nothing of the machine is within reach."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from netbox_sync_dagster.rules import Rule, RuleError, Sandbox

DEVICES = "FROM desired.devices"
# Name of the file, its text, and the beginning of the error.
BAD = [
    ("devices.sql", "", "rules/devices.sql: is empty; write a SELECT of key, field, value"),
    ("devices.sql", "-- later", "rules/devices.sql: is empty; write a SELECT of key, field, value"),
    ("devices.sql", "SELEC key", 'rules/devices.sql:1: Parser Error: syntax error at or near "SELEC"'),
    (
        "devices.sql",
        f"SELECT key\n{DEVICES}\nWHERE ((",
        'rules/devices.sql:3: Parser Error: syntax error at or near "("',
    ),
    (
        "devices.sql",
        f"SELECT key {DEVICES}; SELECT 1",
        "rules/devices.sql: has 2 statements; a rule is one SELECT",
    ),
    ("devices.sql", "DROP TABLE desired.devices", "rules/devices.sql: is DROP; a rule is one SELECT"),
    ("devices.sql", "DELETE FROM desired.devices", "rules/devices.sql: is DELETE; a rule is one SELECT"),
    (
        "devices.sql",
        "UPDATE desired.devices SET name = 'x'",
        "rules/devices.sql: is UPDATE; a rule is one SELECT",
    ),
    (
        "devices.sql",
        "COPY desired.devices TO '/tmp/x.csv'",
        "rules/devices.sql: is COPY; a rule is one SELECT",
    ),
    ("devices.sql", "ATTACH '/tmp/x.db' AS x", "rules/devices.sql: is ATTACH; a rule is one SELECT"),
    ("devices.sql", "INSTALL httpfs", "rules/devices.sql: is LOAD; a rule is one SELECT"),
    ("devices.sql", "SET enable_external_access = true", "rules/devices.sql: is SET; a rule is one SELECT"),
    ("devices.sql", "PRAGMA enable_logging", "rules/devices.sql: is "),
    (
        "devices.sql",
        f"SELECT key, 'tenant' AS field {DEVICES}",
        "rules/devices.sql: returns the columns key, field; expected key, field, value",
    ),
    (
        "devices.sql",
        f"SELECT key, 'tenant' AS field, 'x' AS value, 1 AS more {DEVICES}",
        "rules/devices.sql: returns the columns key, field, value, more; expected key, field, value",
    ),
    (
        "devices.skip.sql",
        f"SELECT key, 'x' AS why {DEVICES}",
        "rules/devices.skip.sql: returns the columns key, why; expected key, reason",
    ),
    (
        "devices.sql",
        f"SELECT key, 'tennant' AS field, 'x' AS value {DEVICES}",
        "rules/devices.sql: devices have no field 'tennant'; did you mean 'tenant'?",
    ),
    (
        "vm_interfaces.sql",
        "SELECT 'web1 net0' AS key, 'xyz' AS field, 'x' AS value",
        "rules/vm_interfaces.sql: vm_interfaces have no field 'xyz'; allowed: enabled, mtu, description, mode, vrf, tags,"
        " tags:<prefix>, cf.<name>",
    ),
    (
        "devices.sql",
        f"SELECT key, 'cf.no good' AS field, 'x' AS value {DEVICES}",
        "rules/devices.sql: devices have no field 'cf.no good'",
    ),
    (
        "devices.sql",
        f"SELECT key, 'cf.librenms_id' AS field, 99 AS value {DEVICES}",
        "rules/devices.sql: devices have no field 'cf.librenms_id'",
    ),
    (
        "virtual_disks.sql",
        "SELECT 'web1 scsi0' AS key, 'tags' AS field, 'x' AS value",
        "rules/virtual_disks.sql: virtual_disks have no field 'tags'; allowed: description",
    ),
    (
        "devices.sql",
        f"SELECT key, NULL AS field, 'x' AS value {DEVICES}",
        "rules/devices.sql: 1 row without a field",
    ),
    (
        "devices.sql",
        f"SELECT NULL AS key, 'tenant' AS field, 'x' AS value {DEVICES}",
        "rules/devices.sql: 1 row without a key; add WHERE key IS NOT NULL",
    ),
    (
        "devices.sql",
        "SELECT key, 'tenant' AS field, 'x' AS value\nFROM desired.device",
        "rules/devices.sql:2: Catalog Error: Table with name device does not exist!",
    ),
    (
        "devices.sql",
        f"SELECT key, 'tenant' AS field,\n tennant AS value {DEVICES}",
        'rules/devices.sql:2: Binder Error: Referenced column "tennant" not found in FROM clause!',
    ),
    (
        "devices.sql",
        f"SELECT key, 'tenant' AS field, name::INTEGER AS value {DEVICES}",
        "rules/devices.sql:1: Conversion Error: Could not convert string 'sw1' to INT32",
    ),
    ("devices.sql", "SELECT * FROM config.endpoint", "rules/devices.sql:1: Catalog Error: "),
    ("devices.sql", "SELECT * FROM match.devices", "rules/devices.sql:1: Catalog Error: "),
    ("devices.sql", "SELECT * FROM ledger.applies", "rules/devices.sql:1: Catalog Error: "),
    ("devices.sql", "SELECT * FROM read_text('/etc/passwd')", "rules/devices.sql:1: Permission Error: "),
    ("devices.sql", "SELECT * FROM '/etc/passwd'", "rules/devices.sql:1: Catalog Error: "),
    ("devices.sql", "SELECT * FROM read_csv('/etc/passwd')", "rules/devices.sql:1: Permission Error: "),
    ("devices.sql", "SELECT * FROM glob('/etc/*')", "rules/devices.sql:1: Permission Error: "),
    (
        "devices.sql",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "rules/devices.sql:1: Permission Error: ",
    ),
    ("devices.sql", "SELECT * FROM secret", "rules/devices.sql:1: Catalog Error: "),
    (
        "devices.sql",
        "SELECT a.range AS key, 'tenant' AS field, count(*) AS value FROM range(1000000) a, range(1000000) b GROUP BY 1",
        "rules/devices.sql: takes longer than 1 s (rules.timeout)",
    ),
    (
        "devices.sql",
        "SELECT string_agg(repeat('x', 1000) || range) AS key, 'tenant' AS field, 'x' AS value FROM range(1000000)",
        "rules/devices.sql: needs more than 256MB of memory",
    ),
]


@pytest.fixture(scope="module")
def comparison() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA desired; CREATE TABLE desired.devices AS SELECT 'sw1' AS key, 'sw1' AS name")
    return con


@pytest.mark.parametrize(("name", "sql", "error"), BAD)
def test_each_bad_rule_has_a_clear_error(
    comparison: duckdb.DuckDBPyConnection, name: str, sql: str, error: str
) -> None:
    secret = "not for rules"  # noqa: F841 - DuckDB would find a Python variable of this name
    resource, _, rest = name.partition(".")
    rule = Rule(f"rules/{name}", resource, rest == "skip.sql", sql)
    with Sandbox(comparison, [rule], 1) as sandbox, pytest.raises(RuleError) as raised:
        sandbox.run(rule)
    assert raised.value.sentences[0].startswith(error)
    assert len(raised.value.sentences) == 1
    # The comparison's own tables are as before.
    assert comparison.execute("FROM desired.devices").fetchall() == [("sw1", "sw1")]


def test_views_read_their_own_file_and_no_other(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute(f"COPY (SELECT 'sw1' AS key) TO '{tmp_path}/devices.parquet'")
    con.execute(f"COPY (SELECT 'secret' AS key) TO '{tmp_path}/other.parquet'")
    con.execute(
        f"CREATE SCHEMA desired; CREATE VIEW desired.devices AS FROM read_parquet('{tmp_path}/devices.parquet')"
    )
    good = Rule("rules/devices.skip.sql", "devices", True, f"SELECT key, '' AS reason {DEVICES}")
    bad = Rule(
        "rules/devices.skip.sql", "devices", True, f"SELECT key, '' AS reason FROM '{tmp_path}/other.parquet'"
    )
    with Sandbox(con, [good, bad], 5) as sandbox:
        assert sandbox.run(good).rows.to_pylist() == [{"key": "sw1", "reason": ""}]
        with pytest.raises(RuleError, match="Permission Error: Cannot access file"):
            sandbox.run(bad)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT key, 'comments' AS field, 'é' AS value {DEVICES};\n-- the end; really",
        f"-- é;\nSELECT key, 'comments' AS field, 'é' AS value {DEVICES} /* ; */ ; ;",
        f"SELECT key, 'comments' AS field, left('é -- /*', 1) AS value {DEVICES} WHERE key <> '*/'",
    ],
)
def test_semicolons_and_comments_are_read_as_duckdb_reads_them(
    comparison: duckdb.DuckDBPyConnection, sql: str
) -> None:
    rule = Rule("rules/devices.sql", "devices", False, sql)
    with Sandbox(comparison, [rule], 5) as sandbox:
        assert sandbox.run(rule).rows.to_pylist() == [{"key": "sw1", "field": "comments", "value": '"é"'}]
