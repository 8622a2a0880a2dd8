"""Checks between a snapshot and an approval: a failure blocks the approval of the whole plan."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.netbox.ledger_names import url_in_ledger
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.clock import TOLERANCE
from netbox_sync_dagster.storage.ledger import apply_files, first_line
from netbox_sync_dagster.storage.sequence import number_of

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.config import NetBoxTarget
    from netbox_sync_dagster.storage import Warehouse
else:
    duckdb = lazy_module("duckdb")

# If NetBox was read longer than this before the endpoint, the comparison is out of date.
MAX_TARGET_LAG_SECONDS = 24 * 3600


def gates(source: dict[str, Any], target: dict[str, Any]) -> list[str]:
    """Sentences that block approval; empty when the plan may be approved.

    An incomplete snapshot of the endpoint does not block: it only leads to no delete and no clear. An incomplete read
    of NetBox does: unread objects would look missing and be created twice.
    """
    found = []
    if not target["complete"]:
        found.append("NetBox was not read completely: " + "; ".join(target["reasons"][:5]))
    # The numbers in the ids show which was read later; only the clock shows how much later.
    if number_of(target["snapshot_id"]) < number_of(source["snapshot_id"]):
        began, read = (datetime.fromisoformat(item["started"]) for item in (source, target))
        lag = datetime.fromisoformat(source["finished"]) - datetime.fromisoformat(target["finished"])
        if read > began + TOLERANCE:
            found.append(
                "NetBox was read before the endpoint, and is dated later: a clock was wrong; run the sync again"
            )
        elif lag.total_seconds() > MAX_TARGET_LAG_SECONDS:
            found.append("NetBox was read more than a day before the endpoint; run the sync again")
    return found


def another_netbox(warehouse: Warehouse, netbox: NetBoxTarget) -> list[str]:
    """A sentence if applies wrote only to NetBoxes of other URLs, and nobody has said whether this is the same one.

    Then nothing would be known of what this product created and wrote: its objects would count as somebody else's, and the
    edits of people would be overwritten. The ledger was downloaded before (``prepare_ledger``).
    """
    if netbox.formerly is not None:
        return []
    others: list[str] = []
    # Usually the newest apply wrote to this NetBox, and no other file is read.
    for file in sorted(apply_files(warehouse).values(), key=lambda file: file.stem, reverse=True):
        written_to = url_in_ledger(str(first_line(file).get("target") or ""))
        if written_to == netbox.base_url:
            return []
        if written_to and written_to not in others:
            others.append(written_to)
    if not others:
        return []
    return [
        f"netbox.url is {netbox.base_url}, and all applies so far wrote to {', '.join(others)}: add that URL to netbox.formerly if "
        "it is the same NetBox, else set netbox.formerly to []; then run the sync again"
    ]


def written_twice(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence if two rows of ``diff.rows`` write the same field of an object, or delete it: neither is certain."""
    objects = [text for (text,) in run(con, read_sql("plan/written_twice.sql")).fetchall()]
    return [f"two changes write one object: {'; '.join(dict.fromkeys(objects))}"] if objects else []
