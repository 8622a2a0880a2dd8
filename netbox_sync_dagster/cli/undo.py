"""``undo``: creates a plan that reverts an apply."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.cli.changes import counts, print_rows, screenful, summary
from netbox_sync_dagster.cli.session import session_of


def undo(
    context: typer.Context,
    apply_id: Annotated[str, typer.Argument(help="The apply's id, from ledger.applies.")],
    endpoint: Annotated[str | None, typer.Option(help="The apply's endpoint.", show_default=False)] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show all changes, not only one screen.")] = False,
) -> None:
    """Create a plan that reverts an apply: delete created objects, restore updated and deleted ones.

    Nothing is written to NetBox: approve and apply the plan like any other, under its name. If someone changed
    an object in NetBox since, it is a conflict and stays.
    """
    # With NetBox's client, which help does not need.
    from netbox_sync_dagster.apply import plan_undo

    session = session_of(context)
    plan = plan_undo(session.warehouse, session.config.netbox, apply_id, endpoint)
    session.out.print(Text.assemble((plan.name, "bold"), f": reverts an apply of {plan.endpoint}"))
    limit = None if show_all else screenful(session.out)
    print_rows(session.out, plan.rows, limit=limit)
    session.out.print(summary(counts(plan.rows)))
    if plan.changes:
        deletes = " --action delete" if any(row.action == "delete" for row in plan.changes) else ""
        actions = "".join(
            f" --action {action}"
            for action in ("create", "update")
            if any(row.action == action for row in plan.changes)
        )
        session.out.print(
            f"next: netbox-sync approve {plan.name}{actions}{deletes}, then: netbox-sync apply {plan.name}",
            soft_wrap=True,
        )
