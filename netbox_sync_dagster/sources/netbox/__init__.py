"""NetBox, the target: its objects as tables, and whether a token may do what a sync needs."""

from netbox_sync_dagster.sources.netbox.check import check_netbox
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox

__all__ = ["check_netbox", "snapshot_netbox"]
