"""The sensor ``apply_when_approved``: starts applies of endpoints with ``apply_approved``."""

import dagster as dg

from netbox_sync_dagster.defs.jobs.asset_jobs import APPLY_JOBS
from netbox_sync_dagster.defs.resources import SyncResource


@dg.sensor(
    name="apply_when_approved",
    jobs=list(APPLY_JOBS.values()),
    description="Applies approved changes of endpoints with `policies.apply_approved`. Nothing else is written.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def apply_sensor(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """One apply per endpoint with approved changes that no apply has taken up."""
    # What reads diffs and the ledger, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.waiting_applies import start_applies

    return start_applies(context, sync)
