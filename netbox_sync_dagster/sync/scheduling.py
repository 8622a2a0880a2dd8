"""Decides whether an endpoint is due. Pure function: no clock, no files, no state.

So a restart of the caller loses nothing, and after an hour without calls a missed interval leads to one sync, not many.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

# The first pause after a failed attempt; it doubles with every further one, up to the endpoint's interval.
FIRST_PAUSE = 30
_JITTER = 0.2
# Slots of an interval over which endpoints are spread, and the minimum seconds between slots.
_MOST_POINTS, _APART = 10, 30


@dataclass(frozen=True)
class EndpointSchedule:
    """What is known of one endpoint. Times are seconds since 1970, 0 for never.

    ``interval``: as configured, 0 for none. ``every``: maximum seconds between syncs, by interval or schedule, 0 for
    manual syncs only. Times later than now are left out. ``failures``: consecutive failed attempts, the last of them at
    ``last_end``. ``seconds``: duration of the last good sync. ``busy``: why no other run may start now, e.g. ``a run is
    working on it``.
    """

    name: str
    interval: int
    every: int
    last_start: float = 0
    last_end: float = 0
    failures: int = 0
    error: str = ""
    seconds: float | None = None
    busy: str = ""
    busy_since: float = 0


@dataclass(frozen=True)
class Decision:
    """Whether to sync an endpoint now (``start``). Otherwise ``why`` says why not, and ``at`` when it may be.

    ``at``: when it was or will be due; 0 for never. ``late``: it is due but cannot start, and not only because a run is
    working on it: its interval is too short.
    """

    start: bool
    at: float
    why: str
    late: bool = False


def decide(schedule: EndpointSchedule, now: float) -> Decision:
    """Whether to sync the endpoint now, and why not."""
    at = _next(schedule, now)
    if not at:
        return Decision(False, 0, "by hand only")
    if at > now:
        why = (
            f"{_failed(schedule)}; tried again at {clock(at)}"
            if schedule.failures
            else f"next at {clock(at)}"
        )
        return Decision(False, at, why)
    if not schedule.busy:
        return Decision(True, at, "")
    lasts = now - schedule.busy_since if schedule.busy_since else 0
    if schedule.interval and lasts > schedule.interval:
        why = f"{schedule.busy} for {lasts:.0f} s now, longer than its interval of {schedule.interval} s: raise the interval"
        return Decision(False, at, why, late=True)
    return Decision(False, at, f"due, but {schedule.busy}")


def _next(schedule: EndpointSchedule, now: float) -> float:
    """When the endpoint became due without a sync since, or when it will be due; 0 for never."""
    if schedule.failures and schedule.every:
        pause = back_off(schedule.name, schedule.failures, schedule.last_end, schedule.every)
        if pause < schedule.every or not schedule.interval:
            return schedule.last_end + pause
    if not schedule.interval:
        return 0
    shift = offset(schedule.name, schedule.interval)
    turn = (now - shift) // schedule.interval * schedule.interval + shift
    # If it became due during a failed attempt, that attempt counts: the next one follows after the pause.
    used = max(schedule.last_start, schedule.last_end) if schedule.failures else schedule.last_start
    return turn if used < turn else turn + schedule.interval


def offset(name: str, interval: int) -> float:
    """The offset of an endpoint in its interval: one of a few slots over which all endpoints are spread.

    Endpoints of one slot share a run: starting a run costs as much as syncing several small endpoints.
    """
    points = max(1, min(_MOST_POINTS, interval // _APART))
    return interval * int(points * _share(name)) / points


def back_off(name: str, failures: int, failed_at: float, longest: int) -> float:
    """Seconds from a failed attempt to the next: exponential, plus or minus 20 %, at most ``longest``.

    The jitter is a hash of the endpoint and the time of the failure: the same on every tick.
    """
    pause = FIRST_PAUSE * 2.0 ** min(failures - 1, 30)
    jitter = 1 + _JITTER * (2 * _share(f"{name} {failed_at:.0f}") - 1)
    return min(pause * jitter, float(longest))


def clock(moment: float) -> str:
    """``2026-11-21 14:05:10 UTC``"""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _failed(schedule: EndpointSchedule) -> str:
    how_often = (
        "the last try failed" if schedule.failures == 1 else f"the last {schedule.failures} tries failed"
    )
    return f"{how_often} ({schedule.error})" if schedule.error else how_often


def _share(text: str) -> float:
    """A pseudo-random number from 0 to below 1, always the same for the same input."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
