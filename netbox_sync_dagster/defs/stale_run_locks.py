"""Locks of runs that Dagster already knows to be dead.

A launcher that starts runs in containers notices at once that a container died, and the daemon starts the run again. On
another machine its locks are valid for one or two more minutes, because there a dead process and an unreachable one
look the same.
"""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

import dagster as dg

from netbox_sync_dagster.defs.runs import under_way
from netbox_sync_dagster.defs.shown import Log
from netbox_sync_dagster.storage.locks import LockHeld

T = TypeVar("T")

_RUN = "dagster run "


def name_of(run_id: str) -> str:
    """The name under which a run locks an endpoint."""
    return f"{_RUN}{run_id[:8]}"


def when_free(
    take: Callable[[], T],
    instance: dg.DagsterInstance,
    log: Log,
    pause: Callable[[float], object] | None = None,
) -> T:
    """The result of ``take``. If a run that has ended holds the lock, ``take`` is called again once the lock expires.

    Raises LockHeld if the holder may be running.
    """
    try:
        return take()
    except LockHeld as held:
        if held.left is None or not _has_ended(instance, held.who):
            raise
        left = held.left
        log.info(
            f"waiting for {left:.0f} seconds, until what {held.who} left behind counts no longer: {held}"
        )
    (pause or sleep)(left + 1)
    return take()


def _has_ended(instance: dg.DagsterInstance, who: str) -> bool:
    return who.startswith(_RUN) and who not in map(name_of, under_way(instance))
