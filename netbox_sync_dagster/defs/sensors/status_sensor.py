"""The sensor ``status``: updates the check of the same name between runs, when endpoints become stale."""

import hashlib
from collections import Counter

import dagster as dg

from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.defs.checks.status_check import status_result
from netbox_sync_dagster.defs.jobs.sync_group_job import as_evaluation
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import LONGEST, skip
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.storage.configured import note_endpoints
from netbox_sync_dagster.storage.status import BAD_STATES, Status, read_status
from netbox_sync_dagster.text import visible

# The number of endpoints to list.
_SHOWN = 5


@dg.sensor(
    name="status",
    description="Evaluates the checks `status` again when an endpoint's status changes, also between runs.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def status_sensor(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """One evaluation per kind of endpoint, if the result of the check changed."""
    try:
        config, warehouse = sync.config(), sync.warehouse()
        note_endpoints(warehouse, config)
        rows = read_status(warehouse)
    except (ConfigError, WarehouseError) as error:
        return skip(sentence(error))
    text = said(rows)
    # "running" changes within a minute and needs no evaluation.
    steady = [(row.endpoint, row.system, row.sentence) for row in rows if row.state != "running"]
    digest = hashlib.sha256(repr(steady).encode()).hexdigest()[:16]
    if context.cursor == digest:
        return skip(text)
    kinds = {row.system for row in rows}
    return dg.SensorResult(
        asset_events=[as_evaluation(status_result(kind, rows)) for kind in LOADED_KINDS if kind in kinds],
        cursor=digest,
        skip_reason=visible(text, LONGEST),
    )


def said(rows: list[Status]) -> str:
    """The number of endpoints per status, and the endpoints that need attention."""
    counts = Counter(row.state for row in rows if row.system != "netbox")
    text = ", ".join(f"{number} {state}" for state, number in counts.most_common()) or "no endpoints yet"
    bad = [f"{row.endpoint}: {row.sentence}" for row in rows if row.state in BAD_STATES]
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return f"{text}. {'; '.join(bad[:_SHOWN])}{more}" if bad else text
