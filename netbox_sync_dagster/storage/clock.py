"""The two clocks: the wall's, for people and for expiry, and the machine's own since it was started, for durations.

The wall's clock may be wrong, and may step. What comes before what follows from ``storage.sequence`` alone.
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

# How far the clocks of machines that work on one warehouse may differ. What is dated later than that is wrong.
TOLERANCE = timedelta(minutes=5)


def _read_wall() -> datetime:
    return datetime.now(UTC)


def _read_own() -> float:
    # Counts while the machine sleeps, too: others may have taken over what it held.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class Clocks:
    """Where both clocks are read; tests put others here."""

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
    """Seconds since a ``mark``; None where it is of another machine or an earlier start, so that nobody can know."""
    if not isinstance(moment, dict) or moment.get("boot") != boot():
        return None
    passed = elapsed() - float(moment["elapsed"])
    return passed if passed >= 0 else None


def is_future(moment: datetime) -> bool:
    """Whether a recorded moment lies in the future: a clock was ahead then, or is behind now."""
    return moment > now() + TOLERANCE
