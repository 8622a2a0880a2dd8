"""A diff that follows from the same inputs as the last one is carried over; any other is worked out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from netbox_sync_dagster.compare.graph import compare_stages, desired_stages
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import Comparer, compare
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.demo.servers import Lab
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import open_views
from tests.kept import begun
from tests.support import after, row, rows


def carried_from(plan: Plan) -> str | None:
    return plan.manifest["carried_over_from"]


def content(plan: Plan) -> list[tuple[object, ...]]:
    """The plan's rows without the diff's own id."""
    return [
        (
            r.resource,
            r.key,
            r.action,
            r.change_id,
            r.reason,
            r.fields,
            r.depends_on,
            r.netbox_id,
            r.last_updated,
        )
        for r in plan.rows
    ]


@pytest.fixture
def first(pipeline, state):
    """The first plan of a switch with one port."""

    def make() -> None:
        device = state.add_device("sw1", hardware="C9300-48P", uptime=100)
        state.add_port(device, "Gi1/0/1", ifAlias="uplink")
        pipeline.sync()

    begun("first", pipeline, [state], make)
    return load_plan(pipeline.warehouse, "production")


def test_read_again_and_nothing_new(pipeline, first):
    assert carried_from(first) is None
    assert [r.key for r in rows(first, "interfaces", "create")] == ["sw1 Gi1/0/1"]
    second = pipeline.sync()
    assert carried_from(second) == first.diff_id
    assert content(second) == content(first)
    assert second.diff_id != first.diff_id
    assert {r.diff_id for r in second.rows} == {second.diff_id}
    assert {r.first_diff for r in second.rows} == {first.diff_id}
    for key in ("counts", "existing", "gates", "inputs"):
        assert second.manifest[key] == first.manifest[key]
    with_snapshots = pipeline.warehouse.manifest(pipeline.warehouse.snapshots("librenms", "production"))
    assert second.manifest["source_snapshot"] == with_snapshots["snapshot_id"]


def test_the_desired_tables_come_along(pipeline, first):
    pipeline.sync()
    with open_views(pipeline.warehouse) as con:
        assert con.execute("SELECT key, description FROM desired.interfaces").fetchall() == [
            ("sw1 Gi1/0/1", "uplink")
        ]
        assert con.execute(
            "SELECT count(*), count(carried_over_from) FROM sync.diffs WHERE endpoint = 'production'"
        ).fetchone() == (2, 1)


def test_what_no_comparison_looks_at_is_no_change(pipeline, state, first):
    state.devices[0]["uptime"] = 5000
    assert carried_from(pipeline.sync()) == first.diff_id


def test_another_word_of_the_source(pipeline, state, first):
    state.ports[0]["ifAlias"] = "downlink"
    plan = pipeline.sync()
    assert carried_from(plan) is None
    # That row alone is new.
    assert {r.key: r.first_diff for r in plan.rows if r.resource in ("devices", "interfaces")} == {
        "sw1": first.diff_id,
        "sw1 Gi1/0/1": plan.diff_id,
    }
    assert (first.manifest["earlier"], plan.manifest["earlier"]) == (None, first.diff_id)
    assert after(row(plan, "interfaces", "sw1 Gi1/0/1"))["description"] == "downlink"


def test_an_edit_in_netbox(pipeline, state, netbox, device):
    switch = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(switch, "Gi1/0/1", ifAlias="uplink")
    known = device("sw1")
    port = netbox.create("dcim/interfaces", device=known["id"], name="Gi1/0/1", type="1000base-t")
    first = pipeline.sync()
    netbox.edit("dcim/interfaces", port["id"], description="by hand")
    plan = pipeline.sync()
    assert carried_from(plan) is None
    changed = row(plan, "interfaces", "sw1 Gi1/0/1")
    assert changed.last_updated != row(first, "interfaces", "sw1 Gi1/0/1").last_updated
    assert changed.change_id != row(first, "interfaces", "sw1 Gi1/0/1").change_id


def test_another_setting(pipeline, first):
    pipeline.configure(policies={"create": ["devices"]})
    plan = pipeline.again()
    assert carried_from(plan) is None
    assert [r.action for r in rows(plan, "interfaces")] == ["blocked"]
    assert carried_from(pipeline.again()) is not None


def test_what_was_written_counts_before_netbox_is_read_again(pipeline, first):
    pipeline.configure(policies={"delete": ["interfaces"]})
    assert pipeline.apply_all().changes == []
    # The ledger had grown since the diff before.
    assert carried_from(load_plan(pipeline.warehouse, "production")) is None
    assert carried_from(pipeline.sync()) is not None


def test_a_device_that_is_polled_no_more(pipeline, state, first):
    """Time alone can take the evidence away."""
    state.devices[0]["last_polled"] = "2020-01-01 00:00:00"
    assert carried_from(pipeline.sync()) is None


def test_an_older_snapshot_of_netbox_that_is_gone(pipeline, first):
    snapshot_netbox(pipeline.config.netbox, pipeline.warehouse, deletes=pipeline.config.deletes)
    shutil.rmtree(pipeline.warehouse.snapshots("netbox", "netbox") / first.manifest["target_snapshot"])
    assert carried_from(pipeline.again()) is None


def test_an_older_diff_without_inputs(pipeline, first):
    file = pipeline.warehouse.current(pipeline.warehouse.diffs("production")) / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["inputs"], manifest["carried_over_from"]
    file.write_text(json.dumps(manifest))
    plan = pipeline.again()
    assert carried_from(plan) is None
    assert content(plan) == content(first)


def test_one_comparer_for_several_endpoints(pve, cluster, netbox):
    cluster.add_qemu(101, node="pve1", name="web01", config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"})
    alone = pve.sync()
    shutil.rmtree(pve.warehouse.diffs("paris-pve"))
    with Comparer(pve.warehouse, pve.config) as comparer:
        comparer.compare(pve.endpoint)
        assert content(load_plan(pve.warehouse, "paris-pve")) == content(alone)
        # NetBox is read again in between: what was loaded before is no longer true.
        netbox.create("extras/tags", name="x", slug="x", color="00ff00")
        cluster_type = netbox.one("virtualization/cluster-types")
        netbox.create("virtualization/clusters", name="paris", type=cluster_type["id"])
        snapshot_netbox(pve.config.netbox, pve.warehouse, deletes=pve.config.deletes)
        comparer.compare(pve.endpoint)
    plan = load_plan(pve.warehouse, "paris-pve")
    assert carried_from(plan) is None
    assert rows(plan, "clusters", "create") == []


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with Lab(tmp_path / "lab") as lab:
        for name, value in lab.environment.items():
            monkeypatch.setenv(name, value)
        yield lab


def test_a_stage_without_ground_would_have_no_rows(estate, tmp_path, monkeypatch):
    """The whole estate, with stages left out and with all of them: the same rows."""
    config, warehouse = load_config(estate.config_path), Warehouse(tmp_path / "data")
    snapshot_netbox(config.netbox, warehouse, deletes=config.deletes)
    for endpoint in config.endpoints:
        read = snapshot_librenms if endpoint.kind == "librenms" else snapshot_proxmox
        read(endpoint, warehouse)
        compare(warehouse, config, endpoint)
    found = {endpoint.name: load_plan(warehouse, endpoint.name) for endpoint in config.endpoints}
    assert sum(len(plan.rows) for plan in found.values()) > 500
    monkeypatch.setattr(
        "netbox_sync_dagster.compare.matching.compare_stages",
        lambda: [replace(stage, only_with=()) for stage in compare_stages()],
    )
    left_out = [
        stage for kind in ("librenms", "proxmox") for stage in desired_stages(kind) if stage.only_with
    ]
    assert len(left_out) > 10
    monkeypatch.setattr(
        "netbox_sync_dagster.compare.desired.desired_stages",
        lambda kind: [replace(stage, only_with=()) for stage in desired_stages(kind)],
    )
    shutil.rmtree(warehouse.home / "diffs")
    for endpoint in config.endpoints:
        compare(warehouse, config, endpoint)
        assert content(load_plan(warehouse, endpoint.name)) == content(found[endpoint.name])
