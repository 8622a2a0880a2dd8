"""``freeze`` and ``unfreeze``: stop all applies, and allow them again."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.approve.freeze import freeze as record
from netbox_sync_dagster.approve.freeze import unfreeze as lift
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.cli.decisions import WhoOption
from netbox_sync_dagster.cli.session import name_of, session_of


def freeze(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="Why; shown to everyone.")],
    who: WhoOption = None,
) -> None:
    """Stop all applies, e.g. during an incident: the CLI, Dagster and the review page refuse them with this message.

    Applies that are running end as usual. Syncs and approvals go on.
    """
    session = session_of(context)
    record(session.warehouse, message, by=me(name_of(who), "cli"))
    session.out.print("applies are frozen; to lift it: netbox-sync unfreeze", soft_wrap=True)


def unfreeze(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A comment; recorded.")] = "",
    who: WhoOption = None,
) -> None:
    """Allow applies again."""
    session = session_of(context)
    lift(session.warehouse, message, by=me(name_of(who), "cli"))
    session.out.print("applies are allowed again")
