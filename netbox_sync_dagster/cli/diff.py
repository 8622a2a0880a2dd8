"""``diff``: shows what would change in NetBox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.approve.states import State, is_open, notes, states
from netbox_sync_dagster.cli.changes import ACTIONS, id_length, screenful
from netbox_sync_dagster.cli.completion import complete_actions, complete_plans, complete_resources
from netbox_sync_dagster.cli.console import SafeConsole, make_console, write_data
from netbox_sync_dagster.cli.filters import RowFilter, allowed_values, check_names, listed
from netbox_sync_dagster.cli.listing import Layout, print_rows
from netbox_sync_dagster.cli.missing import UNMAPPED, missing_names
from netbox_sync_dagster.cli.session import Session, session_of
from netbox_sync_dagster.compare.plan import DiffRow, Plan, load_plan
from netbox_sync_dagster.compare.plan_file import to_document
from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage.sequence import moment_of
from netbox_sync_dagster.text import json_text

CHANGES_WAITING = 2


class By(StrEnum):
    """What a diff is grouped by."""

    RESOURCE = "resource"
    DEVICE = "device"


@dataclass(frozen=True)
class _Shown:
    """The rows of a plan that were asked for, and the decisions on its changes."""

    plan: Plan
    rows: list[DiffRow]
    known: dict[str, State]

    notes: dict[str, str]

    @property
    def usual(self) -> str | None:
        """The diff since which most of the rows that are not new are there; None if there is no such diff."""
        since = Counter(row.first_diff for row in self.rows if row.first_diff != row.diff_id)
        [(diff_id, number)] = since.most_common(1) or [(None, 0)]
        return diff_id if number > since.total() / 2 else None


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
        typer.Option(help="Only these resources, e.g. interfaces,vlans.", autocompletion=complete_resources),
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(help=f"Only these actions: {', '.join(ACTIONS)}.", autocompletion=complete_actions),
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Only this device, virtual machine or cluster.")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="Only these fields, of the rows that have them.")
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Only rows that the previous diff did not have.")
    ] = False,
    by: Annotated[By, typer.Option(help="Group by resource or by device.")] = By.RESOURCE,
    everything: Annotated[
        bool, typer.Option("--all", help="List each object with its values, however many there are.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all rows as JSON, one per change.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write all rows to this file; .json writes a plan file for approve --plan."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 2 if changes wait for a decision, else 0.")
    ] = False,
) -> None:
    """Show what would change in NetBox, according to the last sync.

    + create   ~ update   - delete   ! conflict   # blocked   ? drifted (someone changed it in NetBox).
    First what needs an answer (netbox-sync resolve), then the changes, an object with its MAC and IP addresses as one.
    What does not fit on a screen is summed up: objects that change alike are one line.
    Rows that people have acknowledged are counted, and shown with --action acknowledged. The characters in brackets are the change id, an argument of show and approve.
    """
    session = session_of(context)
    wanted = RowFilter(
        allowed_values("--resource", resource, RESOURCES),
        allowed_values("--action", action, ACTIONS),
        tuple(device or ()),
        listed(field),
        new,
    )
    plans = [load_plan(session.warehouse, name) for name in session.diffed([endpoint] if endpoint else [])]
    check_names(session.warehouse, plans, wanted)
    as_document = as_json or (out is not None and out.suffix == ".json")
    # People have decided to leave acknowledged rows; the summary counts them.
    hidden = "" if action or as_document else "acknowledged"
    shown = [
        _Shown(
            plan,
            [row for row in plan.rows if wanted.takes(row) and row.action != hidden],
            known := states(session.warehouse, plan),
            notes(session.warehouse, plan, known),
        )
        for plan in plans
    ]
    if endpoint is None and wanted != RowFilter():
        # Endpoints without such rows would only say so.
        shown = [one for one in shown if one.rows] or shown[:1]
    if wanted.fields and not as_document:
        shown = [replace(one, rows=[_only(row, wanted.fields) for row in one.rows]) for one in shown]
    layout = Layout(by_device=by is By.DEVICE)
    if as_document:
        documents = [
            to_document(one.plan, one.rows, {i: state.state for i, state in one.known.items()})
            for one in shown
        ]
        _write(session, out, json_text({"diffs": documents}, indent=2) + "\n")
    elif out:
        with out.open("w", encoding="utf-8") as file:
            _print(make_console(file=file, no_color=True), shown, None, layout)
    else:
        _print(session.out, shown, None if everything else screenful(session.out), layout)
        _print_missing(session, shown)
        _print_links(session, plans)
    if exit_code and any(
        row.is_change and is_open(one.known, row.change_id) for one in shown for row in one.rows
    ):
        raise typer.Exit(CHANGES_WAITING)


def _only(row: DiffRow, fields: Sequence[str]) -> DiffRow:
    """The row with these of its fields, which is what approve --field takes of an update."""
    if row.action in ("create", "delete"):
        return row
    return replace(row, fields=tuple(item for item in row.fields if item.name in fields))


def _print_missing(session: Session, shown: Sequence[_Shown]) -> None:
    for one in shown:
        if any(row.cause == UNMAPPED for row in one.rows) and (
            missing := missing_names(session.stored, one.plan.endpoint)
        ):
            session.out.print(f"{one.plan.name}: {missing}", soft_wrap=True)


def _print_links(session: Session, plans: list[Plan]) -> None:
    # diff also works for a warehouse without its configuration.
    with suppress(ConfigError, OSError):
        for plan in plans:
            if link := session.config.web.link(f"plans/{plan.name}"):
                session.out.print(f"review: {link}", soft_wrap=True)


def _print(console: SafeConsole, shown: Sequence[_Shown], limit: int | None, layout: Layout) -> None:
    for position, one in enumerate(shown):
        plan = one.plan
        if position:
            console.print()
        console.print(Text.assemble((plan.name, "bold"), f": {_title(one)}"), soft_wrap=True)
        if plan.shows_only is not None:
            console.print(f"  {plan.shows_only}", style="yellow", soft_wrap=True)
        if not plan.manifest.get("source_complete", True):
            console.print(
                "  the snapshot is incomplete: objects that are missing from it are not deleted or cleared",
                style="yellow",
                soft_wrap=True,
            )
        for gate in plan.manifest.get("gates") or ():
            console.print(f"  cannot be approved: {gate}", style="red", soft_wrap=True)
        print_rows(
            console,
            one.rows,
            limit=limit,
            layout=replace(
                layout,
                digits=id_length(row.change_id for row in plan.rows),
                notes=one.notes,
                ages=plan.manifest.get("earlier") is not None,
                usual=one.usual,
            ),
        )
        left = sum(row.action == "acknowledged" for row in plan.rows)
        if left and not any(row.action == "acknowledged" for row in one.rows):
            console.print(
                f"{left} acknowledged: netbox-sync diff {plan.name} --action acknowledged",
                style="bright_black",
                soft_wrap=True,
            )


def _title(one: _Shown) -> str:
    """``diff of 2026-11-29 22:18:58 UTC; 12 rows new since the one of 2026-11-29 21:18, most of the others have been
    there since 2026-11-20 08:00``"""
    manifest = one.plan.manifest
    title = f"diff of {str(manifest.get('finished', ''))[:19].replace('T', ' ')} UTC"
    if manifest.get("earlier") is None or not one.rows:
        return title
    number = sum(row.first_diff == row.diff_id for row in one.rows)
    title += f"; {number or 'nothing'} new since the one of {moment_of(manifest['earlier']):%Y-%m-%d %H:%M}"
    if one.usual is None:
        return title
    most = "most of the others" if number else "most rows"
    return f"{title}, {most} have been there since {moment_of(one.usual):%Y-%m-%d %H:%M}"


def _write(session: Session, out: Path | None, text: str) -> None:
    if out is None:
        write_data(session.out, text)
    else:
        out.write_text(text, encoding="utf-8")
