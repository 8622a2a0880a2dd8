"""Which changes the configuration's ``auto_approve`` rules allow."""

from __future__ import annotations

from netbox_sync_dagster.approve.limits import over_limit
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.config import Policies


def policy_approvals(plan: Plan, policies: Policies) -> list[str]:
    """The change ids that ``policies.auto_approve`` allows, in apply order.

    ``resource.action`` allows a whole change, ``resource.action.field`` one of its fields (``custom_fields``
    stands for any of them): a change is allowed when all that it writes is. A delete is allowed only by
    ``resource.delete``. No change is allowed while a check of the diff fails, for a resource over its limit, or if it
    depends on a change that is not allowed.
    """
    if not policies.auto_approve or plan.manifest.get("gates"):
        return []
    too_many = over_limit(plan, policies)
    allowed = {
        row.change_id: row
        for row in plan.changes
        if _allowed(row, policies.auto_approve) and (row.action == "create" or row.resource not in too_many)
    }
    while True:
        without = [i for i, row in allowed.items() if any(need not in allowed for need in row.depends_on)]
        if not without:
            return list(allowed)
        for change_id in without:
            del allowed[change_id]


def not_allowed(plan: Plan, policies: Policies) -> list[str]:
    """Why changes that match ``policies.auto_approve`` are not approved, one sentence per reason."""
    if not policies.auto_approve:
        return []
    named = [row for row in plan.changes if _allowed(row, policies.auto_approve)]
    if plan.manifest.get("gates"):
        text = "; ".join(plan.manifest["gates"])
        return [f"{len(named)} changes are not approved by policy: {text}"] if named else []
    allowed, too_many = set(policy_approvals(plan, policies)), over_limit(plan, policies)
    left = [row for row in named if row.change_id not in allowed]
    over = [row for row in left if row.action != "create" and row.resource in too_many]
    found = [
        f"{sum(row.resource == resource for row in over)} changes are not approved by policy: {too_many[resource]}"
        for resource in sorted({row.resource for row in over})
    ]
    needing = len(left) - len(over)
    if needing:
        found.append(
            f"{needing} changes are not approved by policy: they need others that auto_approve does not allow"
        )
    return found


def _allowed(row: DiffRow, rules: list[str]) -> bool:
    fields: set[str] = set()
    for rule in rules:
        resource, action, field = (*rule.split("."), "")[:3]
        if resource not in (row.resource, "*"):
            continue
        if action != row.action and (action != "*" or row.action == "delete"):
            continue
        if not field:
            return True
        fields.add(field)
    written = {"custom_fields" if item.name.startswith("cf.") else item.name for item in row.written}
    return row.action != "delete" and bool(written) and written <= fields
