"""An estate as rows: what a source and NetBox hold goes in as table rows, the decided diff rows come out.

No server and no file: the comparison's own SQL on an in-memory DuckDB, in a fraction of a second.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from netbox_sync_dagster.approve.source_rows import About, SourceRows, source_rows
from netbox_sync_dagster.compare.answers import lapsed_of
from netbox_sync_dagster.compare.causes import cause_kinds, read_reason, sentence_of
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.config_tables import add_id_field_facts, create_settings, settings_of
from netbox_sync_dagster.compare.database import Database, run
from netbox_sync_dagster.compare.dependencies import settle
from netbox_sync_dagster.compare.desired import make_desired
from netbox_sync_dagster.compare.diff_files import add_change_ids
from netbox_sync_dagster.compare.matching import match_and_diff
from netbox_sync_dagster.compare.rules import RuleSet
from netbox_sync_dagster.compare.run import existing_objects
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.rules import Rule
from netbox_sync_dagster.sources.netbox.dependents import DELETED_FOR
from netbox_sync_dagster.storage.tables import SYSTEMS
from tests.sql.rules import NEEDED

# All of these are known to have no dependents.
TYPES = sorted({kind for kinds in DELETED_FOR.values() for kind in kinds})
NO_CHANGE = ("blocked", "conflict", "drifted")
WHEN = "2026-11-20T12:00:00+00:00"
_LEDGER = """
CREATE SCHEMA ledger;
CREATE TABLE ledger.created (endpoint VARCHAR, object_type VARCHAR, netbox_id BIGINT);
CREATE TABLE ledger.last_written (endpoint VARCHAR, object_type VARCHAR, netbox_id BIGINT, field VARCHAR, value VARCHAR,
    "at" TIMESTAMP, restored BOOLEAN DEFAULT false);
CREATE TABLE ledger.tag_lists (object_type VARCHAR, netbox_id BIGINT, seq BIGINT, "at" TIMESTAMP, before VARCHAR, "after" VARCHAR);
CREATE TABLE ledger.operations (object_type VARCHAR, netbox_id BIGINT, field VARCHAR, seq BIGINT, "at" TIMESTAMP, before VARCHAR,
    "after" VARCHAR, verdict VARCHAR, action VARCHAR);
"""


# By kind of endpoint. Each has the macros and all tables without rows: making these takes longer than most rules.
_DATABASES: dict[str, Database] = {}


def _database(kind: str) -> Database:
    """One for many comparisons. After some it is slower than another one."""
    if kind in _DATABASES and _DATABASES[kind].is_worn:
        _DATABASES.pop(kind).close()
    if kind not in _DATABASES:
        database = _DATABASES[kind] = Database(Path(tempfile.mkdtemp()))
        database.con.execute("SET threads = 1")
        for system in (kind, "netbox"):
            _source_tables(database, system)
        database.run(_LEDGER)
        for schema in ("desired", "match"):
            database.create_ahead(schema)
    _DATABASES[kind].uses += 1
    return _DATABASES[kind]


def _source_tables(database: Database, system: str) -> None:
    """The schema of a system, its tables without rows."""
    script = [f"CREATE SCHEMA {system};"]
    for name, table in SYSTEMS[system].items():
        columns = ", ".join(f'"{column}" {kind}' for column, kind in table.columns.items())
        script.append(f"CREATE TABLE {system}.{name} ({columns});")
    database.run("\n".join(script))


# What sql/match/never_seen.sql measures by: the most that any snapshot has shown of each device, guest or endpoint.
_SEEN = {
    "librenms": "SELECT unnest(['ports', 'ip_addresses']), device_id::VARCHAR FROM librenms.devices",
    "proxmox": "SELECT 'guests', '*' UNION ALL SELECT 'guest_addresses', vmid::VARCHAR FROM proxmox.guests",
    "docker": "SELECT 'containers', '*' UNION ALL SELECT 'container_addresses', name FROM docker.containers",
    "tables": "SELECT 'virtual_machines', '*'"
    " UNION ALL SELECT unnest(['interfaces', 'ip_addresses']), id FROM tables.devices"
    " UNION ALL SELECT 'ip_addresses', id FROM tables.virtual_machines",
}


class Row(NamedTuple):
    """A decided diff row; ``fields`` is {name: after} of what would be written."""

    resource: str
    action: str
    key: str
    netbox_id: int | None
    reason: str | None
    fields: dict[str, Any]


class Compared(NamedTuple):
    """What a comparison found: rows, what it left out, questions, and answers that have lapsed."""

    rows: list[Row]
    left_out: list[tuple[str, str, str]]
    asked: list[tuple[str, str, str, str, str]]
    lapsed: list[str]


# By the content of the estate.
_COMPARED: dict[str, Compared] = {}


def _check_causes(row: str, action: str, reason: str | None, fields: list[dict[str, Any]]) -> None:
    """True of every row: if it is not a change it has a cause from the list for its action, and so has each such field
    of an object that NetBox has."""
    said = [(action, reason, row)] if action in NO_CHANGE else []
    if action != "create":
        said += [
            (f["decision"], f["reason"], f"{row}: {f['field']}") for f in fields if f["decision"] in NO_CHANGE
        ]
    for decision, text, where in said:
        cause = read_reason(text or "", decision).cause
        assert cause is not None and cause_kinds()[cause].action == decision, (
            f"{where}: {decision}, but {text}"
        )


# What a settled pair says, and what the rule for all the others says of it.
_SETTLED = """
SELECT key FROM match.device_pairs p JOIN match.device_exceptions e USING (key)
WHERE settled AND (e.netbox_id, e.step, e.problem) IS DISTINCT FROM (p.id, p.step, NULL)
UNION ALL
SELECT key FROM match.virtual_machine_pairs p JOIN match.virtual_machine_exceptions e USING (key)
WHERE settled AND (e.netbox_id, e.candidate_id, e.step, e.problem, e.name_held_by, e.moved_from)
    IS DISTINCT FROM (p.id, p.id, 1, NULL, NULL, NULL)
UNION ALL
SELECT key FROM match.vm_interface_pairs p JOIN match.vm_interface_exceptions e USING (key)
WHERE settled AND (e.netbox_id, e.candidate_id, e.problem) IS DISTINCT FROM (p.id, p.id, NULL)
"""


def check_settled(con: duckdb.DuckDBPyConnection) -> None:
    """True of every settled pair: the rule that doubts everything finds the same."""
    assert run(con, _SETTLED).fetchall() == []


def _check_ids(con: duckdb.DuckDBPyConnection) -> None:
    """True of every change: SQL gives it the id that Python computes from its content."""
    add_change_ids(con, "lib")
    rows = con.execute(
        """SELECT i.change_id, r.resource, action, r.key, object_type, netbox_id, target, last_updated, fields
           FROM diff.rows r JOIN diff.ids i ON i.resource = r.resource AND i.key = r.key"""
    ).fetchall()
    for found, resource, action, key, object_type, netbox_id, target, last_updated, fields in rows:
        assert found == change_id(
            endpoint="lib",
            resource=resource,
            action=action,
            key=key,
            object_type=object_type,
            netbox_id=netbox_id,
            target=target,
            last_updated=last_updated,
            fields=[
                (f["field"], json.loads(f["before"] or "null"), json.loads(f["after"] or "null"))
                for f in fields
                if f["decision"] == "update"
            ],
        ), f"{resource} {key}"


class Estate:
    """One endpoint against one NetBox. ``peers``: endpoints that reach the same cluster; ``others``: names of other
    endpoints that are configured.

    It was synced before, when it showed at least what NetBox holds; with ``first = True`` there was no snapshot before,
    and none has shown anything of the ``unseen`` devices or guests (their ids, or names).
    """

    def __init__(
        self,
        kind: str,
        scope: str = "lib",
        peers: tuple[str, ...] = (),
        others: tuple[str, ...] = (),
        **endpoint: Any,
    ) -> None:
        content: dict[str, Any] = {"name": "lib", "kind": kind, **NEEDED[kind], **endpoint}
        elsewhere = [{"name": name, "kind": "docker", **NEEDED["docker"]} for name in others]
        self.config = Config.model_validate(
            {"netbox": {"url": "https://127.0.0.1:2"}, "endpoints": [content, *elsewhere]}
        )
        self.kind, self.scope, self.peers, self.first = kind, scope, peers, False
        self.unseen: set[str] = set()
        self.rules: list[Rule] = []
        self._left_out: list[tuple[str, str, str]] = []
        self._answers: list[dict[str, Any]] = []
        self._asked: list[tuple[str, str, str, str, str]] = []
        self.lapsed: list[str] = []
        self._rows: list[tuple[str, dict[str, Any]]] = [
            ("netbox.status", {"netbox_version": "4.6.8", "dependents_of": TYPES})
        ]
        # Every installation that was synced before has the fields that hold the ids.
        for number, name in enumerate(
            (
                "librenms_id",
                "proxmox_cluster",
                "proxmox_vmid",
                "proxmox_node",
                "docker_host",
                "docker_container",
                "tables_endpoint",
                "tables_id",
                "tables_device",
            )
        ):
            kind_of = {
                "proxmox_vmid": "integer",
                **dict.fromkeys(("librenms_id", "proxmox_node", "tables_device"), "json"),
            }.get(name, "text")
            self.add("netbox.custom_fields", id=9000 + number, name=name, type=kind_of, object_types=[])

    def add(self, table: str, **row: Any) -> None:
        """One row; in NetBox's tables with ``last_updated``, a ``cf`` given as a dict."""
        if table.startswith("netbox."):
            columns = SYSTEMS["netbox"][table.partition(".")[2]].columns
            if "last_updated" in columns:
                row.setdefault("last_updated", WHEN)
            if "cf" in columns:
                row["cf"] = json.dumps(row.get("cf", {}), separators=(",", ":"))
        self._rows.append((table, row))

    def change(self, table: str, which: str | int | None = None, **row: Any) -> None:
        """Set columns of the row with this name or id, or of all rows."""
        for found, content in self._rows:
            names = (content.get(column) for column in ("name", "id", "port_id"))
            if found == table and (which is None or which in names):
                content.update(row)

    def answer(
        self, resource: str, key: str, answer: str, question: str | None = None, **columns: Any
    ) -> None:
        """A person's answer about a row, or about its ``field``."""
        self._answers.append(
            {
                **{"resolution_id": f"r{len(self._answers)}", "who": "ada", "answered_on": "2026-11-20"},
                **{"resource": resource, "key": key, "answer": answer, "question": question},
                **columns,
            }
        )

    def rule(self, name: str, sql: str) -> None:
        """A rule of the user, e.g. ``rule("devices.skip.sql", "SELECT ...")``."""
        resource, _, kind_of = name.partition(".")
        self.rules.append(Rule(f"rules/{name}", resource, kind_of == "skip.sql", sql))

    def questions(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """{(resource, key, field): (hash of the question with its content, of the cause alone)} of this estate."""
        self.rows()
        return {(resource, key, field): (whole, cause) for resource, key, field, whole, cause in self._asked}

    def give_id(self, table: str, netbox_id: int, cf: dict[str, Any]) -> None:
        """The object holds these custom fields now."""
        for found, content in self._rows:
            if found == table and content["id"] == netbox_id:
                content["cf"] = json.dumps(cf, separators=(",", ":"))

    def ours(self, object_type: str, *ids: int, endpoint: str = "lib") -> None:
        """This product created these objects."""
        for netbox_id in ids:
            self.add("ledger.created", endpoint=endpoint, object_type=object_type, netbox_id=netbox_id)

    def rows(self) -> list[Row]:
        """The diff of this estate, decided, with what it needs and what that blocks."""
        # The same tables have the same diff: many examples begin with one that another test has compared.
        content = repr(
            (
                self.config,
                self.scope,
                self.peers,
                self.first,
                self.unseen,
                self.rules,
                self._answers,
                self._rows,
            )
        )
        if content not in _COMPARED:
            _COMPARED[content] = self._compared()
        compared = _COMPARED[content]
        self._left_out, self._asked, self.lapsed = compared.left_out, compared.asked, compared.lapsed
        return [row._replace(fields=dict(row.fields)) for row in compared.rows]

    def existing(self) -> dict[str, int]:
        """{resource: NetBox objects} of which a plan's limits are a share."""
        with self._tables() as database:
            self._compare(database)
            return existing_objects(database)

    def evidence(self) -> dict[tuple[str, str], SourceRows]:
        """{(resource, key): what the source shows for the row} of all rows of the diff."""
        with self._tables() as database:
            self._compare(database)
            found = database.con.execute(
                "SELECT resource, key, parent, object_type FROM diff.rows"
            ).fetchall()
            return {
                (resource, key): shown
                for resource, key, parent, object_type in found
                if (shown := source_rows(database.con, None, About(resource, key, parent, object_type)))
            }

    def _compared(self) -> Compared:
        with self._tables() as database:
            rows = self._compare(database)
            con = database.con
            return Compared(
                rows,
                con.execute("SELECT resource, key, reason FROM desired.skipped").fetchall(),
                con.execute("SELECT resource, key, field, question, cause FROM diff.questions").fetchall(),
                lapsed_of(con),
            )

    @contextmanager
    def _tables(self) -> Iterator[Database]:
        database = _database(self.kind)
        database.con.execute("BEGIN")
        try:
            yield database
        finally:
            database.con.execute("ROLLBACK")

    def left_out(self) -> list[tuple[str, str, str]]:
        """(resource, key, reason) of what this estate's comparison skips."""
        self.rows()
        return sorted(self._left_out)

    def _insert(self, con: duckdb.DuckDBPyConnection) -> None:
        """Rows with values for the same columns at once: a statement for each row takes more than twice as long."""
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for table, row in self._rows:
            alike.setdefault((table, *row), []).append(row)
        for (table, *names), rows in alike.items():
            columns, places = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
            values = ", ".join([f"({places})"] * len(rows))
            con.execute(
                f"INSERT INTO {table} ({columns}) VALUES {values}",
                [value for row in rows for value in row.values()],
            )

    def _compare(self, database: Database) -> list[Row]:
        con, endpoint = database.con, self.config.endpoint("lib")
        self._insert(con)
        filled = Counter(table for table, _ in self._rows)
        filled[f"{self.kind}.row_counts"] += 1
        database.loaded(
            {
                f"{system}.{name}": filled[f"{system}.{name}"]
                for system in (self.kind, "netbox")
                for name in SYSTEMS[system]
            }
        )
        if not self.first:
            con.execute(
                f"INSERT INTO {self.kind}.row_counts (source_table, owner, peak)"
                f" SELECT *, 1000 FROM ({_SEEN[self.kind]}) s (t, o) WHERE NOT list_contains(?, o)",
                [sorted(self.unseen)],
            )
        create_settings(con, settings_of(self.config, endpoint, self.scope, self.peers), WHEN)
        for row in self._answers:
            names = ", ".join(row)
            con.execute(
                f"INSERT INTO config.answers ({names}) VALUES ({', '.join('?' * len(row))})",
                list(row.values()),
            )
        add_id_field_facts(con)
        make_desired(database, endpoint, None, lambda _: None, rules=RuleSet(self.rules))
        match_and_diff(database, lambda _: None)
        settle(con)
        check_settled(con)
        _check_ids(con)
        found = con.execute(
            "SELECT resource, action, key, netbox_id, reason, fields FROM diff.rows ORDER BY ALL"
        ).fetchall()
        for resource, action, key, _, reason, fields in found:
            _check_causes(f"{resource} {key}", action, reason, fields)
        return [
            Row(
                *values,
                sentence_of(reason),
                {f["field"]: json.loads(f["after"] or "null") for f in fields if f["decision"] == "update"},
            )
            for *values, reason, fields in found
        ]
