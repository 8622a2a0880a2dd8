"""LibreNMS as a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.base import Counted, Rows, Say, Source
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.hooks import named
from netbox_sync_dagster.sources.librenms.config import ImportFilter, LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.tables import TABLES
from netbox_sync_dagster.sources.questions import Question

if TYPE_CHECKING:
    from netbox_sync_dagster.storage import Manifest, Warehouse

# Guests are among the devices of LibreNMS, and it shows neither clusters nor disks.
_NOT_HERE = frozenset(
    (
        "cluster_types",
        "clusters",
        "virtual_disks",
        "storages",
        "backups",
        "snapshots",
        "tasks",
        "replications",
    )
)


def _addresses(family: int, owner: str) -> str:
    return f"SELECT {owner} FROM ip_addresses JOIN ports USING (port_id) WHERE family = {family}"


class LibreNMS(Source):
    """A LibreNMS server: devices, ports, VLANs, addresses, neighbours, parts."""

    kind = "librenms"
    title = name = "LibreNMS"
    endpoint = LibreNMSEndpoint
    tables = TABLES
    main_table = "devices"
    resources = frozenset(RESOURCES) - _NOT_HERE
    main_resource = "devices"
    id_fields = ("librenms_id",)
    id_field = "librenms_id"
    counted = (
        Counted("devices", "devices", "SELECT '*' FROM devices"),
        # A polled device without any port is hardly ever right.
        Counted(
            "ports", "ports", "SELECT device_id FROM ports WHERE NOT coalesce(deleted, false)", all_from=1
        ),
        Counted("ip_addresses", "IPv4 addresses", _addresses(4, "device_id")),
        Counted("ip_addresses", "IPv6 addresses", _addresses(6, "device_id")),
        Counted("ip_addresses", "IPv4 addresses of all devices", _addresses(4, "'*'")),
        Counted("ip_addresses", "IPv6 addresses of all devices", _addresses(6, "'*'")),
        Counted("port_vlans", "VLAN memberships", "SELECT device_id FROM port_vlans"),
        # Few rows, and a single missing one clears a LAG.
        Counted("port_stack", "LAG members", "SELECT device_id FROM port_stack", min_lost=1),
        Counted("vlans", "VLANs", "SELECT device_id FROM vlans"),
        Counted("links", "neighbours", "SELECT local_device_id FROM links WHERE coalesce(active, true)"),
        Counted("inventory", "parts", "SELECT device_id FROM inventory"),
        Counted("transceivers", "transceivers", "SELECT device_id FROM transceivers"),
    )
    owners = "SELECT device_id FROM devices"
    references = (
        ("ports", "device_id", "devices", "device_id"),
        ("port_vlans", "port_id", "ports", "port_id"),
        ("ip_addresses", "port_id", "ports", "port_id"),
        ("vlans", "device_id", "devices", "device_id"),
        ("links", "local_port_id", "ports", "port_id"),
    )
    wide_scopes = ("installation", "devices", "ports")
    object_word = "device"
    questions = (
        Question("url", "URL, e.g. https://librenms.example.com"),
        Question("token_env", "Environment variable with the API token", "LIBRENMS_TOKEN"),
        Question("import_devices", "Devices that may be created in NetBox, none or all", "none"),
    )

    def check(self, endpoint: LibreNMSEndpoint) -> list[Check]:
        """See ``Source.check``."""
        from netbox_sync_dagster.sources.librenms.check import check_librenms

        return check_librenms(endpoint)

    def names(self, endpoint: LibreNMSEndpoint) -> list[tuple[str, str, str]]:
        """See ``Source.names``. Names that are made of groups of a location are known only by the sync."""
        mappings = endpoint.mappings
        rules = [
            (f"mappings.location_rules.{number}.{part}", part, name)
            for number, rule in enumerate(mappings.location_rules)
            for part in ("site", "region", "location", "rack", "tenant")
            if (name := getattr(rule, part)) and "\\" not in name
        ]
        types = [
            (f"mappings.interface_types.{number}.type", "interface_types", one.type)
            for number, one in enumerate(mappings.interface_types)
        ]
        return rules + types

    def connects(self, endpoint: LibreNMSEndpoint) -> str:
        """See ``Source.connects``."""
        from netbox_sync_dagster.sources.librenms.check import connects

        return connects(endpoint)

    def snapshot(
        self,
        endpoint: LibreNMSEndpoint,
        warehouse: Warehouse,
        *,
        say: Say,
        accept_shrink: bool,
        only: str | None,
    ) -> Manifest:
        """See ``Source.snapshot``."""
        from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms

        return snapshot_librenms(endpoint, warehouse, progress=say, accept_shrink=accept_shrink, only=only)

    def hook_objects(self, endpoint: LibreNMSEndpoint, content: Mapping[str, Any]) -> list[str]:
        """See ``Source.hook_objects``: the device of an alert, by the variables that an alert transport knows."""
        return named(content, "device_id", "hostname", "device")

    def counts_as(self, endpoint: LibreNMSEndpoint, started: str) -> dict[str, dict[str, str]]:
        """See ``Source.counts_as``: every poll moves ``last_polled``, which matters where it is too long ago."""
        age = f"""seconds_since(try_cast(last_polled AS TIMESTAMP), '{started}'::TIMESTAMPTZ AT TIME ZONE 'UTC',
            max(try_cast(last_polled AS TIMESTAMP)) OVER ())"""
        return {
            "devices": {
                "last_polled": f"CASE WHEN {age} > {endpoint.max_poll_age} THEN last_polled ELSE '' END"
            }
        }

    def settings(self, endpoint: LibreNMSEndpoint, id_scope: str) -> dict[str, Any]:
        """See ``Source.settings``."""
        rule = endpoint.import_devices
        chosen = rule if isinstance(rule, ImportFilter) else ImportFilter()
        return {
            "id_word": "device_id",
            "numeric_ids": True,
            "node_field": "librenms_id",
            "address_table": "ip_addresses",
            "shows_all_interfaces": True,
            "shows_all_addresses": True,
            "shows_lag_members": True,
            "shows_node_hardware": True,
            "shows_parts": endpoint.inventory,
            "import_devices": rule if isinstance(rule, str) else "filter",
            **{f"import_{name}": list(values) for name, values in chosen},
            "interface_name_field": endpoint.interface_name_field,
            "ignored_ports": endpoint.ignored_ports,
            "max_poll_age": endpoint.max_poll_age,
            "device_name": endpoint.device_name,
            "strip_domain": endpoint.strip_domain,
            "virtual_chassis": endpoint.virtual_chassis,
            "member_name": endpoint.member_name,
            "inventory": endpoint.inventory,
            "oob_interfaces": endpoint.oob_interfaces,
            "bmc_os": endpoint.bmc_os,
            "bmc_interface": endpoint.bmc_interface,
        }

    def page(self, endpoint: LibreNMSEndpoint, resource: str, row: Mapping[str, Any]) -> str | None:
        """See ``Source.page``: that of a device or of a port."""
        if resource == "devices" and row.get("source_id"):
            return f"/device/{row['source_id']}"
        if resource == "interfaces" and row.get("source_id") and row.get("device_source_id"):
            return f"/device/{row['device_source_id']}/port={row['source_id']}"
        return None

    def setting_rows(self, endpoint: LibreNMSEndpoint) -> dict[str, Rows]:
        """See ``Source.setting_rows``."""
        mappings = endpoint.mappings
        return {
            "interface_types": [(line.ifType, line.speed, line.type) for line in mappings.interface_types],
            "module_rules": [
                (position, rule.manufacturer, rule.field, rule.match, rule.replace)
                for position, rule in enumerate(mappings.module_rules)
            ],
            "location_rules": [
                (position, rule.match, rule.site, rule.region, rule.location, rule.rack, rule.tenant)
                for position, rule in enumerate(mappings.location_rules)
            ],
            "interface_filters": [
                *(("ignored_interfaces", None, pattern) for pattern in endpoint.ignored_interfaces),
                *(
                    ("ignored_interfaces_by_os", os, pattern)
                    for os, patterns in endpoint.ignored_interfaces_by_os.items()
                    for pattern in patterns
                ),
            ],
            "name_fields": list(endpoint.interface_name_field_by_os.items()),
            "port_roles": [
                (os, role, pattern)
                for role, names in (
                    ("lag", endpoint.lag_names_by_os),
                    ("bridge", endpoint.bridge_names_by_os),
                )
                for os, pattern in names.items()
            ],
        }


SOURCE = LibreNMS()
