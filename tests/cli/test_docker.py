"""A Docker host from the command line: check, sync, and what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_lab.docker import DockerState, LabDocker
from tests.cli.conftest import CliHarness


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[LabDocker]:
    state = DockerState("whale")
    state.add("web", image="shop:1.0", env=["PASSWORD=secret-env"])
    with LabDocker(state, socket_path=tmp_path / "docker.sock") as server:
        yield server


@pytest.fixture
def docker_desk(harness: CliHarness, daemon: LabDocker) -> CliHarness:
    policies = {"create": ["clusters", "cluster_types", "virtual_machines", "custom_fields"]}
    harness.add_endpoint(name="docker1", kind="docker", url=daemon.url, policies=policies)
    return harness


def test_check_and_sync(docker_desk: CliHarness, daemon: LabDocker) -> None:
    shown = docker_desk.run("check", "docker1").out
    assert f"docker1 (docker {daemon.url})" in shown
    assert "  ok     version: Docker 28.3.2, API 1.51\n" in shown
    assert "  ok     rights: containers: containers are visible\n" in shown
    assert "docker_container" in shown

    answer = docker_desk.run("sync", "docker1")
    assert answer.code == 0, answer.err
    assert "docker1: read 28.3.2, 7 rows in " in answer.out
    assert "virtual_machines" in docker_desk.ok("diff", "docker1")
    found = docker_desk.ok("sql", "--csv", "SELECT name, image, state FROM docker.containers")
    assert found.splitlines() == ["name,image,state", "web,shop:1.0,running"]
    for file in (docker_desk.folder / "data").rglob("*"):
        assert not file.is_file() or b"secret-env" not in file.read_bytes()


def test_a_daemon_that_is_not_there(docker_desk: CliHarness, daemon: LabDocker) -> None:
    daemon.stop()
    path = daemon.url.removeprefix("unix://")
    sentence = f"there is no socket {path}; check the url, and that the daemon is running"
    answer = docker_desk.run("check", "docker1")
    assert answer.code == 1
    assert f"  failed reachable: {sentence}\n" in answer.out
    answer = docker_desk.run("sync", "docker1")
    assert answer.code == 1
    assert answer.err == f"error: endpoint 'docker1': {sentence}\n"
