"""Reports about what anybody on the network can cause: rare, so that nobody fills the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from netbox_sync_dagster.text import Shown, visible

# Seconds between two reports with the same key.
_PAUSE = 60.0
_LONGEST = 300


class RareReports:
    """Reports at most once a minute for each key; the caller has few keys. Thread-safe."""

    def __init__(self, report: Callable[[Shown], None]) -> None:
        self._report = report
        self._last: dict[str, float] = {}
        self._lock = Lock()

    def tell(self, key: str, text: str) -> None:
        """Report the text, unless one with this key was reported within the last minute."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(key, -_PAUSE) < _PAUSE:
                return
            self._last[key] = now
        self._report(visible(text, _LONGEST))
