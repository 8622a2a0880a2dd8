"""The step that reads endpoints and compares them: each endpoint separately, in threads because reading is mostly
waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import dagster as dg

from netbox_sync_dagster.compare.plan import Plan, shows_only_of
from netbox_sync_dagster.compare.run import Comparer, describe
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.defs.checks.diff_checks import diff_results
from netbox_sync_dagster.defs.checks.snapshot_checks import snapshot_results
from netbox_sync_dagster.defs.diff_sql import sql_of
from netbox_sync_dagster.defs.failures import is_retryable
from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, RESOURCES_OF, Kind, diff_key, table_key
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.materialization_log import MaterializationLog
from netbox_sync_dagster.defs.metadata import (
    Metadata,
    diff_digest,
    diff_metadata,
    diff_version,
    drift_charts,
    snapshot_digest,
    snapshot_metadata,
)
from netbox_sync_dagster.defs.partitions import enabled
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import Log, failure, log_of
from netbox_sync_dagster.defs.stale_run_locks import name_of, when_free
from netbox_sync_dagster.explain import about, is_expected, sentence
from netbox_sync_dagster.storage import SYSTEMS, Manifest, Warehouse, WarehouseError
from netbox_sync_dagster.storage.tables import ABOUT_ROWS
from netbox_sync_dagster.sync import Outcome, Stopped, SyncOptions, run_together, sync_endpoint

# Endpoints read in parallel in one run; in addition, each has its fetch_max_concurrency.
_AT_ONCE = 8


class Sync:
    """One attempt of the step for some endpoints, of one kind if a kind is given."""

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
        only: str | None = None,
    ) -> None:
        self._log = log_of(context)
        self._retry = context.retry_number
        warehouse.run = context.run.run_id
        self._who = name_of(context.run.run_id)
        self._instance = context.instance
        self._config = config
        self._warehouse = warehouse
        self._kind = kind
        self._options = SyncOptions(read, compare, accept_shrink, only)
        self._stop = threading.Event()
        self._comparer = Comparer(warehouse, config)

    def run(self, names: Sequence[str]) -> list[Outcome]:
        """Sync every endpoint as far as possible; an error of one endpoint is its outcome."""
        names = list(dict.fromkeys(names))
        if not names:
            raise WarehouseError("no endpoint is named; say which are synced, e.g. endpoints: [paris]")
        found = [self._find(name) for name in names]
        self._options.check([endpoint for endpoint in found if not isinstance(endpoint, Outcome)])
        with self._comparer:
            work = {
                endpoint.name: partial(self._sync, endpoint)
                for endpoint in found
                if not isinstance(endpoint, Outcome)
            }
            done = run_together(work, at_once=_AT_ONCE, show=self._show, stop=self._stop)
        return [one if isinstance(one, Outcome) else done[one.name] for one in found]

    def retry_if_possible(self, outcomes: Sequence[Outcome], retries: int) -> None:
        """Raise a Failure that is retried if that may help; finished endpoints are not repeated."""
        errors = {
            item.endpoint: item.error
            for item in outcomes
            if item.error is not None and is_retryable(item.error)
        }
        if errors and self._retry < retries:
            text = _sentences(errors)
            self._log.warning(f"trying again, {retries - self._retry} more times: {text}")
            raise failure(text, allow_retries=True)

    def _find(self, name: str) -> Endpoint | Outcome:
        """The endpoint, or the outcome if it is not configured."""
        try:
            endpoint = self._config.endpoint(name)
        except KeyError as error:
            return Outcome(name, error=WarehouseError(error.args[0]))
        if self._kind is not None and endpoint.kind != self._kind:
            return Outcome(
                name, error=WarehouseError(f"endpoint '{name}' is {endpoint.kind} now, not {self._kind}")
            )
        return endpoint

    def _sync(self, endpoint: Endpoint, say: Callable[[str], None]) -> Outcome:
        def lock(take: Callable[[], None]) -> None:
            when_free(take, self._instance, self._log, self._pause)

        outcome = sync_endpoint(
            self._warehouse,
            endpoint,
            self._comparer,
            who=self._who,
            options=self._options,
            say=say,
            lock=lock,
            already_read=self._read_in_this_run(endpoint) if self._retry else None,
        )
        self._tell(outcome)
        return outcome

    def _show(self, name: str, text: str) -> None:
        self._log.debug(f"{name}: {text}")

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _tell(self, outcome: Outcome) -> None:
        """Log the outcome of an endpoint."""
        name, manifest = outcome.endpoint, outcome.manifest
        if manifest is not None:
            rows = sum(number for table, number in manifest.row_counts.items() if table not in ABOUT_ROWS)
            how = "complete" if manifest.complete else f"incomplete ({len(manifest.reasons)} reasons)"
            self._log.info(f"{name}: read {rows} rows in {outcome.seconds:.1f} s, {how}")
        for note in outcome.notes:
            self._log.warning(f"{name}: {note}")
        if outcome.diff is not None:
            self._log.info(f"{name}: compared with NetBox: {describe(outcome.diff)}")
            if (only := shows_only_of(outcome.diff)) is not None:
                self._log.info(f"{name}: the diff shows {only}")
        if outcome.error is not None and not is_expected(outcome.error):
            self._log.traceback(f"{name}: the traceback, for a report:", outcome.error)

    def _read_in_this_run(self, endpoint: Endpoint) -> Manifest | None:
        try:
            manifest = Manifest(
                **self._warehouse.manifest(self._warehouse.snapshots(endpoint.kind, endpoint.name))
            )
        except WarehouseError:
            return None
        return manifest if manifest.run == self._warehouse.run else None


def check_results(
    context: dg.AssetExecutionContext, sync: SyncResource, kind: Kind
) -> list[dg.AssetCheckResult]:
    """The selected checks of a kind; they cover all of its endpoints."""
    wanted = context.selected_asset_check_keys
    if not wanted:
        return []
    return [
        result
        for result in results_of_kinds(sync.warehouse(), sync.config(), {kind})
        if any(key.name == result.check_name and key.asset_key == result.asset_key for key in wanted)
    ]


def results_of_kinds(
    warehouse: Warehouse, config: Config, kinds: Collection[Kind | None]
) -> list[dg.AssetCheckResult]:
    """All checks of these kinds; they cover all endpoints of each kind."""
    found: list[dg.AssetCheckResult] = []
    warehouse.pull_current()
    warehouse.pull(warehouse.ledger)
    warehouse = warehouse.as_downloaded()
    for kind in LOADED_KINDS:
        if kind in kinds:
            names = [endpoint.name for endpoint in enabled(config, kind)]
            found += snapshot_results(warehouse, kind, names)
            found += diff_results(warehouse, config, kind, names)
    return found


def record(
    context: dg.AssetExecutionContext,
    kind: Kind,
    config: Config,
    warehouse: Warehouse,
    outcomes: Sequence[Outcome],
) -> Iterator[dg.MaterializeResult]:
    """Report materializations to Dagster, per asset and endpoint.

    A yielded result counts for every partition of the run, so it is only yielded if all of them succeeded; otherwise
    the good partitions are logged one by one.
    """
    made: dict[dg.AssetKey, dict[str, Metadata]] = {}
    for outcome in outcomes:
        for asset in _made(kind, config, warehouse, outcome):
            made.setdefault(asset.key, {})[outcome.endpoint] = asset.metadata()
        MaterializationLog(warehouse.diffs(outcome.endpoint)).clear()
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
    config: Config, warehouse: Warehouse, outcomes: Sequence[Outcome]
) -> Iterator[dg.AssetMaterialization]:
    """One event per asset and endpoint; unchanged assets only once an hour (``MaterializationLog``)."""
    netbox_log = MaterializationLog(warehouse.snapshots("netbox", "netbox"))
    for outcome in outcomes:
        if outcome.kind is None:
            continue
        log = MaterializationLog(warehouse.diffs(outcome.endpoint))
        for made in _made(outcome.kind, config, warehouse, outcome):
            # A diff is reported along with its upstream tables: if it were older, Dagster would show it as unsynced.
            newest = max(
                (one.reported_at(table) for one in (log, netbox_log) for table in made.upstream), default=0.0
            )
            if log.is_due(made.key, made.digest and f"{made.digest} {newest}"):
                yield dg.AssetMaterialization(made.key, partition=outcome.endpoint, metadata=made.metadata())
        # After the events: those of a run that is killed meanwhile do not count as reported.
        log.save()


class Made(NamedTuple):
    """An asset of an endpoint; ``digest``: for ``MaterializationLog``, empty = always report; ``upstream``: its
    upstream assets."""

    key: dg.AssetKey
    digest: str
    upstream: tuple[dg.AssetKey, ...]
    metadata: Callable[[], Metadata]


def _made(kind: Kind, config: Config, warehouse: Warehouse, outcome: Outcome) -> Iterator[Made]:
    """Every asset of the outcome, tables first.

    The main resource is reported at every sync, which shows that the sync took place.
    """
    manifest, plan = outcome.manifest, outcome.plan
    if manifest is not None:
        for table in SYSTEMS[kind]:
            digest = snapshot_digest(manifest, table)
            yield Made(table_key(kind, table), digest, (), partial(snapshot_metadata, manifest, table))
    if plan is not None:
        charts = cache(lambda: drift_charts(warehouse, outcome.endpoint, RESOURCES_OF[kind]))

        def metadata(plan: Plan, resource: str) -> Metadata:
            by_policy, drift = outcome.by_policy.get(resource, 0), charts()[resource]
            return diff_metadata(
                plan,
                resource,
                base_url=config.netbox.base_url,
                by_policy=by_policy,
                drift=drift,
                review=config.web.link(f"plans/{plan.endpoint}", resource=resource),
            )

        for resource in RESOURCES_OF[kind]:
            always = resource == MAIN_RESOURCE[kind] or resource in outcome.by_policy
            digest = "" if always else diff_digest(plan, resource)
            upstream = tuple(sql_of(kind, resource).upstream)
            yield Made(diff_key(kind, resource), digest, upstream, partial(metadata, plan, resource))


def fail(log: Log, outcomes: Iterable[Outcome]) -> None:
    """Raise a Failure that names every failed endpoint with its sentence; returns if none failed."""
    all_of_them = list(outcomes)
    errors = {item.endpoint: item.error for item in all_of_them if item.error is not None}
    if not errors:
        return
    for name, error in errors.items():
        log.error(about(name, error))
    good = [item.endpoint for item in all_of_them if item.error is None]
    rest = f" Done: {', '.join(good)}." if good else ""
    metadata: dict[str, Any] = {name: sentence(error) for name, error in errors.items()}
    raise failure(_sentences(errors) + rest, metadata=metadata, allow_retries=False)


def _sentences(errors: Mapping[str, Exception]) -> str:
    texts = [about(name, error) for name, error in errors.items()]
    return " ".join(text if text.endswith((".", "?")) else f"{text}." for text in texts)
