"""Numbers, names and MAC addresses that no longer lead to one object: what they may mean is not gone. Rules on rows."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import address, device, guest, interface, machine, nic, paris, port, removals, switch
from tests.sql.test_guest_identity import Cluster

M1, M2, M3 = "BC:24:11:00:00:01", "BC:24:11:00:00:02", "BC:24:11:00:00:03"


def about(found: list[Row], resource: str, key: str) -> list[tuple[str, int | None, str | None]]:
    """(action, NetBox id, reason) of the rows of one key."""
    return [(r.action, r.netbox_id, r.reason) for r in found if (r.resource, r.key) == (resource, key)]


# Ports ------------------------------------------------------------------------------------------------------------


def crossed(*numbers: int) -> Estate:
    """Po1 with Gi0/2 and Gi0/3 in NetBox, which has the port ids 1 to 4; LibreNMS gives Gi0/1 to Gi0/3 these ids now.

    /port_stack and the VLANs were read before that: ports 3 and 4 are in Po1, port 3 has VLAN 10 untagged.
    """
    estate = switch()
    estate.add("netbox.vlans", id=10, vid=10, name="users")
    estate.add("netbox.vlans", id=20, vid=20, name="voice")
    estate.add("librenms.system", local_ver="26.7.0")
    for key, vid in ((10, "users"), (20, "voice")):
        estate.add("librenms.vlans", vlan_id=key, device_id=1, vlan_vlan=key, vlan_name=vid)
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 11, "Po1", port=1, type="lag")
    for netbox_id, name, number in zip((12, 13, 14), ("Gi0/1", "Gi0/2", "Gi0/3"), numbers, strict=True):
        port(estate, number, name, ifVlan="10")
        interface(
            estate,
            netbox_id,
            name,
            port=netbox_id - 10,
            lag_id=None if netbox_id == 12 else 11,
            mode="tagged",
            tagged_vlan_ids=[20],
        )
        estate.add("librenms.port_vlans", port_id=number, vlan=10, untagged=True)
    for member in (3, 4):
        estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=member)
    return estate


def links_written(estate: Estate) -> dict[tuple[int | None, str], object]:
    """What is written to LAGs and tagged VLANs: {(interface, field): value}."""
    return {
        (r.netbox_id, name): after
        for r in estate.rows()
        if r.resource == "interfaces"
        for name, after in r.fields.items()
        if name in ("lag", "tagged_vlans")
    }


def test_what_is_filed_under_the_number_of_another_port_clears_nothing() -> None:
    """Gi0/1 and Gi0/2 have changed their numbers: whose the rows under 2 and 3 are is not known before the next reading."""
    written = links_written(crossed(3, 2, 4))
    # Gi0/3 has kept its number; its VLANs are its own.
    assert written == {(14, "tagged_vlans"): []}


def test_without_another_number_the_same_rows_count() -> None:
    written = links_written(crossed(2, 3, 4))
    assert written == {(number, "tagged_vlans"): [] for number in (12, 13, 14)}


def test_a_cable_is_not_gone_while_numbers_have_changed() -> None:
    """The neighbour's row may bear the number that the port had."""
    estate = switch()
    device(estate, 2, "sw2")
    estate.add("netbox.devices", id=2, name="sw2", cf={"librenms_id": {"lib": 2}})
    for owner in (1, 2):
        for number in (1, 2):
            held = owner * 10 + (number if owner == 2 else 3 - number)
            port(estate, owner * 10 + number, f"Gi0/{number}", device=owner)
            interface(estate, owner * 10 + number, f"Gi0/{number}", device=owner, port=held)
        port(estate, owner * 10 + 3, "Gi0/3", device=owner)
        seen = {"local_device_id": owner, "local_port_id": owner * 10 + 3, "remote_hostname": "x"}
        estate.add("librenms.links", id=owner, active=True, **seen)
    ends = {"a_type": "dcim.interface", "a_ids": [11], "b_type": "dcim.interface", "b_ids": [21]}
    estate.add("netbox.cables", id=1, status="connected", **ends)
    found = estate.rows()
    assert removals(found) == []
    assert [(r.action, r.reason) for r in found if (r.resource, r.netbox_id) == ("cables", 1)] == [
        (
            "blocked",
            "LibreNMS sees no neighbour at either end, but that is no evidence: port 11 of sw1 is Gi0/1 now, and "
            "NetBox has that number on Gi0/2",
        )
    ]


@pytest.mark.parametrize("deleted", [True, None])
def test_a_port_that_was_made_anew_is_not_taken_out_of_its_lag(deleted: bool | None) -> None:
    """/port_stack has the number that LibreNMS deleted, or that it does not show any longer."""
    estate = switch()
    estate.add("librenms.system", local_ver="26.7.0")
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 11, "Po1", type="lag")
    for number in (2, 5):
        port(estate, number, f"Gi0/{number}")
        interface(estate, 10 + number, f"Gi0/{number}", lag_id=11)
    if deleted:
        port(estate, 3, "Gi0/5", deleted=True)
    for member in (2, 3):
        estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=member)
    assert [r.netbox_id for r in estate.rows() if r.resource == "interfaces" and "lag" in r.fields] == []


def test_a_port_that_has_the_name_of_one_that_is_left_out_may_be_what_has_its_number() -> None:
    """Two ports are called Gi0/2, and one of them is ignored: whose name it is is not known, and port 1 was Gi0/1."""
    for ignored, gone in ((True, []), (False, [11])):
        estate = switch()
        port(estate, 1, "Gi0/2")
        port(estate, 2, "Gi0/2" if ignored else "Gi0/9", ignore=True)
        for number in (1, 2):
            interface(estate, 10 + number, f"Gi0/{number}", port=number if ignored or number == 1 else 7)
        found = estate.rows()
        assert [r.netbox_id for r in found if (r.resource, r.action) == ("interfaces", "delete")] == gone
        said = "it may be sw1 Gi0/2: NetBox has its number on it, and the interface of its name may be port 2 of sw1, which is ignored in LibreNMS"
        assert not ignored or about(found, "interfaces", "sw1 Gi0/1") == [("blocked", 11, said)]


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


@cache
def of_guests() -> list[Row]:
    estate = paris()
    for vmid, (macs, shown, names) in NICS.items():
        name = f"erp{vmid - 100}"
        every = [f"BC:24:11:00:{vmid - 100:02X}:0{number}" for number in range(4)]
        guest(estate, vmid, name, *(every[mac] for mac in macs), shown=shown)
        machine(estate, vmid, name, vmid)
        for number, known in enumerate(names, 1):
            key = (vmid - 100) * 1000 + number
            nic(estate, key, known, vmid, every[number])
            address(estate, key, f"10.0.{vmid}.{number}", key, "virtualization.vminterface")
    return estate.rows()


def of_guest(vmid: int) -> list[Row]:
    """The rows about one of NICS."""
    return [
        r for r in of_guests() if f"erp{vmid - 100} " in r.key or (r.netbox_id or 0) // 1000 == vmid - 100
    ]


@pytest.mark.parametrize(
    ("vmid", "candidates"), [(101, "eth0, eth1"), (102, "eth1"), (103, "eth1"), (104, "eth1")]
)
def test_a_netn_without_a_name_may_be_any_interface_that_is_left(vmid: int, candidates: str) -> None:
    """Two netN have one MAC address, or one has another than NetBox, and the agent does not show what it is called."""
    found, first = of_guest(vmid), (vmid - 100) * 1000 + 1
    # The agent shows net0 without an address.
    assert removals(found) == ([("ip_addresses", "delete", first)] if NICS[vmid].shown else [])
    assert about(found, "vm_interfaces", f"erp{vmid - 100} net1") == [
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
    assert about(found, "vm_interfaces", "erp8 net1") == [("create", None, None)]
    assert [r.netbox_id for r in found if (r.resource, r.action) == ("vm_interfaces", "delete")] == [8002]


# Guests -----------------------------------------------------------------------------------------------------------


def test_the_second_guest_of_a_name_is_known_by_the_name_that_it_has() -> None:
    """vmid 105 became 205, and vmid 101 took its name: "erp (205)" is what NetBox is to call it, and no witness."""
    estate = paris()
    guest(estate, 101, "erp")
    guest(estate, 205, "erp", M1)
    machine(estate, 1, "erp", 105)
    nic(estate, 11, "eth0", 1, M1)
    found = estate.rows()
    assert removals(found) == []
    assert [action for action, *_ in about(found, "virtual_machines", "erp (205)")] == ["update"]


@pytest.mark.parametrize(
    ("name", "mac", "witness"), [("new", M1, "the same MAC address"), ("erp", M2, "the same name")]
)
def test_a_machine_may_be_under_another_vmid(name: str, mac: str, witness: str) -> None:
    """By its MAC address alone, or by the name that two guests have."""
    estate = paris()
    guest(estate, 101, "erp", M3)
    guest(estate, 205, name, mac)
    machine(estate, 1, "erp", 105)
    nic(estate, 11, "eth0", 1, M1)
    machine(estate, 3, "other", 103)
    found = estate.rows()
    assert removals(found) == [("virtual_machines", "delete", 3)]
    key = "new" if name == "new" else "erp (205)"
    assert about(found, "virtual_machines", key) == [
        (
            "conflict",
            None,
            f"it may be erp (id 1, vmid 105, {witness}), which is no longer in Proxmox under that number: if it is, "
            "enter vmid 205 there in NetBox; if not, delete that one in NetBox",
        )
    ]


def test_a_new_guest_that_was_not_read_may_be_any_machine_whose_vmid_is_not_listed() -> None:
    for read, gone in ((True, [("virtual_machines", "delete", 1)]), (False, [])):
        estate = paris()
        guest(estate, 205, "new", config_read=read)
        guest(estate, 106, "db")
        machine(estate, 1, "erp", 105)
        machine(estate, 2, "db", 106)
        assert removals(estate.rows()) == gone


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
