"""The names of assets, groups and jobs, and which resources a kind of endpoint has."""

from __future__ import annotations

import dagster as dg

from netbox_sync_dagster.config.policies import RESOURCES

Kind = str
KINDS: tuple[Kind, ...] = ("librenms", "proxmox", "docker")
TITLES = {"librenms": "LibreNMS", "proxmox": "Proxmox VE", "docker": "Docker", "netbox": "NetBox"}
OWNERS = ("team:network",)

_GUESTS_ONLY = ("cluster_types", "clusters", "virtual_machines", "vm_interfaces", "virtual_disks")
_PROXMOX_ONLY = ("storages", "backups", "snapshots", "tasks", "replications")
_LIBRENMS_ONLY = (
    "virtual_chassis",
    "virtual_chassis_members",
    "virtual_chassis_masters",
    "cables",
    "module_types",
    "module_bays",
    "modules",
)
# A Docker host shows containers and their networks. Disks are deleted along with a virtual machine.
_DOCKER = (
    "custom_fields",
    "device_roles",
    "platforms",
    "sites",
    *_GUESTS_ONLY,
    "mac_addresses",
    "primary_macs",
    "ip_addresses",
    "primary_ips",
)
RESOURCES_OF: dict[Kind, tuple[str, ...]] = {
    "librenms": tuple(name for name in RESOURCES if name not in (*_GUESTS_ONLY, *_PROXMOX_ONLY)),
    "proxmox": tuple(name for name in RESOURCES if name not in _LIBRENMS_ONLY),
    "docker": tuple(name for name in RESOURCES if name in _DOCKER),
}

# The asset that carries the checks on a whole snapshot or diff.
MAIN_RESOURCE: dict[Kind, str] = {
    "librenms": "devices",
    "proxmox": "virtual_machines",
    "docker": "virtual_machines",
}

KIND_TAG = "netbox_sync/kind"
ENDPOINT_TAG = "netbox_sync/endpoint"


def table_key(system: str, table: str) -> dg.AssetKey:
    """``librenms/ports``"""
    return dg.AssetKey([system, table])


def diff_key(kind: Kind, resource: str) -> dg.AssetKey:
    """``diff/librenms/interfaces``"""
    return dg.AssetKey(["diff", kind, resource])


def apply_key(kind: Kind, resource: str) -> dg.AssetKey:
    """``apply/librenms/interfaces``"""
    return dg.AssetKey(["apply", kind, resource])
