"""Fields of interfaces that NetBox takes only together with others, where the other is not written: rules on rows.

The field becomes a conflict, and the rest of the row is written.
"""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, guest, interface, machine, nic, paris, port, sites, switch, told

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


def test_an_interface_with_a_vlan_of_another_site_is_edited_only_with_that() -> None:
    """As after its device was moved: NetBox checks the VLAN at every edit. Port 2 gets the VLAN of its site."""
    estate = _ports()
    sites(estate)
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
    sites(estate)
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


def test_a_port_keeps_no_vlan_of_the_site_that_its_device_leaves() -> None:
    estate = Estate(
        "librenms", defaults={"site": "Lyon"}, policies={**GENEROUS, "owns": ["devices.site", *OURS]}
    )
    device(estate, 1, "sw1")
    sites(estate)
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}}, site_id=1)
    estate.add("netbox.vlans", id=10, vid=10, name="desks", site_id=1)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", mode="access")
    _vlans(estate, 1, 10)
    said = "untagged_vlan: VLAN 10 desks is at site Paris, and the device at site Lyon"
    assert told(estate, "interfaces") == {"sw1 Gi0/1": ("update", said)}
