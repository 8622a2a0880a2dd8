"""Whether NetBox has the objects that the configuration names: the right sides of mappings, and defaults."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netbox_sync_dagster.config.endpoints import BaseEndpoint
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.netbox.api import listed
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.names import NAME_COLUMNS, table_of
from netbox_sync_dagster.sources.netbox.queries import SOURCES
from netbox_sync_dagster.storage.tables import NETBOX


@dataclass(frozen=True)
class Named:
    """A name that the configuration gives an object of NetBox. ``setting``: the setting with the name."""

    endpoint: str
    setting: str
    table: str
    name: str


def names_in(endpoints: Iterable[BaseEndpoint]) -> list[Named]:
    """The names that must be there: those of objects that a sync may create are left out."""
    found = []
    for endpoint in endpoints:
        for setting, section, name in _settings(endpoint):
            table = table_of(section)
            if table in NETBOX and table not in endpoint.policies.create:
                found.append(Named(endpoint.name, setting, table, name))
    return found


def _settings(endpoint: BaseEndpoint) -> Iterator[tuple[str, str, str]]:
    """(setting, section, name of the object)."""
    mappings = endpoint.mappings
    for section in sorted(mappings.model_fields_set):
        content = getattr(mappings, section)
        if isinstance(content, dict):
            for word, target in content.items():
                if isinstance(target, str):
                    yield f"mappings.{section}.{word}", section, target
    for name in sorted(endpoint.defaults.model_fields_set - {"tags", "custom_fields", "tenant"}):
        value = getattr(endpoint.defaults, name)
        if isinstance(value, str):
            yield f"defaults.{name}", name, value
    for resource, tenant in endpoint.defaults.tenants().items():
        yield f"defaults.tenant ({resource})", "tenant", tenant
    group = getattr(endpoint, "cluster_group", None)
    if isinstance(group, str):
        yield "cluster_group", "cluster_group", group


def check_names(netbox: NetBox, wanted: Iterable[Named]) -> Iterator[Check]:
    """A failed check for each name that NetBox does not have, with the most similar ones; one good one per endpoint.

    One list per type is read: name, slug, model, part number or route distinguisher.
    """
    named = list(wanted)
    known = {table: _names_of(netbox, table) for table in sorted({one.table for one in named})}
    for endpoint in dict.fromkeys(one.endpoint for one in named):
        mine = [one for one in named if one.endpoint == endpoint]
        missing = [one for one in mine if one.name.lower() not in known[one.table]]
        for one in missing:
            near = difflib.get_close_matches(one.name.lower(), known[one.table], n=2, cutoff=0.5)
            meant = f"; did you mean {' or '.join(known[one.table][name] for name in near)}?" if near else ""
            kind = one.table.replace("_", " ").removesuffix("s")
            yield Check(False, f"{endpoint}: {one.setting}", f"NetBox has no {kind} '{one.name}'{meant}")
        if not missing:
            yield Check(True, f"{endpoint}: names", f"NetBox has all {len(mine)} objects that it names")


def _names_of(netbox: NetBox, table: str) -> dict[str, str]:
    """The names of a type's objects, in lower case, with the one that people see."""
    source = SOURCES[table]
    columns = [name for name in NAME_COLUMNS if name in NETBOX[table].columns]
    found: dict[str, str] = {}
    app, _, name = source.path.partition("/")
    endpoint = getattr(getattr(netbox.api, app), name.replace("-", "_"))
    for row in listed(netbox.http, endpoint, fields=",".join(("id", *columns))):
        shown = str(row.get(columns[0]) or "")
        for column in columns:
            if row.get(column):
                found.setdefault(str(row[column]).lower(), shown)
    return found
