"""The company that the demo shows: one network, seen by LibreNMS, Proxmox VE and (partly, partly wrong) NetBox."""

from netbox_sync_lab.estate.librenms import build_librenms
from netbox_sync_lab.estate.netbox import netbox_seed
from netbox_sync_lab.estate.proxmox import build_proxmox
from netbox_sync_lab.estate.seeding import SeedError, seed

__all__ = ["SeedError", "build_librenms", "build_proxmox", "netbox_seed", "seed"]
