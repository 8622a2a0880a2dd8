"""The jobs: reading and comparing, which never write to NetBox, and applying."""

from __future__ import annotations

import dagster as dg

from netbox_sync_dagster.defs.keys import ENDPOINT_TAG, KIND_TAG, TITLES, Kind
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.partitions import PARTITIONS

read_netbox = dg.define_asset_job(
    "read_netbox",
    selection=dg.AssetSelection.groups("netbox"),
    description="Reads NetBox. Writes nothing to it.",
    tags={KIND_TAG: "netbox"},
)


def _sync_job(kind: Kind) -> dg.UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"sync_{kind}",
        selection=dg.AssetSelection.groups("netbox", kind, f"diff_{kind}"),
        description=(
            f"Reads NetBox and {TITLES[kind]} endpoints, compares, and lets the policies approve. "
            "Writes nothing to NetBox."
        ),
        tags={KIND_TAG: kind},
    )


def _apply_job(kind: Kind) -> dg.UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"apply_{kind}",
        selection=dg.AssetSelection.groups(f"apply_{kind}"),
        description=f"Writes the approved changes of one {TITLES[kind]} endpoint to NetBox, exactly as approved.",
        config=dg.PartitionedConfig(
            partitions_def=PARTITIONS[kind],
            run_config_for_partition_key_fn=lambda _: {},
            tags_for_partition_key_fn=lambda key: {ENDPOINT_TAG: key},
        ),
    )


SYNC_JOBS: dict[Kind, dg.UnresolvedAssetJobDefinition] = {kind: _sync_job(kind) for kind in LOADED_KINDS}
APPLY_JOBS: dict[Kind, dg.UnresolvedAssetJobDefinition] = {kind: _apply_job(kind) for kind in LOADED_KINDS}
# Dagster finds jobs in lists.
JOBS = [*SYNC_JOBS.values(), *APPLY_JOBS.values()]
