"""Fields that NetBox clears when an object is deleted, such as a device's primary address with the address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from netbox_sync_dagster.apply.changes import Cleared
from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.apply.deleted_content import as_value
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
