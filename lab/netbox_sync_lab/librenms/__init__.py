"""An in-memory LibreNMS for the demo and the tests."""

from netbox_sync_lab.librenms.server import LabLibreNMS
from netbox_sync_lab.librenms.state import LibreNMSState

__all__ = ["LabLibreNMS", "LibreNMSState"]
