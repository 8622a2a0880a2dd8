"""The configuration as tables: what the comparison's SQL reads as ``config.*``.

- ``config.endpoint``: one row; see ``_endpoint_row``.
- ``config.mappings(kind, source, target)``, ``config.interface_types(ifType, speed, type)`` (kbit/s),
  ``config.name_fields(os, name_field)``
- ``config.module_rules(position, manufacturer, field, pattern, replacement)``, to be applied in order
- ``config.may_create(resource)``, ``config.may_delete(resource)``, ``config.may_delete_unowned(resource)``
- ``config.owned(field)``, ``config.disowned(field)``, ``config.owned_by_default(field)`` (``resource.field``),
  ``config.unowned_fields(field)``
- ``config.same_source(endpoint)``: this endpoint and those that reach the same cluster
- ``config.precedence(field, endpoint, rank)``: the endpoints in order, the first wins; field is ``resource.field``
  or ``*`` for those that have no order of their own
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from netbox_sync_dagster.config import Config, DockerEndpoint, Endpoint, LibreNMSEndpoint
from netbox_sync_dagster.config.model import ImportFilter
from netbox_sync_dagster.config.policies import OWNED_BY_DEFAULT, UNOWNED_FIELDS

# What the policy `primary_ip: always` owns.
_PRIMARY_FIELDS = ("primary_ips.primary_ip4", "primary_ips.primary_ip6", "primary_ips.oob_ip")
SYSTEM_NAMES = {"librenms": "LibreNMS", "proxmox": "Proxmox", "docker": "Docker"}


def create_settings(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    endpoint: Endpoint,
    *,
    snapshot_time: str,
    id_scope: str,
    peers: Sequence[str] = (),
) -> None:
    """Create schema ``config``. ``id_scope`` is the name under which ids are kept in id custom fields; ``peers``
    are the other endpoints that reach the same cluster."""
    con.execute("CREATE SCHEMA config")
    row = _endpoint_row(config, endpoint, id_scope)
    _table(con, "endpoint_text", list(row), [tuple(row.values())])
    # NULL text columns need a type of their own; lists and numbers are typed by their values.
    con.execute("CREATE TABLE config.endpoint AS FROM config.endpoint_text")
    con.execute("DROP TABLE config.endpoint_text")
    con.execute("ALTER TABLE config.endpoint ADD COLUMN snapshot_time TIMESTAMP")
    con.execute(
        "UPDATE config.endpoint SET snapshot_time = ?::TIMESTAMPTZ AT TIME ZONE 'UTC'", [snapshot_time]
    )
    _table(con, "mappings", ["kind", "source", "target"], _mappings(endpoint))
    types = endpoint.mappings.interface_types if isinstance(endpoint, LibreNMSEndpoint) else []
    con.execute("CREATE TABLE config.interface_types (ifType VARCHAR, speed BIGINT, type VARCHAR)")
    for line in types:
        con.execute(
            "INSERT INTO config.interface_types VALUES (?, ?, ?)", [line.ifType, line.speed, line.type]
        )
    rules = endpoint.mappings.module_rules if isinstance(endpoint, LibreNMSEndpoint) else []
    con.execute(
        """CREATE TABLE config.module_rules
           (position INTEGER, manufacturer VARCHAR, field VARCHAR, pattern VARCHAR, replacement VARCHAR)"""
    )
    for position, rule in enumerate(rules):
        con.execute(
            "INSERT INTO config.module_rules VALUES (?, ?, ?, ?, ?)",
            [position, rule.manufacturer, rule.field, rule.match, rule.replace],
        )
    by_os = endpoint.interface_name_field_by_os if isinstance(endpoint, LibreNMSEndpoint) else {}
    _table(con, "name_fields", ["os", "name_field"], list(by_os.items()))
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
        _table(con, table, [column], [(value,) for value in values])
    con.execute("CREATE TABLE config.precedence (field VARCHAR, endpoint VARCHAR, rank INTEGER)")
    for field, order in {"*": config.precedence, **config.field_precedence}.items():
        for rank, name in enumerate(order):
            con.execute("INSERT INTO config.precedence VALUES (?, ?, ?)", [field, name, rank])


def _table(
    con: duckdb.DuckDBPyConnection, name: str, columns: list[str], rows: list[tuple[Any, ...]]
) -> None:
    types = []
    for position in range(len(columns)):
        value = next((row[position] for row in rows if row[position] is not None), None)
        types.append(_duckdb_type(value))
    spec = ", ".join(f'"{column}" {kind}' for column, kind in zip(columns, types, strict=True))
    con.execute(f"CREATE TABLE config.{name} ({spec})")
    if rows:
        con.executemany(f"INSERT INTO config.{name} VALUES ({', '.join('?' * len(columns))})", rows)


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
                word = source if kind == "vnets" else source.lower()
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
    for column in ("id_field", "node_field"):
        con.execute(f"ALTER TABLE config.endpoint ADD COLUMN {column}_type VARCHAR")
        con.execute(
            f"UPDATE config.endpoint SET {column}_type = "
            f"(SELECT any_value(type) FROM netbox.custom_fields WHERE name = {column})"
        )
    con.execute("ALTER TABLE config.endpoint ADD COLUMN records_to VARCHAR")
    con.execute(
        """UPDATE config.endpoint SET records_to = CASE
             WHEN guest_records IN ('none', 'custom_fields') THEN guest_records
             -- A table that the token may not read would look empty.
             WHEN EXISTS (FROM netbox.scopes WHERE NOT complete AND starts_with(scope_id, 'proxbox_')) THEN 'none'
             WHEN (SELECT bool_or(proxbox) FROM netbox.status) THEN 'plugin'
             WHEN guest_records = 'auto' THEN 'custom_fields' ELSE 'none' END"""
    )
    con.execute("ALTER TABLE config.endpoint ADD COLUMN writes_id_fields BOOLEAN")
    con.execute(
        """UPDATE config.endpoint SET writes_id_fields =
             'custom_fields' IN (SELECT resource FROM config.may_create)
             OR list_has_all((SELECT coalesce(list(name), []) FROM netbox.custom_fields), id_fields)"""
    )
