"""How long ago the last sync may be, from the configured intervals."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from netbox_sync_dagster.defs.keys import Kind
from netbox_sync_dagster.defs.partitions import enabled
from netbox_sync_dagster.defs.resources import config_at_start

# Multiples of the interval after which a sync is late, and after which it is missing.
_WARN, _FAIL = 2, 4
# Dagster's daemon checks freshness about this often.
_SHORTEST = 120


def sync_freshness(*kinds: Kind) -> dg.FreshnessPolicy | None:
    """The policy of an asset that every sync reports (the main resource of a diff), by the shortest interval of these kinds.

    None if no endpoint has an interval.

    Dagster tracks freshness per asset, not per partition: an asset goes stale when no endpoint of the kind is read.
    For the age of each endpoint's snapshot see ``netbox-sync status``.
    """
    config = config_at_start()
    if config is None:
        return None
    intervals = [item.interval for kind in kinds for item in enabled(config, kind) if item.interval]
    if not intervals:
        return None
    seconds = max(min(intervals), _SHORTEST)
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(seconds=_FAIL * seconds), warn_window=timedelta(seconds=_WARN * seconds)
    )
