"""802.1Q modes in NetBox that say more than a source shows."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import guest, interface, machine, nic, paris, port, switch, told

SAID = "mode: NetBox has mode q-in-q, and {} does not show outer tags; the VLANs are not compared"


def with_vlans(*ports: tuple[int, str, str, tuple[int, ...]]) -> Estate:
    """A switch that knows the VLANs 1, 50, 60 and Cisco's 1002; (port, NetBox's mode, native VLAN, tagged VLANs)."""
    estate = switch()
    estate.change("netbox.devices", "sw1", status="active")
    estate.add("netbox.vlan_groups", id=1, name="Campus", slug="campus")
    for number, vid in enumerate((1, 50, 60, 1002), 1):
        estate.add("netbox.vlans", id=vid, vid=vid, name=f"V{vid}", group_id=1)
        estate.add("librenms.vlans", vlan_id=number, device_id=1, vlan_vlan=vid, vlan_name=f"V{vid}")
    for number, mode, native, tagged in ports:
        port(estate, number, f"Gi0/{number}", ifVlan=native)
        interface(estate, number, f"Gi0/{number}", port=number, mode=mode, untagged_vlan_id=int(native))
        for vid in (int(native), *tagged):
            of = {"port_id": number, "device_id": 1}
            estate.add("librenms.port_vlans", vlan=vid, untagged=vid == int(native), **of)
    return estate


def test_a_port_in_q_in_q_keeps_its_mode_and_vlans() -> None:
    """The device shows the outer tag as the VLAN of an access port; NetBox refuses the mode while it has an outer tag."""
    estate = with_vlans((1, "q-in-q", "50", ()), (2, "q-in-q", "1", (50, 60)))
    assert told(estate, "interfaces") == {
        "sw1 Gi0/1": ("drifted", SAID.format("LibreNMS")),
        "sw1 Gi0/2": ("drifted", SAID.format("LibreNMS")),
    }


def test_a_guests_interface_in_q_in_q_too() -> None:
    estate = paris()
    guest(estate, 101, "vm1", "BC:24:11:00:00:01")
    estate.change("proxmox.guest_interfaces", tag=50)
    machine(estate, 1, "vm1", 101)
    nic(estate, 11, "eth0", 1, "BC:24:11:00:00:01", mode="q-in-q")
    estate.add("netbox.vlan_groups", id=1, name="Campus", slug="campus")
    estate.add("netbox.vlans", id=50, vid=50, name="V50", group_id=1)
    assert told(estate, "vm_interfaces") == {"vm1 net0": ("drifted", SAID.format("Proxmox"))}


def test_all_vlans_that_a_device_knows_are_all_vlans() -> None:
    """tagged-all stays where each is on the port; a port with fewer is not in this mode."""
    estate = with_vlans((1, "tagged-all", "1", (50, 60)), (2, "tagged-all", "1", (60,)))
    assert {r.key: r.fields for r in estate.rows() if r.resource == "interfaces"} == {
        "sw1 Gi0/2": {"mode": "tagged", "tagged_vlans": [{"id": 60, "name": "60 V60"}]}
    }


def test_the_native_vlan_of_such_a_port_is_compared() -> None:
    estate = with_vlans((1, "tagged-all", "1", (50, 60)))
    estate.change("netbox.interfaces", "Gi0/1", untagged_vlan_id=50)
    assert [r.fields for r in estate.rows() if r.resource == "interfaces"] == [
        {"untagged_vlan": {"id": 1, "name": "1 V1"}}
    ]
