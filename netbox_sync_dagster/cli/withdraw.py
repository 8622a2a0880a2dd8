"""``withdraw``: withdraws earlier decisions."""

from __future__ import annotations

from netbox_sync_dagster.cli.decisions import decision_command

withdraw = decision_command(
    "withdraw",
    "withdrew the decisions on",
    """Withdraw approvals and rejections.

    Only for changes that are not applied yet; to revert applied changes use undo.
    """,
)
