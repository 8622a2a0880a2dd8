"""Parts of changes: an update of which only some fields are approved is a separate change with its own id."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from netbox_sync_dagster.approve.records import ApprovalError, read_approvals
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.storage import Warehouse


def part_of(row: DiffRow, fields: Collection[str]) -> DiffRow:
    """The change that writes only these fields of an update; for all fields, the change itself.

    Apart from the fields it has the content of the whole change, so the same stale check. Raises ApprovalError for a
    create or a delete, which cannot be divided, and for a field that the change does not write.
    """
    names = [item.name for item in row.written]
    if row.action != "update":
        raise ApprovalError(f"{row.action} {row.resource} {row.key}: only updates can be approved by field")
    unknown = sorted(set(fields) - set(names))
    if unknown:
        raise ApprovalError(
            f"update {row.resource} {row.key} does not write {', '.join(unknown)}; it writes {', '.join(names)}"
        )
    part = replace(row, fields=tuple(item for item in row.written if item.name in fields))
    return row if len(part.fields) == len(names) else replace(part, change_id=part.expected_id())


def with_parts(warehouse: Warehouse, plan: Plan) -> Plan:
    """The plan, with the parts of its changes that have decisions, each after its whole change.

    A part exists as long as its whole change is in the plan with the same content.
    """
    by_id = plan.by_id()
    parts: dict[str, dict[str, DiffRow]] = {}
    for approval in read_approvals(warehouse, plan.endpoint):
        for whole, fields in approval.parts.values():
            if whole in by_id:
                part = part_of(by_id[whole], fields)
                if part.change_id not in by_id:
                    parts.setdefault(whole, {})[part.change_id] = part
    if not parts:
        return plan
    rows: list[DiffRow] = []
    for row in plan.rows:
        rows += [row, *parts.get(row.change_id, {}).values()]
    return replace(plan, rows=tuple(rows))
