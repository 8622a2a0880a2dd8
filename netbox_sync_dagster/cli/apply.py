"""``apply``: writes the approved changes to NetBox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.cli.changes import id_length, screenful
from netbox_sync_dagster.cli.completion import complete_plans
from netbox_sync_dagster.cli.console import LONGEST, make_table
from netbox_sync_dagster.cli.listing import Layout, print_rows
from netbox_sync_dagster.cli.session import CliError, Session, name_of, session_of
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.text import rows_ask, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.apply import ApplyResult, Verdict
    from netbox_sync_dagster.compare.plan import DiffRow, Plan

# What reads the warehouse and writes to NetBox is imported where it is used: help needs none of it.

_STYLES = {"applied": "green", "stale": "yellow", "failed": "red", "blocked": "magenta", "uncertain": "red"}
_CHECKED = {"ok": "green", "wrong": "red", "blocked": "magenta", "unchecked": "yellow"}
_ADVICE = {
    "stale": "the object was edited in NetBox after the diff: sync again and review the new diff",
    "uncertain": "NetBox did not confirm the write: the next apply checks it by reading NetBox",
}


def apply(
    context: typer.Context,
    endpoints: Annotated[
        list[str], typer.Argument(help="Endpoints, or an undo plan.", autocompletion=complete_plans)
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the question.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show all changes, not only one screen.")] = False,
    who: Annotated[
        str | None, typer.Option(help="Name of the person who applies; default: the current user.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing: show the approved changes, and what stops an apply."),
    ] = False,
    validate_only: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="Write nothing: check the approved changes against NetBox's choices, lengths, custom fields "
            "and unique names, as of the last sync.",
        ),
    ] = False,
) -> None:
    """Write the approved changes to NetBox, exactly as approved.

    Shows the plan and asks for confirmation; --yes skips the question. If someone edited an object since the
    diff, its change is not written (stale). Exit code 0 if every approved change was applied, else 1. --dry-run and
    --validate end with 1 too if a change would be blocked, because what it needs is not approved.
    """
    from netbox_sync_dagster.approve.parts import with_parts

    session = session_of(context)
    name = name_of(who)
    if validate_only and (yes or who is not None):
        raise CliError("--validate writes nothing: leave out --yes and --who, or leave out --validate")
    if validate_only and dry_run:
        raise CliError("use --validate or --dry-run, not both")
    # Report all configuration errors before the first write.
    plans = [with_parts(session.warehouse, session.plan(name)) for name in dict.fromkeys(endpoints)]
    if validate_only:
        # Check all plans, even if the first one has errors.
        found = [_validate(session, plan, show_all) for plan in plans]
        if not all(found):
            raise typer.Exit(1)
        return
    todo = [plan for plan in plans if _show(session, plan, show_all)]
    if dry_run:
        _end_dry_run(session, todo, name)
        return
    if not todo:
        return
    if not yes and not session.ask("Write this to NetBox?", otherwise="the changes above would be written; "):
        session.out.print("nothing written")
        return
    bad = False
    for plan in todo:
        try:
            result = _apply(session, plan, name)
        except UserError as error:
            session.err.print(f"error: {error}", style="red", soft_wrap=True)
            bad = True
            continue
        _report(session, plan, result)
        bad |= not result.ok
    if bad:
        raise typer.Exit(1)


def _end_dry_run(session: Session, todo: list[Plan], who: str) -> None:
    """Say what would stop an apply of these plans. Exit code 1 if something does."""
    from netbox_sync_dagster.approve.freeze import frozen
    from netbox_sync_dagster.storage.verify import look

    against = [f"{plan.name}: {gate}" for plan in todo for gate in plan.manifest.get("gates") or ()]
    if todo and (current := frozen(session.warehouse)) is not None:
        against.append(current.sentence)
    if todo and (damage := look(session.warehouse).sentence):
        against.append(damage)
    for text in against:
        session.err.print(f"error: {text}", style="red", soft_wrap=True)
    blocked = 0
    for plan in todo:
        try:
            blocked += _tell_blocked(session, plan, who)
        except UserError as error:
            # NetBox is asked what it keeps out of branches.
            session.err.print(f"error: {plan.name}: {error}", style="red", soft_wrap=True)
            against.append(str(error))
    session.out.print("dry run: nothing written")
    if against or blocked:
        raise typer.Exit(1)


def _tell_blocked(session: Session, plan: Plan, who: str) -> int:
    """Name the changes that an apply by this person would block; their number."""
    from netbox_sync_dagster.apply import Verdict
    from netbox_sync_dagster.apply.foreseen import foreseen_blocks
    from netbox_sync_dagster.approve.people import me

    policies = session.endpoint(plan.endpoint).policies
    found = foreseen_blocks(
        session.warehouse, plan, by=me(who, "cli"), policies=policies, target=session.config.netbox
    )
    by_id, digits = plan.by_id(), id_length(row.change_id for row in plan.rows)
    for change_id, why in found.items():
        row = by_id[change_id]
        verdict = Verdict(change_id, row.resource, row.action, row.key, "blocked", why, row.netbox_id)
        _tell(session, verdict, digits)
    if found:
        session.out.print(f"{plan.name}: {len(found)} would be blocked")
    return len(found)


def _validate(session: Session, plan: Plan, show_all: bool) -> bool:
    """Print the result of checking the approved changes; False if NetBox would refuse one, or an apply block it."""
    from netbox_sync_dagster.apply.validate import validate

    checks = validate(session.warehouse, plan, session.config.netbox)
    told = [check for check in checks if show_all or check.result != "ok"]
    if told:
        digits = id_length(check.change_id for check in checks)
        rows = [
            (
                Text(check.result, _CHECKED[check.result]),
                check.change_id[:digits],
                f"{check.resource}.{check.action}",
                check.key,
                check.message,
            )
            for check in told
        ]
        session.out.print(make_table(("result", "change", "resource", "key", "why"), rows))
    numbers = {name: sum(check.result == name for check in checks) for name in _CHECKED}
    said = (
        ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "nothing is approved"
    )
    session.out.print(f"{plan.name}: {said}; nothing written", soft_wrap=True)
    return not numbers["wrong"] and not numbers["blocked"]


def _show(session: Session, plan: Plan, show_all: bool) -> bool:
    """Show the plan; False if there is nothing to do."""
    from netbox_sync_dagster.apply.ledger import unfinished
    from netbox_sync_dagster.approve import approved
    from netbox_sync_dagster.approve.select import Filter, asking_rows
    from netbox_sync_dagster.approve.states import applied_ids, is_open, states
    from netbox_sync_dagster.compare.plan import is_undo

    done = applied_ids(session.warehouse, plan)
    chosen = approved(session.warehouse, plan.endpoint, plan)
    rows: list[DiffRow] = [r for r in plan.changes if r.change_id in chosen and r.change_id not in done]
    left_open = unfinished(session.warehouse, plan.endpoint)
    if left_open:
        session.out.print(
            f"{plan.endpoint}: an earlier apply left {len(left_open)} changes open; they are resolved first, by "
            "reading NetBox",
            style="yellow",
            soft_wrap=True,
        )
    if not rows:
        text = f"{plan.name}: {'all approved changes are applied' if done else 'nothing is approved'}"
        # As status counts them: nobody has decided on them, or their approval has expired.
        known = states(session.warehouse, plan)
        waiting = sum(is_open(known, row.change_id) for row in plan.changes)
        plural = "s are" if waiting != 1 else " is"
        more = f"; {waiting} change{plural} waiting: netbox-sync diff {plan.name}" if waiting else ""
        asking = 0 if waiting or is_undo(plan.name) else len(asking_rows(plan, Filter()))
        if asking:
            more = f"; {rows_ask(asking)}: netbox-sync resolve {plan.name}"
        session.out.print(text + more, soft_wrap=True)
        return bool(left_open)
    session.out.print(Text.assemble((plan.name, "bold"), ": approved and not applied yet"))
    digits = id_length(row.change_id for row in plan.rows)
    print_rows(session.out, rows, limit=None if show_all else screenful(session.out), layout=Layout(digits))
    return True


def _apply(session: Session, plan: Plan, who: str) -> ApplyResult:
    from netbox_sync_dagster.apply import apply_approved

    with _bar(session, plan.endpoint) as progress:
        return apply_approved(
            session.warehouse,
            session.config.netbox,
            plan.endpoint,
            plan,
            progress=progress,
            who=who,
            policies=session.endpoint(plan.endpoint).policies,
        )


@contextmanager
def _bar(session: Session, title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar, on a terminal only."""
    if not session.err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=session.err, transient=True) as bar:
        task = bar.add_task(visible(title), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(session: Session, plan: Plan, result: ApplyResult) -> None:
    out = session.out
    digits = id_length(row.change_id for row in plan.rows)
    for verdict in [*result.settled, *result.verdicts]:
        if verdict.verdict != "applied":
            _tell(session, verdict, digits)
    for note in result.notes:
        out.print(f"  note: {note}", style="yellow", soft_wrap=True)
    if result.settled:
        out.print(f"{plan.endpoint}: resolved {len(result.settled)} changes of an earlier apply")
    numbers = [Text(f"{number} {name}", _STYLES[name]) for name, number in result.counts.items() if number]
    # The argument of undo.
    known_as = f", apply {result.apply_id}" if result.apply_id else ""
    line = Text(", ").join(numbers) if numbers else Text("nothing to write")
    out.print(Text.assemble((plan.endpoint, "bold"), ": ", line, f" ({result.requests} requests{known_as})"))
    if result.branch is not None:
        out.print(f"  {result.branch}", soft_wrap=True)
    for name, advice in _ADVICE.items():
        if result.counts[name]:
            out.print(f"  {name}: {advice}", soft_wrap=True)


def _tell(session: Session, verdict: Verdict, digits: int) -> None:
    text = Text(f"  {verdict.verdict}", _STYLES[verdict.verdict])
    text.append(
        f" {verdict.action} {verdict.resource} {visible(verdict.key, LONGEST)} [{verdict.change_id[:digits]}]",
        "default",
    )
    text.append(f": {visible(verdict.message, LONGEST)}", "default")
    session.out.print(text, soft_wrap=True)
