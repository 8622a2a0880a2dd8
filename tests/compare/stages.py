"""Cases that share an estate. What a case has and what changes is beside its test; all cases are synced together.

``Stage`` collects what the cases do before a sync. A module's fixture runs the stages and returns what the syncs found,
and each test looks at the rows of one case: ``of(plan, "web")``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from netbox_sync_dagster.compare.plan import Plan
from tests.support import Pipeline

Lab = TypeVar("Lab")


class Stage(Generic[Lab]):
    """Decorator for what a case does before a sync. A case gets the servers of its file."""

    def __init__(self) -> None:
        self._cases: list[Callable[[Lab], Any]] = []

    def __call__(self, case: Callable[[Lab], Any]) -> Callable[[Lab], Any]:
        self._cases.append(case)
        return case

    def run(self, lab: Lab) -> None:
        for case in self._cases:
            case(lab)


@dataclass(frozen=True)
class Applied:
    """A sync of all cases, applied. ``refused``: what was not written, and why. ``held``: {path: objects} of NetBox after
    that. ``then``: the plan of the next sync.
    """

    plan: Plan
    left_out: list[tuple[str, str, str]]
    refused: list[str]
    held: dict[str, list[dict[str, Any]]]
    then: Plan

    def named(self, path: str, *names: str) -> list[dict[str, Any]]:
        """The objects of these names, in the order of the names."""
        found = {item["name"]: item for item in self.held[path]}
        return [found[name] for name in names if name in found]


def applied(pipeline: Pipeline, *paths: str) -> Applied:
    """Sync, apply everything, and sync again. ``paths``: what is to be kept of NetBox."""
    plan = pipeline.sync()
    left_out = pipeline.left_out()
    refused = pipeline.write(plan)
    held = {path: pipeline.netbox.all(path) for path in paths}
    return Applied(plan, left_out, refused, held, pipeline.sync())


def of(plan: Plan, *parents: str) -> Plan:
    """The plan with the rows of these devices, virtual machines or clusters alone."""
    return replace(plan, rows=tuple(row for row in plan.rows if row.parent in parents))
