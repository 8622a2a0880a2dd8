"""Asset checks: what is said of the current snapshots and diffs of every endpoint of a kind.

A check result speaks of all endpoints, those of other runs included: Dagster keeps one result per check, so a good
run of one endpoint must not hide what is wrong with another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import dagster as dg

from netbox_sync_dagster.approve import over_limit
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, Kind, diff_key, table_key
from netbox_sync_dagster.defs.markdown import markdown_value, plain, table
from netbox_sync_dagster.defs.shown import shown
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.sync import is_empty
from netbox_sync_dagster.text import visible
from netbox_sync_dagster.warehouse import Manifest, Warehouse, WarehouseError, duck
from netbox_sync_dagster.warehouse.errors import Damaged
from netbox_sync_dagster.warehouse.files import last_lines
from netbox_sync_dagster.warehouse.status import BAD_STATES, Status, read_status
from netbox_sync_dagster.warehouse.store import read_manifest, write_json
from netbox_sync_dagster.warehouse.tables import MAIN_TABLE

# Of one endpoint; the description says them all.
_PROBLEMS_SHOWN = 10

# In every note of what a check found in a version. To be changed together with a rule of the checks: older notes count
# no more then.
_RULES = "1"

# Rows of the table of all endpoints.
_STATES_SHOWN = 200
STATUS = "status"

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN

# Rows that refer to rows that are not there: (table, column, referred table, referred column).
_REFERENCES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    **{kind: source.references for kind, source in sources().items()},
    "netbox": (
        ("devices", "site_id", "sites", "id"),
        ("interfaces", "device_id", "devices", "id"),
        ("vm_interfaces", "virtual_machine_id", "virtual_machines", "id"),
        ("virtual_disks", "virtual_machine_id", "virtual_machines", "id"),
        ("virtual_machines", "cluster_id", "clusters", "id"),
        ("vlans", "group_id", "vlan_groups", "id"),
    ),
}


@dataclass(frozen=True)
class Finding:
    """What a check found at one endpoint; an empty ``problem`` means that it is good."""

    endpoint: str
    problem: str = ""
    severity: dg.AssetCheckSeverity = WARN


# -- snapshots -----------------------------------------------------------------------------------


def snapshot_checks(system: str) -> list[dg.AssetCheckSpec]:
    """The checks on the snapshots of one system."""
    key = table_key(system, MAIN_TABLE[system])
    return [
        dg.AssetCheckSpec(
            "complete",
            asset=key,
            description="Everything could be read. An error: the last read failed, or nothing was there.",
        ),
        dg.AssetCheckSpec(
            "not_shrunken",
            asset=key,
            description="No table holds fewer than 70 % of the rows of the last good snapshot.",
        ),
        dg.AssetCheckSpec(
            "references",
            asset=key,
            description="Every row's device, port, guest, ... is in the snapshot too.",
        ),
        dg.AssetCheckSpec(
            "nothing_rejected",
            asset=table_key(system, "rejected"),
            description="Every row that the server sent could be taken.",
        ),
    ]


def snapshot_results(
    warehouse: Warehouse, system: str, endpoints: Iterable[str]
) -> list[dg.AssetCheckResult]:
    """The results of ``snapshot_checks`` over the current snapshots of these endpoints."""
    found: dict[str, list[Finding]] = {
        name: [] for name in ("complete", "not_shrunken", "references", "nothing_rejected")
    }
    for name in endpoints:
        folder = warehouse.snapshots(system, name)
        try:
            path = warehouse.current(folder)
            manifest = Manifest(**read_manifest(path))
        except Damaged as error:
            found["complete"].append(Finding(name, str(error), ERROR))
            continue
        except WarehouseError:
            found["complete"].append(_failed_read(folder, name) or Finding(name, "not read yet", ERROR))
            continue
        found["complete"].append(_failed_read(folder, name) or _complete(manifest))
        shrunken = "; ".join(f"{part}: {text}" for part, text in sorted(manifest.shrunken.items()))
        found["not_shrunken"].append(Finding(name, shrunken))
        problems = _remembered(
            path,
            _RULES,
            {"references": partial(_dangling, system, path), "rejected": partial(_rejected, manifest, path)},
        )
        found["references"].append(Finding(name, problems["references"]))
        found["nothing_rejected"].append(Finding(name, problems["rejected"]))
    main = table_key(system, MAIN_TABLE[system])
    keys = dict.fromkeys(found, main) | {"nothing_rejected": table_key(system, "rejected")}
    return [_result(name, keys[name], findings) for name, findings in found.items()]


def _remembered(folder: Path, mark: str, looks: dict[str, Callable[[], str]]) -> dict[str, str]:
    """What is found in a version, which never changes: looked for once, then read.

    A check speaks of all endpoints, also of the many that its run was not about. ``mark`` says by which rules; with
    other ones it is looked for again.
    """
    file = folder / ".checks.json"
    with suppress(OSError, ValueError, KeyError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["mark"] == mark and kept["problems"].keys() == looks.keys():
            return dict(kept["problems"])
    problems = {name: look() for name, look in looks.items()}
    with suppress(OSError):
        write_json(file, {"mark": mark, "problems": problems})
    return problems


def _complete(manifest: Manifest) -> Finding:
    reasons = "; ".join(manifest.reasons)
    if is_empty(manifest):
        return Finding(manifest.endpoint, reasons or "nothing was there to read", ERROR)
    return Finding(manifest.endpoint, reasons)


def _failed_read(folder: Path, endpoint: str) -> Finding | None:
    """The last attempt to read the endpoint, where that failed."""
    try:
        last = json.loads(last_lines(folder / "attempts.jsonl")[-1])
    except (FileNotFoundError, IndexError, json.JSONDecodeError):
        return None
    if last["ok"]:
        return None
    return Finding(endpoint, f"the last read failed: {last['error']}", ERROR)


def _dangling(system: str, folder: Path) -> str:
    con = duck.reader()
    try:
        problems = []
        for name, column, other, other_column in _REFERENCES[system]:
            paths = [duck.pattern(folder / f"{table}.parquet") for table in (name, other)]
            row = con.execute(
                f"""SELECT count(*), min("{column}") FROM read_parquet(?) WHERE "{column}" IS NOT NULL
                    AND "{column}" NOT IN (
                        SELECT "{other_column}" FROM read_parquet(?) WHERE "{other_column}" IS NOT NULL)""",
                paths,
            ).fetchone()
            if row and row[0]:
                problems.append(f"{row[0]} rows of {name} have a {column} that {other} lacks, e.g. {row[1]}")
        return "; ".join(problems)
    finally:
        con.close()


def _rejected(manifest: Manifest, folder: Path) -> str:
    number = manifest.row_counts.get("rejected", 0)
    if not number:
        return ""
    con = duck.reader()
    try:
        row = con.execute(
            "SELECT source_table, row_key, reason FROM read_parquet(?) LIMIT 1",
            [duck.pattern(folder / "rejected.parquet")],
        ).fetchone()
    finally:
        con.close()
    first = f", e.g. {row[0]} {row[1]}: {row[2]}" if row else ""
    return f"{number} rows rejected{first} (all: SELECT * FROM sync.rejected)"


# -- diffs ---------------------------------------------------------------------------------------


def diff_checks(kind: Kind) -> list[dg.AssetCheckSpec]:
    """The checks on the diffs of one kind of endpoint."""
    key = diff_key(kind, MAIN_RESOURCE[kind])
    return [
        dg.AssetCheckSpec(
            "gates",
            asset=key,
            blocking=True,
            description="Nothing stands against approving the diff, e.g. a NetBox that was read in part only.",
        ),
        dg.AssetCheckSpec(
            "within_limits",
            asset=key,
            description="The diff changes no larger share of a resource than policies.max_change_percent.",
        ),
        dg.AssetCheckSpec(
            "unique_keys", asset=key, description="No object is in the diff twice, no field is written twice."
        ),
        dg.AssetCheckSpec(
            "snapshots_agree",
            asset=key,
            description="All tables that went into the diff are of the snapshots that it names.",
        ),
        dg.AssetCheckSpec(
            STATUS,
            asset=key,
            description="No endpoint is unreachable, in error or stale. What each is: sync.status.",
        ),
    ]


def diff_results(
    warehouse: Warehouse, config: Config, kind: Kind, endpoints: Iterable[str]
) -> list[dg.AssetCheckResult]:
    """The results of ``diff_checks`` over the current diffs of these endpoints; those without one are left out."""
    checks = ("gates", "within_limits", "unique_keys", "snapshots_agree")
    found: dict[str, list[Finding]] = {name: [] for name in checks}
    for endpoint in endpoints:
        for name, problem in _diff_problems(warehouse, config, kind, endpoint).items():
            found[name].append(Finding(endpoint, problem, WARN if name == "within_limits" else ERROR))
    key = diff_key(kind, MAIN_RESOURCE[kind])
    return [
        *(_result(name, key, findings) for name, findings in found.items()),
        status_result(kind, read_status(warehouse)),
    ]


def _diff_problems(warehouse: Warehouse, config: Config, kind: Kind, endpoint: str) -> dict[str, str]:
    """What stands against the endpoint's current diff, by check; empty where there is none."""
    try:
        folder = warehouse.current(warehouse.diffs(endpoint))
    except WarehouseError:
        return {}

    @cache
    def plan() -> Plan:
        return load_plan(warehouse, endpoint)

    return _remembered(
        folder,
        f"{_RULES}, {config.endpoint(endpoint).policies.max_change_percent} %",
        {
            "gates": lambda: "; ".join(plan().manifest["gates"]),
            "within_limits": lambda: _beyond_limits(plan(), config),
            "unique_keys": lambda: _duplicates(plan()),
            "snapshots_agree": lambda: _disagreement(warehouse, kind, plan()),
        },
    )


def status_result(kind: Kind, rows: Iterable[Status]) -> dg.AssetCheckResult:
    """The result of the check ``status``, which speaks of every configured endpoint of the kind."""
    mine = [row for row in rows if row.system == kind and row.state != "not configured"]
    findings = [
        Finding(
            row.endpoint,
            row.sentence if row.state in BAD_STATES or row.overrun else "",
            ERROR if row.state in BAD_STATES else WARN,
        )
        for row in mine
    ]
    result = _result(STATUS, diff_key(kind, MAIN_RESOURCE[kind]), findings)
    cells = [(plain(row.endpoint), row.state, plain(row.error or "")) for row in mine[:_STATES_SHOWN]]
    states = markdown_value(table(("endpoint", "status", "why"), cells))
    return result._replace(metadata={**result.metadata, "status": states})


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
    con = duck.reader()
    try:
        for system, endpoint, snapshot_id in sides:
            folder = warehouse.snapshots(system, endpoint) / snapshot_id
            # A snapshot that is no longer kept can say nothing.
            if not folder.is_dir():
                continue
            others = con.execute(
                "SELECT DISTINCT snapshot_id FROM read_parquet(?, union_by_name = true) WHERE snapshot_id <> ?",
                [f"{duck.pattern(folder)}/*.parquet", snapshot_id],
            ).fetchall()
            problems += [
                f"rows of snapshot {other} in {system} snapshot {snapshot_id}" for (other,) in others
            ]
    finally:
        con.close()
    return "; ".join(problems)


# -- both ----------------------------------------------------------------------------------------


def _result(name: str, key: dg.AssetKey, findings: list[Finding]) -> dg.AssetCheckResult:
    bad = [finding for finding in findings if finding.problem]
    worst = ERROR if any(finding.severity == ERROR for finding in bad) else WARN
    metadata: dict[str, Any] = {
        "endpoints": ", ".join(finding.endpoint for finding in findings) or "none",
        "endpoints with a problem": len(bad),
    }
    if bad:
        rows = [
            (plain(finding.endpoint), plain(part))
            for finding in bad
            for part in finding.problem.split("; ")[:_PROBLEMS_SHOWN]
        ]
        metadata["problems"] = markdown_value(table(("endpoint", "problem"), rows))
    return dg.AssetCheckResult(
        passed=not bad,
        asset_key=key,
        check_name=name,
        severity=worst,
        description=visible("; ".join(f"{finding.endpoint}: {finding.problem}" for finding in bad), 1_000)
        or None,
        metadata=shown(metadata),
    )
