"""``clean``: removes what is older than the configuration keeps."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.storage.cleaning import clean


def clean_command(context: typer.Context) -> None:
    """Remove what is older than `retention` in the configuration keeps, and what killed processes left.

    Never the ledger. Dagster's job clean_up does the same every night, and prunes Dagster's runs.
    """
    session = session_of(context)
    counts = clean(session.warehouse, session.config.retention)
    session.out.print("removed: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
