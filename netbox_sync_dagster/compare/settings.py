"""The configuration as tables: what the comparison's SQL reads as ``config.*``.

- ``config.endpoint``: one row; see ``_endpoint_row``.
- ``config.mappings(kind, source, target)``, ``config.interface_types(ifType, speed, type)`` (kbit/s),
  ``config.name_fields(os, name_field)``
- ``config.module_rules(position, manufacturer, field, pattern, replacement)``, to be applied in order
- ``config.may_create(resource)``, ``config.may_delete(resource)``, ``config.may_delete_unowned(resource)``
- ``config.deleted_types(resource, object_type)``: the list endpoints of what a delete of the resource may take
- ``config.owned(field)``, ``config.disowned(field)``, ``config.owned_by_default(field)`` (``resource.field``),
  ``config.unowned_fields(field)``
- ``config.same_source(endpoint)``: this endpoint and those that reach the same cluster
- ``config.no_rivals(object_type, endpoint)``: endpoints whose earlier writes to such objects are no other opinion: a
  guest is in one Proxmox cluster at a time, so what another one wrote to it dates from before it moved
- ``config.other_guests(endpoint, cluster, vmid, name, macs, gap)``: what other Proxmox clusters show, one row per guest
  and one without a vmid per endpoint; filled only where a guest may have moved (``compare/moves.py``)
- ``config.former_guests(netbox_id, uuid)``: the SMBIOS UUID of a guest that has another name now
  (``compare/former_guests.py``)
- ``config.no_rivals(object_type, endpoint)``: whose earlier writes to such objects are no other opinion, because the
  object can only have come here from there: a guest is in one Proxmox cluster at a time
- ``config.other_guests(endpoint, cluster, vmid, name, macs, gap)``: what the other Proxmox clusters show, one row per
  guest, and one without a vmid per endpoint; filled only where a guest may have moved (``compare/moves.py``)
- ``config.precedence(field, endpoint, rank)``: the endpoints in order, the first wins; field is ``resource.field``
  or ``*`` for those that have no order of their own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from netbox_sync_dagster.compare.inputs import run
from netbox_sync_dagster.config import Config, DockerEndpoint, Endpoint, LibreNMSEndpoint, ProxmoxEndpoint
from netbox_sync_dagster.config.librenms import ImportFilter
from netbox_sync_dagster.config.policies import OWNED_BY_DEFAULT, UNOWNED_FIELDS
from netbox_sync_dagster.sources.netbox.dependents import DELETED_FOR

# What the policy `primary_ip: always` owns.
_PRIMARY_FIELDS = ("primary_ips.primary_ip4", "primary_ips.primary_ip6", "primary_ips.oob_ip")
# What a guest consists of in NetBox.
_OF_GUESTS = (
    "virtualization/virtual-machines",
    "virtualization/interfaces",
    "virtualization/virtual-disks",
    "dcim/mac-addresses",
    "ipam/ip-addresses",
)
SYSTEM_NAMES = {"librenms": "LibreNMS", "proxmox": "Proxmox", "docker": "Docker"}


@dataclass(frozen=True)
class SettingsTable:
    """One table of schema ``config``: {column: DuckDB type} and the rows."""

    columns: dict[str, str]
    rows: list[tuple[Any, ...]]


Settings = dict[str, SettingsTable]


def settings_of(config: Config, endpoint: Endpoint, id_scope: str, peers: Sequence[str] = ()) -> Settings:
    """The tables of schema ``config``. ``id_scope`` is the name under which ids are kept in id custom fields;
    ``peers`` are the other endpoints that reach the same cluster."""
    row = _endpoint_row(config, endpoint, id_scope)
    # NULL text columns need a type of their own; lists and numbers are typed by their values.
    types = {column: _duckdb_type(value) for column, value in row.items()}
    found = {
        "endpoint": SettingsTable(types, [tuple(row.values())]),
        "mappings": SettingsTable(_texts("kind", "source", "target"), _mappings(endpoint)),
    }
    librenms = endpoint if isinstance(endpoint, LibreNMSEndpoint) else None
    found["interface_types"] = SettingsTable(
        {"ifType": "VARCHAR", "speed": "BIGINT", "type": "VARCHAR"},
        [(line.ifType, line.speed, line.type) for line in librenms.mappings.interface_types]
        if librenms
        else [],
    )
    found["module_rules"] = SettingsTable(
        {"position": "INTEGER", **_texts("manufacturer", "field", "pattern", "replacement")},
        [
            (position, rule.manufacturer, rule.field, rule.match, rule.replace)
            for position, rule in enumerate(librenms.mappings.module_rules if librenms else [])
        ],
    )
    found["name_fields"] = SettingsTable(
        _texts("os", "name_field"), list(librenms.interface_name_field_by_os.items()) if librenms else []
    )
    policies = endpoint.policies
    for table, column, values in (
        ("may_create", "resource", policies.create),
        ("may_delete", "resource", policies.delete),
        ("may_delete_unowned", "resource", policies.delete_unowned),
        ("owned", "field", [*policies.owns, *(_PRIMARY_FIELDS if policies.primary_ip == "always" else ())]),
        ("disowned", "field", policies.disowns),
        ("owned_by_default", "field", OWNED_BY_DEFAULT),
        ("unowned_fields", "field", UNOWNED_FIELDS),
        ("same_source", "endpoint", [endpoint.name, *peers]),
    ):
        found[table] = SettingsTable(_texts(column), [(value,) for value in values])
    found["deleted_types"] = SettingsTable(
        _texts("resource", "object_type"),
        [(resource, path) for resource, paths in DELETED_FOR.items() for path in paths],
    )
    found["precedence"] = SettingsTable(
        {**_texts("field", "endpoint"), "rank": "INTEGER"},
        [
            (field, name, rank)
            for field, order in {"*": config.precedence, **config.field_precedence}.items()
            for rank, name in enumerate(order)
        ],
    )
    found["no_rivals"] = SettingsTable(
        _texts("object_type", "endpoint"),
        [
            (object_type, other.name)
            for other in config.endpoints
            if isinstance(endpoint, ProxmoxEndpoint) and isinstance(other, ProxmoxEndpoint)
            if other.name not in (endpoint.name, *peers)
            for object_type in _OF_GUESTS
        ],
    )
    found["other_guests"] = SettingsTable(
        {**_texts("endpoint", "cluster", "vmid", "name"), "macs": "VARCHAR[]", "gap": "VARCHAR"}, []
    )
    found["former_guests"] = SettingsTable({"netbox_id": "BIGINT", "uuid": "VARCHAR"}, [])
    return found


def create_settings(con: duckdb.DuckDBPyConnection, settings: Settings, snapshot_time: str) -> None:
    """Create schema ``config`` with these tables, and when the endpoint was read, in one script."""
    lines = ["CREATE SCHEMA config;"]
    for name, table in settings.items():
        columns = ", ".join(f'"{column}" {kind}' for column, kind in table.columns.items())
        lines.append(f"CREATE TABLE config.{name} ({columns});")
        rows = ", ".join(f"({', '.join(map(_literal, row))})" for row in table.rows)
        if rows:
            lines.append(f"INSERT INTO config.{name} VALUES {rows};")
    moment = _literal(snapshot_time)
    lines.append(
        "ALTER TABLE config.endpoint ADD COLUMN snapshot_time TIMESTAMP"
        f" DEFAULT ({moment}::TIMESTAMPTZ AT TIME ZONE 'UTC');"
    )
    con.execute("\n".join(lines))


def _texts(*columns: str) -> dict[str, str]:
    return dict.fromkeys(columns, "VARCHAR")


def _literal(value: Any) -> str:
    """A value as SQL text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return "'" + str(value).replace("'", "''") + "'"


def _duckdb_type(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT"
    return "VARCHAR[]" if isinstance(value, list) else "VARCHAR"


def _mappings(endpoint: Endpoint) -> list[tuple[str, str, str]]:
    """One line per word: two spellings of one word, which have the same target, are one."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for kind, content in endpoint.mappings:
        if isinstance(content, dict):
            for source, target in content.items():
                word = source if kind in endpoint.mappings.exact else source.lower()
                found.setdefault((kind, word), (kind, str(source), str(target)))
    return list(found.values())


def _endpoint_row(config: Config, endpoint: Endpoint, id_scope: str) -> dict[str, Any]:
    policies = endpoint.policies
    same_kind = [other for other in config.endpoints if other.kind == endpoint.kind]
    row: dict[str, Any] = {
        "endpoint": endpoint.name,
        "kind": endpoint.kind,
        "system_name": SYSTEM_NAMES[endpoint.kind],
        "id_scope": id_scope,
        "only_of_its_kind": len(same_kind) == 1,
        **{f"default_{name}": value for name, value in endpoint.defaults},
        "missing_guests": policies.missing_guests,
        "missing_interfaces": policies.missing_interfaces,
        "stale_addresses": policies.stale_addresses,
        "move_addresses": policies.move_addresses,
        "move_modules": policies.move_modules,
        "primary_ip": policies.primary_ip,
        "site_coordinates": policies.site_coordinates,
        "ungrouped_vlans": policies.ungrouped_vlans,
        "link_local_ipv4": policies.link_local_ipv4,
    }
    if isinstance(endpoint, LibreNMSEndpoint):
        rule = endpoint.import_devices
        chosen = rule if isinstance(rule, ImportFilter) else ImportFilter()
        row |= {
            "id_field": "librenms_id",
            "id_word": "device_id",
            "nic_word": None,
            "node_field": "librenms_id",
            "cluster_field": None,
            "id_fields": ["librenms_id"],
            "guest_records": "none",
            "guest_bridge": "none",
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
        }
    elif isinstance(endpoint, DockerEndpoint):
        row |= {
            "id_field": "docker_container",
            "id_word": "container",
            "nic_word": "network of the container",
            "inventory": False,
            "node_field": "docker_container",
            "cluster_field": "docker_host",
            "id_fields": ["docker_host", "docker_container"],
            "cluster_name": id_scope,
            "cluster_type": endpoint.cluster_type,
            "cluster_group": endpoint.cluster_group,
            "ignored_containers": endpoint.ignored_containers,
            "bridge_addresses": endpoint.bridge_addresses,
            "guest_records": "none",
            "guest_bridge": "none",
        }
    else:
        row |= {
            "id_field": "proxmox_vmid",
            "id_word": "vmid",
            "nic_word": "netN of the guest",
            "inventory": False,
            "node_field": "proxmox_node",
            "cluster_field": "proxmox_cluster",
            "id_fields": ["proxmox_cluster", "proxmox_vmid", "proxmox_node"],
            "cluster_type": endpoint.cluster_type,
            "cluster_group": endpoint.cluster_group,
            "platform": endpoint.platform,
            "node_interface_type": endpoint.node_interface_type,
            "guest_records": endpoint.guest_records,
            "guest_bridge": endpoint.guest_bridge,
            "agent_interface_names": endpoint.use_guest_agent_interface_name,
            "include_templates": endpoint.include_templates,
        }
    return row


def add_id_field_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Add what NetBox knows of the id custom fields: their type, and whether they may be written at all; and where
    the records of guests (backups, snapshots, ...) go: plugin, custom_fields or none."""
    run(
        con,
        """CREATE OR REPLACE TABLE config.endpoint AS
           SELECT *,
               (SELECT any_value(type) FROM netbox.custom_fields WHERE name = id_field) AS id_field_type,
               (SELECT any_value(type) FROM netbox.custom_fields WHERE name = node_field) AS node_field_type,
               'custom_fields' IN (SELECT resource FROM config.may_create)
                   OR list_has_all((SELECT coalesce(list(name), []) FROM netbox.custom_fields), id_fields) AS writes_id_fields,
               CASE
                   WHEN guest_records IN ('none', 'custom_fields') THEN guest_records
                   -- A table that the token may not read would look empty.
                   WHEN EXISTS (FROM netbox.scopes WHERE NOT complete AND starts_with(scope_id, 'proxbox_')) THEN 'none'
                   WHEN (SELECT bool_or(proxbox) FROM netbox.status) THEN 'plugin'
                   WHEN guest_records = 'auto' THEN 'custom_fields' ELSE 'none' END AS records_to
           FROM config.endpoint""",
    )
