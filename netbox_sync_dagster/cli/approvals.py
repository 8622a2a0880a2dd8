"""``approvals``: lists the decisions on changes."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.console import make_table, write_json
from netbox_sync_dagster.cli.ledger_options import JsonOption, LimitOption, OptionalEndpoint, minute, plain
from netbox_sync_dagster.cli.session import session_of


def approvals(
    context: typer.Context,
    endpoint: OptionalEndpoint = None,
    *,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """List approvals, rejections and withdrawals, newest first.

    Changes that were decided together are one line. Each change: netbox-sync sql "FROM ledger.approvals". What is
    approved and not applied yet: netbox-sync apply --dry-run ENDPOINT.
    """
    # Help needs none of it.
    from netbox_sync_dagster.approve.ledger_lists import list_decisions
    from netbox_sync_dagster.storage.views import ask

    session = session_of(context)
    found = ask(session.stored, lambda con: list_decisions(con, endpoint=endpoint, limit=limit))
    if as_json:
        write_json(session.out, {"approvals": found}, default=plain)
        return
    if not found:
        session.out.print("nothing was decided yet")
        return
    rows = [
        (
            minute(row["decided_at"]),
            str(row["endpoint"]),
            str(row["decision"]),
            _what(row),
            str(row["who"] or ""),
            str(row["through"] or ""),
            minute(row["expires"]),
            str(row["override"] or row["comment"] or ""),
        )
        for row in found
    ]
    columns = ("decided (UTC)", "endpoint", "decision", "changes", "who", "through", "expires (UTC)", "why")
    session.out.print(make_table(columns, rows))


def _what(row: dict[str, object]) -> str:
    number = row["changes"]
    return str(row["example"]) if number == 1 else f"{number}, e.g. {row['example']}"
