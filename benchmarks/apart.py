"""Runs a function in a separate process, and measures it there.

Used by diff_interfaces.py and librenms_large.py; it is not run on its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """``wall`` and ``cpu`` (user and system) seconds of the function, the process's resident memory at its peak."""

    wall: float
    cpu: float
    peak_mb: int
    result: Any


def _run(function: Callable[..., Any], arguments: tuple[Any, ...], queue: multiprocessing.Queue[Any]) -> None:
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    result = function(*arguments)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    queue.put(Measured(wall, cpu, after.ru_maxrss // 1024, result))


def measure(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Run a function of a module's top level."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Any] = context.Queue()
    process = context.Process(target=_run, args=(function, arguments, queue))
    process.start()
    measured: Measured = queue.get()
    process.join()
    return measured
