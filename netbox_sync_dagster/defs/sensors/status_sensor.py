"""The sensor ``status``: updates the check of the same name between runs, when endpoints become stale."""

import dagster as dg

from netbox_sync_dagster.defs.resources import SyncResource


@dg.sensor(
    name="status",
    description="Evaluates the checks `status` again when an endpoint's status changes, also between runs.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def status_sensor(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """One evaluation per kind of endpoint, if the result of the check changed."""
    # What reads the warehouse, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.status_changes import new_states

    return new_states(context, sync)
