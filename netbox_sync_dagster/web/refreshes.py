"""Readings of one object that were started from the page: each in a thread of this process, watched while it runs.

The diff shows the whole endpoint after them, as after hooks: nothing disappears from the plan that others work on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from netbox_sync_dagster.compare.one_object import name_in
from netbox_sync_dagster.compare.plan import Plan, read_head
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.storage.locks import HOOK, active_locks
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_dagster.sync import SyncOptions, sync_with_netbox
from netbox_sync_dagster.web.runs import Runs

# The resources whose objects others belong to.
_OWNERS = ("devices", "virtual_machines", "clusters")


class EndpointBusy(WarehouseError):
    """The endpoint is being read, by somebody else or for another object."""


@dataclass
class Refresh:
    """One refresh. ``name``: the object's, as the page calls it, and later as the source does; ``object_type``: its type in
    NetBox. ``lines`` grow while it runs: (server, what it does); ``error`` is the sentence of what stopped it, ``found`` the
    number of the object's rows."""

    key: str
    endpoint: str
    name: str
    source_id: str
    object_type: str
    who: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    error: str | None = None
    found: int | None = None
    done: bool = False


class Refreshes(Runs[Refresh]):
    """The refreshes of this process, one at a time per endpoint."""

    def start(
        self, config: Config, endpoint: str, name: str, source_id: str, object_type: str, *, who: str
    ) -> Refresh:
        """Begin to read the object; returns at once. One that already runs for the object is returned instead.

        Raises WarehouseError where the endpoint has no such objects, EndpointBusy where it is being synced.
        """
        found = config.endpoint(endpoint)
        SyncOptions(only=source_id).check([found])
        options = SyncOptions(parts=(source_id,), shows_rest=True)
        with self._lock:
            running = next(
                (run for run in self._runs.values() if run.endpoint == endpoint and not run.done), None
            )
            if running is not None and running.source_id == source_id:
                return running
            # The lock itself is taken in the thread; this says so before anything is begun.
            busy = running.who if running else active_locks(self._warehouse).get(found.kind, {}).get(endpoint)
            if busy is not None and busy != HOOK:
                raise EndpointBusy(
                    f"endpoint '{endpoint}' is being synced already (by {busy}); try again when it has ended"
                )
            run = Refresh(secrets.token_hex(8), endpoint, name, source_id, object_type, who)
            self._keep(run)
        self._begin(lambda: self._sync(config, run, options), f"refresh {endpoint}")
        return run

    def _sync(self, config: Config, run: Refresh, options: SyncOptions) -> None:
        try:
            target, outcomes = sync_with_netbox(
                self._warehouse,
                config,
                [config.endpoint(run.endpoint)],
                options,
                who=f"netbox-sync web by {run.who}",
                show=lambda name, text: run.lines.append((name, text)),
                stop=self._stop,
            )
            run.lines += [(one.endpoint, note) for one in outcomes for note in one.notes]
            errors = [outcome.error for outcome in (target, *outcomes) if outcome.error is not None]
            if errors:
                run.error = sentence(errors[0])
            elif outcomes[0].plan is not None:
                self._count(config.endpoint(run.endpoint), run, outcomes[0].plan)
            build_database(self._warehouse)
        except Exception as error:  # noqa: BLE001
            run.error = sentence(error)
        finally:
            run.done = True

    def _count(self, endpoint: Endpoint, run: Refresh, plan: Plan) -> None:
        """The object's rows, under the name that it has now."""
        head = read_head(self._warehouse, run.endpoint)
        resource = source_of(endpoint.kind).main_resource
        run.name = name_in(head.folder, resource, run.source_id) or run.name
        names = ((row.parent, row.key if row.resource in _OWNERS else None) for row in plan.rows)
        run.found = sum(run.name in either for either in names)
