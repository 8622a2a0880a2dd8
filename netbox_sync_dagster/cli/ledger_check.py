"""``ledger verify`` and ``ledger accept``: whether the ledger is as it was written, and going on where it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.cli.session import CliError, name_of, session_of
from netbox_sync_dagster.warehouse.verify import accept, accepted_lines, verify

ledger = typer.Typer(help="Check the record of what was decided and written.", no_args_is_help=True)


@ledger.command("verify")
def verify_command(context: typer.Context) -> None:
    """Check that no line of the ledger was changed, added or taken away.

    Every line holds a hash of the line before. Exit code 1 where one does not fit; nothing is applied then until
    somebody has looked and said so with `ledger accept`. What somebody has accepted is shown, and is no error.
    """
    session = session_of(context)
    report = verify(session.warehouse)
    for note in report.torn:
        session.out.print(f"cut off: {note}", style="yellow", soft_wrap=True)
    for problem in report.accepted:
        session.out.print(f"accepted: {problem.sentence}", style="yellow", soft_wrap=True)
    for line in accepted_lines(session.warehouse):
        count = len(line["problems"])
        session.out.print(f"  {count} accepted by {line['who']} on {line['at'][:19]} UTC: {line['reason']}")
    for problem in report.problems:
        session.err.print(f"error: {problem.sentence}", style="red", soft_wrap=True)
    number = len(report.problems)
    session.out.print(f"{report.lines} lines checked, {number} problem{'s' if number != 1 else ''}")
    if report.problems:
        raise typer.Exit(1)


@ledger.command("accept")
def accept_command(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why the ledger may be used as it is; recorded.")],
    who: Annotated[str | None, typer.Option(help="Who says so; default: the user at this machine.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Go on with a ledger that is not as it was written; look at `ledger verify` and a backup first.

    What is wrong stays on record with your name and reason. Decisions in lines that were changed or overwritten no
    longer count: reject again what was rejected there.
    """
    session = session_of(context)
    name = name_of(who)
    report = verify(session.warehouse)
    if not report.problems:
        session.out.print("the ledger is as it was written; nothing to accept")
        return
    for problem in report.problems:
        session.out.print(problem.sentence, soft_wrap=True)
    if not yes and not session.ask("Go on with the ledger as it is?", instead="add --yes to record it"):
        raise CliError("nothing recorded")
    found = accept(
        session.warehouse, reason, {"who": name, "through": "cli", "by": me(name, "cli").to_json()}
    )
    session.out.print(
        f"accepted {len(found)}: {reason.strip()}; reject again what was rejected in these lines"
    )
