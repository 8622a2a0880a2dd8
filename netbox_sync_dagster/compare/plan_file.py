"""A plan as a JSON file, to review it elsewhere and approve exactly the reviewed changes.

``{"diffs": [{"endpoint": ..., "diff_id": ..., "source_snapshot": ..., "target_snapshot": ..., "rows": [...]}]}``;
a row has the columns of a diff row, ``fields`` as ``{"field", "before", "after", "decision", "reason", "cause"}``. A
reviewer removes the rows that must not be approved; an edited row is refused, because its change id no longer matches.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff, Plan, decision_of
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage.sequence import moment_of


class PlanFileError(UserError):
    """The file cannot be used; the sentence names the file, the place in it, and what to do."""


def to_document(plan: Plan, rows: Iterable[DiffRow], states: dict[str, str]) -> dict[str, Any]:
    """One element of ``diffs``. ``states`` are the decisions, by change id."""
    rows = list(rows)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.action] = counts.get(row.action, 0) + 1
    return {
        **{key: value for key, value in plan.manifest.items() if key != "counts"},
        "endpoint": plan.endpoint,
        "diff_id": plan.diff_id,
        "counts": counts,
        "rows": [_to_json(row, states) for row in rows],
    }


def _to_json(row: DiffRow, states: dict[str, str]) -> dict[str, Any]:
    fields = [
        {
            "field": f.name,
            "before": f.before,
            "after": f.after,
            "decision": f.decision,
            "reason": f.reason,
            "cause": f.cause,
        }
        for f in row.fields
    ]
    content = {name: value for name, value in row.__dict__.items() if name not in ("endpoint", "diff_id")}
    content |= {
        name: None if text is None else json.loads(text)
        for name, text in (("subject", row.subject), ("field_needs", row.field_needs))
    }
    return {
        **content,
        "change_id": row.change_id or None,
        "state": states.get(row.change_id, "waiting") if row.is_change else None,
        "fields": fields,
        "first_seen": moment_of(row.first_diff).isoformat() if row.first_diff else None,
        "depends_on": list(row.depends_on),
    }


def read_plan_file(path: Path, endpoint: str) -> list[DiffRow]:
    """The changes of one endpoint in a plan file. Raises PlanFileError, and OSError if it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise PlanFileError(
            f"{path} is not a plan file: {error}; make one with: netbox-sync diff --out"
        ) from None
    diffs = content.get("diffs") if isinstance(content, dict) else None
    if not isinstance(diffs, list) or not all(isinstance(diff, dict) for diff in diffs):
        raise PlanFileError(
            f"{path} is not a plan file: it has no 'diffs'; make one with: netbox-sync diff --out"
        )
    mine = [diff for diff in diffs if diff.get("endpoint") == endpoint]
    if not mine:
        names = ", ".join(sorted({str(diff.get("endpoint")) for diff in diffs})) or "nothing"
        raise PlanFileError(f"{path} holds no plan of endpoint '{endpoint}', but of: {names}")
    changes = []
    for diff in mine:
        for position, raw in enumerate(diff.get("rows") or [], 1):
            try:
                row = _from_json(raw, endpoint, str(diff["diff_id"]))
            except (KeyError, TypeError, AttributeError) as error:
                raise PlanFileError(f"{path}: row {position} is not a diff row: {error!r}") from None
            if not row.is_change:
                continue
            if row.expected_id() != row.change_id:
                raise PlanFileError(
                    f"{path}: row {position} ({row.action} {row.resource} {row.key}) was edited: its content is "
                    f"not what change id {row.change_id} stands for; rows can be taken out, not changed"
                )
            changes.append(row)
    return changes


def _from_json(raw: dict[str, Any], endpoint: str, diff_id: str) -> DiffRow:
    names = ("resource", "action", "key", "parent", "object_type", "netbox_id", "target", "last_updated")
    return DiffRow(
        **{name: raw[name] for name in names},
        endpoint=endpoint,
        diff_id=diff_id,
        change_id=raw["change_id"] or "",
        reason=raw.get("reason"),
        fields=tuple(
            FieldDiff(f["field"], f["before"], f["after"], decision_of(f), f["reason"]) for f in raw["fields"]
        ),
        depends_on=tuple(raw["depends_on"]),
    )
