"""Machines that move to a cluster whose site is changed in the same plan, or is that of its location."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, guest, machine, told


def _cluster(*disowned: str, **place: Any) -> Estate:
    """The cluster paris, which NetBox has as cluster 1 in this place, whose node is in Paris; and the cluster lyon."""
    owned = ("virtual_machines.cluster", "virtual_machines.site", "clusters.scope")
    estate = Estate(
        "proxmox",
        scope="paris",
        defaults={"site": "Paris"},
        policies={
            **GENEROUS,
            "owns": [name for name in owned if name not in disowned],
            "disowns": list(disowned),
        },
    )
    estate.add("proxmox.cluster", name="paris", standalone=False, quorate=True)
    estate.add("proxmox.nodes", node="pve1", online=True)
    estate.add("netbox.clusters", id=1, name="paris", **place)
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
    return estate


def _moves(*disowned: str, **place: Any) -> dict[str, tuple[Any, str | None]]:
    """{key: (site that is written, reason)} of machines of cluster lyon that move to cluster paris in this place."""
    estate = _cluster(*disowned, **place)
    for number, name, site in ((5, "Hall 1", 1), (6, "Hall 2", 2)):
        estate.add("netbox.locations", id=number, name=name, slug=f"hall-{site}", site_id=site)
    estate.add("netbox.clusters", id=2, name="lyon", scope_type="dcim.site", scope_id=2)
    for number, name, site in ((1, "erp", 2), (2, "web", 1), (3, "dns", None)):
        guest(estate, 100 + number, name, node=None)
        machine(estate, number, name, 100 + number, cluster_id=2, site_id=site)
    return {
        row.key: ((row.fields.get("site") or {}).get("name"), row.reason)
        for row in estate.rows()
        if row.resource == "virtual_machines" and "cluster" in row.fields
    }


@pytest.mark.parametrize(
    "place",
    [{}, {"scope_type": "dcim.site", "scope_id": 2}, {"scope_type": "dcim.location", "scope_id": 5}],
)
def test_a_machine_gets_the_site_that_its_new_cluster_will_have(place: dict[str, Any]) -> None:
    """The plan gives the cluster the site Paris, or it is in a hall there."""
    assert _moves(**place) == {"erp": ("Paris", None), "web": (None, None), "dns": ("Paris", None)}


@pytest.mark.parametrize(
    "place", [{"scope_type": "dcim.site", "scope_id": 2}, {"scope_type": "dcim.location", "scope_id": 6}]
)
def test_a_machine_gets_the_site_of_a_cluster_that_keeps_its_scope(place: dict[str, Any]) -> None:
    found = _moves("clusters.scope", **place)
    assert found == {"erp": (None, None), "web": ("Lyon", None), "dns": ("Lyon", None)}


def test_a_machine_moves_to_no_cluster_whose_new_site_is_not_written() -> None:
    estate = _cluster()
    estate.add(
        "netbox.devices", id=1, name="pve1", cf={"proxmox_node": {"paris": "pve1"}}, site_id=1, cluster_id=1
    )
    estate.add("netbox.devices", id=2, name="pve2", site_id=2, cluster_id=1)
    estate.add("netbox.clusters", id=2, name="lyon", scope_type="dcim.site", scope_id=2)
    guest(estate, 101, "erp", node=None)
    machine(estate, 1, "erp", 101, cluster_id=2, site_id=2)
    scope = "scope: devices of this cluster are at other sites in NetBox: pve2"
    assert told(estate, "clusters", "virtual_machines") == {
        "paris": ("update", scope),
        "erp": (
            "update",
            f'cluster: the scope of cluster paris is not changed; clusters "paris" is update ({scope}); '
            "site: it goes with cluster paris, which is not written",
        ),
    }


def _scope_reason(*disowned: str, **place: Any) -> str | None:
    """The reason of the row of cluster paris, which has three machines in NetBox: in Paris, in Lyon and nowhere."""
    estate = _cluster(*disowned, **place)
    for number, name, site in ((1, "erp", 1), (2, "web", 2), (3, "dns", None)):
        machine(estate, number, name, 100 + number, cluster_id=1, site_id=site)
    return next((row.reason for row in estate.rows() if row.resource == "clusters"), None)


def test_the_scope_of_a_cluster_says_which_machines_it_moves() -> None:
    said = "NetBox gives 2 of the virtual machines of paris the site Paris, together with the scope"
    assert _scope_reason() == said
    assert _scope_reason(scope_type="dcim.site", scope_id=2) == said


def test_a_cluster_whose_scope_stays_moves_no_machines() -> None:
    why = "status: NetBox has a value that netbox-sync did not write (policies.owns)"
    assert _scope_reason(scope_type="dcim.site", scope_id=1, status="staging") == why


def test_a_machine_without_a_site_gets_that_of_its_first_device() -> None:
    """NetBox gives it the device's site where its cluster has none; an undo takes back only what the row names."""
    estate = _cluster("clusters.scope")
    for number, name in ((1, "pve1"), (2, "pve2")):
        cf = {"proxmox_node": {"paris": name}}
        estate.add("netbox.devices", id=number, name=name, cf=cf, site_id=number, cluster_id=1)
    for number, name, place in ((1, "erp", {}), (2, "web", {"device_id": 2, "site_id": 2})):
        guest(estate, 100 + number, name)
        machine(estate, number, name, 100 + number, **place)
    found = {row.key: row.fields for row in estate.rows() if row.resource == "virtual_machines"}
    assert {
        key: [(fields.get(n) or {}).get("name") for n in ("device", "site")] for key, fields in found.items()
    } == {
        "erp": ["pve1", "Paris"],
        "web": ["pve1", "Paris"],
    }
