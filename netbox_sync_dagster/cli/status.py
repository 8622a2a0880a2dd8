"""``status``: how every endpoint stands, in one line each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from netbox_sync_dagster.cli.session import Session, session_of
from netbox_sync_dagster.cli.views import query
from netbox_sync_dagster.config import ConfigError

_STYLES = {"ok": "green", "incomplete": "yellow", "failed": "red"}
_NUMBERS = ("waiting", "approved", "conflicts", "blocked", "drifted")


def status(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, with all columns of sync.status.")
    ] = False,
) -> None:
    """Show how every endpoint stands.

    Per endpoint: the last read, whether it was complete, and what waits.

    The same as: netbox-sync sql "FROM sync.status".
    """
    session = session_of(context)
    columns, rows = query(
        session.warehouse, "SELECT * FROM sync.status ORDER BY system = 'netbox' DESC, endpoint"
    )
    found = [dict(zip(columns, values, strict=True)) for values in rows]
    found += _never_read(session, columns, {(row["system"], row["endpoint"]) for row in found})
    if as_json:
        session.out.file.write(
            json.dumps({"endpoints": found}, indent=2, default=_iso, ensure_ascii=False) + "\n"
        )
        return
    if not found:
        session.out.print("nothing has been read yet; run: netbox-sync sync")
        return
    _print_table(session, found)
    for row in found:
        if row["state"] == "failed":
            session.out.print(f"{row['endpoint']}: {row['error']}", style="red", soft_wrap=True)
        for reason in (row["reasons"] or [])[:3]:
            session.out.print(f"{row['endpoint']}: {reason}", style="yellow", soft_wrap=True)
        for gate in row["gates"] or []:
            session.out.print(f"{row['endpoint']}: cannot be approved: {gate}", style="red", soft_wrap=True)


def _never_read(session: Session, columns: list[str], known: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """The endpoints of the configuration, where there is one, that no sync has tried yet."""
    try:
        endpoints = session.config.endpoints
    except ConfigError:
        return []
    return [
        {
            **dict.fromkeys(columns),
            "endpoint": endpoint.name,
            "system": endpoint.kind,
            "state": "never read" if endpoint.enabled else "disabled",
        }
        for endpoint in endpoints
        if (endpoint.kind, endpoint.name) not in known
    ]


def _print_table(session: Session, found: list[dict[str, Any]]) -> None:
    # What says the same for all is left out, so that the table fits a terminal.
    incomplete = any(row["complete"] is False for row in found)
    numbers = [name for name in _NUMBERS if name == "waiting" or any(row[name] for row in found)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("endpoint", "state", "read (UTC)", "age", *(["snapshot"] if incomplete else [])):
        table.add_column(column, no_wrap=True)
    for column in numbers:
        table.add_column(column, no_wrap=True, justify="right")
    for row in found:
        last = row["last_success"]
        state = str(row["state"])
        complete = {True: "complete", False: "incomplete", None: ""}[row["complete"]]
        table.add_row(
            str(row["endpoint"]),
            Text(state, _STYLES.get(state, "")),
            f"{last:%Y-%m-%d %H:%M}" if last else "never",
            _age(last) if last else "",
            *([complete] if incomplete else []),
            *("" if row[name] is None else str(row[name]) for name in numbers),
        )
    session.out.print(table)


def _age(moment: datetime) -> str:
    seconds = int((datetime.now(UTC) - moment.replace(tzinfo=UTC)).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def _iso(value: Any) -> str:
    return (
        value.isoformat() + "+00:00" if isinstance(value, datetime) and value.tzinfo is None else str(value)
    )
