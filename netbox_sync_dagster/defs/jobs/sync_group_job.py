"""The job ``sync_group``: syncs all endpoints that are due, of any kind, in one run that reads NetBox once.

Dagster's asset jobs take one range of neighbouring partitions of one kind, which endpoints that are due rarely are. So
this is a job of ops that records the same assets, partitions and checks.
"""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from netbox_sync_dagster.defs.assets.netbox_assets import POOL
from netbox_sync_dagster.defs.failures import RETRIES, user_errors_as_failure
from netbox_sync_dagster.defs.keys import table_key
from netbox_sync_dagster.defs.partitions import keep_in_step
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of
from netbox_sync_dagster.storage import NETBOX
from netbox_sync_dagster.storage.tables import MAIN_TABLE

GROUP_JOB = "sync_group"
READ, SYNC = "read_target", "sync_endpoints"

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation


class Group(dg.Config):
    """Which endpoints are synced."""

    endpoints: list[str] = Field(description="Names of endpoints, of any kind.")


@dg.op(
    name=READ,
    out=dg.Out(dg.Nothing),
    pool=POOL,
    retry_policy=RETRIES,
    description="Reads NetBox, once for all endpoints of the run.",
)
def read_target(context: dg.OpExecutionContext, sync: SyncResource) -> Iterator[Event]:
    """Read NetBox into the warehouse."""
    # What reads it, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.checks.snapshot_checks import snapshot_results
    from netbox_sync_dagster.defs.materialization_log import MaterializationLog
    from netbox_sync_dagster.defs.metadata import snapshot_digest, snapshot_metadata
    from netbox_sync_dagster.defs.stale_run_locks import name_of
    from netbox_sync_dagster.sync.target import read_netbox

    with user_errors_as_failure(log_of(context)):
        settings, warehouse = sync.config(), sync.warehouse()
        manifest = read_netbox(
            settings, warehouse, progress=log_of(context).debug, who=name_of(context.run.run_id)
        )
        results = snapshot_results(warehouse, "netbox", ["netbox"])
    log = MaterializationLog(warehouse.snapshots("netbox", "netbox"))
    for name in NETBOX:
        key, digest = table_key("netbox", name), snapshot_digest(manifest, name)
        if log.is_due(key, "" if name == MAIN_TABLE["netbox"] else digest):
            yield dg.AssetMaterialization(key, metadata=snapshot_metadata(manifest, name))
    yield from map(as_evaluation, results)
    log.save()


@dg.op(
    name=SYNC,
    ins={"netbox": dg.In(dg.Nothing)},
    out=dg.Out(dg.Nothing),
    description="Reads these endpoints, compares each with NetBox, and lets the policies approve.",
)
def sync_endpoints(context: dg.OpExecutionContext, sync: SyncResource, config: Group) -> Iterator[Event]:
    """Sync every endpoint separately; the sensor retries failed ones after a pause."""
    # The comparison, which the definitions do not need.
    from netbox_sync_dagster.defs.syncing import Sync, fail, materializations, results_of_kinds
    from netbox_sync_dagster.storage.views import build_database

    with user_errors_as_failure(log_of(context)):
        settings, warehouse = sync.config(), sync.warehouse()
        # Events of a partition count only while the partition exists.
        keep_in_step(context.instance, settings)
        step = Sync(context, settings, warehouse, None, read=True, compare=True, accept_shrink=False)
        outcomes = step.run(config.endpoints)
        build_database(warehouse)
        results = results_of_kinds(warehouse, settings, {outcome.kind for outcome in outcomes})
    # Yielded, not logged: events logged before a failure are lost.
    yield from materializations(settings, warehouse, outcomes)
    yield from map(as_evaluation, results)
    fail(log_of(context), outcomes)


def as_evaluation(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """A check's result as an event that any op or sensor may log."""
    assert result.asset_key is not None and result.check_name is not None
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
    )


@dg.job(
    name=GROUP_JOB,
    description=(
        "Reads NetBox once and the named endpoints, compares, and lets the policies approve. Started by the sensor "
        "`intervals`. Writes nothing to NetBox."
    ),
)
def sync_group_job() -> None:
    """Read NetBox, then sync the endpoints."""
    sync_endpoints(netbox=read_target())
