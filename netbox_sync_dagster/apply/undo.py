"""Undo: the inverse plan of an apply, stored with the diffs and approved and applied like them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from netbox_sync_dagster.apply.changes import Cleared
from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.apply.delete_impact import Hanging, hanging, reason_of
from netbox_sync_dagster.apply.inverse import Done, Inverse, inverse
from netbox_sync_dagster.apply.inverse_order import identify, spread_reasons
from netbox_sync_dagster.apply.later_changes import Since, Step
from netbox_sync_dagster.apply.ledger import unfinished
from netbox_sync_dagster.approve.records import ApprovalError, netbox_read_at
from netbox_sync_dagster.compare.causes import cause, read_reason
from netbox_sync_dagster.compare.plan import Plan, load_plan, undo_folder, undo_name
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.netbox.ledger_names import same_in_ledger
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.ledger import Line, ask_verdicts, ledger_files, read_lines
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS

# A new plan replaces the one before, which is kept as history.
_KEEP = 20


def plan_undo(warehouse: Warehouse, target: NetBoxTarget, apply_id: str, endpoint: str | None = None) -> Plan:
    """Create the plan that reverts an apply, from the ledger and the current NetBox. Nothing is written to NetBox.

    The plan is stored under the name ``undo-<apply id>``, which ``load_plan`` accepts like an endpoint's name; it
    replaces an earlier one of the same apply. Rows with action ``conflict`` are objects that were changed or deleted
    since, in NetBox or by a later apply that was not undone, rows that need them, and objects with dependents that
    would be deleted too.

    Reads NetBox with list requests for the objects and the dependents of objects to delete,
    ``/api/core/object-changes/``, and ``OPTIONS`` of the types that are created again. Raises ApprovalError if the
    apply is unknown, still open, or was to another NetBox; ServerError if NetBox cannot be read.
    """
    file = _file(warehouse, apply_id, endpoint)
    endpoint = file.parent.name
    steps, undoes = _ledger(warehouse, apply_id)
    if any(entry.operation_id.startswith(f"{apply_id}/") for entry in unfinished(warehouse, endpoint)):
        raise ApprovalError(
            f"apply {apply_id} has left changes open whose outcome is not known; settle them first with: "
            f"netbox-sync apply {endpoint}"
        )
    own = [step for step in steps if step.apply_id == apply_id]
    urls = {step.target for step in own}
    names = {name for url in urls for name in same_in_ledger(target, url)}
    if not urls <= names:
        raise ApprovalError(
            f"apply {apply_id} wrote to {', '.join(sorted(urls))}, and netbox.url is {target.base_url}"
        )
    later = [step for step in steps if step.apply_id != apply_id and step.target in names]
    read = warehouse.new_id()
    with NetBoxWriter(target) as netbox:
        netbox.connect()
        elsewhere = sorted(urls - netbox.held())
        if elsewhere:
            raise ApprovalError(
                f"apply {apply_id} wrote to {', '.join(elsewhere)}, which is neither the branch that is open for "
                "netbox.branch nor merged; there is nothing of it to undo here"
            )
        since = Since(netbox, own, later, undoes)
        rows = inverse(since.done, since.now())
        _leave_out_read_only(netbox, rows)
        rows += _urls_that_stay(netbox, rows)
        rows = [row for row in rows if row.fields or row.action != "update"]
        spread_reasons(rows)
        _keep_what_others_use(netbox, rows)
    identify(rows, endpoint)
    about = {"target_snapshot": read, "netbox_url": target.base_url, "netbox_urls": target.known_urls}
    _store(warehouse, endpoint, apply_id, rows, about)
    return load_plan(warehouse, undo_name(apply_id))


def _file(warehouse: Warehouse, apply_id: str, endpoint: str | None) -> Path:
    files = [
        path
        for path in ledger_files(warehouse, warehouse.ledger / "applies", "*/*.jsonl")
        if path.stem == apply_id and endpoint in (None, path.parent.name)
    ]
    if not files:
        where = f" of endpoint '{endpoint}'" if endpoint else ""
        raise ApprovalError(
            f"the ledger has no apply '{apply_id}'{where}; look with: netbox-sync sql "
            '"SELECT apply_id, endpoint, started, applied FROM ledger.applies ORDER BY seq"'
        )
    return files[0]


def _ledger(warehouse: Warehouse, apply_id: str) -> tuple[list[Step], dict[str, str]]:
    """(changes written by this apply and all later ones, in order; the apply that each of them reverted).

    Includes other endpoints, which may have changed the same objects. Includes changes that a later apply confirmed: a
    change belongs to the apply that sent it.
    """
    steps: list[Step] = []
    undoes: dict[str, str] = {}
    files = ledger_files(warehouse, warehouse.ledger / "applies", "*/*.jsonl")
    for path in sorted(files, key=lambda file: file.stem):
        if path.stem < apply_id:
            continue
        for line in read_lines(path):
            if line["kind"] == "start" and line.get("undoes"):
                undoes[line["apply_id"]] = line["undoes"]
            elif _is_done(line):
                sent_by = (line["operation_id"] or line["apply_id"]).partition("/")[0]
                if sent_by >= apply_id:
                    seen = line["last_updated"], line["request_id"]
                    steps.append(Step(sent_by, line["target"], _done(line), *seen))
    return steps, undoes


def _is_done(line: Line) -> bool:
    return (
        line["kind"] == "verdict"
        and line["verdict"] == "applied"
        and line["netbox_id"] is not None
        and not line.get("already")
    )


def _done(line: Line) -> Done:
    return Done(
        resource=line["resource"],
        action=line["action"],
        key=line["key"],
        parent=line["parent"],
        object_type=line["object_type"],
        netbox_id=line["netbox_id"],
        fields={item["field"]: (item["before"], item["after"]) for item in line["fields"]},
        removed={item["field"]: item["before"] for item in line.get("removed") or ()},
        cleared=tuple(Cleared(**item) for item in line.get("cleared") or ()),
    )


def _leave_out_read_only(netbox: NetBoxWriter, rows: list[Inverse]) -> None:
    """Keep only writable fields of objects that are recreated."""
    writable: dict[str, set[str] | None] = {}
    for row in rows:
        if row.action == "create":
            kind = row.done.object_type
            if kind not in writable:
                writable[kind] = netbox.writable(kind)
            known = writable[kind]
            row.fields = {
                name: values
                for name, values in row.fields.items()
                if name not in row.done.removed
                or known is None
                or name.startswith("cf.")
                or name in known
                or f"{name}_id" in known
            }


def _urls_that_stay(netbox: NetBoxWriter, rows: list[Inverse]) -> list[Inverse]:
    """Take old values of URL custom fields without a scheme out of the rows, and return them as conflicts.

    NetBox 4.7 and newer stores such a value with ``https://``, so it cannot be restored.
    """
    if not netbox.adds_schemes or not any(name.startswith("cf.") for row in rows for name in row.fields):
        return []
    kept = {f"cf.{item['name']}" for item in netbox.rows("extras/custom-fields", [("type", "url")])}
    found = []
    for row in rows:
        for name, (before, after) in list(row.fields.items()):
            if row.action != "delete" and name in kept and isinstance(after, str) and not _has_scheme(after):
                del row.fields[name]
                reason = cause("url_without_scheme", field=name.removeprefix("cf."), url=after)
                done = replace(row.done, key=f"{row.done.key} {name}")
                found.append(
                    Inverse(done, "update", {name: (before, after)}, row.last_updated, reason=reason)
                )
    return found


def _has_scheme(url: str) -> bool:
    return not url.strip() or re.match(r"[A-Za-z][^/:]*:", url.strip()) is not None


def _keep_what_others_use(netbox: NetBoxWriter, rows: list[Inverse]) -> None:
    """A delete that would also delete dependents for good is a conflict that names them.

    Objects that the plan deletes, and references that it removes, do not count.
    """
    deleted = {row.done.place for row in rows if row.action == "delete" and row.reason is None}
    taken_back = {
        (row.done.place, name)
        for row in rows
        if row.action == "update" and row.reason is None and row.target is None
        for name in row.fields
    }

    def leaves(item: Hanging) -> bool:
        place = (item.related, item.related_id)
        return place in deleted or (place, item.field) in taken_back

    for object_type in sorted({kind for kind, _ in deleted}):
        objects = netbox.by_ids(object_type, [number for kind, number in deleted if kind == object_type])
        found = hanging(netbox, object_type, objects.values(), leaves)
        for row in rows:
            if row.action == "delete" and row.done.object_type == object_type and row.done.netbox_id in found:
                row.reason = row.reason or reason_of(found[row.done.netbox_id])


def _store(
    warehouse: Warehouse, endpoint: str, apply_id: str, rows: list[Inverse], about: dict[str, Any]
) -> None:
    counts: dict[str, dict[str, int]] = {}
    with warehouse.publish(undo_folder(warehouse, endpoint, apply_id), _KEEP) as (diff_id, stage):
        content = [_row(row, endpoint, diff_id) for row in rows]
        for row in content:
            actions = counts.setdefault(row["resource"], {})
            actions[row["action"]] = actions.get(row["action"], 0) + 1
        write_parquet(stage / "plan.parquet", DIFF_COLUMNS, content)
        manifest = {
            "diff_id": diff_id,
            "endpoint": endpoint,
            "undoes": apply_id,
            **about,
            "counts": counts,
            "existing": _existing(warehouse, endpoint),
            "gates": [],
            "finished": now().isoformat(),
        }
        write_json(stage / "manifest.json", manifest)


def _row(row: Inverse, endpoint: str, diff_id: str) -> dict[str, Any]:
    action = row.action if row.reason is None else "conflict"
    said = None if row.reason is None else read_reason(row.reason, action)
    return {
        "endpoint": endpoint,
        "diff_id": diff_id,
        "change_id": row.change_id if row.reason is None else "",
        "resource": row.done.resource,
        "action": action,
        "key": row.done.key,
        "parent": row.done.parent,
        "object_type": row.done.object_type,
        "netbox_id": None if row.action == "create" or row.target else row.done.netbox_id,
        "target": row.target,
        "last_updated": row.last_updated,
        "reason": said.sentence if said else None,
        "cause": said.cause if said else None,
        "subject": said.subject if said else None,
        "fields": [
            {
                "field": name,
                "before": _text(before),
                "after": _text(after),
                "decision": "update" if row.reason is None else "conflict",
                "reason": said.sentence if said else None,
                "cause": said.cause if said else None,
            }
            for name, (before, after) in row.fields.items()
        ],
        "depends_on": row.depends_on if row.reason is None else [],
        "field_needs": None,
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _existing(warehouse: Warehouse, endpoint: str) -> dict[str, int]:
    """The number of objects of each resource: from the last diff, and the applies after it."""
    try:
        plan = load_plan(warehouse, endpoint)
    except WarehouseError:
        return {}
    existing = {name: int(number) for name, number in (plan.manifest.get("existing") or {}).items()}
    rows = ask_verdicts(
        warehouse,
        endpoint,
        """SELECT resource, count(*) FILTER (action = 'create') - count(*) FILTER (action = 'delete')
           FROM verdicts WHERE verdict = 'applied' AND seq >= ? GROUP BY resource""",
        [netbox_read_at(plan)],
    )
    for resource, number in rows:
        if resource in RESOURCES:
            existing[resource] = max(existing.get(resource, 0) + number, 0)
    return existing
