"""Limits for the time and size of answers."""

from __future__ import annotations

from pydantic import Field

from netbox_sync_dagster.config.strict import StrictModel

# Default time for a complete answer, as a multiple of `timeout`.
ANSWER_TIMEOUTS = 15


class Limits(StrictModel):
    """Maximum time and decompressed size of answers. A server that exceeds a limit is not read further."""

    answer_seconds: float | None = Field(
        None,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description=f"Seconds for a complete answer, to its last byte; default: {ANSWER_TIMEOUTS} times `timeout`.",
    )
    answer_mib: int = Field(64, ge=1, le=4_096, description="MiB of an answer that is kept in memory.")
    list_mib: int = Field(
        2_048,
        ge=1,
        le=1_048_576,
        description="MiB of a list that is first saved to disk, such as LibreNMS's `/ports` or `/devices`.",
    )
    rows: int = Field(
        5_000_000,
        ge=1,
        le=1_000_000_000,
        description="Rows of an answer, or of all pages of a list.",
    )
    snapshot_seconds: float = Field(
        21_600, gt=0, le=604_800, allow_inf_nan=False, description="Seconds for all answers of a snapshot."
    )
    snapshot_mib: int = Field(8_192, ge=1, le=1_048_576, description="MiB of all answers of a snapshot.")
