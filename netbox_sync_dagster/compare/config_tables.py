"""The configuration as tables ``config.*`` for the comparison's SQL; sql/config.sql has their columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.config.endpoints import EXTENSIBLE
from netbox_sync_dagster.config.resources import UNOWNED_FIELDS
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.base import Rows
from netbox_sync_dagster.sources.netbox.dependents import DELETED_FOR
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.sources.registry import source_of, sources
from netbox_sync_dagster.sqlfiles import read_sql

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# Fields owned with the policy `primary_ip: always`.
_PRIMARY_FIELDS = ("primary_ips.primary_ip4", "primary_ips.primary_ip6", "primary_ips.oob_ip")

# {table: rows}; config.endpoint is one row, {column: value}.
Settings = tuple[dict[str, Any], dict[str, Rows]]


def settings_of(
    config: Config,
    endpoint: Endpoint,
    id_scope: str,
    peers: Sequence[str] = (),
    words: Sequence[tuple[str, str, str]] = (),
) -> Settings:
    """The row of ``config.endpoint`` and the rows of the other tables. ``id_scope`` is the name under which ids are kept
    in id custom fields; ``peers`` are the other endpoints that reach the same server; ``words`` the names that people
    have mapped: (section, name, name in NetBox)."""
    source, policies = source_of(endpoint.kind), endpoint.policies
    fields = [*policies.owns, *(_PRIMARY_FIELDS if policies.primary_ip == "always" else ())]
    rows: dict[str, Rows] = {
        "mappings": _mappings(endpoint, words),
        "may_create": _column(policies.may_create),
        "may_delete": _column(policies.delete),
        "may_delete_unowned": _column(policies.delete_unowned),
        "owned": _column(fields),
        "disowned": _column(policies.disowns),
        "unowned_fields": _column(UNOWNED_FIELDS),
        "same_source": _column([endpoint.name, *peers]),
        "other_endpoints": _column(
            [other.name for other in config.endpoints if other.name not in (endpoint.name, *peers)]
        ),
        "deleted_types": [(resource, path) for resource, paths in DELETED_FOR.items() for path in paths],
        "precedence": [
            (field, name, rank)
            for field, order in {"*": config.precedence, **config.field_precedence}.items()
            for rank, name in enumerate(order)
        ],
        "models": [(name, SOURCES[name].path, SOURCES[name].model) for name in EXTENSIBLE],
        "default_tenants": list(endpoint.defaults.tenants().items()),
        "default_tags": [(name, tag) for name, tags in endpoint.defaults.tags.items() for tag in tags],
        "default_custom_fields": [
            (resource, name, json.dumps(value, ensure_ascii=False))
            for resource, fields in endpoint.defaults.custom_fields.items()
            for name, value in fields.items()
        ],
        "no_rivals": source.rivals_not(config, endpoint, peers),
        "other_guest_fields": _other_guest_fields(endpoint.kind),
        **source.setting_rows(endpoint),
    }
    return _endpoint_row(config, endpoint, id_scope), rows


def create_settings(con: duckdb.DuckDBPyConnection, settings: Settings, snapshot_time: str) -> None:
    """Create schema ``config`` with these tables, and when the endpoint was read."""
    endpoint, tables = settings
    run(con, read_sql("config.sql"))
    declared = {name for name, *_ in con.execute("SELECT * FROM config.endpoint").description}
    lines = [
        f'ALTER TABLE config.endpoint ADD COLUMN "{column}" {_duckdb_type(value)};'
        for column, value in endpoint.items()
        if column not in declared
    ]
    columns = ", ".join(f'"{column}"' for column in endpoint)
    values = ", ".join(map(_literal, endpoint.values()))
    moment = f"({_literal(snapshot_time)}::TIMESTAMPTZ AT TIME ZONE 'UTC')"
    lines.append(f"INSERT INTO config.endpoint ({columns}, snapshot_time) VALUES ({values}, {moment});")
    for name, rows in tables.items():
        texts = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
        if texts:
            lines.append(f"INSERT INTO config.{name} VALUES {texts};")
    con.execute("\n".join(lines))


def add_id_field_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Set the columns of ``config.endpoint`` that depend on NetBox's data."""
    run(con, read_sql("config_facts.sql"))


def _column(values: Sequence[str]) -> Rows:
    return [(value,) for value in values]


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


def _mappings(endpoint: Endpoint, words: Sequence[tuple[str, str, str]]) -> Rows:
    """One line per name: two spellings of a name have the same target. A line of the file wins over an answer."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for kind, content in endpoint.mappings:
        if isinstance(content, dict):
            for source, target in content.items():
                word = source if kind in endpoint.mappings.exact else source.lower()
                found.setdefault((kind, word), (kind, str(source), str(target)))
    for section, source, target in words:
        word = source if section in endpoint.mappings.exact else source.lower()
        found.setdefault((section, word), (section, source, target))
    return list(found.values())


def _other_guest_fields(kind: str) -> Rows:
    """(custom field of the cluster, of the guest's id, what it calls a cluster) of the other kinds that have guests."""
    return [
        (field, source.id_field, source.cluster_word)
        for other, source in sources().items()
        if other != kind and (field := source.cluster_field) is not None
    ]


def _endpoint_row(config: Config, endpoint: Endpoint, id_scope: str) -> dict[str, Any]:
    policies, source = endpoint.policies, source_of(endpoint.kind)
    same_kind = [other for other in config.endpoints if other.kind == endpoint.kind]
    return {
        "endpoint": endpoint.name,
        "kind": endpoint.kind,
        "system_name": source.name,
        "id_scope": id_scope,
        "id_fields": list(source.id_fields),
        "cluster_field": source.cluster_field,
        "only_of_its_kind": len(same_kind) == 1,
        "id_field": source.id_field,
        **{
            f"default_{name}": value
            for name, value in endpoint.defaults
            if name not in ("tenant", "tags", "custom_fields")
        },
        "missing_guests": policies.missing_guests,
        "missing_interfaces": policies.missing_interfaces,
        "stale_addresses": policies.stale_addresses,
        "move_addresses": policies.move_addresses,
        "move_modules": policies.move_modules,
        "primary_ip": policies.primary_ip,
        "host_masks": policies.host_masks,
        "interface_prefixes": policies.interface_prefixes,
        "site_coordinates": policies.site_coordinates,
        "ungrouped_vlans": policies.ungrouped_vlans,
        "down_port_types": policies.down_port_types,
        "virtual_machines": policies.virtual_machines,
        "link_local_ipv4": policies.link_local_ipv4,
        "ignored_interfaces": endpoint.ignored_interfaces,
        "ignored_addresses": endpoint.ignored_networks(),
        **source.settings(endpoint, id_scope),
    }
