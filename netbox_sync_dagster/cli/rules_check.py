"""``rules check``: runs the user's rules in SQL over the current snapshots."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from netbox_sync_dagster.cli.console import write_json
from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.compare.rule_check import check_rules
from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.rules import rules_of
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.text import Shown, visible


def check_command(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None, typer.Argument(metavar="ENDPOINT", help="Default: all that were read.")
    ] = None,
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Also show how DuckDB runs each rule.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the rules over the current snapshots, and show their errors, rows and time.

    Shows of each rule how many rows it gives, how many objects of the endpoint they name, the fields that it sets, and
    the values that cannot be written, such as names that NetBox does not have. Nothing is published. The exit code is 1
    if a rule cannot be used or a value cannot be written.
    """
    session = session_of(context)
    documents = []
    for endpoint in _endpoints(session, endpoints or []):
        documents += _checked(session, endpoint)
    if as_json:
        write_json(session.out, {"rules": documents})
    else:
        _show(session, documents, plan)
    if any(one["errors"] or one["problems"] for one in documents):
        raise typer.Exit(1)


def _endpoints(session: Session, names: list[str]) -> list[Endpoint]:
    session.rules_folder()
    chosen = session.endpoints(names)
    read = [one for one in chosen if names or _was_read(session, one)]
    if not read:
        raise CliError("no endpoint was read yet; run: netbox-sync sync")
    return read


def _was_read(session: Session, endpoint: Endpoint) -> bool:
    warehouse = session.warehouse
    try:
        warehouse.current(warehouse.snapshots(endpoint.kind, endpoint.name))
    except WarehouseError:
        return False
    return True


def _checked(session: Session, endpoint: Endpoint) -> list[dict[str, Any]]:
    config = session.config
    with Comparer(session.warehouse, config) as comparer:
        found = check_rules(comparer, endpoint, rules_of(config, endpoint.name), config.rules.timeout)
    return [
        {
            "endpoint": endpoint.name,
            "rule": one.rule.name,
            "rows": one.rows,
            "objects": one.objects,
            "fields": one.fields,
            "seconds": round(one.seconds, 3),
            "errors": one.errors,
            "problems": one.problems,
            "plan": one.plan,
        }
        for one in found
    ]


def _show(session: Session, documents: list[dict[str, Any]], plan: bool) -> None:
    if not documents:
        session.out.print("no rules")
    for one in documents:
        fields = ", ".join(f"{name} ({number})" for name, number in sorted(one["fields"].items()))
        what = f"{_number(one['rows'], 'row')}, {_number(one['objects'], 'object')}{f': {fields}' if fields else ''}"
        said = "cannot be used" if one["errors"] else f"{what}, {one['seconds']:.2f} s"
        session.out.print(
            f"{one['endpoint']}  {visible(one['rule'], 120)}  {visible(said, 500)}", soft_wrap=True
        )
        for sentence in one["errors"]:
            session.out.print(f"  error: {visible(sentence, 500)}", style="red", soft_wrap=True)
        for sentence, number in one["problems"].items():
            session.out.print(
                f"  {_number(number, 'object')}: {visible(sentence, 500)}",
                style="yellow",
                soft_wrap=True,
            )
        if plan and one["plan"]:
            for line in one["plan"].splitlines():
                session.out.print(Shown(line), soft_wrap=True)


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"
