"""``show``: everything about one row of a diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from netbox_sync_dagster.cli.changes import id_length, lines
from netbox_sync_dagster.cli.completion import complete_endpoints, complete_ids
from netbox_sync_dagster.cli.console import LONGEST, write_json
from netbox_sync_dagster.cli.history import about
from netbox_sync_dagster.cli.ledger_options import JsonOption, minute, plain
from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.compare.values import display
from netbox_sync_dagster.storage.sequence import moment_of
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.approve.skipped import Skipped
    from netbox_sync_dagster.compare.plan import DiffRow, Plan

_MIN_ID = 4


def show(
    context: typer.Context,
    row: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A change id, its first characters, or the key of a row, as shown by diff.",
            autocompletion=complete_ids,
        ),
    ],
    *,
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="The endpoint, or an undo plan; default: all.",
            show_default=False,
            autocompletion=complete_endpoints,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a row of the current diff: fields, cause, dependencies, what the source says, history, links.

    Rows without a change id (conflict, blocked, drifted) are named by their key. Of a skipped object: why it is skipped.
    """
    session = session_of(context)
    skipped = _skipped(session, row, endpoint)
    found = _rows(session, row, endpoint, or_none=bool(skipped))
    if as_json:
        document = {
            "rows": [_document(session, plan, one) for plan, one in found],
            "skipped": [one._asdict() for one in skipped],
        }
        write_json(session.out, document, default=plain)
        return
    for position, (plan, one) in enumerate(found):
        if position:
            session.out.print()
        _show(session, plan, one)
    for position, left_out in enumerate(skipped):
        if position or found:
            session.out.print()
        _show_skipped(session, left_out)


def _show_skipped(session: Session, left_out: Skipped) -> None:
    from netbox_sync_dagster.compare.causes import cause_kinds

    out = session.out
    out.print(Text.assemble((left_out.endpoint, "bold"), f": {left_out.resource}"))
    text = f"  skipped   {visible(left_out.key, LONGEST)}  {visible(left_out.reason, LONGEST)}"
    out.print(Text(text), soft_wrap=True)
    out.print(f"cause: {left_out.cause} (docs/causes.md)", soft_wrap=True)
    # An older diff may have a cause that is not in the list now.
    if kind := cause_kinds().get(left_out.cause):
        out.print(f"what helps: {kind.helps}", soft_wrap=True)


def _skipped(session: Session, key: str, endpoint: str | None) -> list[Skipped]:
    """What the current diffs leave out under this key."""
    from netbox_sync_dagster.approve.skipped import skipped_of
    from netbox_sync_dagster.compare.plan import read_head
    from netbox_sync_dagster.storage import connections

    heads = [read_head(session.warehouse, name) for name in session.diffed([endpoint] if endpoint else [])]
    with connections.scratch() as con:
        return [one for head in heads for one in skipped_of(con, head, key)]


def _rows(
    session: Session, wanted: str, endpoint: str | None, *, or_none: bool
) -> list[tuple[Plan, DiffRow]]:
    """The rows with this key, or the only one with this change id. Raises CliError if there is none, unless ``or_none``."""
    from netbox_sync_dagster.approve.parts import with_parts
    from netbox_sync_dagster.compare.plan import load_plan

    plans = [
        with_parts(session.warehouse, load_plan(session.warehouse, name))
        for name in session.diffed([endpoint] if endpoint else [])
    ]
    rows = [(plan, row) for plan in plans for row in plan.rows]
    named = [(plan, row) for plan, row in rows if row.key == wanted]
    if named:
        return named
    if len(wanted) >= _MIN_ID:
        named = [(plan, row) for plan, row in rows if row.change_id and row.change_id.startswith(wanted)]
    if not named and or_none:
        return []
    if not named:
        where = f"the diff of {endpoint}" if endpoint else "the current diffs"
        raise CliError(f"no row '{wanted}' in {where}; see netbox-sync diff")
    if len(named) > 1:
        few = ", ".join(f"{row.change_id} ({row.action} {row.resource} {row.key})" for _, row in named[:5])
        raise CliError(f"'{wanted}' is the beginning of {len(named)} change ids: {few}; give more of it")
    return named


def _evidence(session: Session, plan: Plan, row: DiffRow) -> dict[str, Any]:
    from netbox_sync_dagster.approve.evidence import evidence_of
    from netbox_sync_dagster.compare.plan import read_head

    return evidence_of(session.warehouse, session.config, read_head(session.warehouse, plan.name), row)


def _show(session: Session, plan: Plan, row: DiffRow) -> None:
    from netbox_sync_dagster.approve.states import notes, states
    from netbox_sync_dagster.compare.causes import said_causes
    from netbox_sync_dagster.config import ConfigError

    said = notes(session.warehouse, plan, states(session.warehouse, plan))
    digits = id_length(item.change_id for item in plan.rows)
    out = session.out
    out.print(Text.assemble((plan.name, "bold"), f": {row.resource}"))
    for line in lines(row, digits, said.get(row.change_id)):
        out.print(line, soft_wrap=True)
    if row.first_diff:
        out.print(f"in the diffs since {minute(moment_of(row.first_diff))} UTC", soft_wrap=True)
    if row.cause:
        out.print(f"cause: {row.cause} (docs/causes.md)", soft_wrap=True)
        for text in dict.fromkeys(one.helps for one in said_causes(row.cause, row.subject)):
            out.print(f"what helps: {text}", soft_wrap=True)
    _list(session, "needs", _needs(plan, row, digits, said))
    _list(session, "needed by", _needed_by(plan, row, digits, said))
    try:
        evidence = _evidence(session, plan, row)
    except ConfigError:
        out.print("without a valid configuration: no links, nothing about the source", style="yellow")
        return
    _list(session, "the source says", _said(evidence))
    _list(session, "read", _reads(evidence))
    written = (f"{visible(n)}: {display(value, LONGEST)}" for n, value in evidence["last_written"].items())
    _list(session, "last written by netbox-sync", written)
    _list(session, "history, newest first", _events(evidence))
    _list(session, "links", _links(session, plan, evidence))


def _list(session: Session, title: str, items: Iterator[str]) -> None:
    shown = list(items)
    if shown:
        session.out.print(f"{title}:", style="bold")
    for item in shown:
        session.out.print(Text(f"      {item}"), soft_wrap=True)


def _needs(plan: Plan, row: DiffRow, digits: int, notes: Mapping[str, str]) -> Iterator[str]:
    by_id = plan.by_id()
    return (_title(by_id[need], digits, notes) for need in row.depends_on if need in by_id)


def _needed_by(plan: Plan, row: DiffRow, digits: int, notes: Mapping[str, str]) -> Iterator[str]:
    if not row.change_id:
        return iter(())
    return (_title(other, digits, notes) for other in plan.rows if row.change_id in other.depends_on)


def _title(row: DiffRow, digits: int, notes: Mapping[str, str]) -> str:
    state = notes.get(row.change_id, "waiting")
    return f"{row.action} {row.resource} {visible(row.key, LONGEST)} [{row.change_id[:digits]}] {state}"


def _said(evidence: dict[str, Any]) -> Iterator[str]:
    """The only row of the first table by column, each other row as a line."""
    if evidence["removed"]:
        yield "no object of this name"
    rows = evidence["desired"] or []
    alone = [item["table"] for item in rows].count(rows[0]["table"]) == 1 if rows else False
    for position, item in enumerate(rows):
        values = [f"{name}: {visible(value, LONGEST)}" for name, value in item["values"].items()]
        if alone and not position:
            yield from values
        else:
            yield f"{item['table'].replace('_', ' ')}: {', '.join(values)}"
    if evidence["more"]:
        yield f"and {evidence['more']} more"


def _reads(evidence: dict[str, Any]) -> Iterator[str]:
    for item in evidence["snapshots"]:
        whole = "" if item["complete"] is not False else ", incomplete"
        yield f"{visible(item['endpoint'])}: {minute(item['last_success'])} UTC{whole}"


def _events(evidence: dict[str, Any]) -> Iterator[str]:
    for item in evidence["history"]:
        who = f" by {visible(item['who'], 80)}" if item["who"] else ""
        apply_id = f" in apply {item['apply_id']}" if item["apply_id"] else ""
        said = f": {visible(item['message'], LONGEST)}" if item["message"] else ""
        what = f"{item['what']} {about(item)}{who}{apply_id}{said}"
        yield f"{minute(item['recorded_at'])} UTC  {visible(item['endpoint'])}  {what}"


def _links(session: Session, plan: Plan, evidence: dict[str, Any]) -> Iterator[str]:
    for title, address in (
        ("NetBox", evidence["netbox_page"]),
        ("source", evidence["source_page"]),
        ("review", session.config.web.link(f"plans/{plan.name}")),
    ):
        if address:
            yield f"{title}: {visible(address, LONGEST)}"


def _document(session: Session, plan: Plan, row: DiffRow) -> dict[str, Any]:
    from netbox_sync_dagster.approve.states import states
    from netbox_sync_dagster.compare.plan_file import to_document
    from netbox_sync_dagster.config import ConfigError

    known = {change_id: state.state for change_id, state in states(session.warehouse, plan).items()}
    document: dict[str, Any] = to_document(plan, [row], known)
    with suppress(ConfigError):
        document["evidence"] = _evidence(session, plan, row)
    return document
