"""Answers that lead to changes: an undo reverts the change, and the answer makes the next sync propose it again."""

from __future__ import annotations

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.resolutions import Resolution, valid_resolutions

# They hide a row, and lead to no change.
_HIDING = ("keep", "leave", "acknowledge")


def answers_behind(warehouse: Warehouse, undo: Plan) -> list[Resolution]:
    """The valid answers about rows that this undo plan reverts, oldest first. Mapped names are about all
    rows, and not among them."""
    reverted = {(row.resource, row.key) for row in undo.changes}
    return [
        one
        for one in valid_resolutions(warehouse, undo.endpoint)
        if one.answer not in _HIDING and any((item.resource, item.key) in reverted for item in one.items)
    ]
