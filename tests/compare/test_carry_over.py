"""A diff that follows from the same inputs as the last one is carried over; any other is worked out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.compare.database import is_empty
from netbox_sync_dagster.compare.graph import compare_stages, desired_stages
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.demo.servers import Lab
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.sqlfiles import read_sql
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
def first(pipeline, state, netbox, device):
    """The first plan of two switches with one port each, of which NetBox has sw2."""

    def make() -> None:
        for name in ("sw1", "sw2"):
            switch = state.add_device(name, hardware="C9300-48P", uptime=100)
            state.add_port(switch, "Gi1/0/1", ifAlias="uplink")
        known = device("sw2")
        netbox.create("dcim/interfaces", device=known["id"], name="Gi1/0/1", type="1000base-t")
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
        assert con.execute("SELECT key, description FROM desired.interfaces ORDER BY key").fetchall() == [
            ("sw1 Gi1/0/1", "uplink"),
            ("sw2 Gi1/0/1", "uplink"),
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
        "sw2": first.diff_id,
        "sw2 Gi1/0/1": first.diff_id,
    }
    assert (first.manifest["earlier"], plan.manifest["earlier"]) == (None, first.diff_id)
    assert after(row(plan, "interfaces", "sw1 Gi1/0/1"))["description"] == "downlink"


def test_an_edit_in_netbox(pipeline, netbox, first):
    [port] = netbox.all("dcim/interfaces")
    netbox.edit("dcim/interfaces", port["id"], description="by hand")
    plan = pipeline.sync()
    assert carried_from(plan) is None
    changed = row(plan, "interfaces", "sw2 Gi1/0/1")
    assert changed.last_updated != row(first, "interfaces", "sw2 Gi1/0/1").last_updated
    assert changed.change_id != row(first, "interfaces", "sw2 Gi1/0/1").change_id


def test_another_setting(pipeline, first):
    pipeline.configure(policies={"create": ["devices"]})
    plan = pipeline.again()
    assert carried_from(plan) is None
    assert row(plan, "interfaces", "sw1 Gi1/0/1").action == "blocked"
    assert carried_from(pipeline.again()) is not None


def test_what_was_written_counts(pipeline, first):
    assert pipeline.write(first) == []
    plan = pipeline.sync()
    assert plan.changes == []
    # The ledger had grown since the diff before.
    assert carried_from(plan) is None
    assert carried_from(pipeline.sync()) is not None


def test_a_device_that_is_polled_no_more(pipeline, state, first):
    """Time alone can take the evidence away."""
    state.devices[0]["last_polled"] = "2020-01-01 00:00:00"
    assert pipeline.comes_to("match.")


def test_an_older_snapshot_of_netbox_that_is_gone(pipeline, first):
    snapshot_netbox(pipeline.config.netbox, pipeline.warehouse, deletes=pipeline.config.deletes)
    shutil.rmtree(pipeline.warehouse.snapshots("netbox", "netbox") / first.manifest["target_snapshot"])
    assert pipeline.comes_to("match.", read=False)


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
    pve.snapshot()
    with Comparer(pve.warehouse, pve.config) as comparer:
        snapshot_netbox(pve.config.netbox, pve.warehouse, deletes=pve.config.deletes)
        comparer.compare(pve.endpoint)
        plan = load_plan(pve.warehouse, "paris-pve")
        assert [r.key for r in rows(plan, "clusters", "create")] == ["paris"]
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


def test_a_stage_without_ground_would_change_nothing(estate, tmp_path):
    """In the whole estate: it has no rows, or rows for the match of others, which then find the same as without."""
    config, warehouse = load_config(estate.config_path), Warehouse(tmp_path / "data")
    snapshot_netbox(config.netbox, warehouse, deletes=config.deletes)
    compared, left_out, changed = 0, 0, []
    for endpoint in config.endpoints:
        read = snapshot_librenms if endpoint.kind == "librenms" else snapshot_proxmox
        read(endpoint, warehouse)
        with Comparer(warehouse, config).explored(endpoint) as con:
            compared += con.execute("SELECT count(*) FROM diff.rows").fetchone()[0]
            not_empty = set()
            for stage in (*desired_stages(endpoint.kind), *compare_stages()):
                if stage.only_with and all(is_empty(con, relation) for relation in stage.only_with):
                    left_out += 1
                    if made_rows(con, stage):
                        not_empty.add(stage.makes)
                        if stage.adds or stage.makes[0] != "match":
                            changed.append((endpoint.name, stage.file))
                elif stage.reads & not_empty:
                    there = rows_of(con, stage.table)
                    if made_rows(con, stage) != there:
                        changed.append((endpoint.name, stage.file))
    assert changed == []
    assert compared > 3000
    assert left_out > 150


def made_rows(con, stage):
    """Make the stage's table now; its rows. A table of the desired ones stays: it has rows of other stages too."""
    table = "desired.made_now" if stage.adds or stage.makes[0] == "desired" else stage.table
    con.execute(f"CREATE OR REPLACE TABLE {table} AS {read_sql(stage.file)}")
    return rows_of(con, table)


def rows_of(con, table):
    return sorted(map(repr, con.execute(f"FROM {table}").fetchall()))
