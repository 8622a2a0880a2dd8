"""``notify``: sends new notifications, or test messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.errors import UserError


def notify_command(
    context: typer.Context,
    test: Annotated[bool, typer.Option("--test", help="Send a test message to every channel.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the messages; send and record nothing.")
    ] = False,
) -> None:
    """Send new events to the channels in `notifications`, each event once. Dagster's sensor does the same.

    Exit code 1 if a message could not be sent.
    """
    # With the HTTP client, which help does not need.
    from netbox_sync_dagster.notify import Notice, notify, send
    from netbox_sync_dagster.storage.configured import note_endpoints

    session = session_of(context)
    channels = session.config.notifications
    if not channels:
        raise CliError(f"{session.config_path}: no channels; add one to notifications")
    problems = []
    if dry_run:
        _show(session, context, test=test)
        return
    if test:
        for channel in channels:
            notice = Notice("test", "test", f"this is a test of the channel '{channel.name}'", ())
            try:
                send(channel, [notice])
            except UserError as error:
                problems.append(str(error))
            else:
                session.out.print(f"{channel.name}: sent")
    else:
        note_endpoints(session.warehouse, session.config)
        sent, problems = notify(session.warehouse, session.config)
        for text in sent or ["nothing new to send"]:
            session.out.print(text, soft_wrap=True)
    for text in problems:
        session.err.print(f"error: {text}", style="red", soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def _show(session: Session, context: typer.Context, *, test: bool) -> None:
    """Print the messages that would be sent, by channel."""
    from netbox_sync_dagster.config.notifications import Channel
    from netbox_sync_dagster.notify import Notice, notify
    from netbox_sync_dagster.storage.configured import note_endpoints

    if test:
        for channel in session.config.notifications:
            session.out.print(f"{channel.name}: a test message would be sent", soft_wrap=True)
        return
    session.start_dry_run(context)
    note_endpoints(session.warehouse, session.config)
    shown: list[tuple[str, str]] = []

    def collect(channel: Channel, told: Sequence[Notice]) -> None:
        shown.extend((channel.name, f"{item.event}: {item.sentence}") for item in told)

    notify(session.warehouse, session.config, collect)
    for name, text in shown:
        session.out.print(f"{name}: would send {text}", soft_wrap=True)
    if not shown:
        session.out.print("nothing new to send")
