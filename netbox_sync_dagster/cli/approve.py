"""``approve``: shows changes and records their approval."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.approve import approve as record
from netbox_sync_dagster.approve import resolve_ids
from netbox_sync_dagster.approve.fitting import nothing_sentence
from netbox_sync_dagster.approve.parts import Divided, added_notes, divided
from netbox_sync_dagster.approve.states import states, unmet_sentence
from netbox_sync_dagster.cli.decisions import (
    ActionOption,
    DeviceOption,
    EndpointArgument,
    EverythingOption,
    FieldOption,
    IdsArgument,
    ResourceOption,
    WhoOption,
    WhyOption,
    YesOption,
    agreed,
    fitting_rows,
    number_of_changes,
    row_filter,
    selected,
    show_rows,
)
from netbox_sync_dagster.cli.filters import listed
from netbox_sync_dagster.cli.session import CliError, DryRunOption, Session, name_of, session_of
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan
from netbox_sync_dagster.compare.plan_file import read_plan_file


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
        bool, typer.Option("--with-dependencies", help="Include the changes that these depend on.")
    ] = False,
    expires: Annotated[
        float | None, typer.Option(help="Hours until the approval expires; default: the policy's.")
    ] = None,
    override_limit: Annotated[
        str | None,
        typer.Option(help="Approve more than max_change_percent allows; give the reason."),
    ] = None,
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", help="Approve exactly the changes in this file, written by diff --out."),
    ] = None,
    who: WhoOption = None,
    why: WhyOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Approve changes of the current diff, by id, by filter, or as reviewed in a file.

    Shows the changes, asks for confirmation, and records their change ids. Writes nothing to NetBox: use apply.
    --field approves only these fields of updates, as separate changes, and fields without which NetBox refuses them.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    name = name_of(who)
    if override_limit is not None and not override_limit.strip():
        raise CliError("--override-limit needs a reason")
    plan = load_plan(session.warehouse, endpoint)
    fields: dict[str, tuple[str, ...]] = {}
    wanted = row_filter(resource, action, field, device)
    if plan_file is not None:
        if ids or resource or action or field or device or everything:
            raise CliError("use only one of --plan, change ids and filters")
        if with_dependencies:
            raise CliError(
                "--plan approves exactly the changes in the file, so --with-dependencies cannot be used with it"
            )
        wholes = _of_file(session, plan, plan_file)
    elif ids and field:
        if resource or action or device or everything:
            raise CliError("with change ids, --field is the only filter that can be used")
        if with_dependencies:
            raise CliError(
                "with change ids and --field, --with-dependencies cannot be used: approve the dependencies with a separate "
                "command"
            )
        wholes = resolve_ids(plan, ids)
        fields = {row.change_id: listed(field) for row in wholes}
    else:
        selection = selected(
            session,
            plan,
            ids,
            wanted,
            everything=everything,
            with_dependencies=with_dependencies,
            divide=True,
        )
        by_id = plan.by_id()
        wholes = [by_id[change_id] for change_id in selection.change_ids]
        fields = selection.fields
    # Of an update of which only some fields are approved, the part that is approved.
    chosen = divided(plan, wholes, fields)
    plan = chosen.plan
    rows = fitting_rows(session, chosen, "approve", named=ids or ())
    if not rows:
        said = nothing_sentence(plan, wanted, "approve", picked=bool(wholes))
        session.out.print(said, soft_wrap=True)
        return
    show_rows(session, plan, rows)
    _tell_needs(session, chosen, fields, rows, may_add=not (ids and field) and plan_file is None)
    if not agreed(session, f"Approve {number_of_changes(rows)}?", yes or dry_run):
        return
    approval = record(
        session.warehouse,
        plan,
        [chosen.whole_of[row.change_id] for row in rows],
        fields=fields or None,
        who=name,
        through="cli",
        policies=session.endpoint(plan.endpoint).policies,
        target=session.config.netbox,
        expires_hours=expires,
        override_limit=override_limit,
        comment=why,
    )
    if dry_run:
        session.out.print(f"would approve {number_of_changes(rows)}; nothing recorded")
        return
    until = f"{approval.expires:%Y-%m-%d %H:%M}" if approval.expires else "further notice"
    session.out.print(
        f"approved {number_of_changes(rows)} until {until} UTC; next: netbox-sync apply {endpoint}"
    )


def _of_file(session: Session, plan: Plan, file: Path) -> list[DiffRow]:
    current = plan.by_id()
    wanted = {row.change_id: row for row in read_plan_file(file, plan.endpoint)}
    for row in wanted.values():
        if row.change_id not in current:
            session.out.print(
                f"not approved: {row.action} {row.resource} {row.key} [{row.change_id}] is no longer in the "
                "current diff",
                style="yellow",
                soft_wrap=True,
            )
    return [row for row in plan.changes if row.change_id in wanted]


def _tell_needs(
    session: Session,
    chosen: Divided,
    fields: Mapping[str, Collection[str]],
    rows: list[DiffRow],
    *,
    may_add: bool,
) -> None:
    """Name the fields that are added to those that were asked for, and the dependencies that are not approved.

    ``may_add``: --with-dependencies can be used with the options given.
    """
    known = states(session.warehouse, chosen.plan)
    add = "--with-dependencies adds {them}" if may_add else "approve {them} too"
    missing = unmet_sentence(chosen.plan, [row.change_id for row in rows], known, add)
    for note in (*added_notes(chosen.wholes, fields), missing):
        if note is not None:
            session.out.print(note, style="yellow", soft_wrap=True)
