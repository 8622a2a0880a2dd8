"""A row of the source in doubt is no evidence that a NetBox object is gone: rules on rows."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    address,
    device,
    guest,
    interface,
    machine,
    nic,
    paris,
    port,
    removals,
    said_of,
    switch,
)

M1, M2 = "BC:24:11:00:00:01", "BC:24:11:00:00:02"


@cache
def of_one_name(way: str) -> list[Row]:
    """Ports 1 and 2 are called Dup0, and NetBox has one such interface; A1 and A2 hold the number of port 7, A2."""
    estate = switch(policies={**GENEROUS, "missing_interfaces": way})
    port(estate, 1, "Dup0")
    port(estate, 2, "Dup0")
    interface(estate, 11, "Dup0")
    port(estate, 7, "A2")
    interface(estate, 21, "A1", port=7)
    interface(estate, 22, "A2", port=7)
    return [r for r in estate.rows() if r.resource == "interfaces"]


@pytest.mark.parametrize("way", ["delete", "disable", "leave"])
def test_two_ports_of_one_name(way: str) -> None:
    found = [(r.action, r.key, r.reason) for r in of_one_name(way) if " A" not in r.key]
    assert found == [
        ("conflict", "sw1 Dup0 (port 1)", "2 ports of this device have the name Dup0"),
        ("conflict", "sw1 Dup0 (port 2)", "2 ports of this device have the name Dup0"),
    ]


@pytest.mark.parametrize("way", ["delete", "disable", "leave"])
def test_two_interfaces_that_hold_one_port_id(way: str) -> None:
    """The port's name is that of one of the two."""
    found = [(r.action, r.key) for r in of_one_name(way) if "Dup0" not in r.key]
    assert found == [("conflict", "sw1 A2")]


def test_every_form_of_a_name_counts() -> None:
    """Of two ports of one name each could be the interface, whichever form of the name NetBox has."""
    estate = switch()
    forms = [("Gi1/0/1", "GigabitEthernet1/0/1"), ("TE1/1/1", "te1/1/1"), ("Eth1/1", "Ethernet1/1")]
    for number, (shown, known) in enumerate(forms):
        port(estate, 2 * number + 1, shown)
        port(estate, 2 * number + 2, shown)
        interface(estate, 11 + number, known)
    interface(estate, 20, "Gi9/0/9")
    assert removals(estate.rows()) == [("interfaces", "delete", 20)]


def test_the_id_and_the_mac_address_of_a_port_in_doubt_count() -> None:
    estate = switch()
    port(estate, 1, "Dup0")
    port(estate, 2, "Dup0", ifPhysAddress="020000000002")
    interface(estate, 11, "old 1", port=1)
    interface(estate, 12, "old 2")
    estate.add(
        "netbox.mac_addresses",
        id=1,
        mac_address="02:00:00:00:00:02",
        assigned_object_type="dcim.interface",
        assigned_object_id=12,
    )
    interface(estate, 13, "old 3")
    assert removals(estate.rows()) == [("interfaces", "delete", 13)]


def test_an_ignored_port_is_not_gone() -> None:
    """LibreNMS shows it, and the comparison leaves it out. A deleted one is gone."""
    estate = switch()
    port(estate, 1, "Gi0/1", ignore=True)
    port(estate, 2, "Gi0/2", deleted=True)
    port(estate, 3, "Gi0/3")
    for number in (1, 2, 3):
        interface(estate, 10 + number, f"Gi0/{number}")
    found = estate.rows()
    assert removals(found) == [("interfaces", "delete", 12)]
    assert said_of(found, "interfaces", 11) == [
        ("blocked", "it may be port 1 of sw1, which is ignored in LibreNMS")
    ]


def test_an_unreadable_port_may_be_any_of_its_names() -> None:
    """Even where nothing else says that the device was not read completely."""
    estate = switch()
    content = json.dumps(
        {"port_id": "x", "device_id": "1", "ifName": "Gi0/1", "ifDescr": "GigabitEthernet0/1"}
    )
    estate.add("librenms.rejected", source_table="ports", row_key="x", reason="no number", row_json=content)
    interface(estate, 11, "GigabitEthernet0/1")
    interface(estate, 12, "Gi0/2")
    assert removals(estate.rows()) == [("interfaces", "delete", 12)]


@pytest.mark.parametrize("way", ["disable", "delete"])
def test_a_stack_in_one_device_whose_inventory_failed(way: str) -> None:
    """Neither the ports of the second member, nor a port that LibreNMS does not show, nor their addresses."""
    estate = switch(policies={**GENEROUS, "missing_interfaces": way})
    for number, name in enumerate(("Gi1/0/1", "Gi1/0/2", "Gi1/0/3", "Gi2/0/1", "Gi2/0/2", "Gi2/0/3"), 1):
        port(estate, number, name)
        interface(estate, 10 + number, name, port=number)
    interface(estate, 20, "Gi2/0/4")
    address(estate, 30, "10.0.0.1", on=11)
    estate.add(
        "librenms.scopes",
        scope="inventory",
        scope_id="1",
        complete=False,
        reason="inventory: LibreNMS answered 500",
    )
    found = estate.rows()
    assert removals(found) == []
    assert {r.action for r in found if r.resource == "interfaces"} == {"blocked"}
    assert said_of(found, "interfaces", 20) == [
        ("blocked", "not in LibreNMS, but that is no evidence: inventory: LibreNMS answered 500")
    ]


def test_what_is_below_a_device_in_doubt_stays() -> None:
    """LibreNMS polls it twice: what the one does not show, the other may."""
    estate = switch(import_devices="all")
    device(estate, 2, "sw1.example.org", serial="FOC1")
    port(estate, 1, "Gi0/1")
    port(estate, 2, "Gi0/2", device=2)
    for number in (1, 2):
        interface(estate, 10 + number, f"Gi0/{number}")
    address(estate, 31, "10.0.0.1", on=11)
    found = estate.rows()
    assert removals(found) == []
    assert said_of(found, "interfaces", 12) == [
        (
            "blocked",
            "its device is in doubt: it may be sw1.example.org: several devices of this endpoint could be the "
            "NetBox device sw1 (name)",
        )
    ]


def test_a_device_that_cannot_be_read_is_not_called_gone() -> None:
    estate = switch()
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    estate.add("netbox.devices", id=3, name="sw3", cf={"librenms_id": {"lib": 3}})
    content = json.dumps({"device_id": "2", "hostname": "sw2", "status": "perhaps"})
    estate.add(
        "librenms.rejected", source_table="devices", row_key="2", reason="no truth value", row_json=content
    )
    found = estate.rows()
    assert said_of(found, "devices", 2) == [
        ("blocked", "it may be device 2, which cannot be read: no truth value")
    ]
    assert said_of(found, "devices", 3) == [
        ("drifted", "no longer in LibreNMS; devices are never deleted by a sync")
    ]


def test_an_address_on_a_port_that_is_left_out_is_not_gone() -> None:
    estate = switch()
    port(estate, 1, "Gi0/1")
    port(estate, 2, "Gi0/2", ignore=True)
    interface(estate, 11, "Gi0/1")
    for number, host in ((31, "10.0.0.1"), (32, "10.0.0.2")):
        address(estate, number, host, on=11)
    estate.add(
        "librenms.ip_addresses",
        address_id=1,
        family=4,
        address="10.0.0.1",
        prefixlen=24,
        canonical="10.0.0.1",
        port_id=2,
    )
    found = estate.rows()
    assert removals(found) == [("ip_addresses", "delete", 32)]
    assert said_of(found, "ip_addresses", 31) == [
        ("blocked", "it may be 10.0.0.1 on port 2, which is left out or was not read")
    ]


def lag_estate() -> Estate:
    """Po1 (11) with Gi0/1 (12) and Gi0/2 (13) in NetBox; LibreNMS shows Gi0/1 in it."""
    estate = switch()
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 11, "Po1", type="lag")
    for number in (2, 3):
        port(estate, number, f"Gi0/{number - 1}")
        interface(estate, 10 + number, f"Gi0/{number - 1}", lag_id=11)
    estate.add("librenms.system", local_ver="26.7.0")
    estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=2)
    return estate


def lags(found: list[Any]) -> dict[int | None, Any]:
    return {r.netbox_id: r.fields["lag"] for r in found if r.resource == "interfaces" and "lag" in r.fields}


def test_a_port_that_is_in_two_lags_is_not_taken_out_of_either() -> None:
    assert lags(lag_estate().rows()) == {13: None}
    estate = lag_estate()
    port(estate, 4, "Po2", ifType="ieee8023adLag")
    estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=3)
    estate.add("librenms.port_stack", device_id=1, high_port_id=4, low_port_id=3)
    assert lags(estate.rows()) == {}


def test_a_port_of_which_a_unit_is_in_the_lag_is_not_taken_out() -> None:
    estate = lag_estate()
    port(estate, 5, "Gi0/2.0", ifType="propVirtual")
    estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=5)
    assert lags(estate.rows()) == {}


# Which member of which LAG is not known: of the device's Po1 (1), Gi0/1 (2) and Gi0/2 (3).
UNKNOWN: list[dict[str, int | None]] = [
    {"high_port_id": 1, "low_port_id": None},
    {"high_port_id": None, "low_port_id": 1},
    {"high_port_id": None, "low_port_id": 3},
    {"high_port_id": 3, "low_port_id": None},
]


@cache
def taken_out() -> dict[int | None, Any]:
    """{NetBox id: LAG that would be written} with a device per line of UNKNOWN, and device 9 without an unknown one."""
    estate = switch()
    for number, unknown in [*enumerate(UNKNOWN, 2), (9, None)]:
        device(estate, number, f"sw{number}")
        estate.add("netbox.devices", id=number, name=f"sw{number}", cf={"librenms_id": {"lib": number}})
        port(estate, number * 10 + 1, "Po1", device=number, ifType="ieee8023adLag")
        interface(estate, number * 10 + 1, "Po1", device=number, type="lag")
        for place in (2, 3):
            port(estate, number * 10 + place, f"Gi0/{place - 1}", device=number)
            interface(estate, number * 10 + place, f"Gi0/{place - 1}", device=number, lag_id=number * 10 + 1)
        known = {"high_port_id": number * 10 + 1, "low_port_id": number * 10 + 2}
        estate.add("librenms.port_stack", device_id=number, **known)
        if unknown:
            ports = {name: found and number * 10 + found for name, found in unknown.items()}
            estate.add("librenms.port_stack", device_id=number, **ports)
    estate.add("librenms.system", local_ver="26.7.0")
    return lags(estate.rows())


@pytest.mark.parametrize("number", range(len(UNKNOWN)), ids=lambda number: str(UNKNOWN[number]))
def test_a_port_that_may_be_the_unknown_member_of_a_lag_is_not_taken_out(number: int) -> None:
    found = taken_out()
    assert {netbox_id for netbox_id in found if (netbox_id or 0) // 10 == number + 2} == set()
    assert found[93] is None


def cabled(**endpoint: Any) -> Estate:
    """Cable 1 between sw1 Gi0/1 (11) and sw2 Gi0/1 (21); both see a neighbour at Gi0/2."""
    estate = switch(**endpoint)
    device(estate, 2, "sw2")
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    for owner in (1, 2):
        for number in (1, 2):
            port(estate, owner * 10 + number, f"Gi0/{number}", device=owner)
            cable = 1 if number == 1 else 2
            interface(estate, owner * 10 + number, f"Gi0/{number}", device=owner, cable_id=cable)
    for cable, ends in ((1, (11, 21)), (2, (12, 22))):
        estate.add(
            "netbox.cables",
            id=cable,
            status="connected",
            a_type="dcim.interface",
            a_ids=[ends[0]],
            b_type="dcim.interface",
            b_ids=[ends[1]],
        )
    estate.add(
        "librenms.links",
        id=1,
        local_device_id=1,
        local_port_id=12,
        remote_device_id=2,
        remote_port_id=22,
        active=True,
    )
    estate.add(
        "librenms.links",
        id=2,
        local_device_id=2,
        local_port_id=22,
        remote_device_id=1,
        remote_port_id=12,
        active=True,
    )
    return estate


def test_a_neighbour_at_an_unknown_port_may_be_at_any() -> None:
    assert removals(cabled().rows()) == [("cables", "delete", 1)]
    estate = cabled()
    estate.add(
        "librenms.links", id=3, local_device_id=1, local_port_id=None, remote_hostname="x", active=True
    )
    found = estate.rows()
    assert removals(found) == []
    assert said_of(found, "cables", 1) == [
        ("blocked", "it may be the neighbour in link 3, of which the port is unknown or left out")
    ]


def test_a_part_in_an_unknown_bay_may_be_any_module_without_another_serial() -> None:
    estate = switch(inventory=True)
    for index, (name, serial) in enumerate((("PSU 1", "A1"), ("Power B", "B2")), 1):
        estate.add(
            "librenms.inventory",
            entPhysical_id=index,
            device_id=1,
            entPhysicalIndex=index,
            entPhysicalClass="powerSupply",
            entPhysicalName=name,
            entPhysicalModelName="PWR",
            entPhysicalSerialNum=serial,
            entPhysicalIsFRU=True,
            entPhysicalContainedIn=0,
        )
    # A part without a model, which is not taken as a module.
    estate.add(
        "librenms.inventory",
        entPhysical_id=3,
        device_id=1,
        entPhysicalIndex=3,
        entPhysicalClass="fan",
        entPhysicalName="Fan",
        entPhysicalSerialNum="F1",
        entPhysicalIsFRU=True,
        entPhysicalContainedIn=0,
    )
    for number, (bay, serial) in enumerate(
        (("PSU 1", "A1"), ("PSU 2", ""), ("PSU 3", "Z9"), ("FAN", "F1")), 1
    ):
        estate.add("netbox.module_bays", id=number, device_id=1, name=bay)
        estate.add(
            "netbox.modules", id=number, device_id=1, module_bay_id=number, status="active", serial=serial
        )
    found = estate.rows()
    assert [said_of(found, "modules", number) for number in (2, 3, 4)] == [
        [("blocked", "it may be sw1 Power B: its module bay is not in NetBox")],
        [("drifted", "not in the inventory that LibreNMS shows")],
        [("blocked", "it may be part 3 of sw1, which is not taken as a module")],
    ]


# Guests -----------------------------------------------------------------------------------------------------------


def test_an_interface_that_the_agent_does_not_show_keeps_its_addresses() -> None:
    """What the agent says of net1 says nothing about net0."""
    estate = paris()
    guest(estate, 101, "old", M1, M2, shown=[1])
    machine(estate, 1, "old", 101)
    for number, mac in enumerate((M1, M2)):
        nic(estate, 11 + number, f"net{number}", 1, mac)
        address(estate, 31 + number, f"10.3.{number}.5", 11 + number, "virtualization.vminterface")
    found = estate.rows()
    assert removals(found) == [("ip_addresses", "delete", 32)]
    assert said_of(found, "ip_addresses", 31) == []


def test_a_network_that_a_container_is_not_attached_to_keeps_its_addresses() -> None:
    estate = Estate("docker", scope="docker1", policies=GENEROUS)
    estate.add("docker.host", name="docker1", id="X")
    estate.add("docker.containers", name="web", id="a" * 64, image="nginx", state="running", inspected=True)
    estate.add("netbox.clusters", id=1, name="docker1")
    estate.add(
        "netbox.virtual_machines",
        id=1,
        name="web",
        cluster_id=1,
        status="active",
        tags=[],
        cf={"docker_host": "docker1", "docker_container": "web"},
    )
    for number, attached in ((1, True), (2, False)):
        estate.add(
            "docker.container_interfaces",
            container="web",
            network=f"n{number}",
            position=number,
            attached=attached,
        )
        nic(estate, 10 + number, f"n{number}", 1)
        address(estate, 30 + number, f"172.30.{number}.2", 10 + number, "virtualization.vminterface")
    assert removals(estate.rows()) == [("ip_addresses", "delete", 31)]


def test_interfaces_of_a_guest_in_conflict_are_not_gone() -> None:
    """Two netN of one MAC address and one name: either could be the interface that NetBox has."""
    estate = paris()
    guest(estate, 101, "ct", type="lxc")
    for number in (0, 1):
        estate.add(
            "proxmox.guest_interfaces", vmid=101, key=f"net{number}", position=number, mac=M1, name="eth0"
        )
    machine(estate, 1, "ct", 101)
    nic(estate, 11, "eth0", 1, M2)
    nic(estate, 12, "net0", 1)
    nic(estate, 13, "veth", 1, M1)
    nic(estate, 14, "eth9", 1)
    assert removals(estate.rows()) == [("vm_interfaces", "delete", 14)]


def test_a_machine_whose_name_a_guest_in_conflict_has_is_not_gone() -> None:
    """The guest may be the same under a new vmid: its name alone does not say so, its name and MAC address do."""
    for mac, action in ((M2, "conflict"), (M1, "update")):
        estate = paris()
        guest(estate, 205, "erp", mac)
        machine(estate, 1, "erp", 105)
        nic(estate, 11, "net0", 1, M1)
        machine(estate, 2, "other", 106)
        found = estate.rows()
        assert removals(found) == [("virtual_machines", "delete", 2)]
        assert [r.action for r in found if r.resource == "virtual_machines" and "erp" in r.key] == [action]


def test_both_machines_that_hold_one_vmid_stay() -> None:
    estate = paris()
    guest(estate, 105, "erp")
    machine(estate, 1, "erp", 105)
    machine(estate, 2, "erp old", 105)
    found = estate.rows()
    assert removals(found) == []
    assert [(r.action, r.reason) for r in found if r.resource == "virtual_machines"] == [
        ("conflict", "several NetBox virtual machines have vmid 105 of paris: erp (id 1), erp old (id 2)")
    ]


def test_a_container_that_compose_makes_anew_is_not_gone() -> None:
    """Between the two steps it has the beginning of its id before its name."""
    estate = Estate("docker", scope="docker1", policies=GENEROUS)
    estate.add("docker.host", name="docker1", id="X")
    estate.add(
        "docker.containers",
        name="d58e697edffe_web",
        id="d58e697edffe" + "0" * 52,
        image="nginx",
        state="running",
        inspected=True,
    )
    estate.add("netbox.clusters", id=1, name="docker1")
    for number, name in ((1, "web"), (2, "db")):
        held = {"docker_host": "docker1", "docker_container": name}
        estate.add(
            "netbox.virtual_machines", id=number, name=name, cluster_id=1, status="active", tags=[], cf=held
        )
    found = estate.rows()
    assert removals(found) == [("virtual_machines", "delete", 2)]
    assert said_of(found, "virtual_machines", 1) == []


def test_a_drive_that_is_not_counted_as_a_disk_is_not_gone() -> None:
    estate = paris()
    guest(estate, 101, "vm")
    estate.add(
        "proxmox.disks", vmid=101, key="ide2", bus="ide", position=2, counted=False, reason="a CD drive"
    )
    machine(estate, 1, "vm", 101)
    for number, name in ((1, "ide2"), (2, "scsi1")):
        estate.add("netbox.virtual_disks", id=number, virtual_machine_id=1, name=name, size=1024)
    found = estate.rows()
    assert removals(found) == [("virtual_disks", "delete", 2)]
    assert said_of(found, "virtual_disks", 1) == [
        ("blocked", "it may be ide2 of vm, which is not counted as a disk: a CD drive")
    ]


def test_what_hangs_on_a_machine_in_doubt_stays() -> None:
    """A guest in conflict may be the machine that another guest is by its vmid."""
    estate = paris()
    guest(estate, 105, "erp", M1)
    guest(estate, 205, "web", M2)
    machine(estate, 1, "web", 105)
    nic(estate, 11, "net0", 1, M1)
    nic(estate, 12, "net1", 1)
    estate.add("netbox.virtual_disks", id=1, virtual_machine_id=1, name="scsi0", size=1024)
    found = estate.rows()
    assert removals(found) == []
    assert said_of(found, "virtual_disks", 1) == [
        (
            "blocked",
            "its virtual machine is in doubt: it may be web: NetBox has the name in this cluster for another "
            "guest: web (vmid 105)",
        )
    ]
