"""The step that applies the approved changes of one endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import dagster as dg

from netbox_sync_dagster.apply import ApplyResult, apply_approved
from netbox_sync_dagster.approve import ApprovalError, resolve_ids
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config, Policies
from netbox_sync_dagster.defs.assets.apply_assets import Apply
from netbox_sync_dagster.defs.failures import user_errors_as_failure
from netbox_sync_dagster.defs.keys import RESOURCES_OF, Kind, apply_key
from netbox_sync_dagster.defs.metadata import apply_metadata
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import Log, failure, log_of
from netbox_sync_dagster.defs.stale_run_locks import name_of, when_free
from netbox_sync_dagster.storage.views import build_database


def apply_changes(
    context: dg.AssetExecutionContext, sync: SyncResource, config: Apply, kind: Kind
) -> Iterator[dg.MaterializeResult]:
    """Apply the run's partition; only the selected resources are written.

    Yields one result per resource whose changes were all applied. Raises a Failure if a change was not.
    """
    name = context.partition_key
    resources = [item for item in RESOURCES_OF[kind] if apply_key(kind, item) in context.selected_asset_keys]
    with user_errors_as_failure(log_of(context)):
        settings, warehouse = sync.config(), sync.warehouse()
        plan = with_parts(warehouse, load_plan(warehouse, name))
        # If all of the kind's resources are selected, all changes are meant.
        everything = len(resources) == len(RESOURCES_OF[kind])
        only = {row.change_id for row in plan.changes if row.resource in resources}
        only &= {row.change_id for row in resolve_ids(plan, config.only)} or only
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
