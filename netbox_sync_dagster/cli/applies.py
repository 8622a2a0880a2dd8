"""``applies``: lists what was written to NetBox."""

from __future__ import annotations

import typer
from rich.text import Text

from netbox_sync_dagster.cli.console import make_table, write_json
from netbox_sync_dagster.cli.ledger_options import JsonOption, LimitOption, OptionalEndpoint, minute, plain
from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.text import visible

_STYLES = {"applied": "green", "stale": "yellow", "failed": "red", "blocked": "magenta", "uncertain": "red"}


def applies(
    context: typer.Context,
    endpoint: OptionalEndpoint = None,
    *,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """List the applies, newest first: when, by whom, and how many changes got which verdict.

    The id is the argument of undo. All columns: netbox-sync sql "FROM ledger.applies".
    """
    # Help needs none of it.
    from netbox_sync_dagster.approve.ledger_lists import list_applies, name_undo_plans
    from netbox_sync_dagster.storage.views import ask

    session = session_of(context)
    found = ask(session.stored, lambda con: list_applies(con, endpoint=endpoint, limit=limit))
    name_undo_plans(session.stored, found)
    if as_json:
        write_json(session.out, {"applies": found}, default=plain)
        return
    if not found:
        session.out.print("nothing was applied yet")
        return
    rows = [
        (
            str(row["apply_id"]),
            minute(row["started"]),
            str(row["endpoint"]),
            str(row["who"] or row["through"] or ""),
            Text(", ").join(
                Text(f"{row[name]} {name}", style) for name, style in _STYLES.items() if row[name]
            ),
            _about(row),
        )
        for row in found
    ]
    session.out.print(make_table(("apply", "started (UTC)", "endpoint", "who", "changes", ""), rows))


def _about(row: dict[str, object]) -> str:
    said = [f"reverts {visible(str(row['undoes']))}"] if row["undoes"] else []
    said += [] if row["finished"] else ["not finished"]
    # Made by undo; whether it was applied says the line of that apply.
    said += [f"has the plan {row['undo_plan']}"] if row["undo_plan"] else []
    return ", ".join(said)
