"""A diff of changes that people decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse
from tests.apply.drafts import Draft, ref
from tests.approve.deciding import Ids, row


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "data")


@pytest.fixture
def draft() -> Draft:
    return Draft(endpoint="paris")


@pytest.fixture
def ids(draft: Draft) -> Ids:
    """A new device with a port, an old device with two changed ports and one that is gone."""
    device = draft.create("devices", "sw2", {"name": "sw2"})
    return {
        "device": device,
        "port": draft.create(
            "interfaces",
            "sw2:Gi0/1",
            {"device": ref("devices", "sw2"), "name": "Gi0/1"},
            parent="sw2",
            depends_on=[device],
        ),
        "described": draft.update(
            "interfaces", "sw1:Gi0/1", row(1), {"description": ("", "uplink")}, parent="sw1"
        ),
        "both": draft.update(
            "interfaces",
            "sw1:Gi0/2",
            row(2),
            {"description": ("", "core"), "mtu": (1500, 9000)},
            parent="sw1",
        ),
        "gone": draft.delete("interfaces", "sw1:Gi0/3", row(3), parent="sw1"),
    }


@pytest.fixture
def plan(draft: Draft, ids: Ids, warehouse: Warehouse) -> Plan:
    return draft.publish(warehouse, existing={"interfaces": 48, "devices": 1})
