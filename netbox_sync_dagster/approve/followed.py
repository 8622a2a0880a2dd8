"""What followed from an answer or its withdrawal: the rows that are different in the diff after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netbox_sync_dagster.approve.parts import decided_parts
from netbox_sync_dagster.approve.records import netbox_read_at
from netbox_sync_dagster.approve.resolve import Question
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.compare.values import Reference, Value, reference
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import ask_verdicts


@dataclass(frozen=True)
class Followed:
    """``rows``: the answered rows, in their new state, then all others that are new or different: their action, reason,
    fields or questions. ``gone``: the rows of the diff before that have no difference now. ``before`` and ``after``: the
    number of rows by action."""

    diff_id: str
    rows: tuple[DiffRow, ...]
    gone: tuple[DiffRow, ...]
    before: dict[str, int]
    after: dict[str, int]


def what_followed(warehouse: Warehouse, before: Plan, after: Plan, asked: Sequence[Question]) -> Followed:
    """Compare the diff in which the questions were asked with the one after the answer. ``asked``: what was answered; empty
    for a withdrawal. What an apply settled in between did not follow from the answer, and is left out."""
    return differences(before, after, asked, _applied(warehouse, before))


def differences(
    before: Plan, after: Plan, asked: Sequence[Question], applied: Mapping[str, int | None]
) -> Followed:
    """``what_followed``, where ``applied`` holds the changes of the diff before that were applied since NetBox was read for
    it, with the ids of their objects in NetBox."""
    was = {(row.resource, row.key): row for row in before.rows}
    now = {(row.resource, row.key): row for row in after.rows}
    created = {
        (row.resource, row.key): applied[row.change_id]
        for row in before.changes
        if row.action == "create" and row.change_id in applied
    }
    answered = dict.fromkeys(one.name for one in asked if one.name in now)
    others = (
        row
        for name, row in now.items()
        if name not in answered and (name not in was or _content(row) != _content(was[name], created))
    )
    return Followed(
        after.diff_id,
        (*(now[name] for name in answered), *others),
        tuple(row for name, row in was.items() if name not in now and row.change_id not in applied),
        dict(Counter(row.action for row in before.rows)),
        dict(Counter(row.action for row in after.rows)),
    )


def _applied(warehouse: Warehouse, plan: Plan) -> dict[str, int | None]:
    """The changes of the plan that were applied since NetBox was read for it, also in parts, with the ids of their objects
    in NetBox."""
    sql = """
        SELECT change_id, arg_max(netbox_id, seq) FROM verdicts WHERE verdict = 'applied' AND seq >= ? GROUP BY change_id
    """
    found: dict[str, int | None] = dict(ask_verdicts(warehouse, plan.endpoint, sql, [netbox_read_at(plan)]))
    wholes = {part: whole for whole, parts in decided_parts(warehouse, plan).items() for part in parts}
    return found | {wholes[part]: netbox_id for part, netbox_id in found.items() if part in wholes}


def _content(row: DiffRow, created: Mapping[Reference, int | None] = {}) -> tuple[object, ...]:
    """What people decide about. A change id also moves with the time at which NetBox last saw the object. ``created``: the
    ids of objects that were to be created and exist now."""
    fields = tuple(
        (
            item.name,
            _meaning(item.before, created),
            _meaning(item.after, created),
            item.decision,
            item.reason,
            item.cause,
        )
        for item in row.fields
    )
    return row.action, row.reason, row.netbox_id, fields, row.questions


def _meaning(value: Value, created: Mapping[Reference, int | None]) -> Value:
    """The value without the names of objects. Of an object that exists now, its id instead of the change that created it."""
    if isinstance(value, list):
        return [_meaning(item, created) for item in value]
    to_create = reference(value)
    if to_create is not None and to_create in created:
        return {"id": created[to_create], "type": value.get("type")}
    if isinstance(value, dict) and {"id", "name"} <= value.keys():
        return {"id": value["id"], "type": value.get("type")}
    return value
