"""Assets ``apply/<kind>/<resource>``: approved changes, written to NetBox. Always a separate run."""

from collections.abc import Iterator, Mapping
from functools import partial

import dagster as dg
from pydantic import Field

from netbox_sync_dagster.apply import ApplyResult
from netbox_sync_dagster.approve import ApprovalError
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config, Policies
from netbox_sync_dagster.defs.assets.netbox_assets import POOL
from netbox_sync_dagster.defs.code_references import with_functions
from netbox_sync_dagster.defs.failures import RETRIES, user_errors_as_failure
from netbox_sync_dagster.defs.keys import (
    KIND_TAG,
    RESOURCES_OF,
    TITLES,
    Kind,
    apply_key,
    diff_key,
)
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS
from netbox_sync_dagster.defs.metadata import apply_metadata
from netbox_sync_dagster.defs.owners import owners
from netbox_sync_dagster.defs.partitions import PARTITIONS
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import Log, failure, log_of
from netbox_sync_dagster.defs.stale_run_locks import name_of, when_free
from netbox_sync_dagster.storage.views import build_database


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
        [], description="Change ids; the others stay approved. Empty: all approved changes."
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
        from netbox_sync_dagster.apply import apply_approved

        name = context.partition_key
        resources = [
            item for item in RESOURCES_OF[kind] if apply_key(kind, item) in context.selected_asset_keys
        ]
        with user_errors_as_failure(log_of(context)):
            settings, warehouse = sync.config(), sync.warehouse()
            plan = with_parts(warehouse, load_plan(warehouse, name))
            # If all of the kind's resources are selected, all changes are meant.
            everything = len(resources) == len(RESOURCES_OF[kind])
            only = {row.change_id for row in plan.changes if row.resource in resources}
            only &= set(config.only) or only
            apply = partial(
                apply_approved,
                warehouse,
                settings.netbox,
                name,
                plan,
                progress=lambda done, total: _say(log_of(context), name, done, total),
                who=config.who.strip() or name_of(context.run.run_id),
                through="dagster" if config.who.strip() else _started_by(context.run.tags),
                run=context.run.run_id,
                policies=_policies(settings, name),
                only=None if everything and not config.only else only,
            )
            result = when_free(apply, context.instance, log_of(context))
            build_database(warehouse)
        yield from _record(kind, resources, result, plan, settings.netbox.base_url)
        _fail(log_of(context), result, plan, settings.netbox.base_url)

    return apply_endpoint


def _started_by(tags: Mapping[str, str]) -> str:
    """The program that started a run without a person's name."""
    if "dagster/sensor_name" in tags:
        return "sensor"
    return "schedule" if "dagster/schedule_name" in tags else "dagster run"


def _policies(settings: Config, endpoint: str) -> Policies:
    try:
        return settings.endpoint(endpoint).policies
    except KeyError as error:
        raise ApprovalError(error.args[0]) from None


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
        )


def _say(log: Log, name: str, done: int, total: int) -> None:
    if done % 100 == 0 or done == total:
        log.info(f"{name}: {done} of {total} approved changes have a verdict")


def _record(
    kind: Kind, resources: list[str], result: ApplyResult, plan: Plan, base_url: str
) -> Iterator[dg.MaterializeResult]:
    """One result per resource whose approved changes were all applied; the others fail with the run."""
    types = _types(plan)
    for resource in resources:
        verdicts = [item for item in result.verdicts if item.resource == resource]
        if all(item.verdict == "applied" for item in verdicts):
            yield dg.MaterializeResult(
                asset_key=apply_key(kind, resource),
                metadata=apply_metadata(result, verdicts, base_url=base_url, types=types),
            )


def _fail(log: Log, result: ApplyResult, plan: Plan, base_url: str) -> None:
    """The run fails if a change was not applied, or if it could not settle an earlier apply."""
    open_before = [item for item in result.settled if item.verdict != "applied"]
    for note in result.notes:
        log.warning(note)
    for item in open_before:
        log.warning(
            f"left open by an earlier apply: {item.action} {item.resource} {item.key}: {item.message}"
        )
    bad = [item for item in result.verdicts if item.verdict != "applied"]
    if not bad:
        return
    for item in bad[:100]:
        log.error(f"{item.verdict}: {item.action} {item.resource} {item.key}: {item.message}")
    counts = ", ".join(f"{number} {name}" for name, number in result.counts.items() if number)
    first = bad[0]
    raise failure(
        (
            f"endpoint '{result.endpoint}': {len(bad)} of {len(result.verdicts)} approved changes are not applied "
            f"({counts}); first: {first.action} {first.resource} {first.key}: {first.verdict}: {first.message}"
        ),
        metadata=apply_metadata(result, result.verdicts, base_url=base_url, types=_types(plan)),
        allow_retries=False,
    )


def _types(plan: Plan) -> dict[str, str]:
    return {row.change_id: row.object_type for row in plan.changes}


# Dagster finds them in this list.
APPLY_ASSETS = with_functions(apply_assets(kind) for kind in LOADED_KINDS)
