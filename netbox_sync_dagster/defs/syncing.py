"""The step that reads endpoints and compares them: each endpoint for itself, in threads for the waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple

import dagster as dg

from netbox_sync_dagster.approve import approve_by_policy
from netbox_sync_dagster.approve.policy import not_allowed
from netbox_sync_dagster.compare.attempts import record_failure
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import Comparer, describe
from netbox_sync_dagster.config import Config, DockerEndpoint, Endpoint, LibreNMSEndpoint
from netbox_sync_dagster.defs.checks import is_empty
from netbox_sync_dagster.defs.failures import is_expected, is_passing, sentence
from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, RESOURCES_OF, Kind, diff_key, table_key
from netbox_sync_dagster.defs.left_behind import name_of, when_free
from netbox_sync_dagster.defs.lineage import made_of
from netbox_sync_dagster.defs.metadata import (
    Metadata,
    diff_digest,
    diff_metadata,
    diff_version,
    drift_charts,
    snapshot_digest,
    snapshot_metadata,
)
from netbox_sync_dagster.defs.recorded import Recorded
from netbox_sync_dagster.defs.shown import Log, failure, log_of
from netbox_sync_dagster.sources.docker import snapshot_docker
from netbox_sync_dagster.sources.librenms import snapshot_librenms
from netbox_sync_dagster.sources.proxmox import snapshot_proxmox
from netbox_sync_dagster.warehouse import SYSTEMS, Manifest, Warehouse, WarehouseError
from netbox_sync_dagster.warehouse.hold import hold
from netbox_sync_dagster.warehouse.store import now
from netbox_sync_dagster.warehouse.tables import ABOUT_ROWS

# Endpoints read at once in one run; each has its own fetch_max_concurrency besides.
_AT_ONCE = 8
# A comparison uses all cores and up to its memory limit: one at a time in this process.
_COMPARING = threading.Lock()


class Stopped(Exception):
    """The run was terminated while this endpoint was read."""


@dataclass
class Outcome:
    """How far one endpoint came: its snapshot, its diff, and the error that stopped it."""

    endpoint: str
    kind: Kind | None = None
    manifest: Manifest | None = None
    plan: Plan | None = None
    by_policy: dict[str, int] = field(default_factory=dict)
    error: Exception | None = None


class EmptySnapshot(WarehouseError):
    """The endpoint showed nothing: no ground for a comparison."""


class Sync:
    """One try of the step for some endpoints, of one kind where one is given."""

    def __init__(
        self,
        context: dg.OpExecutionContext | dg.AssetExecutionContext,
        config: Config,
        warehouse: Warehouse,
        kind: Kind | None,
        *,
        read: bool,
        compare: bool,
        accept_shrink: bool,
        guest: int | None = None,
    ) -> None:
        self._log = log_of(context)
        self._retry = context.retry_number
        warehouse.run = context.run.run_id
        self._who = name_of(context.run.run_id)
        self._instance = context.instance
        self._config = config
        self._warehouse = warehouse
        self._kind = kind
        self._read = read
        self._compare = compare
        self._accept_shrink = accept_shrink
        self._guest = guest
        self._stop = threading.Event()
        self._comparer = Comparer(warehouse, config)

    def run(self, names: Sequence[str]) -> list[Outcome]:
        """Take every endpoint as far as it goes; an error of one is its own outcome."""
        names = list(dict.fromkeys(names))
        if not names:
            raise WarehouseError("no endpoint is named; say which are synced, e.g. endpoints: [paris]")
        if not self._read and (self._accept_shrink or self._guest is not None):
            raise WarehouseError(
                "accept_shrink and guest say how an endpoint is read, and nothing is read: select its snapshot assets too"
            )
        if self._guest is not None and (self._kind != "proxmox" or len(names) != 1):
            raise WarehouseError(
                f"guest {self._guest} is of one Proxmox endpoint: start the run for that partition alone"
            )
        with (
            self._comparer,
            ThreadPoolExecutor(min(len(names), _AT_ONCE), thread_name_prefix="sync") as pool,
        ):
            try:
                return list(pool.map(self._one, names))
            except BaseException:
                # Terminated: every read ends at its next progress line.
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def retry_if_passing(self, outcomes: Sequence[Outcome], retries: int) -> None:
        """Raise a Failure that is tried again where that may help; what is done is not done again then."""
        passing = [item for item in outcomes if item.error is not None and is_passing(item.error)]
        if passing and self._retry < retries:
            text = " ".join(_about(item.endpoint, item.error) for item in passing if item.error is not None)
            self._log.warning(f"trying again, {retries - self._retry} more times: {text}")
            raise failure(text, allow_retries=True)

    def _one(self, name: str) -> Outcome:
        outcome = Outcome(name)
        try:
            endpoint = self._endpoint(name)
            outcome.kind = endpoint.kind
            with ExitStack() as stack:

                def take(kind: Kind = endpoint.kind) -> None:
                    stack.enter_context(hold(self._warehouse, kind, name, self._who))

                when_free(take, self._instance, self._log, self._pause)
                if self._read:
                    outcome.manifest = self._snapshot(endpoint)
                if self._compare:
                    self._diff(endpoint, outcome)
        except Exception as error:  # noqa: BLE001
            if not is_expected(error):
                self._log.traceback(f"{name}: the traceback, for a report:", error)
            outcome.error = error
        return outcome

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _endpoint(self, name: str) -> Endpoint:
        try:
            endpoint = self._config.endpoint(name)
        except KeyError as error:
            raise WarehouseError(error.args[0]) from None
        if self._kind is not None and endpoint.kind != self._kind:
            raise WarehouseError(f"endpoint '{name}' is {endpoint.kind} now, not {self._kind}")
        return endpoint

    def _snapshot(self, endpoint: Endpoint) -> Manifest:
        if self._retry:
            done = self._read_in_this_run(endpoint)
            if done is not None:
                return done
        began = time.monotonic()

        def say(text: str) -> None:
            if self._stop.is_set():
                raise Stopped
            self._log.debug(f"{endpoint.name}: {text}")

        if isinstance(endpoint, LibreNMSEndpoint):
            manifest = snapshot_librenms(
                endpoint, self._warehouse, progress=say, accept_shrink=self._accept_shrink
            )
        elif isinstance(endpoint, DockerEndpoint):
            manifest = snapshot_docker(
                endpoint, self._warehouse, progress=say, accept_shrink=self._accept_shrink
            )
        else:
            manifest = snapshot_proxmox(
                endpoint,
                self._warehouse,
                progress=say,
                accept_shrink=self._accept_shrink,
                guest=self._guest,
            )
        rows = sum(number for table, number in manifest.row_counts.items() if table not in ABOUT_ROWS)
        how = "complete" if manifest.complete else f"incomplete ({len(manifest.reasons)} reasons)"
        self._log.info(f"{endpoint.name}: read {rows} rows in {time.monotonic() - began:.1f} s, {how}")
        return manifest

    def _read_in_this_run(self, endpoint: Endpoint) -> Manifest | None:
        try:
            manifest = Manifest(
                **self._warehouse.manifest(self._warehouse.snapshots(endpoint.kind, endpoint.name))
            )
        except WarehouseError:
            return None
        return manifest if manifest.run == self._warehouse.run else None

    def _diff(self, endpoint: Endpoint, outcome: Outcome) -> None:
        if outcome.manifest is not None and is_empty(outcome.manifest):
            empty = EmptySnapshot(_why_empty(outcome.manifest))
            record_failure(self._warehouse, endpoint, now(), empty)
            raise empty
        with _COMPARING:
            if self._stop.is_set():
                raise Stopped
            manifest = self._comparer.compare(endpoint)
        plan = outcome.plan = load_plan(self._warehouse, endpoint.name)
        approval = approve_by_policy(self._warehouse, plan, endpoint.policies)
        if approval is not None:
            rows = plan.by_id()
            for change_id in approval.change_ids:
                resource = rows[change_id].resource
                outcome.by_policy[resource] = outcome.by_policy.get(resource, 0) + 1
        for note in not_allowed(plan, endpoint.policies):
            self._log.warning(f"{endpoint.name}: {note}")
        self._log.info(f"{endpoint.name}: compared with NetBox: {describe(manifest)}")


def record(
    context: dg.AssetExecutionContext,
    kind: Kind,
    base_url: str,
    warehouse: Warehouse,
    outcomes: Sequence[Outcome],
) -> Iterator[dg.MaterializeResult]:
    """Tell Dagster what was made, per asset and endpoint.

    A result that is yielded counts for every partition of the run, so that is done only where all of them have
    it; otherwise the good partitions are logged one by one.
    """
    made: dict[dg.AssetKey, dict[str, Metadata]] = {}
    for outcome in outcomes:
        for asset in _made(kind, base_url, warehouse, outcome):
            made.setdefault(asset.key, {})[outcome.endpoint] = asset.metadata()
        Recorded(warehouse.diffs(outcome.endpoint)).forget()
    bad = any(outcome.error is not None for outcome in outcomes)
    plans = [outcome.plan for outcome in outcomes if outcome.plan is not None]
    versions = {diff_key(kind, name): diff_version(plans, name) for name in RESOURCES_OF[kind]}
    for key, partitions in made.items():
        if bad or key not in context.selected_asset_keys:
            for name, shown in partitions.items():
                context.log_event(dg.AssetMaterialization(key, partition=name, metadata=shown))
        else:
            for name, shown in partitions.items():
                context.add_asset_metadata(shown, asset_key=key, partition_key=name)
            yield dg.MaterializeResult(asset_key=key, data_version=versions.get(key))


def materializations(
    base_url: str, warehouse: Warehouse, outcomes: Sequence[Outcome]
) -> Iterator[dg.AssetMaterialization]:
    """What was made, one event per asset and endpoint; what is as it was is left out most times (``Recorded``)."""
    netbox = Recorded(warehouse.snapshots("netbox", "netbox"))
    for outcome in outcomes:
        if outcome.kind is None:
            continue
        recorded = Recorded(warehouse.diffs(outcome.endpoint))
        for made in _made(outcome.kind, base_url, warehouse, outcome):
            # A diff is told along with the tables it is made of: older than they, it would count as out of step.
            below = max((book.told(table) for book in (recorded, netbox) for table in made.of), default=0.0)
            if recorded.is_news(made.key, made.said and f"{made.said} {below}"):
                yield dg.AssetMaterialization(made.key, partition=outcome.endpoint, metadata=made.metadata())
        # After the events: those of a run that is killed meanwhile are not taken for recorded.
        recorded.save()


class Made(NamedTuple):
    """An asset of an endpoint; ``said``: what ``Recorded`` is to know of it; ``of``: the assets it is made of."""

    key: dg.AssetKey
    said: str
    of: tuple[dg.AssetKey, ...]
    metadata: Callable[[], Metadata]


def _made(kind: Kind, base_url: str, warehouse: Warehouse, outcome: Outcome) -> Iterator[Made]:
    """Every asset of the outcome, tables first.

    The main resource is told at every sync: it says that there was one.
    """
    manifest, plan = outcome.manifest, outcome.plan
    if manifest is not None:
        for table in SYSTEMS[kind]:
            said = snapshot_digest(manifest, table)
            yield Made(table_key(kind, table), said, (), partial(snapshot_metadata, manifest, table))
    if plan is not None:
        charts = cache(lambda: drift_charts(warehouse, outcome.endpoint, RESOURCES_OF[kind]))

        def metadata(plan: Plan, resource: str) -> Metadata:
            by_policy, drift = outcome.by_policy.get(resource, 0), charts()[resource]
            return diff_metadata(plan, resource, base_url=base_url, by_policy=by_policy, drift=drift)

        for resource in RESOURCES_OF[kind]:
            always = resource == MAIN_RESOURCE[kind] or resource in outcome.by_policy
            said = "" if always else diff_digest(plan, resource)
            of = made_of(kind, resource)
            yield Made(diff_key(kind, resource), said, of, partial(metadata, plan, resource))


def fail(log: Log, outcomes: Iterable[Outcome]) -> None:
    """Raise a Failure that names every endpoint that failed, with its sentence; return where none did."""
    all_of_them = list(outcomes)
    errors = {item.endpoint: item.error for item in all_of_them if item.error is not None}
    if not errors:
        return
    sentences = [_about(name, error) for name, error in errors.items()]
    for text in sentences:
        log.error(text)
    good = [item.endpoint for item in all_of_them if item.error is None]
    rest = f" Done: {', '.join(good)}." if good else ""
    metadata: dict[str, Any] = {name: sentence(error) for name, error in errors.items()}
    raise failure(" ".join(sentences) + rest, metadata=metadata, allow_retries=False)


def _about(name: str, error: Exception) -> str:
    text = sentence(error)
    text = text if name in text else f"endpoint '{name}': {text}"
    return text if text.endswith(".") else f"{text}."


def _why_empty(manifest: Manifest) -> str:
    reasons = "; ".join(manifest.reasons) or "the server shows nothing"
    return f"endpoint '{manifest.endpoint}': nothing was compared: {reasons}"
