"""``reject``: records that changes must not be written."""

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

    A rejected change cannot be approved, by people or policies, until the rejection is withdrawn or the
    content of the change differs.
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
