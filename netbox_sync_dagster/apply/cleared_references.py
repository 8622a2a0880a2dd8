"""Fields of other objects that NetBox changes with a write: a device's primary address is cleared when the address is
deleted, a virtual machine's disk size becomes the sum of its virtual disks, its site that of its cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from netbox_sync_dagster.apply.changes import Cleared, PendingWrite
from netbox_sync_dagster.apply.client import NetBoxWriter, Object
from netbox_sync_dagster.apply.deleted_content import as_value
from netbox_sync_dagster.compare.values import Value
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.dependents import DEPENDENTS


def _named_in() -> dict[str, dict[str, tuple[str, ...]]]:
    """By type of the deleted object: the types whose objects may refer to it, and the fields, whose values the ledger
    keeps."""
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for way in DEPENDENTS:
        if way.undo == "ledger":
            found[way.parent][way.related] = (*found[way.parent].get(way.related, ()), way.field)
    return dict(found)


_NAMED_IN = _named_in()
MACHINES = "virtualization/virtual-machines"
DISKS = "virtualization/virtual-disks"
CLUSTERS = "virtualization/clusters"
LOCATIONS = "dcim/locations"


def cleared(netbox: NetBoxWriter, object_type: str, ids: Iterable[int]) -> dict[int, list[Cleared]]:
    """For each object about to be deleted, by id, the fields of other objects that name it.

    One list request per field, as NetBox combines filters of different names with AND. Objects that the token may not
    view are skipped: they could not be restored either. Raises ServerError.
    """
    wanted = sorted(set(ids))
    found: dict[int, list[Cleared]] = defaultdict(list)
    for owner_type, names in _NAMED_IN.get(object_type, {}).items():
        for name in names:
            filters = ([(f"{name}_id", netbox_id)] for netbox_id in wanted)
            try:
                for row in netbox.any_of(owner_type, filters, [("fields", f"id,display,{name}")]):
                    value = row.get(name)
                    if value and value["id"] in wanted:
                        owner = str(row.get("display") or row["id"])
                        found[value["id"]].append(
                            Cleared(owner_type, row["id"], owner, name, as_value(value))
                        )
            except ServerError as error:
                if error.status != 403:
                    raise
    return found


def with_entered_sizes(netbox: NetBoxWriter, items: list[PendingWrite]) -> list[PendingWrite]:
    """Creates of virtual disks with the disk sizes that were entered for their virtual machines.

    NetBox replaces a machine's size with the sum of its disks once it has one. The first new disk of a machine carries
    the size. Machines that the token may not view are skipped: they could not be restored either. Raises ServerError.
    """
    machines = {item.body["virtual_machine"] for item in items if item.body.get("virtual_machine")}
    try:
        rows = netbox.by_ids(MACHINES, machines, "id,display,disk,virtual_disk_count")
    except ServerError as error:
        if error.status != 403:
            raise
        rows = {}
    entered = {
        row["id"]: Cleared(MACHINES, row["id"], str(row.get("display") or row["id"]), "disk", row["disk"])
        for row in rows.values()
        if row["disk"] is not None and not row["virtual_disk_count"]
    }
    sizes = (entered.pop(item.body.get("virtual_machine"), None) for item in items)
    return [
        replace(item, cleared=() if size is None else (size,))
        for item, size in zip(items, sizes, strict=True)
    ]


def with_former_sites(netbox: NetBoxWriter, items: list[PendingWrite]) -> list[PendingWrite]:
    """Updates of clusters with the sites of their virtual machines, which NetBox replaces with that of a new scope.

    Machines that the token may not view are skipped: they could not be restored either. Raises ServerError.
    """
    scopes = {item.netbox_id: f.after for item in items for f in item.fields if f.name == "scope" and f.after}
    sites = _sites_of(netbox, [scope for scope in scopes.values() if isinstance(scope, dict)])
    moved: dict[int | None, list[Cleared]] = defaultdict(list)
    new = {cluster: sites.get((scope["type"], scope["id"])) for cluster, scope in scopes.items()}
    filters = ([("cluster_id", cluster)] for cluster, site in new.items() if site)
    for row in _visible(netbox, MACHINES, filters, "id,display,site,cluster"):
        cluster = row["cluster"]["id"]
        site, former = new.get(cluster), as_value(row["site"])
        if site and (former or {}).get("id") != site["id"]:
            owner = str(row.get("display") or row["id"])
            moved[cluster].append(Cleared(MACHINES, row["id"], owner, "site", former, site))
    return [replace(item, cleared=tuple(moved[item.netbox_id])) for item in items]


def _sites_of(netbox: NetBoxWriter, scopes: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Value]]:
    """The site of each scope (type, id) that has one."""
    found: dict[tuple[str, int], dict[str, Value]] = {
        (scope["type"], scope["id"]): {name: scope[name] for name in ("id", "name") if name in scope}
        for scope in scopes
        if scope["type"] == "dcim.site"
    }
    places = ([("id", scope["id"])] for scope in scopes if scope["type"] == "dcim.location")
    for row in _visible(netbox, LOCATIONS, places, "id,site"):
        found["dcim.location", row["id"]] = as_value(row["site"])
    return found


def _visible(
    netbox: NetBoxWriter, object_type: str, filters: Iterable[list[tuple[str, Any]]], fields: str
) -> list[Object]:
    """The objects that match one of the filters, without those that the token may not view."""
    try:
        return list(netbox.any_of(object_type, filters, [("fields", fields)]))
    except ServerError as error:
        if error.status != 403:
            raise
        return []
