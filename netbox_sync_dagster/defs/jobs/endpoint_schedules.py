"""A schedule for every endpoint with a cron expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from netbox_sync_dagster.config import Config, ConfigError
from netbox_sync_dagster.defs.jobs.asset_jobs import SYNC_JOBS
from netbox_sync_dagster.defs.keys import ENDPOINT_TAG, KINDS, Kind
from netbox_sync_dagster.defs.partitions import enabled, keep_in_step
from netbox_sync_dagster.defs.resources import SyncResource, config_at_start
from netbox_sync_dagster.defs.runs import in_flight
from netbox_sync_dagster.defs.shown import skip
from netbox_sync_dagster.explain import sentence


def schedules(config: Config | None) -> Iterator[dg.ScheduleDefinition]:
    """One schedule per enabled endpoint with ``schedule``, in its time zone."""
    for kind in KINDS:
        for endpoint in enabled(config, kind) if config is not None else ():
            if endpoint.schedule is not None:
                yield _schedule(kind, endpoint.name, endpoint.schedule, endpoint.timezone)


def _schedule(kind: Kind, name: str, cron: str, zone: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{name.replace('-', '_')}_schedule",
        job=SYNC_JOBS[kind],
        cron_schedule=cron,
        execution_timezone=zone,
        description=f"Syncs {name} at `{cron}` ({zone}), as the configuration says.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def at_its_time(context: dg.ScheduleEvaluationContext, sync: SyncResource) -> Any:
        try:
            config = sync.config()
        except ConfigError as error:
            return skip(sentence(error))
        if name not in [endpoint.name for endpoint in enabled(config, kind)]:
            return skip(f"endpoint '{name}' is no longer in the configuration or disabled")
        keep_in_step(context.instance, config)
        busy = in_flight(context.instance, kind).get(name)
        if busy is not None:
            return skip(f"endpoint '{name}': {busy.sentence}")
        return dg.RunRequest(partition_key=name, tags={ENDPOINT_TAG: name})

    return at_its_time


SCHEDULES = list(schedules(config_at_start()))
