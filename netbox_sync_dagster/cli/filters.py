"""The filters of diff and review: which rows are meant, and errors for names that nothing has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netbox_sync_dagster.approve import names
from netbox_sync_dagster.approve.names import NAMED_BY_KEY, check_keys, check_known
from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.text import did_you_mean, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow, Plan
    from netbox_sync_dagster.storage import Warehouse

__all__ = [
    "NAMED_BY_KEY",
    "RowFilter",
    "allowed_values",
    "check_keys",
    "check_names",
    "known_names",
    "listed",
]


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
            meant = did_you_mean(value, allowed, "known")
            raise CliError(f"{option} {visible(value)}: no such {word}{meant}")
    return values


def known_names(option: str, values: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    """The values of an option, all of which must be among many names. Raises UserError with the similar ones."""
    check_known(option, values, known)
    return values


def check_names(warehouse: Warehouse, plans: Sequence[Plan], wanted: RowFilter) -> None:
    """Raise UserError for a field that no row has, and for a device, virtual machine or cluster that no diff and no source
    has: probably a typing error."""
    names.check_names(warehouse, plans, devices=wanted.devices, fields=wanted.fields, option="--")
