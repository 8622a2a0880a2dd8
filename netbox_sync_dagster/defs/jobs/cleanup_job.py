"""The job ``clean_up``, every night: removes old snapshots, diffs, attempts, and Dagster's old runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from netbox_sync_dagster.defs.failures import user_errors_as_failure
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of
from netbox_sync_dagster.storage.cleaning import clean

_FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
_AT_A_TIME = 200


@dg.op(description="Removes what is older than `retention` in the configuration keeps. Never the ledger.")
def remove_old(context: dg.OpExecutionContext, sync: SyncResource) -> None:
    """Prune the warehouse and Dagster's runs."""
    with user_errors_as_failure(log_of(context)):
        retention = sync.config().retention
        counts = clean(sync.warehouse(), retention)
        before = datetime.now(UTC) - timedelta(days=retention.run_days)
        counts["runs"] = sum(1 for _ in delete_runs(context.instance, before))
    log_of(context).info("removed: " + ", ".join(f"{number} {what}" for what, number in counts.items()))


def delete_runs(instance: dg.DagsterInstance, before: datetime) -> Iterator[str]:
    """Delete finished runs without events since then; yields their ids."""
    old = dg.RunsFilter(statuses=_FINISHED, updated_before=before)
    while runs := instance.get_runs(old, limit=_AT_A_TIME):
        for run in runs:
            instance.delete_run(run.run_id)
            yield run.run_id


@dg.job(
    name="clean_up",
    description="Removes what is older than `retention` in the configuration keeps. Writes nothing to NetBox.",
)
def cleanup_job() -> None:
    """Prune the warehouse and Dagster's runs."""
    remove_old()


@dg.schedule(
    name="clean_up_schedule",
    job=cleanup_job,
    cron_schedule="25 4 * * *",
    description="Removes every night what is older than the configuration keeps.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def cleanup_schedule() -> dg.RunRequest:
    """Run ``clean_up``."""
    return dg.RunRequest()
