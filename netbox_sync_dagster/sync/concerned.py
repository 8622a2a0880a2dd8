"""Which endpoints an edit in NetBox concerns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import ask

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.sources.netbox.hooks import Edited

# With more edits, nearly every endpoint is concerned.
MOST_EDITS = 1_000


def concerned(warehouse: Warehouse, edits: Collection[Edited], endpoints: Sequence[str]) -> list[str]:
    """Those of ``endpoints`` whose current diff may be another one after these edits.

    A device, a virtual machine and what belongs to them concern the endpoints that show it, by its name or as a match, or
    have written to it. Any other object, such as a site or a VLAN, concerns all endpoints; one that no comparison reads,
    none.
    """
    compared = [edit for edit in edits if edit.is_compared]
    if not compared:
        return []
    if len(compared) > MOST_EDITS or any(not edit.owners for edit in compared):
        return list(endpoints)
    found = ask(warehouse, lambda con: _owning(con, compared), few=False)
    return [name for name in endpoints if name in found]


def _owning(con: duckdb.DuckDBPyConnection, edits: Sequence[Edited]) -> set[str]:
    owners = {owner for edit in edits for owner in edit.owners}
    rows = con.execute(
        read_sql("concerned.sql"),
        {
            "devices": [number for model, number in owners if model == "dcim.device"],
            "names": sorted({name for edit in edits for name in edit.names}),
            "objects": [f"{edit.path} {edit.id}" for edit in edits],
        },
    ).fetchall()
    return {str(endpoint) for (endpoint,) in rows}
