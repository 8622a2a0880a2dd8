"""Switches for tests of rules that set fields; a rule names the switches and addresses of its test."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    device,
    interface,
    port,
)


def switches() -> Estate:
    """LibreNMS, and the site, roles, types, VRFs and VLAN group of NetBox."""
    estate = Estate(
        "librenms",
        import_devices="all",
        policies={
            **GENEROUS,
            "create": ["devices", "tags", "ip_addresses", "vlans", "custom_fields"],
            "owns": ["devices.name", "devices.serial"],
        },
        defaults={"role": "Switch", "device_type": "X", "vlan_group": "campus"},
    )
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.sites", id=2, name="Lyon", slug="lyon")
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    estate.add("netbox.device_types", id=1, model="X", slug="x")
    estate.add("netbox.vrfs", id=4, name="red", rd="65000:1")
    estate.add("netbox.vlan_groups", id=1, name="campus", slug="campus")
    return estate


SWITCHES = Parts(switches)


def sw(estate: Estate, number: int, **content: Any) -> None:
    """LibreNMS's sw<number>, with which NetBox agrees; ``content`` is NetBox's."""
    device(estate, number, f"sw{number}")
    estate.add(
        "netbox.devices",
        **{"id": number, "name": f"sw{number}", "status": "active"},
        **{"site_id": 1, "role_id": 1, "device_type_id": 1, "cf": {"librenms_id": {"lib": number}}},
        **content,
    )


def port_of(estate: Estate, number: int) -> None:
    """Gi0/1 of sw<number>, in LibreNMS and in NetBox; both ids are <number>1."""
    port(estate, number * 10 + 1, "Gi0/1", device=number)
    interface(estate, number * 10 + 1, "Gi0/1", device=number, port=number * 10 + 1)


def changed(parts: Parts, resource: str, *keys: str) -> dict[str, dict[str, Any]]:
    """{key: fields} of the changes of a resource."""
    return {r.key: r.fields for r in of(parts, resource, *keys) if r.action in ("create", "update")}


def said(parts: Parts, resource: str, *keys: str) -> dict[str, tuple[str, str]]:
    """{key: (action, reason)} of the rows of a resource that have a reason."""
    return {r.key: (r.action, r.reason) for r in of(parts, resource, *keys) if r.reason}


def of(parts: Parts, resource: str, *keys: str) -> list[Row]:
    """The rows with these keys."""
    return [r for r in parts.estate().rows() if r.resource == resource and r.key in keys]
