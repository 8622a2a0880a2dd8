"""A Docker host in Dagster: its partition, from the daemon into NetBox, with its checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netbox_sync_dagster.defs.partitions import partition_keys
from netbox_sync_lab.docker import DockerState, LabDocker
from tests.defs.conftest import DagsterHarness, checks, failure, made


@pytest.fixture
def daemon(harness: DagsterHarness) -> Iterator[LabDocker]:
    """Host whale with the container web, as endpoint ``docker1``."""
    state = DockerState("whale")
    state.add("web", image="shop:1.0")
    with LabDocker(state) as server:
        harness.netbox.create("virtualization/cluster-types", name="Docker", slug="docker")
        harness.endpoints.append({"name": "docker1", "kind": "docker", "url": server.url})
        harness.write()
        yield server


def test_a_docker_host_goes_the_same_way(harness: DagsterHarness, daemon: LabDocker) -> None:
    assert partition_keys(harness.instance, "docker") == ["docker1"]
    result = harness.run("sync_docker", partition_key="docker1")
    assert result.success
    assert made(result, "docker/containers")["docker1"]["dagster/row_count"] == 1
    assert made(result, "diff/docker/virtual_machines")["docker1"]["create"] == 1
    for check in ("complete", "references", "not_shrunken"):
        assert checks(result)[f"docker/host:{check}"].passed
    assert checks(result)["diff/docker/virtual_machines:gates"].passed

    decide = {"endpoint": "docker1", "who": "alice", "decision": "approve", "all_creates_and_updates": True}
    assert harness.run("approve", run_config={"ops": {"decide": {"config": decide}}}).success
    assert harness.run("apply_docker", partition_key="docker1").success
    [machine] = harness.netbox.all("virtualization/virtual-machines")
    assert (machine["name"], machine["cluster"]["name"], machine["description"]) == (
        "web",
        "docker1",
        "shop:1.0",
    )
    assert machine["primary_ip4"]["address"] == "172.17.0.2/16"
    assert harness.sync("docker1").success
    assert harness.plan("docker1").rows == ()

    # A host without containers is read like any other, and nothing looks gone.
    daemon.state.remove("web")
    assert harness.sync("docker1").success
    assert [(row.key, row.action) for row in harness.plan("docker1").rows] == [
        ("web [container web]", "blocked")
    ]


def test_a_docker_host_that_is_down(
    harness: DagsterHarness, daemon: LabDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.005)
    daemon.replace["/version"] = {}
    result = harness.sync("docker1")
    assert not result.success
    assert "GET /version names no ApiVersion" in failure(result)
