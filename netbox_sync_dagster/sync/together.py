"""Runs functions in parallel threads, which end at their next step when everything is stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from typing import TypeVar

from netbox_sync_dagster.errors import Interrupted

T = TypeVar("T")
Say = Callable[[str], None]
Show = Callable[[str, str], None]

# How long a stopped thread may take to notice; a request that hangs is left behind.
_GRACE_SECONDS = 3.0


class Stopped(Interrupted):
    """Everything was stopped (Ctrl-C, a terminated run) while this function was running."""


def run_together(
    work: Mapping[str, Callable[[Say], T]],
    *,
    at_once: int,
    ahead: Collection[str] = (),
    show: Show = lambda name, text: None,
    stop: threading.Event | None = None,
) -> dict[str, T]:
    """Run every function of ``work`` in a separate thread, at most ``at_once`` in parallel; returns their results by name.

    The functions named in ``ahead``, for which others may wait, start at once and do not count.

    Each gets a ``say`` for its progress, which calls ``show`` with its name and raises Stopped once ``stop`` is set. An
    exception in the caller's thread (KeyboardInterrupt, a terminated run) sets ``stop`` and is raised again, after a
    few seconds at most. The functions return errors instead of raising them; an exception of one is raised at the end.
    """
    stop = stop or threading.Event()
    slots = threading.Semaphore(at_once)
    results: dict[str, T] = {}
    errors: list[BaseException] = []

    def run(name: str, function: Callable[[Say], T]) -> None:
        def say(text: str) -> None:
            if stop.is_set():
                raise Stopped("interrupted")
            show(name, text)

        with nullcontext() if name in ahead else slots:
            try:
                say("reading")
                results[name] = function(say)
                show(name, "done")
            except BaseException as error:  # noqa: BLE001
                errors.append(error)

    # Daemons: a request that hangs must not keep an interrupted process alive.
    threads = [
        threading.Thread(target=run, args=item, name=f"sync-{item[0]}", daemon=True) for item in work.items()
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:
        stop.set()
        until = time.monotonic() + _GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        raise
    if errors:
        raise errors[0]
    return {name: results[name] for name in work}
