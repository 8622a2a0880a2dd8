"""An object that NetBox has under nearly this name is a question, never a second object."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import Parts, address, device, guest, interface, machine, nic, paris, port, told

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


def two_clusters() -> Estate:
    estate = paris()
    estate.add("netbox.clusters", id=2, name="lyon")
    return estate


# Tests with the usual settings share this estate.
GUESTS = Parts(two_clusters)


def said_of_guest(name: str) -> tuple[str, str | None]:
    """(action, reason) of the guest's machine."""
    (row,) = [r for r in GUESTS.estate().rows() if (r.resource, r.key) == ("virtual_machines", name)]
    return row.action, row.reason


def agent_shows(estate: Estate, vmid: int, key: str, host: str) -> None:
    """An address of a guest."""
    estate.add(
        "proxmox.guest_addresses",
        **{"vmid": vmid, "key": key, "source": "agent", "canonical": host, "prefixlen": 24, "family": 4},
    )


@GUESTS.part
def named_alike(estate: Estate) -> None:
    for number, (ours, theirs, cluster, _) in enumerate(NAMES):
        guest(estate, 101 + number, ours)
        machine(estate, 7 + number, theirs, None, cluster_id=cluster)


def numbers(are_near: bool) -> list[int]:
    return [number for number, (*_, found) in enumerate(NAMES) if (found is not None) == are_near]


@pytest.mark.parametrize("number", numbers(are_near=True))
def test_nearly_the_same_name(number: int) -> None:
    ours, *_, found = NAMES[number]
    assert said_of_guest(ours) == near(found or "", 101 + number)


@GUESTS.part
def at_a_site(estate: Estate) -> None:
    guest(estate, 121, "cache")
    machine(estate, 21, "cache", None, cluster_id=None, site_id=3)


def test_the_name_at_a_site_without_a_cluster() -> None:
    assert said_of_guest("cache") == near("cache (id 21, no cluster, this name)", 121)


@pytest.mark.parametrize("number", numbers(are_near=False))
def test_another_name_is_another_machine(number: int) -> None:
    assert said_of_guest(NAMES[number][0])[0] == "create"


@GUESTS.part
def of_other_systems(estate: Estate) -> None:
    guest(estate, 122, "web")
    machine(estate, 22, "web", None, cluster_id=2, cf={"docker_host": "d1", "docker_container": "web"})
    machine(estate, 23, "web", None, cluster_id=3, cf={"proxmox_cluster": "rome", "proxmox_vmid": 122})


def test_the_name_of_a_machine_of_another_cluster_or_system_is_no_near_match() -> None:
    """They carry their own ids."""
    assert said_of_guest("web")[0] == "create"


@GUESTS.part
def by_one_witness(estate: Estate) -> None:
    guest(estate, 123, "crm", "BC:24:11:00:23:01")
    machine(estate, 24, "Old CRM", None)
    nic(estate, 240, "eth0", 24, "BC:24:11:00:23:01")
    guest(estate, 124, "erp", "BC:24:11:00:24:01")
    agent_shows(estate, 124, "net0", "10.24.0.5")
    machine(estate, 25, "Old ERP", None, primary_ip4_id=250)
    nic(estate, 250, "eth0", 25)
    address(estate, 250, "10.24.0.5", 250, "virtualization.vminterface")


def test_a_mac_address_or_the_primary_address_alone_is_a_question() -> None:
    assert said_of_guest("crm") == near("Old CRM (id 24, cluster paris, this MAC address)", 123)


def test_the_primary_address_of_another_machine_is_a_question() -> None:
    assert said_of_guest("erp") == near("Old ERP (id 25, cluster paris, this address)", 124)


@GUESTS.part
def with_its_domain(estate: Estate) -> None:
    guest(estate, 125, "mail", "BC:24:11:00:25:01")
    machine(estate, 26, "mail.example.com", None)
    nic(estate, 260, "eth0", 26, "BC:24:11:00:25:01")


def test_nearly_the_name_and_the_mac_address_are_a_match() -> None:
    found = [r for r in GUESTS.estate().rows() if r.resource == "virtual_machines" and r.netbox_id == 26]
    assert [r.action for r in found] == ["update"]


@GUESTS.part
def named_like_a_device(estate: Estate) -> None:
    guest(estate, 126, "nas")
    estate.add("netbox.devices", id=3, name="NAS")


def test_a_device_of_the_guests_name_is_a_question() -> None:
    assert said_of_guest("nas") == (
        "conflict",
        "NetBox has a device of this name: NAS (id 3); if it is this guest, delete the device; if not, create the"
        " virtual machine in NetBox",
    )


@pytest.mark.parametrize("imported", ["all", "none"])
def test_a_device_with_its_domain_is_a_question(imported: str) -> None:
    estate = Estate("librenms", import_devices=imported)
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=3, name="sw1.example.com")
    assert told(estate, "devices") == {
        "sw1": (
            "conflict",
            'NetBox has sw1.example.com (id 3), which is this name with a domain: if it is this device, enter {"lib": 1}'
            " in its librenms_id; if not, create this one in NetBox with that entry",
        )
    }


@pytest.mark.parametrize(("kind", "entry"), [("text", "1"), ("integer", "1"), ("json", '{"lib": 1}')])
def test_what_to_enter_fits_the_type_of_the_custom_field(kind: str, entry: str) -> None:
    estate = Estate("librenms", import_devices="all")
    estate.change("netbox.custom_fields", "librenms_id", type=kind)
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=3, name="sw1.example.com")
    [(action, reason)] = told(estate, "devices").values()
    assert (action, reason.partition("enter ")[2].partition(" in its")[0]) == ("conflict", entry)


def test_a_device_of_another_domain_is_another() -> None:
    estate = Estate("librenms", import_devices="all")
    device(estate, 1, "sw1.paris.example.com")
    estate.add("netbox.devices", id=3, name="sw1.lyon.example.com")
    assert "may_be_this_device" not in str(told(estate, "devices"))
    assert "with a domain" not in str(told(estate, "devices"))


def known_by_its_ports() -> Estate:
    """Devices of the source that NetBox may have under other names. Their numbers: sw<n> is device 10 + n of NetBox."""
    estate = Estate("librenms", import_devices="all")
    macs = {
        1: ((1, 2), (1, 2)),
        2: ((3, 4), (3, 9)),
        3: ((5,), (5,)),
        4: ((6, 7), (6, 7)),
        5: ((), ()),
        6: ((), ()),
        7: ((), ()),
        8: ((20, 21), (20, 21)),
    }
    for number, (shown, held) in macs.items():
        device(estate, number, f"sw{number}", ip=f"10.0.{number}.1")
        estate.add("netbox.devices", id=10 + number, name=f"access {number}")
        for one in shown:
            port(estate, one, f"Gi0/{one}", number, ifPhysAddress=f"0200000000{one:02x}")
        interface(estate, 100 * number, "lo0", 10 + number)
        for one in held:
            has_mac(estate, 100 * number + one, one, 10 + number)
    # Two devices have the MAC addresses of sw4, and sw8 is another one by its name.
    estate.add("netbox.devices", id=30, name="access 4 b")
    for one in (6, 7):
        has_mac(estate, 430 + one, one, 30)
    estate.change("netbox.devices", 18, name="sw9")
    device(estate, 9, "sw9")
    address(estate, 5, "10.0.5.1", 500)
    address(estate, 6, "10.0.6.1", 600, vrf_id=1)
    estate.add("netbox.vrfs", id=1, name="other")
    address(estate, 7, "10.0.7.1", 700, role="anycast")
    return estate


def has_mac(estate: Estate, number: int, mac: int, device: int) -> None:
    """An interface of NetBox with this MAC address; both have the same number."""
    interface(estate, number, f"port {number}", device)
    estate.add(
        "netbox.mac_addresses",
        id=number,
        mac_address=f"02:00:00:00:00:{mac:02X}",
        assigned_object_type="dcim.interface",
        assigned_object_id=number,
    )


def test_a_device_under_another_name_is_known_by_its_mac_addresses_and_its_address() -> None:
    """Not by a MAC address of several devices, one of several, those of a device that another one matches, an address in a
    VRF, or one that several devices share."""
    found = told(known_by_its_ports(), "devices")
    assert {name: reason for name, (_, reason) in found.items() if reason.startswith("it may be")} == {
        f"sw{number}": f"it may be access {number} (id {10 + number}), which has {evidence} in NetBox and matches no other"
        f' device: if it is, enter {{"lib": {number}}} in its librenms_id; if not, create this one in NetBox with that entry'
        for number, evidence in (
            (1, "2 of its MAC addresses"),
            (3, "1 of its MAC addresses"),
            (5, "its address 10.0.5.1"),
        )
    }
    assert {action for action, reason in found.values() if reason.startswith("it may be")} == {"conflict"}


@pytest.mark.parametrize(("answer", "netbox_id", "found"), [("pick", 11, 11), ("create", None, None)])
def test_a_person_says_whether_it_is_that_device(
    answer: str, netbox_id: int | None, found: int | None
) -> None:
    estate = known_by_its_ports()
    _, question = estate.questions()["devices", "sw1", ""]
    estate.answer("devices", "sw1", answer, question, netbox_id=netbox_id)
    [row] = [row for row in estate.rows() if (row.resource, row.key) == ("devices", "sw1")]
    assert row.netbox_id == found
    assert "it may be" not in str(row.reason)


@GUESTS.part
def without_mac_addresses(estate: Estate) -> None:
    guest(estate, 127, "fw", "BC:24:11:00:27:01", "BC:24:11:00:27:02")
    machine(estate, 27, "fw", 127)
    for number, name in enumerate(("lan", "dmz")):
        agent_shows(estate, 127, f"net{number}", f"10.27.{number}.7")
        nic(estate, 270 + number, name, 27)
        address(estate, 270 + number, f"10.27.{number}.7", 270 + number, "virtualization.vminterface")


def test_an_interface_without_a_mac_address_is_found_by_its_address() -> None:
    """Adopted: the interface that was entered by hand is the guest's."""
    rows = GUESTS.estate().rows()
    found = [(r.action, r.key, r.netbox_id) for r in rows if r.resource == "vm_interfaces"]
    assert [row for row in found if row[1].startswith("fw ")] == [
        ("drifted", "fw net0", 270),
        ("drifted", "fw net1", 271),
    ]
    assert [r for r in rows if r.resource == "ip_addresses" and r.key.startswith("10.27.")] == []


@GUESTS.part
def adopted(estate: Estate) -> None:
    """NetBox has eth0 with the address, the agent shows ens18."""
    mac = "BC:24:11:00:28:01"
    guest(estate, 128, "dns", mac, shown=[])
    estate.add("proxmox.guest_agent_interfaces", vmid=128, key="net0", position=0, name="ens18", mac=mac)
    agent_shows(estate, 128, "net0", "10.28.0.7")
    machine(estate, 28, "dns", None)
    nic(estate, 280, "eth0", 28)
    address(estate, 280, "10.28.0.7", 280, "virtualization.vminterface")


def test_the_only_interface_of_an_adopted_machine_is_the_guests_whatever_its_name() -> None:
    """No second interface, and no address that conflicts."""
    found = [
        (r.resource, r.action, r.netbox_id)
        for r in GUESTS.estate().rows()
        if r.netbox_id in (28, 280) or r.key.startswith(("dns", "10.28."))
    ]
    assert found == [
        ("mac_addresses", "create", None),
        ("primary_ips", "update", 28),
        ("primary_macs", "update", 280),
        ("virtual_machines", "update", 28),
        ("vm_interfaces", "drifted", 280),
    ]


OTHER = (
    "NetBox has one interface on this virtual machine, lan, with other addresses and no MAC address; give it the name or"
    " the MAC address of this one, or delete it"
)
NOT_OURS = "name: NetBox has a value that netbox-sync did not write (policies.owns)"


# (last bytes of the address of the only interface in NetBox, action, reason); the guest shows 10.71.0.7.
ONLY = [(None, "drifted", NOT_OURS), ("71.{}.7", "drifted", NOT_OURS), ("99.{}.7", "conflict", OTHER)]


@GUESTS.part
def only_interfaces(estate: Estate) -> None:
    """A guest per line of ONLY."""
    for number, (host, *_) in enumerate(ONLY):
        vmid, name = 131 + number, f"app{number}"
        guest(estate, vmid, name, f"BC:24:11:00:31:{number:02X}")
        agent_shows(estate, vmid, "net0", f"10.71.{number}.7")
        machine(estate, 31 + number, name, vmid)
        nic(estate, 310 + number, "lan", 31 + number)
        if host:
            place = f"10.{host.format(number)}"
            address(estate, 310 + number, place, 310 + number, "virtualization.vminterface")


@pytest.mark.parametrize("number", range(len(ONLY)))
def test_the_only_interface_on_both_sides(number: int) -> None:
    _, action, reason = ONLY[number]
    rows = [r for r in GUESTS.estate().rows() if r.resource == "vm_interfaces"]
    assert [(r.action, r.reason) for r in rows if r.netbox_id == 310 + number] == [(action, reason)]


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
