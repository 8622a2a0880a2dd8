"""A tick of the sensor ``activity``: the events of what was done outside of Dagster's runs since the last tick."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

import dagster as dg

from netbox_sync_dagster.config import ConfigError, Endpoint
from netbox_sync_dagster.defs.cursors import remembered
from netbox_sync_dagster.defs.elsewhere import (
    Event,
    Written,
    diff_ids,
    events_of,
    syncs_of,
    waiting,
    written_after,
)
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.partitions import partition_keys
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import LONGEST, skip
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.storage.status import status_inputs
from netbox_sync_dagster.text import visible

# Diffs that one tick reports: with hundreds of endpoints a first tick would take minutes.
_AT_ONCE = 20


@dataclass(frozen=True)
class Memory:
    """What the sensor remembers: the state of the files that it read, the number of the last decision or apply that it
    reported (None: never ran), the current diff of each endpoint when it last looked, and the resources that it showed as
    approved and waiting."""

    inputs: str = ""
    seq: int | None = None
    diffs: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)


def new_activity(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """Events without a run; at the first tick of a new Dagster only the current diffs."""
    before = remembered(Memory, context.cursor)
    try:
        config = sync.config()
        warehouse = sync.warehouse(config)
        inputs = status_inputs(warehouse)
        if before.inputs == inputs:
            return skip("nothing new")
        endpoints = _shown(context.instance, config.endpoints)
        written = written_after(warehouse, before.seq)
        # The inputs were downloaded together.
        current = diff_ids(warehouse.as_downloaded(), list(endpoints.values()))
        new = [
            name
            for name, (diff_id, by_run) in current.items()
            if before.diffs.get(name) != diff_id and not by_run
        ]
        events: list[Event] = [
            *syncs_of(config, warehouse, [endpoints[name] for name in new[:_AT_ONCE]]),
            *events_of(written, endpoints),
        ]
        # Another diff may hold other changes than those that were approved.
        moved = {name for name, (diff_id, _) in current.items() if before.diffs.get(name) != diff_id}
        still = dict(before.waiting)
        for name in sorted((written.endpoints | (moved & set(still))) & set(endpoints)):
            found = waiting(config, warehouse, endpoints[name], still.pop(name, []))
            events += found.values()
            if left := [resource for resource, one in found.items() if "changes" in one.metadata]:
                still[name] = left
    except (ConfigError, WarehouseError) as error:
        return skip(sentence(error))
    late = set(new[_AT_ONCE:])
    memory = Memory(
        # With diffs left for the next tick it looks again.
        inputs if not late else "",
        written.seq,
        {name: diff_id for name, (diff_id, _) in current.items() if name not in late},
        still,
    )
    cursor = json.dumps(asdict(memory))
    if not events:
        context.update_cursor(cursor)
        return skip("nothing was done outside of Dagster's runs")
    return dg.SensorResult(
        asset_events=events, cursor=cursor, skip_reason=_said(len(new) - len(late), written)
    )


def _shown(instance: dg.DagsterInstance, endpoints: list[Endpoint]) -> dict[str, Endpoint]:
    """The endpoints that have a partition."""
    keys = {kind: set(partition_keys(instance, kind)) for kind in LOADED_KINDS}
    return {one.name: one for one in endpoints if one.name in keys.get(one.kind, ())}


def _said(syncs: int, written: Written) -> str:
    decided = sum(row["changes"] for row in written.decisions if row["through"] != "policy")
    applies = len({row["apply_id"] for row in written.applies})
    parts = [
        f"{syncs} syncs" if syncs else "",
        f"decisions about {decided} changes" if decided else "",
        f"{applies} applies" if applies else "",
    ]
    text = ", ".join(part for part in parts if part) or "what is approved and waits"
    return visible(f"reported: {text}", LONGEST)
