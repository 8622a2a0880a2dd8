"""Objects in a place of NetBox that it no longer accepts, as after a rack, a location or a group's scope was moved."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import (
    GENEROUS,
    address,
    guest,
    interface,
    known_switch,
    mac,
    machine,
    nic,
    paris,
    port,
    told,
)


def _places(estate: Estate) -> None:
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower(), group_id=number)
    for number, name in ((5, "Hall 1"), (6, "Hall 2")):
        estate.add("netbox.locations", id=number, name=name, slug=name.lower().replace(" ", "-"), site_id=1)


def _switches(estate: Estate, *places: dict[str, Any]) -> None:
    """sw1, sw2, ..., each in a place of NetBox, with another serial in LibreNMS."""
    for number, held in enumerate(places, 1):
        known_switch(estate, number, serial=f"NEW{number}")
        estate.change(
            "netbox.devices",
            f"sw{number}",
            **({"site_id": 1, "status": "active", "serial": f"OLD{number}"} | held),
        )


def _librenms() -> Estate:
    owned = ["devices.serial", "vlans.name", "interfaces.description"]
    return Estate("librenms", policies={**GENEROUS, "owns": owned})


def _serials(estate: Estate) -> dict[str, Any]:
    """{device: what its serial becomes, or why it does not}."""
    return {
        r.key: r.fields.get("serial", (r.action, r.reason)) for r in estate.rows() if r.resource == "devices"
    }


def test_a_device_that_went_with_its_rack_to_another_place_than_its_cluster() -> None:
    estate = _librenms()
    _places(estate)
    estate.add("netbox.clusters", id=1, name="paris", scope_type="dcim.site", scope_id=1)
    estate.add("netbox.clusters", id=2, name="hall", scope_type="dcim.location", scope_id=5)
    estate.add("netbox.clusters", id=3, name="any")
    _switches(
        estate,
        {"cluster_id": 1, "site_id": 2},
        {"cluster_id": 2, "location_id": 6},
        {"cluster_id": 2, "location_id": 5},
        {"cluster_id": 1, "location_id": 6},
        {"cluster_id": 3, "site_id": 2},
    )
    assert _serials(estate) == {
        "sw1": (
            "conflict",
            "serial: its cluster paris is at another site, and NetBox refuses every edit until one of them is moved",
        ),
        "sw2": (
            "conflict",
            "serial: its cluster hall is at another location, and NetBox refuses every edit until one of them is moved",
        ),
        "sw3": "NEW3",
        "sw4": "NEW4",
        "sw5": "NEW5",
    }


def test_a_device_whose_primary_address_is_on_none_of_its_interfaces() -> None:
    """Interfaces of another member of the virtual chassis count, except those for management only."""
    estate = _librenms()
    _places(estate)
    _switches(
        estate,
        {"primary_ip4_id": 2},
        {"primary_ip4_id": 2},
        {"primary_ip4_id": 2, "virtual_chassis_id": 7, "vc_position": 1},
        {"virtual_chassis_id": 7, "vc_position": 2},
        {"oob_ip_id": 3, "virtual_chassis_id": 7, "vc_position": 3},
        {"primary_ip4_id": 4},
    )
    interface(estate, 20, "Vlan1", device=2)
    interface(estate, 21, "me0", device=4, mgmt_only=True)
    interface(estate, 22, "Vlan1", device=4)
    address(estate, 2, "10.0.0.2", 20)
    address(estate, 3, "10.0.0.3", 21)
    estate.add("netbox.ip_addresses", id=4, address="192.0.2.4/32", host="192.0.2.4", nat_inside_id=5)
    interface(estate, 23, "Vlan1", device=6)
    address(estate, 5, "10.0.0.5", 23)
    estate.change("netbox.devices", "sw3", primary_ip4_id=6)
    address(estate, 6, "10.0.0.6", 22)

    def on_none(which: str, address: str) -> tuple[str, str]:
        said = f"its {which} address {address} is on none of its interfaces, and NetBox refuses every edit until that is changed"
        return "conflict", f"serial: {said}"

    assert _serials(estate) == {
        "sw1": on_none("primary", "10.0.0.2/24"),
        "sw2": "NEW2",
        "sw3": "NEW3",
        "sw4": "NEW4",
        "sw5": on_none("out-of-band", "10.0.0.3/24"),
        "sw6": "NEW6",
    }


def test_a_vlan_at_a_site_that_its_group_is_not_for() -> None:
    """As after the scope of the group was changed, or its site left the site group."""
    for scope in ("dcim.site", "dcim.sitegroup"):
        estate = Estate(
            "librenms", defaults={"vlan_group": "campus"}, policies={**GENEROUS, "owns": ["vlans.name"]}
        )
        _places(estate)
        known_switch(estate, 1)
        estate.change("netbox.devices", "sw1", site_id=2)
        estate.add("librenms.vlans", device_id=1, vlan_vlan=10, vlan_name="users")
        estate.add(
            *("netbox.vlan_groups",),
            **{"id": 1, "name": "Campus", "slug": "campus", "vid_ranges": [[1, 99]]},
            **{"scope_type": scope, "scope_id": 1},
        )
        estate.add("netbox.vlans", id=1, vid=10, name="old", group_id=1, site_id=2)
        said = "VLAN 10 is at site Lyon, which is not in the scope of its group Campus, and NetBox refuses every edit of it"
        assert told(estate, "vlans") == {"10 in campus": ("conflict", f"name: {said}")}
        estate.change("netbox.vlan_groups", "Campus", scope_id=2)
        assert told(estate, "vlans") == {}


def test_a_vlan_that_the_configured_group_has_is_not_created_again() -> None:
    """Whatever the scope of the group: NetBox takes a VID once per group."""
    estate = Estate(
        "librenms", defaults={"vlan_group": "campus"}, policies={**GENEROUS, "owns": ["vlans.name"]}
    )
    _places(estate)
    known_switch(estate, 1)
    estate.change("netbox.devices", "sw1", site_id=2)
    estate.add(
        *("netbox.vlan_groups",),
        **{"id": 1, "name": "Campus", "slug": "campus", "vid_ranges": [[1, 99]]},
        **{"scope_type": "dcim.site", "scope_id": 1},
    )
    for vid, site in ((10, None), (11, 1)):
        estate.add("librenms.vlans", device_id=1, vlan_vlan=vid, vlan_name=f"users{vid}")
        estate.add("netbox.vlans", id=vid, vid=vid, name="old", group_id=1, site_id=site)
    estate.add("librenms.vlans", device_id=1, vlan_vlan=12, vlan_name="users12")
    away = "NetBox has VLAN 11 of the group campus at site Paris, and accepts it only on interfaces there"
    assert {r.key: (r.action, r.reason) for r in estate.rows() if r.resource == "vlans"} == {
        "10 in campus": ("update", None),
        "VLAN 11 of sw1": ("blocked", away),
        "12 in campus": ("create", None),
    }


def test_an_interface_whose_primary_mac_address_is_on_another_or_on_none() -> None:
    """NetBox before 4.7 accepts the edit of one whose address is on none."""
    estate = _librenms()
    known_switch(estate, 1)
    for number, holder in ((1, None), (2, 3), (3, 3)):
        port(estate, number, f"Gi0/{number}", ifAlias="desk")
        interface(estate, number, f"Gi0/{number}", port=number, primary_mac_id=number)
        estate.add(
            "netbox.mac_addresses",
            id=number,
            mac_address=mac(number),
            assigned_object_type="dcim.interface" if holder else None,
            assigned_object_id=holder,
        )
    said = {
        f"sw1 Gi0/{n}": (
            "conflict",
            f"description: its primary MAC address {mac(n)} is not assigned to it, and NetBox refuses every edit until that is changed",
        )
        for n in (1, 2)
    }
    assert told(estate, "interfaces") == {"sw1 Gi0/2": said["sw1 Gi0/2"]}
    estate.change("netbox.status", netbox_version="4.7.3")
    assert told(estate, "interfaces") == said


def test_a_cluster_and_its_machines_after_its_devices_or_its_location_moved() -> None:
    """Where this diff saves the cluster, NetBox moves its machines to the cluster's site before they are edited."""
    estate = paris(policies={**GENEROUS, "owns": ["clusters.status"]})
    _places(estate)
    guest(estate, 101, "erp", mac(1), description="Shop")
    machine(estate, 1, "erp", 101, site_id=2, start_on_boot="off")
    nic(estate, 11, "eth0", 1, mac(1))
    estate.change("netbox.clusters", "paris", status="active", scope_type="dcim.location", scope_id=5)
    apart = (
        "it and its cluster paris are at different sites, and NetBox refuses every edit until that is changed"
    )
    assert told(estate, "virtual_machines") == {"erp": ("conflict", f"description: {apart}")}
    estate.change("netbox.clusters", "paris", status="staging")
    rows = {r.resource: (r.action, r.fields) for r in estate.rows() if r.resource != "custom_fields"}
    assert rows == {
        "clusters": ("update", {"status": "active"}),
        "virtual_machines": ("update", {"description": "Shop"}),
    }
    estate.add("netbox.devices", id=1, name="pve1", cluster_id=1, site_id=1, location_id=6)
    estate.add("netbox.devices", id=2, name="pve2", cluster_id=1, site_id=1, location_id=5)
    elsewhere = (
        "its devices pve1 are not in Hall 1, where it is, and NetBox refuses every edit until they are"
    )
    assert told(estate, "clusters", "virtual_machines") == {
        "paris": ("conflict", f"status: {elsewhere}"),
        "erp": ("conflict", f'description: {apart}; clusters "paris" is conflict (status: {elsewhere})'),
    }
