"""The definitions of the checks; the modules beside have their results."""

from __future__ import annotations

import dagster as dg

from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, Kind, diff_key, table_key
from netbox_sync_dagster.storage.tables import MAIN_TABLE

# Covers every configured endpoint of a kind, also between its syncs.
STATUS = "status"


def snapshot_checks(system: str) -> list[dg.AssetCheckSpec]:
    """The checks on the snapshots of one system."""
    key = table_key(system, MAIN_TABLE[system])
    return [
        dg.AssetCheckSpec(
            "complete",
            asset=key,
            description="Everything could be read. An error: the last read failed, or nothing was there.",
        ),
        dg.AssetCheckSpec(
            "not_shrunken",
            asset=key,
            description="No table holds fewer than 70 % of the rows of the last good snapshot.",
        ),
        dg.AssetCheckSpec(
            "references",
            asset=key,
            description="Every row's device, port, guest, ... is in the snapshot too.",
        ),
        dg.AssetCheckSpec(
            "nothing_rejected",
            asset=table_key(system, "rejected"),
            description="Every row that the server sent could be taken.",
        ),
    ]


def diff_checks(kind: Kind) -> list[dg.AssetCheckSpec]:
    """The checks on the diffs of one kind of endpoint."""
    key = diff_key(kind, MAIN_RESOURCE[kind])
    return [
        dg.AssetCheckSpec(
            "gates",
            asset=key,
            blocking=True,
            description="Passes when the diff may be approved (NetBox was read completely and recently).",
        ),
        dg.AssetCheckSpec(
            "within_limits",
            asset=key,
            description="The diff changes no larger share of a resource than policies.max_change_percent.",
        ),
        dg.AssetCheckSpec(
            "unique_keys", asset=key, description="No object is in the diff twice, no field is written twice."
        ),
        dg.AssetCheckSpec(
            "snapshots_agree",
            asset=key,
            description="All tables that went into the diff are of the snapshots that it names.",
        ),
        dg.AssetCheckSpec(
            STATUS,
            asset=key,
            description="No endpoint is unreachable, in error or stale. What each is: sync.status.",
        ),
    ]
