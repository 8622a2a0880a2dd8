"""Values that NetBox took once and no longer accepts beside the others: it refuses every edit that leaves them."""

from __future__ import annotations

from typing import Any


def test_a_virtual_machine_whose_device_left_its_cluster_or_site(netbox: Any) -> None:
    site, other = netbox.site(), netbox.site()
    cluster, away = netbox.cluster(), netbox.cluster()
    host = netbox.device(site, cluster=cluster["id"])
    vm = netbox.vm(cluster, device=host["id"], site=site["id"])
    path, where = f"virtualization/virtual-machines/{vm['id']}/", f"dcim/devices/{host['id']}/"
    netbox.patch(where, {"cluster": away["id"]})
    assert netbox.refused("PATCH", path, {"memory": 512}) == {
        "device": [
            f"The selected device ({host['name']}) is not assigned to this cluster ({cluster['name']})."
        ]
    }
    netbox.patch(path, {"memory": 512, "cluster": away["id"]})
    netbox.patch(where, {"site": other["id"]})
    assert netbox.refused("PATCH", path, {"memory": 256}) == {
        "site": [f"The selected device ({host['name']}) is not assigned to this site ({site['name']})."]
    }
    netbox.patch(path, {"memory": 256, "site": other["id"]})


def test_a_device_whose_platform_was_limited_to_another_manufacturer(netbox: Any) -> None:
    word = netbox.name("p")
    platform = netbox.new("dcim/platforms", {"name": word, "slug": word})
    device = netbox.device(platform=platform["id"])
    word = netbox.name("m")
    maker = netbox.new("dcim/manufacturers", {"name": word, "slug": word})
    netbox.patch(f"dcim/platforms/{platform['id']}/", {"manufacturer": maker["id"]})
    path = f"dcim/devices/{device['id']}/"
    mine = device["device_type"]["manufacturer"]["name"]
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "platform": [
            f"The assigned platform is limited to {maker['name']} device types, but this device's type belongs to {mine}."
        ]
    }
    netbox.patch(path, {"serial": "X1", "platform": None})
    netbox.patch(f"dcim/platforms/{platform['id']}/", {"manufacturer": None})


def test_an_interface_whose_lag_left_the_virtual_chassis(netbox: Any) -> None:
    chassis = netbox.new("dcim/virtual-chassis", {"name": netbox.name("vc")})
    one, two = netbox.device(), netbox.device()
    for position, device in enumerate((one, two), 1):
        netbox.patch(
            f"dcim/devices/{device['id']}/", {"virtual_chassis": chassis["id"], "vc_position": position}
        )
    lag = netbox.new("dcim/interfaces", {"device": one["id"], "name": "ae0", "type": "lag"})
    port = netbox.new(
        "dcim/interfaces", {"device": two["id"], "name": "ge0", "type": "1000base-t", "lag": lag["id"]}
    )
    netbox.patch(f"dcim/devices/{two['id']}/", {"virtual_chassis": None, "vc_position": None})
    path = f"dcim/interfaces/{port['id']}/"
    assert netbox.refused("PATCH", path, {"description": "x"}) == {
        "lag": [f"The selected LAG interface (ae0) belongs to a different device ({one['name']})."]
    }
    netbox.patch(path, {"description": "x", "lag": None})


def test_a_vlan_outside_the_ranges_of_its_group(netbox: Any) -> None:
    word = netbox.name("g")
    group = netbox.new("ipam/vlan-groups", {"name": word, "slug": word, "vid_ranges": [[1, 100]]})
    vlan = netbox.new("ipam/vlans", {"vid": 50, "name": "old", "group": group["id"]})
    netbox.patch(f"ipam/vlan-groups/{group['id']}/", {"vid_ranges": [[1, 40]]})
    assert netbox.refused("PATCH", f"ipam/vlans/{vlan['id']}/", {"name": "new"}) == {
        "vid": [f"VID must be in ranges 1-40 for VLANs in group {group['name']}"]
    }


def test_an_address_that_a_vrf_has_twice(netbox: Any) -> None:
    vrf = netbox.new("ipam/vrfs", {"name": netbox.name("vrf"), "enforce_unique": False})
    one, two = (
        netbox.new("ipam/ip-addresses", {"address": address, "vrf": vrf["id"]})
        for address in ("10.99.0.1/24", "10.99.0.1/25")
    )
    netbox.patch(f"ipam/vrfs/{vrf['id']}/", {"enforce_unique": True})
    path = f"ipam/ip-addresses/{one['id']}/"
    assert netbox.refused("PATCH", path, {"dns_name": "a"}) == {
        "address": [f"Duplicate IP address found in VRF {vrf['name']}: {two['address']}"]
    }
    assert netbox.send("DELETE", f"ipam/ip-addresses/{two['id']}/").status_code == 204
    netbox.patch(path, {"dns_name": "a"})


def test_an_object_with_a_value_that_its_custom_field_no_longer_takes(netbox: Any) -> None:
    name = netbox.name("cf").replace("-", "_")
    field = netbox.new(
        "extras/custom-fields", {"name": name, "type": "text", "object_types": ["dcim.device"]}
    )
    device = netbox.device(custom_fields={name: "abc"})
    netbox.patch(f"extras/custom-fields/{field['id']}/", {"validation_regex": "^[0-9]+$"})
    path = f"dcim/devices/{device['id']}/"
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "__all__": [f"Invalid value for custom field '{name}': Value must match regex '^[0-9]+$'"]
    }
    netbox.patch(path, {"serial": "X1", "custom_fields": {name: "12"}})


def test_objects_with_a_value_of_a_custom_field_that_was_made_unique(netbox: Any) -> None:
    name = netbox.name("cf").replace("-", "_")
    field = netbox.new(
        "extras/custom-fields", {"name": name, "type": "text", "object_types": ["dcim.device"]}
    )
    site = netbox.site()
    one, two = (netbox.device(site, custom_fields={name: "A"}) for _ in range(2))
    netbox.patch(f"extras/custom-fields/{field['id']}/", {"unique": True})
    path = f"dcim/devices/{one['id']}/"
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "__all__": [f"Custom field '{name}' must have a unique value."]
    }
    netbox.patch(f"dcim/devices/{two['id']}/", {"custom_fields": {name: "B"}})
    netbox.patch(path, {"serial": "X1"})


def test_devices_go_with_their_rack_to_another_site_than_their_cluster(netbox: Any) -> None:
    site, other = netbox.site(), netbox.site()
    rack = netbox.new("dcim/racks", {"name": netbox.name("rack"), "site": site["id"]})
    cluster = netbox.cluster(scope_type="dcim.site", scope_id=site["id"])
    host = netbox.device(site, rack=rack["id"], cluster=cluster["id"])
    netbox.patch(f"dcim/racks/{rack['id']}/", {"site": other["id"]})
    path, of_cluster = f"dcim/devices/{host['id']}/", f"virtualization/clusters/{cluster['id']}/"
    moved = netbox.get(path)
    assert (moved["site"]["id"], moved["last_updated"]) == (other["id"], host["last_updated"])
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "cluster": [f"The assigned cluster belongs to a different site ({site['name']})"]
    }
    assert netbox.refused("PATCH", of_cluster, {"status": "staging"}) == {
        "scope": [f"1 devices are assigned as hosts for this cluster but are not in site {site['name']}"]
    }
    netbox.patch(of_cluster, {"status": "staging", "scope_id": other["id"]})
    netbox.patch(path, {"serial": "X1"})


def test_devices_go_with_their_rack_to_another_location_than_their_cluster(netbox: Any) -> None:
    site = netbox.site()
    here, there = (_location(netbox, site) for _ in range(2))
    rack = netbox.new("dcim/racks", {"name": netbox.name("rack"), "site": site["id"], "location": here["id"]})
    cluster = netbox.cluster(scope_type="dcim.location", scope_id=here["id"])
    host = netbox.device(site, rack=rack["id"], location=here["id"], cluster=cluster["id"])
    netbox.patch(f"dcim/racks/{rack['id']}/", {"location": there["id"]})
    path, of_cluster = f"dcim/devices/{host['id']}/", f"virtualization/clusters/{cluster['id']}/"
    assert netbox.get(path)["location"]["id"] == there["id"]
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "cluster": [f"The assigned cluster belongs to a different location ({here['name']})"]
    }
    assert netbox.refused("PATCH", of_cluster, {"status": "staging"}) == {
        "scope": [f"1 devices are assigned as hosts for this cluster but are not in location {here['name']}"]
    }
    netbox.patch(path, {"serial": "X1", "cluster": None})
    netbox.patch(of_cluster, {"status": "staging"})


def test_a_location_takes_what_is_in_it_to_another_site_but_the_machines_of_its_clusters(netbox: Any) -> None:
    site, other = netbox.site(), netbox.site()
    location = _location(netbox, site)
    inner = netbox.new("dcim/locations", _words(netbox) | {"site": site["id"], "parent": location["id"]})
    rack = netbox.new(
        "dcim/racks", {"name": netbox.name("rack"), "site": site["id"], "location": inner["id"]}
    )
    device = netbox.device(site, location=inner["id"])
    cluster = netbox.cluster(scope_type="dcim.location", scope_id=location["id"])
    vm = netbox.vm(cluster)
    assert vm["site"]["id"] == site["id"]
    netbox.patch(f"dcim/locations/{location['id']}/", {"site": other["id"]})
    for path, before in (("locations", inner), ("racks", rack), ("devices", device)):
        now = netbox.get(f"dcim/{path}/{before['id']}/")
        assert (now["site"]["id"], now["last_updated"]) == (other["id"], before["last_updated"])
    path = f"virtualization/virtual-machines/{vm['id']}/"
    assert netbox.get(path)["site"]["id"] == site["id"]
    assert netbox.refused("PATCH", path, {"memory": 512}) == {
        "cluster": [
            f"The selected cluster ({cluster['name']}) is not assigned to this site ({site['name']})."
        ]
    }
    netbox.patch(f"virtualization/clusters/{cluster['id']}/", {"status": "staging"})
    assert netbox.patch(path, {"memory": 512})["site"]["id"] == other["id"]


def test_a_vlan_at_a_site_that_its_group_is_not_for(netbox: Any) -> None:
    site, other = netbox.site(), netbox.site()
    group = netbox.new(
        "ipam/vlan-groups", _words(netbox) | {"scope_type": "dcim.site", "scope_id": site["id"]}
    )
    vlan = netbox.vlan(group=group["id"], site=site["id"])
    netbox.patch(f"ipam/vlan-groups/{group['id']}/", {"scope_id": other["id"]})
    path = f"ipam/vlans/{vlan['id']}/"
    assert netbox.refused("PATCH", path, {"name": netbox.name("vlan")}) == {
        "__all__": [
            f"VLAN is assigned to group {group['name']} (scope: {other['name']}); cannot also assign to site "
            f"{site['name']}."
        ]
    }
    sites = netbox.new("dcim/site-groups", _words(netbox))
    netbox.patch(f"dcim/sites/{site['id']}/", {"group": sites["id"]})
    netbox.patch(
        f"ipam/vlan-groups/{group['id']}/", {"scope_type": "dcim.sitegroup", "scope_id": sites["id"]}
    )
    netbox.patch(path, {"name": netbox.name("vlan")})
    netbox.patch(f"dcim/sites/{site['id']}/", {"group": None})
    assert netbox.refused("PATCH", path, {"name": netbox.name("vlan")}) == {
        "__all__": [
            f"The assigned site {site['name']} is not a member of the assigned group {group['name']} (scope: "
            f"{sites['name']})."
        ]
    }


def test_a_device_whose_primary_address_is_on_a_device_that_left_the_virtual_chassis(netbox: Any) -> None:
    chassis = netbox.new("dcim/virtual-chassis", {"name": netbox.name("vc")})
    one, two = netbox.device(), netbox.device()
    for position, device in enumerate((one, two), 1):
        netbox.patch(
            f"dcim/devices/{device['id']}/", {"virtual_chassis": chassis["id"], "vc_position": position}
        )
    address = netbox.ip("10.99.1.1/24", netbox.interface(two))
    path = f"dcim/devices/{one['id']}/"
    netbox.patch(path, {"primary_ip4": address["id"]})
    netbox.patch(f"dcim/devices/{two['id']}/", {"virtual_chassis": None, "vc_position": None})
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "primary_ip4": ["The specified IP address (10.99.1.1/24) is not assigned to this device."]
    }
    netbox.patch(path, {"serial": "X1", "primary_ip4": None})


def _words(netbox: Any) -> dict[str, Any]:
    word = netbox.name("w")
    return {"name": word, "slug": word}


def _location(netbox: Any, site: Any) -> Any:
    return netbox.new("dcim/locations", _words(netbox) | {"site": site["id"]})


def test_a_device_that_no_longer_fits_in_its_rack(netbox: Any) -> None:
    """NetBox checks the space when a device is saved, and when its type becomes taller; not when it becomes deeper."""
    site = netbox.site()
    rack = netbox.new("dcim/racks", {"name": netbox.name("rack"), "site": site["id"], "u_height": 4})
    here = {"rack": rack["id"], "face": "front"}
    maker = netbox.new("dcim/manufacturers", _words(netbox))["id"]
    low, high, flat, none = (
        netbox.new(
            "dcim/device-types",
            {"manufacturer": maker, "model": netbox.name("t"), "slug": netbox.name("t"), **fields},
        )
        for fields in ({}, {"u_height": 2}, {"is_full_depth": False}, {"u_height": 0})
    )
    one = netbox.device(site, **here, position=1, device_type=low["id"])
    netbox.device(site, **here, position=2, device_type=flat["id"])
    path = f"dcim/devices/{one['id']}/"

    def full(kind: Any, position: str) -> dict[str, list[str]]:
        height = float(kind["u_height"])
        return {
            "position": [
                f"U{position} is already occupied or does not have sufficient space to accommodate this device type: "
                f"{kind['model']} ({height}U)"
            ]
        }

    assert netbox.refused("PATCH", path, {"device_type": high["id"]}) == full(high, "1.0")
    assert netbox.refused("PATCH", path, {"position": 4.5}) == full(low, "4.5")
    assert netbox.refused("PATCH", path, {"device_type": none["id"]}) == {
        "position": [f"A 0U device type ({none['model']}) cannot be assigned to a rack position."]
    }
    back = netbox.device(site, **(here | {"face": "rear"}), position=2, device_type=flat["id"])
    netbox.patch(f"dcim/device-types/{flat['id']}/", {"is_full_depth": True})
    where = f"dcim/devices/{back['id']}/"
    assert netbox.refused("PATCH", where, {"serial": "X1"}) == full(flat, "2.0")
    netbox.patch(where, {"serial": "X1", "position": 3})


def test_a_device_at_a_face_of_a_rack_whose_type_became_a_child(netbox: Any) -> None:
    site = netbox.site()
    rack = netbox.new("dcim/racks", {"name": netbox.name("rack"), "site": site["id"]})
    maker = netbox.new("dcim/manufacturers", _words(netbox))["id"]
    body = {"manufacturer": maker, "model": netbox.name("t"), "slug": netbox.name("t"), "u_height": 0}
    kind = netbox.new("dcim/device-types", body)
    device = netbox.device(site, rack=rack["id"], face="front", device_type=kind["id"])
    netbox.patch(f"dcim/device-types/{kind['id']}/", {"subdevice_role": "child"})
    path = f"dcim/devices/{device['id']}/"
    assert netbox.refused("PATCH", path, {"serial": "X1"}) == {
        "face": [
            "Child device types cannot be assigned to a rack face. This is an attribute of the parent device."
        ]
    }
    netbox.patch(path, {"serial": "X1", "face": ""})


def test_an_interface_keeps_a_type_that_allows_its_other_fields(netbox: Any) -> None:
    device = netbox.device()
    powered = netbox.interface(device, poe_mode="pse", poe_type="type2-ieee802.3at")
    assert netbox.refused("PATCH", f"dcim/interfaces/{powered['id']}/", {"type": "lag"}) == {
        "poe_mode": ["Virtual interfaces cannot have a PoE mode."]
    }
    netbox.patch(f"dcim/interfaces/{powered['id']}/", {"type": "ieee802.11ax"})
    for number, (field, value, message) in enumerate(
        (
            ("rf_role", "ap", "Wireless role may be set only on wireless interfaces."),
            ("rf_channel_frequency", 2412.5, "Channel frequency may be set only on wireless interfaces."),
            ("rf_channel_width", 22, "Channel width may be set only on wireless interfaces."),
        )
    ):
        radio = netbox.interface(device, f"wl{number}", "ieee802.11ax", **{field: value})
        path = f"dcim/interfaces/{radio['id']}/"
        assert netbox.refused("PATCH", path, {"type": "1000base-t"}) == {field: [message]}
        netbox.patch(path, {"type": "other-wireless"})
    # A channel brings its frequency and width along.
    radio = netbox.interface(device, "wl3", "ieee802.11ax", rf_channel="2.4g-1-2412-22")
    assert (radio["rf_channel_frequency"], radio["rf_channel_width"]) == (2412.0, 22.0)
    path = f"dcim/interfaces/{radio['id']}/"
    assert netbox.refused("PATCH", path, {"rf_channel_width": 40}) == {
        "rf_channel_width": ["Cannot specify custom width with channel selected."]
    }
    netbox.patch(path, {"rf_channel_width": 22})


def test_an_interface_with_a_cable_is_not_marked_as_connected(netbox: Any) -> None:
    device = netbox.device()
    one, two = (netbox.interface(device, name) for name in ("eth1", "eth2"))
    ends = [[{"object_type": "dcim.interface", "object_id": end["id"]}] for end in (one, two)]
    netbox.new("dcim/cables", {"a_terminations": ends[0], "b_terminations": ends[1]})
    assert netbox.refused("PATCH", f"dcim/interfaces/{one['id']}/", {"mark_connected": True}) == {
        "mark_connected": ["Cannot mark as connected with a cable attached."]
    }


def test_a_device_at_a_unit_or_face_keeps_its_rack(netbox: Any) -> None:
    site = netbox.site()
    rack = netbox.new("dcim/racks", {"name": netbox.name("rack"), "site": site["id"]})
    device = netbox.device(site, rack=rack["id"], face="front", position=3)
    path = f"dcim/devices/{device['id']}/"
    face = {"face": ["Cannot select a rack face without assigning a rack."]}
    assert netbox.refused("PATCH", path, {"rack": None}) == face
    netbox.patch(path, {"position": None})
    assert netbox.refused("PATCH", path, {"rack": None}) == face
    netbox.patch(path, {"face": ""})
    assert netbox.patch(path, {"rack": None})["rack"] is None
