"""The user's rules in a comparison: evaluated after the desired tables are made, merged into the diff's rows.

The rules themselves run in a separate database (rules/sandbox.py); sql/rules/ says what their results change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.database import Database
from netbox_sync_dagster.rules import Rule, Sandbox
from netbox_sync_dagster.rules.fields import CONTACTS, REQUIRED, Field, field_of
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.tables import NETBOX

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BEFORE_SHAPE = "(resource VARCHAR, netbox_id BIGINT, last_updated VARCHAR, field VARCHAR, before VARCHAR)"


@dataclass(frozen=True)
class RuleSet:
    """The rules of one endpoint, and the seconds that each may take."""

    rules: Sequence[Rule] = ()
    timeout: float = 30


def evaluate(database: Database, rules: RuleSet, say: Callable[[str], None]) -> None:
    """Run the rules over the desired tables, and change these by what has to be known before objects are matched.

    Raises RuleError.
    """
    con = database.con
    if not rules.rules:
        return
    with Sandbox(con, rules.rules, rules.timeout) as sandbox:
        for rule in rules.rules:
            say(rule.name)
            _insert(con, rule, sandbox.run(rule).rows)
    database.forget()
    con.execute(
        "CREATE TABLE config.rule_kinds (resource VARCHAR, field VARCHAR, kind VARCHAR, refers VARCHAR,"
        " required BOOLEAN, longest BIGINT, least DOUBLE, greatest DOUBLE, takes VARCHAR, allowed VARCHAR[])"
    )
    rows = [
        (
            resource,
            one.name,
            one.kind,
            one.refers,
            one.name in REQUIRED.get(resource, ()),
            one.longest,
            one.least,
            one.greatest,
            one.takes,
            list(one.allowed),
        )
        for resource, one in _fields(con, "desired.rule_fields")
    ]
    if rows:
        con.executemany("INSERT INTO config.rule_kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    if not database.is_empty("desired.rule_fields"):
        database.run(read_sql("rules/desired.sql"))
    if not database.is_empty("desired.rule_skips"):
        database.run(read_sql("rules/skips.sql"))
        if not database.is_empty("desired.cables"):
            database.run(read_sql("rules/skipped_cables.sql"))
    database.forget()


def change_rows(database: Database) -> None:
    """Make ``diff.candidates`` of ``diff.compared``: with the fields that rules set, without what they leave out."""
    rows = "diff.compared"
    if not database.is_empty("desired.rule_fields"):
        _read_values(database)
        database.run(f"CREATE TABLE diff.ruled AS {read_sql('rules/candidates.sql')}")
        rows = "diff.ruled"
    if database.is_empty("desired.rule_skips"):
        database.run(f"CREATE VIEW diff.candidates AS FROM {rows}")
        return
    database.run(f"CREATE VIEW config.changed_rows AS FROM {rows}")
    database.run(f"CREATE TABLE diff.candidates AS {read_sql('rules/left_out.sql')}")


def _read_values(database: Database) -> None:
    """Fill ``diff.rule_values``: before and after of every field that rules set."""
    con = database.con
    database.run(f"CREATE TABLE diff.ruled_objects AS {read_sql('rules/objects.sql')}")
    if not database.is_empty("desired.rule_fields WHERE resource = 'ip_addresses'"):
        database.run(f"INSERT INTO diff.ruled_objects BY NAME {read_sql('rules/addresses.sql')}")
    database.run(f"CREATE TABLE config.ruled_before {_BEFORE_SHAPE}")
    for resource, one in _fields(con, "config.rule_kinds"):
        con.execute(f"INSERT INTO config.ruled_before {_value_in_netbox(resource, one)}")
    database.run(f"INSERT INTO diff.rule_values BY NAME {read_sql('rules/values.sql')}")
    if not database.is_empty("desired.rule_fields WHERE starts_with(field, 'tags')"):
        database.run(f"INSERT INTO diff.rule_values BY NAME {read_sql('rules/tags.sql')}")
    database.wrote("diff.rule_values")


def _fields(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, Field]]:
    """(resource, field) of everything that a table with these columns sets on the objects themselves; of tags one."""
    rows = con.execute(f"SELECT DISTINCT resource, field FROM {table} ORDER BY ALL").fetchall()
    found = {
        (resource, "tags" if name.startswith("tags") else name): field_of(resource, name)
        for resource, name in rows
    }
    return [
        (resource, Field(name, "tags", "tags") if name == "tags" else one)
        for (resource, name), one in found.items()
        if one is not None and one.kind != CONTACTS
    ]


def _value_in_netbox(resource: str, field: Field) -> str:
    """SQL for the rows of config.ruled_before of one field; a value is JSON text, as in a diff."""
    value, joined = f"to_json(a.{field.column})::VARCHAR", ""
    if field.kind == "choice":
        value = f"to_json(nullif(a.{field.column}, ''))::VARCHAR"
    elif field.kind == "cf":
        value = f"json_extract(a.cf, '$.\"{field.name[3:]}\"')::VARCHAR"
    elif field.refers is not None:
        shown = next(name for name in ("name", "model") if name in NETBOX[field.refers].columns)
        value = f"existing(o.id, o.{shown})"
        joined = f" LEFT JOIN netbox.{field.refers} o ON o.id = a.{field.column}"
    return (
        f"SELECT '{resource}', a.id, a.last_updated, '{field.name}', coalesce({value}, 'null')"
        f" FROM netbox.{resource} a{joined} WHERE a.id IN"
        f" (SELECT netbox_id FROM diff.ruled_objects WHERE resource = '{resource}')"
    )


def _insert(con: duckdb.DuckDBPyConnection, rule: Rule, rows: pa.Table) -> None:
    con.register("rows_of_rule", rows)
    table = "desired.rule_skips" if rule.skips else "desired.rule_fields"
    con.execute(
        f"INSERT INTO {table} BY NAME SELECT ? AS resource, ? AS file, * FROM rows_of_rule",
        [rule.resource, rule.name],
    )
    con.unregister("rows_of_rule")
