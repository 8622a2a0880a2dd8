"""``withdraw``: withdraws earlier decisions."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.decisions import (
    ActionOption,
    DeviceOption,
    EndpointArgument,
    EverythingOption,
    FieldOption,
    IdsArgument,
    ResourceOption,
    WhoOption,
    YesOption,
    decide,
    row_filter,
)


def withdraw(
    context: typer.Context,
    endpoint: EndpointArgument,
    ids: IdsArgument = None,
    *,
    resource: ResourceOption = None,
    action: ActionOption = None,
    field: FieldOption = None,
    device: DeviceOption = None,
    everything: EverythingOption = False,
    who: WhoOption = None,
    yes: YesOption = False,
) -> None:
    """Withdraw approvals and rejections.

    Only for changes that are not applied yet; to revert applied changes use undo.
    """
    decide(
        context,
        endpoint,
        ids,
        row_filter(resource, action, field, device),
        everything=everything,
        who=who,
        yes=yes,
        decision="withdraw",
        done="withdrew the decisions on",
    )
