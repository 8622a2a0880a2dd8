"""Blocks approvals, whoever gives them: failed checks of the diff, and too many changes at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff, Plan
from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.sources.registry import sources

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


def check_netbox(plan: Plan, target: NetBoxTarget) -> None:
    """Raise ApprovalError if the plan was compared with another NetBox: its ids mean other objects here."""
    if other := other_netbox(plan.manifest, target):
        raise ApprovalError(f"endpoint '{plan.endpoint}': {other}")


def other_netbox(manifest: Mapping[str, Any], target: NetBoxTarget) -> str | None:
    """That the plan of this manifest was compared with another NetBox, and what to do; None if it was with this one."""
    compared = manifest.get("netbox_url")
    # Plans of undos did not name it before.
    if compared is None or compared in target.known_urls:
        return None
    again = "undo the apply again" if manifest.get("undoes") else "run the sync again"
    return (
        f"the diff was made with the NetBox at {compared}, and netbox.url is {target.base_url}; {again}, or name the former URL "
        "in netbox.formerly if it is the same NetBox"
    )


def over_limit(plan: Plan, policies: Policies) -> dict[str, str]:
    """The resources of which the plan updates or deletes too large a share, each with a sentence.

    The share is that of the resource's objects that exist in NetBox (``plan.manifest["existing"]``). New objects do not
    count, nor do updates that only link an object to the source or fill empty fields: NetBox loses nothing by them. With
    fewer than ten existing objects there is no limit.
    """
    return {
        resource: f"the plan updates or deletes {_share(number, existing, resource, policies)}"
        for resource, number, existing in _beyond(plan, policies, plan.changes)
    }


def over_limit_with(
    plan: Plan, policies: Policies, rows: Collection[DiffRow], waiting: Collection[DiffRow]
) -> dict[str, str]:
    """The same of ``rows``, which are being approved, together with those that are approved and not applied yet."""
    before = _touched(plan, waiting)
    sentences = {}
    for resource, number, existing in _beyond(plan, policies, [*rows, *waiting]):
        room = existing * policies.max_change_percent // 100 - len(before[resource])
        approved = f"{len(before[resource])} of them approved before; " if before[resource] else ""
        sentences[resource] = (
            f"it updates or deletes {_share(number, existing, resource, policies)}: {approved}"
            f"{max(room, 0)} may be approved without an override"
        )
    return sentences


def _beyond(plan: Plan, policies: Policies, rows: Iterable[DiffRow]) -> Iterator[tuple[str, int, int]]:
    """(resource, objects that the rows change, existing objects) of the resources above the limit."""
    for resource, objects in _touched(plan, rows).items():
        existing = _existing(plan, resource)
        if existing >= MIN_EXISTING and 100 * len(objects) > existing * policies.max_change_percent:
            yield resource, len(objects), existing


def _touched(plan: Plan, rows: Iterable[DiffRow]) -> dict[str, set[tuple[str, int]]]:
    """The existing objects that the rows change, by resource."""
    touched: dict[str, set[tuple[str, int]]] = defaultdict(set)
    links = {f"cf.{name}" for source in sources().values() for name in source.id_fields}
    present = [row for row in rows if row.action != "create" and row.netbox_id is not None]
    for row in present:
        if row.action != "update" or not all(_adds(item, links) for item in row.written):
            touched[row.resource].add((row.object_type, int(row.netbox_id or 0)))
    if present and "existing" not in plan.manifest:
        raise ApprovalError(
            f"endpoint '{plan.endpoint}': the diff does not say how many objects exist in NetBox, so its "
            f"limits cannot be checked; run: netbox-sync sync {plan.endpoint}"
        )
    return touched


def _adds(item: FieldDiff, links: Collection[str]) -> bool:
    """Whether NetBox loses nothing by this field: it was empty, or it gets the source's id."""
    return item.name in links or item.before in (None, "", [])


def _share(number: int, existing: int, resource: str, policies: Policies) -> str:
    percent = 100 * number / max(existing, 1)
    return f"{number} of the {existing} {resource} in NetBox ({percent:.0f} %, limit {policies.max_change_percent} %)"


def _existing(plan: Plan, resource: str) -> int:
    counts: dict[str, int] = plan.manifest["existing"]
    if resource in counts:
        return int(counts[resource])
    return sum(int(counts.get(name, 0)) for name in _COUNTED_AS.get(resource, ()))
