"""Checks on the current diffs of every endpoint of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import dagster as dg

from netbox_sync_dagster.approve import over_limit
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.defs.checks.findings import (
    ERROR,
    RULES,
    WARN,
    Finding,
    check_result,
    remembered_problems,
)
from netbox_sync_dagster.defs.checks.status_check import status_result
from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, Kind, diff_key
from netbox_sync_dagster.storage import Warehouse, WarehouseError, connections
from netbox_sync_dagster.storage.status import read_status


def diff_results(
    warehouse: Warehouse, config: Config, kind: Kind, endpoints: Iterable[str]
) -> list[dg.AssetCheckResult]:
    """The results of ``diff_checks`` for the current diffs of these endpoints; endpoints without a diff are skipped."""
    checks = ("gates", "within_limits", "unique_keys", "snapshots_agree")
    found: dict[str, list[Finding]] = {name: [] for name in checks}
    for endpoint in endpoints:
        for name, problem in _diff_problems(warehouse, config, kind, endpoint).items():
            found[name].append(Finding(endpoint, problem, WARN if name == "within_limits" else ERROR))
    key = diff_key(kind, MAIN_RESOURCE[kind])
    return [
        *(check_result(name, key, findings) for name, findings in found.items()),
        status_result(kind, read_status(warehouse)),
    ]


def _diff_problems(warehouse: Warehouse, config: Config, kind: Kind, endpoint: str) -> dict[str, str]:
    """Why each check on the endpoint's current diff fails, empty if it passes; {} without a diff."""
    try:
        folder = warehouse.current(warehouse.diffs(endpoint))
    except WarehouseError:
        return {}

    @cache
    def plan() -> Plan:
        return load_plan(warehouse, endpoint)

    return remembered_problems(
        folder,
        f"{RULES}, {config.endpoint(endpoint).policies.max_change_percent} %",
        {
            "gates": lambda: "; ".join(plan().manifest["gates"]),
            "within_limits": lambda: _beyond_limits(plan(), config),
            "unique_keys": lambda: _duplicates(plan()),
            "snapshots_agree": lambda: _disagreement(warehouse, kind, plan()),
        },
    )


def _beyond_limits(plan: Plan, config: Config) -> str:
    sentences = over_limit(plan, config.endpoint(plan.endpoint).policies).values()
    return "; ".join(f"{text}: approving it needs an override" for text in sentences)


def _duplicates(plan: Plan) -> str:
    """Two rows for one object, or two changes that write one field of one object."""
    seen: set[tuple[str, ...]] = set()
    twice = []
    for row in plan.rows:
        keys: list[tuple[str, ...]] = [(row.resource, row.key)]
        if row.netbox_id is not None and row.is_change:
            place = (row.object_type, str(row.netbox_id))
            keys += [(*place, item.name) for item in row.written]
        if any(key in seen for key in keys):
            twice.append(f"{row.resource} {row.key}")
        seen.update(keys)
    if not twice:
        return ""
    return f"{len(twice)} rows change what another row changes too, e.g. {twice[0]}"


def _disagreement(warehouse: Warehouse, kind: Kind, plan: Plan) -> str:
    problems = [f"a row of diff {row.diff_id}" for row in plan.rows if row.diff_id != plan.diff_id][:1]
    sides: Sequence[tuple[str, str, Any]] = (
        (kind, plan.endpoint, plan.manifest["source_snapshot"]),
        ("netbox", "netbox", plan.manifest["target_snapshot"]),
    )
    con = connections.reader()
    try:
        for system, endpoint, snapshot_id in sides:
            folder = warehouse.snapshots(system, endpoint) / snapshot_id
            # A pruned snapshot cannot be checked.
            if not folder.is_dir():
                continue
            # Tables of NetBox without changes are files of an earlier snapshot.
            wrong = "snapshot_id > $id" if system == "netbox" else "snapshot_id <> $id"
            others = con.execute(
                f"SELECT DISTINCT snapshot_id FROM read_parquet($files, union_by_name = true) WHERE {wrong}",
                {"files": f"{connections.pattern(folder)}/*.parquet", "id": snapshot_id},
            ).fetchall()
            problems += [
                f"rows of snapshot {other} in {system} snapshot {snapshot_id}" for (other,) in others
            ]
    finally:
        con.close()
    return "; ".join(problems)
