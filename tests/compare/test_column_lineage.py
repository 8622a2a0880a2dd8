"""Which columns of the snapshots a NetBox field is made from, as the SQL files say."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.compare.column_lineage import FieldOrigins
from netbox_sync_dagster.config.resources import PREREQUISITES
from netbox_sync_dagster.defs.keys import KINDS, RESOURCES_OF
from netbox_sync_dagster.defs.lineage import diff_files


def origins(kind: str, resource: str) -> dict[str, list[str]]:
    fields = FieldOrigins(kind).of_diff(diff_files(resource))
    return {name: sorted(".".join(part) for part in parts) for name, parts in fields.items()}


@pytest.mark.parametrize(
    ("kind", "resource", "field", "columns"),
    [
        ("librenms", "interfaces", "mtu", ["librenms.ports.ifMtu", "netbox.interfaces.mtu"]),
        ("librenms", "interfaces", "speed", ["librenms.ports.ifSpeed", "netbox.interfaces.speed"]),
        ("librenms", "interfaces", "enabled", ["librenms.ports.ifAdminStatus", "netbox.interfaces.enabled"]),
        (
            "librenms",
            "interfaces",
            "name",
            # A management controller is called like its host's interface in NetBox, or after itself.
            [
                *("librenms.devices.hostname", "librenms.devices.os", "librenms.devices.sysName"),
                *("librenms.ports.ifDescr", "librenms.ports.ifName"),
                *("netbox.interfaces.id", "netbox.interfaces.name"),
            ],
        ),
        # The custom field's name is in the configuration.
        ("librenms", "interfaces", "cf.*", ["librenms.ports.port_id", "netbox.interfaces.cf"]),
        # Members of a stack have theirs from the inventory.
        (
            "librenms",
            "devices",
            "serial",
            ["librenms.devices.serial", "librenms.inventory.entPhysicalSerialNum", "netbox.devices.serial"],
        ),
        (
            "proxmox",
            "virtual_machines",
            "memory",
            ["netbox.virtual_machines.memory", "proxmox.guests.maxmem"],
        ),
    ],
)
def test_a_field_is_followed_to_the_columns_that_servers_were_read_into(
    kind: str, resource: str, field: str, columns: list[str]
) -> None:
    assert origins(kind, resource)[f"fields.{field}"] == columns


def test_sql_of_every_resource_can_be_followed() -> None:
    without = [
        f"{kind} {resource}"
        for kind in KINDS
        for resource in RESOURCES_OF[kind]
        if resource not in PREREQUISITES and not origins(kind, resource)
    ]
    assert without == []
