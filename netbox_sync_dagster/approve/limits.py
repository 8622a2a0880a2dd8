"""Blocks approvals, whoever gives them: failed checks of the diff, and plans that change too much."""

from __future__ import annotations

from collections import defaultdict

from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import Policies

# With fewer existing objects a share means nothing.
MIN_EXISTING = 10

# Updates of objects that other resources count.
_COUNTED_AS = {
    "primary_macs": ("interfaces", "vm_interfaces"),
    "primary_ips": ("devices", "virtual_machines"),
    "virtual_chassis_members": ("devices",),
    "virtual_chassis_masters": ("virtual_chassis",),
}


def check_gates(plan: Plan) -> None:
    """Raise ApprovalError if a check of the diff failed: ``plan.manifest["gates"]`` has the sentences."""
    gates = [str(gate) for gate in plan.manifest.get("gates") or ()]
    if gates:
        raise ApprovalError(
            f"endpoint '{plan.endpoint}': the diff failed its checks, so nothing in it can be approved or "
            f"applied: {'; '.join(gates)}"
        )


def over_limit(plan: Plan, policies: Policies) -> dict[str, str]:
    """The resources of which the plan updates or deletes too large a share, each with a sentence.

    The share is that of the resource's objects that exist in NetBox (``plan.manifest["existing"]``); new objects do not
    count, and with fewer than ten existing ones there is no limit.
    """
    touched: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for row in plan.changes:
        if row.action != "create" and row.netbox_id is not None:
            touched[row.resource].add((row.object_type, row.netbox_id))
    if touched and "existing" not in plan.manifest:
        raise ApprovalError(
            f"endpoint '{plan.endpoint}': the diff does not say how many objects exist in NetBox, so its "
            f"limits cannot be checked; run: netbox-sync sync {plan.endpoint}"
        )
    result = {}
    for resource, objects in touched.items():
        existing = _existing(plan, resource)
        percent = 100 * len(objects) / max(existing, 1)
        if existing >= MIN_EXISTING and percent > policies.max_change_percent:
            result[resource] = (
                f"the plan updates or deletes {len(objects)} of {existing} {resource} ({percent:.0f} %, "
                f"limit {policies.max_change_percent} %)"
            )
    return result


def _existing(plan: Plan, resource: str) -> int:
    counts: dict[str, int] = plan.manifest["existing"]
    if resource in counts:
        return int(counts[resource])
    return sum(int(counts.get(name, 0)) for name in _COUNTED_AS.get(resource, ()))
