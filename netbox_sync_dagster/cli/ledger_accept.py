"""``ledger accept``: accepts a modified ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.cli.session import CliError, DryRunOption, name_of, session_of
from netbox_sync_dagster.storage.verify import accept, verify


def accept_command(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why the ledger may still be used; recorded.")],
    who: Annotated[
        str | None, typer.Option(help="Name of the person who accepts; default: the current user.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the question.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Accept a modified ledger, so that applies continue; check `ledger verify` and a backup first.

    The problems are recorded with your name and reason. Decisions in changed or overwritten lines no longer
    count: repeat rejections that were there.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    name = name_of(who)
    report = verify(session.warehouse)
    if not report.problems:
        session.out.print("the ledger is unmodified; nothing to accept")
        return
    for problem in report.problems:
        session.out.print(problem.sentence, soft_wrap=True)
    if not (yes or dry_run) and not session.ask("Accept these problems?"):
        raise CliError("nothing recorded")
    found = accept(
        session.warehouse, reason, {"who": name, "through": "cli", "by": me(name, "cli").to_json()}
    )
    if dry_run:
        session.out.print(f"would accept {len(found)}: {reason.strip()}; nothing recorded")
        return
    session.out.print(f"accepted {len(found)}: {reason.strip()}; repeat rejections that were in these lines")
