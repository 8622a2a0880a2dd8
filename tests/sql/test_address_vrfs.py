"""The VRF of an address: NetBox's where the configuration names none, so that no second address is created."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate, Row
from tests.sql.kinds import GENEROUS, address, guest, interface, mac, machine, nic, paris, port, shown, switch

VM = "virtualization.vminterface"


def known_guest(estate: Estate, number: int, name: str, host: str) -> None:
    """A guest that NetBox has, with one address that its agent shows on eth0, NetBox's interface number * 10."""
    guest(estate, 100 + number, name, mac(number))
    machine(estate, number, name, 100 + number)
    nic(estate, number * 10, "eth0", number, mac(number))
    estate.add(
        "proxmox.guest_addresses",
        vmid=100 + number,
        key="net0",
        family=6 if ":" in host else 4,
        address=host,
        prefixlen=64 if ":" in host else 24,
        canonical=host,
        source="agent",
        position=0,
        configured=False,
    )


def vrfs(estate: Estate) -> None:
    estate.add("netbox.vrfs", id=7, name="lan", rd="65000:7")
    estate.add("netbox.vrfs", id=8, name="lab", rd="65000:8")


def addresses(estate: Estate) -> list[Row]:
    return sorted((row for row in estate.rows() if row.resource == "ip_addresses"), key=lambda row: row.key)


def estate_of(**endpoint: Any) -> Estate:
    estate = paris(**{"policies": {**GENEROUS, "create": ["ip_addresses"]}, **endpoint})
    vrfs(estate)
    return estate


def reserved(estate: Estate, number: int, host: str) -> None:
    """An address in the VRF lan, without an interface."""
    estate.add(
        "netbox.ip_addresses",
        id=number,
        address=f"{host}/24",
        host=host,
        prefixlen=24,
        family=4,
        status="active",
        vrf_id=7,
    )


def test_an_address_that_someone_put_into_a_vrf_stays_there() -> None:
    estate = estate_of()
    machine(estate, 9, "other", None)
    nic(estate, 90, "eth0", 9, mac(9))
    for number, host in ((1, "10.0.0.5"), (2, "2001:db8::5")):
        known_guest(estate, number, f"web{number}", host)
        address(estate, 20 + number, host, number * 10, VM, vrf_id=7)
        # NetBox has another one of the same host, in the global table, elsewhere.
        address(estate, 30 + number, host, 90, VM)
    estate.change("netbox.ip_addresses", 22, prefixlen=64)
    # Equal addresses in different VRFs.
    for number, vrf in ((3, 7), (4, 8), (5, None)):
        known_guest(estate, number, f"web{number}", "10.0.0.6")
        address(estate, 20 + number, "10.0.0.6", number * 10, VM, vrf_id=vrf)
    assert addresses(estate) == []


def test_an_address_of_a_device_that_someone_put_into_a_vrf_stays_there() -> None:
    estate = switch(policies={**GENEROUS, "create": ["ip_addresses"]})
    vrfs(estate)
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    shown(estate, 1, "10.0.0.1", port=1)
    address(estate, 31, "10.0.0.1", on=11, vrf_id=8)
    assert addresses(estate) == []


def test_equal_addresses_of_which_one_is_new_are_duplicates_whatever_the_vrf_of_the_others() -> None:
    estate = estate_of()
    for number, vrf in ((1, 7), (2, None)):
        known_guest(estate, number, f"web{number}", "10.0.0.5")
        address(estate, 20 + number, "10.0.0.5", number * 10, VM, vrf_id=vrf)
    known_guest(estate, 3, "web3", "10.0.0.5")
    assert [(row.action, row.key, row.reason) for row in addresses(estate)] == [
        ("conflict", f"10.0.0.5 on web{number} eth0", "duplicate in source: web1 eth0, web2 eth0, web3 eth0")
        for number in (1, 2, 3)
    ]


def test_a_vrf_that_is_configured_later_is_an_update() -> None:
    estate = estate_of(mappings={"vrfs": {"vmbr0": "lan"}})
    known_guest(estate, 1, "web", "10.0.0.5")
    address(estate, 21, "10.0.0.5", 10, VM)
    # Someone put this one into another VRF.
    known_guest(estate, 2, "db", "10.0.0.6")
    address(estate, 22, "10.0.0.6", 20, VM, vrf_id=8)
    assert [(row.action, row.key, row.netbox_id, row.reason) for row in addresses(estate)] == [
        ("update", "10.0.0.5 in lan", 21, None),
        (
            "drifted",
            "10.0.0.6 in lan",
            22,
            "vrf: NetBox has a value that netbox-sync did not write (policies.owns)",
        ),
    ]
    assert addresses(estate)[0].fields == {"vrf": {"id": 7, "name": "lan"}}


def test_an_address_that_is_reserved_in_a_vrf_is_a_question() -> None:
    estate = estate_of()
    for number, name in ((1, "web"), (2, "db")):
        known_guest(estate, number, name, f"10.0.0.{number}")
        reserved(estate, 20 + number, f"10.0.0.{number}")
    assert [(row.action, row.key, row.reason) for row in addresses(estate)] == [
        (
            "conflict",
            f"10.0.0.{number}",
            f"NetBox has it without an interface in another VRF: 10.0.0.{number}/24 in lan (id 2{number}); if that is it,"
            " name the VRF in mappings.vrfs or defaults.vrf",
        )
        for number in (1, 2)
    ]
    asked = estate.questions()
    estate.answer("ip_addresses", "10.0.0.1", "pick", asked["ip_addresses", "10.0.0.1", ""][1], netbox_id=21)
    estate.answer("ip_addresses", "10.0.0.2", "create", asked["ip_addresses", "10.0.0.2", ""][1])
    assert [(row.action, row.netbox_id, row.reason, row.fields) for row in addresses(estate)] == [
        (
            "update",
            21,
            "adopted: NetBox has it without an interface",
            {"assigned_object": {"id": 10, "name": "web eth0", "type": VM}},
        ),
        (
            "create",
            None,
            None,
            {
                "address": "10.0.0.2/24",
                "status": "active",
                "assigned_object": {"id": 20, "name": "db eth0", "type": VM},
            },
        ),
    ]


def virtual(estate: Estate, number: int, host: str, vrf: int) -> None:
    """An address of an FHRP group."""
    address(estate, number, host, 3, "ipam.fhrpgroup", role="vrrp", vrf_id=vrf)


def by_hand(**endpoint: Any) -> Estate:
    """Guests with new addresses, which NetBox has in VRFs that a person chose."""
    estate = estate_of(**endpoint)
    machine(estate, 9, "other", None)
    nic(estate, 90, "eth0", 9, mac(9))
    known_guest(estate, 1, "moved", "10.0.1.1")
    guest(estate, 102, "former", mac(2))
    machine(estate, 2, "former", 102)
    nic(estate, 20, "eth0", 2, mac(2))
    address(estate, 21, "10.0.1.1", 20, VM, vrf_id=7)
    known_guest(estate, 3, "doubt", "10.0.3.1")
    address(estate, 23, "10.0.3.1", 90, VM, vrf_id=7)
    known_guest(estate, 4, "router", "10.0.4.1")
    virtual(estate, 24, "10.0.4.1", 7)
    # NetBox's interface is in a VRF, and the address of another VRF is another one.
    known_guest(estate, 5, "lab", "10.0.5.1")
    estate.change("netbox.vm_interfaces", 50, vrf_id=8)
    address(estate, 25, "10.0.5.1", 90, VM, vrf_id=7)
    for number in (6, 7):
        known_guest(estate, number, f"dns{number}", "10.0.6.1")
    address(estate, 26, "10.0.6.1", 60, VM, vrf_id=7, role="anycast")
    # This product put it into the VRF, because the configuration says so.
    known_guest(estate, 8, "mapped", "10.0.8.1")
    address(estate, 28, "10.0.8.1", 90, VM, vrf_id=7)
    estate.add(
        "ledger.last_written",
        **{"object_type": "ipam/ip-addresses", "netbox_id": 28, "field": "vrf"},
        value='{"id":7,"name":"lan"}',
    )
    return estate


QUESTION = (
    "NetBox has it in another VRF, on another machine: 10.0.3.1/24 in lan on other eth0 (id 23); if that is it, name the"
    " VRF in mappings.vrfs or defaults.vrf"
)


def test_an_address_that_another_has_in_a_vrf_is_not_created_beside_it() -> None:
    estate = by_hand()
    found = {r.key: (r.action, r.netbox_id, r.reason, r.fields.get("vrf")) for r in addresses(estate)}
    lan, lab = {"id": 7, "name": "lan"}, {"id": 8, "name": "lab"}
    assert found == {
        "10.0.1.1": ("create", None, "NetBox has it on former eth0, where this plan deletes it first", lan),
        "10.0.1.1 in lan on former eth0": ("delete", 21, "not on former eth0 in Proxmox", None),
        "10.0.3.1": ("conflict", None, QUESTION, None),
        "10.0.5.1": ("create", None, None, lab),
        "10.0.6.1 on dns7 eth0": ("create", None, None, lan),
        "10.0.8.1": ("create", None, None, None),
    }
    assert [r.reason for r in estate.rows() if r.key == "router IPv4"] == [
        "no IPv4 address can be the primary one: 10.0.4.1 is an address in NetBox that several machines can hold"
    ]


def test_it_is_assigned_elsewhere_or_created_by_an_answer() -> None:
    estate = by_hand(policies={"create": ["ip_addresses"]})
    assert [(r.action, r.reason) for r in addresses(estate) if r.key == "10.0.1.1"] == [
        ("conflict", "assigned elsewhere: NetBox has it on former eth0")
    ]
    asked = estate.questions()
    estate.answer("ip_addresses", "10.0.3.1", "create", asked["ip_addresses", "10.0.3.1", ""][1])
    assert [(r.action, r.fields.get("vrf")) for r in addresses(estate) if r.key == "10.0.3.1"] == [
        ("create", None)
    ]


def test_one_address_in_several_vrfs_of_a_router_is_several_addresses() -> None:
    estate = switch(policies={"create": ["ip_addresses"]})
    vrfs(estate)
    for number, vrf in ((1, 7), (2, 8)):
        port(estate, number, f"Vlan{number}")
        interface(estate, 10 + number, f"Vlan{number}", port=number, type="virtual", vrf_id=vrf)
        shown(estate, number, "10.0.0.1", port=number)
    assert [(r.key, r.action, r.fields["vrf"]["name"]) for r in addresses(estate)] == [
        ("10.0.0.1 on sw1 Vlan1", "create", "lan"),
        ("10.0.0.1 on sw1 Vlan2", "create", "lab"),
    ]
    # The VRF of one of them is unknown.
    estate.change("netbox.interfaces", "Vlan1", vrf_id=None)
    assert {r.action for r in addresses(estate)} == {"conflict"}


def test_prefixes_of_addresses_are_in_the_vrf_of_their_addresses() -> None:
    estate = estate_of(policies={"create": ["prefixes"], "interface_prefixes": True})
    machine(estate, 9, "other", None)
    nic(estate, 90, "eth0", 9, mac(9))
    known_guest(estate, 1, "web", "10.0.1.1")
    address(estate, 21, "10.0.1.1", 10, VM, vrf_id=7)
    known_guest(estate, 2, "db", "10.0.2.1")
    address(estate, 22, "10.0.2.1", 20, VM, vrf_id=7)
    estate.add(
        "netbox.prefixes", id=1, prefix="10.0.2.0/24", host="10.0.2.0", prefixlen=24, family=4, vrf_id=7
    )
    # It is not known in which one this address is.
    known_guest(estate, 3, "doubt", "10.0.3.1")
    address(estate, 23, "10.0.3.1", 90, VM, vrf_id=7)
    assert [(r.key, r.fields["vrf"]) for r in estate.rows() if r.resource == "prefixes"] == [
        ("10.0.1.0/24 in lan", {"id": 7, "name": "lan"})
    ]
