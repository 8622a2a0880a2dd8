"""Assets ``apply/<kind>/<resource>``: approved changes, written to NetBox. Always a separate run."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from netbox_sync_dagster.defs.assets.netbox_assets import POOL
from netbox_sync_dagster.defs.code_references import code_references
from netbox_sync_dagster.defs.failures import RETRIES
from netbox_sync_dagster.defs.keys import (
    KIND_TAG,
    RESOURCES_OF,
    TITLES,
    Kind,
    apply_key,
    diff_key,
)
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.owners import owners
from netbox_sync_dagster.defs.partitions import PARTITIONS
from netbox_sync_dagster.defs.resources import SyncResource


class Apply(dg.Config):
    """How changes are applied."""

    who: str = Field(
        "",
        description=(
            "Who applies; recorded. If empty, the Dagster run is recorded. A run does not count as a person: with "
            "policies.second_approver, two people must have approved."
        ),
    )
    only: list[str] = Field(
        [],
        description="Change ids of the current diff; the others stay approved. Empty: all approved changes.",
    )


def apply_assets(kind: Kind, retries: dg.RetryPolicy = RETRIES) -> dg.AssetsDefinition:
    """The apply assets of one kind of endpoint; only the selected resources are written."""

    @dg.multi_asset(
        name=f"apply_{kind}_changes",
        specs=list(_specs(kind)),
        partitions_def=PARTITIONS[kind],
        can_subset=True,
        retry_policy=retries,
        pool=POOL,
        description=f"Writes the approved changes of {TITLES[kind]} endpoints to NetBox, exactly as approved.",
    )
    def apply_endpoint(
        context: dg.AssetExecutionContext, sync: SyncResource, config: Apply
    ) -> Iterator[dg.MaterializeResult]:
        # NetBox's client, which the definitions do not need: every run and code server loads them.
        from netbox_sync_dagster.defs.applying import apply_changes

        yield from apply_changes(context, sync, config, kind)

    return apply_endpoint


def _specs(kind: Kind) -> Iterator[dg.AssetSpec]:
    for name in RESOURCES_OF[kind]:
        yield dg.AssetSpec(
            apply_key(kind, name),
            deps=[diff_key(kind, name)],
            group_name=f"apply_{kind}",
            description=f"Writes the approved changes of {name.replace('_', ' ')} to NetBox, and nothing else.",
            kinds={"netbox", "python"},
            owners=owners(kind),
            tags={KIND_TAG: kind},
            metadata=code_references(apply_assets),
        )


# Dagster finds them in this list.
APPLY_ASSETS = [apply_assets(kind) for kind in LOADED_KINDS]
