"""What approve, reject and withdraw have in common: their options, which changes are meant, and the question."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.approve import Filter, meant
from netbox_sync_dagster.approve import approve as record
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.cli.applied import applied_ids
from netbox_sync_dagster.cli.changes import counts, id_length, print_rows, screenful, summary
from netbox_sync_dagster.cli.session import Session, name_of, session_of
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan

EndpointArgument = Annotated[str, typer.Argument(help="The endpoint whose diff is meant, or an undo.")]
IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Change ids, or their first characters, as diff shows them.", show_default=False),
]
ResourceOption = Annotated[list[str] | None, typer.Option(help="Changes of this resource.")]
ActionOption = Annotated[
    list[str] | None, typer.Option(help="Changes of this action. Deletes are meant only when named here.")
]
FieldOption = Annotated[list[str] | None, typer.Option(help="Changes that write no other field than this.")]
DeviceOption = Annotated[
    list[str] | None, typer.Option(help="Changes of this device, virtual machine or cluster.")
]
WhoOption = Annotated[str | None, typer.Option(help="Who decides; default: the user at this machine.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
EverythingOption = Annotated[
    bool, typer.Option("--all-creates-and-updates", help="Everything in the diff but deletes.")
]


def decide(
    context: typer.Context,
    endpoint: str,
    ids: list[str] | None,
    wanted: Filter,
    *,
    everything: bool,
    who: str | None,
    yes: bool,
    decision: str,
    done: str,
) -> None:
    """Record the same decision on all changes meant, once they were shown and agreed to."""
    session = session_of(context)
    name = name_of(who)
    plan = with_parts(session.warehouse, load_plan(session.warehouse, endpoint))
    rows = without_applied(session, plan, chosen_rows(session, plan, ids, wanted, everything=everything))
    if not show_rows(session, plan, rows):
        return
    if not agreed(session, f"{decision.capitalize()} {number_of_changes(rows)}?", yes):
        return
    record(
        session.warehouse,
        plan,
        [row.change_id for row in rows],
        who=name,
        through="cli",
        policies=session.endpoint(plan.endpoint).policies,
        decision=decision,
    )
    session.out.print(f"{done} {number_of_changes(rows)}")


def row_filter(
    resource: list[str] | None, action: list[str] | None, field: list[str] | None, device: list[str] | None
) -> Filter:
    """The filter that these options are."""
    return Filter(
        resource=tuple(resource or ()),
        action=tuple(action or ()),
        field=tuple(field or ()),
        parent=tuple(device or ()),
    )


def chosen_rows(
    session: Session,
    plan: Plan,
    ids: list[str] | None,
    wanted: Filter,
    *,
    everything: bool,
    with_dependencies: bool = False,
) -> list[DiffRow]:
    """The changes meant by ids, filter or everything; prints what is worth noting about them."""
    selection = meant(
        plan, ids=ids or (), wanted=wanted, everything=everything, with_dependencies=with_dependencies
    )
    for note in selection.notes:
        session.out.print(note, style="yellow", soft_wrap=True)
    by_id = plan.by_id()
    return [by_id[change_id] for change_id in selection.change_ids]


def without_applied(session: Session, plan: Plan, rows: list[DiffRow]) -> list[DiffRow]:
    """The rows without those applied since the diff was made; says how many these are."""
    done = applied_ids(session.warehouse, plan)
    left = [row for row in rows if row.change_id not in done]
    if len(left) < len(rows):
        session.out.print(f"left out {len(rows) - len(left)}: applied since the diff was made")
    return left


def show_rows(session: Session, plan: Plan, rows: list[DiffRow]) -> bool:
    """Show the rows; False where there are none."""
    if not rows:
        session.out.print("no matching changes; nothing recorded")
        return False
    digits = id_length(row.change_id for row in plan.rows)
    print_rows(
        session.out,
        rows,
        limit=screenful(session.out),
        digits=digits,
        more=f"netbox-sync diff {plan.name} --all shows them",
    )
    session.out.print(summary(counts(rows)))
    return True


def agreed(session: Session, question: str, yes: bool) -> bool:
    """Whether to record it: --yes, or the answer of the person at the terminal."""
    if yes or session.ask(question):
        return True
    session.out.print("nothing recorded")
    return False


def number_of_changes(rows: list[DiffRow]) -> str:
    """E.g. ``2 changes``"""
    return f"{len(rows)} change{'s' if len(rows) != 1 else ''}"
