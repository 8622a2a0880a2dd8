"""The job ``resolve``: a person's answer to what the comparison asks, from the Launchpad."""

from enum import Enum

import dagster as dg
from pydantic import Field

from netbox_sync_dagster.defs.resources import SyncResource


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
    section: str = Field(
        "", description="With map: which of several names, by its section of the mappings, e.g. roles."
    )
    always: bool = Field(False, description="With keep: from now on, whatever the source says.")
    until: str = Field(
        "", description="With acknowledge: the last day (2027-01-31), or a number of days (30d)."
    )
    why: str = Field("", description="The reason; recorded. Required by keep, leave and acknowledge.")


@dg.op(
    description="Records an answer, and compares the endpoint again without reading it. Writes nothing to NetBox."
)
def answer_question(context: dg.OpExecutionContext, sync: SyncResource, config: Resolve) -> None:
    """Record the answer for exactly the rows that the filters select, and show what follows."""
    # What records it, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.resolving import record_answer

    record_answer(context, sync, config)


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
