"""Which approved changes an apply would block, known before it sends anything."""

from __future__ import annotations

from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.apply.order import Needs
from netbox_sync_dagster.approve.agreement import rules_of, why_not_agreed
from netbox_sync_dagster.approve.needing import why_unapproved
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.approve.states import applied_ids, states
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.storage import Warehouse


def outside_branch(netbox: NetBoxWriter, row: DiffRow) -> str | None:
    """Why a change is not written if ``netbox.branch`` is set: its type is not kept in branches. Raises ServerError."""
    if netbox.is_branchable(MODELS.get(row.object_type, row.object_type)):
        return None
    return (
        f"netbox-branching keeps {row.resource} out of branches, so it would be written into main at once; make it there "
        "(apply it without netbox.branch), then sync again"
    )


def foreseen_blocks(
    warehouse: Warehouse,
    plan: Plan,
    *,
    by: Actor | None = None,
    policies: Policies | None = None,
    target: NetBoxTarget | None = None,
) -> dict[str, str]:
    """The approved changes that an apply of the plan would block, with the reason, by change id in apply order.

    ``plan``: with its parts (``with_parts``). A change is blocked if something that it needs is neither applied nor approved,
    or is blocked itself. ``by``: who would apply; then also if somebody else has to agree, as ``policies`` ask for.
    ``target``: the NetBox; if it has a branch, it is asked which types it keeps out of branches. Raises ServerError then.
    """
    given, done = approved(warehouse, plan.endpoint, plan), applied_ids(warehouse, plan)
    rows = {
        row.change_id: row for row in plan.changes if row.change_id in given and row.change_id not in done
    }
    needs = Needs(plan)
    found: dict[str, str] = {}
    if by is not None:
        for change_id in rows:
            rules = rules_of(given[change_id].agreement, policies)
            if (why := why_not_agreed(given[change_id].voices, by, rules)) is not None:
                found[change_id] = why
    if target is not None and target.branch is not None and rows:
        with NetBoxWriter(target) as netbox:
            netbox.connect()
            for change_id, row in rows.items():
                if change_id not in found and (why := outside_branch(netbox, row)) is not None:
                    found[change_id] = why
    left = {change_id: row for change_id, row in rows.items() if change_id not in found}
    unapproved: dict[str, str] | None = None
    while True:
        unmet = {
            change_id: [need for need in needs.of(row) if need not in done and need not in left]
            for change_id, row in left.items()
        }
        unmet = {change_id: missing for change_id, missing in unmet.items() if missing}
        if not unmet:
            return {change_id: found[change_id] for change_id in rows if change_id in found}
        if unapproved is None:
            unapproved = why_unapproved(plan, states(warehouse, plan))
        for change_id, missing in unmet.items():
            said = [
                f"{needs.title(need)}: {'blocked' if need in found else unapproved.get(need, 'not approved')}"
                for need in missing
            ]
            found[change_id] = f"needs {'; '.join(said)}"
        left = {change_id: row for change_id, row in left.items() if change_id not in unmet}
