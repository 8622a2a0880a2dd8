"""The job ``approve``: a person's decision on changes, from the Launchpad."""

from enum import Enum

import dagster as dg
from pydantic import Field

from netbox_sync_dagster.defs.resources import SyncResource


class Decision(Enum):
    """``reject`` is valid until the change itself changes; ``withdraw`` cancels an earlier decision."""

    approve = "approve"
    reject = "reject"
    withdraw = "withdraw"


class Decide(dg.Config):
    """The changes of the endpoint's current diff, and the decision about them."""

    endpoint: str = Field(description="The endpoint whose diff is meant.")
    who: str = Field(description="Who decides; recorded in the ledger.")
    decision: Decision = Field(Decision.approve, description="approve, reject or withdraw.")
    change_ids: list[str] = Field(
        [],
        description="Change ids or their first characters, as the diff assets show them, or keys of objects; or a filter below.",
    )
    resource: list[str] = Field([], description="Changes of these resources, e.g. interfaces.")
    action: list[str] = Field(
        [], description="Changes of these actions: create, update, delete. Deletes are meant only when named."
    )
    field: list[str] = Field(
        [],
        description="Only these fields: approves them as parts of updates; reject and withdraw take changes that write no others.",
    )
    device: list[str] = Field([], description="Changes of these devices, virtual machines or clusters.")
    all_creates_and_updates: bool = Field(False, description="Everything in the diff but deletes.")
    with_dependencies: bool = Field(False, description="Also the changes that these need.")
    expires_hours: float | None = Field(None, description="Default: the endpoint's policies.approval_hours.")
    override: str = Field("", description="Approve a diff that changes more than the limit; says why.")


@dg.op(description="Records a decision on changes of an endpoint's current diff. Writes nothing to NetBox.")
def decide(context: dg.OpExecutionContext, sync: SyncResource, config: Decide) -> None:
    """Resolve the ids or the filter to changes, and record the decision on exactly these."""
    # What records it, which the definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.defs.approving import record_decision

    record_decision(context, sync, config)


@dg.job(
    name="approve",
    description=(
        "Approve, reject or withdraw changes, by id or by filter: open the Launchpad, fill in the form, launch. "
        "Nothing is written to NetBox: that is what the apply jobs do."
    ),
)
def approve_job() -> None:
    """One decision."""
    decide()
