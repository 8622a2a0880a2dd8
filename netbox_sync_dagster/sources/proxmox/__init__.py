"""Proxmox VE: a cluster or a single node, read over its HTTPS API into ``warehouse.tables.PROXMOX``."""

from netbox_sync_dagster.sources.proxmox.check import check_proxmox
from netbox_sync_dagster.sources.proxmox.reading import SCOPES
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox

__all__ = ["SCOPES", "check_proxmox", "snapshot_proxmox"]
