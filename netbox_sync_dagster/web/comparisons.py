"""Comparisons after an answer: each in a thread of this process, watched while it runs. Nothing is read from servers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from netbox_sync_dagster.approve.followed import Followed, what_followed
from netbox_sync_dagster.approve.resolve import Question
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_dagster.sync import Stopped, compare_again

# Comparisons whose outcome the page still knows.
_REMEMBERED = 50


@dataclass
class Comparison:
    """One comparison. ``said``: what was recorded before it. ``lines`` grow while it runs: (endpoint, what it does);
    ``error`` is the sentence of what stopped it."""

    key: str
    endpoint: str
    who: str
    said: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    followed: Followed | None = None
    error: str | None = None
    done: bool = False


class Comparisons:
    """The comparisons of this process. Thread-safe; an endpoint's lock lets one at a time run."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lock = Lock()
        self._runs: dict[str, Comparison] = {}
        self._stop = Event()

    def start(
        self, config: Config, before: Plan, asked: Sequence[Question], *, who: str, said: str
    ) -> Comparison:
        """Begin to compare the endpoint of the plan again; returns at once. ``asked``: what was answered."""
        run = Comparison(secrets.token_hex(8), before.endpoint, who, said)
        with self._lock:
            while len(self._runs) >= _REMEMBERED:
                done = next((key for key, old in self._runs.items() if old.done), None)
                if done is None:
                    break
                del self._runs[done]
            self._runs[run.key] = run
        Thread(
            target=self._compare,
            args=(config, before, tuple(asked), run),
            name=f"compare {run.endpoint}",
            daemon=True,
        ).start()
        return run

    def find(self, key: str) -> Comparison | None:
        """The comparison with this key, running or just ended."""
        return self._runs.get(key)

    def stop_all(self) -> None:
        """End all at their next step; the diffs that were current stay so."""
        self._stop.set()

    def _compare(self, config: Config, before: Plan, asked: Sequence[Question], run: Comparison) -> None:
        def say(text: str) -> None:
            if self._stop.is_set():
                raise Stopped
            run.lines.append((run.endpoint, text))

        try:
            who = f"netbox-sync web by {run.who}"
            compare_again(self._warehouse, config, config.endpoint(run.endpoint), who=who, say=say)
            run.followed = what_followed(before, load_plan(self._warehouse, run.endpoint), asked)
            build_database(self._warehouse)
        except Exception as error:  # noqa: BLE001
            run.error = sentence(error)
        finally:
            run.done = True
