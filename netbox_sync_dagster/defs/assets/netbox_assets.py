"""Assets ``netbox/<table>``: the snapshot of NetBox."""

from collections.abc import Iterator

import dagster as dg

from netbox_sync_dagster.defs.checks.specs import snapshot_checks
from netbox_sync_dagster.defs.failures import RETRIES, user_errors_as_failure
from netbox_sync_dagster.defs.freshness import sync_freshness
from netbox_sync_dagster.defs.keys import KIND_TAG, table_key
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.owners import owners
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of
from netbox_sync_dagster.defs.table_metadata import table_description, table_metadata
from netbox_sync_dagster.storage import NETBOX
from netbox_sync_dagster.storage.tables import MAIN_TABLE

# One reader or writer of NetBox at a time, see dagster.yaml: NetBox has few workers, and a snapshot taken while changes
# are written shows only some of them.
POOL = "netbox"


class ReadNetBox(dg.Config):
    """How NetBox is read."""

    accept_shrink: bool = False


@dg.multi_asset(
    name="netbox",
    specs=[
        dg.AssetSpec(
            table_key("netbox", name),
            group_name="netbox",
            description=table_description(
                "netbox", name, f"NetBox's {name.replace('_', ' ')}, as the last read found them."
            ),
            kinds={"netbox", "parquet"},
            owners=owners(),
            tags={KIND_TAG: "netbox"},
            metadata=table_metadata("netbox", name),
            freshness_policy=sync_freshness(*LOADED_KINDS) if name == MAIN_TABLE["netbox"] else None,
        )
        for name in NETBOX
    ],
    check_specs=snapshot_checks("netbox"),
    retry_policy=RETRIES,
    pool=POOL,
    description="Reads NetBox: all tables, made current together.",
)
def netbox_assets(
    context: dg.AssetExecutionContext, sync: SyncResource, config: ReadNetBox
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Read NetBox into the warehouse."""
    # What reads it, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.checks.snapshot_checks import snapshot_results
    from netbox_sync_dagster.defs.materialization_log import MaterializationLog
    from netbox_sync_dagster.defs.metadata import snapshot_metadata
    from netbox_sync_dagster.defs.stale_run_locks import name_of
    from netbox_sync_dagster.storage.views import build_database
    from netbox_sync_dagster.sync.target import read_netbox

    with user_errors_as_failure(log_of(context)):
        settings, warehouse = sync.config(), sync.warehouse()
        manifest = read_netbox(
            settings,
            warehouse,
            progress=log_of(context).debug,
            accept_shrink=config.accept_shrink,
            who=name_of(context.run.run_id),
        )
        build_database(warehouse)
        MaterializationLog(warehouse.snapshots("netbox", "netbox")).clear()
        results = snapshot_results(warehouse, "netbox", ["netbox"])
    for name in NETBOX:
        yield dg.MaterializeResult(
            asset_key=table_key("netbox", name),
            metadata=snapshot_metadata(manifest, name),
        )
    yield from results
