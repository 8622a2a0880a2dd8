"""The device or virtual machine on which a Docker engine runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, interface


def engine(name: str | None = "docker1.example.com", **endpoint: Any) -> Estate:
    """A host with one container, whose cluster NetBox has."""
    estate = Estate("docker", **{"policies": GENEROUS, **endpoint})
    estate.add("docker.host", name=name, id="x")
    estate.add("docker.containers", id="a" * 64, name="web", state="running", inspected=True, image="nginx")
    estate.add("netbox.clusters", id=1, name="lib")
    estate.add("netbox.device_roles", id=1, name="Container", slug="container")
    return estate


def device(estate: Estate, number: int, name: str, cluster: int | None = None, **content: Any) -> None:
    estate.add(
        "netbox.devices", id=number, name=name, cluster_id=cluster, status="active", serial="ABC", **content
    )


def rows(estate: Estate) -> list[tuple[str, str, Any]]:
    """(action, key, device or cluster or reason) of devices and containers."""
    return [
        (r.action, r.key, r.reason or r.fields.get("device") or r.fields.get("cluster"))
        for r in estate.rows()
        if r.resource in ("devices", "virtual_machines")
    ]


def skipped(estate: Estate) -> list[tuple[str, str]]:
    return [(key, reason) for resource, key, reason in estate.left_out() if resource == "devices"]


CLUSTER = {"id": 1, "name": "lib"}


@pytest.mark.parametrize(
    ("reported", "host", "name"),
    [
        ("docker1.example.com", None, "Docker1.example.com"),
        ("docker1.example.com", None, "docker1"),
        ("docker1", None, "docker1.example.com"),
        ("a1b2c3", "docker1", "docker1"),
        (None, "docker1", "docker1"),
    ],
)
def test_containers_are_on_the_device_of_the_host(reported: str | None, host: str | None, name: str) -> None:
    estate = engine(reported, host=host)
    device(estate, 5, name)
    interface(estate, 51, "eno1", device=5)
    assert rows(estate) == [
        ("update", name, CLUSTER),
        ("create", "web", {"id": 5, "name": name}),
    ]
    assert (skipped(estate), {r.resource for r in estate.rows() if r.netbox_id == 51}) == ([], set())


def test_a_device_that_is_in_the_cluster_already() -> None:
    estate = engine()
    device(estate, 5, "docker1", cluster=1)
    assert rows(estate) == [("create", "web", {"id": 5, "name": "docker1"})]


def test_a_node_of_another_cluster_keeps_it() -> None:
    estate = engine()
    estate.add("netbox.clusters", id=2, name="paris")
    device(estate, 5, "docker1", cluster=2)
    assert rows(estate) == [("create", "web", CLUSTER)]
    assert skipped(estate) == [
        (
            "docker1.example.com",
            "the host docker1 is in the cluster paris; NetBox takes the device of a container only from the containers'"
            " cluster",
        )
    ]


def test_a_host_that_is_a_virtual_machine() -> None:
    estate = engine()
    estate.add("netbox.virtual_machines", id=7, name="docker1", cluster_id=2, tags=[])
    estate.add(
        "netbox.virtual_machines", id=8, name="web", cluster_id=1, tags=[], cf={"docker_container": "docker1"}
    )
    assert skipped(estate) == [
        (
            "docker1.example.com",
            "the host is the virtual machine docker1 (id 7); NetBox has no field for that on its containers",
        )
    ]


def test_a_host_that_netbox_does_not_know() -> None:
    assert (rows(engine()), skipped(engine())) == ([("create", "web", CLUSTER)], [])
    assert skipped(engine(host="docker9")) == [
        ("docker9", "NetBox has no device or virtual machine with the name of the host: docker9")
    ]


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (False, "several NetBox devices could be this one: docker1 (name)"),
        (True, "NetBox has a virtual machine of this name and no other evidence: docker1"),
    ],
)
def test_two_candidates_are_a_conflict(machine: bool, reason: str) -> None:
    estate = engine()
    device(estate, 5, "docker1")
    if machine:
        estate.add("netbox.virtual_machines", id=7, name="docker1", cluster_id=2, tags=[])
    else:
        device(estate, 6, "docker1", site_id=2)
    assert rows(estate) == [("conflict", "docker1", reason), ("create", "web", CLUSTER)]
