"""``reject``: changes that nothing may let through."""

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


def reject(
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
    """Reject changes, by id or by filter.

    No approval and no policy lets a rejected change through until the rejection is withdrawn or the change
    is another one.
    """
    decide(
        context,
        endpoint,
        ids,
        row_filter(resource, action, field, device),
        everything=everything,
        who=who,
        yes=yes,
        decision="reject",
        done="rejected",
    )
