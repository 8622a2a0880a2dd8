"""The sensor ``activity``: shows on the assets what was done with the command line and on the review page."""

import dagster as dg

from netbox_sync_dagster.defs.resources import SyncResource


@dg.sensor(
    name="activity",
    description="Shows syncs, decisions and applies of the command line and the review page on the assets.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def activity_sensor(
    context: dg.SensorEvaluationContext, sync: SyncResource
) -> dg.SensorResult | dg.SkipReason:
    """Events without a run; at the first tick of a new Dagster only the current diffs."""
    # What reads the ledger, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.activity import new_activity

    return new_activity(context, sync)
