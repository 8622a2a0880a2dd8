"""The values that NetBox accepts for objects of a type: ``OPTIONS`` of the list endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.server_errors import ServerError


@dataclass(frozen=True)
class Accepted:
    """The values that NetBox accepts for one type, by field: choices, maximum length, (minimum, maximum) number; and
    the fields that a new object requires."""

    choices: dict[str, set[str]]
    lengths: dict[str, int]
    ranges: dict[str, tuple[float | None, float | None]]
    required: tuple[str, ...] = ()

    def faults(self, row: DiffRow) -> Iterator[str]:
        """Why NetBox would refuse the values of a change."""
        for item in row.written:
            value = item.after
            if isinstance(value, str):
                choices = self.choices.get(item.name)
                if choices and value and value not in choices:
                    yield f"{item.name}: '{value}' is not a valid choice in this NetBox"
                longest = self.lengths.get(item.name)
                if longest is not None and len(value) > longest:
                    yield f"{item.name}: {len(value)} characters; NetBox takes {longest}"
            elif isinstance(value, int | float) and not isinstance(value, bool):
                least, greatest = self.ranges.get(item.name, (None, None))
                if least is not None and value < least:
                    yield f"{item.name}: {value}; NetBox takes {least:g} or more"
                if greatest is not None and value > greatest:
                    yield f"{item.name}: {value}; NetBox takes {greatest:g} or less"
        if row.action == "create":
            given = {item.name for item in row.written if item.after is not None}
            for name in self.required:
                if name not in given:
                    yield f"{name}: NetBox requires a value"


def ask(target: NetBoxTarget, object_types: Iterable[str]) -> dict[str, Accepted]:
    """The options of these types, without types for which NetBox returns none (no right to write such objects).

    One request per type, and one for the version. Raises MissingSecret without a token and ServerError where NetBox
    cannot be reached or is too old.
    """
    found = {}
    with NetBoxWriter(target) as netbox:
        netbox.connect()
        for object_type in object_types:
            try:
                fields = netbox.fields(object_type)
            except ServerError as error:
                if error.status in (403, 404):
                    continue
                raise
            if fields:
                found[object_type] = _accepted(fields)
    return found


def _accepted(fields: dict[str, dict[str, Any]]) -> Accepted:
    ours = {name: about for name, about in fields.items() if not about.get("read_only")}
    return Accepted(
        choices={
            name: {str(choice["value"]) for choice in about["choices"]}
            for name, about in ours.items()
            if about.get("choices")
        },
        lengths={name: about["max_length"] for name, about in ours.items() if about.get("max_length")},
        ranges={
            name: (about.get("min_value"), about.get("max_value"))
            for name, about in ours.items()
            if about.get("min_value") is not None or about.get("max_value") is not None
        },
        # A generic reference has one name in a change, and two fields in NetBox.
        required=tuple(
            name
            for name, about in ours.items()
            if about.get("required") and not name.endswith(("_type", "_id"))
        ),
    )
