"""A snapshot of one container: its rows are read, the others are those of the last snapshot."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_lab.docker import DockerState
from tests.sources.docker.conftest import Endpoint


def images(snapshot: object) -> list[tuple[str, str]]:
    return snapshot.sql("SELECT name, image FROM containers ORDER BY ALL")  # type: ignore[attr-defined, no-any-return]


def test_only_that_container_is_read(endpoint: Endpoint, state: DockerState) -> None:
    state.add("db", "front")
    whole = endpoint.snapshot()
    for name in ("web", "db"):
        state.containers[name].image = "new"
    endpoint.lab.requests.clear()
    part = endpoint.snapshot(only="web")
    assert (part.manifest.only, part.manifest.complete) == ("web", True)
    assert part.manifest.whole_started == whole.manifest.started
    before = dict(images(whole))
    assert images(part) == [("db", before["db"]), ("web", "new")]
    inspected = [request.path for request in endpoint.lab.requests if request.path.endswith("/json")]
    assert (
        len([path for path in inspected if "/containers/" in path and not path.endswith("containers/json")])
        == 1
    )
    assert part.sql("SELECT container FROM container_interfaces ORDER BY ALL") == [("db",), ("web",)]


def test_a_container_that_is_gone_leaves_the_others(endpoint: Endpoint, state: DockerState) -> None:
    state.add("db", "front")
    endpoint.snapshot()
    state.containers.clear()
    part = endpoint.snapshot(only="db")
    assert [name for name, _ in images(part)] == ["web"]
    assert part.sql("SELECT container FROM container_addresses") == [("web",)]


def test_before_the_first_whole_snapshot_nothing_else_looks_removed(endpoint: Endpoint) -> None:
    part = endpoint.snapshot(only="web")
    assert part.gaps() == [("containers", "*", "only container web was read; run: netbox-sync sync docker1")]


def test_an_unknown_name_and_another_daemon_are_refused(endpoint: Endpoint, state: DockerState) -> None:
    endpoint.snapshot()
    with pytest.raises(ServerError, match=r"endpoint 'docker1'.*no container 'mail'; check the name"):
        endpoint.snapshot(only="mail")
    state.daemon_id = "another"
    with pytest.raises(ServerError, match="another daemon than the one that was read last"):
        endpoint.snapshot(only="web")
