"""Work that the page has started: each run in a thread of this process, watched while it runs, known for a while after."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Generic, Protocol, TypeVar

from netbox_sync_dagster.storage import Warehouse

# Ended runs that the page still knows.
_REMEMBERED = 50


class Run(Protocol):
    """What is kept of every run."""

    key: str
    done: bool


_Run = TypeVar("_Run", bound=Run)


class Runs(Generic[_Run]):
    """The runs of one kind in this process. Thread-safe."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lock = Lock()
        self._runs: dict[str, _Run] = {}
        self._stop = Event()

    def find(self, key: str) -> _Run | None:
        """The run with this key, running or just ended."""
        return self._runs.get(key)

    def stop_all(self) -> None:
        """End all at their next step; what was current stays so."""
        self._stop.set()

    def _keep(self, run: _Run) -> None:
        """Know the run, and forget the oldest ended one where there are too many. The caller holds the lock."""
        while len(self._runs) >= _REMEMBERED:
            done = next((key for key, old in self._runs.items() if old.done), None)
            if done is None:
                break
            del self._runs[done]
        self._runs[run.key] = run

    @staticmethod
    def _begin(work: Callable[[], None], name: str) -> None:
        Thread(target=work, name=name, daemon=True).start()
