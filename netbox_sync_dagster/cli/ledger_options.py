"""Options and times that the commands about the ledger share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from netbox_sync_dagster.cli.completion import complete_endpoints

OptionalEndpoint = Annotated[
    str | None,
    typer.Argument(help="The endpoint; default: all.", show_default=False, autocompletion=complete_endpoints),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Show at most so many, the newest ones.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def minute(moment: datetime | None) -> str:
    """A time of the ledger, which is UTC."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else ""


def plain(value: Any) -> str:
    """A value of the ledger as JSON: times in ISO 8601 with their zone."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
