"""Clusters, devices and virtual machines whose site, location, rack and cluster NetBox takes only together: rules on rows.

The field becomes a conflict, and the rest of the row is written.
"""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, guest, machine, nic, sites, told


def _cluster(*owned: str, **content: Any) -> Estate:
    """The cluster paris, which NetBox has as cluster 1 in this place, and whose nodes are in Paris."""
    estate = Estate(
        "proxmox",
        scope="paris",
        defaults={"site": "Paris"},
        policies={**GENEROUS, "owns": ["virtual_machines.cluster", "virtual_machines.device", *owned]},
    )
    estate.add("proxmox.cluster", name="paris", standalone=False, quorate=True)
    estate.add("netbox.clusters", id=1, name="paris", **content)
    sites(estate)
    return estate


def _node(estate: Estate, number: int, name: str, **content: Any) -> None:
    estate.add("proxmox.nodes", node=name, online=True)
    estate.add("netbox.devices", id=number, name=name, cf={"proxmox_node": {"paris": name}}, **content)


def test_a_node_joins_no_cluster_in_netbox_that_is_in_another_place() -> None:
    estate = _cluster(scope_type="dcim.location", scope_id=5)
    estate.add("netbox.locations", id=5, name="Hall 1", slug="hall-1", site_id=1)
    _node(estate, 1, "pve1", site_id=2)
    _node(estate, 2, "pve2", site_id=1)
    assert told(estate, "devices") == {
        "pve1": (
            "update",
            "site: NetBox has a value that netbox-sync did not write (policies.owns); "
            "cluster: cluster paris is at another site than the device (Lyon); "
            "cluster paris is in another location than the device",
        ),
        "pve2": ("update", "cluster: cluster paris is in another location than the device"),
    }


def test_a_cluster_gets_no_site_while_a_device_of_it_is_at_another_one() -> None:
    estate = _cluster()
    _node(estate, 1, "pve1", site_id=1, cluster_id=1)
    estate.add("netbox.devices", id=2, name="pve2", site_id=2, cluster_id=1)
    assert told(estate, "clusters") == {
        "paris": ("update", "scope: devices of this cluster are at other sites in NetBox: pve2")
    }


def test_a_device_leaves_no_rack_behind_and_gets_no_platform_of_another_manufacturer() -> None:
    estate = Estate(
        "librenms",
        defaults={"site": "Paris"},
        policies={**GENEROUS, "owns": ["devices.site", "devices.device_type"]},
    )
    sites(estate)
    estate.add("netbox.racks", id=1, name="R1", site_id=2)
    for number, maker, model, system in ((1, "Cisco", "C9300", "ios"), (2, "Juniper", "EX4300", "junos")):
        estate.add("netbox.manufacturers", id=number, name=maker, slug=maker.lower())
        estate.add("netbox.device_types", id=number, model=model, slug=model.lower(), manufacturer_id=number)
        estate.add("netbox.platforms", id=number, name=system, slug=system, manufacturer_id=number)
    known: dict[str, Any] = {"site_id": 1, "device_type_id": 1}
    for number, shown, held in (
        (1, {}, {"site_id": 2, "rack_id": 1}),
        (2, {"os": "junos"}, {}),
        (3, {"hardware": "EX4300"}, {"platform_id": 1}),
    ):
        device(estate, number, f"sw{number}", **shown)
        ids = {"librenms_id": {"lib": number}}
        estate.add("netbox.devices", **{"id": number, "name": f"sw{number}", "cf": ids, **known, **held})
    assert told(estate, "devices") == {
        "sw1": ("update", "site: its rack R1 is at another site"),
        "sw2": ("update", "platform: platform junos is for another manufacturer than that of C9300"),
        "sw3": ("update", "device_type: its platform ios is for another manufacturer than that of EX4300"),
    }


def test_a_virtual_machine_moves_to_no_cluster_or_device_that_is_not_where_it_is() -> None:
    """erp and dns are at another site than the cluster; web is on a device of the cluster that it leaves;
    dns is not at the site of its device either."""
    estate = _cluster(scope_type="dcim.site", scope_id=1)
    estate.add("netbox.clusters", id=2, name="lyon")
    _node(estate, 1, "pve1", site_id=1, cluster_id=1)
    estate.add("netbox.devices", id=2, name="lyon1", site_id=2, cluster_id=2)
    for vmid, name, node in ((101, "erp", "pve1"), (102, "web", None), (103, "dns", "pve1")):
        guest(estate, vmid, name, node=node)
    machine(estate, 1, "erp", 101, site_id=2)
    machine(estate, 2, "web", 102, cluster_id=2, device_id=2)
    machine(estate, 3, "dns", 103, cluster_id=2, site_id=2, device_id=1)
    kept = "site: NetBox has a value that netbox-sync did not write (policies.owns); "
    apart = "it and its device pve1 are at different sites, and NetBox refuses every edit until one of them is moved"
    assert told(estate, "virtual_machines") == {
        "erp": ("update", f"{kept}device: it is at site Lyon, and device pve1 is at Paris"),
        "web": (
            "update",
            "cluster: its device lyon1 is not in cluster paris; site: it goes with cluster paris, which is not written",
        ),
        "dns": (
            "conflict",
            f"{kept}cluster: it is at site Lyon, and cluster paris is not; {apart}; start_on_boot: {apart}",
        ),
    }


def test_an_interface_gets_no_vlan_of_another_site_than_its_machine() -> None:
    """The cluster is in Lyon. erp stays in Paris; web has no site, and gets that of its cluster when it is saved; dns,
    which has none either, is not saved by this plan."""
    estate = _cluster(scope_type="dcim.site", scope_id=2)
    estate.add("netbox.vlans", id=20, vid=20, name="servers", site_id=2)
    for number, name, content in (
        (1, "erp", {"site_id": 1}),
        (2, "web", {"start_on_boot": "on"}),
        (3, "dns", {}),
    ):
        guest(estate, 100 + number, name, f"BC:24:11:00:00:0{number}")
        machine(estate, number, name, 100 + number, **{"start_on_boot": "off", **content})
        nic(estate, 10 + number, "eth0", number, f"BC:24:11:00:00:0{number}")
    guest(estate, 104, "new", "BC:24:11:00:00:04")
    machine(estate, 4, "new", 104, site_id=1, start_on_boot="off")
    estate.change("proxmox.guest_interfaces", tag=20)
    said = "VLAN 20 servers is at site Lyon, and the virtual machine at"
    mode = "mode: mode access is for VLANs that are not written"
    assert told(estate, "vm_interfaces") == {
        "erp net0": ("conflict", f"untagged_vlan: {said} site Paris; {mode}"),
        "dns net0": ("conflict", f"untagged_vlan: {said} no site; {mode}"),
        "new net0": ("blocked", f"untagged_vlan: {said} site Paris"),
    }
    assert {r.key: r.fields.get("untagged_vlan") for r in estate.rows() if r.resource == "vm_interfaces"}[
        "web net0"
    ] == {"id": 20, "name": "20 servers"}


def _described(estate: Estate, number: int, node: str = "pve1", **content: Any) -> None:
    """A guest with a new description; NetBox has it in cluster 1 on device 1."""
    guest(estate, number, f"vm{number}", node=node, description="Shop")
    machine(estate, number, f"vm{number}", number, **{"device_id": 1, "start_on_boot": "off", **content})


def test_a_virtual_machine_whose_device_has_left_its_cluster_is_edited_only_with_one_of_them() -> None:
    estate = _cluster()
    _node(estate, 2, "pve2", site_id=1, cluster_id=1)
    estate.add("netbox.clusters", id=2, name="other")
    estate.add("netbox.devices", id=1, name="old", cluster_id=2, site_id=1)
    _described(estate, 101)
    _described(estate, 102, "pve2")
    said = "it and its device old are in different clusters, and NetBox refuses every edit until one of them is moved"
    assert told(estate, "virtual_machines") == {"vm101": ("conflict", f"description: {said}")}
    assert [r.fields for r in estate.rows() if r.key == "vm102"] == [
        {"description": "Shop", "device": {"id": 2, "name": "pve2"}}
    ]


def test_a_virtual_machine_whose_device_has_moved_to_another_site_too() -> None:
    estate = _cluster()
    estate.add("netbox.devices", id=1, name="old", cluster_id=1, site_id=2)
    _described(estate, 101, site_id=1)
    _described(estate, 102, site_id=2)
    said = "it and its device old are at different sites, and NetBox refuses every edit until one of them is moved"
    assert told(estate, "virtual_machines") == {"vm101": ("conflict", f"description: {said}")}


def test_where_this_diff_moves_the_device_the_edit_comes_after_it_or_is_kept() -> None:
    estate = _cluster("devices.site")
    _node(estate, 1, "pve1", site_id=2, cluster_id=1)
    _described(estate, 101, site_id=1)
    _described(estate, 102, site_id=2)
    said = "it and its device pve1 are at different sites, and NetBox refuses every edit until one of them is moved"
    assert told(estate, "virtual_machines") == {"vm102": ("conflict", f"description: {said}")}


def _moving(*rules: tuple[str, str], **held: Any) -> list[tuple[str | None, dict[str, Any]]]:
    """(reason, what is written) of sw1, which is in Paris in rack R1, under rules that set these fields."""
    owned = [f"devices.{name}" for name in ("site", "rack", "location")]
    estate = Estate("librenms", policies={**GENEROUS, "owns": owned})
    sites(estate)
    estate.add("netbox.locations", id=5, name="Hall", slug="hall", site_id=1)
    estate.add("netbox.locations", id=6, name="Cellar", slug="cellar", site_id=1)
    estate.add("netbox.racks", id=1, name="R1", site_id=1)
    estate.add("netbox.racks", id=2, name="R2", site_id=1, location_id=5)
    device(estate, 1, "sw1")
    known: dict[str, Any] = {"id": 1, "name": "sw1", "status": "active", "site_id": 1, "rack_id": 1}
    estate.add("netbox.devices", **known | held, cf={"librenms_id": {"lib": 1}})
    for field, value in rules:
        estate.rule("devices.sql", f"SELECT key, '{field}' AS field, '{value}' AS value FROM desired.devices")
    return [(row.reason, row.fields) for row in estate.rows() if row.resource == "devices"]


LYON = {"id": 2, "name": "Lyon"}


def test_a_device_that_leaves_its_rack_can_move() -> None:
    away = [("site", "Lyon"), ("rack", "")]
    assert _moving(*away) == [(None, {"rack": None, "site": LYON})]
    # The location stays, so the site does too.
    assert _moving(*away, location_id=5) == [("site: its location Hall is at another site", {"rack": None})]
    assert _moving(*away, ("location", ""), location_id=5) == [
        (None, {"location": None, "rack": None, "site": LYON})
    ]


def test_a_device_gets_no_rack_of_another_location_than_its_new_one() -> None:
    assert _moving(("site", "Paris"), ("location", "Cellar"), ("rack", "R2"), rack_id=None) == [
        ("rack: rack R2 is in another location than the device", {"location": {"id": 6, "name": "Cellar"}})
    ]


def _joining(*owned: str, site: int, **content: Any) -> dict[str, tuple[str | None, list[str]]]:
    """{resource: (reason, fields)} of pve1 at this site, which is not yet in its cluster in NetBox."""
    estate = _cluster("clusters.scope", "clusters.status", *owned, status="active", **content)
    _node(estate, 1, "pve1", site_id=site, status="active")
    return {
        row.resource: (row.reason, sorted(row.fields))
        for row in estate.rows()
        if row.resource in ("clusters", "devices")
    }


def test_a_node_joins_a_cluster_that_moves_with_it() -> None:
    """NetBox takes a device into a cluster of the device's site only: the cluster's site after this plan."""
    lyon = {"scope_type": "dcim.site", "scope_id": 2}
    assert _joining(site=1, **lyon) == {"clusters": (None, ["scope"]), "devices": (None, ["cluster"])}
    assert _joining("devices.site", site=2, **lyon) == {
        "clusters": (None, ["scope"]),
        "devices": (None, ["cluster", "site"]),
    }
    assert _joining(site=2, **lyon) == {
        "clusters": (None, ["scope"]),
        "devices": (
            "site: NetBox has a value that netbox-sync did not write (policies.owns); "
            "cluster: cluster paris is at another site than the device (Lyon)",
            [],
        ),
    }


def test_a_node_that_leaves_the_site_of_its_new_cluster_does_not_join_it() -> None:
    estate = Estate(
        "proxmox", scope="paris", defaults={"site": "Paris"}, policies={**GENEROUS, "owns": ["devices.site"]}
    )
    estate.add("proxmox.cluster", name="paris", standalone=False, quorate=True)
    estate.add("netbox.clusters", id=1, name="paris", scope_type="dcim.site", scope_id=2)
    sites(estate)
    _node(estate, 1, "pve1", site_id=2, status="active")
    assert [(row.reason, sorted(row.fields)) for row in estate.rows() if row.resource == "devices"] == [
        ("cluster: cluster paris is at another site than the device (Paris)", ["site"])
    ]


def test_a_node_joins_its_cluster_after_the_cluster_has_moved() -> None:
    """Without the cluster's row it is not written either."""
    estate = _cluster("clusters.scope", scope_type="dcim.site", scope_id=2)
    _node(estate, 1, "pve1", site_id=1, status="active")
    estate.add("netbox.devices", id=2, name="pve2", site_id=2, cluster_id=1)
    assert told(estate, "clusters", "devices") == {
        "paris": ("update", "scope: devices of this cluster are at other sites in NetBox: pve2"),
        "pve1": (
            "conflict",
            'cluster: the scope of cluster paris is not changed; clusters "paris" is update '
            "(scope: devices of this cluster are at other sites in NetBox: pve2)",
        ),
    }
