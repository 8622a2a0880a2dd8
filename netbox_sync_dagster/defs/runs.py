"""The queued and running runs, and their endpoints."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from netbox_sync_dagster.defs.keys import ENDPOINT_TAG, KINDS, Kind
from netbox_sync_dagster.defs.partitions import partition_keys
from netbox_sync_dagster.storage.observed import unchanged_for

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
# A worker shows that it lives as soon as it has loaded its code.
_STARTUP_SECONDS = 180
_ENDING_SECONDS = 2


@dataclass(frozen=True)
class Busy:
    """A queued or running run of an endpoint; ``since``: when it was requested, in seconds since 1970."""

    run_id: str
    job: str
    status: dg.DagsterRunStatus
    since: float

    @property
    def sentence(self) -> str:
        """E.g. ``the run 1f0c22aa works on it``"""
        if self.status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED):
            return f"the run {self.run_id[:8]} for it is queued"
        return f"the run {self.run_id[:8]} works on it"


def endpoints_of(run: dg.DagsterRun, order: list[str]) -> set[str]:
    """The endpoints of a run; ``order``: the partition keys in Dagster's order."""
    tags = run.tags
    named = {name for name in tags.get(ENDPOINT_TAG, "").split(",") if name}
    if tags.get(_PARTITION) in order:
        named.add(tags[_PARTITION])
    elif tags.get(_RANGE_START) in order and tags.get(_RANGE_END) in order:
        named.update(order[order.index(tags[_RANGE_START]) : order.index(tags[_RANGE_END]) + 1])
    return named


def under_way(instance: dg.DagsterInstance) -> list[str]:
    """The ids of all runs that are queued or running."""
    return [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=_ALIVE))]


def in_flight(instance: dg.DagsterInstance, *kinds: Kind) -> dict[str, Busy]:
    """The endpoints that a queued or running run works on, whoever started it."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_ALIVE))
    # Mostly there are none.
    orders = [partition_keys(instance, kind) for kind in kinds or KINDS] if records else []
    busy: dict[str, Busy] = {}
    for record in records:
        run = record.dagster_run
        found = Busy(run.run_id, run.job_name, run.status, record.create_timestamp.timestamp())
        for order in orders:
            busy |= dict.fromkeys(endpoints_of(run, order), found)
    return busy


def end_orphans(
    instance: dg.DagsterInstance, home: Path, alive: set[str], jobs: Collection[str]
) -> list[str]:
    """Report runs of these jobs as failed if their process is dead; returns their ids.

    ``alive``: the runs with a recent heartbeat. A process counts as dead when this machine has seen no heartbeat for a
    while (``storage.observed``, in ``home``), whatever the clocks say. Dagster itself notices a dead process only while
    the code server that started it is running.
    """
    running = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    silent = [
        record.dagster_run.run_id
        for record in instance.get_run_records(running)
        if record.dagster_run.job_name in jobs
        and _silent_for(home, record.dagster_run.run_id, alive) >= _STARTUP_SECONDS
    ]
    if not silent:
        return []
    # A run that is just ending has already released its lock.
    time.sleep(_ENDING_SECONDS)
    gone = instance.get_runs(dg.RunsFilter(run_ids=silent, statuses=[dg.DagsterRunStatus.STARTED]))
    for run in gone:
        instance.report_run_failed(
            run, "the run's process is gone: it has not been heard of for three minutes"
        )
        # Others wait for its place in the pool.
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in gone]


def _silent_for(home: Path, run_id: str, alive: set[str]) -> float:
    """Seconds for which this machine has seen no heartbeat of the run; -1 if it has one."""
    seconds = unchanged_for(home, f"run {run_id}", "alive" if run_id in alive else "silent")
    return -1 if run_id in alive else seconds
