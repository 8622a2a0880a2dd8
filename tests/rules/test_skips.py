"""Rules that leave objects out: nothing of them is created, changed or called removed."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import address, device, guest, interface, machine, nic, paris, port, shown, switch

ALL = "SELECT key, 'not ours' AS reason FROM desired.{}"


def changes(estate: Estate) -> list[tuple[str, str, str]]:
    return sorted((r.resource, r.action, r.key) for r in estate.rows() if r.resource != "custom_fields")


def full_switch() -> Estate:
    """sw1 in both, with a port, its MAC address and an address, all of which differ."""
    estate = switch()
    port(estate, 1, "Gi0/1", ifAlias="new", ifPhysAddress="aabbccddee01")
    interface(estate, 11, "Gi0/1", port=1)
    port(estate, 2, "Gi0/2")
    shown(estate, 1, "192.0.2.1", 1)
    address(estate, 21, "192.0.2.1", 11, dns_name="x")
    interface(estate, 12, "Gi0/9")
    estate.ours("dcim/interfaces", 11, 12)
    return estate


def test_a_device_is_left_out_with_everything_on_it() -> None:
    estate = full_switch()
    assert len(changes(estate)) > 3
    estate.rule("devices.skip.sql", ALL.format("devices"))
    assert changes(estate) == []
    assert ("devices", "sw1", "rules/devices.skip.sql leaves it out: not ours") in estate.left_out()


def test_a_new_device_is_left_out() -> None:
    estate = switch(import_devices="all")
    device(estate, 2, "sw2")
    estate.rule("devices.skip.sql", "SELECT key, '' AS reason FROM desired.devices WHERE name = 'sw2'")
    assert [row for row in changes(estate) if row[2].startswith("sw2")] == []
    assert ("devices", "sw2", "rules/devices.skip.sql leaves it out") in estate.left_out()


def test_an_interface_is_left_out_with_its_addresses() -> None:
    estate = full_switch()
    estate.rule(
        "interfaces.skip.sql", "SELECT key, 'uplink' AS reason FROM desired.interfaces WHERE name = 'Gi0/1'"
    )
    found = changes(estate)
    assert [row for row in found if "Gi0/1" in row[2] or "192.0.2.1" in row[2]] == []
    assert ("interfaces", "create", "sw1 Gi0/2") in found
    assert [row for row in estate.left_out() if row[0] in ("interfaces", "ip_addresses")] == [
        ("interfaces", "sw1 Gi0/1", "rules/interfaces.skip.sql leaves it out: uplink"),
        ("ip_addresses", "sw1 Gi0/1 192.0.2.1", "rules/interfaces.skip.sql leaves it out: uplink"),
    ]


def test_an_interface_that_is_left_out_is_not_removed_nor_what_is_on_it() -> None:
    estate = full_switch()
    interface(estate, 13, "GigabitEthernet0/2")
    address(estate, 22, "192.0.2.99", 13)
    estate.ours("dcim/interfaces", 13)
    estate.ours("ipam/ip-addresses", 22)
    estate.rule("interfaces.skip.sql", ALL.format("interfaces"))
    assert sorted((r.action, r.key, r.reason) for r in estate.rows() if r.resource != "devices") == [
        (
            "blocked",
            "192.0.2.99 on sw1 Gi0/2",
            "not on sw1 Gi0/2 in LibreNMS, but that is no evidence: it is on an interface that a rule leaves out",
        ),
        ("delete", "sw1 Gi0/9", "not in LibreNMS"),
    ]


def test_an_address_is_left_out() -> None:
    estate = full_switch()
    estate.rule(
        "ip_addresses.skip.sql",
        "SELECT key, 'lab' AS reason FROM desired.ip_addresses WHERE host LIKE '192.0.2.%'",
    )
    assert [row for row in changes(estate) if row[0] in ("ip_addresses", "primary_ips")] == []
    assert (
        "ip_addresses",
        "sw1 Gi0/1 192.0.2.1",
        "rules/ip_addresses.skip.sql leaves it out: lab",
    ) in estate.left_out()


def test_a_guest_is_left_out_and_its_machine_stays() -> None:
    estate = paris()
    guest(estate, 101, "web1", "bc:24:11:00:00:01")
    machine(estate, 101, "web1", 101)
    nic(estate, 1, "eth9", 101)
    estate.ours("virtualization/virtual-machines", 101)
    estate.ours("virtualization/interfaces", 1)
    assert changes(estate) != []
    estate.rule("virtual_machines.skip.sql", "SELECT key, 'lab' AS reason FROM desired.virtual_machines")
    assert [row for row in changes(estate) if row[0] != "clusters"] == []


def test_a_new_guest_is_left_out_by_its_vmid() -> None:
    estate = paris()
    guest(estate, 9001, "scratch", "bc:24:11:00:00:01")
    estate.rule(
        "virtual_machines.skip.sql",
        """SELECT v.key, 'scratch range' AS reason FROM desired.virtual_machines v
           JOIN proxmox.guests g ON g.vmid::VARCHAR = v.source_id WHERE g.vmid BETWEEN 9000 AND 9999""",
    )
    assert [row for row in changes(estate) if "scratch" in row[2]] == []


def test_a_guest_interface_and_a_disk_are_left_out() -> None:
    estate = paris()
    guest(estate, 101, "web1", "bc:24:11:00:00:01", "bc:24:11:00:00:02")
    machine(estate, 101, "web1", 101)
    nic(estate, 1, "eth1", 101)
    estate.ours("virtualization/interfaces", 1)
    estate.add("proxmox.disks", vmid=101, key="scsi0", bus="scsi", size_mib=1024, counted=True)
    estate.add("netbox.virtual_disks", id=5, virtual_machine_id=101, name="scsi0", size=9)
    estate.ours("virtualization/virtual-disks", 5)
    estate.rule(
        "vm_interfaces.skip.sql",
        "SELECT key, 'backup net' AS reason FROM desired.vm_interfaces WHERE old_name = 'net1'",
    )
    estate.rule("virtual_disks.skip.sql", ALL.format("virtual_disks"))
    found = [row for row in estate.rows() if row.action in ("create", "update", "delete")]
    assert [
        r.key for r in found if r.resource in ("vm_interfaces", "mac_addresses") and "net1" in r.key
    ] == []
    assert [r.key for r in found if r.resource == "virtual_disks"] == []
    assert [r.key for r in found if r.netbox_id == 1 and r.resource == "vm_interfaces"] == []


def test_a_rule_that_names_nothing_leaves_nothing_out() -> None:
    estate = full_switch()
    before = changes(estate)
    estate.rule("devices.skip.sql", "SELECT 'no-such' AS key, 'x' AS reason")
    assert changes(estate) == before
    assert [row for row in estate.left_out() if row[1] == "no-such"] == []


@pytest.mark.parametrize(
    "rule",
    [
        ("devices.skip.sql", ALL.format("devices") + " WHERE key = 'sw2'"),
        ("interfaces.skip.sql", ALL.format("interfaces") + " WHERE key = 'sw2 Gi0/1'"),
    ],
)
def test_cables_to_what_is_left_out_stay(rule: tuple[str, str]) -> None:
    estate = switch()
    for number in (2, 3):
        device(estate, number, f"sw{number}")
        estate.add("netbox.devices", id=number, name=f"sw{number}", cf={"librenms_id": {"lib": number}})
    for number in (1, 2, 3):
        port(estate, number, "Gi0/1", device=number)
        interface(estate, 10 + number, "Gi0/1", device=number, port=number)
    # LibreNMS sees sw2 at the port that NetBox has cabled to sw3.
    estate.add(
        "librenms.links",
        **{"id": 1, "local_device_id": 1, "local_port_id": 1, "remote_device_id": 2, "remote_port_id": 2},
        active=True,
    )
    estate.add(
        "netbox.cables",
        **{"id": 5, "a_type": "dcim.interface", "a_ids": [11], "b_type": "dcim.interface", "b_ids": [13]},
    )
    estate.ours("dcim/cables", 5)
    estate.rule(*rule)
    assert [(r.action, r.netbox_id, r.reason) for r in estate.rows() if r.resource == "cables"] == [
        ("blocked", 5, "it may be the cable to a neighbour that a rule leaves out")
    ]


def test_a_member_of_a_lag_that_is_left_out_is_created_without_it() -> None:
    estate = switch()
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    port(estate, 2, "Gi0/1")
    estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=2)
    created = {r.key: r for r in estate.rows() if r.resource == "interfaces"}
    assert created["sw1 Gi0/1"].fields["lag"] == {"key": "sw1 Po1", "name": "Po1", "ref": "interfaces"}

    estate.rule("interfaces.skip.sql", "SELECT key, '' AS reason FROM desired.interfaces WHERE name = 'Po1'")
    created = {r.key: r for r in estate.rows() if r.resource == "interfaces"}
    assert list(created) == ["sw1 Gi0/1"]
    assert (created["sw1 Gi0/1"].action, "lag" in created["sw1 Gi0/1"].fields) == ("create", False)
