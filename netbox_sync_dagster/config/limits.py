"""How much time and room a server's answers may take."""

from __future__ import annotations

from pydantic import Field

from netbox_sync_dagster.config.strict import StrictModel

# A server that sends is given this many times the seconds that it may be silent for.
ANSWER_TIMEOUTS = 15


class Limits(StrictModel):
    """What answers may take at most: in all, decompressed. A server that exceeds a limit is not read further."""

    answer_seconds: float | None = Field(
        None,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description=f"Seconds for one whole answer, to its last byte; default: {ANSWER_TIMEOUTS} times `timeout`.",
    )
    answer_mib: int = Field(64, ge=1, le=4_096, description="MiB of one answer, which is kept in memory.")
    list_mib: int = Field(
        2_048,
        ge=1,
        le=1_048_576,
        description="MiB of one of LibreNMS's lists of the whole installation (`/ports`, `/devices`, ...), which go to "
        "disk first.",
    )
    rows: int = Field(
        5_000_000,
        ge=1,
        le=1_000_000_000,
        description="Rows of one answer, or of one list that comes in pages.",
    )
    snapshot_seconds: float = Field(
        21_600, gt=0, le=604_800, allow_inf_nan=False, description="Seconds for all answers of one snapshot."
    )
    snapshot_mib: int = Field(8_192, ge=1, le=1_048_576, description="MiB of all answers of one snapshot.")
