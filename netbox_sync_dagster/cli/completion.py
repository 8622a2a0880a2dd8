"""What the shell completes: endpoints, resources, actions, change ids.

Nothing that goes wrong here may reach the shell: without a configuration or a diff there is nothing to complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

import typer

from netbox_sync_dagster.config.resources import RESOURCES

Item = str | tuple[str, str]
Completer = Callable[[typer.Context, str], list[Item]]
ACTIONS = ("create", "update", "delete", "conflict", "blocked", "drifted", "acknowledged")
# More are of no use in a terminal.
_MOST = 200
_CODE = re.compile(r"[^\w .,:/<>+@-]")


def _completer(function: Callable[[typer.Context, str], Iterable[Item]]) -> Completer:
    """Complete what begins with the typed text."""

    @wraps(function)
    def complete(ctx: typer.Context, incomplete: str) -> list[Item]:
        try:
            found = [_tame(item) for item in function(ctx, incomplete) if _text(item).startswith(incomplete)]
        except Exception:  # noqa: BLE001
            return []
        return found[:_MOST]

    return complete


def _tame(item: Item) -> Item:
    """The item with a description that no shell can take for code: it may quote names from servers."""
    return item if isinstance(item, str) else (item[0], _CODE.sub("_", item[1]))


def _text(item: Item) -> str:
    return item if isinstance(item, str) else item[0]


@_completer
def complete_endpoints(ctx: typer.Context, incomplete: str) -> Iterator[Item]:
    """The endpoints of the configuration, with their kind and address."""
    for endpoint in _session(ctx).config.endpoints:
        yield endpoint.name, f"{endpoint.kind} {endpoint.base_url}"


@_completer
def complete_plans(ctx: typer.Context, incomplete: str) -> Iterator[Item]:
    """The endpoints that have a diff, and undo plans."""
    from netbox_sync_dagster.compare.plan import undo_names

    session = _session(ctx)
    yield from session.diffed([])
    yield from undo_names(session.warehouse)


@_completer
def complete_resources(ctx: typer.Context, incomplete: str) -> Iterator[Item]:
    """All resources."""
    return iter(RESOURCES)


@_completer
def complete_actions(ctx: typer.Context, incomplete: str) -> Iterator[Item]:
    """All actions of a diff."""
    return iter(ACTIONS)


@_completer
def complete_ids(ctx: typer.Context, incomplete: str) -> Iterator[Item]:
    """Ids of the changes that the diff of the given endpoint has, of all diffs without one."""
    from netbox_sync_dagster.compare.plan import load_plan

    session = _session(ctx)
    endpoint = ctx.params.get("endpoint")
    given = set(ctx.params.get("ids") or ())
    for name in [endpoint] if endpoint else session.diffed([]):
        for row in load_plan(session.warehouse, name).changes:
            if row.change_id not in given:
                yield row.change_id, f"{row.action} {row.resource} {row.key[:80]}"


@_completer
def complete_applies(ctx: typer.Context, incomplete: str) -> Iterator[Item]:
    """The newest applies."""
    from netbox_sync_dagster.approve.ledger_lists import list_applies
    from netbox_sync_dagster.storage.views import ask

    for row in ask(_session(ctx).stored, lambda con: list_applies(con, limit=_MOST)):
        yield (
            row["apply_id"],
            f"{row['endpoint']} {row['started']:%Y-%m-%d %H:%M} UTC, {row['applied']} applied",
        )


def _session(ctx: typer.Context) -> Any:
    """The session of the options before the command, which a completion has not run."""
    from netbox_sync_dagster.cli.session import Session

    options = ctx.find_root().params
    return Session(options["config"], options["home"])
