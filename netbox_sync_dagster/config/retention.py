"""How much history is kept. The ledger is kept whole, always."""

from __future__ import annotations

from pydantic import Field

from netbox_sync_dagster.config.strict import StrictModel


class Retention(StrictModel):
    """How much history is kept. The ledger is kept whole, always."""

    snapshots: int = Field(20, ge=2, le=10_000, description="Snapshots kept per endpoint, and of NetBox.")
    diffs: int = Field(200, ge=2, le=10_000, description="Diffs kept per endpoint.")
    tries: int = Field(
        2_000, ge=100, le=1_000_000, description="Tries to read or compare that stay on record, per endpoint."
    )
    run_days: int = Field(
        30, ge=1, le=3_650, description="Days that Dagster keeps finished runs with their events."
    )
