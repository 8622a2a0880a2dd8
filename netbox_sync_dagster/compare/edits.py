"""What was edited in NetBox between two of its snapshots, as far as it could matter to an endpoint.

A comparison joins a source with NetBox by names, serial numbers, addresses, ids in custom fields and by what is tied to
objects found in this way. Where an edited device or virtual machine, with all that is on it and all that it is tied to,
has nothing of that in common with an endpoint, the endpoint's diff stays unchanged. So it does where a tag is new that
nothing of the endpoint is called, and where a VLAN was edited whose VID, name and interfaces are others. An edit of
anything else (a site, a prefix, ...) may matter to every endpoint whose comparison reads that table (``netbox_reads``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.database import number_of_rows, parquet, run
from netbox_sync_dagster.compare.ledger_state import Written
from netbox_sync_dagster.compare.reuse import same_table
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import NETBOX

if TYPE_CHECKING:
    import duckdb
    import pyarrow.parquet as pq
else:
    pq = lazy_module("pyarrow.parquet")

# The tables whose rows belong to devices and virtual machines, or to an address.
_OF_MACHINES = (
    "devices",
    "virtual_machines",
    "interfaces",
    "vm_interfaces",
    "mac_addresses",
    "ip_addresses",
    "virtual_disks",
    "modules",
    "module_bays",
    "cables",
)
# A tag that is new or has another name matters to those that have its name, and a VLAN to those that have its VID, its
# name, or it on an interface.
_COMPARED = (*_OF_MACHINES, "vlans", "tags")
# Their tables by list endpoint.
_TABLES = {SOURCES[table].path: table for table in _COMPARED}
# The tables whose names are words of the machines in them.
_NAMED = ("clusters", "virtual_chassis")
# With more edited rows, or words of them, the comparison itself is the shorter way.
_MOST_ROWS = 2_000
_MOST_WORDS = 200_000


@dataclass(frozen=True)
class Edits:
    """What was edited: the words of it (sql/edits/words.sql), and the custom fields of each object near it. ``tables``: other
    tables, of which any edit may matter to those that read them."""

    words: frozenset[str] = frozenset()
    custom_fields: tuple[Mapping[str, Any], ...] = ()
    tables: frozenset[str] = frozenset()

    @property
    def are_elsewhere(self) -> bool:
        """Whether no device, virtual machine, address, VLAN or tag was edited."""
        return not self.words and not self.custom_fields

    def claimed_by(self, settings: Mapping[str, Any]) -> bool:
        """Whether a custom field says that one of the objects is this endpoint's. ``settings``: its row of
        ``config.endpoint``."""
        return any(_claims(fields, settings) for fields in self.custom_fields)


def edits_between(
    con: duckdb.DuckDBPyConnection,
    before: Path,
    now: Path,
    written: frozenset[Written] = frozenset(),
    *,
    closely: bool = True,
) -> Edits | None:
    """What was edited between two snapshots of NetBox; None if it may matter to every endpoint, or if the older one is no
    longer kept.

    ``con`` has the macros. ``written``: objects to which applies have written since, which count
    as edited: a write may be in the older snapshot and not yet in the ledger. ``closely``: False if any edit matters.
    """
    changed = [] if before == now else _changed_tables(con, before, now, closely=closely)
    if changed is None or (written and not _can_look_at(written, now, closely=closely)):
        return None
    others = frozenset(changed).difference(_COMPARED)
    if not written and others.issuperset(changed):
        return Edits(tables=others)
    try:
        found = _edits(con, before, now, changed, written)
    finally:
        con.execute("DROP SCHEMA IF EXISTS edits CASCADE")
    return found and replace(found, tables=others)


def _changed_tables(
    con: duckdb.DuckDBPyConnection, before: Path, now: Path, *, closely: bool
) -> list[str] | None:
    """The tables that differ; None if that may matter to every endpoint."""
    changed: list[str] = []
    # Small tables first: most edits that matter to all are there.
    for table in sorted(NETBOX, key=_COMPARED.__contains__):
        files = before / f"{table}.parquet", now / f"{table}.parquet"
        if not all(file.exists() for file in files):
            return None
        if same_table(con, *files):
            continue
        if not closely or (table in _COMPARED and not all(_is_current(table, file) for file in files)):
            return None
        changed.append(table)
    return changed


def _can_look_at(written: frozenset[Written], now: Path, *, closely: bool) -> bool:
    """Whether all that was written is in tables whose rows belong to devices, virtual machines or addresses."""
    return (
        closely
        and all(one.object_type in _TABLES for one in written)
        and all(_is_current(table, now / f"{table}.parquet") for table in _COMPARED)
    )


def _is_current(table: str, file: Path) -> bool:
    """Whether a file has all columns of its table: one of an older version may lack some."""
    held = pq.read_schema(file).names
    return all(column in held for column in NETBOX[table].columns)


def _edits(
    con: duckdb.DuckDBPyConnection,
    before: Path,
    now: Path,
    changed: list[str],
    written: frozenset[Written],
) -> Edits | None:
    number = len(written)
    if number > _MOST_ROWS:
        return None
    con.execute(
        "CREATE SCHEMA edits; CREATE TABLE edits.changed (table_name VARCHAR, id BIGINT, is_gone BOOLEAN)"
    )
    if written:
        rows = [(_TABLES[one.object_type], one.netbox_id) for one in sorted(written)]
        tables, ids = (list(column) for column in zip(*rows, strict=True))
        con.execute("INSERT INTO edits.changed SELECT unnest(?), unnest(?), false", [tables, ids])
    for table in _COMPARED:
        files = before / f"{table}.parquet", now / f"{table}.parquet"
        was, is_ = (f"SELECT * EXCLUDE (snapshot_id) FROM {parquet(file)}" for file in files)
        if table in changed:
            found = con.execute(
                f"""INSERT INTO edits.changed SELECT '{table}', id, n.sum IS NULL
                    FROM (SELECT id, hash(was) AS sum FROM ({was}) AS was) AS b
                    FULL JOIN (SELECT id, hash(is_) AS sum FROM ({is_}) AS is_) AS n USING (id)
                    WHERE b.sum IS DISTINCT FROM n.sum"""
            )
            number += number_of_rows(found)
            con.execute(f"CREATE VIEW edits.{table} AS {was} UNION ALL BY NAME {is_}")
        else:
            con.execute(f"CREATE VIEW edits.{table} AS {is_}")
    for table in _NAMED:
        con.execute(f"CREATE VIEW edits.{table} AS FROM {parquet(now / f'{table}.parquet')}")
    if number > _MOST_ROWS or _matters_to_all(con):
        return None
    for table in ("touched", "addresses", "machines"):
        run(con, f"CREATE TABLE edits.{table} AS {read_sql(f'edits/{table}.sql')}")
    words = run(con, read_sql("edits/words.sql")).fetchall()
    if len(words) > _MOST_WORDS:
        return None
    fields = run(con, read_sql("edits/custom_fields.sql")).fetchall()
    # An object that is gone has no row that names it.
    named = {f"{one.object_type} {one.netbox_id}" for one in written}
    return Edits(
        frozenset(named | {str(word) for (word,) in words}),
        tuple(json.loads(text) for (text,) in fields if text and text != "{}"),
    )


def _matters_to_all(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a tag is gone, or an edited cable ends at something else than interfaces (a patch panel, a circuit)."""
    row = run(con, read_sql("edits/matters_to_all.sql")).fetchone()
    return row is None or bool(row[0])


def _claims(fields: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    scope = str(settings["id_scope"]).lower()
    cluster_field = settings.get("cluster_field")
    names = {settings.get("id_field"), settings.get("node_field"), *(settings.get("id_fields") or ())}
    for name in names - {None, cluster_field}:
        held = fields.get(str(name))
        if isinstance(held, dict):
            if scope in map(str.lower, held):
                return True
        elif held not in (None, ""):
            # A bare id is of any endpoint, unless another field names its cluster.
            cluster = str(fields.get(str(cluster_field)) or "").strip().lower() if cluster_field else ""
            if not cluster or cluster == scope or settings.get("ids_span_clusters"):
                return True
    return bool(cluster_field) and str(fields.get(str(cluster_field)) or "").strip().lower() == scope
