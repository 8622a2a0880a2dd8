"""``clean``: removes old data according to `retention`."""

from __future__ import annotations

import typer

from netbox_sync_dagster.cli.session import DryRunOption, session_of
from netbox_sync_dagster.storage.cleaning import clean


def clean_command(context: typer.Context, dry_run: DryRunOption = False) -> None:
    """Remove data that `retention` no longer keeps, and leftover files of killed processes.

    The ledger is never pruned. Dagster's job clean_up does the same every night, and also prunes Dagster's runs.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context, history=True)
    counts = clean(session.warehouse, session.config.retention)
    done = "would be removed" if dry_run else "removed"
    session.out.print(f"{done}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
