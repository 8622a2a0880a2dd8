"""``reject``: records that changes must not be written."""

from __future__ import annotations

from netbox_sync_dagster.cli.decisions import decision_command

reject = decision_command(
    "reject",
    "rejected",
    """Reject changes, by id or by filter.

    A rejected change cannot be approved, by people or policies, until the rejection is withdrawn or the
    content of the change differs.
    """,
)
