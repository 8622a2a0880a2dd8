"""The order of rows on the page; on rows, without servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.compare.plan import load_plan, read_head
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.web.plans import PlanRows
from netbox_sync_dagster.web.query import RowQuery
from tests.apply.drafts import Draft


@pytest.mark.parametrize("sort", ["resource", "key", "parent", "action", "endpoint"])
def test_names_are_in_natural_order(tmp_path: Path, sort: str) -> None:
    warehouse = Warehouse(tmp_path)
    draft = Draft()
    for device in ("sw10", "sw9"):
        for number in (10, 2, 1):
            draft.create("interfaces", f"{device} Ethernet1/{number}", {"name": "e"}, parent=device)
    draft.publish(warehouse)
    head = read_head(warehouse, "lab")

    def look(con: object) -> tuple[list[str], list[str]]:
        rows = PlanRows(con, warehouse, [head], lambda types: types)  # type: ignore[arg-type]
        query = RowQuery(sort=sort)
        found, _ = rows.page(query)
        return [one.row.key for one in found], [one.name for one in rows.counts("parent", query)]

    keys, parents = ask(warehouse, look)
    assert keys == [f"{device} Ethernet1/{number}" for device in ("sw9", "sw10") for number in (1, 2, 10)]
    assert parents == ["sw9", "sw10"]
    # Dagster's previews and the command line take them from the plan.
    assert [row.key for row in load_plan(warehouse, "lab").rows] == keys
