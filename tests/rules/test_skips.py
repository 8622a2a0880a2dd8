"""Rules that leave objects out: nothing of them is created, changed or called removed."""

from __future__ import annotations

import pytest

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
    shown,
)

SWITCHES = Parts(lambda: Estate("librenms", policies=GENEROUS, import_devices="all"))


def of_switch(number: int) -> list[Row]:
    """The rows about sw<number>."""
    return about(SWITCHES.estate().rows(), f"sw{number}", f"192.0.2.{number}")


def changes(found: list[Row]) -> list[tuple[str, str, str]]:
    return sorted((r.resource, r.action, r.key) for r in found if r.resource != "custom_fields")


def left_out(*resources: str) -> list[tuple[str, str, str]]:
    """(resource, key, reason) of what is left out of these resources."""
    return [row for row in SWITCHES.estate().left_out() if row[0] in resources]


def full(estate: Estate, number: int) -> None:
    """sw<number> in both, with a port, its MAC address and an address, all of which differ."""
    known_switch(estate, number)
    first = number * 10
    port(estate, first + 1, "Gi0/1", number, ifAlias="new", ifPhysAddress=f"aabbccddee{number:02}")
    interface(estate, first + 1, "Gi0/1", number, port=first + 1)
    port(estate, first + 2, "Gi0/2", number)
    shown(estate, number, f"192.0.2.{number}", first + 1)
    address(estate, number, f"192.0.2.{number}", first + 1, dns_name="x")
    interface(estate, first + 9, "Gi0/9", number)
    estate.ours("dcim/interfaces", first + 1, first + 9)


@SWITCHES.part
def devices(estate: Estate) -> None:
    """No rule is about sw1; sw2 and the new sw3 are left out."""
    for number in (1, 2):
        full(estate, number)
    device(estate, 3, "sw3")
    estate.rule(
        "devices.skip.sql", "SELECT key, 'not ours' AS reason FROM desired.devices WHERE name = 'sw2'"
    )
    estate.rule("devices.skip.sql", "SELECT key, '' AS reason FROM desired.devices WHERE name = 'sw3'")
    estate.rule("devices.skip.sql", "SELECT 'no-such' AS key, 'x' AS reason")


def test_a_device_is_left_out_with_everything_on_it() -> None:
    assert changes(of_switch(2)) == []
    assert ("devices", "sw2", "rules/devices.skip.sql leaves it out: not ours") in left_out("devices")


def test_a_new_device_is_left_out() -> None:
    assert changes(of_switch(3)) == []
    assert ("devices", "sw3", "rules/devices.skip.sql leaves it out") in left_out("devices")


def test_a_rule_that_names_nothing_leaves_nothing_out() -> None:
    assert changes(of_switch(1)) == [
        ("devices", "update", "sw1"),
        ("interfaces", "create", "sw1 Gi0/2"),
        ("interfaces", "delete", "sw1 Gi0/9"),
        ("interfaces", "update", "sw1 Gi0/1"),
        ("mac_addresses", "create", "sw1 Gi0/1 AA:BB:CC:DD:EE:01"),
        ("primary_macs", "update", "sw1 Gi0/1"),
    ]
    assert [row for row in SWITCHES.estate().left_out() if row[1] in ("no-such", "sw1")] == []


@SWITCHES.part
def interfaces(estate: Estate) -> None:
    """One of sw4, all of sw5."""
    full(estate, 4)
    full(estate, 5)
    interface(estate, 58, "GigabitEthernet0/2", 5)
    address(estate, 58, "192.0.2.58", 58)
    estate.ours("dcim/interfaces", 58)
    estate.ours("ipam/ip-addresses", 58)
    estate.rule(
        "interfaces.skip.sql",
        "SELECT key, 'uplink' AS reason FROM desired.interfaces WHERE key = 'sw4 Gi0/1'",
    )
    estate.rule(
        "interfaces.skip.sql",
        "SELECT key, 'not ours' AS reason FROM desired.interfaces WHERE key LIKE 'sw5 %'",
    )


def test_an_interface_is_left_out_with_its_addresses() -> None:
    found = changes(of_switch(4))
    assert [row for row in found if "Gi0/1" in row[2] or "192.0.2.4" in row[2]] == []
    assert ("interfaces", "create", "sw4 Gi0/2") in found
    assert [row for row in left_out("interfaces", "ip_addresses") if row[1].startswith("sw4")] == [
        ("interfaces", "sw4 Gi0/1", "rules/interfaces.skip.sql leaves it out: uplink"),
        ("ip_addresses", "sw4 Gi0/1 192.0.2.4", "rules/interfaces.skip.sql leaves it out: uplink"),
    ]


def test_an_interface_that_is_left_out_is_not_removed_nor_what_is_on_it() -> None:
    assert sorted((r.action, r.key, r.reason) for r in of_switch(5) if r.resource != "devices") == [
        (
            "blocked",
            "192.0.2.58 on sw5 Gi0/2",
            "not on sw5 Gi0/2 in LibreNMS, but that is no evidence: it is on an interface that a rule leaves out",
        ),
        ("delete", "sw5 Gi0/9", "not in LibreNMS"),
    ]


@SWITCHES.part
def addresses(estate: Estate) -> None:
    full(estate, 6)
    estate.rule(
        "ip_addresses.skip.sql",
        "SELECT key, 'lab' AS reason FROM desired.ip_addresses WHERE host = '192.0.2.6'",
    )


def test_an_address_is_left_out() -> None:
    assert [row for row in changes(of_switch(6)) if row[0] in ("ip_addresses", "primary_ips")] == []
    assert (
        "ip_addresses",
        "sw6 Gi0/1 192.0.2.6",
        "rules/ip_addresses.skip.sql leaves it out: lab",
    ) in left_out("ip_addresses")


# (resource, what a rule leaves out): of the neighbour that LibreNMS sees at a cabled port.
NEIGHBOURS = [("devices", "sw11"), ("interfaces", "sw14 Gi0/1")]


@SWITCHES.part
def cables(estate: Estate) -> None:
    """LibreNMS sees sw11 at the port of sw10 that NetBox has cabled to sw12, and sw14 at that of sw13 to sw15."""
    for number in range(10, 16):
        known_switch(estate, number)
        port(estate, number * 10, "Gi0/1", device=number)
        interface(estate, number * 10, "Gi0/1", device=number, port=number * 10)
    for number in (10, 13):
        estate.add(
            "librenms.links",
            **{"id": number, "local_device_id": number, "local_port_id": number * 10},
            **{"remote_device_id": number + 1, "remote_port_id": (number + 1) * 10},
            active=True,
        )
        estate.add(
            "netbox.cables",
            **{"id": number, "a_type": "dcim.interface", "a_ids": [number * 10]},
            **{"b_type": "dcim.interface", "b_ids": [(number + 2) * 10]},
        )
        estate.ours("dcim/cables", number)
    for resource, key in NEIGHBOURS:
        estate.rule(
            f"{resource}.skip.sql",
            f"SELECT key, 'not ours' AS reason FROM desired.{resource} WHERE key = '{key}'",
        )


@pytest.mark.parametrize(
    ("number", "rule"), [(10, NEIGHBOURS[0]), (13, NEIGHBOURS[1])], ids=[f"{r}" for r, _ in NEIGHBOURS]
)
def test_cables_to_what_is_left_out_stay(number: int, rule: tuple[str, str]) -> None:
    resource, key = rule
    assert key in [row[1] for row in left_out(resource)]
    assert [(r.action, r.netbox_id, r.reason) for r in of_switch(number) if r.resource == "cables"] == [
        ("blocked", number, "it may be the cable to a neighbour that a rule leaves out")
    ]


@SWITCHES.part
def lags(estate: Estate) -> None:
    """Gi0/1 is in Po1, which is left out of sw21."""
    for number in (20, 21):
        known_switch(estate, number)
        port(estate, number * 10 + 1, "Po1", device=number, ifType="ieee8023adLag")
        port(estate, number * 10 + 2, "Gi0/1", device=number)
        estate.add(
            "librenms.port_stack",
            **{"device_id": number, "high_port_id": number * 10 + 1, "low_port_id": number * 10 + 2},
        )
    estate.rule(
        "interfaces.skip.sql", "SELECT key, '' AS reason FROM desired.interfaces WHERE key = 'sw21 Po1'"
    )


def test_a_member_of_a_lag_that_is_left_out_is_created_without_it() -> None:
    created = {r.key: r for r in of_switch(20) if r.resource == "interfaces"}
    assert created["sw20 Gi0/1"].fields["lag"] == {"key": "sw20 Po1", "name": "Po1", "ref": "interfaces"}

    created = {r.key: r for r in of_switch(21) if r.resource == "interfaces"}
    assert list(created) == ["sw21 Gi0/1"]
    assert (created["sw21 Gi0/1"].action, "lag" in created["sw21 Gi0/1"].fields) == ("create", False)


# Guests -----------------------------------------------------------------------------------------------------------

GUESTS = Parts(paris)


def of_guest(name: str) -> list[Row]:
    """The rows about the guest and virtual machine of this name."""
    return about(GUESTS.estate().rows(), name)


@GUESTS.part
def guests(estate: Estate) -> None:
    """web1 and db1 are alike, and web1 is left out; so is the new scratch."""
    for number, name in ((1, "web1"), (2, "db1")):
        guest(estate, 100 + number, name, mac(number))
        machine(estate, number, name, 100 + number)
        nic(estate, number, "eth9", number)
        estate.ours("virtualization/virtual-machines", number)
        estate.ours("virtualization/interfaces", number)
    guest(estate, 9001, "scratch", mac(3))
    estate.rule(
        "virtual_machines.skip.sql",
        "SELECT key, 'lab' AS reason FROM desired.virtual_machines WHERE name = 'web1'",
    )
    estate.rule(
        "virtual_machines.skip.sql",
        """SELECT v.key, 'scratch range' AS reason FROM desired.virtual_machines v
           JOIN proxmox.guests g ON g.vmid::VARCHAR = v.source_id WHERE g.vmid BETWEEN 9000 AND 9999""",
    )


def test_a_guest_is_left_out_and_its_machine_stays() -> None:
    assert changes(of_guest("db1")) != []
    assert changes(of_guest("web1")) == []


def test_a_new_guest_is_left_out_by_its_vmid() -> None:
    assert changes(of_guest("scratch")) == []


@GUESTS.part
def interface_and_disk(estate: Estate) -> None:
    guest(estate, 104, "mail1", mac(4), mac(5))
    machine(estate, 4, "mail1", 104)
    nic(estate, 41, "eth1", 4)
    estate.ours("virtualization/interfaces", 41)
    estate.add("proxmox.disks", vmid=104, key="scsi0", bus="scsi", size_mib=1024, counted=True)
    estate.add("netbox.virtual_disks", id=5, virtual_machine_id=4, name="scsi0", size=9)
    estate.ours("virtualization/virtual-disks", 5)
    estate.rule(
        "vm_interfaces.skip.sql",
        "SELECT key, 'backup net' AS reason FROM desired.vm_interfaces WHERE old_name = 'net1'",
    )
    estate.rule("virtual_disks.skip.sql", "SELECT key, 'not ours' AS reason FROM desired.virtual_disks")


def test_a_guest_interface_and_a_disk_are_left_out() -> None:
    found = [row for row in of_guest("mail1") if row.action in ("create", "update", "delete")]
    assert [
        r.key for r in found if r.resource in ("vm_interfaces", "mac_addresses") and "net1" in r.key
    ] == []
    assert [r.key for r in found if r.resource == "virtual_disks"] == []
    assert [r.key for r in found if r.netbox_id == 41 and r.resource == "vm_interfaces"] == []
