"""``undo``: creates a plan that reverts an apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.cli.changes import screenful
from netbox_sync_dagster.cli.completion import complete_applies, complete_endpoints
from netbox_sync_dagster.cli.listing import print_rows
from netbox_sync_dagster.cli.session import CliError, DryRunOption, Session, session_of
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import Plan

_ANSWERS_SHOWN = 10


def undo(
    context: typer.Context,
    apply_id: Annotated[
        str | None,
        typer.Argument(
            help="The apply's id, from applies.", show_default=False, autocompletion=complete_applies
        ),
    ] = None,
    *,
    last: Annotated[
        bool,
        typer.Option("--last", help="The newest apply that is not reverted yet, of --endpoint or of all."),
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option(help="The apply's endpoint.", show_default=False, autocompletion=complete_endpoints),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show all changes, not only one screen.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Create a plan that reverts an apply: delete created objects, restore updated and deleted ones.

    Nothing is written to NetBox: approve and apply the plan like any other, under its name. If someone changed
    an object in NetBox since, it is a conflict and stays.
    """
    # With NetBox's client, which help does not need.
    from netbox_sync_dagster.apply import plan_undo

    session = session_of(context)
    if (apply_id is None) != last:
        raise CliError("say which apply: its id (netbox-sync applies) or --last")
    if dry_run:
        session.start_dry_run(context)
    plan = plan_undo(session.warehouse, session.config.netbox, apply_id or _last(session, endpoint), endpoint)
    session.out.print(Text.assemble((plan.name, "bold"), f": reverts an apply of {plan.endpoint}"))
    limit = None if show_all else screenful(session.out)
    print_rows(session.out, plan.rows, limit=limit)
    if plan.changes and not dry_run:
        deletes = " --action delete" if any(row.action == "delete" for row in plan.changes) else ""
        actions = "".join(
            f" --action {action}"
            for action in ("create", "update")
            if any(row.action == action for row in plan.changes)
        )
        limits = _limits(session, plan)
        for sentence in limits:
            session.out.print(f"over the limit: {sentence}", style="yellow", soft_wrap=True)
        override = ' --override-limit "REASON"' if limits else ""
        session.out.print(
            f"next: netbox-sync approve {plan.name}{actions}{deletes}{override}, then: netbox-sync apply {plan.name}",
            soft_wrap=True,
        )
    _tell_answers(session, plan)


def _limits(session: Session, plan: Plan) -> list[str]:
    """Why an approval of the whole plan needs an override."""
    from netbox_sync_dagster.approve.decide import limits_of
    from netbox_sync_dagster.approve.parts import with_parts

    policies = session.endpoint(plan.endpoint).policies
    return limits_of(session.warehouse, with_parts(session.warehouse, plan), policies, plan.changes)


def _tell_answers(session: Session, plan: Plan) -> None:
    """Say which answers make the next sync propose again what this plan reverts, and how to withdraw them."""
    from netbox_sync_dagster.approve.leading import answers_behind

    found = answers_behind(session.warehouse, plan)
    if not found:
        return
    head = "1 answer leads" if len(found) == 1 else f"{len(found)} answers lead"
    them = "it is" if len(found) == 1 else "they are"
    session.out.print(
        f"{head} to what this reverts: the next sync proposes it again unless {them} withdrawn",
        style="yellow",
        soft_wrap=True,
    )
    for one in found[:_ANSWERS_SHOWN]:
        item = one.items[0]
        more = f" and {len(one.items) - 1} more" if len(one.items) > 1 else ""
        about = f"{item.resource} {visible(item.key, 120)}{f', {item.field}' if item.field else ''}{more}"
        session.out.print(
            f"  {one.answer} for {about} ({visible(one.who, 80)}): "
            f"netbox-sync resolutions {one.endpoint} --withdraw {one.resolution_id}",
            soft_wrap=True,
        )
    if len(found) > _ANSWERS_SHOWN:
        session.out.print(
            f"  and {len(found) - _ANSWERS_SHOWN} more: netbox-sync resolutions {plan.endpoint}", style="dim"
        )


def _last(session: Session, endpoint: str | None) -> str:
    """The id of the newest apply that is not reverted yet. Raises CliError."""
    from netbox_sync_dagster.approve.ledger_lists import last_apply, last_undo
    from netbox_sync_dagster.storage.views import ask

    found = ask(session.stored, lambda con: last_apply(con, endpoint))
    if found is None and (reverting := ask(session.stored, lambda con: last_undo(con, endpoint))) is not None:
        raise CliError(
            f"every apply{f' of {endpoint}' if endpoint else ''} is reverted: the last one, {reverting['apply_id']}, is itself "
            f"an undo of {reverting['undoes']}; to revert that: netbox-sync undo {reverting['apply_id']}; another one by its "
            "id: netbox-sync applies"
        )
    if found is None:
        raise CliError(
            f"there is no apply{f' of {endpoint}' if endpoint else ''} to revert; see: netbox-sync applies"
        )
    return str(found["apply_id"])
