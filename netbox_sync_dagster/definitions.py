"""The code location: what ``dagster dev -w workspace.yaml`` and ``dg dev`` load."""

from __future__ import annotations

import dagster as dg

from netbox_sync_dagster import defs as folder
from netbox_sync_dagster.defs import (
    alarms,
    approvals,
    approved,
    cleaning,
    group,
    intervals,
    jobs,
    partitions,
    schedules,
    states,
)
from netbox_sync_dagster.defs.resources import SyncResource


@dg.definitions
def definitions() -> dg.Definitions:
    """All assets and checks below ``defs/``, with the jobs, sensors and schedules named here.

    A step in a process of its own costs about two seconds of CPU, one in the run's process some milliseconds;
    what waits for servers waits in threads.
    """
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(folder),
        jobs=[
            jobs.read_netbox,
            group.sync_group,
            *jobs.SYNC_JOBS.values(),
            approvals.approve_job,
            *jobs.APPLY_JOBS.values(),
            cleaning.clean_up,
        ],
        sensors=[
            partitions.endpoints,
            intervals.intervals,
            states.status,
            approved.apply_when_approved,
            alarms.notifications,
            alarms.failed_runs,
        ],
        schedules=[*schedules.SCHEDULES, cleaning.every_night],
        resources={"sync": SyncResource()},
        executor=dg.in_process_executor,
    )
