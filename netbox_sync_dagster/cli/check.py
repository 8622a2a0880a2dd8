"""``check``: tests the configuration and all servers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated

import typer

from netbox_sync_dagster.cli.completion import complete_endpoints
from netbox_sync_dagster.cli.session import Session, session_of
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.policies import CREATED_BY_DEFAULT
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.check import Check

_AT_ONCE = 8


def check(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None,
        typer.Argument(
            help="Endpoints to check; default: all enabled ones.",
            show_default=False,
            autocompletion=complete_endpoints,
        ),
    ] = None,
) -> None:
    """Check the configuration, NetBox and the endpoints. Nothing is stored or written.

    Reports all errors of the configuration together; then, per server: address, certificate, token, version and
    every permission that a sync needs, and whether NetBox has the objects that mappings and defaults name; then whether the
    secrets of hooks and notifications are set. Exit code 1 if a check failed.
    """
    # With the clients of all servers, which help does not need.
    from netbox_sync_dagster.cli.check_secrets import checks_of_notifications, secrets_of_hooks
    from netbox_sync_dagster.sources.netbox.check import check_netbox
    from netbox_sync_dagster.sources.netbox.check_names import names_in
    from netbox_sync_dagster.sources.registry import source_of

    session = session_of(context)
    chosen = session.endpoints(endpoints or [])
    number = len(session.config.endpoints)
    session.out.print(f"{session.config_path}: valid, {number} endpoint{'s' if number != 1 else ''}")
    if not chosen:
        session.out.print("no endpoint is enabled: add one below `endpoints:`")
    target = session.config.netbox
    kinds = dict.fromkeys(endpoint.kind for endpoint in chosen)
    custom_fields = [name for kind in kinds for name in source_of(kind).id_fields]
    tries: list[tuple[str, Callable[[], list[Check]]]] = [
        (
            f"NetBox {target.base_url}",
            partial(
                check_netbox,
                target,
                custom_fields,
                session.config.deletes,
                names_in(chosen),
                contacts=session.config.rules.name_contacts,
                sizes=any("virtual_disks" in source_of(kind).resources for kind in kinds),
            ),
        ),
        *((f"{e.name} ({e.kind} {e.address})", partial(_check_endpoint, session, e)) for e in chosen),
    ]
    failed = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="check") as pool:
        results = [(title, pool.submit(_guarded, one)) for title, one in tries]
        for title, future in results:
            failed += _show(session, title, future.result())
    unasked = {
        "Hooks (netbox-sync web)": secrets_of_hooks(session.config, [endpoint.name for endpoint in chosen]),
        "Notifications": checks_of_notifications(session.config),
    }
    for title, checks in unasked.items():
        if checks:
            failed += _show(session, title, checks)
    if failed:
        session.out.print()
        session.out.print(f"{failed} check{'s' if failed != 1 else ''} failed", style="red")
        raise typer.Exit(1)
    session.out.print()
    following = (
        "netbox-sync sync" if chosen else f"add an endpoint below `endpoints:` in {session.config_path}"
    )
    session.out.print(f"all checks passed; next: {following}", style="green", soft_wrap=True)


def _check_endpoint(session: Session, endpoint: Endpoint) -> list[Check]:
    from netbox_sync_dagster.sources.registry import source_of

    return [*source_of(endpoint.kind).check(endpoint), *_not_created(session, endpoint)]


def _not_created(session: Session, endpoint: Endpoint) -> list[Check]:
    """A check that names the resources that `create` leaves out of its defaults although the last diff has new objects
    of them. It passes, because they may be left out on purpose."""
    from netbox_sync_dagster.cli.missing import rows_with_cause

    if not endpoint.policies.create or "create" not in endpoint.policies.model_fields_set:
        return []
    found = rows_with_cause(session.warehouse, endpoint.name, "may_not_create")
    counts = {name: number for name, number in found.items() if name in CREATED_BY_DEFAULT}
    if not counts:
        return []
    what = ", ".join(f"{name} ({number} new)" for name, number in counts.items())
    said = f"the list replaces the default and leaves out {what}; policies.also_create adds to the default instead"
    return [Check(True, "policies.create", said)]


def _guarded(one: Callable[[], list[Check]]) -> list[Check]:
    """Run the checks of a server. An error is a failed check and does not stop the others."""
    try:
        return one()
    except UserError as error:
        return [Check(False, "connection", str(error))]
    except Exception as error:  # noqa: BLE001
        return [Check(False, "connection", f"unusable answer: {type(error).__name__}: {error}")]


def _show(session: Session, title: str, checks: list[Check]) -> int:
    session.out.print()
    session.out.print(title, style="bold")
    for item in checks:
        mark, style = ("ok    ", "green") if item.ok else ("failed", "red")
        session.out.print(f"  {mark}", style=style, end=" ")
        session.out.print(f"{item.name}: {item.sentence}", soft_wrap=True)
    return sum(not item.ok for item in checks)
