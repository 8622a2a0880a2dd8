"""Rows as LibreNMS sends them to rows of the stored tables. Fields without a column are dropped.

So SNMP communities and passwords in ``/devices`` end here. Every reader raises ValueError with the reason
for a row that cannot be taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netbox_sync_dagster.sources.librenms.tables import TABLES as LIBRENMS
from netbox_sync_dagster.sources.librenms.values import Row, converter, to_int, to_text

# Keys by which one stored address row is known in LibreNMS's two address tables.
_V4 = ("ipv4_address_id", "ipv4_address", "ipv4_prefixlen", "port_id", "context_name")
_V6 = ("ipv6_address_id", "ipv6_address", "ipv6_compressed", "ipv6_prefixlen", "port_id", "context_name")
_OLD_STACK = ("port_id_high", "port_id_low")

_REQUIRED = {
    "devices": ("device_id", "hostname"),
    "ports": ("port_id", "device_id"),
    "port_vlans": ("device_id", "port_id", "vlan"),
    "port_stack": ("device_id",),
    "ip_addresses": ("address_id", "family", "port_id"),
    "vlans": ("vlan_id", "device_id", "vlan_vlan"),
    "links": ("id", "local_device_id"),
    "locations": ("id",),
    "vrfs": ("vrf_id", "device_id"),
    "inventory": ("device_id", "entPhysicalIndex"),
    "transceivers": ("id", "device_id"),
    "device_groups": ("name", "device_id"),
    "system": (),
}
_plain = {name: converter(LIBRENMS[name].columns, required) for name, required in _REQUIRED.items()}


def _device(raw: Row) -> Row:
    # Some releases give the location as an object.
    location = raw.get("location")
    if isinstance(location, dict):
        inner = {key: location.get(key) for key in ("lat", "lng") if raw.get(key) is None}
        raw = {**raw, **inner, "location": location.get("location")}
    return _plain["devices"](raw)


def _address(raw: Row) -> Row:
    if "ipv4_address" in raw:
        family, name = 4, "ipv4"
        address = raw["ipv4_address"]
    elif "ipv6_address" in raw or "ipv6_compressed" in raw:
        family, name = 6, "ipv6"
        address = raw.get("ipv6_address") or raw.get("ipv6_compressed")
    else:
        raise ValueError("neither an IPv4 nor an IPv6 address")
    return _plain["ip_addresses"](
        {
            "address_id": raw.get(f"{name}_address_id"),
            "family": family,
            "address": address,
            "prefixlen": raw.get(f"{name}_prefixlen"),
            "port_id": raw.get("port_id"),
            "context_name": raw.get("context_name"),
        }
    )


def _stack(raw: Row) -> Row:
    if "port_id_high" in raw or "port_id_low" in raw:
        # Before 24.8: only active mappings, 0 for none.
        raw = {
            "device_id": raw.get("device_id"),
            "high_port_id": to_int(raw.get("port_id_high")) or None,
            "low_port_id": to_int(raw.get("port_id_low")) or None,
            "ifStackStatus": "active",
        }
    return _plain["port_stack"](raw)


READERS: dict[str, Callable[[Row], Row]] = {
    **_plain,
    "devices": _device,
    "ip_addresses": _address,
    "port_stack": _stack,
}
_KEPT = {
    **{name: set(LIBRENMS[name].columns) for name in READERS},
    "ip_addresses": {*_V4, *_V6},
    "port_stack": {*LIBRENMS["port_stack"].columns, *_OLD_STACK},
}
# The id by which a person finds a rejected row.
_ID = {
    "devices": "device_id",
    "ports": "port_id",
    "port_vlans": "port_id",
    "port_stack": "device_id",
    "vlans": "vlan_id",
    "links": "id",
    "locations": "id",
    "vrfs": "vrf_id",
    "inventory": "entPhysical_id",
    "transceivers": "id",
    "device_groups": "device_id",
}


def row_key(table: str, raw: Any) -> str:
    """The id of a row that could not be taken, or ``?``."""
    names = ("ipv4_address_id", "ipv6_address_id") if table == "ip_addresses" else (_ID.get(table, "id"),)
    values = [raw.get(name) for name in names] if isinstance(raw, dict) else []
    return next((_printable(value) for value in values if value is not None), "?")


def row_device(table: str, raw: Any) -> int | None:
    """The device that an unreadable row belongs to, where it says so itself."""
    name = "local_device_id" if table == "links" else "device_id"
    try:
        return to_int(raw.get(name)) if isinstance(raw, dict) else None
    except ValueError:
        return None


def without_secrets(table: str, raw: Any) -> Any:
    """What of an unreadable row may be kept: the columns of its table."""
    if not isinstance(raw, dict):
        return f"a {type(raw).__name__} instead of an object"
    return {key: _printable(value) for key, value in raw.items() if key in _KEPT[table]}


def _printable(value: Any) -> str:
    text = to_text(value) if value is None or isinstance(value, bool | int) else str(value)
    return (text if text is not None else "null").encode("utf-8", "backslashreplace").decode()[:1000]
