"""``approve``, ``reject`` and ``withdraw``: decisions on changes, shown before they are recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.approve import (
    Filter,
    approved,
    meant,
    missing_dependencies,
    resolve_ids,
)
from netbox_sync_dagster.approve import approve as record
from netbox_sync_dagster.approve.parts import part_of, with_parts
from netbox_sync_dagster.cli.changes import counts, id_length, print_rows, screenful, summary
from netbox_sync_dagster.cli.ledger import applied_ids
from netbox_sync_dagster.cli.session import CliError, Session, name_of, session_of
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan
from netbox_sync_dagster.compare.plan_file import read_plan_file

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


def approve(
    context: typer.Context,
    endpoint: EndpointArgument,
    ids: IdsArgument = None,
    *,
    resource: ResourceOption = None,
    action: ActionOption = None,
    field: FieldOption = None,
    device: DeviceOption = None,
    everything: EverythingOption = False,
    with_dependencies: Annotated[
        bool, typer.Option("--with-dependencies", help="Also the changes that these need.")
    ] = False,
    expires: Annotated[float | None, typer.Option(help="Hours until the approval expires.")] = None,
    override_limit: Annotated[
        str | None,
        typer.Option(help="Approve a plan that changes more than the limit; the text says why."),
    ] = None,
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", help="Exactly the changes in this file, which diff --out wrote."),
    ] = None,
    who: WhoOption = None,
    yes: YesOption = False,
) -> None:
    """Approve changes of the current diff, by id, by filter, or as reviewed in a file.

    Shows what is meant, asks, and records exactly these change ids. Nothing is written to NetBox yet: that is
    what apply does. With ids, --field approves these fields of an update only, as a change of its own.
    """
    session = session_of(context)
    name = name_of(who)
    if override_limit is not None and not override_limit.strip():
        raise CliError("--override-limit needs the reason why the plan may change so much")
    plan = load_plan(session.warehouse, endpoint)
    wholes: list[DiffRow] = []
    if plan_file is not None:
        if ids or resource or action or field or device or everything:
            raise CliError("give --plan, or change ids, or a filter; not several of them")
        if with_dependencies:
            raise CliError(
                "--plan means exactly the changes in the file; --with-dependencies would add others: leave it out"
            )
        rows = _of_file(session, plan, plan_file)
    elif ids and field:
        if resource or action or device or everything:
            raise CliError("with change ids, --field names the fields of these; give no other filter")
        if with_dependencies:
            raise CliError(
                "with change ids and --field exactly these fields are approved: approve what they need by a command of its "
                "own, without --with-dependencies"
            )
        wholes = resolve_ids(plan, ids)
        rows = [part_of(row, field) for row in wholes]
        plan = replace(plan, rows=(*plan.rows, *rows))
    else:
        wanted = _filter(resource, action, field, device)
        rows = _rows(session, plan, ids, wanted, everything=everything, with_dependencies=with_dependencies)
    rows = _without_applied(session, plan, rows)
    if not _shown(session, plan, rows):
        return
    _tell_missing(session, plan, rows)
    if not _agreed(session, f"Approve {_changes(rows)}?", yes):
        return
    approval = record(
        session.warehouse,
        plan,
        [row.change_id for row in wholes or rows],
        fields=field if wholes else None,
        who=name,
        through="cli",
        policies=session.endpoint(plan.endpoint).policies,
        expires_hours=expires,
        override_limit=override_limit,
    )
    until = f"{approval.expires:%Y-%m-%d %H:%M}" if approval.expires else "further notice"
    session.out.print(f"approved {_changes(rows)} until {until} UTC; next: netbox-sync apply {endpoint}")


def reject(
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
    yes: YesOption = False,
) -> None:
    """Reject changes, by id or by filter.

    No approval and no policy lets a rejected change through until the rejection is withdrawn or the change
    is another one.
    """
    _decide(
        context,
        endpoint,
        ids,
        _filter(resource, action, field, device),
        everything=everything,
        who=who,
        yes=yes,
        decision="reject",
        done="rejected",
    )


def withdraw(
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
    yes: YesOption = False,
) -> None:
    """Take back approvals and rejections.

    Only of changes that are not applied yet; what is applied is undone by changes of its own.
    """
    _decide(
        context,
        endpoint,
        ids,
        _filter(resource, action, field, device),
        everything=everything,
        who=who,
        yes=yes,
        decision="withdraw",
        done="withdrew the decisions on",
    )


def _decide(
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
    session = session_of(context)
    name = name_of(who)
    plan = with_parts(session.warehouse, load_plan(session.warehouse, endpoint))
    rows = _without_applied(session, plan, _rows(session, plan, ids, wanted, everything=everything))
    if not _shown(session, plan, rows):
        return
    if not _agreed(session, f"{decision.capitalize()} {_changes(rows)}?", yes):
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
    session.out.print(f"{done} {_changes(rows)}")


def _filter(
    resource: list[str] | None, action: list[str] | None, field: list[str] | None, device: list[str] | None
) -> Filter:
    return Filter(
        resource=tuple(resource or ()),
        action=tuple(action or ()),
        field=tuple(field or ()),
        parent=tuple(device or ()),
    )


def _rows(
    session: Session,
    plan: Plan,
    ids: list[str] | None,
    wanted: Filter,
    *,
    everything: bool,
    with_dependencies: bool = False,
) -> list[DiffRow]:
    selection = meant(
        plan, ids=ids or (), wanted=wanted, everything=everything, with_dependencies=with_dependencies
    )
    for note in selection.notes:
        session.out.print(note, style="yellow", soft_wrap=True)
    by_id = plan.by_id()
    return [by_id[change_id] for change_id in selection.change_ids]


def _of_file(session: Session, plan: Plan, file: Path) -> list[DiffRow]:
    current = plan.by_id()
    wanted = {row.change_id: row for row in read_plan_file(file, plan.endpoint)}
    for row in wanted.values():
        if row.change_id not in current:
            session.out.print(
                f"not approved: {row.action} {row.resource} {row.key} [{row.change_id}] is not in the current "
                "diff any more",
                style="yellow",
                soft_wrap=True,
            )
    return [row for row in plan.changes if row.change_id in wanted]


def _without_applied(session: Session, plan: Plan, rows: list[DiffRow]) -> list[DiffRow]:
    done = applied_ids(session.warehouse, plan)
    left = [row for row in rows if row.change_id not in done]
    if len(left) < len(rows):
        session.out.print(f"left out {len(rows) - len(left)}: applied since the diff was made")
    return left


def _shown(session: Session, plan: Plan, rows: list[DiffRow]) -> bool:
    if not rows:
        session.out.print(f"no change of '{plan.endpoint}' is meant; nothing recorded")
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


def _tell_missing(session: Session, plan: Plan, rows: list[DiffRow]) -> None:
    """Say which changes cannot be applied by themselves: others that they need are not approved."""
    settled = set(approved(session.warehouse, plan.endpoint, plan)) | applied_ids(session.warehouse, plan)
    missing = missing_dependencies(plan, [row.change_id for row in rows])
    needs = {need for ids in missing.values() for need in ids if need not in settled}
    if needs:
        session.out.print(
            f"{len(needs)} changes that these need are not approved: those that need them will be blocked "
            "(--with-dependencies adds them)",
            style="yellow",
            soft_wrap=True,
        )


def _agreed(session: Session, question: str, yes: bool) -> bool:
    if yes or session.ask(question, instead="add --yes to record it without being asked"):
        return True
    session.out.print("nothing recorded")
    return False


def _changes(rows: list[DiffRow]) -> str:
    return f"{len(rows)} change{'s' if len(rows) != 1 else ''}"
