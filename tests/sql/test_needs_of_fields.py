"""Fields that NetBox takes only together with others, where the other is not written: rules on rows.

The field becomes a conflict, and the rest of the row is written.
"""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, guest, interface, machine, nic, paris, port, switch, told

OURS = [f"interfaces.{name}" for name in ("type", "mode", "untagged_vlan", "tagged_vlans", "parent", "lag")]
TYPES = {"propVirtual": "virtual", "ieee8023adLag": "lag", "ethernetCsmacd": "1000base-t"}


def _ports(*disowned: str) -> Estate:
    """sw1 with two VLANs and without ports; all of an interface is ours but for these fields."""
    types = [{"ifType": word, "type": name} for word, name in TYPES.items()]
    estate = switch(
        policies={**GENEROUS, "owns": OURS, "disowns": [f"interfaces.{name}" for name in disowned]},
        mappings={"interface_types": types},
    )
    estate.add("librenms.system", local_ver="26.7.0")
    for number, vid in ((1, 10), (2, 20)):
        estate.add("netbox.vlans", id=number, vid=vid, name=f"VLAN {vid}")
    return estate


def _vlans(estate: Estate, port_id: int, untagged: int, *tagged: int) -> None:
    for vid in (untagged, *tagged):
        estate.add("librenms.port_vlans", device_id=1, port_id=port_id, vlan=vid, untagged=vid == untagged)


def _sites(estate: Estate) -> None:
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())


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
    _sites(estate)
    return estate


def _node(estate: Estate, number: int, name: str, **content: Any) -> None:
    estate.add("proxmox.nodes", node=name, online=True)
    estate.add("netbox.devices", id=number, name=name, cf={"proxmox_node": {"paris": name}}, **content)


def test_vlans_are_not_put_on_a_port_whose_mode_is_left_to_people() -> None:
    estate = _ports("mode")
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", mode="")
    _vlans(estate, 1, 10)
    port(estate, 2, "Gi0/2")
    interface(estate, 12, "Gi0/2", mode="access", untagged_vlan_id=1)
    _vlans(estate, 2, 10, 20)
    assert told(estate, "interfaces") == {
        "sw1 Gi0/1": (
            "update",
            "mode: policies.disowns names it; untagged_vlan: the interface has no 802.1Q mode in NetBox",
        ),
        "sw1 Gi0/2": (
            "update",
            "mode: policies.disowns names it; tagged_vlans: the interface is not in mode tagged in NetBox",
        ),
    }


def test_the_mode_is_not_changed_where_the_vlans_are_left_to_people() -> None:
    estate = _ports("tagged_vlans", "untagged_vlan")
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", mode="tagged", tagged_vlan_ids=[2])
    _vlans(estate, 1, 10)
    assert told(estate, "interfaces")["sw1 Gi0/1"] == (
        "update",
        "untagged_vlan: policies.disowns names it; tagged_vlans: policies.disowns names it; mode: the interface has "
        'tagged VLANs in NetBox, which mode "access" does not allow',
    )
    guests = paris(
        policies={"owns": ["vm_interfaces.mode"], "disowns": ["vm_interfaces.untagged_vlan"]},
    )
    guest(guests, 101, "erp", "BC:24:11:00:00:01")
    machine(guests, 1, "erp", 101)
    nic(guests, 11, "eth0", 1, "BC:24:11:00:00:01", mode="access", untagged_vlan_id=1)
    guests.add("netbox.vlans", id=1, vid=10, name="users")
    assert told(guests, "vm_interfaces") == {
        "erp net0": (
            "conflict",
            "untagged_vlan: policies.disowns names it; mode: the interface has an untagged VLAN in NetBox",
        )
    }


def test_the_type_is_not_changed_under_a_cable_a_parent_or_a_lag() -> None:
    estate = _ports("parent", "lag")
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 11, "Po1", cable_id=5)
    port(estate, 2, "Gi0/2")
    interface(estate, 12, "Gi0/2", type="virtual", parent_id=13)
    port(estate, 3, "Gi0/3", ifType="propVirtual")
    interface(estate, 13, "Gi0/3", lag_id=11)
    port(estate, 4, "Gi0/4:1")
    interface(estate, 14, "Gi0/4:1", type="channel", parent_id=15, channel_id=1)
    port(estate, 5, "Gi0/4:2", ifType="propVirtual")
    interface(estate, 16, "Gi0/4:2", type="channel", parent_id=15, channel_id=2)
    assert told(estate, "interfaces") == {
        "sw1 Po1": ("update", "type: it has a cable in NetBox, or is marked as connected"),
        "sw1 Gi0/2": ("update", "type: it has a parent interface in NetBox"),
        "sw1 Gi0/3": ("update", "type: it is a member of a LAG in NetBox"),
        "sw1 Gi0/4:2": ("update", "type: it is a channel of its parent interface in NetBox"),
    }
    (breakout,) = [row for row in estate.rows() if row.key == "sw1 Gi0/4:1"]
    assert breakout.fields["type"] == "1000base-t"


def test_the_type_is_not_changed_under_poe_wireless_fields_or_channels() -> None:
    estate = _ports()
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 11, "Po1", poe_mode="pse")
    port(estate, 2, "wl0")
    interface(estate, 12, "wl0", type="ieee802.11ax", rf_role="ap")
    port(estate, 3, "wl1")
    interface(estate, 13, "wl1", type="ieee802.11ax", rf_channel_width=20.0)
    port(estate, 4, "Gi0/4", ifType="propVirtual")
    interface(estate, 14, "Gi0/4", type="40gbase-x-qsfpp", channels=4)
    port(estate, 5, "Gi0/5")
    interface(estate, 15, "Gi0/5", type="40gbase-x-qsfpp", channels=4, poe_mode="pd")
    assert told(estate, "interfaces") == {
        "sw1 Po1": ("update", "type: it has a PoE mode in NetBox, which type lag does not allow"),
        **{
            f"sw1 wl{number}": (
                "update",
                "type: it has a wireless role or channel in NetBox, which type 1000base-t does not allow",
            )
            for number in (0, 1)
        },
        "sw1 Gi0/4": ("update", "type: it has channels in NetBox, which type virtual does not allow"),
    }
    (changed,) = [row for row in estate.rows() if row.key == "sw1 Gi0/5"]
    assert changed.fields["type"] == "1000base-t"


def test_a_rule_marks_no_virtual_or_cabled_interface_as_connected() -> None:
    estate = _ports()
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", cable_id=5)
    port(estate, 2, "Vlan2", ifType="propVirtual")
    interface(estate, 12, "Vlan2", type="virtual")
    port(estate, 3, "Vlan3", ifType="propVirtual")
    port(estate, 4, "Vlan4", ifType="propVirtual")
    interface(estate, 14, "Vlan4")
    port(estate, 5, "Gi0/5")
    interface(estate, 15, "Gi0/5", type="virtual")
    estate.rule(
        "interfaces.sql", "SELECT key, 'mark_connected' AS field, true AS value FROM desired.interfaces"
    )
    virtual = "NetBox does not mark interfaces of type virtual as connected"
    assert told(estate, "interfaces") == {
        "sw1 Gi0/1": (
            "update",
            "mark_connected: it has a cable in NetBox, and NetBox does not mark such an interface as connected",
        ),
        "sw1 Vlan2": ("update", f"mark_connected: {virtual}"),
        "sw1 Vlan3": ("blocked", f"mark_connected: {virtual}"),
        "sw1 Vlan4": ("update", f"mark_connected: {virtual}"),
    }
    fields = {row.key: row.fields for row in estate.rows() if row.resource == "interfaces"}
    assert (fields["sw1 Gi0/5"]["type"], fields["sw1 Gi0/5"]["mark_connected"]) == ("1000base-t", True)


def test_parent_and_lag_are_not_set_on_a_type_that_does_not_take_them() -> None:
    estate = _ports("type")
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 11, "Po1", type="lag", port=1)
    port(estate, 2, "Gi0/2")
    interface(estate, 12, "Gi0/2", type="virtual")
    estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=2)
    port(estate, 3, "Gi0/2.5", ifType="propVirtual")
    interface(estate, 13, "Gi0/2.5")
    assert told(estate, "interfaces") == {
        "sw1 Gi0/2": (
            "update",
            "type: policies.disowns names it; lag: a virtual interface cannot be a member of a LAG",
        ),
        "sw1 Gi0/2.5": (
            "update",
            "type: policies.disowns names it; parent: only a virtual interface has a parent, and it is of type 1000base-t",
        ),
    }


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
    _sites(estate)
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


def test_an_interface_with_a_vlan_of_another_site_is_edited_only_with_that() -> None:
    """As after its device was moved: NetBox checks the VLAN at every edit. Port 2 gets the VLAN of its site."""
    estate = _ports()
    _sites(estate)
    estate.change("netbox.devices", "sw1", site_id=1)
    for number, vid, site in ((30, 30, 2), (31, 30, 1), (40, 40, 2)):
        estate.add("netbox.vlans", id=number, vid=vid, name=f"VLAN {vid}", site_id=site)
    for number, vid in ((1, 40), (2, 30)):
        port(estate, number, f"Gi0/{number}", ifAlias="desk", ifPhysAddress=f"02000000000{number}")
        interface(estate, number, f"Gi0/{number}", port=number, mode="access", untagged_vlan_id=vid)
    _vlans(estate, 2, 30)
    said = "its untagged VLAN 40 VLAN 40 is at site Lyon, and NetBox refuses every edit until it is changed"
    assert told(estate, "interfaces") == {"sw1 Gi0/1": ("conflict", f"description: {said}")}
    assert told(estate, "primary_macs") == {"sw1 Gi0/1": ("conflict", f"primary_mac_address: {said}")}
    assert {
        (r.resource, r.key): r.action
        for r in estate.rows()
        if r.netbox_id in (1, 2) and r.resource != "devices"
    } == {
        ("interfaces", "sw1 Gi0/1"): "conflict",
        ("interfaces", "sw1 Gi0/2"): "update",
        ("primary_macs", "sw1 Gi0/1"): "conflict",
        ("primary_macs", "sw1 Gi0/2"): "update",
    }


def test_an_interface_of_a_machine_with_a_vlan_of_another_site_too() -> None:
    """Without a tag the VLAN is taken off, and the rest is edited with it."""
    left = ["vm_interfaces.untagged_vlan", "vm_interfaces.mode"]
    for policies, action in ((GENEROUS, "update"), ({**GENEROUS, "disowns": left}, "conflict")):
        assert _moved_guest(policies) == action


def _moved_guest(policies: dict[str, Any]) -> str:
    """The action for the MTU of a guest's interface whose VLAN is at the site that its machine was at before."""
    estate = paris(policies=policies)
    _sites(estate)
    estate.add("netbox.vlans", id=40, vid=40, name="VLAN 40", site_id=2)
    guest(estate, 101, "erp", "BC:24:11:00:00:01")
    estate.change("proxmox.guest_interfaces", mtu=1400)
    machine(estate, 1, "erp", 101, site_id=1)
    nic(estate, 11, "eth0", 1, "BC:24:11:00:00:01", untagged_vlan_id=40, mode="access")
    (row,) = [r for r in estate.rows() if r.resource == "vm_interfaces"]
    said = (
        "mtu: its untagged VLAN 40 VLAN 40 is at site Lyon, and NetBox refuses every edit until it is changed"
    )
    assert (said in (row.reason or "")) == (row.action == "conflict")
    return row.action


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


def test_a_port_keeps_no_vlan_of_the_site_that_its_device_leaves() -> None:
    estate = Estate(
        "librenms", defaults={"site": "Lyon"}, policies={**GENEROUS, "owns": ["devices.site", *OURS]}
    )
    device(estate, 1, "sw1")
    _sites(estate)
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}}, site_id=1)
    estate.add("netbox.vlans", id=10, vid=10, name="desks", site_id=1)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", mode="access")
    _vlans(estate, 1, 10)
    said = "untagged_vlan: VLAN 10 desks is at site Paris, and the device at site Lyon"
    assert told(estate, "interfaces") == {"sw1 Gi0/1": ("update", said)}


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
    _sites(estate)
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
    _sites(estate)
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
