"""Undo: the inverse plan of an apply, stored beside the diffs and approved and applied like one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netbox_sync_dagster.apply.changelog import Changelog, Entry, moved_only_by
from netbox_sync_dagster.apply.client import NetBoxWriter, same_moment
from netbox_sync_dagster.apply.inverse import Done, Inverse, Place, identify, inverse
from netbox_sync_dagster.apply.ledger import unfinished
from netbox_sync_dagster.approve.records import ApprovalError, netbox_read_at
from netbox_sync_dagster.compare.plan import Plan, load_plan, undo_folder, undo_name
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.config.policies import RESOURCES
from netbox_sync_dagster.sources.netbox.convert import utc_text
from netbox_sync_dagster.warehouse import Warehouse, WarehouseError
from netbox_sync_dagster.warehouse.ledger import Line, applies_folder, ledger_files, open_ledger, read_lines
from netbox_sync_dagster.warehouse.parquet import write_parquet
from netbox_sync_dagster.warehouse.store import new_id, now, write_json
from netbox_sync_dagster.warehouse.tables import DIFF_COLUMNS

# A plan that was made anew replaces the one before, which stays for history.
_KEEP = 20


def plan_undo(warehouse: Warehouse, target: NetBoxTarget, apply_id: str, endpoint: str | None = None) -> Plan:
    """Make the plan that undoes an apply, from the ledger and NetBox as it is now. Nothing is written to NetBox.

    The plan is stored under the name ``undo-<apply id>``, which ``load_plan`` takes like an endpoint's; it
    replaces an earlier one of the same apply. Rows with action ``conflict`` are objects that were changed or
    deleted in NetBox since; a row that cannot be undone for another reason is ``blocked``.

    Reads NetBox by list requests on the objects' endpoints, ``/api/core/object-changes/``, and ``OPTIONS`` of
    the types that are created again. Raises ApprovalError where the apply is unknown, still open, or was to
    another NetBox; SourceError where NetBox cannot be read.
    """
    file = _file(warehouse, apply_id, endpoint)
    endpoint = file.parent.name
    lines = list(_applied(warehouse, endpoint, apply_id))
    if any(entry.operation_id.startswith(f"{apply_id}/") for entry in unfinished(warehouse, endpoint)):
        raise ApprovalError(
            f"apply {apply_id} has left changes open whose outcome is not known; settle them first with: "
            f"netbox-sync apply {endpoint}"
        )
    urls = {line["target"] for line in lines}
    if any(url.partition(" branch ")[0] != target.base_url for url in urls):
        raise ApprovalError(
            f"apply {apply_id} wrote to {', '.join(sorted(urls))}, and netbox.url is {target.base_url}"
        )
    read = new_id()
    with NetBoxWriter(target) as netbox:
        netbox.connect()
        elsewhere = sorted(urls - netbox.held())
        if elsewhere:
            raise ApprovalError(
                f"apply {apply_id} wrote to {', '.join(elsewhere)}, which is neither the branch that is open for "
                "netbox.branch nor merged; there is nothing of it to undo here"
            )
        reader = _Reader(netbox, lines)
        done = [_done(line) for line in lines]
        times, conflicts = reader.state()
        rows = inverse(done, times, conflicts)
        reader.leave_out_read_only(rows)
    identify(rows, endpoint)
    _store(warehouse, endpoint, apply_id, rows, read)
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
            '"SELECT apply_id, endpoint, started, applied FROM ledger.applies ORDER BY started"'
        )
    return files[0]


def _applied(warehouse: Warehouse, endpoint: str, apply_id: str) -> list[Line]:
    """The verdict lines of what this apply's requests wrote, also where a later apply found it out."""
    lines: list[Line] = []
    for path in ledger_files(warehouse, applies_folder(warehouse, endpoint)):
        if path.stem < apply_id:
            continue
        for line in read_lines(path):
            if line["kind"] != "verdict" or line["verdict"] != "applied":
                continue
            sent_by = (line["operation_id"] or line["apply_id"]).partition("/")[0]
            if sent_by == apply_id and line["netbox_id"] is not None:
                lines.append(line)
    return lines


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
    )


class _Reader:
    """What NetBox has now of the objects that an apply touched."""

    def __init__(self, netbox: NetBoxWriter, lines: list[Line]) -> None:
        self._netbox = netbox
        self._changelog = Changelog(netbox)
        self._requests = {line["request_id"] for line in lines if line["request_id"]}
        # What our last write to each object that is still to be there returned; None where it is not known.
        self._ours: dict[Place, str | None] = {}
        gone = {(line["object_type"], line["netbox_id"]) for line in lines if line["action"] == "delete"}
        for line in lines:
            place = line["object_type"], line["netbox_id"]
            if place not in gone:
                self._ours[place] = line["last_updated"]

    def state(self) -> tuple[dict[Place, str | None], dict[Place, str]]:
        """(``last_updated`` by object, why an object cannot be undone by object). Raises SourceError."""
        times: dict[Place, str | None] = {}
        conflicts: dict[Place, str] = {}
        for object_type in {place[0] for place in self._ours}:
            ids = [place[1] for place in self._ours if place[0] == object_type]
            rows = self._netbox.by_ids(object_type, ids, "id,created,last_updated")
            moved = []
            for netbox_id in ids:
                place = object_type, netbox_id
                if netbox_id not in rows:
                    conflicts[place] = "it is gone from NetBox since"
                    continue
                times[place] = utc_text(rows[netbox_id]["last_updated"])
                if not same_moment(times[place], self._ours[place]):
                    moved.append(netbox_id)
            history = self._changelog.entries(object_type, moved) if moved else {}
            for netbox_id in moved:
                entries = None if history is None else history.get(netbox_id, [])
                if not self._only_ours(entries, self._ours[object_type, netbox_id]):
                    conflicts[object_type, netbox_id] = (
                        f"it was changed in NetBox since (last_updated {times[object_type, netbox_id]})"
                    )
        return times, conflicts

    def _only_ours(self, entries: list[Entry] | None, seen: str | None) -> bool:
        """Whether the object moved only by other requests of the same apply; NetBox's changelog is the proof."""
        if not entries:
            return False
        if seen is None:
            return entries[0].request_id in self._requests
        return moved_only_by(entries, self._requests, seen)

    def leave_out_read_only(self, rows: list[Inverse]) -> None:
        """Of objects that are made again, keep the fields that NetBox takes; their own fields stay as they are."""
        writable: dict[str, set[str] | None] = {}
        for row in rows:
            if row.action == "create":
                kind = row.done.object_type
                if kind not in writable:
                    writable[kind] = self._netbox.writable(kind)
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


def _store(warehouse: Warehouse, endpoint: str, apply_id: str, rows: list[Inverse], read: str) -> None:
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
            # When NetBox was read for it, in the form of a snapshot's id.
            "target_snapshot": read,
            "counts": counts,
            "existing": _existing(warehouse, endpoint),
            "gates": [],
            "finished": now().isoformat(),
        }
        write_json(stage / "manifest.json", manifest)


def _row(row: Inverse, endpoint: str, diff_id: str) -> dict[str, Any]:
    action = row.action if row.reason is None else "conflict"
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
        "reason": row.reason,
        "fields": [
            {
                "field": name,
                "before": _text(before),
                "after": _text(after),
                "verdict": "update" if row.reason is None else "conflict",
                "reason": row.reason,
            }
            for name, (before, after) in row.fields.items()
        ],
        "depends_on": row.depends_on if row.reason is None else [],
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _existing(warehouse: Warehouse, endpoint: str) -> dict[str, int]:
    """How many objects there are of each resource: those of the last diff, and what was applied after it."""
    try:
        plan = load_plan(warehouse, endpoint)
    except WarehouseError:
        return {}
    existing = {name: int(number) for name, number in (plan.manifest.get("existing") or {}).items()}
    con = open_ledger(warehouse)
    try:
        since = netbox_read_at(plan).replace(tzinfo=None)
        rows = con.execute(
            """SELECT resource, count(*) FILTER (action = 'create') - count(*) FILTER (action = 'delete')
               FROM ledger.verdicts WHERE endpoint = ? AND verdict = 'applied' AND "at" >= ? GROUP BY resource""",
            [endpoint, since],
        ).fetchall()
    finally:
        con.close()
    for resource, number in rows:
        if resource in RESOURCES:
            existing[resource] = max(existing.get(resource, 0) + number, 0)
    return existing
