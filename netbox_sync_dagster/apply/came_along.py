"""Parts that NetBox made together with a device, from its type.

Deleting the device takes them back too, and nothing is lost: NetBox makes them again with the device.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from netbox_sync_dagster.apply.changelog import ENTRY_DELAY
from netbox_sync_dagster.apply.client import NetBoxWriter, Object, moment_of
from netbox_sync_dagster.apply.inverse import Place
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import parse_version
from netbox_sync_dagster.sources.netbox.dependents import dependents_of

DEVICES = "dcim/devices"
_CHANGES = "core/object-changes"
# What changes without the part being edited.
_TIMES = ("created", "last_updated")
# What may be attached to a part without an entry of the changelog for it.
_ATTACHED = ("cable", "installed_module", "installed_device")


def parts_unchanged(netbox: NetBoxWriter, parts: dict[int, Collection[Place]]) -> set[Place]:
    """Those of these parts of devices (by the device's id) that came with their device and have not changed since.

    NetBox's changelog proves it: the request that created the device created the part too, and the part's content is
    the same now. Without the right to read the changelog nothing is proven. Raises ServerError.
    """
    models = {
        way.related: way.model
        for way in dependents_of(DEVICES, parse_version(netbox.version))
        if way.field == "device" and way.on_delete == "CASCADE"
    }
    made = {
        number: entries[0]["request_id"]
        for number, entries in _history(netbox, "dcim.device", parts).items()
        if _is_create(entries[0])
    }
    owners = {
        place: number
        for number, places in parts.items()
        for place in places
        if number in made and place[0] in models
    }
    by_type: dict[str, set[int]] = defaultdict(set)
    for object_type, number in owners:
        by_type[object_type].add(number)
    found = set()
    for object_type, ids in by_type.items():
        history = _history(netbox, models[object_type], ids)
        rows = netbox.by_ids(object_type, ids)
        for number, row in rows.items():
            entries = history.get(number)
            place = object_type, number
            if (
                entries
                and _is_create(entries[0])
                and entries[0]["request_id"] == made[owners[place]]
                and _content(entries[-1]) == _content(entries[0])
                and moment_of(row["last_updated"]) <= moment_of(entries[-1]["time"]) + ENTRY_DELAY
                and not any(row.get(name) for name in _ATTACHED)
            ):
                found.add(place)
    return found


def _history(netbox: NetBoxWriter, model: str, ids: Collection[int]) -> dict[int, list[Object]]:
    """The changelog's entries of these objects, oldest first."""
    fields = "id,time,action,request_id,changed_object_id,postchange_data"
    fixed = [("changed_object_type", model), ("fields", fields)]
    found: dict[int, list[Object]] = defaultdict(list)
    try:
        for row in netbox.any_of(
            _CHANGES, ([("changed_object_id", number)] for number in sorted(ids)), fixed
        ):
            found[row["changed_object_id"]].append(row)
    except ServerError as error:
        if error.status not in (403, 404):
            raise
        return {}
    for entries in found.values():
        entries.sort(key=lambda entry: entry["id"])
    return found


def _is_create(entry: Object) -> bool:
    return entry["action"]["value"] == "create"


def _content(entry: Object) -> dict[str, Any]:
    """What the object was after a change, without times and custom fields that have no value."""
    content = {name: value for name, value in (entry["postchange_data"] or {}).items() if name not in _TIMES}
    values = content.get("custom_fields") or {}
    return {**content, "custom_fields": {name: value for name, value in values.items() if value is not None}}
