"""Sensors that report failed runs in the daemon's log, and send notifications to the configured channels."""

import dagster as dg

from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of, skip
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import WarehouseError


def failure_sentences(context: dg.RunFailureSensorContext) -> list[str]:
    """Why the run failed, one sentence per failed step."""
    found = []
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data is not None and data.user_failure_data.description:
            found.append(data.user_failure_data.description)
        elif data.error is not None:
            found.append(data.error.message.strip())
    return found or [context.failure_event.message or "no reason given"]


@dg.run_failure_sensor(
    name="failed_runs",
    description="Logs why a run failed: in this sensor's ticks and in the daemon's log.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_run_sensor(context: dg.RunFailureSensorContext) -> None:
    """One log line per failed step of a failed run."""
    run = context.dagster_run
    for text in failure_sentences(context):
        log_of(context).error(f"{run.job_name} ({run.run_id[:8]}): {text}")


@dg.sensor(
    name="notifications",
    description="Sends failures, recoveries, pending changes and deletes to the channels of `notifications`, each once.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def notification_sensor(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SkipReason:
    """Sends what is new; starts no run."""
    # The HTTP client, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.notify import notify

    try:
        config = sync.config()
        if not config.notifications:
            return skip("the configuration names nobody to tell")
        sent, problems = notify(sync.warehouse(config), config)
    except (ConfigError, WarehouseError) as error:
        return skip(sentence(error))
    for text in problems:
        log_of(context).error(text)
    return skip("; ".join([*sent, *problems]) or "nothing new to send")
