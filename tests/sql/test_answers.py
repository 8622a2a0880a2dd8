"""What people answer: rows and fields that the comparison asks about, and what follows from each answer."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    address,
    device,
    guest,
    interface,
    machine,
    nic,
    paris,
    port,
    said_of,
    shown,
    switch,
)


def of(found: list[Row], resource: str, key: str) -> Row:
    """The row with this key."""
    return next(row for row in found if (row.resource, row.key) == (resource, key))


def two_of_a_name() -> Estate:
    """LibreNMS shows sw1; NetBox has it twice, without an id."""
    estate = Estate("librenms", policies={"create": ["devices", "custom_fields"]})
    device(estate, 1, "sw1")
    port(estate, 1, "eth0")
    for number in (1, 2):
        estate.add("netbox.devices", id=number, name="sw1", site_id=number)
    return estate


def test_one_of_two_devices_is_picked() -> None:
    estate = two_of_a_name()
    assert of(estate.rows(), "devices", "sw1").action == "conflict"

    estate.answer("devices", "sw1", "pick", estate.questions()["devices", "sw1", ""][1], netbox_id=2)

    row = of(estate.rows(), "devices", "sw1")
    assert (row.action, row.netbox_id) == ("update", 2)
    assert row.fields["cf.librenms_id"] == {"lib": 1}
    assert estate.lapsed == []


def test_a_picked_device_stays_picked_once_it_holds_the_id() -> None:
    estate = two_of_a_name()
    estate.answer("devices", "sw1", "pick", estate.questions()["devices", "sw1", ""][1], netbox_id=2)
    estate.give_id("netbox.devices", 2, {"librenms_id": {"lib": 1}})

    assert [
        row.netbox_id for row in estate.rows() if row.resource == "devices" and row.action != "update"
    ] == []
    assert estate.lapsed == []


def test_a_device_with_the_id_and_the_name_wins_over_namesakes() -> None:
    """Whoever picked or created it: the others only have the name."""
    estate = two_of_a_name()
    estate.give_id("netbox.devices", 2, {"librenms_id": {"lib": 1}})

    assert [row for row in estate.rows() if row.resource == "devices" and row.action == "conflict"] == []


def test_an_answer_lapses_when_the_candidates_change() -> None:
    estate = two_of_a_name()
    estate.answer("devices", "sw1", "pick", estate.questions()["devices", "sw1", ""][1], netbox_id=2)
    estate.add("netbox.devices", id=3, name="sw1", site_id=3)

    row = of(estate.rows(), "devices", "sw1")

    assert (row.action, row.netbox_id) == ("conflict", None)
    assert (row.reason or "").endswith(
        "; the answer of ada on 2026-11-20 was to another question, so it does not count"
    )
    assert estate.lapsed == ["r0"]


def test_a_picked_object_that_another_row_has_is_not_taken() -> None:
    estate = two_of_a_name()
    estate.answer("devices", "sw1", "pick", estate.questions()["devices", "sw1", ""][1], netbox_id=3)
    device(estate, 7, "sw7")
    estate.add("netbox.devices", id=3, name="sw7", cf={"librenms_id": {"lib": 7}})

    assert of(estate.rows(), "devices", "sw1").action == "conflict"


def test_a_picked_object_that_netbox_does_not_have_is_not_taken() -> None:
    estate = two_of_a_name()
    estate.answer("devices", "sw1", "pick", estate.questions()["devices", "sw1", ""][1], netbox_id=99)

    assert of(estate.rows(), "devices", "sw1").action == "conflict"


def test_a_row_that_is_left_is_counted_apart_until_its_content_changes() -> None:
    estate = two_of_a_name()
    estate.answer("devices", "sw1", "acknowledge", estate.questions()["devices", "sw1", ""][0])
    assert of(estate.rows(), "devices", "sw1").action == "acknowledged"

    estate.add("netbox.devices", id=3, name="sw1", site_id=3)

    assert of(estate.rows(), "devices", "sw1").action == "conflict"


def test_a_disk_of_unknown_size_is_left() -> None:
    estate = paris()
    guest(estate, 101, "web")
    disk = {"vmid": 101, "key": "scsi0", "counted": False, "reason": "size unknown"}
    estate.add("proxmox.disks", volume="/dev/sda", **disk)
    row = of(estate.rows(), "virtual_disks", "web scsi0")
    assert (row.action, row.reason) == ("blocked", "size unknown: Proxmox gives no size for /dev/sda")

    question = estate.questions()["virtual_disks", "web scsi0", ""][0]
    estate.answer("virtual_disks", "web scsi0", "acknowledge", question)

    assert of(estate.rows(), "virtual_disks", "web scsi0").action == "acknowledged"


def near_guest() -> Estate:
    """Proxmox has web1; NetBox has a machine of that name in another cluster, without a vmid."""
    estate = paris(policies={"create": ["virtual_machines", "vm_interfaces", "custom_fields"]})
    guest(estate, 100, "web1", "AA:BB:CC:00:00:01")
    estate.add("netbox.clusters", id=2, name="old")
    machine(estate, 5, "web1", None, cluster_id=2)
    return estate


def test_a_near_machine_is_taken_over() -> None:
    estate = near_guest()
    assert of(estate.rows(), "virtual_machines", "web1").action == "conflict"

    estate.answer(
        "virtual_machines", "web1", "pick", estate.questions()["virtual_machines", "web1", ""][1], netbox_id=5
    )

    row = of(estate.rows(), "virtual_machines", "web1")
    assert (row.action, row.netbox_id) == ("update", 5)
    assert row.fields["cf.proxmox_vmid"] == 100


def test_a_near_machine_is_another_one() -> None:
    estate = near_guest()
    estate.answer("virtual_machines", "web1", "create", estate.questions()["virtual_machines", "web1", ""][1])

    row = of(estate.rows(), "virtual_machines", "web1")

    assert (row.action, row.netbox_id) == ("create", None)


def test_the_only_interface_of_a_guest_is_the_one_in_netbox() -> None:
    estate = paris()
    guest(estate, 101, "erp", "AA:BB:CC:00:00:01")
    shown_there = {"source": "agent", "canonical": "10.71.0.7", "prefixlen": 24, "family": 4}
    estate.add("proxmox.guest_addresses", vmid=101, key="net0", **shown_there)
    machine(estate, 7, "erp", 101)
    nic(estate, 70, "lan", 7)
    address(estate, 1, "10.99.0.7", 70, "virtualization.vminterface")
    (row,) = (row for row in estate.rows() if row.resource == "vm_interfaces")
    assert row.action == "conflict"

    question = estate.questions()["vm_interfaces", row.key, ""][1]
    estate.answer("vm_interfaces", row.key, "pick", question, netbox_id=70)

    # It is this one, whose name someone chose in NetBox.
    answered = of(estate.rows(), "vm_interfaces", row.key)
    assert (answered.action, answered.netbox_id, (answered.reason or "")[:6]) == ("drifted", 70, "name: ")


def drifted_port(**content: Any) -> Estate:
    """The description of a port differs, and NetBox's is not this product's."""
    estate = switch(policies={})
    port(estate, 1, "eth0", ifAlias="uplink")
    interface(estate, 1, "eth0", port=1, description="by hand", **content)
    return estate


def test_the_source_is_right_about_a_field() -> None:
    estate = drifted_port()
    assert said_of(estate.rows(), "interfaces", 1)[0][0] == "drifted"
    question = estate.questions()["interfaces", "sw1 eth0", "description"][0]

    estate.answer("interfaces", "sw1 eth0", "take", question, field="description")

    row = of(estate.rows(), "interfaces", "sw1 eth0")
    assert (row.action, row.fields) == ("update", {"description": "uplink"})


def test_the_source_was_right_about_another_value() -> None:
    estate = drifted_port()
    question = estate.questions()["interfaces", "sw1 eth0", "description"][0]
    estate.answer("interfaces", "sw1 eth0", "take", question, field="description")
    estate.change("librenms.ports", ifAlias="downlink")

    assert of(estate.rows(), "interfaces", "sw1 eth0").action == "drifted"
    assert estate.lapsed == ["r0"]


def test_netbox_is_right_about_a_field_this_once() -> None:
    estate = drifted_port()
    question = estate.questions()["interfaces", "sw1 eth0", "description"][0]
    estate.answer("interfaces", "sw1 eth0", "keep", question, field="description")
    assert of(estate.rows(), "interfaces", "sw1 eth0").action == "acknowledged"

    estate.change("librenms.ports", ifAlias="downlink")

    assert of(estate.rows(), "interfaces", "sw1 eth0").action == "drifted"


def test_netbox_is_right_about_a_field_from_now_on() -> None:
    estate = drifted_port()
    estate.answer("interfaces", "sw1 eth0", "keep", None, field="description")
    estate.change("librenms.ports", ifAlias="downlink")

    row = of(estate.rows(), "interfaces", "sw1 eth0")

    assert (row.action, row.reason) == (
        "acknowledged",
        "description: ada keeps NetBox's value (answered on 2026-11-20)",
    )


def moved_address() -> Estate:
    """sw1 shows an address that NetBox has on another device."""
    estate = switch(policies={})
    port(estate, 1, "eth0")
    interface(estate, 1, "eth0", port=1)
    shown(estate, 1, "10.0.0.5", port=1)
    estate.add("netbox.devices", id=2, name="sw2")
    interface(estate, 20, "eth0", device=2)
    address(estate, 5, "10.0.0.5", on=20)
    return estate


def test_an_address_may_move() -> None:
    estate = moved_address()
    assert of(estate.rows(), "ip_addresses", "10.0.0.5").action == "conflict"

    question = estate.questions()["ip_addresses", "10.0.0.5", ""][1]
    estate.answer("ip_addresses", "10.0.0.5", "move", question)

    row = of(estate.rows(), "ip_addresses", "10.0.0.5")
    assert (row.action, row.netbox_id) == ("update", 5)
    assert row.fields["assigned_object"]["id"] == 1


def test_an_address_may_move_only_from_where_it_was_then() -> None:
    estate = moved_address()
    question = estate.questions()["ip_addresses", "10.0.0.5", ""][1]
    estate.answer("ip_addresses", "10.0.0.5", "move", question)
    estate.change("netbox.ip_addresses", assigned_object_id=21)
    interface(estate, 21, "eth1", device=2)

    assert of(estate.rows(), "ip_addresses", "10.0.0.5").action == "conflict"
    assert estate.lapsed == ["r0"]


def test_one_of_several_untagged_vlans_is_right() -> None:
    estate = switch(policies={"create": ["vlans"]}, defaults={"vlan_group": "paris"})
    port(estate, 1, "eth0")
    interface(estate, 1, "eth0", port=1)
    estate.add("netbox.vlan_groups", id=1, name="paris", slug="paris")
    for number, vid in enumerate((10, 20), 1):
        estate.add("netbox.vlans", id=number, vid=vid, name=f"V{vid}", group_id=1)
        estate.add("librenms.vlans", vlan_id=number, device_id=1, vlan_vlan=vid, vlan_name=f"V{vid}")
        estate.add("librenms.port_vlans", device_id=1, port_id=1, vlan=vid, untagged=True)
    asked = estate.questions()["interfaces", "sw1 eth0", "untagged_vlan"][1]

    estate.answer("interfaces", "sw1 eth0", "value", asked, field="untagged_vlan", value="20")

    row = of(estate.rows(), "interfaces", "sw1 eth0")
    assert (row.action, row.fields["untagged_vlan"]["id"]) == ("update", 2)


def test_one_of_several_names_of_a_vlan_is_right() -> None:
    estate = switch(policies={"create": ["vlans"]}, defaults={"vlan_group": "paris"})
    device(estate, 2, "sw2")
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    estate.add("netbox.vlan_groups", id=1, name="paris", slug="paris")
    for number, name in ((1, "DATA"), (2, "Data-LAN")):
        estate.add("librenms.vlans", vlan_id=number, device_id=number, vlan_vlan=10, vlan_name=name)
    key = next(row.key for row in estate.rows() if row.resource == "vlans")
    asked = estate.questions()["vlans", key, "name"][1]

    estate.answer("vlans", key, "value", asked, field="name", value="DATA")

    row = of(estate.rows(), "vlans", key)
    assert (row.action, row.fields["name"]) == ("create", "DATA")
