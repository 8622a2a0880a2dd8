"""Metadata of snapshots, diffs and applies: what runs report about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import zip_longest
from typing import Any

import dagster as dg

from netbox_sync_dagster.apply import VERDICTS, ApplyResult, Verdict
from netbox_sync_dagster.compare.plan import CHANGE_ACTIONS, DiffRow, FieldDiff, Plan
from netbox_sync_dagster.compare.values import Value, difference, display
from netbox_sync_dagster.defs.markdown import bullets, link, markdown_value, plain, table
from netbox_sync_dagster.defs.plot import Line, chart
from netbox_sync_dagster.defs.shown import shown
from netbox_sync_dagster.storage import Manifest, Warehouse
from netbox_sync_dagster.storage.errors import Damaged
from netbox_sync_dagster.storage.versions import read_manifest, versions
from netbox_sync_dagster.text import CELL, markdown

Metadata = dict[str, Any]

ACTIONS = (*CHANGE_ACTIONS, "conflict", "blocked", "drifted", "acknowledged")
# The most important ones first.
_TELLING = ("delete", "conflict", "drifted", "blocked", "update", "create", "acknowledged")
SHOWN = 20
_REASONS_SHOWN = 20
# The number of diffs in the plot.
_PLOTTED = 60


def snapshot_metadata(manifest: Manifest, name: str) -> Metadata:
    """The metadata of one table of a snapshot."""
    started, finished = datetime.fromisoformat(manifest.started), datetime.fromisoformat(manifest.finished)
    found: Metadata = {
        "dagster/row_count": manifest.row_counts.get(name, 0),
        "complete": manifest.complete,
        "snapshot": manifest.snapshot_id,
        "source version": manifest.source_version or "unknown",
        "read": dg.MetadataValue.timestamp(finished),
        # Never negative, even if the clock was set back meanwhile.
        "seconds": round(max((finished - started).total_seconds(), 0), 2),
    }
    if manifest.read:
        found["how"] = manifest.read
    if manifest.read_reason:
        found["why read completely"] = markdown_value(manifest.read_reason)
    if manifest.reasons:
        found["why incomplete"] = markdown_value(_first(manifest.reasons))
    if name in manifest.shrunken:
        found["shrunken"] = manifest.shrunken[name]
    return shown(found)


def snapshot_digest(manifest: Manifest, name: str) -> str:
    """A digest that changes only with the metadata of the table."""
    said = [
        f"{manifest.row_counts.get(name, 0)} rows, {manifest.source_version}",
        *(["shrunken"] if name in manifest.shrunken else []),
        *([] if manifest.complete else ["incomplete", *manifest.reasons]),
    ]
    return "; ".join(said) if len(said) == 1 else hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def diff_metadata(
    plan: Plan, resource: str, *, base_url: str, by_policy: int, drift: str, review: str | None
) -> Metadata:
    """The metadata of one resource of a diff: counts by action, the first changes, gates, drift over time.

    ``review``: the address of its rows on the review page.
    """
    rows = [row for row in plan.rows if row.resource == resource]
    found: Metadata = {"dagster/row_count": len(rows)}
    found |= {action: sum(row.action == action for row in rows) for action in ACTIONS}
    if rows:
        found["differences"] = markdown_value(
            _how_many(len(rows), f"netbox-sync diff {plan.endpoint} --resource {resource} --all")
            + changes_table(_sample(rows), base_url)
        )
    if review is not None:
        found["review"] = dg.MetadataValue.url(review)
    if plan.shows_only is not None:
        found["shows"] = markdown_value(markdown(plan.shows_only, None))
    if plan.manifest["gates"]:
        found["cannot be approved"] = markdown_value(bullets(plan.manifest["gates"]))
    found["approved by policy"] = by_policy
    if drift:
        found["over time"] = markdown_value(drift)
    existing = plan.manifest["existing"].get(resource)
    if existing is not None:
        found["in NetBox"] = existing
    found["diff"] = plan.diff_id
    found["snapshot"] = plan.manifest["source_snapshot"]
    found["NetBox snapshot"] = plan.manifest["target_snapshot"]
    found["NetBox"] = dg.MetadataValue.url(base_url)
    return shown(found)


def _how_many(number: int, rest: str) -> str:
    return f"{SHOWN} of {number}; all of them: `{rest}`\n\n" if number > SHOWN else ""


def _sample(rows: Sequence[DiffRow]) -> list[DiffRow]:
    """At most 20 rows, some of every action, in order."""
    by_action = [[row for row in rows if row.action == action] for action in _TELLING]
    turns = [row for turn in zip_longest(*by_action) for row in turn if row is not None]
    chosen = {(row.resource, row.key) for row in turns[:SHOWN]}
    return [row for row in rows if (row.resource, row.key) in chosen]


def changes_table(rows: Iterable[DiffRow], base_url: str) -> str:
    """Markdown: one line per row, with its fields and a link to the NetBox object."""
    return table(
        ("action", "object", "field: before → after", "reason", "change"),
        (
            (
                row.action,
                _linked(row, base_url),
                " · ".join(_field(row, item) for item in _worth_showing(row)),
                plain(row.reason or ""),
                row.change_id[:12],
            )
            for row in rows
        ),
    )


def _worth_showing(row: DiffRow) -> list[FieldDiff]:
    if row.action != "create":
        return list(row.fields)
    return [item for item in row.fields if item.after is not None or item.decision != "update"]


def _linked(row: DiffRow, base_url: str) -> str:
    if row.netbox_id is None:
        return plain(row.key)
    return link(row.key, base_url, row.object_type, row.netbox_id)


def _field(row: DiffRow, item: FieldDiff) -> str:
    if row.action == "delete":
        value = _value(item.before)
    elif row.action == "create" and item.before is None:
        value = _value(item.after)
    else:
        # Each side is shortened separately; for a list, added and removed items need less room than both sides.
        value = f"{_value(item.before)} → {_value(item.after)}"
        if isinstance(item.before, list) and item.before and isinstance(item.after, list):
            value = markdown(difference(item.before, item.after, CELL), None)
    note = ""
    if item.decision != "update":
        note = f" ({item.decision}: not written{'; ' + plain(item.reason) if item.reason else ''})"
    return f"{plain(item.name)}: {value}{note}"


def _value(value: Value) -> str:
    return markdown(display(value, CELL), None)


def diff_version(plans: Iterable[Plan], resource: str) -> dg.DataVersion:
    """A digest of one resource in these diffs: equal differences have equal digests."""
    digest = hashlib.sha256()
    for plan in plans:
        digest.update(plan.endpoint.encode())
        for row in plan.rows:
            if row.resource == resource:
                digest.update(f"{row.action} {row.key} {row.change_id} {row.reason}\n".encode())
    return dg.DataVersion(digest.hexdigest()[:16])


def diff_digest(plan: Plan, resource: str) -> str:
    """Changes with the differences, or with the reasons why they cannot be approved."""
    digest = hashlib.sha256("\n".join([*plan.manifest["gates"], str(plan.manifest.get("only"))]).encode())
    for row in plan.rows:
        if row.resource == resource:
            digest.update(f"{row.action} {row.key} {row.change_id} {row.reason} {row.fields}\n".encode())
    return digest.hexdigest()[:16]


def drift_charts(warehouse: Warehouse, endpoint: str, resources: Iterable[str]) -> dict[str, str]:
    """{resource: Markdown with its changes and conflicts in the kept diffs, oldest first}

    Skips unreadable diffs: they may have been pruned meanwhile, and damage is reported elsewhere.
    """
    folder = warehouse.diffs(endpoint)
    kept: list[tuple[str, dict[str, dict[str, int]]]] = []
    for version in versions(folder)[-_PLOTTED:]:
        with suppress(Damaged, KeyError):
            manifest = read_manifest(folder / version)
            kept.append((manifest["finished"][:16].replace("T", " "), manifest["counts"]))
    times = [time for time, _ in kept]
    charts = {}
    for resource in resources:
        counts = [of_all.get(resource, {}) for _, of_all in kept]
        lines = [
            Line("changes", [sum(one.get(action, 0) for action in CHANGE_ACTIONS) for one in counts]),
            Line("conflicts, blocked", [one.get("conflict", 0) + one.get("blocked", 0) for one in counts]),
            Line("drifted", [one.get("drifted", 0) for one in counts]),
        ]
        acknowledged = Line("acknowledged", [one.get("acknowledged", 0) for one in counts])
        lines += [acknowledged] if any(acknowledged.values) else []
        # No plot if nothing ever differed: it would only burden every event of every endpoint.
        if not any(any(line.values) for line in lines):
            charts[resource] = ""
            continue
        charts[resource] = chart(times, lines, f"{resource} of {endpoint} over the last {len(times)} diffs")
    return charts


def apply_metadata(
    result: ApplyResult, verdicts: Sequence[Verdict], *, base_url: str, types: dict[str, str]
) -> Metadata:
    """The metadata of an apply: counts by verdict, and the first changes that were not applied."""
    found: Metadata = {name: sum(item.verdict == name for item in verdicts) for name in VERDICTS}
    everything = f"netbox-sync sql \"FROM ledger.verdicts WHERE apply_id = '{result.apply_id}'\""
    bad = [item for item in verdicts if item.verdict != "applied"]
    if bad:
        found["not applied"] = markdown_value(
            _how_many(len(bad), everything) + verdicts_table(bad[:SHOWN], base_url, types)
        )
    good = [item for item in verdicts if item.verdict == "applied"]
    if good:
        found["applied changes"] = markdown_value(
            _how_many(len(good), everything) + verdicts_table(good[:SHOWN], base_url, types)
        )
    if result.notes:
        found["notes"] = markdown_value(_first(result.notes))
    found["apply"] = result.apply_id or "nothing to do"
    if result.branch is not None:
        found["branch"] = dg.MetadataValue.url(result.branch.branch.url)
        found["branch state"] = str(result.branch)
    found["NetBox"] = dg.MetadataValue.url(base_url)
    return shown(found)


def verdicts_table(verdicts: Iterable[Verdict], base_url: str, types: dict[str, str]) -> str:
    """Markdown: one line per change with NetBox's own message; ``types`` is {change id: list endpoint}."""
    return table(
        ("verdict", "change", "object", "message", "id"),
        (
            (
                item.verdict,
                f"{item.action} {plain(item.resource)}",
                _object(item, base_url, types),
                plain(item.message),
                item.change_id[:12],
            )
            for item in verdicts
        ),
    )


def _object(item: Verdict, base_url: str, types: dict[str, str]) -> str:
    gone = item.action == "delete" and item.verdict == "applied"
    if item.netbox_id is None or gone or item.change_id not in types:
        return plain(item.key)
    return link(item.key, base_url, types[item.change_id], item.netbox_id)


def _first(sentences: Sequence[str]) -> str:
    text = bullets(sentences[:_REASONS_SHOWN])
    left = len(sentences) - _REASONS_SHOWN
    return f"{text}\n- … and {left} more" if left > 0 else text
