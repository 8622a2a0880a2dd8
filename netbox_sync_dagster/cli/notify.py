"""``notify``: tell the channels of the configuration what is new, or that they work."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.cli.session import CliError, session_of
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.notify import Notice, notify, send
from netbox_sync_dagster.storage.configured import note_endpoints


def notify_command(
    context: typer.Context,
    test: Annotated[
        bool, typer.Option("--test", help="Send every channel a message that says that it works.")
    ] = False,
) -> None:
    """Tell the channels below `notifications` what is new; each thing once. Dagster's sensor does the same.

    Exit code 1 when a channel could not be told.
    """
    session = session_of(context)
    channels = session.config.notifications
    if not channels:
        raise CliError(f"{session.config_path}: nobody to tell; add a channel below notifications")
    problems = []
    if test:
        for channel in channels:
            notice = Notice("recovery", "test", f"this is a test of the channel '{channel.name}'", ())
            try:
                send(channel, [notice])
            except UserError as error:
                problems.append(str(error))
            else:
                session.out.print(f"{channel.name}: sent")
    else:
        note_endpoints(session.warehouse, session.config)
        sent, problems = notify(session.warehouse, session.config)
        for text in sent or ["nothing new to tell"]:
            session.out.print(text, soft_wrap=True)
    for text in problems:
        session.err.print(f"error: {text}", style="red", soft_wrap=True)
    if problems:
        raise typer.Exit(1)
