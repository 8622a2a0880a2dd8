"""``web``: serves the review page."""

from __future__ import annotations

from typing import Annotated

import typer

from netbox_sync_dagster.cli.session import CliError, session_of


def web(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: web.host.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on; 0 takes a free one; default: web.port.", min=0, max=65_535),
    ] = None,
) -> None:
    """Serve the review page: see differences, decide, apply, watch, undo. Ctrl-C ends it.

    People log in with their NetBox name and password or an API token, and may approve what NetBox lets them write.
    """
    from pydantic import ValidationError

    from netbox_sync_dagster.config.web import Web
    from netbox_sync_dagster.web.hooks import hook_reports
    from netbox_sync_dagster.web.serve import serve

    session = session_of(context)
    configured = session.config.web
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        settings = Web.model_validate({**configured.model_dump(exclude_unset=True), **changed})
    except ValidationError as error:
        sentences = [one["msg"].removeprefix("Value error, ") for one in error.errors(include_url=False)]
        raise CliError("; ".join(sentences)) from None

    def started(address: str) -> None:
        for line in (f"review page: {address}", *hook_reports(session.config)):
            session.out.print(line, soft_wrap=True)

    serve(
        session.config_path,
        session.warehouse,
        settings,
        started=started,
        report=lambda line: session.err.print(line, soft_wrap=True),
    )
