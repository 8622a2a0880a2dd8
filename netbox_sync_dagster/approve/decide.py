"""Records decisions on changes, by people with ``approve`` or by the policies of the configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from netbox_sync_dagster.approve.agreement import Agreement, proven_groups, why_no_approver
from netbox_sync_dagster.approve.limits import check_gates, check_netbox, over_limit_with
from netbox_sync_dagster.approve.needing import needing_rejected
from netbox_sync_dagster.approve.parts import decided_parts, part_of, with_parts
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.approve.policy import policy_approvals
from netbox_sync_dagster.approve.records import (
    DECISIONS,
    THROUGH,
    Approval,
    ApprovalError,
    applied_numbers,
    approved,
    decisions,
    netbox_read_at,
    rejection,
    write_approval,
)
from netbox_sync_dagster.approve.select import resolve_ids
from netbox_sync_dagster.approve.states import decided_ids, states
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.config.resources import MAX_APPROVAL_HOURS
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.verify import look


def approve(
    warehouse: Warehouse,
    plan: Plan,
    change_ids: Iterable[str],
    *,
    who: str,
    through: str,
    policies: Policies,
    target: NetBoxTarget | None = None,
    expires_hours: float | None = None,
    override_limit: str | None = None,
    decision: str = "approve",
    fields: Collection[str] | Mapping[str, Collection[str]] | None = None,
    run: str | None = None,
    comment: str | None = None,
    login_by: str = "",
    netbox_groups: Collection[str] = (),
) -> Approval:
    """Record a decision on changes of the current diff; it is on disk when this returns.

    ``change_ids`` are ids or unambiguous prefixes. ``decision`` is ``approve``, ``reject`` (valid until the
    change's content, and so its id, changes) or ``withdraw`` (withdraws an earlier decision). ``through`` is
    cli, policy, dagster or web, ``run`` the Dagster run, ``login_by`` how the web page knows the person,
    ``netbox_groups`` the person's groups in NetBox as the web page knows them. ``comment`` is
    recorded. ``override_limit`` is the reason for approving a plan over the limit; it is recorded. ``fields``: approve only
    these fields of the updates, or of each change id in it these; each part is a separate change with its own id, which
    the approval contains. ``target``: the NetBox that the configuration names. Without ids nothing is recorded, nor a
    withdrawal on what nobody has decided.

    Raises ApprovalError, and records nothing, for an unknown or ambiguous id, a diff that failed its checks or was made
    with another NetBox, a resource over its limit without an override, a change that was rejected, or a person of none
    of the groups that ``policies.approvers`` names.
    """
    # This name is later compared with the name of the person who applies.
    if not who.strip():
        raise ApprovalError("an approval needs the name of the approver")
    if through not in THROUGH or decision not in DECISIONS:
        raise ApprovalError(
            f"decision must be one of {', '.join(DECISIONS)} (found: '{decision}'), "
            f"through one of {', '.join(THROUGH)} (found: '{through}')"
        )
    whole_plan = with_parts(warehouse, plan)
    wholes = resolve_ids(whole_plan, change_ids)
    rows = [_part(row, fields) for row in wholes]
    if decision == "withdraw":
        if not fields:
            # With a whole change, what was decided on single fields of it.
            rows += _parts_of(warehouse, plan, rows)
            wholes = rows
        decided = decided_ids(warehouse, whole_plan)
        wholes = [whole for whole, row in zip(wholes, rows, strict=True) if row.change_id in decided]
        rows = [row for row in rows if row.change_id in decided]
    parts = {
        row.change_id: (whole.change_id, tuple(item.name for item in row.written))
        for whole, row in zip(wholes, rows, strict=True)
        if row is not whole
    }
    override = (override_limit or "").strip() or None
    if override_limit and override is None:
        raise ApprovalError("an override needs a reason")
    if decision != "approve" and (override is not None or expires_hours is not None):
        raise ApprovalError(
            f"only approvals expire and have a limit to override; leave both out of a {decision}, which does neither"
        )
    if decision == "approve" and rows:
        check_gates(plan)
        if target is not None:
            check_netbox(plan, target)
        _check_content(rows)
        _check_rejected(warehouse, plan, [*wholes, *rows])
        _check_limits(warehouse, whole_plan, policies, rows, override)
    by = me(who, through, run, login_by)
    by = replace(by, groups=proven_groups(by, policies, netbox_groups))
    if decision == "approve" and (against := why_no_approver(by, policies)):
        raise ApprovalError(against)
    moment = now()
    hours = policies.approval_hours if expires_hours is None else expires_hours
    # Not a number is not between any two.
    if not 0 < hours <= MAX_APPROVAL_HOURS:
        raise ApprovalError(
            f"an approval expires after more than 0 and at most {MAX_APPROVAL_HOURS} hours (a year), not {hours}"
        )
    approval = Approval(
        approval_id=warehouse.new_id(),
        at=moment,
        who=who.strip(),
        through=through,
        decision=decision,
        endpoint=plan.endpoint,
        diff_id=plan.diff_id,
        expires=moment + timedelta(hours=hours) if decision == "approve" else None,
        override=override,
        change_ids=tuple(row.change_id for row in rows),
        parts=parts,
        by=by,
        comment=(comment or "").strip() or None,
        agreement=Agreement.of(policies) if decision == "approve" else Agreement(),
        netbox=plan.manifest.get("netbox_url"),
    )
    if rows:
        write_approval(warehouse, approval, rows)
    return approval


def _parts_of(warehouse: Warehouse, plan: Plan, rows: Collection[DiffRow]) -> list[DiffRow]:
    """The parts of these changes that have decisions and are not among the rows."""
    known = {row.change_id for row in rows}
    parts = decided_parts(warehouse, plan)
    return [
        part
        for row in rows
        for change_id, part in parts.get(row.change_id, {}).items()
        if change_id not in known
    ]


def _part(row: DiffRow, fields: Collection[str] | Mapping[str, Collection[str]] | None) -> DiffRow:
    wanted = fields.get(row.change_id) if isinstance(fields, Mapping) else fields
    return part_of(row, wanted) if wanted else row


def approve_by_policy(warehouse: Warehouse, plan: Plan, policies: Policies) -> Approval | None:
    """Approve what the configuration's ``auto_approve`` rules allow; None if that is nothing new.

    Earlier decisions are kept: rejections stay valid, what needs a rejected change is not approved, and valid approvals are not repeated. Changes that were applied
    since NetBox was read are not approved again.

    Raises LedgerDamaged if the ledger was modified: a rejection may be missing.
    """
    allowed = policy_approvals(plan, policies)
    if not allowed:
        return None
    look(warehouse).check()
    standing = decisions(warehouse, plan)
    rejected = {change_id for change_id in allowed if rejection(standing, change_id)}
    whole = with_parts(warehouse, plan)
    needing = needing_rejected(whole, states(warehouse, whole)).keys() if rejected else set()
    since = netbox_read_at(plan)
    done = {i for i, number in applied_numbers(warehouse, plan.endpoint).items() if number >= since}
    settled = rejected | needing | done | approved(warehouse, plan.endpoint, plan).keys()
    ids = [change_id for change_id in allowed if change_id not in settled]
    if not ids:
        return None
    return approve(warehouse, plan, ids, who="auto_approve", through="policy", policies=policies)


def _check_content(rows: list[DiffRow]) -> None:
    for row in rows:
        if row.expected_id() != row.change_id:
            raise ApprovalError(
                f"change {row.change_id} ({row.action} {row.resource} {row.key}) does not match its id; "
                f"make a new diff with: netbox-sync sync {row.endpoint}"
            )


def _check_rejected(warehouse: Warehouse, plan: Plan, rows: list[DiffRow]) -> None:
    standing = decisions(warehouse, plan)
    for row in rows:
        before = rejection(standing, row.change_id)
        if before is not None:
            raise ApprovalError(
                f"change {row.change_id} ({row.action} {row.resource} {row.key}) was rejected by {before.who} "
                f"on {before.at:%Y-%m-%d %H:%M} UTC; withdraw the rejection first"
            )


def _check_limits(
    warehouse: Warehouse, plan: Plan, policies: Policies, rows: list[DiffRow], override: str | None
) -> None:
    too_many = limits_of(warehouse, plan, policies, rows)
    if too_many and override is None:
        raise ApprovalError(
            f"endpoint '{plan.endpoint}': {'; '.join(too_many)}; check that the source was read completely, then repeat "
            "with an override that says why (--override-limit, on the page and in Dagster: override)"
        )


def limits_of(warehouse: Warehouse, plan: Plan, policies: Policies, rows: Collection[DiffRow]) -> list[str]:
    """A sentence for every resource of which too large a share would be approved and not applied with these rows.

    ``plan``: with its parts (``with_parts``).
    """
    ids = approved(warehouse, plan.endpoint, plan)
    waiting = [row for row in plan.changes if row.change_id in ids]
    too_many = over_limit_with(plan, policies, rows, waiting)
    return [
        too_many[name]
        for name in sorted({row.resource for row in rows if row.action != "create"} & set(too_many))
    ]
