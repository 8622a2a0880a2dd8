"""The sensor ``intervals``: starts one run of all endpoints that are due, and says why the others wait."""

import json
import secrets
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from netbox_sync_dagster.config import ConfigError, Endpoint
from netbox_sync_dagster.defs.jobs.asset_jobs import APPLY_JOBS, SYNC_JOBS, read_netbox
from netbox_sync_dagster.defs.jobs.sync_group_job import GROUP_JOB, SYNC, sync_group_job
from netbox_sync_dagster.defs.keys import ENDPOINT_TAG
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.runs import Busy, end_orphans, in_flight
from netbox_sync_dagster.defs.shown import log_of, skip
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage.clock import now as clock_now
from netbox_sync_dagster.storage.configured import note_endpoints
from netbox_sync_dagster.storage.locks import HOOK, RUN, active_locks
from netbox_sync_dagster.sync.attempts import Attempts, read_attempts
from netbox_sync_dagster.sync.scheduling import Decision, EndpointSchedule, decide

# Jobs whose runs lock endpoints, and their priority in the queue.
_WATCHED = {GROUP_JOB, *(job.name for job in (read_netbox, *SYNC_JOBS.values(), *APPLY_JOBS.values()))}
# The number of waiting endpoints to list.
_SHOWN = 10


@dataclass(frozen=True)
class Asked:
    """What the sensor remembers of one endpoint: ``at``: when it last asked for a run.

    ``open``: the outcome of that run is not known yet; ``before``: the endpoint's last attempt then. ``lost``: runs in a row
    that never tried the endpoint (killed, or NetBox could not be read), the last of them noticed at ``noticed``. Times are
    seconds since 1970, by the clock of the machine that the sensor runs on.
    """

    at: float = 0
    open: bool = False
    lost: int = 0
    noticed: float = 0
    before: int = 0


def settle(asked: Asked, last: int, busy: bool, now: float) -> Asked:
    """Record the outcome of the requested run, if it is known by now."""
    if not asked.open or busy:
        return asked
    if last != asked.before:
        return Asked(at=asked.at)
    return Asked(at=asked.at, lost=asked.lost + 1, noticed=now)


def known_time(now: float, *times: float) -> float:
    """The latest of these times, which may come from other machines; 0 if none can be right.

    Times later than now are ignored: otherwise a clock that was ahead would delay an endpoint until the other clocks
    catch up.
    """
    return max((moment for moment in times if moment <= now), default=0)


def schedule_of(
    attempts: Attempts, endpoint: Endpoint, asked: Asked, *, busy: Busy | None, held: str, now: float
) -> EndpointSchedule:
    """The schedule of an endpoint, from its attempts, the sensor's memory and the current runs."""
    schedule = EndpointSchedule(
        endpoint.name,
        endpoint.interval,
        endpoint.every,
        last_start=known_time(now, attempts.last_start, asked.at),
        # An attempt cannot end before it was requested, whatever its machine's clock says.
        last_end=known_time(now, attempts.last_end, asked.noticed, asked.at),
        failures=attempts.failures + asked.lost,
        error=attempts.error,
        seconds=attempts.seconds,
    )
    if asked.lost:
        how = (
            "ended without reading it" if asked.lost == 1 else f"{asked.lost} times ended without reading it"
        )
        schedule = replace(
            schedule, error=f"the run {how}{'; before: ' + attempts.error if attempts.error else ''}"
        )
    if busy is not None:
        return replace(schedule, busy=busy.sentence, busy_since=busy.since)
    return replace(schedule, busy=held)


@dg.sensor(
    name="intervals",
    job=sync_group_job,
    description="Syncs endpoints by the interval that the configuration gives them; failed ones again after a pause.",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def interval_sensor(
    context: dg.SensorEvaluationContext, sync: SyncResource
) -> dg.SensorResult | dg.SkipReason:
    """One run for all endpoints that are due; the configuration is read again at every tick."""
    try:
        config = sync.config()
    except ConfigError as error:
        return skip(sentence(error))
    warehouse, now = sync.warehouse(config), clock_now().timestamp()
    note_endpoints(warehouse, config)
    warehouse.pull_attempts()
    alive = active_locks(warehouse)
    for run_id in end_orphans(context.instance, warehouse.home, set(alive.get(RUN, {})), _WATCHED):
        log_of(context).warning(f"the process of run {run_id[:8]} is gone; the run counts as failed")
    running = in_flight(context.instance)
    remembered = _remembered(context.cursor)
    decisions: dict[str, Decision] = {}
    asked: dict[str, Asked] = {}
    last: dict[str, int] = {}
    for endpoint in config.endpoints:
        name = endpoint.name
        if not endpoint.enabled or not endpoint.every:
            continue
        busy = running.get(name)
        who = alive.get(endpoint.kind, {}).get(name)
        before = remembered.get(name, Asked())
        attempts = read_attempts(warehouse, endpoint.kind, name)
        last[name] = attempts.last
        asked[name] = settle(before, last[name], busy is not None, now)
        # Its run waits for the sync of a hook.
        held = f"{who} is reading it" if who and who != HOOK else ""
        decisions[name] = decide(
            schedule_of(attempts, endpoint, asked[name], busy=busy, held=held, now=now), now
        )
    due = [name for name, decision in decisions.items() if decision.start]
    asked |= {name: replace(asked[name], at=now, open=True, before=last[name]) for name in due}
    cursor = _cursor(asked, decisions)
    for name, decision in decisions.items():
        if decision.late:
            log_of(context).warning(f"{name}: {decision.why}")
    if not due:
        context.update_cursor(cursor)
        return skip(why_none(decisions))
    return dg.SensorResult(run_requests=[_request(due, now)], cursor=cursor)


def _request(due: list[str], now: float) -> dg.RunRequest:
    return dg.RunRequest(
        # A run key can be used only once, and a clock may return the same time twice.
        run_key=f"{now:.0f} {secrets.token_hex(4)} {','.join(due)}",
        run_config={"ops": {SYNC: {"config": {"endpoints": due}}}},
        tags={ENDPOINT_TAG: ",".join(due)},
    )


def why_none(decisions: dict[str, Decision]) -> str:
    """Why nothing was started: first the endpoints that do not just wait for their time."""
    if not decisions:
        return "no enabled endpoint has an interval or a schedule"
    order = sorted(
        (item for item in decisions.items() if item[1].at),
        key=lambda item: (item[1].why.startswith("next at"), item[1].at),
    )
    shown = [f"{name}: {decision.why}" for name, decision in order[:_SHOWN]]
    left = len(order) - len(shown)
    if not shown:
        return "no endpoint is due: all follow their schedules"
    return "; ".join(shown) + (f"; and {left} more" if left else "")


def _remembered(cursor: str | None) -> dict[str, Asked]:
    try:
        content: dict[str, dict[str, Any]] = json.loads(cursor or "{}")
        return {
            name: Asked(item["asked"], item["open"], item["lost"], item["noticed"], item["before"])
            for name, item in content.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        # It was edited, or an older version wrote it: the recorded attempts are enough.
        return {}


def _cursor(asked: dict[str, Asked], decisions: dict[str, Decision]) -> str:
    content = {
        name: {
            "asked": round(item.at, 3),
            "open": item.open,
            "lost": item.lost,
            "noticed": round(item.noticed, 3),
            "before": item.before,
            "waits": decisions[name].why,
        }
        for name, item in sorted(asked.items())
    }
    return json.dumps(content)
