"""Names that a person gives to select rows: an error for one that nothing has, which is probably a typing error."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.text import natural_key, visible

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.compare.plan import DiffRow, Plan
    from netbox_sync_dagster.storage import Warehouse

NAMED_BY_KEY = ("devices", "virtual_machines", "clusters")
_LISTED = 20


def check_names(
    warehouse: Warehouse,
    plans: Sequence[Plan],
    *,
    devices: Collection[str] = (),
    fields: Collection[str] = (),
    option: str = "",
) -> None:
    """Raise UserError for a field that no row has, and for a device, virtual machine or cluster that no diff and no source
    has. ``option``: what is before the names of the options (``--``)."""
    known = {item.name for plan in plans for row in plan.rows for item in row.fields}
    for name in fields:
        if name not in known:
            raise UserError(f"{option}field {visible(name)}: no row has this field{similar(name, known)}")
    there = {name for plan in plans for row in plan.rows for name in _names(row)}
    if all(name in there for name in devices):
        return
    there |= _in_sources(warehouse, [plan.endpoint for plan in plans])
    for name in devices:
        if name not in there:
            raise UserError(
                f"{option}device {visible(name)}: no such device, virtual machine or cluster{similar(name, there)}"
            )


def check_keys(plan: Plan, keys: Iterable[str]) -> None:
    """Raise UserError for a key that no row of the diff has."""
    there = {row.key for row in plan.rows}
    for key in keys:
        if key not in there:
            raise UserError(
                f"no row of the diff of '{plan.name}' has the key '{visible(key)}'{similar(key, there)}"
            )


def check_known(option: str, given: Iterable[str], names: Collection[str]) -> None:
    """Raise UserError for a value of an option that is not among the names, with the similar ones."""
    word = option.removeprefix("--")
    for value in given:
        if value not in names:
            raise UserError(f"{option} {visible(value)}: no such {word}{similar(value, names)}")


def similar(name: str, names: Iterable[str]) -> str:
    """``; did you mean sw1?``: similar names, else all if they are few."""
    by_lower = {one.lower(): one for one in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(visible(by_lower[one]) for one in near)}?"
    if 0 < len(by_lower) <= _LISTED:
        return f"; known: {', '.join(visible(one) for one in sorted(by_lower.values(), key=natural_key))}"
    return ""


def _names(row: DiffRow) -> Iterable[str]:
    if row.parent:
        yield row.parent
    if row.resource in NAMED_BY_KEY:
        yield row.key


def _in_sources(warehouse: Warehouse, endpoints: Sequence[str]) -> set[str]:
    """The devices, virtual machines and clusters of the endpoints' snapshots: most of them do not differ."""
    from netbox_sync_dagster.storage.views import ask

    names = ", ".join("'" + name.replace("'", "''") + "'" for name in endpoints)
    tables = " UNION ".join(
        f"SELECT key FROM desired.{table} WHERE endpoint IN ({names})" for table in NAMED_BY_KEY
    )

    def look(con: duckdb.DuckDBPyConnection) -> set[str]:
        return {key for (key,) in con.execute(tables).fetchall()}

    return ask(warehouse, look, few=False)
