"""A guest or container in doubt is no evidence that a NetBox object is gone: rules on rows."""

from __future__ import annotations

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    address,
    guest,
    mac,
    machine,
    nic,
    paris,
    removals,
    said_of,
)

GUESTS = Parts(paris)


def of_guest(*names: str) -> list[Row]:
    """The rows about guests and virtual machines of these names."""
    return about(GUESTS.estate().rows(), *names)


@GUESTS.part
def agent_shows_one(estate: Estate) -> None:
    guest(estate, 101, "old", mac(1), mac(2), shown=[1])
    machine(estate, 1, "old", 101)
    for number in (0, 1):
        nic(estate, 11 + number, f"net{number}", 1, mac(1 + number))
        address(estate, 11 + number, f"10.3.{number}.5", 11 + number, "virtualization.vminterface")


def test_an_interface_that_the_agent_does_not_show_keeps_its_addresses() -> None:
    """What the agent says of net1 says nothing about net0."""
    found = of_guest("old")
    assert removals(found) == [("ip_addresses", "delete", 12)]
    assert said_of(found, "ip_addresses", 11) == []


@GUESTS.part
def one_mac_twice(estate: Estate) -> None:
    guest(estate, 102, "ct", type="lxc")
    for number in (0, 1):
        estate.add(
            "proxmox.guest_interfaces", vmid=102, key=f"net{number}", position=number, mac=mac(3), name="eth0"
        )
    machine(estate, 2, "ct", 102)
    nic(estate, 21, "eth0", 2, mac(4))
    nic(estate, 22, "net0", 2)
    nic(estate, 23, "veth", 2, mac(3))
    nic(estate, 24, "eth9", 2)


def test_interfaces_of_a_guest_in_conflict_are_not_gone() -> None:
    """Two netN of one MAC address and one name: either could be the interface that NetBox has."""
    assert removals(of_guest("ct")) == [("vm_interfaces", "delete", 24)]


@GUESTS.part
def under_a_new_vmid(estate: Estate) -> None:
    """crm has another MAC address than before, erp the same."""
    guest(estate, 203, "crm", mac(6))
    machine(estate, 3, "crm", 103)
    nic(estate, 31, "net0", 3, mac(5))
    guest(estate, 204, "erp", mac(7))
    machine(estate, 4, "erp", 104)
    nic(estate, 41, "net0", 4, mac(7))
    machine(estate, 5, "other", 105)


def test_a_machine_whose_name_a_guest_in_conflict_has_is_not_gone() -> None:
    """The guest may be the same under a new vmid: its name alone does not say so, its name and MAC address do."""
    assert removals(of_guest("other")) == [("virtual_machines", "delete", 5)]
    for name, action in (("crm", "conflict"), ("erp", "update")):
        found = of_guest(name)
        assert removals(found) == []
        assert [r.action for r in found if r.resource == "virtual_machines"] == [action]


@GUESTS.part
def one_vmid_twice(estate: Estate) -> None:
    guest(estate, 106, "shop")
    machine(estate, 6, "shop", 106)
    machine(estate, 7, "shop old", 106)


def test_both_machines_that_hold_one_vmid_stay() -> None:
    found = of_guest("shop")
    assert removals(found) == []
    assert [(r.action, r.reason) for r in found if r.resource == "virtual_machines"] == [
        ("conflict", "several NetBox virtual machines have vmid 106 of paris: shop (id 6), shop old (id 7)")
    ]


@GUESTS.part
def drive_that_is_no_disk(estate: Estate) -> None:
    guest(estate, 108, "vm")
    estate.add(
        "proxmox.disks", vmid=108, key="ide2", bus="ide", position=2, counted=False, reason="a CD drive"
    )
    machine(estate, 8, "vm", 108)
    for number, name in ((81, "ide2"), (82, "scsi1")):
        estate.add("netbox.virtual_disks", id=number, virtual_machine_id=8, name=name, size=1024)


def test_a_drive_that_is_not_counted_as_a_disk_is_not_gone() -> None:
    found = of_guest("vm")
    assert removals(found) == [("virtual_disks", "delete", 82)]
    assert said_of(found, "virtual_disks", 81) == [
        ("blocked", "it may be ide2 of vm, which is not counted as a disk: a CD drive")
    ]


@GUESTS.part
def machine_in_doubt(estate: Estate) -> None:
    guest(estate, 109, "db", mac(8))
    guest(estate, 209, "web", mac(9))
    machine(estate, 9, "web", 109)
    nic(estate, 91, "net0", 9, mac(8))
    nic(estate, 92, "net1", 9)
    estate.add("netbox.virtual_disks", id=91, virtual_machine_id=9, name="scsi0", size=1024)


def test_what_hangs_on_a_machine_in_doubt_stays() -> None:
    """A guest in conflict may be the machine that another guest is by its vmid."""
    found = of_guest("db", "web")
    assert removals(found) == []
    assert said_of(found, "virtual_disks", 91) == [
        (
            "blocked",
            "its virtual machine is in doubt: it may be web: NetBox has the name in this cluster for another "
            "guest: web (vmid 109)",
        )
    ]


# Containers -------------------------------------------------------------------------------------------------------


def docker() -> Estate:
    """The Docker host docker1, which NetBox has as cluster 1, without containers."""
    estate = Estate("docker", scope="docker1", policies=GENEROUS)
    estate.add("docker.host", name="docker1", id="X")
    estate.add("netbox.clusters", id=1, name="docker1")
    return estate


CONTAINERS = Parts(docker)


def of_container(*names: str) -> list[Row]:
    """The rows about containers and virtual machines of these names."""
    return about(CONTAINERS.estate().rows(), *names)


def container(estate: Estate, name: str, identifier: str) -> None:
    estate.add("docker.containers", name=name, id=identifier, image="nginx", state="running", inspected=True)


def known_container(estate: Estate, number: int, name: str) -> None:
    held = {"docker_host": "docker1", "docker_container": name}
    estate.add(
        "netbox.virtual_machines", id=number, name=name, cluster_id=1, status="active", tags=[], cf=held
    )


@CONTAINERS.part
def attached_to_one_network(estate: Estate) -> None:
    container(estate, "mail", "a" * 64)
    known_container(estate, 1, "mail")
    for number, attached in ((1, True), (2, False)):
        estate.add(
            "docker.container_interfaces",
            container="mail",
            network=f"n{number}",
            position=number,
            attached=attached,
        )
        nic(estate, 10 + number, f"n{number}", 1)
        address(estate, 30 + number, f"172.30.{number}.2", 10 + number, "virtualization.vminterface")


def test_a_network_that_a_container_is_not_attached_to_keeps_its_addresses() -> None:
    assert removals(of_container("mail")) == [("ip_addresses", "delete", 31)]


@CONTAINERS.part
def made_anew(estate: Estate) -> None:
    container(estate, "d58e697edffe_web", "d58e697edffe" + "0" * 52)
    known_container(estate, 2, "web")
    known_container(estate, 3, "db")


def test_a_container_that_compose_makes_anew_is_not_gone() -> None:
    """Between the two steps it has the beginning of its id before its name."""
    found = of_container("web", "db", "d58e697edffe_web")
    assert removals(found) == [("virtual_machines", "delete", 3)]
    assert said_of(found, "virtual_machines", 2) == []
