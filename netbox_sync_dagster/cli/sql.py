"""``sql``: a question to the views."""

from __future__ import annotations

import csv
import json
import sys
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from netbox_sync_dagster.cli.session import CliError, session_of
from netbox_sync_dagster.cli.views import query


def sql(
    context: typer.Context,
    statement: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="The query; default: read from standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list of objects.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV with a header.")] = False,
) -> None:
    """Ask everything that was read and done, in SQL.

    The views: librenms.*, proxmox.*, docker.*, netbox.*, history.*, desired.*, diff.*, ledger.*, sync.*.

    For example: netbox-sync sql "FROM diff.fields WHERE field = 'description'". It only reads and never locks;
    any DuckDB client can open the file netbox_sync.duckdb in the warehouse directory in the same way.
    """
    session = session_of(context)
    if as_json and as_csv:
        raise CliError("give --json or --csv, not both")
    if statement is None:
        if sys.stdin.isatty():
            raise CliError("give a query, or send one to standard input")
        statement = sys.stdin.read()
    if not statement.strip():
        raise CliError("the query is empty")
    # The current tables come by themselves; the kept ones are many.
    if "history" in statement.lower():
        session.warehouse.pull_current(history=True)
    columns, rows = query(session.warehouse, statement, history=True)
    if as_json:
        found = [dict(zip(columns, values, strict=True)) for values in rows]
        session.out.file.write(json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n")
    elif as_csv:
        writer = csv.writer(session.out.file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_plain(value, "") for value in values] for values in rows])
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for values in rows:
            table.add_row(*(_plain(value, "NULL") for value in values))
        session.out.print(table)
        session.out.print(f"{len(rows)} row{'s' if len(rows) != 1 else ''}", style="dim")


def _plain(value: Any, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
    )
