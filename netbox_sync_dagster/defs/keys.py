"""The names of assets, groups and jobs, and which resources a kind of endpoint has."""

from __future__ import annotations

from functools import cache

import dagster as dg

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.registry import sources

Kind = str
KINDS: tuple[Kind, ...] = tuple(sources())
TITLES = {**{kind: source.title for kind, source in sources().items()}, "netbox": "NetBox"}
# Resources that the user's rules set for the objects of any kind.
_BY_RULES = frozenset(("contact_assignments",))
# In apply order.
RESOURCES_OF: dict[Kind, tuple[str, ...]] = {
    kind: tuple(name for name in RESOURCES if name in source.resources | _BY_RULES)
    for kind, source in sources().items()
}
# The resource whose asset has the checks on the whole diff.
MAIN_RESOURCE: dict[Kind, str] = {kind: source.main_resource for kind, source in sources().items()}

KIND_TAG = "netbox_sync/kind"
ENDPOINT_TAG = "netbox_sync/endpoint"


@cache
def table_key(system: str, table: str) -> dg.AssetKey:
    """``librenms/ports``"""
    return dg.AssetKey([system, table])


@cache
def diff_key(kind: Kind, resource: str) -> dg.AssetKey:
    """``diff/librenms/interfaces``"""
    return dg.AssetKey(["diff", kind, resource])


@cache
def apply_key(kind: Kind, resource: str) -> dg.AssetKey:
    """``apply/librenms/interfaces``"""
    return dg.AssetKey(["apply", kind, resource])
