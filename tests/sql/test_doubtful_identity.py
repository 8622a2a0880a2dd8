"""Numbers, names and MAC addresses that no longer lead to one object: what they may mean is not gone. Rules on rows."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    Parts,
    about,
    address,
    guest,
    interface,
    known_switch,
    mac,
    machine,
    nic,
    paris,
    port,
    removals,
)
from tests.sql.test_guest_identity import Cluster


def of_key(found: list[Row], resource: str, key: str) -> list[tuple[str, int | None, str | None]]:
    """(action, NetBox id, reason) of the rows of one key."""
    return [(r.action, r.netbox_id, r.reason) for r in found if (r.resource, r.key) == (resource, key)]


# Ports ------------------------------------------------------------------------------------------------------------

SWITCHES = Parts(lambda: Estate("librenms", policies=GENEROUS))


def of_switch(number: int) -> list[Row]:
    """The rows about sw<number>."""
    return about(SWITCHES.estate().rows(), f"sw{number}")


def crossed(estate: Estate, number: int, *places: int) -> None:
    """Po1 with Gi0/2 and Gi0/3 of sw<number> in NetBox, which has the port ids 1 to 4 (and ten times the switch's number);
    LibreNMS gives Gi0/1 to Gi0/3 these ids now.

    /port_stack and the VLANs were read before that: ports 3 and 4 are in Po1, port 3 has VLAN 10 untagged.
    """
    first = number * 10
    known_switch(estate, number)
    for vid, name in ((10, "users"), (20, "voice")):
        estate.add("librenms.vlans", vlan_id=first + vid, device_id=number, vlan_vlan=vid, vlan_name=name)
    port(estate, first + 1, "Po1", number, ifType="ieee8023adLag")
    interface(estate, first + 1, "Po1", number, port=first + 1, type="lag")
    for held, name, place in zip((2, 3, 4), ("Gi0/1", "Gi0/2", "Gi0/3"), places, strict=True):
        port(estate, first + place, name, number, ifVlan="10")
        interface(
            estate,
            first + held,
            name,
            number,
            port=first + held,
            lag_id=None if held == 2 else first + 1,
            mode="tagged",
            tagged_vlan_ids=[20],
        )
        estate.add("librenms.port_vlans", port_id=first + place, vlan=10, untagged=True)
    for member in (3, 4):
        estate.add(
            "librenms.port_stack", device_id=number, high_port_id=first + 1, low_port_id=first + member
        )


@SWITCHES.part
def numbers_of_ports(estate: Estate) -> None:
    """Two ports of sw1 have changed their numbers, none of sw2."""
    estate.add("netbox.vlans", id=10, vid=10, name="users")
    estate.add("netbox.vlans", id=20, vid=20, name="voice")
    estate.add("librenms.system", local_ver="26.7.0")
    crossed(estate, 1, 3, 2, 4)
    crossed(estate, 2, 2, 3, 4)


def links_written(number: int) -> dict[tuple[int, str], object]:
    """What is written to LAGs and tagged VLANs of sw<number>: {(number of the interface, field): value}."""
    return {
        ((r.netbox_id or 0) - number * 10, name): after
        for r in of_switch(number)
        if r.resource == "interfaces"
        for name, after in r.fields.items()
        if name in ("lag", "tagged_vlans")
    }


def test_what_is_filed_under_the_number_of_another_port_clears_nothing() -> None:
    """Gi0/1 and Gi0/2 have changed their numbers: whose the rows under 2 and 3 are is not known before the next reading."""
    # Gi0/3 has kept its number; its VLANs are its own.
    assert links_written(1) == {(4, "tagged_vlans"): []}


def test_without_another_number_the_same_rows_count() -> None:
    assert links_written(2) == {(number, "tagged_vlans"): [] for number in (2, 3, 4)}


@SWITCHES.part
def cable(estate: Estate) -> None:
    """Between Gi0/1 of sw3, whose ports have changed their numbers, and of sw4."""
    for owner in (3, 4):
        known_switch(estate, owner)
        for number in (1, 2):
            held = owner * 10 + (number if owner == 4 else 3 - number)
            port(estate, owner * 10 + number, f"Gi0/{number}", device=owner)
            interface(estate, owner * 10 + number, f"Gi0/{number}", device=owner, port=held)
        port(estate, owner * 10 + 3, "Gi0/3", device=owner)
        seen = {"local_device_id": owner, "local_port_id": owner * 10 + 3, "remote_hostname": "x"}
        estate.add("librenms.links", id=owner, active=True, **seen)
    ends = {"a_type": "dcim.interface", "a_ids": [31], "b_type": "dcim.interface", "b_ids": [41]}
    estate.add("netbox.cables", id=1, status="connected", **ends)


def test_a_cable_is_not_gone_while_numbers_have_changed() -> None:
    """The neighbour's row may bear the number that the port had."""
    found = about(SWITCHES.estate().rows(), "sw3", "sw4")
    assert removals(found) == []
    assert [(r.action, r.reason) for r in found if (r.resource, r.netbox_id) == ("cables", 1)] == [
        (
            "blocked",
            "LibreNMS sees no neighbour at either end, but that is no evidence: port 31 of sw3 is Gi0/1 now, and "
            "NetBox has that number on Gi0/2",
        )
    ]


@SWITCHES.part
def made_anew(estate: Estate) -> None:
    """Port 3 of sw5 is deleted, that of sw6 is not shown; Gi0/5 is port 5 now."""
    for owner in (5, 6):
        known_switch(estate, owner)
        port(estate, owner * 10 + 1, "Po1", owner, ifType="ieee8023adLag")
        interface(estate, owner * 10 + 1, "Po1", owner, type="lag")
        for number in (2, 5):
            port(estate, owner * 10 + number, f"Gi0/{number}", owner)
            interface(estate, owner * 10 + number, f"Gi0/{number}", owner, lag_id=owner * 10 + 1)
        for member in (2, 3):
            estate.add(
                "librenms.port_stack",
                **{"device_id": owner, "high_port_id": owner * 10 + 1, "low_port_id": owner * 10 + member},
            )
    port(estate, 53, "Gi0/5", 5, deleted=True)


@pytest.mark.parametrize(("deleted", "number"), [(True, 5), (None, 6)])
def test_a_port_that_was_made_anew_is_not_taken_out_of_its_lag(deleted: bool | None, number: int) -> None:
    """/port_stack has the number that LibreNMS deleted, or that it does not show any longer."""
    found = of_switch(number)
    assert [r.netbox_id for r in found if r.resource == "interfaces" and "lag" in r.fields] == []


@SWITCHES.part
def names_of_ports(estate: Estate) -> None:
    """Two ports of sw7 are called Gi0/2, and one of them is ignored; sw8 has one Gi0/2."""
    for owner, other in ((7, "Gi0/2"), (8, "Gi0/9")):
        known_switch(estate, owner)
        port(estate, owner * 10 + 1, "Gi0/2", owner)
        port(estate, owner * 10 + 2, other, owner, ignore=owner == 7)
        interface(estate, owner * 10 + 1, "Gi0/1", owner, port=owner * 10 + 1)
        interface(estate, owner * 10 + 2, "Gi0/2", owner, port=owner * 10 + (2 if owner == 7 else 7))


def test_a_port_that_has_the_name_of_one_that_is_left_out_may_be_what_has_its_number() -> None:
    """Two ports are called Gi0/2, and one of them is ignored: whose name it is is not known, and port 1 was Gi0/1."""
    for number, gone in ((7, []), (8, [81])):
        found = of_switch(number)
        assert [r.netbox_id for r in found if (r.resource, r.action) == ("interfaces", "delete")] == gone
    said = "it may be sw7 Gi0/2: NetBox has its number on it, and the interface of its name may be port 72 of sw7, which is ignored in LibreNMS"
    assert of_key(of_switch(7), "interfaces", "sw7 Gi0/1") == [("blocked", 71, said)]


# Interfaces of guests ----------------------------------------------------------------------------------------------


class Nics(NamedTuple):
    """The MAC addresses (1, 2, 3) of a guest's netN, those that its agent shows, and the names of its interfaces in NetBox,
    whose MAC addresses are 1 and 2."""

    macs: tuple[int, int]
    shown: list[int]
    names: tuple[str, str]


# Guest 101 is erp1, and so on; NetBox has its interfaces under 1001 and 1002, each with an address of the same id.
NICS = {
    101: Nics((1, 1), [], ("eth0", "eth1")),
    102: Nics((1, 1), [0], ("eth0", "eth1")),
    103: Nics((1, 3), [0], ("eth0", "eth1")),
    104: Nics((1, 3), [], ("eth0", "eth1")),
    105: Nics((1, 3), [], ("eth0", "net5")),
    106: Nics((1, 3), [], ("eth0", "net1")),
    107: Nics((1, 3), [], ("net1", "eth0")),
    108: Nics((1, 3), [0, 1], ("eth0", "ens9")),
}


GUESTS = Parts(paris)


@GUESTS.part
def interfaces_of_guests(estate: Estate) -> None:
    for vmid, (macs, shown, names) in NICS.items():
        name = f"erp{vmid - 100}"
        every = [f"BC:24:11:00:{vmid - 100:02X}:0{number}" for number in range(4)]
        guest(estate, vmid, name, *(every[mac] for mac in macs), shown=shown)
        machine(estate, vmid, name, vmid)
        for number, known in enumerate(names, 1):
            key = (vmid - 100) * 1000 + number
            nic(estate, key, known, vmid, every[number])
            address(estate, key, f"10.0.{vmid}.{number}", key, "virtualization.vminterface")


def of_guest(vmid: int) -> list[Row]:
    """The rows about one of NICS."""
    return [
        r
        for r in GUESTS.estate().rows()
        if f"erp{vmid - 100} " in r.key or (r.netbox_id or 0) // 1000 == vmid - 100
    ]


@pytest.mark.parametrize(
    ("vmid", "candidates"), [(101, "eth0, eth1"), (102, "eth1"), (103, "eth1"), (104, "eth1")]
)
def test_a_netn_without_a_name_may_be_any_interface_that_is_left(vmid: int, candidates: str) -> None:
    """Two netN have one MAC address, or one has another than NetBox, and the agent does not show what it is called."""
    found, first = of_guest(vmid), (vmid - 100) * 1000 + 1
    # The agent shows net0 without an address.
    assert removals(found) == ([("ip_addresses", "delete", first)] if NICS[vmid].shown else [])
    assert of_key(found, "vm_interfaces", f"erp{vmid - 100} net1") == [
        (
            "conflict",
            first if candidates == "eth0, eth1" else first + 1,
            f"the guest agent does not show its name, and it could be {candidates} in NetBox; let the agent answer, "
            "or name the right one net1 in NetBox",
        )
    ]


@pytest.mark.parametrize(("vmid", "deleted"), [(105, [5002]), (106, []), (107, [])])
def test_what_a_netn_without_a_name_is_not(vmid: int, deleted: list[int]) -> None:
    """Another netN is another interface; its own netN is it."""
    gone = [r.netbox_id for r in of_guest(vmid) if (r.resource, r.action) == ("vm_interfaces", "delete")]
    assert gone == deleted


def test_an_agent_that_shows_the_name_decides() -> None:
    found = of_guest(108)
    assert of_key(found, "vm_interfaces", "erp8 net1") == [("create", None, None)]
    assert [r.netbox_id for r in found if (r.resource, r.action) == ("vm_interfaces", "delete")] == [8002]


# Guests -----------------------------------------------------------------------------------------------------------


def of_names(*names: str) -> list[Row]:
    """The rows about guests and virtual machines of these names."""
    return about(GUESTS.estate().rows(), *names)


@GUESTS.part
def second_of_a_name(estate: Estate) -> None:
    guest(estate, 121, "shop")
    guest(estate, 225, "shop", mac(21))
    machine(estate, 31000, "shop", 125)
    nic(estate, 31001, "eth0", 31000, mac(21))


def test_the_second_guest_of_a_name_is_known_by_the_name_that_it_has() -> None:
    """vmid 125 became 225, and vmid 121 took its name: "shop (225)" is what NetBox is to call it, and no witness."""
    found = of_names("shop")
    assert removals(found) == []
    assert [action for action, *_ in of_key(found, "virtual_machines", "shop (225)")] == ["update"]


@GUESTS.part
def under_another_vmid(estate: Estate) -> None:
    """mail's MAC address is that of the guest new now; two guests are called wiki, and neither has its MAC address."""
    guest(estate, 131, "mail", mac(31))
    guest(estate, 235, "new", mac(32))
    machine(estate, 32000, "mail", 135)
    nic(estate, 32001, "eth0", 32000, mac(32))
    guest(estate, 141, "wiki", mac(41))
    guest(estate, 245, "wiki", mac(42))
    machine(estate, 33000, "wiki", 145)
    nic(estate, 33001, "eth0", 33000, mac(43))
    machine(estate, 34000, "other", 103000)


@pytest.mark.parametrize(
    ("key", "machine", "witness"),
    [
        ("new", "mail (id 32000, vmid 135", "the same MAC address"),
        ("wiki (245)", "wiki (id 33000, vmid 145", "the same name"),
    ],
)
def test_a_machine_may_be_under_another_vmid(key: str, machine: str, witness: str) -> None:
    """By its MAC address alone, or by the name that two guests have."""
    found = of_names("mail", "wiki", "new", "other")
    assert removals(found) == [("virtual_machines", "delete", 34000)]
    assert of_key(found, "virtual_machines", key) == [
        (
            "conflict",
            None,
            f"it may be {machine}, {witness}), which is no longer in Proxmox under that number: if it is, "
            f"enter vmid {'235' if key == 'new' else '245'} there in NetBox; if not, delete that one in NetBox",
        )
    ]


def unlisted(estate: Estate, *, read: bool) -> None:
    guest(estate, 205, "newer", config_read=read)
    guest(estate, 206, "db")
    machine(estate, 35000, "older", 204)
    machine(estate, 36000, "db", 206)


@GUESTS.part
def unlisted_and_read(estate: Estate) -> None:
    unlisted(estate, read=True)


def test_a_new_guest_that_was_not_read_may_be_any_machine_whose_vmid_is_not_listed() -> None:
    assert removals(of_names("newer", "older", "db")) == [("virtual_machines", "delete", 35000)]
    estate = paris()
    unlisted(estate, read=False)
    assert removals(estate.rows()) == []


def test_a_clone_that_was_not_finished_is_none_of_them() -> None:
    """Proxmox gives it other MAC addresses. It keeps the lock if it failed."""
    estate = paris()
    unlisted(estate, read=False)
    estate.change("proxmox.guests", lock="clone")
    assert removals(estate.rows()) == [("virtual_machines", "delete", 35000)]


@pytest.fixture
def lyon() -> Cluster:
    return Cluster()


def test_the_number_that_a_second_guest_of_a_name_gets_does_not_hide_a_move(lyon: Cluster) -> None:
    """NetBox's "web (205)" of the cluster lyon is called web; here another guest has that name already."""
    lyon.has(1, "web (205)", 205, 1, cluster="lyon")
    lyon.elsewhere(None, None)
    lyon.shows(105, "web", 1)
    assert lyon.found() == {"web": (1, None)}
    lyon.shows(106, "web (106)", 2, given_name="web")
    lyon.has(2, "web", 206, 2, cluster="lyon")
    assert lyon.found() == {"web": (1, None), "web (106)": (2, None)}


def test_the_side_that_it_left_knows_it_too(lyon: Cluster) -> None:
    lyon.has(1, "web (105)", 105, 1)
    lyon.has(2, "erp", 106, 2)
    lyon.has(3, "db", 107, 3)
    lyon.elsewhere(205, "web", 1)
    # Its configuration was not read.
    lyon.elsewhere(206, "erp")
    lyon.elsewhere(207, "db", 9)
    lyon.run("match.guests_elsewhere")
    assert lyon.rows("FROM match.guests_elsewhere ORDER BY netbox_id") == [
        (
            1,
            "lyon-pve shows a guest of this name and these MAC addresses (vmid 205 of lyon), so it may have moved there",
        ),
        (
            2,
            "lyon-pve shows a guest of this name (vmid 206 of lyon), so it may have moved there",
        ),
    ]
