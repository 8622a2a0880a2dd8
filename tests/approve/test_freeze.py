"""A freeze stops every apply until it is lifted, and both are on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve.freeze import Frozen, freeze, frozen, unfreeze
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.verify import verify


def test_no_apply_begins_while_they_are_frozen(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    freeze(warehouse, "incident 4711", by=me("anna", "cli"))
    plan = Plan("paris", "20260101T000000000Z-0000", {"gates": []}, ())
    # Port 9 answers nobody: without the freeze, nothing approved would send no request either.
    target = NetBoxTarget(url="http://127.0.0.1:9")
    with pytest.raises(
        Frozen, match=r"^anna froze all applies on .* UTC: incident 4711; nothing was written"
    ):
        apply_approved(warehouse, target, "paris", plan, who="berta")
    unfreeze(warehouse, "over", by=me("berta", "cli"))
    assert frozen(warehouse) is None
    assert apply_approved(warehouse, target, "paris", plan, who="berta").verdicts == []
    assert verify(warehouse).problems == []


def test_it_needs_a_message_and_is_lifted_once(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with pytest.raises(ApprovalError, match="a freeze needs a message"):
        freeze(warehouse, "  ", by=me("anna", "cli"))
    with pytest.raises(ApprovalError, match="applies are not frozen"):
        unfreeze(warehouse, "", by=me("anna", "cli"))
