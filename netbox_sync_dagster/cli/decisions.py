"""Options, selection and confirmation that approve, reject and withdraw share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Annotated

import typer

from netbox_sync_dagster.approve import Filter, Selection, meant
from netbox_sync_dagster.approve import approve as record
from netbox_sync_dagster.approve.fitting import fitting, follow_ups, nothing_sentence
from netbox_sync_dagster.approve.parts import Divided, divided, with_parts
from netbox_sync_dagster.approve.states import applied_ids, states
from netbox_sync_dagster.cli.changes import id_length, screenful
from netbox_sync_dagster.cli.completion import (
    complete_actions,
    complete_ids,
    complete_plans,
    complete_resources,
)
from netbox_sync_dagster.cli.filters import RowFilter, check_names, listed
from netbox_sync_dagster.cli.listing import Layout, print_rows
from netbox_sync_dagster.cli.session import DryRunOption, Session, name_of, session_of
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan

EndpointArgument = Annotated[
    str, typer.Argument(help="The endpoint, or an undo plan.", autocompletion=complete_plans)
]
IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Change ids or their first characters, or keys of objects, as shown by diff.",
        show_default=False,
        autocompletion=complete_ids,
    ),
]
ResourceOption = Annotated[
    list[str] | None, typer.Option(help="Select changes of this resource.", autocompletion=complete_resources)
]
ActionOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Select changes with this action. Deletes are selected only with this option.",
        autocompletion=complete_actions,
    ),
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Select only this field: approve takes it as a part of each update, reject and withdraw take the changes "
        "that write no other."
    ),
]
DeviceOption = Annotated[
    list[str] | None, typer.Option(help="Select changes of this device, virtual machine or cluster.")
]
WhoOption = Annotated[
    str | None, typer.Option(help="Name of the person who decides; default: the current user.")
]
WhyOption = Annotated[str, typer.Option(help="The reason; recorded.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the question.")]
EverythingOption = Annotated[
    bool, typer.Option("--all-creates-and-updates", help="Select everything in the diff except deletes.")
]
_WOULD = {"withdraw": "the decisions on "}


def _decide(
    context: typer.Context,
    endpoint: str,
    ids: list[str] | None,
    wanted: Filter,
    *,
    everything: bool,
    who: str | None,
    why: str,
    yes: bool,
    dry_run: bool,
    decision: str,
    done: str,
) -> None:
    """Show the selected changes, ask for confirmation, and record the decision on all of them."""
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    name = name_of(who)
    plan = with_parts(session.warehouse, load_plan(session.warehouse, endpoint))
    selection = selected(session, plan, ids, wanted, everything=everything)
    by_id = plan.by_id()
    chosen = divided(plan, [by_id[change_id] for change_id in selection.change_ids], {})
    rows = fitting_rows(session, chosen, decision)
    if not rows:
        picked = bool(selection.change_ids)
        session.out.print(nothing_sentence(plan, wanted, decision, picked=picked), soft_wrap=True)
        return
    show_rows(session, plan, rows)
    if not agreed(session, f"{decision.capitalize()} {number_of_changes(rows)}?", yes or dry_run):
        return
    decided = [row.change_id for row in rows]
    notes = follow_ups(plan, decided, states(session.warehouse, plan), decision)
    record(
        session.warehouse,
        plan,
        decided,
        who=name,
        through="cli",
        policies=session.endpoint(plan.endpoint).policies,
        decision=decision,
        comment=why,
    )
    if dry_run:
        session.out.print(
            f"would {decision} {_WOULD.get(decision, '')}{number_of_changes(rows)}; nothing recorded"
        )
    else:
        session.out.print(f"{done} {number_of_changes(rows)}")
    for note in notes:
        session.out.print(note, style="yellow", soft_wrap=True)


def decision_command(decision: str, done: str, help_text: str) -> Callable[..., None]:
    """The command that records this decision by id or by filter. ``done``: how its result begins."""

    def command(
        context: typer.Context,
        endpoint: EndpointArgument,
        ids: IdsArgument = None,
        *,
        resource: ResourceOption = None,
        action: ActionOption = None,
        field: FieldOption = None,
        device: DeviceOption = None,
        everything: EverythingOption = False,
        who: WhoOption = None,
        why: WhyOption = "",
        yes: YesOption = False,
        dry_run: DryRunOption = False,
    ) -> None:
        wanted = row_filter(resource, action, field, device)
        _decide(
            context,
            endpoint,
            ids,
            wanted,
            everything=everything,
            who=who,
            why=why,
            yes=yes,
            dry_run=dry_run,
            decision=decision,
            done=done,
        )

    command.__doc__ = help_text
    return command


def row_filter(
    resource: list[str] | None, action: list[str] | None, field: list[str] | None, device: list[str] | None
) -> Filter:
    """The filter for these options."""
    return Filter(
        resource=listed(resource),
        action=listed(action),
        field=listed(field),
        parent=tuple(device or ()),
    )


def selected(
    session: Session,
    plan: Plan,
    ids: list[str] | None,
    wanted: Filter,
    *,
    everything: bool,
    with_dependencies: bool = False,
    divide: bool = False,
) -> Selection:
    """The changes selected by ids, filter or everything (``approve.meant``). Prints notes about them. Raises CliError for
    a device or field that does not exist."""
    check_names(session.warehouse, [plan], RowFilter(devices=wanted.parent, fields=wanted.field))
    selection = meant(
        plan,
        ids=ids or (),
        wanted=wanted,
        everything=everything,
        with_dependencies=with_dependencies,
        divide=divide,
    )
    for note in selection.notes:
        session.out.print(note, style="yellow", soft_wrap=True)
    return selection


def fitting_rows(
    session: Session, chosen: Divided, decision: str, *, named: Collection[str] = ()
) -> list[DiffRow]:
    """The selected changes that the decision covers (``approve.fitting``), without those that were applied since the diff.
    Prints how many are left out, and why."""
    done = applied_ids(session.warehouse, chosen.plan)
    open_rows = tuple(row for row in chosen.rows if row.change_id not in done)
    if len(open_rows) < len(chosen.rows):
        session.out.print(f"skipped {len(chosen.rows) - len(open_rows)}: applied since the diff was made")
    found = fitting(session.warehouse, replace(chosen, rows=open_rows), decision, named=named)
    for note in found.notes:
        session.out.print(note, style="yellow", soft_wrap=True)
    return list(found.chosen.rows)


def show_rows(session: Session, plan: Plan, rows: list[DiffRow]) -> None:
    """Show the rows."""
    digits = id_length(row.change_id for row in plan.rows)
    print_rows(
        session.out,
        rows,
        limit=screenful(session.out),
        layout=Layout(digits, more=f"netbox-sync diff {plan.name} --all"),
    )


def agreed(session: Session, question: str, yes: bool) -> bool:
    """Whether to record the decision: --yes, or the answer to the question."""
    if yes or session.ask(question):
        return True
    session.out.print("nothing recorded")
    return False


def number_of_changes(rows: list[DiffRow]) -> str:
    """E.g. ``2 changes``"""
    return f"{len(rows)} change{'s' if len(rows) != 1 else ''}"
