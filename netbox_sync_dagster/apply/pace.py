"""Adapts the number of objects per write request to the speed of NetBox."""

from __future__ import annotations

from threading import Lock

Kind = tuple[str, str]

# The target duration of a request, as a part of the timeout: even a request four times as slow as the last is then
# answered in time.
_SHARE = 1 / 4
# A small request that took less than this part of the target says little about the cost of one object: most of its time
# is the cost of any request.
_TELLING = 1 / 4
# The last changes of a kind are sent in one request of up to this many times the target size, instead of in two.
_REST = 1.5
# A request without an answer in time is assumed to take twice as long.
_LATE = 2


class Pace:
    """Batch sizes by kind, which is an action and an object type. Thread-safe.

    ``most``: maximum objects per request. ``timeout``: seconds to wait for an answer.
    """

    def __init__(self, most: int, timeout: float) -> None:
        self._most = most
        self._timeout = timeout
        self._lock = Lock()
        self._sizes: dict[Kind, int] = {}

    def take(self, kind: Kind, waiting: int) -> int:
        """The number of objects of the next request, out of those waiting. A new kind starts at the pace of the slowest
        one."""
        with self._lock:
            size = self._size(kind)
        return waiting if waiting <= min(size * _REST, self._most) else size

    def _size(self, kind: Kind) -> int:
        return self._sizes.get(kind) or min(self._sizes.values(), default=self._most)

    def answered(self, kind: Kind, objects: int, seconds: float) -> None:
        """Record that a request with this many objects was answered after this many seconds."""
        wanted = self._timeout * _SHARE
        with self._lock:
            size = self._size(kind)
            if objects < size and seconds < wanted * _TELLING:
                return
            fitting = int(objects * wanted / max(seconds, 0.001))
            # Shrinks at once, and grows step by step.
            self._sizes[kind] = max(1, min(fitting, 2 * max(size, objects), self._most))

    def late(self, kind: Kind, objects: int) -> None:
        """Record that a request with this many objects was not answered in time."""
        with self._lock:
            fitting = int(objects * _SHARE / _LATE)
            self._sizes[kind] = max(1, min(fitting, self._size(kind)))
