"""Syncs what hooks name: hooks are merged per endpoint, and one endpoint is synced at most once per pause.

Nothing is stored: what a stopped process has not synced is found by the next sync of the endpoint's interval.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.explain import about, is_expected
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.locks import HOOK, LockHeld, active_locks, is_applying
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_dagster.sync.concerned import MOST_EDITS, concerned
from netbox_sync_dagster.sync.endpoint import Outcome, SyncOptions
from netbox_sync_dagster.sync.together import Stopped
from netbox_sync_dagster.sync.with_netbox import sync_with_netbox
from netbox_sync_dagster.text import Shown, traceback_lines, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.sources.netbox.hooks import Edited

# More names of one endpoint are not kept: it is read as a whole (`hooks.max_objects` is at most 100).
_MOST_NAMES = 100
# Seconds between looks at which endpoints the edits in NetBox concern, a query each.
_LOOK_PAUSE = 1.0
# Syncs at once: each reads NetBox, which has few workers. Endpoints that wait are then synced together, and read it once.
_AT_ONCE = 4
# How long syncs may take to end when the server stops.
_GRACE_SECONDS = 3.0


@dataclass
class Wanted:
    """What hooks want of one endpoint: ``objects`` to read, or the ``whole`` endpoint; with neither, a comparison alone."""

    objects: dict[str, None] = field(default_factory=dict)
    whole: bool = False

    def add(self, other: Wanted) -> None:
        """Also want what ``other`` wants."""
        self.objects |= other.objects
        self.whole = self.whole or other.whole or len(self.objects) > _MOST_NAMES
        if self.whole:
            self.objects.clear()

    def options(self, most: int) -> SyncOptions:
        """How the endpoint is synced, with at most ``most`` objects read one by one."""
        if not self.whole and not self.objects:
            return SyncOptions(read=False, shows_rest=True, is_brief=True)
        few = () if self.whole or len(self.objects) > most else tuple(self.objects)
        return SyncOptions(parts=few, shows_rest=True, is_brief=True)


class HookQueue:
    """What hooks want and no sync has done yet, and the threads that do it. Thread-safe.

    ``config`` returns the current configuration. ``report`` gets a sentence about each sync that failed.
    """

    def __init__(
        self, warehouse: Warehouse, config: Callable[[], Config], report: Callable[[Shown], None]
    ) -> None:
        self._warehouse = warehouse
        self._config = config
        self._report = report
        self._changed = threading.Condition()
        self._wanted: dict[str, Wanted] = {}
        self._edits: set[Edited] = set()
        self._running: set[str] = set()
        self._syncs = 0
        # By endpoint, and for edits in NetBox: the earliest moment of the next sync or look, by time.monotonic().
        self._not_before: dict[str, float] = {}
        self._next_look = 0.0
        self._pause = 5.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def read(self, endpoint: str, objects: Collection[str]) -> None:
        """Read these objects of the endpoint, or all of it, and compare; returns at once."""
        with self._changed:
            self._want(endpoint, Wanted(dict.fromkeys(objects), whole=not objects))
            self._wake()

    def edited(self, edit: Edited) -> None:
        """Read what changed in NetBox, and compare the endpoints that the edit concerns; returns at once."""
        with self._changed:
            # Beyond these, all endpoints are compared, whatever the next one is.
            if len(self._edits) <= MOST_EDITS:
                self._edits.add(edit)
            self._wake()

    def stop(self) -> None:
        """Begin nothing more, and end running syncs at their next step; waits a few seconds for them."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, timeout=_GRACE_SECONDS)

    def _want(self, endpoint: str, wanted: Wanted) -> None:
        self._wanted.setdefault(endpoint, Wanted()).add(wanted)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                edits, due = self._take()
                if not edits and not due:
                    self._changed.wait(self._seconds_left())
                    continue
            if edits:
                self._spread(edits)
            if due:
                threading.Thread(target=self._sync, args=(due,), name="hook sync", daemon=True).start()

    def _take(self) -> tuple[set[Edited], dict[str, Wanted]]:
        """The edits to look at and the endpoints to sync now; the latter count as running. Under the lock."""
        now = time.monotonic()
        edits: set[Edited] = set()
        if self._edits and self._next_look <= now:
            edits, self._edits = self._edits, set()
        names = [
            name
            for name in self._wanted
            if name not in self._running and self._not_before.get(name, 0.0) <= now
        ]
        if not names or self._syncs >= _AT_ONCE:
            return edits, {}
        self._syncs += 1
        self._running.update(names)
        return edits, {name: self._wanted.pop(name) for name in names}

    def _seconds_left(self) -> float | None:
        """Seconds until something may be due; None if only another hook or the end of a sync changes that."""
        waiting = self._wanted if self._syncs < _AT_ONCE else ()
        moments = [self._not_before.get(name, 0.0) for name in waiting if name not in self._running]
        if self._edits:
            moments.append(self._next_look)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _spread(self, edits: set[Edited]) -> None:
        """Want a comparison of the endpoints that these edits concern."""
        try:
            names = [endpoint.name for endpoint in self._config().endpoints if endpoint.enabled]
            found = concerned(self._warehouse, edits, [name for name in names if self._is_compared(name)])
        except Exception as error:  # noqa: BLE001
            self._tell("a hook of NetBox", error)
            found = []
        with self._changed:
            self._next_look = time.monotonic() + _LOOK_PAUSE
            for name in found:
                self._want(name, Wanted())

    def _is_compared(self, endpoint: str) -> bool:
        """Whether the endpoint has a diff that an edit in NetBox may change."""
        try:
            self._warehouse.current(self._warehouse.diffs(endpoint))
        except WarehouseError:
            return False
        return True

    def _sync(self, due: Mapping[str, Wanted]) -> None:
        """Sync these endpoints; what another process is working on waits for the next pause."""
        later: dict[str, Wanted] = {}
        try:
            config = self._config()
            self._pause = config.hooks.pause
            later = self._busy(config, due)
            outcomes = self._sync_now(config, {name: due[name] for name in due if name not in later})
            later |= {one.endpoint: due[one.endpoint] for one in outcomes if isinstance(one.error, LockHeld)}
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001
            self._tell("hooks", error)
        with self._changed:
            self._running.difference_update(due)
            self._syncs -= 1
            moment = time.monotonic() + self._pause
            for name in due:
                self._not_before[name] = moment
            for name, wanted in later.items():
                self._want(name, wanted)
            self._changed.notify_all()

    def _busy(self, config: Config, due: Mapping[str, Wanted]) -> dict[str, Wanted]:
        """Those that another process syncs, and comparisons of those to which one applies."""
        locks = active_locks(self._warehouse)
        synced = {
            endpoint.name for endpoint in config.endpoints if endpoint.name in locks.get(endpoint.kind, {})
        }
        return {
            name: wanted
            for name, wanted in due.items()
            if name in synced
            # Its own writes come back as hooks, and are complete when it ends.
            or (not wanted.whole and not wanted.objects and is_applying(self._warehouse, name))
        }

    def _sync_now(self, config: Config, due: Mapping[str, Wanted]) -> list[Outcome]:
        chosen = [endpoint for endpoint in config.endpoints if endpoint.enabled and endpoint.name in due]
        if not chosen:
            return []
        target, outcomes = sync_with_netbox(
            self._warehouse,
            config,
            chosen,
            SyncOptions(is_brief=True),
            options_of={name: wanted.options(config.hooks.max_objects) for name, wanted in due.items()},
            who=HOOK,
            stop=self._stop,
        )
        for outcome in (target, *outcomes):
            if outcome.error is not None and not isinstance(outcome.error, LockHeld | Stopped):
                self._tell(outcome.endpoint, outcome.error)
        build_database(self._warehouse)
        return outcomes

    def _tell(self, name: str, error: Exception) -> None:
        if not is_expected(error):
            for line in traceback_lines(error, redact):
                self._report(line)
        self._report(Shown(f"hook: {visible(redact(about(name, error)))}"))
