"""Snapshots that lack tables, as an older version wrote them, or that cannot be read at first."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from netbox_sync_dagster.compare.last_diff import Pair
from netbox_sync_dagster.compare.loading import Loader
from netbox_sync_dagster.compare.matching import CompareError
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.docker.hosts import docker_cluster
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_lab.proxmox import ProxmoxState
from tests.compare.test_unchanged import damage_rows
from tests.support import Pipeline, rows


def test_a_cluster_without_nodes_is_compared_and_one_without_a_name_is_refused(
    pve: Pipeline, cluster: ProxmoxState
) -> None:
    cluster.add_qemu(101, node="pve1", name="web01")
    pve.snapshot()
    pve._read_netbox()
    folder = pve.warehouse.current(pve.warehouse.snapshots("proxmox", pve.name))

    (folder / "nodes.parquet").unlink()
    assert [row.key for row in rows(pve.again(), "clusters", "create")] == ["paris"]

    (folder / "cluster.parquet").unlink()
    with pytest.raises(CompareError, match="names no cluster; run: netbox-sync sync paris-pve"):
        pve.again()


def test_a_docker_host_is_known_without_its_id_and_not_without_its_table(tmp_path: Path) -> None:
    endpoint = DockerEndpoint.model_validate(
        {"name": "docker1", "kind": "docker", "url": "http://127.0.0.1", "cluster_name": "daemon"}
    )
    assert docker_cluster(tmp_path, endpoint) is None
    write_parquet(tmp_path / "host.parquet", {"name": "VARCHAR"}, [{"name": "whale"}])
    assert docker_cluster(tmp_path, endpoint) == "whale"


def test_tables_of_netbox_are_loaded_again_after_an_error(pve: Pipeline) -> None:
    pve.snapshot()
    pve._read_netbox()
    source, target = (
        pve.warehouse.snapshots(*names) for names in (("proxmox", pve.name), ("netbox", "netbox"))
    )
    pair = Pair(
        pve.warehouse.manifest(source),
        pve.warehouse.current(source),
        pve.warehouse.manifest(target),
        pve.warehouse.current(target),
    )
    loader = Loader(pve.warehouse, pve.config)
    file = pair.target_path / "sites.parquet"
    content = file.read_bytes()
    loader.open(pve.endpoint, pair)
    damage_rows(file)
    with pytest.raises(duckdb.Error):
        loader.load_target()

    file.write_bytes(content)
    assert loader.load_target().con.execute("SELECT slug FROM netbox.sites").fetchall() == [("paris",)]
    loader.close()
