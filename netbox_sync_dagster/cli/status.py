"""``status``: shows the status of every endpoint."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from netbox_sync_dagster.cli.console import make_table, write_json
from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.text import in_one_unit, rows_ask, visible

_STYLES = {
    "ok": "green",
    "in sync": "green",
    "changes waiting": "cyan",
    "changes approved": "cyan",
    "questions": "yellow",
    "stale": "red",
    "unreachable": "red",
    "error": "red",
}
_COMPLETE = {True: "complete", False: "incomplete", None: ""}
_NUMBERS = ("waiting", "approved", "conflicts", "blocked", "drifted", "acknowledged")


def status(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON with all columns of sync.status.")
    ] = False,
) -> None:
    """Show the status of every endpoint.

    Per endpoint: the last read, whether it was complete, and the numbers of waiting and skipped changes. The
    state is the first that applies of: not configured, disabled, unreachable, error, never synced, running, stale (older than twice its interval),
    changes waiting, changes approved, questions (rows ask something), in sync.

    The same as: netbox-sync sql "FROM sync.status".
    """
    # Help needs none of it.
    from netbox_sync_dagster.approve.freeze import frozen
    from netbox_sync_dagster.cli.views import query
    from netbox_sync_dagster.config import ConfigError
    from netbox_sync_dagster.storage.configured import note_endpoints
    from netbox_sync_dagster.storage.status import overrun
    from netbox_sync_dagster.storage.verify import look

    session = session_of(context)
    session.check_named_config(context)
    # `check` reports configuration errors; status also works for a warehouse without its configuration.
    with suppress(ConfigError, OSError):
        if session.warehouse.home.is_dir():
            note_endpoints(session.warehouse, session.config)
    columns, rows = query(
        session.warehouse,
        "SELECT * FROM sync.status ORDER BY system = 'netbox' DESC, natural_order(endpoint), endpoint",
        few=True,
    )
    found = [dict(zip(columns, values, strict=True)) for values in rows]
    if as_json:
        write_json(session.out, {"endpoints": found}, default=_iso)
        return
    if session.warehouse.home.is_dir() and (damage := look(session.warehouse).sentence):
        session.err.print(f"warning: {damage}", style="red", soft_wrap=True)
    if (current := frozen(session.warehouse)) is not None:
        session.out.print(current.sentence, style="red", soft_wrap=True)
    if not found:
        session.endpoints([])
        session.out.print("no snapshots yet; run: netbox-sync sync")
        return
    print_status(session.out, found)
    for row in found:
        if row["error"]:
            # The errors of NetBox begin with its name.
            name = f"{row['endpoint']}: "
            session.out.print(f"{name}{row['error'].removeprefix(name)}", style="red", soft_wrap=True)
        if sentence := overrun(row["every"], row["seconds"]):
            session.out.print(f"{row['endpoint']}: {sentence}", style="yellow", soft_wrap=True)
        for reason in (row["reasons"] or [])[:3]:
            session.out.print(f"{row['endpoint']}: {reason}", style="yellow", soft_wrap=True)
        if row["questions"]:
            session.out.print(
                f"{row['endpoint']}: {rows_ask(row['questions'])}: netbox-sync resolve {row['endpoint']}",
                style="yellow",
                soft_wrap=True,
            )
        if row["shows_only"]:
            session.out.print(f"{row['endpoint']}: {row['shows_only']}", style="yellow", soft_wrap=True)
        for gate in row["gates"] or []:
            session.out.print(f"{row['endpoint']}: cannot be approved: {gate}", style="red", soft_wrap=True)


def print_status(console: Console, found: list[dict[str, Any]]) -> None:
    """Print rows of ``sync.status``: a table with fewer columns, then lines, the narrower the terminal is."""
    for with_time in (True, False):
        table = _table(found, with_time=with_time)
        if Measurement.get(console, console.options.update(max_width=10_000), table).maximum <= console.width:
            console.print(table)
            return
    _print_lines(console, found)


def _table(found: list[dict[str, Any]], *, with_time: bool) -> Table:
    # Columns that are equal for all endpoints are omitted.
    incomplete = any(row["complete"] is False for row in found)
    numbers = [name for name in _NUMBERS if name == "waiting" or any(row[name] for row in found)]
    time, snapshot = ["read (UTC)"] * with_time, ["snapshot"] * incomplete
    rows: list[list[str | Text]] = []
    for row in found:
        last = row["last_success"]
        rows.append(
            [
                visible(row["endpoint"]),
                _state(row),
                *([f"{last:%Y-%m-%d %H:%M}" if last else "never"] * with_time),
                _age(last) if last else "",
                *([_COMPLETE[row["complete"]]] * incomplete),
                *("" if row[name] is None else str(row[name]) for name in numbers),
            ]
        )
    table = make_table(["endpoint", "state", *time, "age", *snapshot, *numbers], rows, fold=False)
    for column in table.columns[-len(numbers) :]:
        column.justify = "right"
    return table


def _print_lines(console: Console, found: list[dict[str, Any]]) -> None:
    """The same for a narrow terminal, two lines per endpoint, without what is zero."""
    for row in found:
        last = row["last_success"]
        read = f", read {_age(last)} ago" if last else ", never read"
        snapshot = ", incomplete" if row["complete"] is False else ""
        console.print(
            Text.assemble((visible(row["endpoint"]), "bold"), "  ", _state(row), read, snapshot),
            soft_wrap=True,
        )
        numbers = [f"{row[name]} {name}" for name in _NUMBERS if row[name]]
        if numbers:
            console.print(f"    {', '.join(numbers)}", soft_wrap=True)


def _state(row: dict[str, Any]) -> Text:
    state = str(row["state"])
    return Text(state, _STYLES.get(state, ""))


def _age(moment: datetime) -> str:
    return in_one_unit((datetime.now(UTC) - moment).total_seconds())


def _iso(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
