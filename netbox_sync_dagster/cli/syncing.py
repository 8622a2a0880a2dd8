"""``sync``: read the endpoints and NetBox, compare, and let the policies decide."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text

from netbox_sync_dagster.approve import ApprovalError
from netbox_sync_dagster.approve.decide import approve_by_policy
from netbox_sync_dagster.approve.policy import not_allowed
from netbox_sync_dagster.cli.changes import ACTIONS, MARKS
from netbox_sync_dagster.cli.reading import Read, Reading, Say, read_all
from netbox_sync_dagster.cli.session import CliError, Session, default_who, session_of
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.compare.run import CompareError, Comparer
from netbox_sync_dagster.config import DockerEndpoint, Endpoint, LibreNMSEndpoint
from netbox_sync_dagster.config.secrets import MissingSecret, redact
from netbox_sync_dagster.sources.docker import snapshot_docker
from netbox_sync_dagster.sources.http import SourceError
from netbox_sync_dagster.sources.librenms import snapshot_librenms
from netbox_sync_dagster.sources.netbox import snapshot_netbox
from netbox_sync_dagster.sources.proxmox import snapshot_proxmox
from netbox_sync_dagster.text import visible
from netbox_sync_dagster.warehouse import Manifest, WarehouseError
from netbox_sync_dagster.warehouse.configured import note_endpoints
from netbox_sync_dagster.warehouse.errors import storage_sentence
from netbox_sync_dagster.warehouse.hold import hold
from netbox_sync_dagster.warehouse.tables import ABOUT_ROWS
from netbox_sync_dagster.warehouse.verify import look
from netbox_sync_dagster.warehouse.views import build_database

TARGET = "NetBox"
_EXPECTED = (SourceError, MissingSecret, WarehouseError, CompareError, ApprovalError)
_REASONS_SHOWN = 5


def sync(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None,
        typer.Argument(help="Endpoints to read; default: all that are enabled.", show_default=False),
    ] = None,
    accept_shrink: Annotated[
        bool,
        typer.Option(
            "--accept-shrink",
            help="Take a snapshot with far fewer rows than the last one as complete: what is gone is gone.",
        ),
    ] = False,
    guest: Annotated[
        int | None,
        typer.Option(
            "--guest",
            min=1,
            metavar="VMID",
            help="Read and compare only this guest of one Proxmox endpoint.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Read the endpoints and NetBox, and compare. Nothing is written to NetBox.

    One endpoint's failure does not stop the others; exit code 1 when any failed. What the configuration
    approves by policy (auto_approve) is recorded.
    """
    session = session_of(context)
    chosen = session.endpoints(endpoints or [])
    if not chosen:
        raise CliError(f"{session.config_path}: no endpoint is enabled; add one below endpoints")
    if guest is not None:
        _check_guest(endpoints or [], chosen)
    note_endpoints(session.warehouse, session.config)
    reads: dict[str, Read] = {TARGET: partial(_read_target, session, accept_shrink)}
    for endpoint in chosen:
        reads[endpoint.name] = partial(_read_endpoint, session, endpoint, accept_shrink, guest)
    readings = read_all(reads, session.err)
    failed = [
        sentence
        for name, reading in readings.items()
        if (sentence := _told(session, name, reading)) is not None
    ]
    if readings[TARGET].error is None:
        with Comparer(session.warehouse, session.config) as comparer:
            for endpoint in chosen:
                if readings[endpoint.name].error is None:
                    failed += _compare(session, comparer, endpoint)
    build_database(session.warehouse)
    if damage := look(session.warehouse).sentence:
        session.err.print(f"warning: {damage}", style="yellow", soft_wrap=True)
    for sentence in failed:
        session.err.print(f"error: {sentence}", style="red", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _read_target(session: Session, accept_shrink: bool, say: Say) -> Manifest:
    return snapshot_netbox(
        session.config.netbox,
        session.warehouse,
        progress=say,
        accept_shrink=accept_shrink,
        deletes=session.config.deletes,
    )


def _check_guest(named: list[str], chosen: list[Endpoint]) -> None:
    if len(named) != 1:
        raise CliError(
            "--guest needs the one endpoint that has it, e.g.: netbox-sync sync pve-paris --guest 101"
        )
    if chosen[0].kind != "proxmox":
        raise CliError(f"endpoint '{named[0]}' is {chosen[0].kind}; only Proxmox endpoints have guests")


def _read_endpoint(
    session: Session, endpoint: Endpoint, accept_shrink: bool, guest: int | None, say: Say
) -> Manifest:
    with hold(session.warehouse, endpoint.kind, endpoint.name, f"netbox-sync by {default_who()}"):
        if isinstance(endpoint, LibreNMSEndpoint):
            return snapshot_librenms(endpoint, session.warehouse, progress=say, accept_shrink=accept_shrink)
        if isinstance(endpoint, DockerEndpoint):
            return snapshot_docker(endpoint, session.warehouse, progress=say, accept_shrink=accept_shrink)
        return snapshot_proxmox(
            endpoint, session.warehouse, progress=say, accept_shrink=accept_shrink, guest=guest
        )


def _told(session: Session, name: str, reading: Reading) -> str | None:
    """Print how the reading went; returns the sentence of its error."""
    if reading.error is not None:
        return _sentence(name, reading.error)
    manifest = reading.manifest
    assert manifest is not None
    rows = sum(number for table, number in manifest.row_counts.items() if table not in ABOUT_ROWS)
    rejected = manifest.row_counts.get("rejected", 0)
    text = Text.assemble(
        (name, "bold"), f": read {visible(manifest.source_version or 'it', 200)}, {rows} rows"
    )
    text.append(f" in {reading.seconds:.1f} s, ")
    text.append("complete" if manifest.complete else "incomplete", "green" if manifest.complete else "yellow")
    if rejected:
        text.append(f", {rejected} rows rejected (sync.rejected)", "yellow")
    session.out.print(text, soft_wrap=True)
    if manifest.guest is not None:
        session.out.print(
            f"    only guest {manifest.guest} was read; the rest is as the last sync left it", soft_wrap=True
        )
    for reason in manifest.reasons[:_REASONS_SHOWN]:
        session.out.print(f"    {reason}", style="yellow", soft_wrap=True)
    if len(manifest.reasons) > _REASONS_SHOWN:
        session.out.print(f"    … and {len(manifest.reasons) - _REASONS_SHOWN} more reasons", style="yellow")
    if manifest.shrunken:
        session.out.print("    if that is right, run the sync again with --accept-shrink", style="yellow")
    return None


def _compare(session: Session, comparer: Comparer, endpoint: Endpoint) -> list[str]:
    try:
        manifest = comparer.compare(endpoint)
        _tell_counts(session, endpoint.name, manifest)
        if endpoint.policies.auto_approve:
            plan = load_plan(session.warehouse, endpoint.name)
            approval = approve_by_policy(session.warehouse, plan, endpoint.policies)
            if approval is not None:
                session.out.print(
                    f"    approved by policy: {len(approval.change_ids)}; next: netbox-sync apply {endpoint.name}"
                )
            for note in not_allowed(plan, endpoint.policies):
                session.out.print(f"    {note}", style="yellow", soft_wrap=True)
    except Exception as error:  # noqa: BLE001
        return [_sentence(endpoint.name, error)]
    return []


def _tell_counts(session: Session, name: str, manifest: dict[str, Any]) -> None:
    counts: dict[str, dict[str, int]] = manifest["counts"]
    found = {resource: actions for resource, actions in counts.items() if any(actions.values())}
    head = "" if found else ": no differences"
    of_guest = "" if manifest["guest"] is None else f", guest {manifest['guest']} only"
    session.out.print(Text.assemble((f"{name} against NetBox{of_guest}", "bold"), head))
    width = max((len(resource) for resource in found), default=0)
    for resource, actions in found.items():
        parts = [Text(f"{actions[a]} {a}", MARKS[a][1]) for a in ACTIONS if actions.get(a)]
        session.out.print(Text.assemble(f"    {resource:{width}}  ", Text(", ").join(parts)))
    for gate in manifest["gates"]:
        session.out.print(f"    cannot be approved: {gate}", style="red", soft_wrap=True)


def _sentence(name: str, error: Exception) -> str:
    text = storage_sentence(error) or str(error)
    if isinstance(error, _EXPECTED) or storage_sentence(error) is not None:
        # Sentences that name who they are about stay as they are.
        return text if name.lower() in text.lower() else f"{name}: {text}"
    return f"{name}: this should not happen: {type(error).__name__}: {redact(text)}"
