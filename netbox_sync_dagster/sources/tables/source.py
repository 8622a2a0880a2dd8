"""Tables as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.config.policies import RESOURCES
from netbox_sync_dagster.sources.base import Counted, Say, Source
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.questions import Question
from netbox_sync_dagster.sources.tables.columns import KIND, TABLES
from netbox_sync_dagster.sources.tables.config import TablesEndpoint

if TYPE_CHECKING:
    from netbox_sync_dagster.storage import Manifest, Warehouse

_NOT_HERE = frozenset(
    (
        *("virtual_chassis", "virtual_chassis_members", "virtual_chassis_masters"),
        *("module_types", "module_bays", "modules", "oob_ips"),
        *("storages", "backups", "snapshots", "tasks", "replications"),
    )
)


class Tables(Source):
    """Devices, virtual machines and what belongs to them, from a folder of SQL files."""

    kind = KIND
    title = name = "Tables"
    endpoint = TablesEndpoint
    tables = TABLES
    # Every folder has a row here for each table.
    main_table = "files"
    resources = frozenset(RESOURCES) - _NOT_HERE
    main_resource = "devices"
    id_fields = ("tables_endpoint", "tables_id", "tables_device")
    id_field = "tables_id"
    cluster_field = "tables_endpoint"
    cluster_word = "cluster of tables"
    counted = (
        Counted("devices", "devices", "SELECT '*' FROM devices"),
        Counted("virtual_machines", "virtual machines", "SELECT '*' FROM virtual_machines"),
        Counted("interfaces", "interfaces", "SELECT device FROM interfaces", all_from=1),
        Counted("vm_interfaces", "interfaces", "SELECT virtual_machine FROM vm_interfaces", all_from=1),
        Counted("virtual_disks", "disks", "SELECT virtual_machine FROM virtual_disks"),
        Counted("ip_addresses", "addresses", "SELECT coalesce(device, virtual_machine) FROM ip_addresses"),
        Counted("vlans", "VLANs", "SELECT coalesce(device, '*') FROM vlans"),
        Counted("cables", "neighbours", "SELECT device FROM cables"),
    )
    owners = "SELECT id FROM devices UNION ALL SELECT id FROM virtual_machines"
    references = (
        ("interfaces", "device", "devices", "id"),
        ("vm_interfaces", "virtual_machine", "virtual_machines", "id"),
        ("virtual_disks", "virtual_machine", "virtual_machines", "id"),
    )
    wide_scopes = ("devices", "virtual_machines")
    questions = (Question("sql", "Folder of the SQL files", "machines"),)

    def check(self, endpoint: TablesEndpoint) -> list[Check]:
        """See ``Source.check``."""
        from netbox_sync_dagster.sources.tables.check import check_tables

        return check_tables(endpoint)

    def connects(self, endpoint: TablesEndpoint) -> str:
        """See ``Source.connects``."""
        from netbox_sync_dagster.sources.tables.folder import find_files

        return f"{endpoint.sql} has {len(find_files(endpoint).files)} SQL files"

    def snapshot(
        self,
        endpoint: TablesEndpoint,
        warehouse: Warehouse,
        *,
        say: Say,
        accept_shrink: bool,
        only: str | None,
    ) -> Manifest:
        """See ``Source.snapshot``."""
        from netbox_sync_dagster.sources.tables.snapshot import snapshot_tables

        return snapshot_tables(endpoint, warehouse, progress=say, accept_shrink=accept_shrink)

    def settings(self, endpoint: TablesEndpoint, id_scope: str) -> dict[str, Any]:
        """See ``Source.settings``."""
        return {
            "id_word": "id",
            "node_field": "tables_device",
            "nic_word": "interface",
            "cluster_type": endpoint.cluster_type,
            "cluster_group": endpoint.cluster_group,
            "guest_table": "virtual_machines",
            "address_table": "ip_addresses",
            "shows_all_interfaces": True,
            "shows_all_addresses": True,
            "shows_lag_members": True,
            "ids_span_clusters": True,
            "default_cluster": endpoint.cluster or endpoint.name,
        }


SOURCE = Tables()
