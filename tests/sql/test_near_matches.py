"""An object that NetBox has under nearly this name is a question, never a second object."""

from __future__ import annotations

from functools import cache

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import address, device, guest, machine, nic, paris, told

M1, M2 = "BC:24:11:00:00:01", "BC:24:11:00:00:02"


def near(found: str, vmid: int = 101) -> tuple[str, str]:
    return (
        "conflict",
        f"it may be {found}: if it is, enter proxmox_cluster paris and proxmox_vmid {vmid} there; if not, create this one"
        " in NetBox with these fields",
    )


def test_the_name_in_another_cluster() -> None:
    estate = Estate("proxmox", scope="realc")
    estate.add("proxmox.cluster", name="realc", standalone=False, quorate=True)
    guest(estate, 101, "web01")
    estate.add("netbox.clusters", id=1, name="Proxmox Paris")
    machine(estate, 7, "web01", None)
    assert told(estate, "virtual_machines") == {
        "web01": (
            "conflict",
            "it may be web01 (id 7, cluster Proxmox Paris, this name): if it is, enter proxmox_cluster realc and"
            " proxmox_vmid 101 there, or set cluster_name: Proxmox Paris; if not, create this one in NetBox with these"
            " fields",
        )
    }


# (name of guest 101, 102 ..., name of NetBox's machine 7, 8 ..., its cluster, what the guest may be; None: nothing).
NAMES: list[tuple[str, str, int | None, str | None]] = [
    ("db01", "DB01.example.com", 1, "DB01.example.com (id 7, cluster paris, this name without its domain)"),
    ("db02.example.com", "db02", 1, "db02 (id 8, cluster paris, this name without its domain)"),
    ("db03", "db03", None, "db03 (id 9, no cluster, this name)"),
    ("db04", "db04.example.com", None, "db04.example.com (id 10, no cluster, this name without its domain)"),
    ("db05", "db05", 2, "db05 (id 11, cluster lyon, this name)"),
    ("db06.paris.example.com", "db06.lyon.example.com", 1, None),
    ("db07", "db071", 1, None),
    ("db08", "db", 1, None),
]


@cache
def named_alike() -> dict[str, tuple[str, str | None]]:
    """{name of a guest: (action, reason)} of all of NAMES in one estate."""
    estate = paris()
    estate.add("netbox.clusters", id=2, name="lyon")
    for number, (ours, theirs, cluster, _) in enumerate(NAMES):
        guest(estate, 101 + number, ours)
        machine(estate, 7 + number, theirs, None, cluster_id=cluster)
    return {r.key: (r.action, r.reason) for r in estate.rows() if r.resource == "virtual_machines"}


def numbers(are_near: bool) -> list[int]:
    return [number for number, (*_, found) in enumerate(NAMES) if (found is not None) == are_near]


@pytest.mark.parametrize("number", numbers(are_near=True))
def test_nearly_the_same_name(number: int) -> None:
    ours, *_, found = NAMES[number]
    assert named_alike()[ours] == near(found or "", 101 + number)


def test_the_name_at_a_site_without_a_cluster() -> None:
    estate = paris()
    guest(estate, 101, "db01")
    machine(estate, 7, "db01", None, cluster_id=None, site_id=3)
    assert told(estate, "virtual_machines") == {"db01": near("db01 (id 7, no cluster, this name)")}


@pytest.mark.parametrize("number", numbers(are_near=False))
def test_another_name_is_another_machine(number: int) -> None:
    assert named_alike()[NAMES[number][0]][0] == "create"


def test_the_name_of_a_machine_of_another_cluster_or_system_is_no_near_match() -> None:
    """They carry their own ids."""
    estate = paris()
    guest(estate, 101, "web")
    machine(estate, 7, "web", None, cluster_id=2, cf={"docker_host": "d1", "docker_container": "web"})
    machine(estate, 8, "web", None, cluster_id=3, cf={"proxmox_cluster": "rome", "proxmox_vmid": 101})
    assert [r.action for r in estate.rows() if r.resource == "virtual_machines"] == ["create"]


def test_a_mac_address_or_the_primary_address_alone_is_a_question() -> None:
    estate = paris()
    guest(estate, 101, "erp", M1)
    machine(estate, 7, "Old ERP", None)
    nic(estate, 70, "eth0", 7, M1)
    assert told(estate, "virtual_machines") == {
        "erp": near("Old ERP (id 7, cluster paris, this MAC address)")
    }


def test_the_primary_address_of_another_machine_is_a_question() -> None:
    estate = paris()
    guest(estate, 101, "erp", M1)
    estate.add(
        "proxmox.guest_addresses",
        vmid=101,
        key="net0",
        source="agent",
        canonical="10.0.0.5",
        prefixlen=24,
        family=4,
    )
    machine(estate, 7, "Old ERP", None, primary_ip4_id=1)
    nic(estate, 70, "eth0", 7)
    address(estate, 1, "10.0.0.5", 70, "virtualization.vminterface")
    assert told(estate, "virtual_machines") == {"erp": near("Old ERP (id 7, cluster paris, this address)")}


def test_nearly_the_name_and_the_mac_address_are_a_match() -> None:
    estate = paris()
    guest(estate, 101, "erp", M1)
    machine(estate, 7, "erp.example.com", None)
    nic(estate, 70, "eth0", 7, M1)
    assert [(r.action, r.netbox_id) for r in estate.rows() if r.resource == "virtual_machines"] == [
        ("update", 7)
    ]


def test_a_device_of_the_guests_name_is_a_question() -> None:
    estate = paris()
    guest(estate, 101, "nas")
    estate.add("netbox.devices", id=3, name="NAS")
    assert told(estate, "virtual_machines") == {
        "nas": (
            "conflict",
            "NetBox has a device of this name: NAS (id 3); if it is this guest, delete the device; if not, create the"
            " virtual machine in NetBox",
        )
    }


def test_a_device_with_its_domain_is_a_question() -> None:
    estate = Estate("librenms", import_devices="all")
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=3, name="sw1.example.com")
    assert told(estate, "devices") == {
        "sw1": (
            "conflict",
            'NetBox has sw1.example.com (id 3), which is this name with a domain: if it is this device, enter {"lib": 1}'
            " in its librenms_id; if not, create this one in NetBox with that entry",
        )
    }


def test_a_device_of_another_domain_is_another() -> None:
    estate = Estate("librenms", import_devices="all")
    device(estate, 1, "sw1.paris.example.com")
    estate.add("netbox.devices", id=3, name="sw1.lyon.example.com")
    assert "may_be_this_device" not in str(told(estate, "devices"))
    assert "with a domain" not in str(told(estate, "devices"))


def test_an_interface_without_a_mac_address_is_found_by_its_address() -> None:
    """Adopted: the interface that was entered by hand is the guest's."""
    estate = paris()
    guest(estate, 101, "erp", M1, M2)
    for key, host in (("net0", "10.71.0.7"), ("net1", "10.72.0.7")):
        estate.add(
            "proxmox.guest_addresses",
            vmid=101,
            key=key,
            source="agent",
            canonical=host,
            prefixlen=24,
            family=4,
        )
    machine(estate, 7, "erp", 101)
    nic(estate, 70, "lan", 7)
    nic(estate, 71, "dmz", 7)
    address(estate, 1, "10.71.0.7", 70, "virtualization.vminterface")
    address(estate, 2, "10.72.0.7", 71, "virtualization.vminterface")
    rows = estate.rows()
    assert [(r.action, r.key, r.netbox_id) for r in rows if r.resource == "vm_interfaces"] == [
        ("drifted", "erp net0", 70),
        ("drifted", "erp net1", 71),
    ]
    assert [r for r in rows if r.resource == "ip_addresses"] == []


def test_the_only_interface_of_an_adopted_machine_is_the_guests_whatever_its_name() -> None:
    """NetBox has eth0 with the address, the agent shows ens18: no second interface, and no address that conflicts."""
    estate = paris()
    guest(estate, 101, "erp", M1, shown=[])
    estate.add("proxmox.guest_agent_interfaces", vmid=101, key="net0", position=0, name="ens18", mac=M1)
    estate.add(
        "proxmox.guest_addresses",
        vmid=101,
        key="net0",
        source="agent",
        canonical="10.71.0.7",
        prefixlen=24,
        family=4,
    )
    machine(estate, 7, "erp", None)
    nic(estate, 70, "eth0", 7)
    address(estate, 1, "10.71.0.7", 70, "virtualization.vminterface")
    found = [
        (r.resource, r.action, r.netbox_id)
        for r in estate.rows()
        if r.resource not in ("clusters", "custom_fields")
    ]
    assert found == [
        ("mac_addresses", "create", None),
        ("primary_ips", "update", 7),
        ("primary_macs", "update", 70),
        ("virtual_machines", "update", 7),
        ("vm_interfaces", "drifted", 70),
    ]


OTHER = (
    "NetBox has one interface on this virtual machine, lan, with other addresses and no MAC address; give it the name or"
    " the MAC address of this one, or delete it"
)
NOT_OURS = "name: NetBox has a value that netbox-sync did not write (policies.owns)"


# (last bytes of the address of the only interface in NetBox, action, reason); the guest shows 10.71.0.7.
ONLY = [(None, "drifted", NOT_OURS), ("71.{}.7", "drifted", NOT_OURS), ("99.{}.7", "conflict", OTHER)]


@cache
def only_interfaces() -> list[tuple[str, int | None, str | None]]:
    """(action, NetBox id, reason) of the interface of a guest per line of ONLY."""
    estate = paris()
    for number, (host, *_) in enumerate(ONLY):
        vmid, name = 101 + number, f"erp{number}"
        guest(estate, vmid, name, f"BC:24:11:00:00:{number + 1:02X}")
        estate.add(
            "proxmox.guest_addresses",
            **{"vmid": vmid, "key": "net0", "source": "agent", "prefixlen": 24, "family": 4},
            canonical=f"10.71.{number}.7",
        )
        machine(estate, 7 + number, name, vmid)
        nic(estate, 70 + number, "lan", 7 + number)
        if host:
            address(
                estate, 1 + number, f"10.{host.format(number)}", 70 + number, "virtualization.vminterface"
            )
    return [(r.action, r.netbox_id, r.reason) for r in estate.rows() if r.resource == "vm_interfaces"]


@pytest.mark.parametrize("number", range(len(ONLY)))
def test_the_only_interface_on_both_sides(number: int) -> None:
    _, action, reason = ONLY[number]
    assert [found for found in only_interfaces() if found[1] == 70 + number] == [
        (action, 70 + number, reason)
    ]


@pytest.mark.parametrize(
    ("name", "cluster", "action", "netbox_id"),
    [
        # In another cluster it is a question, in this one name and MAC address are certain.
        ("gateway (120)", 2, "conflict", 21),
        ("gateway (120).example.net", 1, "update", 21),
    ],
)
def test_the_second_guest_of_a_name_is_no_new_machine(
    name: str, cluster: int, action: str, netbox_id: int
) -> None:
    """NetBox has the first one under the name that both have."""
    estate = paris()
    estate.add("netbox.clusters", id=2, name="legacy")
    for vmid, mac in ((100, M1), (120, M2)):
        guest(estate, vmid, "gateway", mac)
    machine(estate, 20, "gateway", None)
    machine(estate, 21, name, None, cluster_id=cluster)
    nic(estate, 1, "net0", 20, M1)
    nic(estate, 2, "net0", 21, M2)

    found = {r.key: r for r in estate.rows() if r.resource == "virtual_machines"}

    assert (found["gateway"].action, found["gateway"].netbox_id) == ("update", 20)
    assert found["gateway (120)"].action == action
    assert action == "conflict" or found["gateway (120)"].netbox_id == netbox_id
    assert "(id 20" not in (found["gateway (120)"].reason or "")
