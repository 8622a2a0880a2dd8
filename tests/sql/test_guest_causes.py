"""Which cluster, virtual machine or interface of NetBox a guest is, where it is not clear: rules on rows."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import Parts, guest, machine, nic, paris, said_of, told

M1, M2 = "BC:24:11:00:00:01", "BC:24:11:00:00:02"


# Tests with the usual settings share this estate.
GUESTS = Parts(paris)


def said(resource: str, *keys: str) -> dict[str, tuple[str, str]]:
    """{key: (action, reason)} of these rows of GUESTS."""
    found = told(GUESTS.estate(), resource)
    return {key: found[key] for key in keys}


def test_a_cluster_is_not_one_of_two_of_its_name() -> None:
    estate = paris()
    estate.add("netbox.clusters", id=2, name="Paris")
    assert told(estate, "clusters") == {
        "paris": ("conflict", "2 NetBox clusters have the name paris"),
    }


@GUESTS.part
def of_two_tenants(estate: Estate) -> None:
    guest(estate, 101, "erp")
    for number in (1, 2):
        machine(estate, number, "erp", None, tenant_id=number)


def test_a_guest_is_not_one_of_two_virtual_machines_of_its_name() -> None:
    """NetBox lets two tenants have machines of one name in a cluster."""
    assert said("virtual_machines", "erp") == {
        "erp": ("conflict", "several NetBox virtual machines could be this one: erp (id 1), erp (id 2)")
    }


@GUESTS.part
def equal_claims(estate: Estate) -> None:
    guest(estate, 111, "crm", "BC:24:11:00:11:01")
    guest(estate, 112, "web", "BC:24:11:00:11:02")
    machine(estate, 11, "web", 111)
    nic(estate, 111, "eth0", 11, "BC:24:11:00:11:01")
    nic(estate, 112, "eth1", 11, "BC:24:11:00:11:02")


def test_two_guests_that_have_equal_claims_on_a_virtual_machine_are_both_in_conflict() -> None:
    """The one has its number and a MAC address, the other its name and a MAC address."""
    assert said("virtual_machines", "crm", "web") == {
        "crm": ("conflict", "several guests could be the NetBox virtual machine web (id 11)"),
        "web": ("conflict", "several guests could be the NetBox virtual machine web (id 11)"),
    }


@GUESTS.part
def two_macs_on_one_interface(estate: Estate) -> None:
    guest(estate, 121, "fw", "BC:24:11:00:12:01", "BC:24:11:00:12:02")
    machine(estate, 21, "fw", 121)
    nic(estate, 211, "eth0", 21, "BC:24:11:00:12:01")
    estate.add(
        "netbox.mac_addresses",
        id=999,
        mac_address="BC:24:11:00:12:02",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=211,
    )


def test_two_interfaces_of_a_guest_whose_mac_addresses_are_on_one_are_both_in_conflict() -> None:
    assert said("vm_interfaces", "fw net0", "fw net1") == {
        "fw net0": ("conflict", "several interfaces could be the NetBox interface eth0"),
        "fw net1": ("conflict", "several interfaces could be the NetBox interface eth0"),
    }


def test_an_interface_is_not_given_a_name_that_another_one_has() -> None:
    estate = paris(policies={})
    guest(estate, 101, "erp", M1)
    machine(estate, 1, "erp", 101)
    nic(estate, 11, "net0", 1, M1)
    nic(estate, 12, "eth0", 1)
    assert told(estate, "vm_interfaces")["erp net0"] == (
        "conflict",
        "name: another interface of this virtual machine has the name eth0 in NetBox",
    )


@GUESTS.part
def one_mac_on_two_interfaces(estate: Estate) -> None:
    mac = "BC:24:11:00:13:01"
    guest(estate, 131, "dns", mac, mac)
    machine(estate, 31, "dns", 131)
    nic(estate, 311, "eth1", 31, mac)
    nic(estate, 312, "old", 31, mac)


def test_an_interface_stays_while_one_of_its_mac_address_is_still_to_be_created() -> None:
    """Both of NetBox's interfaces have the MAC address, so neither is net0 for sure."""
    assert said_of(GUESTS.estate().rows(), "vm_interfaces", 312) == [
        ("blocked", "it may be dns net0: it is not in NetBox yet")
    ]


@GUESTS.part
def sizes_that_were_entered(estate: Estate) -> None:
    for vmid, name, size in ((151, "files", 500), (152, "same", 2048), (153, "none", None)):
        guest(estate, vmid, name)
        machine(estate, vmid, name, vmid)
        estate.change("netbox.virtual_machines", name, disk=size)
        for key in ("scsi0", "scsi1"):
            estate.add("proxmox.disks", vmid=vmid, key=key, storage="local", size_mib=1024, counted=True)


def test_a_new_disk_says_that_netbox_replaces_the_size_that_was_entered() -> None:
    why = "NetBox sets the disk size of files, entered as 500 MB, to the sum of its virtual disks"
    assert {(r.key, r.reason) for r in GUESTS.estate().rows() if r.resource == "virtual_disks"} == {
        ("files scsi0", why),
        ("files scsi1", why),
        *((f"{name} scsi{n}", None) for name in ("same", "none") for n in (0, 1)),
    }


@GUESTS.part
def one_mac_of_two_guests(estate: Estate) -> None:
    for vmid, name in ((141, "mail"), (142, "mx")):
        guest(estate, vmid, name, "BC:24:11:00:14:01")
        machine(estate, vmid, name, vmid)
    nic(estate, 411, "eth0", 141, "BC:24:11:00:14:02")
    nic(estate, 412, "eth0", 142)
    estate.ours("dcim/mac-addresses", 411)


def test_a_replaced_mac_address_stays_while_two_guests_have_the_new_one() -> None:
    assert said_of(GUESTS.estate().rows(), "mac_addresses", 411) == [
        (
            "blocked",
            "several interfaces have BC:24:11:00:14:01 in Proxmox, so it is not known which one it belongs to",
        )
    ]


def test_a_new_guest_is_created_with_its_interfaces() -> None:
    estate = paris(policies={"create": ["virtual_machines", "vm_interfaces", "mac_addresses"]})
    guest(estate, 101, "web", "BC:24:11:00:00:01")
    estate.add("netbox.device_roles", id=1, name="Virtual Machine", slug="virtual-machine")
    kinds = ("virtual_machines", "vm_interfaces", "mac_addresses")
    assert [(r.resource, r.action, r.key) for r in estate.rows() if r.resource in kinds] == [
        ("mac_addresses", "create", "web net0 BC:24:11:00:00:01"),
        ("virtual_machines", "create", "web"),
        ("vm_interfaces", "create", "web net0"),
    ]
