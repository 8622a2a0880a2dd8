"""Checks approved changes against NetBox's rules before they are sent.

Nothing is written. The accepted values are read from NetBox, its objects (unique names and keys, custom fields) from
the last snapshot. NetBox has more rules than these: a change that passes here may still be refused.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.apply.field_options import Accepted, ask
from netbox_sync_dagster.apply.foreseen import foreseen_blocks
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.compare.values import Value, reference
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.netbox.choices import MAX_LENGTH
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.storage.tables import NETBOX

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

OK, WRONG, BLOCKED, UNCHECKED = "ok", "wrong", "blocked", "unchecked"

# object type: (snapshot table, the columns that NetBox lets only one object have together, how a change's
# field is called for each). Columns in lower case are compared without regard to case.
_UNIQUE: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "dcim/interfaces": ("interfaces", (("device_id", "device"), ("name", "name"))),
    "virtualization/interfaces": (
        "vm_interfaces",
        (("virtual_machine_id", "virtual_machine"), ("name", "name")),
    ),
    "virtualization/virtual-disks": (
        "virtual_disks",
        (("virtual_machine_id", "virtual_machine"), ("name", "name")),
    ),
    "dcim/devices": ("devices", (("site_id", "site"), ("tenant_id", "tenant"), ("name", "name"))),
    "virtualization/virtual-machines": (
        "virtual_machines",
        (("cluster_id", "cluster"), ("tenant_id", "tenant"), ("name", "name")),
    ),
    "ipam/vlans": ("vlans", (("group_id", "group"), ("vid", "vid"))),
    "extras/tags": ("tags", (("slug", "slug"),)),
    "dcim/manufacturers": ("manufacturers", (("slug", "slug"),)),
    "dcim/device-roles": ("device_roles", (("slug", "slug"),)),
    "dcim/platforms": ("platforms", (("slug", "slug"),)),
    "dcim/sites": ("sites", (("slug", "slug"),)),
    "virtualization/cluster-types": ("cluster_types", (("slug", "slug"),)),
    "virtualization/clusters": ("clusters", (("group_id", "group"), ("name", "name"))),
    "extras/custom-fields": ("custom_fields", (("name", "name"),)),
    "dcim/device-types": ("device_types", (("manufacturer_id", "manufacturer"), ("slug", "slug"))),
    "dcim/module-types": ("module_types", (("manufacturer_id", "manufacturer"), ("model", "model"))),
    "dcim/modules": ("modules", (("module_bay_id", "module_bay"),)),
}
_ANY_CASE = ("dcim/devices", "virtualization/virtual-machines")
# Without a value of this field NetBox does not check uniqueness.
_ONLY_WITH = {
    "ipam/vlans": "group",
    "virtualization/virtual-machines": "cluster",
    "virtualization/clusters": "group",
}
# The snapshot's table of each type with custom fields.
_HOLDERS = {source.path: name for name, source in SOURCES.items() if "cf" in NETBOX[name].columns}


@dataclass(frozen=True)
class Check:
    """The result for one change: ``result`` is ok, wrong, blocked or unchecked; ``message`` says why."""

    change_id: str
    resource: str
    action: str
    key: str
    result: str
    message: str


def _with_block(check: Check, why: str | None) -> Check:
    """What NetBox would refuse is said before what would only be blocked."""
    return check if why is None or check.result == WRONG else replace(check, result=BLOCKED, message=why)


def validate(warehouse: Warehouse, plan: Plan, target: NetBoxTarget | None = None) -> list[Check]:
    """One check per approved change of the plan, in apply order.

    Checked are choices, text lengths, numbers and required fields (``OPTIONS`` of every type that is written),
    required custom fields and the models they are for (``netbox.custom_fields``), and names and keys that NetBox
    takes only once, in the snapshot and among the approved changes themselves. A change is blocked if an apply would block
    it because what it needs is not approved, or because the plugin netbox-branching keeps its type out of branches. Without ``target`` NetBox is not read:
    then only the snapshot's choices and lengths are known (``netbox.choices``).

    Raises WarehouseError without a NetBox snapshot, MissingSecret without a token, and ServerError if NetBox cannot be
    read.
    """
    plan = with_parts(warehouse, plan)
    wanted = approved(warehouse, plan.endpoint, plan)
    rows = [row for row in plan.changes if row.change_id in wanted]
    if not rows:
        return []
    folder = warehouse.current(warehouse.snapshots("netbox", "netbox"))
    written = dict.fromkeys(row.object_type for row in rows if row.action != "delete")
    accepted = ask(target, written) if target is not None else {}
    con = connections.connect()
    try:
        rules = _Rules(con, str(folder), rows, accepted)
        blocked = foreseen_blocks(warehouse, plan, target=target)
        return [_with_block(rules.check(row), blocked.get(row.change_id)) for row in rows]
    finally:
        con.close()


class _Rules:
    """NetBox's rules, from NetBox and its snapshot."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        folder: str,
        rows: list[DiffRow],
        accepted: dict[str, Accepted],
    ) -> None:
        self._con = con
        self._folder = folder
        self._accepted = {**self._of_snapshot(), **accepted}
        self._custom: dict[str, tuple[set[str], bool]] = {
            name: (set(object_types or ()), bool(required))
            for name, object_types, required in self._read("custom_fields", "name, object_types, required")
        }
        # Filled in by NetBox if a create has no custom fields.
        self._filled = self._with_default()
        self._new_custom = {row.key for row in rows if row.resource == "custom_fields"}
        # Changes that free a key, and changes that take it.
        self._leaving = {
            (row.object_type, row.netbox_id)
            for row in rows
            if row.action == "delete" or (row.action == "update" and self._rekeyed(row))
        }
        self._taking: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for row in rows:
            key = self._key(row) if row.action == "create" else None
            if key is not None:
                self._taking[row.object_type, *key].append(row.change_id)

    def _of_snapshot(self) -> dict[str, Accepted]:
        object_types = {model: object_type for object_type, model in MODELS.items()}
        found: dict[str, Accepted] = defaultdict(lambda: Accepted(defaultdict(set), {}, {}))
        for model, name, value, label in self._read("choices", "model, field, value, label"):
            known = found[object_types.get(model, model)]
            if value == MAX_LENGTH:
                known.lengths[name] = int(label)
            else:
                known.choices[name].add(value)
        return dict(found)

    def _read(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        return self._con.execute(f"SELECT {columns} FROM read_parquet(?)", [self._file(table)]).fetchall()

    def _with_default(self) -> set[str]:
        """Custom fields with a default; a snapshot of an older version does not say."""
        found = self._con.execute("SELECT * FROM read_parquet(?)", [self._file("custom_fields")])
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return {row["name"] for row in rows if row.get("default") not in (None, "null")}

    def _file(self, table: str) -> str:
        return connections.pattern(f"{self._folder}/{table}.parquet")

    def check(self, row: DiffRow) -> Check:
        """The problems of one change, else what cannot be checked, else ok."""
        if row.action == "delete":
            text = "its dependents are read from NetBox just before the delete"
            return Check(row.change_id, row.resource, row.action, row.key, UNCHECKED, text)
        wrong = [*self._values(row), *self._custom_fields(row), *self._uniqueness(row)]
        if wrong:
            return Check(row.change_id, row.resource, row.action, row.key, WRONG, "; ".join(wrong))
        unchecked = list(self._unchecked(row))
        result = UNCHECKED if unchecked else OK
        return Check(row.change_id, row.resource, row.action, row.key, result, "; ".join(unchecked))

    def _values(self, row: DiffRow) -> Iterable[str]:
        accepted = self._accepted.get(row.object_type)
        return accepted.faults(row) if accepted else ()

    def _custom_fields(self, row: DiffRow) -> Iterable[str]:
        model = MODELS.get(row.object_type, "")
        written = {
            item.name.removeprefix("cf."): item.after for item in row.written if item.name[:3] == "cf."
        }
        for name, value in written.items():
            if name in self._new_custom:
                continue
            if name not in self._custom:
                yield f"cf.{name}: NetBox has no such custom field"
            elif model not in self._custom[name][0]:
                yield f"cf.{name}: the custom field is not for {model}"
            elif self._custom[name][1] and value in (None, ""):
                yield f"cf.{name}: NetBox requires a value"
        missing = [
            name
            for name, (object_types, required) in sorted(self._custom.items())
            if required and model in object_types and name not in written
        ]
        held = self._custom_held(row) if missing and row.action == "update" else {}
        for name in missing:
            if row.action == "create" and not written and name in self._filled:
                continue
            if row.action == "create":
                yield f"cf.{name}: NetBox requires a value"
            elif held is not None and held.get(name) in (None, ""):
                yield f"cf.{name}: NetBox requires a value before it takes any change of this object"

    def _custom_held(self, row: DiffRow) -> dict[str, Any] | None:
        """The object's custom fields in the snapshot; None if it has none."""
        table = _HOLDERS.get(row.object_type)
        if table is None:
            return None
        query = "SELECT cf FROM read_parquet(?) WHERE id = ?"
        found = self._con.execute(query, [self._file(table), row.netbox_id]).fetchone()
        return None if found is None else json.loads(found[0] or "{}")

    def _uniqueness(self, row: DiffRow) -> Iterable[str]:
        key = self._key(row)
        if key is None or (row.action == "update" and not self._rekeyed(row)):
            return
        table, columns = _UNIQUE[row.object_type]
        names = ", ".join(name for _, name in columns)
        if row.action == "create" and len(self._taking[row.object_type, *key]) > 1:
            yield f"{len(self._taking[row.object_type, *key])} approved changes create the same {names}"
        if any(isinstance(part, tuple) for part in key):
            # Its parent does not exist yet, so no other object can have the key.
            return
        fold = "lower" if row.object_type in _ANY_CASE else ""
        wheres = [
            f"{fold}({column}) IS NOT DISTINCT FROM {fold}(?)"
            if name == "name"
            else f"{column} IS NOT DISTINCT FROM ?"
            for column, name in columns
        ]
        found = self._con.execute(
            f"SELECT id FROM read_parquet(?) WHERE {' AND '.join(wheres)}",
            [self._file(table), *key],
        ).fetchall()
        for (netbox_id,) in found:
            if netbox_id != row.netbox_id and (row.object_type, netbox_id) not in self._leaving:
                yield f"NetBox has another object with this {names} (id {netbox_id})"
                return

    def _key(self, row: DiffRow) -> tuple[Any, ...] | None:
        """The values that must be unique together; None if they are not all known or do not count."""
        if row.object_type not in _UNIQUE:
            return None
        values = {item.name: item.after for item in row.written}
        _, columns = _UNIQUE[row.object_type]
        if row.action == "update":
            held = self._held(row)
            if held is None:
                return None
            values = {**held, **values}
        needed = _ONLY_WITH.get(row.object_type)
        if (needed and values.get(needed) is None) or values.get(columns[-1][1]) is None:
            return None
        return tuple(_plain(values.get(name)) for _, name in columns)

    def _held(self, row: DiffRow) -> dict[str, Value] | None:
        table, columns = _UNIQUE[row.object_type]
        names = ", ".join(column for column, _ in columns)
        found = self._con.execute(
            f"SELECT {names} FROM read_parquet(?) WHERE id = ?",
            [self._file(table), row.netbox_id],
        ).fetchone()
        if found is None:
            return None
        return {name: value for (_, name), value in zip(columns, found, strict=True)}

    @staticmethod
    def _rekeyed(row: DiffRow) -> bool:
        columns = _UNIQUE.get(row.object_type, ("", ()))[1]
        return any(item.name == name for item in row.written for _, name in columns)

    def _unchecked(self, row: DiffRow) -> Iterable[str]:
        if row.object_type not in self._accepted:
            yield f"NetBox does not say which values it takes for {MODELS.get(row.object_type, row.object_type)}"
        if row.action == "create" and row.object_type not in _UNIQUE:
            yield "whether NetBox has it already is asked just before the write"


def _plain(value: Value) -> Any:
    ref = reference(value)
    if ref is not None:
        return ref
    return value["id"] if isinstance(value, dict) and "id" in value else value
