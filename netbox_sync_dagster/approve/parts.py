"""Parts of changes: an update of which only some fields are approved is a separate change with its own id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from netbox_sync_dagster.approve.records import ApprovalError, read_approvals
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff, Plan
from netbox_sync_dagster.compare.values import references
from netbox_sync_dagster.config.resources import PREREQUISITES
from netbox_sync_dagster.storage import Warehouse


def part_of(row: DiffRow, fields: Collection[str]) -> DiffRow:
    """The change that writes only these fields of an update, and those that NetBox takes only together with them; for all
    fields, the change itself.

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
    together = set(fields).union(added_fields(row, fields))
    part = replace(row, fields=tuple(item for item in row.written if item.name in together))
    return row if len(part.fields) == len(names) else replace(part, change_id=part.expected_id())


def added_fields(row: DiffRow, fields: Collection[str]) -> list[str]:
    """The other fields of an update without which NetBox refuses these, e.g. the mode for an interface's VLANs."""
    needs: dict[str, list[str]] = json.loads(row.field_needs or "{}")
    found = set(fields)
    while more := {need for name in found for need in needs.get(name, ())} - found:
        found |= more
    return [item.name for item in row.written if item.name in found.difference(fields)]


def added_notes(rows: Sequence[DiffRow], fields: Mapping[str, Collection[str]]) -> list[str]:
    """A sentence for each set of fields that is approved with the picked ones. ``fields``: what is picked of these updates, by change id."""
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        picked = fields.get(row.change_id, ())
        if more := added_fields(row, picked):
            found[", ".join(more), ", ".join(item.name for item in row.written if item.name in picked)] += 1
    return [
        f"NetBox refuses {picked} without {more}: approved together in {number} update{'s' if number != 1 else ''}"
        for (more, picked), number in sorted(found.items())
    ]


def part_in(by_id: Mapping[str, DiffRow], row: DiffRow, fields: Collection[str]) -> DiffRow:
    """``part_of`` a change of the plan, whose changes are ``by_id``, that needs only what these fields need.

    Left out are new tags, custom fields and other prerequisites that other fields name and these do not. Every other need
    stays, because why the change has it is not known here. Raises like ``part_of``.
    """
    part = part_of(row, fields)
    if part is row or row.target is not None:
        return part
    others = [item for item in row.written if item not in part.fields]
    needs = [
        need
        for need in row.depends_on
        if not (
            need in by_id
            and by_id[need].action != "delete"
            and by_id[need].resource in PREREQUISITES
            and any(_names(item, by_id[need]) for item in others)
            and not any(_may_name(item, by_id[need]) for item in part.fields)
        )
    ]
    return replace(part, depends_on=tuple(needs))


def _names(item: FieldDiff, needed: DiffRow) -> bool:
    """Whether the field has the object that this change creates as its value, or among its values."""
    if needed.resource == "tags" and item.name == "tags":
        return isinstance(item.after, list) and needed.key in item.after
    if needed.resource == "custom_fields" and item.name == f"cf.{needed.key}":
        return True
    return (needed.resource, needed.key) in references(item.after)


def _may_name(item: FieldDiff, needed: DiffRow) -> bool:
    """Whether the field has the object anywhere in its value, or another one with the same key."""
    return _names(item, needed) or json.dumps(needed.key) in json.dumps(item.after)


@dataclass(frozen=True)
class Divided:
    """``plan``: with the parts; ``rows``: the changes that are decided on, parts instead of their wholes; ``wholes``: the
    undivided changes, in the same order; ``whole_of``: the change id in the diff, by the id of each of these rows."""

    plan: Plan
    rows: tuple[DiffRow, ...]
    wholes: tuple[DiffRow, ...]
    whole_of: dict[str, str]


def divided(plan: Plan, rows: Sequence[DiffRow], fields: Mapping[str, Collection[str]]) -> Divided:
    """These changes of the plan, of those in ``fields`` (by change id) only these fields. Raises like ``part_of``."""
    known = plan.by_id()
    parts = [part_in(known, row, fields[row.change_id]) if fields.get(row.change_id) else row for row in rows]
    new = tuple(part for part in parts if part.change_id not in known)
    whole_of = {part.change_id: row.change_id for row, part in zip(rows, parts, strict=True)}
    return Divided(replace(plan, rows=(*plan.rows, *new)), tuple(parts), tuple(rows), whole_of)


def with_parts(warehouse: Warehouse, plan: Plan) -> Plan:
    """The plan, with the parts of its changes that have decisions, each after its whole change.

    A part exists as long as its whole change is in the plan with the same content.
    """
    parts = decided_parts(warehouse, plan)
    if not parts:
        return plan
    by_id = plan.by_id()
    rows: list[DiffRow] = []
    for row in plan.rows:
        new = [part for change_id, part in parts.get(row.change_id, {}).items() if change_id not in by_id]
        rows += [row, *new]
    return replace(plan, rows=tuple(rows))


def decided_parts(warehouse: Warehouse, plan: Plan) -> dict[str, dict[str, DiffRow]]:
    """The parts of the plan's changes that have decisions, by the id of the whole change and their own."""
    by_id = plan.by_id()
    parts: dict[str, dict[str, DiffRow]] = {}
    for approval in read_approvals(warehouse, plan.endpoint):
        for whole, fields in approval.parts.values():
            if whole in by_id:
                part = part_in(by_id, by_id[whole], fields)
                parts.setdefault(whole, {})[part.change_id] = part
    return parts
