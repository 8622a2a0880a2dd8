"""Deletes: what is deleted with an object, what prevents it, and what changes ``last_updated``."""

from __future__ import annotations

from typing import Any


def gone(netbox: Any, path: str) -> bool:
    return bool(netbox.send("GET", path).status_code == 404)


def test_what_others_depend_on_is_not_deleted(netbox: Any) -> None:
    device = netbox.device()
    detail = f"Unable to delete object. 1 dependent objects were found: {device['name']} ({device['id']})"
    for path in (
        f"dcim/sites/{device['site']['id']}/",
        f"dcim/device-types/{device['device_type']['id']}/",
        f"dcim/device-roles/{device['role']['id']}/",
    ):
        answer = netbox.send("DELETE", path)
        assert (answer.status_code, answer.json()) == (409, {"detail": detail})
    free = netbox.site()
    answer = netbox.send("DELETE", "dcim/sites/", [{"id": free["id"]}, {"id": device["site"]["id"]}])
    assert answer.status_code == 409
    assert not gone(netbox, f"dcim/sites/{free['id']}/")


def test_a_device_takes_its_interfaces_addresses_and_macs_along(netbox: Any) -> None:
    device = netbox.device()
    eth = netbox.interface(device)
    ip, mac = netbox.ip("10.7.0.1/24", eth), netbox.mac("02:00:5e:30:00:01", eth)
    netbox.patch(f"dcim/devices/{device['id']}/", {"primary_ip4": ip["id"]})
    netbox.patch(f"dcim/interfaces/{eth['id']}/", {"primary_mac_address": mac["id"]})
    answer = netbox.send("DELETE", f"dcim/devices/{device['id']}/")
    assert answer.status_code == 204
    assert gone(netbox, f"dcim/interfaces/{eth['id']}/")
    assert gone(netbox, f"ipam/ip-addresses/{ip['id']}/")
    assert gone(netbox, f"dcim/mac-addresses/{mac['id']}/")
    log = netbox.results(f"core/object-changes/?action=delete&request_id={answer.headers['x-request-id']}")
    assert {(c["changed_object_type"], c["changed_object_id"]) for c in log} == {
        ("dcim.device", device["id"]),
        ("dcim.interface", eth["id"]),
        ("ipam.ipaddress", ip["id"]),
        ("dcim.macaddress", mac["id"]),
    }


def test_a_cluster_with_vms_stays_and_a_vm_takes_its_parts_along(netbox: Any) -> None:
    cluster = netbox.cluster()
    vm = netbox.vm(cluster)
    nic = netbox.new("virtualization/interfaces", {"virtual_machine": vm["id"], "name": "net0"})
    disk = netbox.new("virtualization/virtual-disks", {"virtual_machine": vm["id"], "name": "d", "size": 1})
    assert netbox.send("DELETE", f"virtualization/clusters/{cluster['id']}/").status_code == 409
    netbox.delete(f"virtualization/virtual-machines/{vm['id']}/")
    assert gone(netbox, f"virtualization/interfaces/{nic['id']}/")
    assert gone(netbox, f"virtualization/virtual-disks/{disk['id']}/")


def test_a_parent_interface_is_not_deleted_before_its_children(netbox: Any) -> None:
    device = netbox.device()
    parent = netbox.interface(device)
    child = netbox.interface(device, "eth0.10", "virtual", parent=parent["id"])
    answer = netbox.send("DELETE", f"dcim/interfaces/{parent['id']}/")
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": f"Unable to delete object. 1 dependent objects were found: eth0.10 ({child['id']})"},
    )
    netbox.delete(f"dcim/devices/{device['id']}/")


def test_what_moves_last_updated_of_an_interface(netbox: Any) -> None:
    device = netbox.device()
    lag, eth = netbox.interface(device, "po1", "lag"), netbox.interface(device)
    vlan = netbox.vlan(10)
    path = f"dcim/interfaces/{eth['id']}/"
    state = {"at": eth["last_updated"]}

    def moved() -> bool:
        now = netbox.get(path)["last_updated"]
        before, state["at"] = state["at"], now
        return bool(now > before)

    netbox.patch(path, {"mode": "tagged", "tagged_vlans": [vlan["id"]], "lag": lag["id"]})
    assert moved()
    netbox.patch(path, {"add_tags": [netbox.tag()["id"]]})
    assert moved()
    mac = netbox.mac("02:00:5e:40:00:01", eth)
    assert not moved()
    netbox.ip("10.8.0.1/24", eth)
    assert not moved()
    netbox.patch(path, {"primary_mac_address": mac["id"]})
    assert moved()
    netbox.patch(f"dcim/interfaces/{lag['id']}/", {"name": "po2"})
    assert not moved()
    netbox.delete(f"ipam/vlans/{vlan['id']}/")
    assert not moved()
    assert netbox.get(path)["tagged_vlans"] == []
    netbox.delete(f"dcim/mac-addresses/{mac['id']}/")
    assert not moved()
    netbox.delete(f"dcim/interfaces/{lag['id']}/")
    assert moved()
    assert netbox.get(path)["lag"] is None


def test_what_moves_last_updated_of_a_device(netbox: Any) -> None:
    device = netbox.device()
    path = f"dcim/devices/{device['id']}/"
    eth = netbox.interface(device)
    assert netbox.get(path)["last_updated"] == device["last_updated"]
    ip = netbox.ip("10.8.1.1/24", eth)
    assert netbox.get(path)["last_updated"] == device["last_updated"]
    with_ip = netbox.patch(path, {"primary_ip4": ip["id"]})
    assert with_ip["last_updated"] > device["last_updated"]
    netbox.delete(f"ipam/ip-addresses/{ip['id']}/")
    after = netbox.get(path)
    assert after["last_updated"] > with_ip["last_updated"]
    platform = netbox.new("dcim/platforms", {"name": netbox.name("os"), "slug": netbox.name("os")})
    with_os = netbox.patch(path, {"platform": platform["id"]})
    netbox.patch(f"dcim/platforms/{platform['id']}/", {"name": netbox.name("os")})
    assert netbox.get(path)["last_updated"] == with_os["last_updated"]
    netbox.delete(f"dcim/platforms/{platform['id']}/")
    after = netbox.get(path)
    assert after["platform"] is None
    assert after["last_updated"] > with_os["last_updated"]


def test_a_deleted_tag_leaves_its_objects_untouched(netbox: Any) -> None:
    site, tag = netbox.site(), netbox.tag()
    tagged = netbox.patch(f"dcim/sites/{site['id']}/", {"tags": [tag["id"]]})
    netbox.delete(f"extras/tags/{tag['id']}/")
    after = netbox.get(f"dcim/sites/{site['id']}/")
    assert (after["tags"], after["last_updated"]) == ([], tagged["last_updated"])


def test_a_deleted_untagged_vlan_is_cleared_and_moves_the_interface(netbox: Any) -> None:
    eth, vlan = netbox.interface(netbox.device()), netbox.vlan(10)
    path = f"dcim/interfaces/{eth['id']}/"
    with_vlan = netbox.patch(path, {"mode": "access", "untagged_vlan": vlan["id"]})
    netbox.delete(f"ipam/vlans/{vlan['id']}/")
    after = netbox.get(path)
    assert after["untagged_vlan"] is None
    assert after["last_updated"] > with_vlan["last_updated"]
