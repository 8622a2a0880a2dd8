"""The job ``resolve``: a person's answer to what the comparison asks, from the Launchpad."""

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from netbox_sync_dagster.approve.asked import QuestionFilter, answerable
from netbox_sync_dagster.approve.followed import Followed, what_followed
from netbox_sync_dagster.approve.resolve import (
    Answer,
    Question,
    ResolveError,
    end_of,
    questions_of,
    resolve,
    suggestions,
)
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.defs.failures import user_errors_as_failure
from netbox_sync_dagster.defs.markdown import markdown_value, plain, table
from netbox_sync_dagster.defs.metadata import ACTIONS, SHOWN, changes_table
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of, shown
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_dagster.sync import compare_again


class AnswerKind(Enum):
    """What the answers mean: docs/resolutions.md."""

    pick = "pick"
    create = "create"
    map = "map"
    value = "value"
    move = "move"
    take = "take"
    keep = "keep"
    leave = "leave"
    acknowledge = "acknowledge"


class Resolve(dg.Config):
    """The rows of the endpoint's current diff, and the answer to what they ask."""

    endpoint: str = Field(description="The endpoint whose diff asks.")
    who: str = Field(description="Who answers; recorded in the ledger.")
    answer: AnswerKind = Field(
        description="pick, create, map, value, move, take, keep, leave or acknowledge."
    )
    keys: list[str] = Field([], description="The rows with these keys; or a filter below.")
    resource: list[str] = Field([], description="Rows of these resources, e.g. devices.")
    cause: list[str] = Field([], description="Rows with these causes, e.g. several_devices.")
    device: list[str] = Field([], description="Rows of these devices, virtual machines or clusters.")
    field: str | None = Field(None, description="What this field asks, e.g. description.")
    netbox_id: int | None = Field(None, description="With pick: the id of the NetBox object.")
    value: str | None = Field(None, description="With map: the name in NetBox. With value: the right one.")
    always: bool = Field(False, description="With keep: from now on, whatever the source says.")
    until: str = Field(
        "", description="With acknowledge: the last day (2027-01-31), or a number of days (30d)."
    )
    why: str = Field("", description="The reason; recorded. Required by keep, leave and acknowledge.")


@dg.op(
    description="Records an answer, and compares the endpoint again without reading anything. Writes nothing to NetBox."
)
def answer_question(context: dg.OpExecutionContext, sync: SyncResource, config: Resolve) -> None:
    """Record the answer for exactly the rows that the filters select, and show what follows."""
    log = log_of(context)
    with user_errors_as_failure(log):
        settings, warehouse = sync.config(), sync.warehouse()
        endpoint = _endpoint(settings, config.endpoint)
        plan = load_plan(warehouse, endpoint.name)
        asked = _meant(plan, config)
        recorded = resolve(
            warehouse,
            endpoint,
            plan,
            asked,
            _answer(config),
            who=config.who,
            through="dagster",
            why=config.why,
            run=context.run.run_id,
        )
        log.info(
            f"{recorded.answer}: {len(asked)} rows of '{endpoint.name}', recorded for {recorded.who} as "
            f"{recorded.resolution_id}"
        )
        compare_again(warehouse, settings, endpoint, who=config.who, say=log.info)
        followed = what_followed(plan, load_plan(warehouse, endpoint.name), asked)
        for line in suggestions(warehouse, endpoint.name):
            log.info(line)
        build_database(warehouse)
    metadata: dict[str, Any] = {
        "answer": recorded.answer,
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


def _answer(config: Resolve) -> Answer:
    return Answer(
        config.answer.value,
        netbox_id=config.netbox_id,
        value=config.value,
        always=config.always,
        until=end_of(config.until.strip()),
    )


def _meant(plan: Plan, config: Resolve) -> list[Question]:
    """The questions that the filters select; an answer to everything that is asked is never meant."""
    wanted = QuestionFilter(
        keys=tuple(config.keys),
        resource=tuple(config.resource),
        cause=tuple(config.cause),
        device=tuple(config.device),
        field=config.field,
    )
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
        metadata["no difference now"] = ", ".join(plain(key) for _, key in followed.gone[:SHOWN])
    return metadata


@dg.job(
    name="resolve",
    description=(
        "Answer what a diff asks: conflicts, blocked rows and drifts. Open the Launchpad, fill in the form, launch. "
        "Nothing is written to NetBox; the changes that follow are approved and applied like any other."
    ),
)
def resolve_job() -> None:
    """One answer."""
    answer_question()
