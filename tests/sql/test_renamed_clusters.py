"""Clusters that got another name, in NetBox or in the source: the same cluster, and the same guests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import guest, mac, machine, nic, paris

CREATE: dict[str, Any] = {
    "policies": {"create": ["cluster_types", "clusters", "device_roles", "virtual_machines"]}
}
NOT_OURS = "name: NetBox has a value that netbox-sync did not write (policies.owns)"


def of(estate: Estate, resource: str) -> list[Row]:
    return [row for row in estate.rows() if row.resource == resource]


def written_name(estate: Estate, netbox_id: int, name: str) -> None:
    """This product gave the cluster this name."""
    estate.ours("virtualization/clusters", netbox_id)
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type="virtualization/clusters",
        netbox_id=netbox_id,
        field="name",
        value=f'"{name}"',
    )


def known(estate: Estate, number: int, cluster: str, held: str, **content: Any) -> None:
    """A guest that NetBox has in a cluster of another name."""
    guest(estate, 100 + number, f"web{number}", mac(number), **content)
    machine(estate, number, f"web{number}", None, cf={"proxmox_cluster": held, "proxmox_vmid": 100 + number})
    nic(estate, number * 10, "eth0", number, mac(number))
    estate.change("netbox.clusters", 1, name=cluster)


def test_a_cluster_that_someone_renamed_in_netbox_is_known_by_its_guests() -> None:
    estate = paris(**CREATE)
    known(estate, 1, "Paris DC", "paris")
    assert [(row.action, row.netbox_id, row.reason, row.fields) for row in of(estate, "clusters")] == [
        ("update", 1, NOT_OURS, {"type": {"key": "proxmox-ve", "name": "Proxmox VE", "ref": "cluster_types"},
                                 "status": "active"})
    ]  # fmt: skip
    assert "cluster" not in of(estate, "virtual_machines")[0].fields


def test_a_cluster_that_someone_renamed_in_netbox_is_known_by_the_name_that_it_was_given() -> None:
    estate = paris(**CREATE)
    estate.change("netbox.clusters", 1, name="Paris DC")
    written_name(estate, 1, "paris")
    assert [(row.action, row.netbox_id, row.reason) for row in of(estate, "clusters")] == [
        ("update", 1, "name: changed in NetBox since netbox-sync wrote it; the source is unchanged")
    ]


@pytest.mark.parametrize("why", ["guests of two clusters", "guests in two clusters", "another has the name"])
def test_another_cluster_is_not_taken_for_it(why: str) -> None:
    estate = paris(**CREATE)
    known(estate, 1, "Paris DC", "paris")
    if why == "guests of two clusters":
        machine(estate, 2, "other", None, cf={"proxmox_cluster": "lyon", "proxmox_vmid": 100})
    elif why == "guests in two clusters":
        estate.add("netbox.clusters", id=2, name="Lab")
        guest(estate, 102, "web2")
        machine(estate, 2, "web2", 102, cluster_id=2)
    else:
        estate.add("netbox.clusters", id=2, name="PARIS")
    assert [(row.action, row.netbox_id) for row in of(estate, "clusters")] == [
        ("update", 2) if why == "another has the name" else ("create", None)
    ]


def test_a_docker_host_whose_cluster_someone_renamed() -> None:
    estate = Estate("docker", scope="whale", **CREATE)
    estate.add(
        "docker.containers", name="web", given_name="web", id="a" * 64, state="running", inspected=True
    )
    estate.add("netbox.clusters", id=1, name="Whales")
    machine(estate, 1, "web", None, cf={"docker_host": "whale", "docker_container": "web"})
    assert [(row.action, row.key, row.netbox_id) for row in of(estate, "clusters")] == [
        ("update", "whale", 1)
    ]


def test_guests_stay_the_same_if_the_configuration_renames_the_cluster() -> None:
    """The cluster is called "paris" now (cluster_name, or a rename in Proxmox); NetBox's is renamed along."""
    estate = paris(**CREATE)
    known(estate, 1, "paris", "cluster1")
    # Renamed too, but the MAC address and the vmid are the same.
    known(estate, 2, "paris", "cluster1")
    estate.change("netbox.virtual_machines", 2, name="old")
    # This vmid is another guest's: neither its name nor its MAC address.
    known(estate, 3, "paris", "cluster1")
    estate.change("netbox.virtual_machines", 3, name="gone")
    estate.change("netbox.mac_addresses", 30, mac_address=mac(99))
    assert {
        row.key: (row.action, row.netbox_id, row.fields.get("cf.proxmox_cluster"))
        for row in of(estate, "virtual_machines")
    } == {
        "web1": ("update", 1, "paris"),
        "web2": ("update", 2, "paris"),
        "web3": ("create", None, "paris"),
    }


@pytest.mark.parametrize("joined", [True, False])
def test_a_standalone_node_that_joins_a_cluster_brings_its_guests(joined: bool) -> None:
    """A standalone node is a cluster of its name, so its guests have another cluster now."""
    estate = paris(**CREATE)
    estate.add("proxmox.nodes", node="pve2" if joined else "pve1", online=True)
    known(estate, 1, "pve2", "pve2", node="pve2" if joined else "pve1")
    found = of(estate, "virtual_machines")[0]
    if joined:
        assert (found.action, found.netbox_id, found.reason) == (
            "update",
            1,
            "moves here from web1 (id 1) of the cluster pve2, vmid 101",
        )
        assert found.fields["cluster"] == {"key": "paris", "name": "paris", "ref": "clusters"}
    else:
        assert (found.action, found.reason) == (
            "conflict",
            "NetBox has a guest of this name and these MAC addresses, web1 (id 1) of the cluster pve2, vmid 101, which no"
            " endpoint of this configuration reads: if it has moved, enter its new cluster and vmid in NetBox",
        )


def docker_host(*clusters: str, held: str = "whale") -> Estate:
    """The Docker endpoint was called "whale", and is "orca" now; NetBox has its containers in the first of the clusters."""
    estate = Estate("docker", scope="orca", **CREATE)
    for number, name in enumerate(("web", "db"), 1):
        estate.add(
            "docker.containers", name=name, given_name=name, id=name * 32, state="running", inspected=True
        )
        machine(estate, number, name, None, cf={"docker_host": held, "docker_container": name})
    machine(estate, 3, "old", None, cf={"docker_host": held, "docker_container": "old"})
    for number, name in enumerate(clusters, 1):
        estate.add("netbox.clusters", id=number, name=name)
    return estate


QUESTION = (
    "it may be whale (id 1), which has 2 of its guests in NetBox, as guests of whale: if it is, give it the name orca in"
    " NetBox, or set cluster_name: whale; if not, create orca in NetBox"
)


def test_a_docker_endpoint_that_was_renamed_is_a_question() -> None:
    estate = docker_host("whale")
    assert [(r.resource, r.action, r.reason) for r in estate.rows() if r.key == "orca"] == [
        ("clusters", "conflict", QUESTION)
    ]
    assert {r.action for r in of(estate, "virtual_machines")} == {"blocked"}
    asked = estate.questions()["clusters", "orca", ""][1]
    estate.answer("clusters", "orca", "pick", asked, netbox_id=1)
    assert [(r.action, r.netbox_id, r.fields["cf.docker_host"]) for r in of(estate, "virtual_machines")] == [
        ("update", 2, "orca"),
        ("update", 1, "orca"),
    ]


def test_a_docker_endpoint_that_was_renamed_with_its_cluster_has_its_containers() -> None:
    estate = docker_host("orca")
    assert [(r.action, r.netbox_id, r.fields["cf.docker_host"]) for r in of(estate, "virtual_machines")] == [
        ("update", 2, "orca"),
        ("update", 1, "orca"),
    ]
    # A person moved these from the cluster of another host.
    assert {r.action for r in of(docker_host("orca", "whale"), "virtual_machines")} == {"conflict"}


@pytest.mark.parametrize("why", ["of another endpoint", "few of them"])
def test_a_cluster_of_other_guests_is_another_one(why: str) -> None:
    estate = docker_host("whale")
    if why == "few of them":
        for number in (4, 5):
            machine(estate, number, "x", None, cf={"docker_host": "whale", "docker_container": f"x{number}"})
    else:
        other = Estate("docker").config.endpoints[0].model_copy(update={"name": "whale"})
        endpoints = [*estate.config.endpoints, other]
        estate.config = estate.config.model_copy(update={"endpoints": endpoints})
        estate.add(
            "ledger.last_written",
            **{"endpoint": "whale", "object_type": "virtualization/virtual-machines", "netbox_id": 1},
            **{"field": "cf.docker_host", "value": '"whale"'},
        )
    assert [(r.action, r.netbox_id) for r in of(estate, "clusters")] == [("create", None)]


def test_a_proxmox_cluster_that_was_renamed_is_a_question() -> None:
    estate = paris(**CREATE)
    known(estate, 1, "cluster1", "cluster1")
    asked = estate.questions()["clusters", "paris", ""][1]
    estate.answer("clusters", "paris", "pick", asked, netbox_id=1)
    assert [
        (r.action, r.netbox_id, r.fields["cf.proxmox_cluster"]) for r in of(estate, "virtual_machines")
    ] == [("update", 1, "paris")]


def entered_by_hand(*names: str, shown: tuple[str, ...] = ("web1", "web2")) -> Estate:
    """NetBox has a cluster of another name with guests that nobody but people has written."""
    estate = paris(**CREATE)
    estate.change("netbox.clusters", 1, name="Berlin PVE")
    for number, name in enumerate(shown, 1):
        guest(estate, 100 + number, name, mac(number))
    for number, name in enumerate(names, 1):
        machine(estate, number, name, None)
    return estate


def test_a_cluster_that_people_entered_under_another_name_is_a_question() -> None:
    estate = entered_by_hand("WEB1", "web2", "old")
    assert [(r.action, r.netbox_id, r.reason) for r in of(estate, "clusters")] == [
        (
            "conflict",
            None,
            "it may be Berlin PVE (id 1), which has 2 guests of the same names in NetBox: if it is, give it the name"
            " paris in NetBox, or set cluster_name: Berlin PVE; if not, create paris in NetBox",
        )
    ]
    # The guests ask too; the answer about the cluster answers them all.
    assert {r.action for r in of(estate, "virtual_machines")} == {"conflict"}
    asked = estate.questions()["clusters", "paris", ""][1]
    estate.answer("clusters", "paris", "pick", asked, netbox_id=1)
    assert {r.key: (r.action, r.netbox_id) for r in of(estate, "virtual_machines")} == {
        "web1": ("update", 1),
        "web2": ("update", 2),
    }


@pytest.mark.parametrize("why", ["one guest alone", "fewer than half", "another endpoint wrote it"])
def test_a_cluster_with_too_few_of_its_guests_is_another_one(why: str) -> None:
    names = {"one guest alone": ["web1"], "fewer than half": ["web1", "web2", "a", "b", "c"]}
    estate = entered_by_hand(*names.get(why, ["web1", "web2"]))
    if why == "another endpoint wrote it":
        estate.add(
            "ledger.last_written",
            endpoint="berlin",
            object_type="virtualization/clusters",
            netbox_id=1,
            field="name",
            value='"Berlin PVE"',
        )
    assert [(r.action, r.netbox_id) for r in of(estate, "clusters")] == [("create", None)]


def test_the_cluster_of_a_docker_host_that_people_entered_under_another_name_is_a_question() -> None:
    estate = Estate("docker", scope="orca", **CREATE)
    for number, name in enumerate(("web", "db"), 1):
        estate.add(
            "docker.containers", name=name, given_name=name, id=name * 32, state="running", inspected=True
        )
        machine(estate, number, name, None, cf={})
    estate.add("netbox.clusters", id=1, name="Containers")
    [asked] = of(estate, "clusters")
    assert (asked.action, (asked.reason or "")[:82]) == (
        "conflict",
        "it may be Containers (id 1), which has 2 guests of the same names in NetBox: if it",
    )
    assert {row.action for row in of(estate, "virtual_machines")} == {"blocked"}
    estate.answer("clusters", "orca", "pick", estate.questions()["clusters", "orca", ""][1], netbox_id=1)
    assert [(row.action, row.netbox_id) for row in of(estate, "virtual_machines")] == [
        ("update", 2),
        ("update", 1),
    ]
