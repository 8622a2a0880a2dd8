"""The findings of a check per endpoint, and their result for Dagster.

A check result covers all endpoints, also those of other runs: Dagster keeps one result per check, so a good run of one
endpoint must not hide a problem with another.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from netbox_sync_dagster.defs.markdown import markdown_value, plain, table
from netbox_sync_dagster.defs.shown import shown
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.text import visible

# Of one endpoint; the description has them all.
_PROBLEMS_SHOWN = 10

# Part of every stored finding. Change it together with a rule of the checks: older findings then no longer count.
RULES = "1"

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True)
class Finding:
    """The finding of a check at one endpoint; an empty ``problem`` means that it passed."""

    endpoint: str
    problem: str = ""
    severity: dg.AssetCheckSeverity = WARN


def check_result(name: str, key: dg.AssetKey, findings: list[Finding]) -> dg.AssetCheckResult:
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


def remembered_problems(folder: Path, mark: str, looks: dict[str, Callable[[], str]]) -> dict[str, str]:
    """The finding for a version, which never changes: computed once, then read.

    A check covers all endpoints, also the many that are not part of its run. ``mark`` identifies the rules; with other
    rules the finding is computed again.
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
