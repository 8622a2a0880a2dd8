"""The current diff of an endpoint as objects, which approvals show and applies write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.values import Value, parse
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage import Warehouse, WarehouseError, connections
from netbox_sync_dagster.storage.damage import damage_named
from netbox_sync_dagster.text import natural_key, visible

CHANGE_ACTIONS = ("create", "update", "delete")
# Rows that ask something, which a person answers.
ASKING_ACTIONS = ("conflict", "blocked", "drifted")

_UNDO = re.compile(r"undo-(\d{8}T\d{9}Z-[0-9a-f]{4})")


@dataclass(frozen=True)
class FieldDiff:
    """One field: before and after in the notation of ``compare.values``; decision update, drifted, conflict.

    ``cause`` is the code of ``reason`` (sql/causes.sql); None for a field that is written as usual.
    """

    name: str
    before: Value
    after: Value
    decision: str = "update"
    reason: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class DiffRow:
    """One diff row. ``change_id`` is empty if the row is not a change (conflict, blocked, drifted).

    ``cause`` is the code of ``reason`` (sql/causes.sql), ``subject`` its parameters as a JSON object. ``questions``: hashes of
    what the row and its fields ask, as JSON (``storage/tables.py``). ``field_needs``: fields of an update that NetBox takes
    only together with others of it, as a JSON object. ``first_diff``: the diff that had the row first; None
    in an undo plan.
    """

    endpoint: str
    diff_id: str
    change_id: str
    resource: str
    action: str
    key: str
    parent: str | None
    object_type: str
    netbox_id: int | None
    target: str | None
    last_updated: str | None
    reason: str | None
    fields: tuple[FieldDiff, ...]
    depends_on: tuple[str, ...]
    cause: str | None = None
    subject: str | None = None
    questions: str | None = None
    field_needs: str | None = None
    first_diff: str | None = None

    @property
    def is_change(self) -> bool:
        """Whether this row can be approved and applied."""
        return self.action in CHANGE_ACTIONS

    @property
    def written(self) -> tuple[FieldDiff, ...]:
        """The fields that applying this change writes."""
        return tuple(item for item in self.fields if item.decision == "update")

    def expected_id(self) -> str:
        """The change id computed again from the content; differs from ``change_id`` only if the row was tampered
        with."""
        return change_id(
            endpoint=self.endpoint,
            resource=self.resource,
            action=self.action,
            key=self.key,
            object_type=self.object_type,
            netbox_id=self.netbox_id,
            target=self.target,
            last_updated=self.last_updated,
            fields=[(item.name, item.before, item.after) for item in self.written],
        )


@dataclass(frozen=True)
class Plan:
    """The current diff of one endpoint. ``manifest`` names its snapshots, counts, gates and reasons."""

    endpoint: str
    diff_id: str
    manifest: dict[str, Any]
    rows: tuple[DiffRow, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The argument of ``load_plan``: the endpoint, or the name of an undo."""
        return undo_name(self.manifest["undoes"]) if self.manifest.get("undoes") else self.endpoint

    @property
    def shows_only(self) -> str | None:
        """Which object it shows, in a sentence; None if it shows the whole endpoint."""
        return shows_only_of(self.manifest)

    @property
    def changes(self) -> list[DiffRow]:
        """The rows that can be approved, in apply order."""
        return [row for row in self.rows if row.is_change]

    def by_id(self) -> dict[str, DiffRow]:
        """The changes by change id."""
        return {row.change_id: row for row in self.changes}


def apply_order(row: DiffRow) -> tuple[int, int, tuple[str, str]]:
    """Sort key: creates and updates in resource order, then deletes in reverse; Ethernet1/2 before Ethernet1/10."""
    position = RESOURCES.index(row.resource)
    key = natural_key(row.key)
    return (1, -position, key) if row.action == "delete" else (0, position, key)


def undo_name(apply_id: str) -> str:
    """The name of the plan that undoes an apply."""
    return f"undo-{apply_id}"


def is_undo(name: str) -> bool:
    """Whether a plan of that name undoes an apply."""
    return _UNDO.fullmatch(name) is not None


def undo_names(warehouse: Warehouse) -> list[str]:
    """The names of all undo plans."""
    plans = warehouse.home / "undo"
    return [
        undo_name(apply_id)
        for endpoint in warehouse.names(plans)
        for apply_id in warehouse.names(plans / endpoint)
    ]


def undo_folder(warehouse: Warehouse, endpoint: str, apply_id: str) -> Path:
    """The folder of all undo plans for applies of this endpoint."""
    return warehouse.home / "undo" / endpoint / apply_id


def plan_folder(warehouse: Warehouse, name: str) -> tuple[str, Path]:
    """(the endpoint, the folder of all versions) of an endpoint's diffs or of the plan ``undo-<apply id>``.

    Raises WarehouseError where there is no such undo plan.
    """
    match = _UNDO.fullmatch(name)
    if match is None:
        return name, warehouse.diffs(name)
    plans = warehouse.home / "undo"
    found = [
        plans / endpoint / match[1]
        for endpoint in warehouse.names(plans)
        if match[1] in warehouse.names(plans / endpoint)
    ]
    if not found:
        raise WarehouseError(f"there is no plan '{name}'; make it with: netbox-sync undo {match[1]}")
    return found[0].parent.name, found[0]


@dataclass(frozen=True)
class PlanHead:
    """A plan without its rows. ``name`` is the endpoint, or ``undo-<apply id>``."""

    name: str
    endpoint: str
    diff_id: str
    manifest: dict[str, Any]
    folder: Path

    @property
    def finished(self) -> datetime:
        return datetime.fromisoformat(self.manifest["finished"])

    @property
    def gates(self) -> list[str]:
        """Why nothing of it can be approved."""
        return [str(gate) for gate in self.manifest.get("gates") or ()]

    @property
    def shows_only(self) -> str | None:
        """Which object it shows, in a sentence; None if it shows the whole endpoint."""
        return shows_only_of(self.manifest)


def shows_only_of(manifest: Mapping[str, Any]) -> str | None:
    """Which object a diff with this manifest shows, in a sentence; None if it shows the whole endpoint."""
    if (only := manifest.get("only")) is None:
        return None
    # Diffs of older versions have the id alone.
    return str(manifest.get("shows_only") or f"only the object with the id {visible(only, 80)}")


def read_head(warehouse: Warehouse, name: str) -> PlanHead:
    """The current plan of this name. Raises WarehouseError where there is none."""
    endpoint, folder = plan_folder(warehouse, name)
    manifest = warehouse.manifest(folder)
    folder = warehouse.current(folder)
    return PlanHead(name, endpoint, folder.name, manifest, folder)


def load_plan(warehouse: Warehouse, name: str) -> Plan:
    """The current diff of the endpoint of that name, or the plan ``undo-<apply id>``.

    Raises WarehouseError if there is none.
    """
    endpoint, folder = plan_folder(warehouse, name)
    manifest = warehouse.manifest(folder)
    folder = warehouse.current(folder)
    with damage_named([folder]), closing(connections.reader()) as con:
        cursor = con.execute("SELECT * FROM read_parquet(?)", [f"{connections.pattern(folder)}/*.parquet"])
        names = [column[0] for column in cursor.description]
        rows = [diff_row(dict(zip(names, values, strict=True))) for values in cursor.fetchall()]
    rows.sort(key=apply_order)
    return Plan(endpoint, folder.name, manifest, tuple(rows))


def decision_of(field: Mapping[str, Any]) -> str:
    """The decision on a field of a diff's or plan's file; older versions called it ``verdict``."""
    return str(field.get("decision") or field["verdict"])


def diff_row(raw: dict[str, Any]) -> DiffRow:
    """A row of a diff's file, as DuckDB returns it; takes its columns out of ``raw``."""
    fields: Iterable[dict[str, Any]] = raw.pop("fields") or []
    depends_on = tuple(raw.pop("depends_on") or ())
    return DiffRow(
        **raw,
        fields=tuple(
            FieldDiff(
                f["field"], parse(f["before"]), parse(f["after"]), decision_of(f), f["reason"], f.get("cause")
            )
            for f in fields
        ),
        depends_on=depends_on,
    )
