"""``diff``: shows what would change in NetBox."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.approve.states import states
from netbox_sync_dagster.cli.changes import (
    ACTIONS,
    RowFilter,
    counts,
    id_length,
    print_rows,
    screenful,
    summary,
)
from netbox_sync_dagster.cli.completion import complete_actions, complete_plans, complete_resources
from netbox_sync_dagster.cli.console import SafeConsole, make_console, write_data
from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan
from netbox_sync_dagster.compare.plan_file import to_document
from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.text import json_text

CHANGES_WAITING = 2


def diff(
    context: typer.Context,
    endpoint: Annotated[
        str | None,
        typer.Argument(
            help="The endpoint; default: all that have a diff.",
            show_default=False,
            autocompletion=complete_plans,
        ),
    ] = None,
    *,
    resource: Annotated[
        list[str] | None,
        typer.Option(help="Only this resource, e.g. interfaces.", autocompletion=complete_resources),
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(help=f"Only this action: {', '.join(ACTIONS)}.", autocompletion=complete_actions),
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Only this device, virtual machine or cluster.")
    ] = None,
    field: Annotated[list[str] | None, typer.Option(help="Only rows with this field.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all rows, not only one screen.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all rows as JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write all rows to this file; .json writes a plan file for approve --plan."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 2 if changes are waiting, else 0.")
    ] = False,
) -> None:
    """Show what would change in NetBox, according to the last sync.

    + create   ~ update   - delete   ! conflict   # blocked   ? drifted (someone changed it in NetBox).
    Rows that people have acknowledged (netbox-sync resolve) are counted, and shown with --action acknowledged. The characters in brackets are the change id, an argument of approve.
    """
    session = session_of(context)
    wanted = RowFilter(
        _known("resource", resource, RESOURCES),
        _known("action", action, ACTIONS),
        tuple(device or ()),
        tuple(field or ()),
    )
    as_document = as_json or (out is not None and out.suffix == ".json")
    waiting = 0
    documents = []
    plans = [load_plan(session.warehouse, name) for name in session.diffed([endpoint] if endpoint else [])]
    shown = []
    for plan in plans:
        rows = [row for row in plan.rows if wanted.takes(row)]
        if not (action or as_document):
            # People have decided to leave these; the summary counts them.
            rows = [row for row in rows if row.action != "acknowledged"]
        notes = {i: known.state for i, known in states(session.warehouse, plan).items()}
        waiting += sum(row.is_change and notes.get(row.change_id) != "applied" for row in rows)
        shown.append((plan, rows, notes))
        if as_document:
            documents.append(to_document(plan, rows, notes))
    if as_document:
        _write(session, out, json_text({"diffs": documents}, indent=2) + "\n")
    elif out:
        with out.open("w", encoding="utf-8") as file:
            _print(make_console(file=file, no_color=True), shown, None)
    else:
        _print(session.out, shown, None if everything else screenful(session.out))
        _print_links(session, plans)
    if exit_code and waiting:
        raise typer.Exit(CHANGES_WAITING)


def _print_links(session: Session, plans: list[Plan]) -> None:
    # diff also works for a warehouse without its configuration.
    with suppress(ConfigError, OSError):
        for plan in plans:
            if link := session.config.web.link(f"plans/{plan.name}"):
                session.out.print(f"review: {link}", soft_wrap=True)


def _print(
    console: SafeConsole, shown: list[tuple[Plan, list[DiffRow], dict[str, str]]], limit: int | None
) -> None:
    for position, (plan, rows, notes) in enumerate(shown):
        if position:
            console.print()
        when = str(plan.manifest.get("finished", ""))[:19].replace("T", " ")
        console.print(Text.assemble((plan.name, "bold"), f": diff of {when} UTC"), soft_wrap=True)
        if not plan.manifest.get("source_complete", True):
            console.print(
                "  the snapshot is incomplete: objects that are missing from it are not deleted or cleared",
                style="yellow",
                soft_wrap=True,
            )
        for gate in plan.manifest.get("gates") or ():
            console.print(f"  cannot be approved: {gate}", style="red", soft_wrap=True)
        digits = id_length(row.change_id for row in plan.rows)
        print_rows(console, rows, limit=limit, digits=digits, notes=notes)
        console.print(summary(counts(rows)), soft_wrap=True)
        left = sum(row.action == "acknowledged" for row in plan.rows)
        if left and not any(row.action == "acknowledged" for row in rows):
            console.print(
                f"{left} acknowledged: netbox-sync diff {plan.name} --action acknowledged",
                style="bright_black",
                soft_wrap=True,
            )


def _write(session: Session, out: Path | None, text: str) -> None:
    if out is None:
        write_data(session.out, text)
    else:
        out.write_text(text, encoding="utf-8")


def _known(name: str, given: list[str] | None, allowed: tuple[str, ...]) -> tuple[str, ...]:
    for value in given or ():
        if value not in allowed:
            raise CliError(f"--{name} {value}: no such {name}; known: {', '.join(allowed)}")
    return tuple(given or ())
