"""Comparisons after an answer: each in a thread of this process, watched while it runs. The endpoint is not read."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from netbox_sync_dagster.approve.followed import Followed, what_followed
from netbox_sync_dagster.approve.resolve import Question
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_dagster.sync import Stopped, compare_again
from netbox_sync_dagster.web.runs import Runs


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


class Comparisons(Runs[Comparison]):
    """The comparisons of this process. An endpoint's lock lets one at a time run."""

    def start(
        self, config: Config, before: Plan, asked: Sequence[Question], *, who: str, said: str
    ) -> Comparison:
        """Begin to compare the endpoint of the plan again; returns at once. ``asked``: what was answered."""
        run = Comparison(secrets.token_hex(8), before.endpoint, who, said)
        with self._lock:
            self._keep(run)
        self._begin(lambda: self._compare(config, before, tuple(asked), run), f"compare {run.endpoint}")
        return run

    def _compare(self, config: Config, before: Plan, asked: Sequence[Question], run: Comparison) -> None:
        def say(text: str) -> None:
            if self._stop.is_set():
                raise Stopped
            run.lines.append((run.endpoint, text))

        try:
            who = f"netbox-sync web by {run.who}"
            endpoint = config.endpoint(run.endpoint)
            outcome = compare_again(self._warehouse, config, endpoint, who=who, say=say)
            run.lines += [(run.endpoint, note) for note in outcome.notes]
            after = load_plan(self._warehouse, run.endpoint)
            run.followed = what_followed(self._warehouse, before, after, asked)
            build_database(self._warehouse)
        except Exception as error:  # noqa: BLE001
            run.error = sentence(error)
        finally:
            run.done = True
