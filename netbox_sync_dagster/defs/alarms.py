"""What happens when a run fails: its sentence is logged, where logs are watched."""

from __future__ import annotations

import dagster as dg


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
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    """One log line per failed step of a failed run."""
    run = context.dagster_run
    for text in failure_sentences(context):
        context.log.error(f"{run.job_name} ({run.run_id[:8]}): {text}")
