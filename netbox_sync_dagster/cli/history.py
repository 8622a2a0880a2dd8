"""``history``: what happened to one object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

from netbox_sync_dagster.cli.completion import complete_endpoints, complete_resources
from netbox_sync_dagster.cli.console import LONGEST, write_json
from netbox_sync_dagster.cli.ledger_options import JsonOption, minute, plain
from netbox_sync_dagster.cli.session import CliError, session_of
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage.resolutions import FROM_NOW_ON
from netbox_sync_dagster.text import did_you_mean, visible

_STYLES = {
    **{"applied": "green", "stale": "yellow", "failed": "red", "blocked": "magenta", "uncertain": "red"},
    **{"approve": "cyan", "reject": "red", "withdraw": "yellow"},
}


def history(
    context: typer.Context,
    resource: Annotated[
        str, typer.Argument(help="The resource, e.g. devices.", autocompletion=complete_resources)
    ],
    name: Annotated[str, typer.Argument(help="The object as shown by diff, or its id in NetBox.")],
    *,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Only of this endpoint.", show_default=False, autocompletion=complete_endpoints),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was decided and answered about an object and written to it, oldest first: when, by whom, and the values.

    By all endpoints, and under all resources: a primary address is written to its device or virtual machine.

    For example: netbox-sync history interfaces "sw1 Ethernet1/1", or: netbox-sync history devices 12
    """
    # Help needs none of it.
    from netbox_sync_dagster.approve.object_history import history_of_name
    from netbox_sync_dagster.storage.views import ask

    if resource not in RESOURCES:
        raise CliError(f"no such resource '{resource}'{did_you_mean(resource, RESOURCES)}")
    session = session_of(context)
    stored = session.stored
    found = ask(stored, lambda con: history_of_name(con, stored, resource, name, endpoint=endpoint))
    if as_json:
        write_json(session.out, {"history": found}, default=plain)
        return
    if not found:
        session.out.print(f"nothing was decided about or written to {resource} {name}", soft_wrap=True)
        return
    for row in found:
        session.out.print(_line(row), soft_wrap=True)
        for line in _fields(row):
            session.out.print(line, soft_wrap=True)


def _line(row: dict[str, Any]) -> Text:
    what = str(row["what"])
    text = Text.assemble(
        (minute(row["recorded_at"]), "dim"),
        f"  {visible(row['endpoint'])}  ",
        (what, _STYLES.get(what, "")),
        f" {about(row)}",
    )
    if row["who"]:
        text.append(f"  by {visible(row['who'], 80)}")
    if row["apply_id"]:
        text.append(f"  apply {visible(row['apply_id'])}", "dim")
    if row["message"]:
        text.append(f"  {visible(row['message'], LONGEST)}")
    return text


def about(row: dict[str, Any]) -> str:
    """What an entry of a history is about: action, resource, key, the field of an answer or the fields of a decision, and
    whether an answer counts from now on."""
    field = visible(row["field"] or "")
    only = f"(only {field})" if row["kind"] == "decision" and field else field
    parts = (row["action"], row["resource"], visible(row["key"], LONGEST), only)
    return " ".join(str(part) for part in parts if part) + (FROM_NOW_ON if row["always"] else "")


def _fields(row: dict[str, Any]) -> Iterator[str]:
    """What an apply wrote; a verdict that wrote nothing has no values to show."""
    from netbox_sync_dagster.approve.object_history import written_values

    if row["what"] == "applied":
        for name, value in written_values(row["action"], row["fields"], LONGEST):
            yield f"      {visible(name)}: {value}"
