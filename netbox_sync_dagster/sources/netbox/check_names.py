"""Whether NetBox has the objects that the configuration names: the right sides of mappings, defaults, groups."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Defaults
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.netbox.api import listed
from netbox_sync_dagster.sources.netbox.choices import MAX_LENGTH, read_choices
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.sources.netbox.names import NAME_COLUMNS, table_of
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.storage.tables import NETBOX

# Names that no snapshot reads: the values that NetBox accepts for a field, and groups of people.
INTERFACE_TYPES = "interface_types"
USER_GROUPS = "user_groups"


@dataclass(frozen=True)
class Named:
    """A name that the configuration gives an object of NetBox.

    ``setting``: the setting with the name. ``table``: a table of NetBox's snapshot, INTERFACE_TYPES or USER_GROUPS.
    ``may_be_created``: a diff proposes to create it.
    """

    endpoint: str
    setting: str
    table: str
    name: str
    may_be_created: bool = False


def names_in(endpoints: Iterable[BaseEndpoint]) -> list[Named]:
    """The names in the settings of the endpoints."""
    found = []
    for endpoint in endpoints:
        for setting, section, name in _settings(endpoint):
            table = table_of(section)
            if table in NETBOX or table in (INTERFACE_TYPES, USER_GROUPS):
                # The fields of defaults.custom_fields are people's own.
                creates = table in endpoint.policies.may_create and table != "custom_fields"
                found.append(Named(endpoint.name, setting, table, name, creates))
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
    yield from _defaults(endpoint.defaults)
    for setting in ("cluster_group", "cluster_type"):
        value = getattr(endpoint, setting, None)
        if isinstance(value, str) and setting in endpoint.model_fields_set:
            yield setting, setting, value
    approvers = endpoint.policies.approvers
    for group in approvers.groups if approvers is not None else ():
        yield "policies.approvers.groups", USER_GROUPS, group
    yield from source_of(endpoint.kind).names(endpoint)


def _defaults(defaults: Defaults) -> Iterator[tuple[str, str, str]]:
    for name in sorted(defaults.model_fields_set - {"tags", "custom_fields", "tenant"}):
        value = getattr(defaults, name)
        if isinstance(value, str):
            yield f"defaults.{name}", name, value
    for resource, tenant in defaults.tenants().items():
        yield f"defaults.tenant ({resource})", "tenant", tenant
    for section, names in (("tags", defaults.tags), ("custom_fields", defaults.custom_fields)):
        for resource, used in names.items():
            for name in used:
                yield f"defaults.{section}.{resource}", section, name


def check_names(netbox: NetBox, wanted: Iterable[Named]) -> Iterator[Check]:
    """A failed check for each name that NetBox does not have, with the most similar ones; one good one per endpoint.

    A name that a diff proposes to create passes. One list per type is read: name, slug, model, part number or
    route distinguisher.
    """
    named = list(wanted)
    known = {table: _names_of(netbox, table) for table in sorted({one.table for one in named})}
    for endpoint in dict.fromkeys(one.endpoint for one in named):
        mine = [one for one in named if one.endpoint == endpoint]
        for table in sorted({one.table for one in mine if known[one.table] is None}):
            what = f"{_word(table)}s cannot be looked up: NetBox does not show them to this token"
            yield Check(True, f"{endpoint}: {table}", what)
        names = [(one, there) for one in mine if (there := known[one.table]) is not None]
        missing = [(one, there) for one, there in names if one.name.lower() not in there]
        for one, there in missing:
            yield _missing(one, there)
        if all(one.may_be_created for one, _ in missing):
            number = f"{len(names) - len(missing)} of the" if missing else "all"
            yield Check(True, f"{endpoint}: names", f"NetBox has {number} {len(names)} objects that it names")


def _missing(one: Named, known: dict[str, str]) -> Check:
    near = difflib.get_close_matches(one.name.lower(), known, n=2, cutoff=0.5)
    meant = f"; did you mean {' or '.join(dict.fromkeys(known[name] for name in near))}?" if near else ""
    created = " yet; a diff proposes to create it" if one.may_be_created else ""
    what = f"NetBox has no {_word(one.table)} '{one.name}'{created}{meant}"
    return Check(one.may_be_created, f"{one.endpoint}: {one.setting}", what)


def _word(table: str) -> str:
    word = table.replace("_", " ").removesuffix("s")
    return word.replace("vlan", "VLAN").replace("vrf", "VRF")


def _names_of(netbox: NetBox, table: str) -> dict[str, str] | None:
    """The names of a type's objects, in lower case, with the one that people see; None where NetBox does not say."""
    if table == INTERFACE_TYPES:
        rows = read_choices(netbox, "interfaces")
        values = [row["value"] for row in rows if row["field"] == "type" and row["value"] != MAX_LENGTH]
        return {value.lower(): value for value in values} or None
    if table == USER_GROUPS:
        return _groups(netbox)
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


def _groups(netbox: NetBox) -> dict[str, str] | None:
    try:
        rows = listed(netbox.http, netbox.api.users.groups)
    except ServerError as error:
        if error.status == 403:
            return None
        raise
    return {str(row["name"]).lower(): str(row["name"]) for row in rows}
