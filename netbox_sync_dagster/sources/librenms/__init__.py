"""Reading a LibreNMS server (API v0, releases 23.11 and newer)."""

from netbox_sync_dagster.sources.librenms.check import check_librenms
from netbox_sync_dagster.sources.librenms.scopes import SCOPES
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms

__all__ = ["SCOPES", "check_librenms", "snapshot_librenms"]
