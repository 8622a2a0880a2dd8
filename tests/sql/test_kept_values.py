"""Objects with a value in NetBox that it no longer accepts: it refuses every edit that leaves the value."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, address, interface, known_switch, port, shown, switch, told


def test_a_device_whose_platform_is_for_another_manufacturer() -> None:
    estate = switch(policies={**GENEROUS, "owns": ["devices.serial"]})
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    estate.add("netbox.device_types", id=1, model="C9300", slug="c9300", manufacturer_id=1)
    estate.add("netbox.platforms", id=1, name="IOS", slug="ios", manufacturer_id=1)
    estate.add("netbox.platforms", id=2, name="Junos", slug="junos", manufacturer_id=2)
    estate.change("netbox.devices", "sw1", device_type_id=1, platform_id=2, status="active", serial="FOC1")
    estate.change("librenms.devices", serial="FOC2")
    said = (
        "its platform Junos is for another manufacturer than that of its type C9300, and NetBox refuses every edit until "
        "one of them is changed"
    )
    assert told(estate, "devices")["sw1"] == ("conflict", f"serial: {said}")
    estate.change("netbox.devices", "sw1", platform_id=1)
    assert {r.key: r.fields for r in estate.rows() if r.resource == "devices"} == {"sw1": {"serial": "FOC2"}}


def test_a_device_that_moved_with_its_rack_and_is_in_a_cluster_of_the_former_site() -> None:
    estate = switch(policies={**GENEROUS, "owns": ["devices.serial"]})
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
        estate.add("netbox.locations", id=number, name=f"Room {name}", slug=f"room-{number}", site_id=number)
    estate.add("netbox.clusters", id=1, name="hosts", scope_type="dcim.site", scope_id=1)
    estate.change("netbox.devices", "sw1", status="active", serial="FOC1", site_id=2, cluster_id=1)
    estate.change("librenms.devices", serial="FOC2")
    said = (
        "serial: its cluster hosts is at another {}, and NetBox refuses every edit until one of them is moved"
    )
    assert told(estate, "devices")["sw1"] == ("conflict", said.format("site"))
    estate.change("netbox.clusters", "hosts", scope_type="dcim.location", scope_id=2)
    assert told(estate, "devices")["sw1"] == ("conflict", said.format("location"))
    estate.change("netbox.devices", "sw1", location_id=2)
    assert {r.key: r.fields for r in estate.rows() if r.resource == "devices"} == {"sw1": {"serial": "FOC2"}}


def test_an_interface_whose_lag_is_on_a_device_that_left_the_virtual_chassis() -> None:
    estate = switch()
    known_switch(estate, 2)
    for number in (1, 2):
        interface(estate, 10 + number, f"Po{number}", device=number, type="lag", port=10 + number)
        port(estate, 10 + number, f"Po{number}", device=number, ifType="ieee8023adLag")
    port(estate, 1, "Gi0/1", ifAlias="uplink")
    interface(estate, 21, "Gi0/1", port=1, lag_id=12)
    said = "its LAG Po2 is on another device (sw2), and NetBox refuses every edit until that is changed"
    assert told(estate, "interfaces")["sw1 Gi0/1"] == ("conflict", f"description: {said}")
    for name in ("sw1", "sw2"):
        estate.change("netbox.devices", name, virtual_chassis_id=5)
    assert "sw1 Gi0/1" not in told(estate, "interfaces")


def test_a_vlan_outside_the_ranges_of_its_group() -> None:
    estate = switch(policies={**GENEROUS, "owns": ["vlans.name"]})
    estate.add("netbox.vlan_groups", id=1, name="Campus", slug="campus", vid_ranges=[[1, 99]])
    for vid in (10, 200):
        estate.add("netbox.vlans", id=vid, vid=vid, name="old", group_id=1)
        estate.add("librenms.vlans", device_id=1, vlan_vlan=vid, vlan_name=f"users{vid}")
    said = "VLAN 200 is outside the VID ranges of its group Campus, and NetBox refuses every edit of it"
    assert told(estate, "vlans") == {"200 in campus": ("conflict", f"name: {said}")}
    assert [r.fields for r in estate.rows() if r.key == "10 in campus"] == [{"name": "users10"}]


def test_an_address_that_a_vrf_has_twice() -> None:
    estate = switch(defaults={"vrf": "Blue"}, policies={**GENEROUS, "owns": ["ip_addresses.address"]})
    estate.add("netbox.vrfs", id=1, name="Blue", enforce_unique=True)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "10.0.0.1", 1)
    address(estate, 1, "10.0.0.1", 11, vrf_id=1)
    address(estate, 2, "10.0.0.1", 99, vrf_id=1)
    estate.change("netbox.ip_addresses", prefixlen=25, address="10.0.0.1/25")
    said = (
        "NetBox has 10.0.0.1 several times in the VRF Blue, which takes it once, and refuses every edit until the others "
        "are deleted"
    )
    assert _address(estate) == ("conflict", f"prefix differs; address: {said}")
    estate.change("netbox.vrfs", "Blue", enforce_unique=False)
    assert _address(estate) == ("update", "prefix differs")
    estate.change("netbox.vrfs", "Blue", enforce_unique=True)
    estate.change("netbox.ip_addresses", role="vip")
    assert _address(estate) == ("update", "prefix differs")


def _address(estate: Estate) -> tuple[str, str | None] | None:
    return next(((r.action, r.reason) for r in estate.rows() if r.resource == "ip_addresses"), None)


def test_an_object_with_a_value_that_its_custom_field_no_longer_takes() -> None:
    estate = switch()
    common = {"object_types": ["dcim.interface"], "status": "active"}
    estate.add("netbox.custom_fields", id=1, name="code", type="text", validation_regex="^[0-9]+$", **common)
    estate.add("netbox.custom_fields", id=2, name="floor", type="integer", validation_maximum=9, **common)
    estate.add("netbox.custom_fields", id=3, name="zone", type="select", **common)
    estate.add("netbox.choices", model="extras.customfield", field="zone", value="north", label="North")
    estate.add("netbox.custom_fields", id=4, name="zones", type="multiselect", **common)
    estate.add("netbox.choices", model="extras.customfield", field="zones", value="north", label="North")
    values = {
        "code": ("12", "ab"),
        "floor": (9, 10),
        "zone": ("north", "west"),
        "zones": (["north"], ["north", "west"]),
    }
    for number, field in enumerate(values):
        for wrong in (0, 1):
            which = 10 + 2 * number + wrong
            port(estate, which, f"Gi0/{which}", ifAlias="desk")
            held = {"librenms_id": {"lib": which}, field: values[field][wrong]}
            interface(estate, which, f"Gi0/{which}", cf=held)
    said = (
        'its custom field code holds "ab", which the field no longer takes, and NetBox refuses every edit until it is '
        "changed"
    )
    assert told(estate, "interfaces") == {
        "sw1 Gi0/11": ("conflict", f"description: {said}"),
        "sw1 Gi0/13": ("conflict", f"description: {said.replace('code', 'floor').replace('ab', '10')}"),
        "sw1 Gi0/15": ("conflict", f"description: {said.replace('code', 'zone').replace('ab', 'west')}"),
        "sw1 Gi0/17": (
            "conflict",
            "description: " + said.replace("code", "zones").replace("ab", '["north","west"]'),
        ),
    }


def test_an_object_with_a_value_that_its_custom_field_takes_once() -> None:
    """As before the field was made unique. An interface of another type, and an empty value, count for nothing."""
    estate = switch()
    estate.add(
        *("netbox.custom_fields",),
        **{"id": 1, "name": "code", "type": "text", "status": "active", "is_unique": True},
        object_types=["dcim.interface", "virtualization.vminterface"],
    )
    for number, code in ((1, "A"), (2, "B"), (3, ""), (4, "")):
        port(estate, number, f"Gi0/{number}", ifAlias="desk")
        interface(estate, number, f"Gi0/{number}", cf={"librenms_id": {"lib": number}, "code": code})
    interface(estate, 9, "Vlan9", cf={"code": "A"})
    estate.add("netbox.vm_interfaces", id=9, name="eth0", virtual_machine_id=9, cf={"code": "B"})
    said = (
        'its custom field code holds "A", which another object has too and the field takes once, and NetBox refuses every '
        "edit until one of them is changed"
    )
    assert told(estate, "interfaces")["sw1 Gi0/1"] == ("conflict", f"description: {said}")
    assert {r.key: r.action for r in estate.rows() if r.key.startswith("sw1 Gi0")} == {
        "sw1 Gi0/1": "conflict",
        **dict.fromkeys(("sw1 Gi0/2", "sw1 Gi0/3", "sw1 Gi0/4"), "update"),
    }
