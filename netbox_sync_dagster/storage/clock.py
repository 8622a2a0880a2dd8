"""The wall clock, for people and for expiry, and the monotonic clock since boot, for durations.

The wall clock may be wrong, and may step. Order comes from ``storage.sequence`` alone.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

# How far the clocks of machines that share a warehouse may differ. A date further ahead is wrong.
TOLERANCE = timedelta(minutes=5)


def _read_wall() -> datetime:
    return datetime.now(UTC)


def _read_own() -> float:
    # Also counts while the machine sleeps: others may have taken over its locks.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class Clocks:
    """The source of both clocks; tests replace it."""

    wall: Callable[[], datetime] = _read_wall
    own: Callable[[], float] = _read_own


CLOCKS = Clocks()


def now() -> datetime:
    """The present moment in UTC, as far as this machine's clock knows."""
    return CLOCKS.wall()


def elapsed() -> float:
    """Seconds since this machine was started. Never steps; only comparable on one machine (``boot``)."""
    return CLOCKS.own()


@cache
def boot() -> str:
    """This machine, since it was started."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()


def mark() -> dict[str, Any]:
    """This moment on the machine's own clock, for ``since``."""
    return {"boot": boot(), "elapsed": round(elapsed(), 3)}


def since(moment: object) -> float | None:
    """Seconds since a ``mark``; None if it is from another machine or an earlier boot."""
    if not isinstance(moment, dict) or moment.get("boot") != boot():
        return None
    passed = elapsed() - float(moment["elapsed"])
    return passed if passed >= 0 else None


def is_future(moment: datetime) -> bool:
    """Whether a recorded time is in the future: a clock was ahead then, or is behind now."""
    return moment > now() + TOLERANCE
