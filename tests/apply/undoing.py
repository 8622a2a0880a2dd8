"""What the tests of undo share: NetBox as a picture, and the way there and back."""

from __future__ import annotations

import json
from typing import Any

from netbox_sync_dagster.apply import ApplyResult, plan_undo
from netbox_sync_dagster.compare.plan import Plan
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.support import NetBox

PATHS = (
    *("dcim/virtual-chassis", "dcim/devices", "dcim/module-bays", "dcim/modules", "dcim/interfaces"),
    *("dcim/cables", "dcim/mac-addresses", "ipam/vlans", "ipam/ip-addresses"),
    *("virtualization/virtual-machines", "virtualization/interfaces", "virtualization/virtual-disks"),
)
# An object that is made again is another one to NetBox; when it was is left out too.
NOT_COMPARED = {"id", "url", "display", "display_url", "created", "last_updated", "config_context"}

Picture = dict[str, list[str]]


def picture(netbox: NetBox, fixtures: NetBoxFixtures) -> Picture:
    """Every field of every object of the place, references by name: ids of objects made again aside."""
    found: Picture = {}
    for path in PATHS:
        # The newest are those of the test, also in a NetBox that holds thousands of others.
        newest = netbox.all(path, ordering="-id", limit=200)
        rows = [json.dumps(_plain(row), sort_keys=True) for row in newest]
        found[path] = sorted(row for row in rows if fixtures.suffix in row or f"{fixtures.network}." in row)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in NOT_COMPARED and not k.endswith("_id")}
    return value


def not_applied(result: ApplyResult) -> list[str]:
    """The changes that were not applied, with the reasons."""
    return [f"{v.verdict} {v.key}: {v.message}" for v in result.verdicts if v.verdict != "applied"]


def done(harness: ApplyHarness, plan: Plan) -> str:
    """Approve and apply all of a plan, none of whose changes may fail; returns the apply's id."""
    assert [(row.key, row.reason) for row in plan.rows if not row.is_change] == []
    result = harness.approve_and_apply(plan)
    assert not_applied(result) == []
    return result.apply_id or ""


def undone(harness: ApplyHarness, apply_id: str) -> str:
    """Take an apply back, all of it; returns the id of the apply that did."""
    return done(harness, plan_undo(harness.warehouse, harness.target, apply_id))


def back_and_forth(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, plan: Plan
) -> tuple[Picture, Picture]:
    """Apply, undo, undo the undo, and undo that: (NetBox without the plan, with it), the same each time."""
    before = picture(netbox, fixtures)
    first = done(harness, plan)
    applied = picture(netbox, fixtures)
    assert applied != before
    back = undone(harness, first)
    assert picture(netbox, fixtures) == before
    forth = undone(harness, back)
    assert picture(netbox, fixtures) == applied
    undone(harness, forth)
    assert picture(netbox, fixtures) == before
    return before, applied
