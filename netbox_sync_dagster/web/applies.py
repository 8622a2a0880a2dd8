"""Applies that were started from the page: each in a thread of this process, watched while it runs."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from threading import Event, Thread

from netbox_sync_dagster.apply import Verdict, apply_approved
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.web.dagster_runs import Dagster, verdicts_of_run
from netbox_sync_dagster.web.running import news_of

# Applies whose outcome the page still knows; the ledger has all.
_REMEMBERED = 50
# How often a Dagster run is looked at, and how often in a row Dagster may not answer.
_FOLLOW_SECONDS = 1.0
_MOST_SILENT = 60


@dataclass
class RunningApply:
    """One apply. ``verdicts`` grow while it runs; ``error`` is the sentence of what stopped it, ``notes`` what went wrong
    beside its changes. ``total`` is the number of approved changes, ``only`` their ids, ``object_types`` their types. ``run_id``: the Dagster
    run that applies them, and ``run_page`` its address."""

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
    run_id: str | None = None
    run_page: str | None = None
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
        dagster: Dagster | None = None,
    ) -> RunningApply:
        """Begin to apply these approved changes of a plan, which are of these types; returns at once.

        With ``dagster`` a Dagster run applies them. Raises DagsterError and ServerError where it does not start.
        """
        run = RunningApply(
            *(secrets.token_hex(8), plan, endpoint, who),
            only=frozenset(only),
            object_types=frozenset(object_types),
            total=len(only),
        )
        if dagster is not None:
            run.run_id = dagster.launch_apply(config.endpoint(endpoint), only, who)
            run.run_page = dagster.page(run.run_id)
        while len(self._runs) >= _REMEMBERED:
            done = next((key for key, old in self._runs.items() if old.done), None)
            if done is None:
                break
            del self._runs[done]
        self._runs[run.key] = run
        if dagster is not None:
            # Dagster goes on without this process.
            Thread(target=self._follow, args=(dagster, run), name=f"follow {plan}", daemon=True).start()
        else:
            Thread(
                target=self._apply, args=(config, run, login_by), name=f"apply {plan}", daemon=False
            ).start()
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

    def _follow(self, dagster: Dagster, run: RunningApply) -> None:
        """Take the verdicts of a Dagster run from the ledger until it has ended."""
        run_id, asked, silent = str(run.run_id), False, 0
        try:
            while not run.done:
                if run.stop.is_set() and not asked:
                    dagster.stop(run_id)
                    asked = True
                try:
                    over, silent = dagster.is_over(run_id), 0
                except ServerError:
                    # It may be restarted; the ledger says how far the apply is.
                    over, silent = False, silent + 1
                    if silent > _MOST_SILENT:
                        raise
                run.apply_id, found, ended = verdicts_of_run(self._warehouse, run.endpoint, run_id)
                run.verdicts += found[len(run.verdicts) :]
                if over or ended:
                    if run.apply_id is None and not asked:
                        run.error = f"the Dagster run ended before it applied anything; see {run.run_page}"
                    return
                time.sleep(_FOLLOW_SECONDS)
        except Exception as error:  # noqa: BLE001
            run.error = sentence(error)
        finally:
            run.done = True

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
