"""Containers in all their states, networks and sizes, and those that change while they are read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netbox_sync_lab.docker import DockerState
from tests.sources.docker.conftest import Endpoint


def test_one_list_and_one_call_per_container(endpoint: Endpoint, state: DockerState) -> None:
    state.add("db", state="exited")
    endpoint.snapshot()
    calls = sorted(request.path for request in endpoint.lab.requests)
    ids = sorted(one.id for one in state.containers.values())
    assert calls == sorted(
        [
            "/version",
            "/v1.51/containers/json",
            "/v1.51/info",
            "/v1.51/networks",
            *(f"/v1.51/containers/{key}/json" for key in ids),
        ]
    )


def test_stopped_containers_are_listed_too(endpoint: Endpoint, state: DockerState) -> None:
    for said in ("exited", "created", "paused", "dead", "restarting", "removing"):
        state.add(said, state=said)
    found = endpoint.snapshot().sql("SELECT name, state FROM containers WHERE name <> 'web' ORDER BY name")
    assert found == [
        (name, name) for name in ("created", "dead", "exited", "paused", "removing", "restarting")
    ]


@pytest.mark.parametrize(
    ("limits", "cpus", "memory"),
    [
        ({}, 0.0, 0),
        ({"nano_cpus": 1_500_000_000, "memory": 268_435_456}, 1.5, 268_435_456),
        ({"cpu_quota": 50_000, "cpu_period": 100_000}, 0.5, 0),
        # Without a period the kernel's 100 ms apply; -1 means unlimited.
        ({"cpu_quota": 200_000}, 2.0, 0),
        ({"cpu_quota": -1}, 0.0, 0),
    ],
)
def test_limits(
    endpoint: Endpoint, state: DockerState, limits: dict[str, int], cpus: float, memory: int
) -> None:
    state.recreate("web", **limits)
    assert endpoint.snapshot().sql("SELECT cpus, memory FROM containers") == [(cpus, memory)]


def test_environment_command_and_labels_are_not_kept(endpoint: Endpoint, state: DockerState) -> None:
    labels = {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "front",
        "proxy.auth": "admin:secret-label",
    }
    state.recreate("web", env=["DB_PASSWORD=secret-env"], labels=labels)
    state.odd_rows = [{"Id": "x", "Names": ["/odd"], "Command": "--password secret-command"}]
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT compose_project, compose_service, swarm_service FROM containers") == [
        ("shop", "front", None)
    ]
    for table in ("containers", "rejected", "scopes"):
        assert "secret" not in str(snapshot.sql(f"FROM {table}"))


def test_the_first_network_is_the_one_it_was_started_with(endpoint: Endpoint, state: DockerState) -> None:
    state.add_network("apps", "172.31.0.0/24", subnet6="fd00:31::/64")
    state.recreate("web", networks={"apps": 7, "front": 9}, network_mode=state.networks["front"].id)
    state.add("db", network_mode="default")
    found = endpoint.snapshot().sql(
        "SELECT container, position, network FROM container_interfaces ORDER BY ALL"
    )
    assert found == [("db", 0, "bridge"), ("web", 0, "front"), ("web", 1, "apps")]


def test_a_name_that_a_link_gives_is_not_its_own(endpoint: Endpoint, state: DockerState) -> None:
    row = {"Id": state.containers["web"].id, "State": "running", "Image": "nginx:1.27"}
    endpoint.lab.replace["/containers/json"] = [{**row, "Names": ["/proxy/backend", "/web"]}]
    assert endpoint.snapshot().sql("SELECT name FROM containers") == [("web",)]


def test_a_container_that_is_made_anew_while_it_is_read(endpoint: Endpoint, state: DockerState) -> None:
    """The list has its old id, and its name now leads to the new one."""
    listed = {"Id": state.containers["web"].id, "Names": ["/web"], "State": "running", "Image": "nginx:1.27"}
    endpoint.lab.replace["/containers/json"] = [listed]
    again = state.recreate("web", image="nginx:1.28")
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT name, id, image FROM containers") == [("web", again.id, "nginx:1.28")]
    assert snapshot.manifest.complete


def test_a_container_that_goes_while_it_is_read(endpoint: Endpoint, state: DockerState) -> None:
    listed = {"Id": state.containers["web"].id, "Names": ["/web"], "State": "running", "Image": "nginx:1.27"}
    endpoint.lab.replace["/containers/json"] = [listed]
    state.remove("web")
    snapshot = endpoint.snapshot()
    assert snapshot.sql("FROM containers") == []
    assert snapshot.gaps() == []


def test_a_container_that_is_gone_is_asked_for_by_its_name(endpoint: Endpoint, state: DockerState) -> None:
    state.add("db")
    endpoint.snapshot()
    state.remove("db")
    snapshot = endpoint.snapshot()
    assert "/v1.51/containers/db/json" in [request.path for request in endpoint.lab.requests]
    assert snapshot.gaps() == []


def test_a_container_that_is_only_hidden_is_not_gone(endpoint: Endpoint, state: DockerState) -> None:
    state.add("db")
    endpoint.snapshot()
    state.hidden.add("db")
    hidden = [
        ("container", "db", "container db is not listed, but it exists"),
        ("containers", "*", "the daemon says that it has 2 containers, and lists 1"),
    ]
    assert sorted(endpoint.snapshot().gaps()) == hidden
    # And it is asked for the next time too.
    assert sorted(endpoint.snapshot().gaps()) == hidden


def test_a_host_without_containers(endpoint: Endpoint, state: DockerState) -> None:
    state.remove("web")
    snapshot = endpoint.snapshot()
    sentence = "the daemon lists no container at all; if that is right, sync with --accept-shrink"
    assert snapshot.gaps() == [("containers", "*", sentence)]
    assert snapshot.manifest.complete
    assert endpoint.snapshot(accept_shrink=True).gaps() == []


def test_a_host_that_lost_most_of_its_containers(endpoint: Endpoint, state: DockerState) -> None:
    for number in range(11):
        state.add(f"app{number}")
    endpoint.snapshot()
    for number in range(6):
        state.remove(f"app{number}")
    snapshot = endpoint.snapshot()
    assert not snapshot.manifest.complete
    assert ("table", "containers", "containers: 6 of 12 rows of the last good snapshot") in snapshot.gaps()


@pytest.mark.parametrize(
    ("api", "oldest", "prefix"),
    [
        ("1.41", "1.12", "/v1.41/"),
        ("1.55", "1.44", "/v1.55/"),
        ("1.60", "1.44", "/v1.55/"),
        ("1.25", "1.12", "/v1.25/"),
    ],
)
def test_the_newest_version_that_both_know(
    serve: Callable[..., Endpoint], api: str, oldest: str, prefix: str
) -> None:
    state = DockerState(api=api, oldest_api=oldest)
    state.add("web")
    endpoint = serve(state)
    assert endpoint.snapshot().manifest.complete
    paths = {request.path for request in endpoint.lab.requests} - {"/version"}
    assert all(path.startswith(prefix) for path in paths)
