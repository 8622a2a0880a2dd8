"""How many objects a write request carries: as many as NetBox is seen to take in good time."""

from __future__ import annotations

from threading import Lock

Kind = tuple[str, str]

# A request is meant to take this part of what NetBox may be silent for: then one that is four times as slow
# as the last is still answered in time.
_SHARE = 1 / 4
# A small request that took less than this part of the wanted time says little about the cost of one object: most of its
# time is the cost of any request.
_TELLING = 1 / 4
# The last changes of a kind travel in one request up to this many times the wanted size, instead of in two.
_REST = 1.5
# A request that was not answered in time took twice as long, for all we know.
_LATE = 2


class Pace:
    """Batch sizes by kind, which is an action and an object type. Thread-safe.

    ``most``: objects per request at most. ``timeout``: seconds after which an answer is given up.
    """

    def __init__(self, most: int, timeout: float) -> None:
        self._most = most
        self._timeout = timeout
        self._lock = Lock()
        self._sizes: dict[Kind, int] = {}

    def take(self, kind: Kind, waiting: int) -> int:
        """Objects of the next request, of so many that wait. A kind that was not sent yet begins as the slowest one."""
        with self._lock:
            size = self._size(kind)
        return waiting if waiting <= min(size * _REST, self._most) else size

    def _size(self, kind: Kind) -> int:
        return self._sizes.get(kind) or min(self._sizes.values(), default=self._most)

    def answered(self, kind: Kind, objects: int, seconds: float) -> None:
        """A request with so many objects was answered after so many seconds."""
        wanted = self._timeout * _SHARE
        with self._lock:
            size = self._size(kind)
            if objects < size and seconds < wanted * _TELLING:
                return
            fitting = int(objects * wanted / max(seconds, 0.001))
            # Shrinks at once, and grows step by step.
            self._sizes[kind] = max(1, min(fitting, 2 * max(size, objects), self._most))

    def late(self, kind: Kind, objects: int) -> None:
        """A request with so many objects was not answered in time."""
        with self._lock:
            fitting = int(objects * _SHARE / _LATE)
            self._sizes[kind] = max(1, min(fitting, self._size(kind)))
