"""The order in which a plan's changes are sent, and their dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.compare.values import Reference, parse, reference, references
from netbox_sync_dagster.config.resources import RESOURCES


def groups(rows: list[DiffRow]) -> Iterator[list[DiffRow]]:
    """Rows that are processed together: creates and updates by resource, then deletes in reverse order."""
    for resource in RESOURCES:
        yield [row for row in rows if row.resource == resource and row.action != "delete"]
    for resource in reversed(RESOURCES):
        yield [row for row in rows if row.resource == resource and row.action == "delete"]


class Needs:
    """The dependencies of a plan's changes: ``depends_on``, and the creates that their values refer to."""

    def __init__(self, plan: Plan) -> None:
        self._rows = plan.by_id()
        self._creates = {(r.resource, r.key): r.change_id for r in plan.changes if r.action == "create"}

    def of(self, row: DiffRow) -> list[str]:
        """The change ids that must be applied before this one."""
        refs: list[Reference] = []
        for item in row.written:
            refs += references(item.after)
        target = reference(parse(row.target))
        if target is not None:
            refs.append(target)
        named = [self._creates[ref] for ref in refs if ref in self._creates]
        return [need for need in dict.fromkeys([*row.depends_on, *named]) if need != row.change_id]

    def title(self, change_id: str) -> str:
        """A change as text for people."""
        row = self._rows.get(change_id)
        if row is None:
            return f"change {change_id}, which is not in the current diff"
        return f"{row.action} {row.resource} {row.key} ({change_id})"
