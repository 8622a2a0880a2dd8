"""``freeze`` and ``unfreeze``: stop all applies, and allow them again."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.approve.freeze import freeze as record
from netbox_sync_dagster.approve.freeze import frozen
from netbox_sync_dagster.approve.freeze import unfreeze as lift
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.cli.decisions import WhoOption
from netbox_sync_dagster.cli.session import DryRunOption, name_of, session_of


def freeze(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="Why; shown to everyone.")],
    who: WhoOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Stop all applies, e.g. during an incident: the CLI, Dagster and the review page refuse them with this message.

    Applies that are running end as usual. Syncs and approvals go on.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    record(session.warehouse, message, by=me(name_of(who), "cli"))
    if dry_run and (now := frozen(session.warehouse)) is not None:
        session.out.print(f"every apply would be refused with: {now.sentence}", soft_wrap=True)
        return
    session.out.print("applies are frozen; to lift it: netbox-sync unfreeze", soft_wrap=True)


def unfreeze(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A comment; recorded.")] = "",
    who: WhoOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Allow applies again."""
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    before = frozen(session.warehouse)
    lift(session.warehouse, message, by=me(name_of(who), "cli"))
    if dry_run and before is not None:
        session.out.print(f"this freeze would be lifted: {before.sentence}", soft_wrap=True)
        return
    session.out.print("applies are allowed again")
