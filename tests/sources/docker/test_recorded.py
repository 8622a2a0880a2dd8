"""Answers of a real daemon: recorded.json holds what Docker Engine 20.10.24 (API 1.41) said of seven containers,
paths and the host's name made neutral. The lab's daemon answers in the same shapes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.docker import DockerState, LabDocker
from netbox_sync_lab.docker import answers as lab_answers
from tests.sources.docker.conftest import Endpoint, Snapshot

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    with LabDocker(DockerState(api="1.41", oldest_api="1.12")) as lab:
        lab.replace = dict(RECORDED)
        yield Endpoint(tmp_path / "data", lab).snapshot()


def test_the_whole_host_is_read(snapshot: Snapshot) -> None:
    assert snapshot.manifest.complete
    assert snapshot.gaps() == []
    assert snapshot.manifest.source_version == "20.10.24+dfsg1"
    assert snapshot.sql("SELECT name, api_version, os, ncpu, memtotal, swarm FROM host") == [
        ("docker1", "1.41", "Debian GNU/Linux 12 (bookworm)", 2, 25276502016, "inactive")
    ]


def test_containers(snapshot: Snapshot) -> None:
    found = snapshot.sql(
        "SELECT name, state, network_mode, cpus, memory, inspected FROM containers ORDER BY name"
    )
    web = "bed3738d8b5bc2ec73941ccc7cb9565184a0395d4f876ed6d18c4c477ce74720"
    assert found == [
        ("db", "paused", "back", 0.5, 0, True),
        ("gone", "exited", "default", 0.0, 0, True),
        ("hostnet", "running", "host", 0.0, 0, True),
        ("made", "created", "front", 0.0, 0, True),
        ("nonet", "running", "none", 0.0, 0, True),
        ("sidecar", "running", f"container:{web}", 0.0, 0, True),
        ("web", "running", "front", 1.5, 268435456, True),
    ]
    columns = "id, image, hostname, domainname, restart_policy, created"
    assert snapshot.sql(f"SELECT {columns} FROM containers WHERE name = 'web'") == [
        (
            web,
            "registry.example.com/app:1.0",
            "web01",
            None,
            "no",
            dt.datetime(2026, 11, 21, 14, 50, 59, 308148),
        )
    ]
    # One that was never started.
    assert snapshot.sql("SELECT started FROM containers WHERE name = 'made'") == [(None,)]


def test_networks_and_addresses(snapshot: Snapshot) -> None:
    found = snapshot.sql(
        "SELECT container, position, network, mac, attached FROM container_interfaces ORDER BY ALL"
    )
    assert found == [
        ("db", 0, "back", "02:42:AC:1F:00:03", True),
        ("gone", 0, "bridge", None, False),
        ("hostnet", 0, "host", None, True),
        ("made", 0, "front", None, False),
        ("nonet", 0, "none", None, True),
        ("web", 0, "front", "02:42:AC:1E:00:02", True),
        ("web", 1, "back", "02:42:AC:1F:00:02", True),
    ]
    columns = "container, network, family, canonical, prefixlen"
    assert snapshot.sql(f"SELECT {columns} FROM container_addresses ORDER BY ALL") == [
        ("db", "back", 4, "172.31.0.3", 24),
        ("db", "back", 6, "fd00:31::3", 64),
        ("web", "back", 4, "172.31.0.2", 24),
        ("web", "back", 6, "fd00:31::2", 64),
        ("web", "front", 4, "172.30.0.2", 24),
    ]
    assert snapshot.sql("SELECT name, driver, subnets FROM networks ORDER BY name") == [
        ("back", "bridge", ["172.31.0.0/24", "fd00:31::/64"]),
        ("bridge", "bridge", ["172.17.0.0/16"]),
        ("front", "bridge", ["172.30.0.0/24"]),
        ("host", "host", []),
        ("none", "null", []),
    ]


def fields(answer: Any, path: str = "") -> set[str]:
    """The paths of all fields in an answer; the items of a list count once."""
    if isinstance(answer, list):
        return {path}.union(*(fields(item, path) for item in answer))
    if not isinstance(answer, dict):
        return {path}
    return set().union({path}, *(fields(value, f"{path}.{key}") for key, value in answer.items()))


def test_the_lab_says_nothing_that_a_daemon_does_not_say() -> None:
    state = DockerState()
    state.add_network("front", "172.30.0.0/24")
    container = state.add("web", "front")
    key = "/containers/bed3738d8b5bc2ec73941ccc7cb9565184a0395d4f876ed6d18c4c477ce74720/json"
    said: set[str] = set()
    for lab, recorded in (
        (lab_answers.version(state), RECORDED["/version"]),
        (lab_answers.networks(state), RECORDED["/networks"]),
        (lab_answers.container_list(state, everything=True), RECORDED["/containers/json"]),
        (lab_answers.container(state, container), RECORDED[key]),
    ):
        said |= fields(lab) - fields(recorded)
    # Newer daemons do: since API 1.44.
    assert said == {".NetworkSettings.Networks.front.DNSNames"}
