"""How much history to keep. The ledger is never pruned."""

from __future__ import annotations

from pydantic import Field

from netbox_sync_dagster.config.strict import StrictModel


class Retention(StrictModel):
    """How much history to keep. The ledger is never pruned."""

    snapshots: int = Field(
        20, ge=2, le=10_000, description="Number of snapshots to keep per endpoint, and of NetBox."
    )
    diffs: int = Field(200, ge=2, le=10_000, description="Number of diffs to keep per endpoint.")
    tries: int = Field(
        2_000, ge=100, le=1_000_000, description="Number of recorded sync attempts to keep per endpoint."
    )
    run_days: int = Field(
        30, ge=1, le=3_650, description="Days to keep Dagster's finished runs with their events."
    )
