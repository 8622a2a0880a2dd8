"""The parts of a line that stands for many changes of a kind: where they are, what differs, what goes with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from netbox_sync_dagster.cli.changes import MARKS
from netbox_sync_dagster.cli.console import LONGEST
from netbox_sync_dagster.cli.filters import NAMED_BY_KEY
from netbox_sync_dagster.compare.objects import Alike, Shared
from netbox_sync_dagster.compare.values import difference
from netbox_sync_dagster.config.resources import PREREQUISITES, RESOURCES
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow

# Names of devices in a line, and characters of a value there.
_NAMED = 2
_SHORT = 60
# Fields of an example.
_EXAMPLES = 3


def places_of(one: Alike) -> str:
    """`` of sw1 (20), sw2 (12) and 4 more``."""
    if one.place:
        return ""
    # The name of such an object stands for what it belongs to.
    of_itself = one.resource in (*PREREQUISITES, *NAMED_BY_KEY)
    numbered = not of_itself and len(one.parents) > 1
    named = [
        visible(name, _SHORT) + (f" ({number})" if numbered else "")
        for name, number in one.parents[:_NAMED]
        if name
    ]
    more = len(one.parents) - len(named)
    if not named:
        return ""
    joined = ", ".join(named) + (f" and {more} more" if more else "")
    return f" {joined}" if of_itself else f" of {joined}"


def fields_of(differs: Sequence[Shared]) -> Iterator[str]:
    """The fields, with the values of those that all objects share; if there is none, with an example of the first."""
    exact = any(field.values == 1 for field in differs)
    for position, field in enumerate(differs):
        name, values = visible(field.name), difference(field.before, field.after, _SHORT)
        if field.values == 1:
            yield f"{name}: {values}"
        else:
            yield str(name) if exact or position else f"{name}: e.g. {values}"


def shown_actions(one: Alike) -> frozenset[str]:
    """What the line of a kind of change shows: ``with mac_addresses`` means that they are created."""
    return frozenset({one.action, *(row.action for row in one.example.attached if row.action == "create")})


def example_line(row: DiffRow, number: int) -> Text:
    """One of ``number`` rows, e.g. ``~ 23 primary_ips, e.g. db1 IPv4: primary_ip4: none -> 10.0.0.1``."""
    mark, style = MARKS[row.action]
    key = visible(row.key, LONGEST)
    head = (
        f"{mark} {row.action} {row.resource} {key}"
        if number == 1
        else f"{mark} {number} {row.resource}, e.g. {key}"
    )
    text = Text.assemble("  ", (head, style))
    values = [
        f"{visible(item.name)}: {difference(item.before, item.after, _SHORT)}"
        for item in row.fields
        if item.decision == "update"
    ]
    if row.action == "update" and values:
        text.append(f": {', '.join(values[:_EXAMPLES])}")
        if len(values) > _EXAMPLES:
            text.append(f" and {len(values) - _EXAMPLES} more fields")
    return text


def attached_of(one: Alike) -> Iterator[str]:
    for resource, number in sorted(one.attached.items(), key=lambda item: RESOURCES.index(item[0])):
        yield f"with {resource}" if number == one.objects else f"{number} with {resource}"
