"""The sign of life of what a process holds, given by a thread as long as the process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BEAT_SECONDS = 15


@contextmanager
def heartbeat(name: str, beat: Callable[[], bool]) -> Iterator[None]:
    """Call ``beat`` every 15 seconds while the block runs, until it returns False."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(_BEAT_SECONDS) and beat():
            pass

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
