"""``ledger accept``: going on with a ledger that is not as it was written."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.cli.session import CliError, name_of, session_of
from netbox_sync_dagster.storage.verify import accept, verify


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
    if not yes and not session.ask("Go on with the ledger as it is?"):
        raise CliError("nothing recorded")
    found = accept(
        session.warehouse, reason, {"who": name, "through": "cli", "by": me(name, "cli").to_json()}
    )
    session.out.print(
        f"accepted {len(found)}: {reason.strip()}; reject again what was rejected in these lines"
    )
