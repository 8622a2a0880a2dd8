"""More rows than DuckDB may hold at once are worked off in slices, with the same result."""

from __future__ import annotations

import shutil

import pytest

from netbox_sync_dagster.compare import matching
from netbox_sync_lab.librenms import LibreNMSState
from tests.support import Pipeline


def test_slices_change_nothing(
    pipeline: Pipeline, state: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAGs and parents across the slices too, and what each change needs."""
    switch = state.add_device("sw1", hardware="C9300-48P")
    state.add_vlan(switch, 20, "data")
    lag = state.add_port(switch, "Po1", ifType="ieee8023adLag")
    for number in range(1, 8):
        port = state.add_port(switch, f"Gi0/{number}", ifPhysAddress=f"84bf20853e{number:02}", ifVlan="20")
        state.add_port(switch, f"Gi0/{number}.20", ifType="l2vlan")
        state.add_stack(high=lag, low=port)
    whole = pipeline.sync()
    monkeypatch.setattr(matching, "SLICE_ROWS", 2)
    # With nothing changed, the last diff would be carried over.
    shutil.rmtree(pipeline.warehouse.diffs(pipeline.endpoint.name))
    sliced = pipeline.again()
    assert len([r for r in sliced.rows if r.resource == "interfaces"]) == 15
    assert [(r.key, r.change_id, r.depends_on, r.fields) for r in sliced.rows] == [
        (r.key, r.change_id, r.depends_on, r.fields) for r in whole.rows
    ]
