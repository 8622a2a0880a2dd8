"""``sql``: queries the views."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netbox_sync_dagster.cli.console import make_table, write_data, write_json
from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.text import Shown, json_text, visible

if TYPE_CHECKING:
    from netbox_sync_dagster.cli.views import Result


def sql(
    context: typer.Context,
    statement: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="The query; default: read from standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of objects.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    compared: Annotated[
        str | None,
        typer.Option(
            "--compare",
            metavar="ENDPOINT",
            help="Repeat the comparison of this endpoint's current snapshots, and query its tables.",
        ),
    ] = None,
) -> None:
    """Query snapshots, diffs and the ledger with SQL.

    The views: librenms.*, proxmox.*, docker.*, tables.*, netbox.*, history.*, desired.*, diff.*, ledger.*, sync.*.

    For example: netbox-sync sql "FROM diff.fields WHERE field = 'description'". It takes queries only, and
    never locks; any DuckDB client can also open netbox_sync.duckdb in the warehouse directory.

    --compare shows how a diff is computed, with the tables config.*, desired.*, match.* and diff.*. Nothing is
    published. sentence(reason) converts a cause to text, for example: netbox-sync sql --compare librenms "SELECT key,
    sentence(problem) FROM match.devices".
    """
    # Help needs none of it.
    from netbox_sync_dagster.cli.views import answers, answers_of_comparison

    session = session_of(context)
    if as_json and as_csv:
        raise CliError("use --json or --csv, not both")
    if statement is None:
        if sys.stdin.isatty():
            raise CliError("pass a query as argument or on standard input")
        statement = sys.stdin.read()
    if not statement.strip():
        raise CliError("the query is empty")
    # Current tables are downloaded automatically; history only if needed, because it is large.
    if "history" in statement.lower():
        session.stored.pull_current(history=True)
    if compared is None:
        found = answers(session.stored, statement)
    else:
        found = answers_of_comparison(
            session.warehouse, session.config, session.endpoint(compared), statement
        )
    if len(found) > 1 and (as_json or as_csv):
        raise CliError(f"--json and --csv take one query, not {len(found)}")
    for result in found:
        _print(session, result, as_json=as_json, as_csv=as_csv)


def _print(session: Session, result: Result, *, as_json: bool, as_csv: bool) -> None:
    columns, rows = result
    if as_json:
        write_json(session.out, [dict(zip(columns, values, strict=True)) for values in rows])
    elif as_csv:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        # Unchanged for files and programs; escaped on a terminal.
        cell = visible if session.out.is_terminal else str
        writer.writerow([cell(column) for column in columns])
        for values in rows:
            writer.writerow([cell(_plain(value, "")) for value in values])
        write_data(session.out, text.getvalue())
    else:
        session.out.print(make_table(columns, ([_plain(value, "NULL") for value in row] for row in rows)))
        session.out.print(f"{len(rows)} row{'s' if len(rows) != 1 else ''}", style="dim")


def _plain(value: Any, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    return Shown(json_text(value)) if isinstance(value, list | dict) else str(value)
