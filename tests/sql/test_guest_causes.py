"""Which cluster, virtual machine or interface of NetBox a guest is, where it is not clear: rules on rows."""

from __future__ import annotations

from tests.sql.kinds import GENEROUS, guest, machine, nic, paris, said_of, told

M1, M2 = "BC:24:11:00:00:01", "BC:24:11:00:00:02"


def test_a_cluster_is_not_one_of_two_of_its_name() -> None:
    estate = paris()
    estate.add("netbox.clusters", id=2, name="Paris")
    assert told(estate, "clusters") == {
        "paris": ("conflict", "2 NetBox clusters have the name paris"),
    }


def test_a_guest_is_not_one_of_two_virtual_machines_of_its_name() -> None:
    """NetBox lets two tenants have machines of one name in a cluster."""
    estate = paris()
    guest(estate, 101, "erp")
    for number in (1, 2):
        machine(estate, number, "erp", None, tenant_id=number)
    assert told(estate, "virtual_machines") == {
        "erp": ("conflict", "several NetBox virtual machines could be this one: erp (id 1), erp (id 2)")
    }


def test_two_guests_that_have_equal_claims_on_a_virtual_machine_are_both_in_conflict() -> None:
    """The one has its number and a MAC address, the other its name and a MAC address."""
    estate = paris()
    guest(estate, 101, "erp", M1)
    guest(estate, 102, "web", M2)
    machine(estate, 1, "web", 101)
    nic(estate, 11, "eth0", 1, M1)
    nic(estate, 12, "eth1", 1, M2)
    assert told(estate, "virtual_machines") == {
        "erp": ("conflict", "several guests could be the NetBox virtual machine web (id 1)"),
        "web": ("conflict", "several guests could be the NetBox virtual machine web (id 1)"),
    }


def test_two_interfaces_of_a_guest_whose_mac_addresses_are_on_one_are_both_in_conflict() -> None:
    estate = paris()
    guest(estate, 101, "erp", M1, M2)
    machine(estate, 1, "erp", 101)
    nic(estate, 11, "eth0", 1, M1)
    estate.add(
        "netbox.mac_addresses",
        id=99,
        mac_address=M2,
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=11,
    )
    assert told(estate, "vm_interfaces") == {
        "erp net0": ("conflict", "several interfaces could be the NetBox interface eth0"),
        "erp net1": ("conflict", "several interfaces could be the NetBox interface eth0"),
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


def test_an_interface_stays_while_one_of_its_mac_address_is_still_to_be_created() -> None:
    """Both of NetBox's interfaces have the MAC address, so neither is net0 for sure."""
    estate = paris()
    guest(estate, 101, "erp", M1, M1)
    machine(estate, 1, "erp", 101)
    nic(estate, 11, "eth1", 1, M1)
    nic(estate, 12, "old", 1, M1)
    assert said_of(estate.rows(), "vm_interfaces", 12) == [
        ("blocked", "it may be erp net0: it is not in NetBox yet")
    ]


def test_a_replaced_mac_address_stays_while_two_guests_have_the_new_one() -> None:
    estate = paris(policies=GENEROUS)
    for vmid, name in ((101, "erp"), (102, "web")):
        guest(estate, vmid, name, M1)
        machine(estate, vmid, name, vmid)
    nic(estate, 11, "eth0", 101, M2)
    nic(estate, 12, "eth0", 102)
    estate.ours("dcim/mac-addresses", 11)
    assert said_of(estate.rows(), "mac_addresses", 11) == [
        (
            "blocked",
            "several interfaces have BC:24:11:00:00:01 in Proxmox, so it is not known which one it belongs to",
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
