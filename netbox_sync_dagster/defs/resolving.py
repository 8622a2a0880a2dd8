"""The step that records an answer to what a diff asks, and compares again."""

from __future__ import annotations

from typing import Any

import dagster as dg

from netbox_sync_dagster.approve.asked import QuestionFilter, answerable, word_in
from netbox_sync_dagster.approve.followed import Followed, what_followed
from netbox_sync_dagster.approve.names import check_keys, check_known, check_names
from netbox_sync_dagster.approve.resolve import (
    Answer,
    Question,
    ResolveError,
    end_of,
    questions_of,
    resolve,
    suggestions,
)
from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.defs.failures import user_errors_as_failure
from netbox_sync_dagster.defs.jobs.resolve_job import AnswerKind, Resolve
from netbox_sync_dagster.defs.markdown import markdown_value, plain, table
from netbox_sync_dagster.defs.metadata import ACTIONS, SHOWN, changes_table
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of, shown
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_dagster.sync import compare_again


def record_answer(context: dg.OpExecutionContext, sync: SyncResource, config: Resolve) -> None:
    """Record the answer for the rows that the filters select; raises a Failure if it cannot be recorded."""
    log = log_of(context)
    with user_errors_as_failure(log):
        settings, warehouse = sync.config(), sync.warehouse()
        endpoint = _endpoint(settings, config.endpoint)
        plan = load_plan(warehouse, endpoint.name)
        asked = _meant(warehouse, plan, config)
        recorded = resolve(
            warehouse,
            endpoint,
            plan,
            asked,
            _answer(config, asked),
            who=config.who,
            through="dagster",
            why=config.why,
            run=context.run.run_id,
        )
        log.info(
            f"{recorded.said}: {len(asked)} rows of '{endpoint.name}', recorded for {recorded.who} as "
            f"{recorded.resolution_id}"
        )
        compare_again(warehouse, settings, endpoint, who=config.who, say=log.info)
        followed = what_followed(warehouse, plan, load_plan(warehouse, endpoint.name), asked)
        for line in suggestions(warehouse, endpoint.name):
            log.info(line)
        build_database(warehouse)
    metadata: dict[str, Any] = {
        "answer": recorded.said,
        "rows": len(asked),
        "who": recorded.who,
        "resolution": recorded.resolution_id,
        **_following(followed, settings.netbox.base_url),
    }
    if recorded.until is not None:
        metadata["until"] = dg.MetadataValue.timestamp(recorded.until)
    context.add_output_metadata(shown(metadata))


def _endpoint(settings: Config, name: str) -> Endpoint:
    try:
        return settings.endpoint(name)
    except KeyError as error:
        raise ResolveError(error.args[0]) from None


def _answer(config: Resolve, asked: list[Question]) -> Answer:
    return Answer(
        config.answer.value,
        netbox_id=config.netbox_id,
        value=config.value,
        always=config.always,
        until=end_of(config.until.strip()),
        word=word_in(asked, config.section.strip()) if config.section.strip() else None,
    )


def _meant(warehouse: Warehouse, plan: Plan, config: Resolve) -> list[Question]:
    """The questions that the filters select; an answer to everything that is asked is never meant."""
    wanted = QuestionFilter(
        keys=tuple(config.keys),
        resource=tuple(config.resource),
        cause=tuple(config.cause),
        device=tuple(config.device),
        field=config.field,
    )
    check_names(warehouse, [plan], devices=config.device, fields=[config.field] if config.field else [])
    check_keys(plan, config.keys)
    check_known("resource", config.resource, RESOURCES)
    check_known("cause", config.cause, cause_kinds())
    if wanted == QuestionFilter():
        raise ResolveError("say which rows: keys, resource, cause, device or field")
    if config.always and config.answer is not AnswerKind.keep:
        raise ResolveError("'always' belongs to keep")
    return answerable((one for one in questions_of(plan) if wanted.takes(one)), config.answer.value)


def _following(followed: Followed, base_url: str) -> dict[str, Any]:
    """The number of rows by action before and after, and the rows that are different now."""
    counts = [
        (action, str(followed.before.get(action, 0)), str(followed.after.get(action, 0)))
        for action in ACTIONS
        if followed.before.get(action) or followed.after.get(action)
    ]
    metadata: dict[str, Any] = {"what follows": markdown_value(table(("rows", "before", "after"), counts))}
    if followed.rows:
        title = "different now" if len(followed.rows) <= SHOWN else f"first {SHOWN} that are different now"
        metadata[title] = markdown_value(changes_table(followed.rows[:SHOWN], base_url))
    if followed.gone:
        metadata["no difference now"] = ", ".join(plain(row.key) for row in followed.gone[:SHOWN])
    return metadata
