"""``resolutions``: lists what people have answered, and withdraws answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from netbox_sync_dagster.approve.resolve import withdraw_resolution
from netbox_sync_dagster.cli.completion import complete_endpoints
from netbox_sync_dagster.cli.console import LONGEST, write_json
from netbox_sync_dagster.cli.decisions import WhoOption
from netbox_sync_dagster.cli.following import show_following
from netbox_sync_dagster.cli.session import CliError, DryRunOption, name_of, session_of
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.resolutions import FROM_NOW_ON, Resolution, read_resolutions
from netbox_sync_dagster.text import visible

_STYLES = {"valid": "green", "lapsed": "yellow"}


def resolutions(
    context: typer.Context,
    endpoint: Annotated[
        str | None,
        typer.Argument(
            help="The endpoint; default: all that have a diff.",
            show_default=False,
            autocompletion=complete_endpoints,
        ),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also answers that were withdrawn or have expired.")
    ] = False,
    withdraw: Annotated[
        str | None, typer.Option(help="Withdraw the answer with this id, and compare the endpoint again.")
    ] = None,
    why: Annotated[str, typer.Option(help="With --withdraw: the reason; recorded.")] = "",
    who: WhoOption = None,
    dry_run: DryRunOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what people have answered with resolve, or withdraw an answer.

    An answer is valid until it is withdrawn or expires. It has lapsed if the current diff asks something else of its rows,
    for example with other candidates.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    if withdraw is not None:
        if endpoint is None:
            raise CliError("--withdraw needs the endpoint of the answer")
        chosen, name = session.endpoint(endpoint), name_of(who)
        before = load_plan(session.warehouse, endpoint)
        one = withdraw_resolution(session.warehouse, endpoint, withdraw, who=name, through="cli", why=why)
        done = "would withdraw" if dry_run else "withdrawn"
        session.out.print(f"{done}: {one.said} (answer of {visible(one.who, 80)})")
        show_following(session, chosen, before, name)
        return
    documents: list[dict[str, Any]] = []
    for name in session.diffed([endpoint] if endpoint else []):
        lapsed = _lapsed(session.warehouse, name)
        for one in read_resolutions(session.warehouse, name):
            state = one.state(lapsed=lapsed)
            if everything or state in ("valid", "lapsed"):
                documents.append(_document(one, state))
    if as_json:
        write_json(session.out, {"resolutions": documents})
        return
    for document in documents:
        session.out.print(_line(document), soft_wrap=True)
    session.out.print(f"{len(documents)} answer{'s' if len(documents) != 1 else ''}")


def _lapsed(warehouse: Warehouse, endpoint: str) -> list[str]:
    try:
        return list(warehouse.manifest(warehouse.diffs(endpoint)).get("lapsed") or ())
    except WarehouseError:
        return []


def _line(document: dict[str, Any]) -> Text:
    rows = document["rows"]
    subject = document["word"] or (rows[0]["key"] if rows else "")
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    what = " ".join(str(part) for part in (_said(document), document["netbox_id"], document["value"]) if part)
    return Text.assemble(
        (document["id"], "dim"),
        "  ",
        (document["state"], _STYLES.get(document["state"], "dim")),
        f"  {document['endpoint']}  {visible(str(subject), 120)}{more}: {visible(what, 120)}",
        (f"  {visible(document['who'], 80)}, {document['answered_at'][:10]}", "dim"),
        f"  {visible(document['why'], LONGEST)}" if document["why"] else "",
    )


def _said(document: dict[str, Any]) -> str:
    return f"{document['answer']}{FROM_NOW_ON}" if document["always"] else str(document["answer"])


def _document(one: Resolution, state: str) -> dict[str, Any]:
    return {
        "id": one.resolution_id,
        "endpoint": one.endpoint,
        "state": state,
        "answer": one.answer,
        "always": one.always,
        "netbox_id": one.netbox_id,
        "value": one.value,
        "section": one.word.section if one.word else None,
        "word": one.word.word if one.word else None,
        "rows": [{"resource": item.resource, "key": item.key, "field": item.field} for item in one.items],
        "cause": one.cause,
        "question": one.sentence,
        "who": one.who,
        "through": one.through,
        "answered_at": one.at.isoformat(),
        "why": one.why,
        "until": one.until.isoformat() if one.until else None,
        "withdrawn_by": one.withdrawn_by,
    }
