"""``sync``: reads the endpoints and NetBox, compares, and approves what the policies allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from netbox_sync_dagster.cli.changes import ACTIONS, MARKS
from netbox_sync_dagster.cli.completion import complete_endpoints
from netbox_sync_dagster.cli.missing import missing_names
from netbox_sync_dagster.cli.progress import spinners
from netbox_sync_dagster.cli.session import CliError, DryRunOption, Session, default_who, session_of
from netbox_sync_dagster.columns import ABOUT_ROWS
from netbox_sync_dagster.compare.plan import shows_only_of
from netbox_sync_dagster.explain import about
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.config import Endpoint
    from netbox_sync_dagster.sync import Outcome, SyncOptions

_REASONS_SHOWN = 5


def sync(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None,
        typer.Argument(
            help="Endpoints to read; default: all enabled ones.",
            show_default=False,
            autocompletion=complete_endpoints,
        ),
    ] = None,
    accept_shrink: Annotated[
        bool,
        typer.Option(
            "--accept-shrink",
            help="Accept a snapshot with far fewer rows than the last one as complete.",
        ),
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            "--guest",
            "--container",
            metavar="NAME",
            help="Read and compare only this device, guest or container of one endpoint, by its name or its id in the "
            "source.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Read the endpoints and NetBox, and compare. Nothing is written to NetBox.

    A failed endpoint does not stop the others; exit code 1 if any failed. Approvals by policy (auto_approve)
    are recorded.
    """
    # With the clients of all servers, which help does not need.
    from netbox_sync_dagster.storage.configured import note_endpoints
    from netbox_sync_dagster.storage.verify import look
    from netbox_sync_dagster.storage.views import build_database
    from netbox_sync_dagster.sync import SyncOptions

    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    chosen = session.endpoints(endpoints or [])
    if not chosen:
        raise CliError(f"{session.config_path}: no endpoint is enabled; add one to endpoints")
    options = SyncOptions(accept_shrink=accept_shrink, only=device)
    if device is not None and len(endpoints or []) != 1:
        raise CliError("--device needs exactly one endpoint, e.g.: netbox-sync sync production --device sw1")
    options.check(chosen)
    note_endpoints(session.warehouse, session.config)
    target, outcomes = _sync(session, chosen, options)
    failed = _tell(session, [target, *outcomes])
    # Nobody can open the views of a copy that is removed now.
    if not dry_run:
        build_database(session.warehouse)
    if damage := look(session.warehouse).sentence:
        session.err.print(f"warning: {damage}", style="yellow", soft_wrap=True)
    for text in failed:
        session.err.print(f"error: {text}", style="red", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _sync(session: Session, chosen: list[Endpoint], options: SyncOptions) -> tuple[Outcome, list[Outcome]]:
    from netbox_sync_dagster.sync import sync_with_netbox

    with spinners(session.err) as show:
        return sync_with_netbox(
            session.warehouse,
            session.config,
            chosen,
            options,
            who=f"netbox-sync by {default_who()}",
            show=show,
        )


def _tell(session: Session, outcomes: list[Outcome]) -> list[str]:
    """Print the snapshots, then the differences. Returns a sentence per error."""
    for outcome in outcomes:
        _tell_reading(session, outcome)
    for outcome in outcomes:
        if outcome.diff is not None:
            _tell_diff(session, outcome)
    return [about(outcome.endpoint, outcome.error) for outcome in outcomes if outcome.error is not None]


def _tell_reading(session: Session, outcome: Outcome) -> None:
    manifest = outcome.manifest
    if manifest is None:
        return
    rows = sum(number for table, number in manifest.row_counts.items() if table not in ABOUT_ROWS)
    rejected = manifest.row_counts.get("rejected", 0)
    text = Text.assemble(
        (outcome.endpoint, "bold"), f": read {visible(manifest.source_version or 'it', 200)}, {rows} rows"
    )
    text.append(f" in {outcome.seconds:.1f} s, ")
    text.append("complete" if manifest.complete else "incomplete", "green" if manifest.complete else "yellow")
    # The lists of a source are always read.
    if manifest.read == "incremental" and manifest.system == "netbox":
        text.append(", only changes")
    if rejected:
        text.append(f", {rejected} rows rejected (sync.rejected)", "yellow")
    session.out.print(text, soft_wrap=True)
    # The diff says it in more words.
    if manifest.only is not None and outcome.diff is None:
        session.out.print(
            f"    only {_object(manifest.system, manifest.only)} was read; everything else is from the last sync",
            soft_wrap=True,
        )
    for reason in manifest.reasons[:_REASONS_SHOWN]:
        session.out.print(f"    {reason}", style="yellow", soft_wrap=True)
    if len(manifest.reasons) > _REASONS_SHOWN:
        session.out.print(f"    … and {len(manifest.reasons) - _REASONS_SHOWN} more reasons", style="yellow")
    if manifest.shrunken:
        session.out.print("    if the source really shrank, repeat with --accept-shrink", style="yellow")


def _object(kind: str, source_id: str) -> str:
    from netbox_sync_dagster.sources.registry import source_of

    return f"{source_of(kind).object_word} {visible(source_id, 80)}"


def _tell_diff(session: Session, outcome: Outcome) -> None:
    assert outcome.diff is not None
    _tell_counts(session, outcome.endpoint, outcome.diff)
    if missing := missing_names(session.warehouse, outcome.endpoint):
        session.out.print(f"    {missing}", soft_wrap=True)
    if outcome.approved:
        session.out.print(
            f"    approved by policy: {len(outcome.approved)}; next: netbox-sync apply {outcome.endpoint}"
        )
    for note in outcome.notes:
        session.out.print(f"    {note}", style="yellow", soft_wrap=True)


def _tell_counts(session: Session, name: str, manifest: dict[str, Any]) -> None:
    counts: dict[str, dict[str, int]] = manifest["counts"]
    found = {resource: actions for resource, actions in counts.items() if any(actions.values())}
    head = "" if found else ": no differences"
    session.out.print(Text.assemble((f"{name} against NetBox", "bold"), head))
    if (only := shows_only_of(manifest)) is not None:
        session.out.print(f"    {only}", style="yellow", soft_wrap=True)
    width = max((len(resource) for resource in found), default=0)
    for resource, actions in found.items():
        parts = [Text(f"{actions[a]} {a}", MARKS[a][1]) for a in ACTIONS if actions.get(a)]
        session.out.print(Text.assemble(f"    {resource:{width}}  ", Text(", ").join(parts)))
    for gate in manifest["gates"]:
        session.out.print(f"    cannot be approved: {gate}", style="red", soft_wrap=True)
