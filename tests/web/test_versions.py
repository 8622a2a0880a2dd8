"""Lists over the plans of several endpoints, of which some were compared before an upgrade; no server."""

from __future__ import annotations

from pathlib import Path

from netbox_sync_dagster.compare.plan import read_head
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import open_views
from netbox_sync_dagster.web.plans import PlanRows
from netbox_sync_dagster.web.query import RowQuery
from tests.older import as_older_version
from tests.storage.versions import publish_diff


def test_rows_from_before_and_after_an_upgrade_are_in_one_list(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data")
    publish_diff(warehouse, "lyon", create=1)
    publish_diff(warehouse, "paris", create=1)
    as_older_version(warehouse.current(warehouse.diffs("lyon")))
    for names in (["lyon", "paris"], ["paris", "lyon"], ["lyon"]):
        with open_views(warehouse, few=True) as con:
            heads = [read_head(warehouse, name) for name in names]
            found, number = PlanRows(con, warehouse, heads, lambda types: types).page(RowQuery())
        decisions = {one.row.endpoint: [field.decision for field in one.row.fields] for one in found}
        assert (number, decisions) == (len(names), {name: ["update", "drifted"] for name in names})
