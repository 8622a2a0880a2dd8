"""What people answer: rows and fields that the comparison asks about, and what follows from each answer."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    address,
    device,
    guest,
    interface,
    known_switch,
    mac,
    machine,
    nic,
    paris,
    port,
    said_of,
    shown,
)


def switches() -> Estate:
    """LibreNMS and a NetBox that has the VLAN group paris."""
    create = {"create": ["devices", "custom_fields", "vlans"]}
    estate = Estate("librenms", policies=create, defaults={"vlan_group": "paris"})
    estate.add("netbox.vlan_groups", id=1, name="paris", slug="paris")
    return estate


def clusters() -> Estate:
    """Proxmox and a NetBox that has another cluster too, which is 2."""
    create = ["virtual_machines", "vm_interfaces", "mac_addresses", "ip_addresses", "custom_fields"]
    estate = paris(policies=GENEROUS | {"create": create})
    estate.add("netbox.clusters", id=2, name="old")
    return estate


# What is asked, what it becomes with everybody's answers, and after later changes.
SWITCHES = Parts(switches)
SWITCHES_ANSWERED = Parts(SWITCHES.estate)
SWITCHES_LATER = Parts(SWITCHES_ANSWERED.estate)
GUESTS = Parts(clusters)
GUESTS_ANSWERED = Parts(GUESTS.estate)


@cache
def questions(parts: Parts) -> dict[tuple[str, str, str], tuple[str, str]]:
    return parts.estate().questions()


def of(parts: Parts, resource: str, key: str) -> Row:
    """The row with this key."""
    return next(row for row in parts.estate().rows() if (row.resource, row.key) == (resource, key))


def lapsed(parts: Parts, key: str) -> bool:
    """Whether the answer about this key no longer counts."""
    estate = parts.estate()
    estate.rows()
    return key in estate.lapsed


def answered(estate: Estate, resource: str, key: str, answer: str, field: str = "", **columns: Any) -> None:
    """What a person answered to the question of that row or field: to exactly that one, or, where the answer says what
    is right, as long as its cause is the same."""
    asked = questions(SWITCHES if estate.kind == "librenms" else GUESTS)[resource, key, field]
    whole, cause = asked
    question = whole if answer in ("acknowledge", "take", "keep") else cause
    named = {"field": field} if field else {}
    estate.answer(resource, key, answer, **{"question": question, "resolution_id": key, **named, **columns})


# Devices ----------------------------------------------------------------------------------------------------------


def twins(estate: Estate, number: int) -> None:
    """LibreNMS shows sw<number>; NetBox has it twice, as <number>01 and <number>02, without an id."""
    device(estate, number, f"sw{number}")
    port(estate, number * 100, "eth0", device=number)
    for place in (1, 2):
        estate.add("netbox.devices", id=number * 100 + place, name=f"sw{number}", site_id=place)


@SWITCHES.part
def devices(estate: Estate) -> None:
    for number in range(1, 8):
        twins(estate, number)
    estate.give_id("netbox.devices", 302, {"librenms_id": {"lib": 3}})


@SWITCHES_ANSWERED.part
def picks(estate: Estate) -> None:
    """sw2 is written since; sw4 has a third candidate; what is picked for sw5 is another device's, for sw6 not there."""
    for number, picked in ((1, 102), (2, 202), (4, 402), (5, 500), (6, 99)):
        answered(estate, "devices", f"sw{number}", "pick", netbox_id=picked)
    estate.give_id("netbox.devices", 202, {"librenms_id": {"lib": 2}})
    estate.add("netbox.devices", id=403, name="sw4", site_id=3)
    device(estate, 50, "sw50")
    estate.add("netbox.devices", id=500, name="sw50", cf={"librenms_id": {"lib": 50}})
    answered(estate, "devices", "sw7", "acknowledge")


@SWITCHES_LATER.part
def third_candidate(estate: Estate) -> None:
    estate.add("netbox.devices", id=703, name="sw7", site_id=3)


def test_one_of_two_devices_is_picked() -> None:
    assert of(SWITCHES, "devices", "sw1").action == "conflict"
    row = of(SWITCHES_ANSWERED, "devices", "sw1")
    assert (row.action, row.netbox_id) == ("update", 102)
    assert row.fields["cf.librenms_id"] == {"lib": 1}
    assert not lapsed(SWITCHES_ANSWERED, "sw1")


def test_a_picked_device_stays_picked_once_it_holds_the_id() -> None:
    found = about(SWITCHES_ANSWERED.estate().rows(), "sw2")
    assert [row.netbox_id for row in found if row.resource == "devices" and row.action != "update"] == []
    assert not lapsed(SWITCHES_ANSWERED, "sw2")


def test_a_device_with_the_id_and_the_name_wins_over_namesakes() -> None:
    """Whoever picked or created it: the others only have the name."""
    found = about(SWITCHES.estate().rows(), "sw3")
    assert [row for row in found if row.resource == "devices" and row.action == "conflict"] == []


def test_an_answer_lapses_when_the_candidates_change() -> None:
    row = of(SWITCHES_ANSWERED, "devices", "sw4")
    assert (row.action, row.netbox_id) == ("conflict", None)
    assert (row.reason or "").endswith(
        "; the answer of ada on 2026-11-20 was to another question, so it does not count"
    )
    assert lapsed(SWITCHES_ANSWERED, "sw4")


def test_a_picked_object_that_another_row_has_is_not_taken() -> None:
    assert of(SWITCHES_ANSWERED, "devices", "sw5").action == "conflict"


def test_a_picked_object_that_netbox_does_not_have_is_not_taken() -> None:
    assert of(SWITCHES_ANSWERED, "devices", "sw6").action == "conflict"


def test_a_row_that_is_left_is_counted_apart_until_its_content_changes() -> None:
    assert of(SWITCHES_ANSWERED, "devices", "sw7").action == "acknowledged"
    assert of(SWITCHES_LATER, "devices", "sw7").action == "conflict"


# Guests -----------------------------------------------------------------------------------------------------------


@GUESTS.part
def disk_of_unknown_size(estate: Estate) -> None:
    guest(estate, 101, "web")
    disk = {"vmid": 101, "key": "scsi0", "counted": False, "reason": "size unknown"}
    estate.add("proxmox.disks", volume="/dev/sda", **disk)


@GUESTS_ANSWERED.part
def disk_is_left(estate: Estate) -> None:
    answered(estate, "virtual_disks", "web scsi0", "acknowledge")


def test_a_disk_of_unknown_size_is_left() -> None:
    row = of(GUESTS, "virtual_disks", "web scsi0")
    assert (row.action, row.reason) == ("blocked", "size unknown: Proxmox gives no size for /dev/sda")
    assert of(GUESTS_ANSWERED, "virtual_disks", "web scsi0").action == "acknowledged"


@GUESTS.part
def near_guests(estate: Estate) -> None:
    """Proxmox has shop and mail; NetBox has machines of these names in another cluster, without a vmid."""
    for number, name in ((2, "shop"), (3, "mail")):
        guest(estate, 100 + number, name, mac(number))
        machine(estate, number, name, None, cluster_id=2)


@GUESTS_ANSWERED.part
def one_of_them_is_it(estate: Estate) -> None:
    answered(estate, "virtual_machines", "shop", "pick", netbox_id=2)
    answered(estate, "virtual_machines", "mail", "create")


def test_a_near_machine_is_taken_over() -> None:
    assert of(GUESTS, "virtual_machines", "shop").action == "conflict"
    row = of(GUESTS_ANSWERED, "virtual_machines", "shop")
    assert (row.action, row.netbox_id) == ("update", 2)
    assert row.fields["cf.proxmox_vmid"] == 102


def test_a_near_machine_is_another_one() -> None:
    assert of(GUESTS, "virtual_machines", "mail").action == "conflict"
    row = of(GUESTS_ANSWERED, "virtual_machines", "mail")
    assert (row.action, row.netbox_id) == ("create", None)


@GUESTS.part
def interface_by_another_name(estate: Estate) -> None:
    guest(estate, 107, "erp", mac(7))
    shown_there = {"source": "agent", "canonical": "10.71.0.7", "prefixlen": 24, "family": 4}
    estate.add("proxmox.guest_addresses", vmid=107, key="net0", **shown_there)
    machine(estate, 7, "erp", 107)
    nic(estate, 70, "lan", 7)
    address(estate, 1, "10.99.0.7", 70, "virtualization.vminterface")


def interface_of_erp(parts: Parts) -> Row:
    (row,) = (row for row in about(parts.estate().rows(), "erp") if row.resource == "vm_interfaces")
    return row


@GUESTS_ANSWERED.part
def interface_is_it(estate: Estate) -> None:
    answered(estate, "vm_interfaces", interface_of_erp(GUESTS).key, "pick", netbox_id=70)


def test_the_only_interface_of_a_guest_is_the_one_in_netbox() -> None:
    assert interface_of_erp(GUESTS).action == "conflict"
    # It is this one, whose name someone chose in NetBox.
    row = interface_of_erp(GUESTS_ANSWERED)
    assert (row.action, row.netbox_id, (row.reason or "")[:6]) == ("drifted", 70, "name: ")


# Fields -----------------------------------------------------------------------------------------------------------


@SWITCHES.part
def drifted_ports(estate: Estate) -> None:
    """The descriptions of sw11 eth0 to eth3 differ, and NetBox's are not this product's."""
    known_switch(estate, 11)
    for number in range(4):
        port(estate, 110 + number, f"eth{number}", device=11, ifAlias="uplink")
        interface(estate, 110 + number, f"eth{number}", device=11, port=110 + number, description="by hand")


@SWITCHES_ANSWERED.part
def descriptions(estate: Estate) -> None:
    """The source is right about eth0 and was about eth1, NetBox is about eth2 and always about eth3."""
    for number in (0, 1):
        answered(estate, "interfaces", f"sw11 eth{number}", "take", "description")
    answered(estate, "interfaces", "sw11 eth2", "keep", "description")
    answered(estate, "interfaces", "sw11 eth3", "keep", "description", question=None)
    for number in (1, 3):
        estate.change("librenms.ports", 110 + number, ifAlias="downlink")


@SWITCHES_LATER.part
def another_description(estate: Estate) -> None:
    estate.change("librenms.ports", 112, ifAlias="downlink")


def test_the_source_is_right_about_a_field() -> None:
    assert said_of(SWITCHES.estate().rows(), "interfaces", 110)[0][0] == "drifted"
    row = of(SWITCHES_ANSWERED, "interfaces", "sw11 eth0")
    assert (row.action, row.fields) == ("update", {"description": "uplink"})


def test_the_source_was_right_about_another_value() -> None:
    assert of(SWITCHES_ANSWERED, "interfaces", "sw11 eth1").action == "drifted"
    assert lapsed(SWITCHES_ANSWERED, "sw11 eth1")


def test_netbox_is_right_about_a_field_this_once() -> None:
    assert of(SWITCHES_ANSWERED, "interfaces", "sw11 eth2").action == "acknowledged"
    assert not lapsed(SWITCHES_ANSWERED, "sw11 eth2")
    assert lapsed(SWITCHES_LATER, "sw11 eth2")
    assert of(SWITCHES_LATER, "interfaces", "sw11 eth2").action == "drifted"


def test_netbox_is_right_about_a_field_from_now_on() -> None:
    row = of(SWITCHES_ANSWERED, "interfaces", "sw11 eth3")
    assert (row.action, row.reason) == (
        "acknowledged",
        "description: ada keeps NetBox's value (answered on 2026-11-20)",
    )


@SWITCHES.part
def moved_addresses(estate: Estate) -> None:
    """sw12 shows two addresses that NetBox has on another device."""
    known_switch(estate, 12)
    port(estate, 121, "eth0", device=12)
    interface(estate, 121, "eth0", device=12, port=121)
    estate.add("netbox.devices", id=13, name="sw13")
    interface(estate, 131, "eth0", device=13)
    for number in (5, 6):
        shown(estate, number, f"10.0.0.{number}", port=121)
        address(estate, number, f"10.0.0.{number}", on=131)


@SWITCHES_ANSWERED.part
def addresses_may_move(estate: Estate) -> None:
    """10.0.0.6 is at another interface since."""
    for number in (5, 6):
        answered(estate, "ip_addresses", f"10.0.0.{number}", "move")
    estate.change("netbox.ip_addresses", 6, assigned_object_id=132)
    interface(estate, 132, "eth1", device=13)


def test_an_address_may_move() -> None:
    assert of(SWITCHES, "ip_addresses", "10.0.0.5").action == "conflict"
    row = of(SWITCHES_ANSWERED, "ip_addresses", "10.0.0.5")
    assert (row.action, row.netbox_id) == ("update", 5)
    assert row.fields["assigned_object"]["id"] == 121


def test_an_address_may_move_only_from_where_it_was_then() -> None:
    assert of(SWITCHES_ANSWERED, "ip_addresses", "10.0.0.6").action == "conflict"
    assert lapsed(SWITCHES_ANSWERED, "10.0.0.6")


@SWITCHES.part
def untagged_vlans(estate: Estate) -> None:
    """sw14 eth0 has two of them."""
    known_switch(estate, 14)
    port(estate, 141, "eth0", device=14)
    interface(estate, 141, "eth0", device=14, port=141)
    for number, vid in enumerate((10, 20), 1):
        estate.add("netbox.vlans", id=number, vid=vid, name=f"V{vid}", group_id=1)
        estate.add("librenms.vlans", vlan_id=number, device_id=14, vlan_vlan=vid, vlan_name=f"V{vid}")
        estate.add("librenms.port_vlans", device_id=14, port_id=141, vlan=vid, untagged=True)


@SWITCHES_ANSWERED.part
def one_vlan_is_right(estate: Estate) -> None:
    answered(estate, "interfaces", "sw14 eth0", "value", "untagged_vlan", value="20")


def test_one_of_several_untagged_vlans_is_right() -> None:
    row = of(SWITCHES_ANSWERED, "interfaces", "sw14 eth0")
    assert (row.action, row.fields["untagged_vlan"]["id"]) == ("update", 2)


@SWITCHES.part
def names_of_a_vlan(estate: Estate) -> None:
    for number, name in ((15, "DATA"), (16, "Data-LAN")):
        known_switch(estate, number)
        estate.add("librenms.vlans", vlan_id=number, device_id=number, vlan_vlan=30, vlan_name=name)


def key_of_vlan_30() -> str:
    return next(row.key for row in about(SWITCHES.estate().rows(), "30") if row.resource == "vlans")


@SWITCHES_ANSWERED.part
def one_name_is_right(estate: Estate) -> None:
    answered(estate, "vlans", key_of_vlan_30(), "value", "name", value="DATA")


def test_one_of_several_names_of_a_vlan_is_right() -> None:
    row = of(SWITCHES_ANSWERED, "vlans", key_of_vlan_30())
    assert (row.action, row.fields["name"]) == ("create", "DATA")
