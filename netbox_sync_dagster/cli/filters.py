"""The filters of diff and review: which rows are meant, and errors for names that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.text import natural_key, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow, Plan
    from netbox_sync_dagster.storage import Warehouse

NAMED_BY_KEY = ("devices", "virtual_machines", "clusters")
_LISTED = 20


@dataclass(frozen=True)
class RowFilter:
    """Selects rows; an empty tuple matches all. ``devices`` are names of devices, VMs or clusters."""

    resources: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    new: bool = False

    def takes(self, row: DiffRow) -> bool:
        """Whether the filter matches this row."""
        itself = row.resource in NAMED_BY_KEY and row.key in self.devices
        return (
            (not self.resources or row.resource in self.resources)
            and (not self.actions or row.action in self.actions)
            and (not self.devices or itself or row.parent in self.devices)
            and (not self.fields or any(item.name in self.fields for item in row.fields))
            and (not self.new or row.first_diff == row.diff_id)
        )


def listed(given: Sequence[str] | None) -> tuple[str, ...]:
    """The values of an option that may be repeated, or have several values separated by commas."""
    return tuple(value for text in given or () for value in text.split(",") if value)


def allowed_values(option: str, given: Sequence[str] | None, allowed: Collection[str]) -> tuple[str, ...]:
    """The values of an option, all of which must be allowed. Raises CliError."""
    values = listed(given)
    for value in values:
        if value not in allowed:
            word = option.removeprefix("--")
            raise CliError(f"{option} {value}: no such {word}; known: {', '.join(allowed)}")
    return values


def known_names(option: str, values: tuple[str, ...], names: Collection[str]) -> tuple[str, ...]:
    """The values of an option, all of which must be among many names. Raises CliError with the similar ones."""
    for value in values:
        if value not in names:
            word = option.removeprefix("--")
            raise CliError(f"{option} {visible(value)}: no such {word}{_meant(value, names)}")
    return values


def check_names(warehouse: Warehouse, plans: Sequence[Plan], wanted: RowFilter) -> None:
    """Raise CliError for a field that no row has, and for a device, virtual machine or cluster that no diff and no source
    has: probably a typing error."""
    fields = {item.name for plan in plans for row in plan.rows for item in row.fields}
    for name in wanted.fields:
        if name not in fields:
            raise CliError(f"--field {visible(name)}: no row has this field{_meant(name, fields)}")
    there = {name for plan in plans for row in plan.rows for name in _names(row)}
    if all(name in there for name in wanted.devices):
        return
    there |= _in_sources(warehouse, [plan.endpoint for plan in plans])
    for name in wanted.devices:
        if name not in there:
            raise CliError(
                f"--device {visible(name)}: no such device, virtual machine or cluster{_meant(name, there)}"
            )


def check_keys(plan: Plan, keys: Sequence[str]) -> None:
    """Raise CliError for a key that no row of the diff has: probably a typing error."""
    there = {row.key for row in plan.rows}
    for key in keys:
        if key not in there:
            raise CliError(
                f"no row of the diff of '{plan.name}' has the key '{visible(key)}'{_meant(key, there)}"
            )


def _names(row: DiffRow) -> Iterable[str]:
    if row.parent:
        yield row.parent
    if row.resource in NAMED_BY_KEY:
        yield row.key


def _in_sources(warehouse: Warehouse, endpoints: Sequence[str]) -> set[str]:
    """The devices, virtual machines and clusters of the endpoints' snapshots: most of them do not differ."""
    from netbox_sync_dagster.cli.views import query

    names = ", ".join("'" + name.replace("'", "''") + "'" for name in endpoints)
    tables = " UNION ".join(
        f"SELECT key FROM desired.{table} WHERE endpoint IN ({names})" for table in NAMED_BY_KEY
    )
    return {key for (key,) in query(warehouse, tables)[1]}


def _meant(name: str, names: Iterable[str]) -> str:
    """``; did you mean sw1?``: similar names, else all if they are few."""
    by_lower = {one.lower(): one for one in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(visible(by_lower[one]) for one in near)}?"
    if 0 < len(by_lower) <= _LISTED:
        return f"; known: {', '.join(visible(one) for one in sorted(by_lower.values(), key=natural_key))}"
    return ""
