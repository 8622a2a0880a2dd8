"""What NetBox takes for objects of a type, in its own words: ``OPTIONS`` of the list endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.http import ServerError


@dataclass(frozen=True)
class Accepted:
    """What NetBox takes for one type, by field: choices, longest text, (least, greatest) number; and the fields
    without which it takes no new object."""

    choices: dict[str, set[str]]
    lengths: dict[str, int]
    ranges: dict[str, tuple[float | None, float | None]]
    required: tuple[str, ...] = ()

    def faults(self, row: DiffRow) -> Iterator[str]:
        """What NetBox would say against the values that a change writes."""
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
    """What NetBox says of these types; those of which it says nothing (no right to write such objects) are left out.

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
        # A reference to any kind of object goes under one name in a change, and under two to NetBox.
        required=tuple(
            name
            for name, about in ours.items()
            if about.get("required") and not name.endswith(("_type", "_id"))
        ),
    )
