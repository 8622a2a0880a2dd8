"""Containers that options leave out or label, and the address of one that is gone: rules on rows."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import DELETABLE, address, nic

VM = "virtualization.vminterface"


def host(**endpoint: Any) -> Estate:
    """A Docker host, whose cluster NetBox has."""
    estate = Estate("docker", **endpoint)
    estate.add("docker.host", name="docker1", id="X")
    estate.add("netbox.clusters", id=1, name="lib")
    return estate


def container(estate: Estate, name: str, **content: Any) -> None:
    estate.add(
        "docker.containers",
        **{"id": name, "name": name, "image": "nginx", "state": "running", "inspected": True, **content},
    )


def machines(estate: Estate) -> list[tuple[str, str]]:
    return [(r.action, r.key) for r in estate.rows() if r.resource == "virtual_machines"]


def test_containers_that_docker_removes_are_left_out_by_an_option() -> None:
    found = {}
    for option in (True, False):
        estate = host(auto_removed_containers=option)
        container(estate, "web")
        container(estate, "job", auto_remove=True)
        found[option] = (machines(estate), estate.left_out())
    assert found == {
        True: ([("create", "job"), ("create", "web")], []),
        False: (
            [("create", "web")],
            [
                (
                    "virtual_machines",
                    "job",
                    "Docker removes it when it stops; auto_removed_containers is off",
                )
            ],
        ),
    }


def test_an_old_task_of_a_swarm_service_is_not_a_second_machine() -> None:
    estate = host()
    container(estate, "shop.1")
    container(estate, "shop.1.abc", state="exited", replaced_by="shop.1")
    assert machines(estate) == [("create", "shop.1")]
    assert estate.left_out() == [
        ("virtual_machines", "shop.1.abc", "another task of the swarm service has the place shop.1")
    ]


def test_project_and_service_of_compose_become_tags_by_an_option() -> None:
    found = {}
    for option in (True, False):
        estate = host(compose_tags=option)
        container(estate, "shop-web-1", compose_project="Shop", compose_service="web")
        container(estate, "plain")
        rows = estate.rows()
        found[option] = (
            {r.key: r.fields.get("tags") for r in rows if r.resource == "virtual_machines"},
            [r.fields["name"] for r in rows if r.resource == "tags"],
        )
    assert found == {
        True: ({"plain": None, "shop-web-1": ["shop", "web"]}, ["shop", "web"]),
        False: ({"plain": None, "shop-web-1": None}, []),
    }


def test_two_services_of_one_slug_are_two_tags() -> None:
    estate = host(compose_tags=True)
    container(estate, "a", compose_project="shop", compose_service="web.prod")
    container(estate, "b", compose_project="shop", compose_service="web-prod")
    container(estate, "c", compose_project="web_prod")
    rows = estate.rows()
    assert {r.fields["name"]: r.fields["slug"] for r in rows if r.resource == "tags"} == {
        "shop": "shop",
        "web-prod": "web-prod",
        "web.prod": "web-dot-prod",
        "web_prod": "web_prod",
    }
    assert {r.key: r.fields["tags"] for r in rows if r.resource == "virtual_machines"} == {
        "a": ["shop", "web-dot-prod"],
        "b": ["shop", "web-prod"],
        "c": ["web_prod"],
    }


def test_the_address_of_a_container_that_is_deleted_goes_to_the_new_one() -> None:
    estate = host(policies={"delete": DELETABLE})
    container(estate, "new")
    estate.add("docker.container_interfaces", container="new", network="front", position=0, attached=True)
    estate.add(
        "docker.container_addresses",
        container="new",
        network="front",
        family=4,
        address="172.30.0.2",
        canonical="172.30.0.2",
        prefixlen=24,
    )
    estate.add(
        "netbox.virtual_machines",
        id=1,
        name="old",
        cluster_id=1,
        status="active",
        tags=[],
        primary_ip4_id=31,
        cf={"docker_host": "lib", "docker_container": "old"},
    )
    nic(estate, 11, "front", 1)
    address(estate, 31, "172.30.0.2", on=11, kind=VM)
    for kind, number in (
        ("virtualization/virtual-machines", 1),
        ("virtualization/interfaces", 11),
        ("ipam/ip-addresses", 31),
    ):
        estate.ours(kind, number)
    assert [(r.action, r.key, r.reason) for r in estate.rows() if "ip" in r.resource] == [
        ("create", "172.30.0.2", "NetBox has it on old front, where this plan deletes it first"),
        (
            "delete",
            "172.30.0.2/24 on old [container old] front",
            "goes with its virtual machine: container old is no longer in Docker",
        ),
        ("update", "new IPv4", None),
    ]
