"""``ledger verify``: checks that the ledger is unmodified."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.storage.verify import accepted_lines, verify


def verify_command(context: typer.Context) -> None:
    """Check that no line of the ledger was changed, added or removed.

    Every line has a hash of the previous line. Exit code 1 if one does not match; nothing is applied then until
    someone accepts it with `ledger accept`. Accepted problems are shown but are not errors.
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
