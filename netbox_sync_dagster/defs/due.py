"""When endpoints are synced by themselves: sensors for ``interval``, schedules for ``schedule``."""

import json
import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from netbox_sync_dagster.config import Config, ConfigError, Endpoint
from netbox_sync_dagster.defs.jobs import SYNC_JOBS
from netbox_sync_dagster.defs.keys import ENDPOINT_TAG, KINDS, Kind
from netbox_sync_dagster.defs.partitions import enabled, keep_in_step, partition_keys
from netbox_sync_dagster.defs.resources import SyncResource, config_at_start

_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"
_PARTITION = "dagster/partition"
_ALIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def due(endpoints: list[Endpoint], started: dict[str, int], now: float) -> dict[str, int]:
    """{endpoint: due time} of those whose turn has come and was not used yet.

    Turns are the multiples of the interval since 1970, in UTC seconds: endpoints of the same interval come due
    together and share a run, and a turn that was missed is not made up for. ``started`` holds the last turn that
    was used.
    """
    turns = {item.name: int(now // item.interval) * item.interval for item in endpoints if item.interval}
    return {name: turn for name, turn in turns.items() if turn > started.get(name, 0)}


def stretches(order: list[str], wanted: set[str]) -> Iterator[list[str]]:
    """The wanted keys as stretches without a gap in Dagster's order: a run takes a range of partitions."""
    stretch: list[str] = []
    for key in order:
        if key in wanted:
            stretch.append(key)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def in_flight(instance: dg.DagsterInstance, kind: Kind) -> set[str]:
    """The endpoints that a queued or running run of this kind works on, whoever started it."""
    order = partition_keys(instance, kind)
    busy: set[str] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=_ALIVE)):
        tags = run.tags
        if tags.get(_PARTITION) in order:
            busy.add(tags[_PARTITION])
        elif tags.get(_RANGE_START) in order and tags.get(_RANGE_END) in order:
            busy.update(order[order.index(tags[_RANGE_START]) : order.index(tags[_RANGE_END]) + 1])
    return busy


def run_tags(keys: list[str]) -> dict[str, str]:
    """The tags of a run over these neighbouring partitions."""
    where = {_PARTITION: keys[0]} if len(keys) == 1 else {_RANGE_START: keys[0], _RANGE_END: keys[-1]}
    return {**where, ENDPOINT_TAG: ",".join(keys)}


def interval_sensor(kind: Kind) -> dg.SensorDefinition:
    """Starts one run over the endpoints of this kind that are due and not being worked on."""
    config = config_at_start()
    configured = config is not None and any(item.interval for item in enabled(config, kind))

    @dg.sensor(
        name=f"{kind}_intervals",
        job=SYNC_JOBS[kind],
        description=f"Syncs {kind} endpoints by the interval that the configuration gives them.",
        minimum_interval_seconds=30,
        default_status=(dg.DefaultSensorStatus.RUNNING if configured else dg.DefaultSensorStatus.STOPPED),
    )
    def intervals(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
        try:
            endpoints = enabled(sync.config(), kind)
        except ConfigError as error:
            return dg.SkipReason(str(error))
        if not any(item.interval for item in endpoints):
            return dg.SkipReason(f"no {kind} endpoint has an interval")
        started: dict[str, int] = json.loads(context.cursor or "{}")
        turns = due(endpoints, started, time.time())
        order = partition_keys(context.instance, kind)
        ready = set(turns) & set(order) - in_flight(context.instance, kind)
        if not ready:
            return dg.SkipReason(_why_none(turns, order))
        requests = [
            dg.RunRequest(run_key=",".join(f"{name}@{turns[name]}" for name in keys), tags=run_tags(keys))
            for keys in stretches(order, ready)
        ]
        started = {name: turn for name, turn in started.items() if any(e.name == name for e in endpoints)}
        started |= {name: turns[name] for name in ready}
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(started, sort_keys=True))

    return intervals


def _why_none(turns: dict[str, int], order: list[str]) -> str:
    if not turns:
        return "no endpoint is due"
    new = [name for name in turns if name not in order]
    if new:
        return f"due, but not a partition yet (the sensor `endpoints` adds them): {', '.join(new)}"
    return f"due, but still being worked on: {', '.join(turns)}"


def schedules(config: Config | None) -> Iterator[dg.ScheduleDefinition]:
    """One schedule per endpoint with a cron expression, in UTC."""
    for kind in KINDS:
        for endpoint in enabled(config, kind) if config is not None else ():
            if endpoint.schedule is not None:
                yield _schedule(kind, endpoint.name, endpoint.schedule)


def _schedule(kind: Kind, name: str, cron: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{name.replace('-', '_')}_schedule",
        job=SYNC_JOBS[kind],
        cron_schedule=cron,
        description=f"Syncs {name} as its `schedule` in the configuration says.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def at_its_time(context: dg.ScheduleEvaluationContext, sync: SyncResource) -> Any:
        try:
            config = sync.config()
        except ConfigError as error:
            return dg.SkipReason(str(error))
        if name not in [endpoint.name for endpoint in enabled(config, kind)]:
            return dg.SkipReason(f"endpoint '{name}' is no longer in the configuration or disabled")
        keep_in_step(context.instance, config)
        if name in in_flight(context.instance, kind):
            return dg.SkipReason(f"endpoint '{name}' is still being worked on")
        return dg.RunRequest(partition_key=name, tags={ENDPOINT_TAG: name})

    return at_its_time


INTERVALS = [interval_sensor(kind) for kind in KINDS]
SCHEDULES = list(schedules(config_at_start()))
