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
