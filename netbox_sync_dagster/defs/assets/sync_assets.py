"""Assets ``librenms/<table>``, ``proxmox/<table>``, ``docker/<table>`` and ``diff/<kind>/<resource>``, a partition per endpoint.

Reading an endpoint and comparing it with NetBox is one step: each endpoint of a run is compared whether or not the
others could be read. With two steps, one unreachable endpoint would block the comparison of all others.
"""

from collections.abc import Iterator

import dagster as dg

from netbox_sync_dagster.defs.checks.specs import diff_checks, snapshot_checks
from netbox_sync_dagster.defs.code_references import code_references
from netbox_sync_dagster.defs.diff_sql import sql_of
from netbox_sync_dagster.defs.failures import RETRIES, user_errors_as_failure
from netbox_sync_dagster.defs.freshness import sync_freshness
from netbox_sync_dagster.defs.keys import (
    KIND_TAG,
    MAIN_RESOURCE,
    RESOURCES_OF,
    TITLES,
    Kind,
    diff_key,
    table_key,
)
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.owners import owners
from netbox_sync_dagster.defs.partitions import PARTITIONS
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of
from netbox_sync_dagster.defs.table_metadata import (
    diff_table_metadata,
    table_description,
    table_metadata,
)
from netbox_sync_dagster.storage import SYSTEMS

Event = dg.MaterializeResult | dg.AssetCheckResult


class ReadEndpoints(dg.Config):
    """How endpoints are read. ``accept_shrink``: objects missing from a far smaller snapshot are considered removed.
    ``device``: the name or the source's id of the only device, guest or container to read and compare, of the run's only
    endpoint; ``guest``: the same, as a vmid."""

    accept_shrink: bool = False
    device: str | None = None
    guest: int | None = None


def sync_assets(kind: Kind, retries: dg.RetryPolicy = RETRIES) -> dg.AssetsDefinition:
    """The snapshot and diff assets of one kind of endpoint."""
    snapshots = [table_key(kind, name) for name in SYSTEMS[kind]]
    diffs = [diff_key(kind, name) for name in RESOURCES_OF[kind]]

    @dg.multi_asset(
        name=f"sync_{kind}_endpoints",
        specs=[*_snapshot_specs(kind), *_diff_specs(kind)],
        check_specs=[*snapshot_checks(kind), *diff_checks(kind)],
        partitions_def=PARTITIONS[kind],
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        retry_policy=retries,
        description=f"Reads {TITLES[kind]} endpoints, compares each with NetBox, and lets the policies approve.",
    )
    def sync_endpoints(
        context: dg.AssetExecutionContext, sync: SyncResource, config: ReadEndpoints
    ) -> Iterator[Event]:
        # The comparison, which the definitions do not need: every run and code server loads them.
        from netbox_sync_dagster.defs.syncing import Sync, check_results, fail, record
        from netbox_sync_dagster.storage.views import build_database

        selected = context.selected_asset_keys
        with user_errors_as_failure(log_of(context)):
            settings, warehouse = sync.config(), sync.warehouse()
            step = Sync(
                context,
                settings,
                warehouse,
                kind,
                read=not selected.isdisjoint(snapshots),
                compare=not selected.isdisjoint(diffs),
                accept_shrink=config.accept_shrink,
                only=config.device if config.guest is None else str(config.guest),
            )
            # A run of checks alone names no partition and materializes nothing.
            outcomes = step.run(context.partition_keys) if selected else []
            build_database(warehouse)
            step.retry_if_possible(outcomes, retries.max_retries)
        yield from record(context, kind, settings, warehouse, outcomes)
        with user_errors_as_failure(log_of(context)):
            results = check_results(context, sync, kind)
        yield from results
        fail(log_of(context), outcomes)

    return sync_endpoints


def _snapshot_specs(kind: Kind) -> Iterator[dg.AssetSpec]:
    for name in SYSTEMS[kind]:
        yield dg.AssetSpec(
            table_key(kind, name),
            group_name=kind,
            description=table_description(
                kind,
                name,
                f"{TITLES[kind]}'s {name.replace('_', ' ')}, as the last read of each endpoint found them.",
            ),
            kinds={kind, "parquet"},
            owners=owners(kind),
            tags={KIND_TAG: kind},
            metadata={**table_metadata(kind, name), **code_references(sync_assets)},
        )


def _diff_specs(kind: Kind) -> Iterator[dg.AssetSpec]:
    for name in RESOURCES_OF[kind]:
        sql = sql_of(kind, name)
        yield dg.AssetSpec(
            diff_key(kind, name),
            deps=sql.upstream,
            group_name=f"diff_{kind}",
            description=(
                f"Differences between {TITLES[kind]} and NetBox for {name.replace('_', ' ')}, one row per object."
            ),
            kinds={"sql", "duckdb"},
            owners=owners(kind),
            tags={KIND_TAG: kind},
            code_version=sql.version,
            freshness_policy=sync_freshness(kind) if name == MAIN_RESOURCE[kind] else None,
            metadata={**diff_table_metadata(name, sql), **code_references(sync_assets, sql.files)},
        )


# Dagster finds them in this list.
SYNC_ASSETS = [sync_assets(kind) for kind in LOADED_KINDS]
