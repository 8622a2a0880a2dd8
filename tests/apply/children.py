"""Applies in separate processes, which tests kill. They are forked from a process that has loaded everything already,
which takes half a second."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import CLOCKS

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


class Child:
    """Applies what is approved of the current plan of an endpoint. ``days``: how far its clock is ahead."""

    def __init__(self, home: str, endpoint: str, target: NetBoxTarget, days: int = 0) -> None:
        given = (home, endpoint, target.model_dump_json(exclude_unset=True), days, dict(os.environ))
        self._process = _PROCESSES.Process(target=_apply, args=given, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Wait until this is true, and fail if the apply ends before."""
        deadline = time.monotonic() + 60
        while not true():
            assert self._process.exitcode is None, "the apply ended before the moment to kill it"
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL


def _apply(home: str, endpoint: str, target: str, days: int, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    CLOCKS.wall = lambda: datetime.now(UTC) + timedelta(days=days)
    warehouse = Warehouse(home)
    plan = load_plan(warehouse, endpoint)
    apply_approved(warehouse, NetBoxTarget.model_validate_json(target), endpoint, plan, who="alice")
