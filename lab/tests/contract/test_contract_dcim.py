"""Devices, interfaces, MAC addresses, cables, modules, virtual chassis."""

from __future__ import annotations

from typing import Any

import pytest


def same(answer: Any, field: str, message: str) -> None:
    assert answer == {field: [message]}


@pytest.mark.differs("4.7")
def test_device_names_are_unique_per_site_and_tenant_without_case(netbox: Any) -> None:
    site = netbox.site()
    tenant = netbox.new("tenancy/tenants", {"name": netbox.name(), "slug": netbox.name()})
    device = netbox.device(site)
    base = {"device_type": device["device_type"]["id"], "role": device["role"]["id"], "site": site["id"]}
    body = {**base, "name": device["name"].upper()}
    same(netbox.refused("POST", "dcim/devices/", body), "__all__", "Device name must be unique per site.")
    netbox.new("dcim/devices", {**body, "tenant": tenant["id"]})
    same(
        netbox.refused("POST", "dcim/devices/", {**body, "name": device["name"], "tenant": tenant["id"]}),
        "__all__",
        "Constraint “dcim_device_unique_name_site_tenant” is violated.",
    )
    netbox.device(netbox.site(), name=device["name"])
    nameless = netbox.new("dcim/devices", base)
    assert nameless["name"] is None
    assert nameless["display"].endswith(f"{device['device_type']['model']} ({nameless['id']})")
    same(
        netbox.refused("PATCH", f"dcim/devices/{device['id']}/", {"face": "front"}),
        "face",
        "Cannot select a rack face without assigning a rack.",
    )


@pytest.mark.differs("4.2")
def test_asset_tags_are_unique(netbox: Any) -> None:
    tag = netbox.name("asset")
    device = netbox.device(asset_tag=tag)
    assert device["display"] == f"{device['name']} ({tag})"
    other = netbox.device()
    same(
        netbox.refused("PATCH", f"dcim/devices/{other['id']}/", {"asset_tag": tag}),
        "asset_tag",
        "device with this asset tag already exists.",
    )
    assert netbox.patch(f"dcim/devices/{device['id']}/", {"asset_tag": ""})["asset_tag"] is None


@pytest.mark.differs("4.2")
def test_nested_counts_are_not_filled_in(netbox: Any) -> None:
    device = netbox.device()
    assert device["role"]["device_count"] == 0
    assert device["device_type"]["device_count"] == 1
    role = netbox.get(f"dcim/device-roles/{device['role']['id']}/")
    assert role["device_count"] == 1


@pytest.mark.differs("4.7")
def test_interface_rules(netbox: Any) -> None:
    device, other = netbox.device(), netbox.device()
    eth, lag = netbox.interface(device), netbox.interface(device, "po1", "lag")
    far_lag = netbox.interface(other, "po9", "lag")
    virtual = netbox.interface(device, "vl1", "virtual")
    path = f"dcim/interfaces/{eth['id']}/"
    same(
        netbox.refused("PATCH", path, {"lag": eth["id"]}), "lag", "A LAG interface cannot be its own parent."
    )
    same(
        netbox.refused("PATCH", path, {"lag": far_lag["id"]}),
        "lag",
        f"The selected LAG interface (po9) belongs to a different device ({other['name']}).",
    )
    same(
        netbox.refused("PATCH", path, {"bridge": far_lag["id"]}),
        "bridge",
        f"The selected bridge interface (po9) belongs to a different device ({other['name']}).",
    )
    same(
        netbox.refused("PATCH", f"dcim/interfaces/{virtual['id']}/", {"parent": far_lag["id"]}),
        "parent",
        f"The selected parent interface (po9) belongs to a different device ({other['name']})",
    )
    same(
        netbox.refused("PATCH", path, {"parent": lag["id"]}),
        "parent",
        "Only virtual interfaces may be assigned to a parent interface.",
    )
    same(
        netbox.refused("PATCH", f"dcim/interfaces/{virtual['id']}/", {"lag": lag["id"]}),
        "lag",
        "Virtual interfaces cannot have a parent LAG interface.",
    )
    same(
        netbox.refused("PATCH", path, {"bridge": eth["id"]}),
        "bridge",
        "An interface cannot be bridged to itself.",
    )
    same(
        netbox.refused("PATCH", f"dcim/interfaces/{lag['id']}/", {"mark_connected": True}),
        "mark_connected",
        "Link Aggregation Group (LAG) interfaces cannot be marked as connected.",
    )
    same(
        netbox.refused("PATCH", path, {"rf_role": "ap"}),
        "rf_role",
        "Wireless role may be set only on wireless interfaces.",
    )
    same(
        netbox.refused("PATCH", path, {"poe_type": "type1-ieee802.3af"}),
        "poe_type",
        "Must specify PoE mode when designating a PoE type.",
    )
    changed = netbox.patch(path, {"lag": lag["id"], "mac_address": "02:00:00:00:00:01"})
    assert changed["lag"]["name"] == "po1"
    assert changed["mac_address"] is None
    assert netbox.patch(path, {"mode": "", "duplex": ""})["mode"] is None


def test_vlans_of_interfaces(netbox: Any) -> None:
    site = netbox.site()
    eth = netbox.interface(netbox.device(site))
    path = f"dcim/interfaces/{eth['id']}/"
    here, everywhere, elsewhere = (
        netbox.vlan(10, site=site["id"]),
        netbox.vlan(11),
        netbox.vlan(12, site=netbox.site()["id"]),
    )
    no_tagged = "Interface mode does not support tagged vlans"
    same(netbox.refused("PATCH", path, {"tagged_vlans": [here["id"]]}), "tagged_vlans", no_tagged)
    same(
        netbox.refused("PATCH", path, {"untagged_vlan": here["id"]}),
        "untagged_vlan",
        "Interface mode does not support untagged vlan",
    )
    same(
        netbox.refused("PATCH", path, {"mode": "access", "tagged_vlans": [here["id"]]}),
        "tagged_vlans",
        no_tagged,
    )
    same(
        netbox.refused("PATCH", path, {"mode": "access", "untagged_vlan": elsewhere["id"]}),
        "untagged_vlan",
        f"The untagged VLAN ({elsewhere['display']}) must belong to the same site as the interface's parent device, "
        "or it must be global.",
    )
    same(
        netbox.refused("PATCH", path, {"mode": "tagged", "tagged_vlans": [elsewhere["id"]]}),
        "tagged_vlans",
        f"VLAN {elsewhere['display']} must belong to the same site as the interface's parent device, or it must be "
        "global.",
    )
    same(
        netbox.refused("PATCH", path, {"mode": "tagged", "qinq_svlan": here["id"]}),
        "qinq_svlan",
        "Interface mode does not support q-in-q service vlan",
    )
    changed = netbox.patch(
        path,
        {
            "mode": "tagged",
            "tagged_vlans": [everywhere["id"], here["id"], here["id"]],
            "untagged_vlan": here["id"],
        },
    )
    assert [v["vid"] for v in changed["tagged_vlans"]] == [10, 11]
    assert changed["untagged_vlan"]["vid"] == 10
    assert changed["mode"] == {"value": "tagged", "label": "Tagged"}
    assert netbox.refused("PATCH", path, {"mode": "access"}) == {"tagged_vlans": [no_tagged]}
    changed = netbox.patch(path, {"mode": "access", "tagged_vlans": []})
    assert changed["tagged_vlans"] == []
    assert netbox.refused("PATCH", path, {"mode": None}) == {
        "untagged_vlan": ["Interface mode does not support untagged vlan"]
    }
    created = netbox.interface(netbox.device(site), "e1", mode="tagged", tagged_vlans=[everywhere["id"]])
    assert [v["id"] for v in created["tagged_vlans"]] == [everywhere["id"]]


@pytest.mark.differs("4.2", "4.7")
def test_mac_addresses(netbox: Any) -> None:
    device = netbox.device()
    eth, other = netbox.interface(device), netbox.interface(device, "eth1")
    mac = netbox.mac("0200.5e10.00ab", eth)
    assert mac["mac_address"] == mac["display"] == "02:00:5E:10:00:AB"
    assert mac["assigned_object"]["device"]["id"] == device["id"]
    netbox.mac("02:00:5e:10:00:ab")
    path = f"dcim/interfaces/{eth['id']}/"
    assert netbox.get(path)["mac_address"] is None
    assert [m["id"] for m in netbox.get(path)["mac_addresses"]] == [mac["id"]]
    changed = netbox.patch(path, {"primary_mac_address": mac["id"]})
    assert changed["mac_address"] == "02:00:5E:10:00:AB"
    same(
        netbox.refused("PATCH", f"dcim/interfaces/{other['id']}/", {"primary_mac_address": mac["id"]}),
        "primary_mac_address",
        "MAC address 02:00:5E:10:00:AB is assigned to a different interface (eth0).",
    )
    mac_path = f"dcim/mac-addresses/{mac['id']}/"
    same(
        netbox.refused("PATCH", mac_path, {"assigned_object_type": None, "assigned_object_id": None}),
        "__all__",
        "Cannot unassign MAC Address while it is designated as the primary MAC for an object",
    )
    same(
        netbox.refused("PATCH", mac_path, {"assigned_object_id": other["id"]}),
        "__all__",
        "Cannot reassign MAC Address while it is designated as the primary MAC for an object",
    )
    before = netbox.get(path)["last_updated"]
    netbox.delete(mac_path)
    after = netbox.get(path)
    assert (after["primary_mac_address"], after["mac_address"], after["last_updated"]) == (None, None, before)


def test_what_mac_addresses_refuse(netbox: Any) -> None:
    good = {"mac_address": "02:00:5e:10:00:01"}
    same(
        netbox.refused("POST", "dcim/mac-addresses/", {"mac_address": "zz"}),
        "mac_address",
        "Invalid MAC address format: zz",
    )
    same(
        netbox.refused(
            "POST",
            "dcim/mac-addresses/",
            {**good, "assigned_object_type": "dcim.device", "assigned_object_id": 1},
        ),
        "assigned_object_type",
        "Invalid content type: dcim.device",
    )
    same(
        netbox.refused("POST", "dcim/mac-addresses/", {**good, "assigned_object_type": "dcim.interface"}),
        "assigned_object_id",
        "This field cannot be null.",
    )
    same(
        netbox.refused("POST", "dcim/mac-addresses/", {**good, "assigned_object_id": 1}),
        "assigned_object_type",
        "This field cannot be null.",
    )
    same(
        netbox.refused(
            "POST",
            "dcim/mac-addresses/",
            {**good, "assigned_object_type": "dcim.interface", "assigned_object_id": 99999999},
        ),
        "assigned_object_id",
        "Related object not found using the provided value: 99999999.",
    )


@pytest.mark.differs("4.2")
def test_a_primary_mac_given_at_creation_becomes_assigned(netbox: Any) -> None:
    mac = netbox.mac("02:00:5e:10:00:02")
    eth = netbox.interface(netbox.device(), primary_mac_address=mac["id"])
    assert eth["mac_address"] == "02:00:5E:10:00:02"
    assert netbox.get(f"dcim/mac-addresses/{mac['id']}/")["assigned_object_id"] == eth["id"]


def ends(*interfaces: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"object_type": "dcim.interface", "object_id": i["id"]} for i in interfaces]


@pytest.mark.differs("4.2")
def test_cables(netbox: Any) -> None:
    one, two = netbox.device(), netbox.device()
    a, b, c = netbox.interface(one), netbox.interface(two), netbox.interface(two, "eth1")
    lag = netbox.interface(one, "po1", "lag")
    cable = netbox.new("dcim/cables", {"a_terminations": ends(a), "b_terminations": ends(b), "type": "cat6"})
    assert cable["display"] == f"#{cable['id']}"
    assert cable["type"] == "cat6"
    assert cable["status"] == {"value": "connected", "label": "Connected"}
    assert [(t["object_type"], t["object_id"], t["object"]["name"]) for t in cable["a_terminations"]] == [
        ("dcim.interface", a["id"], "eth0")
    ]
    shown = netbox.get(f"dcim/interfaces/{a['id']}/")
    assert (shown["cable"]["id"], shown["cable_end"], shown["_occupied"]) == (cable["id"], "A", True)
    assert [p["id"] for p in shown["link_peers"]] == [b["id"]]
    assert [p["id"] for p in shown["connected_endpoints"]] == [b["id"]]
    assert (shown["link_peers_type"], shown["connected_endpoints_type"]) == (
        "dcim.interface",
        "dcim.interface",
    )
    assert shown["connected_endpoints_reachable"] is True
    assert shown["last_updated"] > a["last_updated"]
    same(
        netbox.refused("POST", "dcim/cables/", {"a_terminations": ends(a), "b_terminations": ends(c)}),
        "__all__",
        f"Duplicate termination found for dcim.interface {a['id']}: cable {cable['id']}",
    )
    same(
        netbox.refused("POST", "dcim/cables/", {"a_terminations": ends(lag), "b_terminations": ends(c)}),
        "__all__",
        "Cables cannot be terminated to Link Aggregation Group (LAG) interfaces",
    )
    same(
        netbox.refused("POST", "dcim/cables/", {"a_terminations": ends(c)}),
        "__all__",
        "Must define A and B terminations when creating a new cable.",
    )
    same(
        netbox.refused("POST", "dcim/cables/", {"a_terminations": ends(c), "b_terminations": ends(c)}),
        "__all__",
        "A and B terminations cannot connect to the same object.",
    )
    assert [x["id"] for x in netbox.results(f"dcim/cables/?device_id={one['id']}")] == [cable["id"]]
    for end, found in ((a, [cable["id"]]), (b, [cable["id"]]), (c, [])):
        assert [x["id"] for x in netbox.results(f"dcim/cables/?interface_id={end['id']}")] == found
    netbox.delete(f"dcim/cables/{cable['id']}/")
    shown = netbox.get(f"dcim/interfaces/{a['id']}/")
    assert (shown["cable"], shown["cable_end"], shown["link_peers"], shown["_occupied"]) == (
        None,
        None,
        [],
        False,
    )


def test_deleting_a_cabled_interface(netbox: Any) -> None:
    a, b = netbox.interface(netbox.device()), netbox.interface(netbox.device())
    cable = netbox.new("dcim/cables", {"a_terminations": ends(a), "b_terminations": ends(b)})
    netbox.delete(f"dcim/interfaces/{a['id']}/")
    left = netbox.get(f"dcim/cables/{cable['id']}/")
    assert (left["a_terminations"], [t["object_id"] for t in left["b_terminations"]]) == ([], [b["id"]])
    assert left["last_updated"] == cable["last_updated"]
    shown = netbox.get(f"dcim/interfaces/{b['id']}/")
    assert (shown["cable"]["id"], shown["link_peers"], shown["connected_endpoints"]) == (
        cable["id"],
        [],
        None,
    )


@pytest.mark.differs("4.2")
def test_modules(netbox: Any) -> None:
    device, other = netbox.device(), netbox.device()
    maker = netbox.get(f"dcim/device-types/{device['device_type']['id']}/")["manufacturer"]["id"]
    kind = netbox.new("dcim/module-types", {"manufacturer": maker, "model": netbox.name("card")})
    bay = netbox.new("dcim/module-bays", {"device": device["id"], "name": "Slot 1"})
    assert (bay["installed_module"], bay["_occupied"]) == (None, False)
    body = {"device": device["id"], "module_bay": bay["id"], "module_type": kind["id"], "serial": "S1"}
    same(
        netbox.refused("POST", "dcim/modules/", {**body, "device": other["id"]}),
        "__all__",
        f"Module must be installed within a module bay belonging to the assigned device ({other['name']}).",
    )
    module = netbox.new("dcim/modules", body)
    assert module["display"] == f"Slot 1: {kind['model']} ({module['id']})"
    bay = netbox.get(f"dcim/module-bays/{bay['id']}/")
    assert (bay["installed_module"]["id"], bay["_occupied"]) == (module["id"], True)
    card = netbox.interface(device, "card1/1", module=module["id"])
    assert card["module"]["module_bay"]["name"] == "Slot 1"
    netbox.delete(f"dcim/modules/{module['id']}/")
    assert netbox.send("GET", f"dcim/interfaces/{card['id']}/").status_code == 404


@pytest.mark.differs("4.2")
def test_virtual_chassis(netbox: Any) -> None:
    site = netbox.site()
    one, two, alone = netbox.device(site), netbox.device(site), netbox.device(site)
    chassis = netbox.new("dcim/virtual-chassis", {"name": netbox.name("vc"), "master": one["id"]})
    assert chassis["master"]["id"] == one["id"]
    first = netbox.get(f"dcim/devices/{one['id']}/")
    assert (first["virtual_chassis"]["id"], first["vc_position"]) == (chassis["id"], 1)
    path = f"dcim/devices/{two['id']}/"
    same(
        netbox.refused("PATCH", path, {"virtual_chassis": chassis["id"]}),
        "vc_position",
        "A device assigned to a virtual chassis must have its position defined.",
    )
    same(
        netbox.refused("PATCH", path, {"virtual_chassis": chassis["id"], "vc_position": 1}),
        "__all__",
        "Device with this Virtual chassis and VC position already exists.",
    )
    netbox.patch(path, {"virtual_chassis": chassis["id"], "vc_position": 2})
    same(
        netbox.refused("PATCH", f"dcim/virtual-chassis/{chassis['id']}/", {"master": alone["id"]}),
        "master",
        f"The selected master ({alone['name']}) is not assigned to this virtual chassis.",
    )
    lag = netbox.interface(one, "po1", "lag")
    member = netbox.interface(two, "eth0", lag=lag["id"])
    assert member["lag"]["device"]["id"] == one["id"]
    answer = netbox.send("DELETE", f"dcim/virtual-chassis/{chassis['id']}/")
    assert answer.status_code == 409
    same(
        netbox.refused("PATCH", f"dcim/devices/{one['id']}/", {"virtual_chassis": None, "vc_position": None}),
        "virtual_chassis",
        f"Device cannot be removed from virtual chassis {chassis['name']} because it is currently designated as its "
        "master.",
    )
    assert netbox.send("DELETE", f"dcim/devices/{one['id']}/").status_code == 409
    netbox.patch(f"dcim/interfaces/{member['id']}/", {"lag": None})
    netbox.delete(f"dcim/virtual-chassis/{chassis['id']}/")
    first = netbox.get(f"dcim/devices/{one['id']}/")
    assert (first["virtual_chassis"], first["vc_position"]) == (None, None)
