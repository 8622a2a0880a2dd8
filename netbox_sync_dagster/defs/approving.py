"""The step that records a decision on changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from netbox_sync_dagster.apply.ledger import applied_changes
from netbox_sync_dagster.approve import ApprovalError, Filter, approve, meant
from netbox_sync_dagster.approve.fitting import fitting, follow_ups, nothing_sentence
from netbox_sync_dagster.approve.names import check_names
from netbox_sync_dagster.approve.parts import added_notes, divided, with_parts
from netbox_sync_dagster.approve.records import netbox_read_at
from netbox_sync_dagster.approve.select import Words
from netbox_sync_dagster.approve.states import states, unmet_sentence
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan
from netbox_sync_dagster.config import Config, Policies
from netbox_sync_dagster.defs.failures import user_errors_as_failure
from netbox_sync_dagster.defs.jobs.approve_job import Decide, Decision
from netbox_sync_dagster.defs.markdown import markdown_value
from netbox_sync_dagster.defs.metadata import SHOWN, changes_table
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of, shown
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import build_database

_WORDS = Words(
    ids="change_ids",
    filters="change_ids, a filter (resource, action, field, device), or all_creates_and_updates",
    everything="all_creates_and_updates",
    instead="",
)


def record_decision(context: dg.OpExecutionContext, sync: SyncResource, config: Decide) -> None:
    """Record the decision on the changes that the ids or the filter select; raises a Failure if it cannot be recorded."""
    with user_errors_as_failure(log_of(context)):
        settings, warehouse = sync.config(), sync.warehouse()
        policies = _policies(settings, config.endpoint)
        plan = load_plan(warehouse, config.endpoint)
        if config.decision is not Decision.approve:
            plan = with_parts(warehouse, plan)
        asked = _filter(config)
        rows, fields = _meant(context, warehouse, plan, config, asked)
        ids = [row.change_id for row in rows]
        target = settings.netbox.base_url
        done = applied_changes(warehouse, plan.endpoint, target, ids, netbox_read_at(plan))
        left = [row for row in rows if row.change_id not in done]
        if len(left) < len(rows):
            log_of(context).info(f"left out {len(rows) - len(left)}: applied since the diff was made")
        fitted = fitting(
            warehouse, divided(plan, left, fields), config.decision.value, named=config.change_ids
        )
        for note in fitted.notes:
            log_of(context).warning(note)
        covered = set(fitted.chosen.whole_of.values())
        left = [row for row in left if row.change_id in covered]
        if config.decision is Decision.approve:
            _warn(context, warehouse, plan, left, fields)
        taken = [row.change_id for row in left]
        follow = follow_ups(plan, taken, states(warehouse, plan), config.decision.value)
        approval = approve(
            warehouse,
            plan,
            [row.change_id for row in left],
            fields=fields or None,
            who=config.who,
            through="dagster",
            policies=policies,
            target=settings.netbox,
            expires_hours=config.expires_hours,
            override_limit=config.override or None,
            decision=config.decision.value,
            run=context.run.run_id,
        )
        build_database(warehouse)
    number = len(approval.change_ids)
    log_of(context).info(
        f"{config.decision.value}: {number} changes of '{plan.endpoint}', recorded for {approval.who}"
        if number
        else nothing_sentence(plan, asked, config.decision.value, picked=bool(rows))
    )
    for note in follow:
        log_of(context).warning(note)
    metadata: dict[str, Any] = {
        "decision": config.decision.value,
        "changes": number,
        "who": approval.who,
    }
    if approval.expires is not None and number:
        metadata["expires"] = dg.MetadataValue.timestamp(approval.expires)
    if left:
        title = "these" if number <= SHOWN else f"first {SHOWN}"
        metadata[title] = markdown_value(changes_table(left[:SHOWN], settings.netbox.base_url))
    context.add_output_metadata(shown(metadata))


def _warn(
    context: dg.OpExecutionContext,
    warehouse: Warehouse,
    plan: Plan,
    rows: list[DiffRow],
    fields: Mapping[str, tuple[str, ...]],
) -> None:
    """Log which fields are added to the picked ones, and what an apply will block."""
    chosen = divided(plan, rows, fields)
    missing = unmet_sentence(
        chosen.plan, list(chosen.whole_of), states(warehouse, chosen.plan), "with_dependencies adds {them}"
    )
    for note in (*added_notes(rows, fields), *([missing] if missing is not None else [])):
        log_of(context).warning(note)


def _policies(settings: Config, endpoint: str) -> Policies:
    try:
        return settings.endpoint(endpoint).policies
    except KeyError as error:
        raise ApprovalError(error.args[0]) from None


def _filter(config: Decide) -> Filter:
    return Filter(
        resource=tuple(config.resource),
        action=tuple(config.action),
        field=() if config.change_ids else tuple(config.field),
        parent=tuple(config.device),
    )


def _meant(
    context: dg.OpExecutionContext, warehouse: Warehouse, plan: Plan, config: Decide, wanted: Filter
) -> tuple[list[DiffRow], dict[str, tuple[str, ...]]]:
    """(the selected changes, the fields of updates of which only some are meant). Raises ApprovalError."""
    of_ids = config.field if config.change_ids else []
    if of_ids and config.with_dependencies:
        raise ApprovalError(
            "with change_ids and field, with_dependencies cannot be used: approve the dependencies with a separate run"
        )
    if not config.change_ids:
        check_names(warehouse, [plan], devices=wanted.parent, fields=wanted.field)
    selection = meant(
        plan,
        ids=config.change_ids,
        wanted=wanted,
        everything=config.all_creates_and_updates,
        with_dependencies=config.with_dependencies,
        divide=config.decision is Decision.approve,
        words=_WORDS,
    )
    for note in selection.notes:
        log_of(context).warning(note)
    by_id = plan.by_id()
    fields = {change_id: tuple(of_ids) for change_id in selection.change_ids} if of_ids else selection.fields
    return [by_id[change_id] for change_id in selection.change_ids], fields
