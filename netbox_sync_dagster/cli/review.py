"""``review``: decides change by change in the terminal, in the manner of ``git add -p``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.approve import approve as record
from netbox_sync_dagster.approve.asked import QuestionFilter
from netbox_sync_dagster.approve.fitting import fitting
from netbox_sync_dagster.approve.parts import Divided, added_notes, divided, part_of, with_parts
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.approve.resolve import Question, questions_of
from netbox_sync_dagster.approve.states import is_open, open_dependencies, states
from netbox_sync_dagster.cli.changes import id_length, lines
from netbox_sync_dagster.cli.decisions import (
    ActionOption,
    DeviceOption,
    EndpointArgument,
    ResourceOption,
    WhoOption,
    number_of_changes,
)
from netbox_sync_dagster.cli.filters import RowFilter, allowed_values, check_names
from netbox_sync_dagster.cli.resolve import Desk, ask_questions
from netbox_sync_dagster.cli.session import CliError, Session, name_of, session_of
from netbox_sync_dagster.compare.plan import CHANGE_ACTIONS, DiffRow, Plan, is_undo, load_plan
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.text import rows_ask

_HELP = (
    "y  approve this change",
    "n  leave it undecided",
    "r  reject it; asks why",
    "a  approve this and all further creates and updates of this resource; deletes are asked one by one",
    "d  leave this and all further changes of this resource",
    "f  approve only some fields of this update; asks which",
    "c  write a comment for the approvals",
    "q  end, and record what was decided",
    "then the rows that ask something are offered, with the answers that each takes (as in resolve)",
)


@dataclass
class _Decided:
    """What was decided so far. ``parts``: fields by the id of the update that they belong to."""

    approved: list[str] = field(default_factory=list)
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    comment: str = ""
    # "approve" or "leave", by resource.
    rest: dict[str, str] = field(default_factory=dict)
    done: bool = False
    dry_run: bool = False


def review(
    context: typer.Context,
    endpoint: EndpointArgument,
    *,
    resource: ResourceOption = None,
    action: ActionOption = None,
    device: DeviceOption = None,
    who: WhoOption = None,
    override_limit: Annotated[
        str | None, typer.Option(help="Approve more than max_change_percent allows; give the reason.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask as usual, show the result, and record nothing.")
    ] = False,
) -> None:
    """Decide change by change: shows each change that waits, and asks: y n r a d f c q ?

    What the approved changes need is approved along, after a question. Records the same decisions as approve and
    reject, at the end; Ctrl-C before it records nothing. Then the rows that ask something are offered, with the answers
    that each takes, as resolve does it.
    """
    session = session_of(context)
    name = name_of(who)
    if not session.interactive:
        raise CliError("not a terminal: review asks questions; use approve, reject and withdraw instead")
    if dry_run:
        session.start_dry_run(context)
    plan = with_parts(session.warehouse, load_plan(session.warehouse, endpoint))
    wanted = RowFilter(
        allowed_values("--resource", resource, RESOURCES),
        allowed_values("--action", action, CHANGE_ACTIONS),
        tuple(device or ()),
    )
    check_names(session.warehouse, [plan], wanted)
    known = states(session.warehouse, plan)
    rows = [row for row in plan.changes if wanted.takes(row) and is_open(known, row.change_id)]
    asked = (
        []
        if is_undo(plan.name)
        else [one for one in questions_of(plan) if wanted.takes(one.row) and QuestionFilter().takes(one)]
    )
    if not rows:
        session.out.print("no change is waiting for a decision")
    else:
        decided = _ask_all(session, plan, rows)
        decided.dry_run = dry_run
        _record(session, plan, decided, name, override_limit)
        if decided.done:
            return
    _answer(session, plan, asked, name)


def _answer(session: Session, plan: Plan, asked: list[Question], name: str) -> None:
    """Offer the rows that ask something; each answer is recorded at once."""
    if not asked:
        return
    number = len({one.name for one in asked})
    if session.answer(f"{rows_ask(number)}; answer now? [y,n] ").lower() == "y":
        ask_questions(Desk(session, session.endpoint(plan.endpoint), plan, name), asked)


def _ask_all(session: Session, plan: Plan, rows: list[DiffRow]) -> _Decided:
    decided = _Decided()
    digits = id_length(row.change_id for row in plan.rows)
    for number, row in enumerate(rows, 1):
        if decided.done:
            break
        rest = decided.rest.get(row.resource)
        if rest == "leave":
            continue
        if rest == "approve" and row.action != "delete":
            decided.approved.append(row.change_id)
            continue
        session.out.print(Text(row.resource, "bold"))
        for line in lines(row, digits):
            session.out.print(line, soft_wrap=True)
        _ask_one(session, row, decided, f"({number}/{len(rows)}) approve? [y,n,r,a,d,f,c,q,?] ")
    return decided


def _ask_one(session: Session, row: DiffRow, decided: _Decided, question: str) -> None:
    while True:
        answer = session.answer(question).lower()
        if answer == "y":
            decided.approved.append(row.change_id)
        elif answer == "r":
            why = session.answer("why? ")
            if not why:
                session.out.print("a rejection needs a comment")
                continue
            decided.rejected.append((row.change_id, why))
        elif answer == "a":
            decided.rest[row.resource] = "approve"
            decided.approved.append(row.change_id)
        elif answer == "d":
            decided.rest[row.resource] = "leave"
        elif answer == "f":
            if not _ask_fields(session, row, decided):
                continue
        elif answer == "c":
            decided.comment = session.answer("comment: ")
            continue
        elif answer == "q":
            decided.done = True
        elif answer != "n":
            for line in _HELP:
                session.out.print(line)
            continue
        return


def _ask_fields(session: Session, row: DiffRow, decided: _Decided) -> bool:
    names = session.answer(f"fields of {', '.join(f.name for f in row.written)}: ").replace(",", " ").split()
    try:
        part = part_of(row, names)
    except ApprovalError as error:
        session.out.print(str(error), style="yellow", soft_wrap=True)
        return False
    if not names:
        return False
    if part is row:
        decided.approved.append(row.change_id)
    else:
        decided.parts[row.change_id] = tuple(names)
    for note in added_notes([row], {row.change_id: names}):
        session.out.print(note, style="yellow", soft_wrap=True)
    return True


def _record(session: Session, plan: Plan, decided: _Decided, name: str, override: str | None) -> None:
    policies = session.endpoint(plan.endpoint).policies
    by_id = plan.by_id()
    _leave_out(session, plan, decided)
    chosen = divided(plan, [by_id[change_id] for change_id in decided.parts], decided.parts)
    ids = [*decided.approved, *_needed(session, chosen, decided)]
    comment = decided.comment or None
    if ids:
        record(
            session.warehouse,
            plan,
            ids,
            who=name,
            through="cli",
            policies=policies,
            target=session.config.netbox,
            override_limit=override,
            comment=comment,
        )
    for change_id, fields in decided.parts.items():
        record(
            session.warehouse,
            chosen.plan,
            [change_id],
            fields=fields,
            who=name,
            through="cli",
            policies=policies,
            target=session.config.netbox,
            override_limit=override,
            comment=comment,
        )
    for change_id, why in decided.rejected:
        record(
            session.warehouse,
            plan,
            [change_id],
            who=name,
            through="cli",
            policies=policies,
            decision="reject",
            comment=why,
        )
    approved = [by_id[change_id] for change_id in [*ids, *decided.parts]]
    if decided.dry_run:
        session.out.print(
            f"would approve {number_of_changes(approved)} and reject {len(decided.rejected)}; nothing recorded"
        )
        return
    session.out.print(
        f"approved {number_of_changes(approved)}, rejected {len(decided.rejected)}"
        + (f"; next: netbox-sync apply {plan.name}" if approved else "")
    )


def _leave_out(session: Session, plan: Plan, decided: _Decided) -> None:
    """Leave out of the approvals what needs a rejected change, now or before, and say so."""
    by_id = plan.by_id()
    rows = [by_id[change_id] for change_id in [*decided.approved, *decided.parts]]
    rejected = [change_id for change_id, _ in decided.rejected]
    found = fitting(session.warehouse, divided(plan, rows, decided.parts), "approve", rejected=rejected)
    for note in found.notes:
        session.out.print(note, style="yellow", soft_wrap=True)
    left = set(found.chosen.whole_of.values())
    decided.approved = [change_id for change_id in decided.approved if change_id in left]
    decided.parts = {change_id: names for change_id, names in decided.parts.items() if change_id in left}


def _needed(session: Session, chosen: Divided, decided: _Decided) -> list[str]:
    """The creates and updates that the approved changes need, if the person agrees."""
    plan = chosen.plan
    known = states(session.warehouse, plan)
    by_id = plan.by_id()
    rejected = {change_id for change_id, _ in decided.rejected}
    found = open_dependencies(plan, [*decided.approved, *chosen.whole_of], known)
    needed = [change_id for change_id in found if change_id not in rejected]
    if not needed:
        return []
    _show(session, [by_id[change_id] for change_id in needed])
    question = (
        f"these {len(needed)} changes are needed; approve them too? [y,n] "
        if len(needed) != 1
        else "this change is needed; approve it too? [y,n] "
    )
    return needed if session.answer(question).lower() == "y" else []


def _show(session: Session, rows: Iterable[DiffRow]) -> None:
    for row in rows:
        session.out.print(f"  {row.action} {row.resource} {row.key}", soft_wrap=True)
