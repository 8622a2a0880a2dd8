"""What a delete would take away: the object itself, for the ledger, and what hangs on it, which forbids it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.apply.changes import Item, Written
from netbox_sync_dagster.apply.client import NetBoxWriter, Object
from netbox_sync_dagster.compare.values import Value
from netbox_sync_dagster.sources.http import SourceError

# What an undo does not need: where the object is shown, and what NetBox works out by itself.
_NOT_CONTENT = {
    *("id", "url", "display_url", "display", "created", "last_updated", "config_context", "family"),
    *("assigned_object_type", "assigned_object_id", "scope_type", "scope_id", "primary_ip", "_occupied"),
    *("link_peers", "link_peers_type", "connected_endpoints", "connected_endpoints_type"),
    *("connected_endpoints_reachable", "mac_addresses", "parent_device", "tagged_items"),
    *("installed_module", "members"),
}
# Lists and objects in an answer that are other objects which would go, or lose this one.
_HANGING = (
    *("mac_addresses", "nat_outside", "cable", "wireless_link", "l2vpn_termination"),
    "installed_module",
)
_WORDS = {
    "mac_addresses": "MAC address",
    "nat_outside": "NAT address",
    "l2vpn_termination": "L2VPN",
    "installed_module": "module",
}
_SHOWN = 5


@dataclass(frozen=True)
class _Referrer:
    """Objects that name one of the deleted type in ``fields``; ``name`` is what people call them.

    ``bearing``: only those count that have something in one of these fields themselves.
    """

    path: str
    filter: str
    fields: tuple[str, ...]
    name: str
    bearing: tuple[str, ...] = ()


# Ports come and go with their module; what somebody plugged into them must not.
_PORTS = (
    *("console-ports", "console-server-ports", "power-ports", "power-outlets"),
    *("front-ports", "rear-ports"),
)

# What NetBox neither counts in the object's own answer nor refuses to leave behind.
_REFERRERS = {
    "dcim/interfaces": tuple(
        _Referrer("dcim/interfaces", f"{name}_id", (name,), "interface")
        for name in ("lag", "parent", "bridge")
    ),
    "virtualization/interfaces": tuple(
        _Referrer("virtualization/interfaces", f"{name}_id", (name,), "interface")
        for name in ("parent", "bridge")
    ),
    "dcim/devices": (
        _Referrer("virtualization/virtual-machines", "device_id", ("device",), "virtual machine"),
        _Referrer("ipam/services", "device_id", ("parent", "device"), "service"),
    ),
    "dcim/modules": (
        _Referrer(
            *("dcim/interfaces", "module_id", ("module",), "interface"),
            bearing=("cable", "count_ipaddresses", "mac_addresses", "wireless_link"),
        ),
        *(
            _Referrer(f"dcim/{path}", "module_id", ("module",), path.removesuffix("s"), bearing=("cable",))
            for path in _PORTS
        ),
    ),
    "virtualization/virtual-machines": (
        _Referrer("ipam/services", "virtual_machine_id", ("parent", "virtual_machine"), "service"),
    ),
    "ipam/vlans": (
        _Referrer("dcim/interfaces", "vlan_id", ("untagged_vlan", "tagged_vlans"), "interface"),
        _Referrer("virtualization/interfaces", "vlan_id", ("untagged_vlan", "tagged_vlans"), "interface"),
    ),
}


def held(netbox: NetBoxWriter, object_type: str, rows: Iterable[Object]) -> dict[int, str]:
    """For each of these objects (whole answers) what hangs on it, by id; those that are free are left out.

    NetBox deletes such objects along, or makes them forget this one, without a word. Raises SourceError.
    """
    rows = list(rows)
    found: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        found[row["id"]] += _counted(row)
    if rows:
        for referrer in _REFERRERS.get(object_type, ()):
            ids = {row["id"] for row in rows}
            try:
                for owner, label in _referring(netbox, referrer, ids):
                    found[owner].append(f"{referrer.name} {label}")
            except SourceError as error:
                # 404: this NetBox knows no such objects.
                if error.status == 403:
                    for owner in ids:
                        found[owner].append(f"whatever {referrer.name}s the token's user may not view")
                elif error.status != 404:
                    raise
        if object_type == "extras/custom-fields":
            for row in rows:
                found[row["id"]] += _holding(netbox, row)
    return {netbox_id: _named(names) for netbox_id, names in found.items() if names}


def _counted(row: Object) -> list[str]:
    names = []
    for name in _HANGING:
        value = row.get(name)
        items = value if isinstance(value, list) else [value] if value else []
        word = _WORDS.get(name, name.replace("_", " "))
        names += [f"{word} {_label(item)}" for item in items]
    for name, number in row.items():
        if isinstance(number, int) and number and (name.endswith("_count") or name.startswith("count_")):
            words = name.removeprefix("count_").removesuffix("_count").replace("_", " ")
            names.append(f"{number} {words}")
    if row.get("tagged_items"):
        names.append(f"{row['tagged_items']} tagged objects")
    return names


def _referring(netbox: NetBoxWriter, referrer: _Referrer, ids: set[int]) -> Iterable[tuple[int, str]]:
    fixed = [("fields", ",".join(("id", "display", *referrer.fields, *referrer.bearing)))]
    for row in netbox.any_of(referrer.path, ([(referrer.filter, i)] for i in sorted(ids)), fixed):
        if referrer.bearing and not any(row.get(name) for name in referrer.bearing):
            continue
        for name in referrer.fields:
            value = row.get(name)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and item.get("id") in ids and item["id"] != row["id"]:
                    yield item["id"], str(row.get("display") or row["id"])


def _holding(netbox: NetBoxWriter, field: Object) -> list[str]:
    """An object that has a value of this custom field: deleting the field deletes every value."""
    for model in field.get("object_types") or ():
        path = _PATHS.get(model)
        if path is None:
            return [f"whether {model} objects hold a value of it is not known"]
        for row in netbox.rows(path, [("fields", "id,display,custom_fields")]):
            if (row.get("custom_fields") or {}).get(field["name"]) is not None:
                return [f"a value on {model} {row.get('display') or row['id']}"]
    return []


_PATHS = {
    "dcim.device": "dcim/devices",
    "dcim.interface": "dcim/interfaces",
    "ipam.ipaddress": "ipam/ip-addresses",
    "ipam.vlan": "ipam/vlans",
    "virtualization.cluster": "virtualization/clusters",
    "virtualization.virtualmachine": "virtualization/virtual-machines",
    "virtualization.vminterface": "virtualization/interfaces",
}


def _label(item: Any) -> str:
    return str(item.get("display") or item.get("id")) if isinstance(item, dict) else str(item)


def _named(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _SHOWN} more" if len(distinct) > _SHOWN else ""
    return ", ".join(distinct[:_SHOWN]) + more


def removed(item: Item, row: Object) -> tuple[Written, ...]:
    """The object's content beyond the fields that the delete itself names, in the notation of a change.

    ``row`` is NetBox's whole answer. Empty values are left out: they are what a new object has.
    """
    named = {field.name for field in item.fields}
    content: dict[str, Value] = {}
    for name, value in row.items():
        if name in _NOT_CONTENT or name.endswith("_count") or name.startswith("count_"):
            continue
        if name == "custom_fields":
            content |= {f"cf.{field}": as_value(held) for field, held in (value or {}).items()}
        elif name == "tags":
            content["tags"] = sorted(tag["slug"] for tag in value or ())
        elif name in ("assigned_object", "scope") and value:
            content[name] = {"type": row.get(f"{name}_type"), **as_value(value)}
        elif name == "mac_address" and "primary_mac_address" in row:
            # Of an interface: the address of another object, shown.
            continue
        else:
            content[name] = as_value(value)
    return tuple(
        Written(name, value, None)
        for name, value in content.items()
        if name not in named and value not in (None, "", [], {})
    )


def as_value(value: Any) -> Value:
    """NetBox's value as a change has it: objects by id and name, choices by their value."""
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
