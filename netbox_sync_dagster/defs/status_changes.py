"""A tick of the sensor ``status``: the check's results where an endpoint's status has changed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass

import dagster as dg

from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.defs.checks.status_check import status_result
from netbox_sync_dagster.defs.cursors import remembered
from netbox_sync_dagster.defs.jobs.sync_group_job import as_evaluation
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import LONGEST, skip
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.configured import note_endpoints
from netbox_sync_dagster.storage.status import BAD_STATES, Status, good_until, read_status, status_inputs
from netbox_sync_dagster.text import visible

# The number of endpoints to list.
_SHOWN = 5


@dataclass(frozen=True)
class Memory:
    """What the sensor remembers: a digest of the rows that it reported, and its last sentence; ``inputs``: the state of the
    files that it read, which are not read again before ``until`` (seconds since 1970) while they are the same."""

    digest: str = ""
    inputs: str = ""
    until: float = 0
    text: str = ""


def new_states(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """One evaluation per kind of endpoint, if the result of the check changed."""
    before = remembered(Memory, context.cursor)
    moment = now()
    try:
        config = sync.config()
        warehouse = sync.warehouse(config)
        note_endpoints(warehouse, config)
        inputs = status_inputs(warehouse)
        if before.inputs == inputs and moment.timestamp() < before.until:
            return skip(before.text)
        rows = read_status(warehouse)
    except (ConfigError, WarehouseError) as error:
        return skip(sentence(error))
    text = said(rows)
    # "running" changes within a minute and needs no evaluation.
    steady = [(row.endpoint, row.system, row.sentence) for row in rows if row.state != "running"]
    digest = hashlib.sha256(repr(steady).encode()).hexdigest()[:16]
    memory = Memory(digest, inputs, good_until(rows, moment).timestamp(), text[:LONGEST])
    cursor = json.dumps(asdict(memory))
    if before.digest == digest:
        context.update_cursor(cursor)
        return skip(text)
    kinds = {row.system for row in rows}
    return dg.SensorResult(
        asset_events=[as_evaluation(status_result(kind, rows)) for kind in LOADED_KINDS if kind in kinds],
        cursor=cursor,
        skip_reason=visible(text, LONGEST),
    )


def said(rows: list[Status]) -> str:
    """The number of endpoints per status, and the endpoints that need attention."""
    counts = Counter(row.state for row in rows if row.system != "netbox")
    text = ", ".join(f"{number} {state}" for state, number in counts.most_common()) or "no endpoints yet"
    bad = [f"{row.endpoint}: {row.sentence}" for row in rows if row.state in BAD_STATES]
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return f"{text}. {'; '.join(bad[:_SHOWN])}{more}" if bad else text
