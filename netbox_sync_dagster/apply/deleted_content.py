"""The content of a deleted object, which the ledger keeps."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.apply.changes import FieldWrite, PendingWrite
from netbox_sync_dagster.apply.client import Object
from netbox_sync_dagster.compare.values import GENERIC, Value

# Fields that an undo does not need: links to the object, and values that NetBox computes.
_NOT_CONTENT = {
    *("id", "url", "display_url", "display", "created", "last_updated", "config_context", "family"),
    *(f"{name}_{part}" for name in GENERIC for part in ("type", "id")),
    *("primary_ip", "_occupied"),
    *("link_peers", "link_peers_type", "connected_endpoints", "connected_endpoints_type"),
    *("connected_endpoints_reachable", "mac_addresses", "parent_device", "tagged_items"),
    *("installed_module", "members", "is_primary", "is_bay_compatible", "is_module_compatible"),
}


def removed(item: PendingWrite, row: Object) -> tuple[FieldWrite, ...]:
    """The object's content beyond the fields that the delete itself names, in the notation of a change.

    ``row`` is NetBox's complete answer. Empty values are omitted, as new objects have them anyway.
    """
    named = {field.name for field in item.fields}
    content: dict[str, Value] = {}
    for name, value in row.items():
        if name in _NOT_CONTENT or name.endswith("_count") or name.startswith("count_"):
            continue
        if name == "custom_fields":
            content |= {f"cf.{field}": as_value(one) for field, one in (value or {}).items()}
        elif name == "tags":
            content["tags"] = sorted(tag["slug"] for tag in value or ())
        elif name in GENERIC and value:
            content[name] = {"type": row.get(f"{name}_type"), **as_value(value)}
        elif name == "mac_address" and "primary_mac_address" in row:
            # Of an interface: the address of another object, shown.
            continue
        else:
            content[name] = as_value(value)
    return tuple(
        FieldWrite(name, value, None)
        for name, value in content.items()
        if name not in named and value not in (None, "", [], {})
    )


def as_value(value: Any) -> Value:
    """NetBox's value in the notation of a change: objects by id and name, choices by their value."""
    if isinstance(value, list):
        return [as_value(item) for item in value]
    if isinstance(value, dict):
        if "id" in value and ("url" in value or "display" in value):
            return {"id": value["id"], "name": value.get("display") or str(value["id"])}
        if set(value) == {"value", "label"}:
            return value["value"]
        if set(value) >= {"object_type", "object_id"}:
            name = (value.get("object") or {}).get("display") or str(value["object_id"])
            return {"type": value["object_type"], "id": value["object_id"], "name": name}
    return value
