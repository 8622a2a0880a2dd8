"""Applies that were started from the page: each in a thread of this process, watched while it runs."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from threading import Event, Thread

from netbox_sync_dagster.apply import Verdict, apply_approved
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.web.running import news_of

# Applies whose outcome the page still knows; the ledger has all.
_REMEMBERED = 50


@dataclass
class RunningApply:
    """One apply. ``verdicts`` grow while it runs; ``error`` is the sentence of what stopped it, ``notes`` what went wrong
    beside its changes. ``total`` is the number of approved changes, ``only`` their ids, ``object_types`` their types."""

    key: str
    plan: str
    endpoint: str
    who: str
    only: frozenset[str] = frozenset()
    object_types: frozenset[str] = frozenset()
    apply_id: str | None = None
    total: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    done: bool = False
    stop: Event = field(default_factory=Event)

    @property
    def counts(self) -> dict[str, int]:
        """The number of changes by verdict."""
        found: dict[str, int] = {}
        for verdict in list(self.verdicts):
            found[verdict.verdict] = found.get(verdict.verdict, 0) + 1
        return found

    def news(self, seen: int) -> AsyncIterator[tuple[int, Verdict | None]]:
        """The verdicts as they come, see ``news_of``."""
        return news_of(self.verdicts, lambda: self.done, seen)


class Applies:
    """The applies of this process. Thread-safe."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._runs: dict[str, RunningApply] = {}

    def start(
        self,
        config: Config,
        plan: str,
        endpoint: str,
        *,
        who: str,
        login_by: str,
        only: Collection[str],
        object_types: Collection[str],
    ) -> RunningApply:
        """Begin to apply these approved changes of a plan, which are of these types; returns at once."""
        run = RunningApply(
            *(secrets.token_hex(8), plan, endpoint, who),
            only=frozenset(only),
            object_types=frozenset(object_types),
            total=len(only),
        )
        while len(self._runs) >= _REMEMBERED:
            done = next((key for key, old in self._runs.items() if old.done), None)
            if done is None:
                break
            del self._runs[done]
        self._runs[run.key] = run
        Thread(target=self._apply, args=(config, run, login_by), name=f"apply {plan}", daemon=False).start()
        return run

    def find(self, key: str) -> RunningApply | None:
        """The apply with this key, running or just ended."""
        return self._runs.get(key)

    def running(self) -> list[RunningApply]:
        """The applies that run now."""
        return [run for run in list(self._runs.values()) if not run.done]

    def stop_all(self) -> None:
        """End all after the requests under way."""
        for run in self.running():
            run.stop.set()

    def _apply(self, config: Config, run: RunningApply, login_by: str) -> None:
        def on_verdict(verdict: Verdict) -> None:
            run.verdicts.append(verdict)

        def progress(_: int, total: int) -> None:
            run.total = total

        try:
            plan = load_plan(self._warehouse, run.plan)
            result = apply_approved(
                self._warehouse,
                config.netbox,
                run.endpoint,
                plan,
                progress=progress,
                who=run.who,
                through="web",
                policies=config.endpoint(run.endpoint).policies,
                login_by=login_by,
                only=run.only,
                stop=run.stop,
                on_verdict=on_verdict,
            )
            run.apply_id = result.apply_id
            run.notes = list(result.notes)
            # What an earlier apply had done is not announced one by one.
            known = {verdict.change_id for verdict in run.verdicts}
            run.verdicts += [verdict for verdict in result.verdicts if verdict.change_id not in known]
        except Exception as error:  # noqa: BLE001
            run.error = sentence(error)
        finally:
            run.done = True
