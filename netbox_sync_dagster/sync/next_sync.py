"""When an endpoint is synced next by its interval or schedule, for people."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync.attempts import read_attempts
from netbox_sync_dagster.sync.scheduling import EndpointSchedule, decide


def next_sync(warehouse: Warehouse, endpoint: Endpoint, now: datetime) -> datetime | None:
    """The time (UTC) at which Dagster syncs the endpoint next, in the past if it is due; None if only people start its
    syncs. ``now``: with a time zone."""
    if not endpoint.enabled or not endpoint.every:
        return None
    attempts = read_attempts(warehouse, endpoint.kind, endpoint.name)
    moment = now.timestamp()
    schedule = EndpointSchedule(
        endpoint.name,
        endpoint.interval,
        endpoint.every,
        # Times later than now come from a clock that was ahead.
        last_start=attempts.last_start if attempts.last_start <= moment else 0,
        last_end=attempts.last_end if attempts.last_end <= moment else 0,
        failures=attempts.failures,
        seconds=attempts.seconds,
    )
    found = [at for at in (decide(schedule, moment).at,) if at]
    if endpoint.schedule:
        from croniter import croniter

        local = now.astimezone(ZoneInfo(endpoint.timezone))
        found.append(croniter(endpoint.schedule, local).get_next(float))
    return datetime.fromtimestamp(min(found), now.tzinfo) if found else None
