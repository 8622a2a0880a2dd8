"""Guests whose addresses, network cards or order of interfaces changed: one plan, and then nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import Parts, address, guest, mac, machine, nic, paris
from tests.sql.test_primary_addresses import VM, shows, wrote


def cluster(stale_addresses: str = "delete") -> Estate:
    deletes = {"delete": ["ip_addresses", "mac_addresses", "vm_interfaces"]}
    estate = paris(policies=deletes | {"stale_addresses": stale_addresses})
    estate.change("netbox.clusters", status="active")
    return estate


GUESTS = Parts(cluster)


def web(
    estate: Estate,
    number: int,
    card: str,
    shown: tuple[int, ...] = (0,),
    primary: tuple[int, str] | None = None,
) -> None:
    """Guest web<number> with one network card, which its agent shows as eth0 (``shown``). NetBox has it as machine
    <number>, in step; ``primary``: the id and the host of its primary address, which this product gave it."""
    guest(estate, 100 + number, f"web{number}", card, shown=shown)
    held = primary and primary[0]
    machine(estate, number, f"web{number}", 100 + number, start_on_boot="off", primary_ip4_id=held)
    if primary:
        gave(estate, number, {"id": primary[0], "name": primary[1]})


def gave(estate: Estate, number: int, value: dict[str, Any] | None) -> None:
    """The primary address that this product wrote last."""
    wrote(estate, "virtualization/virtual-machines", number, "primary_ip4", value)


def changes(number: int, **policies: str) -> list[tuple[str, str, str]]:
    """(resource, action, key) of the rows about web<number>, whose addresses have its number in their third byte."""
    return [
        (r.resource, r.action, r.key)
        for r in GUESTS.estate(**policies).rows()
        if f"web{number} " in f"{r.key} " or r.key.split(".")[2:3] == [str(number)]
    ]


@GUESTS.part
def by_dhcp(estate: Estate) -> None:
    """web1 has another address than NetBox, web2 the same."""
    address(estate, 11, "10.61.1.3", on=11, kind=VM)
    estate.ours("ipam/ip-addresses", 11)
    web(estate, 1, mac(1), primary=(11, "10.61.1.3"))
    nic(estate, 11, "eth0", 1, mac(1))
    shows(estate, 101, "10.61.1.103/24")
    address(estate, 21, "10.61.2.103", on=21, kind=VM)
    web(estate, 2, mac(2), primary=(21, "10.61.2.103"))
    nic(estate, 21, "eth0", 2, mac(2))
    shows(estate, 102, "10.61.2.103/24")


@pytest.mark.parametrize(
    ("policy", "old"),
    [
        ("delete", ("ip_addresses", "delete", "10.61.1.3 on web1 eth0")),
        ("leave", ("ip_addresses", "drifted", "10.61.1.3 on web1 eth0")),
    ],
)
def test_a_new_address_by_dhcp_becomes_primary_and_the_old_one_goes_by_policy(
    policy: str, old: tuple[str, str, str]
) -> None:
    assert changes(1, stale_addresses=policy) == [
        ("ip_addresses", "create", "10.61.1.103"),
        old,
        ("primary_ips", "update", "web1 IPv4"),
    ]


def test_after_that_plan_nothing_is_left() -> None:
    assert changes(2) == []


@GUESTS.part
def made_again(estate: Estate) -> None:
    address(estate, 31, "10.0.3.5", on=31, kind=VM)
    web(estate, 3, mac(3), primary=(31, "10.0.3.5"))
    nic(estate, 31, "ens20", 3, mac(33))
    for kind in ("virtualization/interfaces", "dcim/mac-addresses", "ipam/ip-addresses"):
        estate.ours(kind, 31)
    shows(estate, 103, "10.0.3.50/24")


def test_a_guest_with_another_card_and_address_is_one_plan() -> None:
    """It was made again under its number: the old interface goes with its addresses, the new one becomes primary."""
    assert changes(3) == [
        ("ip_addresses", "create", "10.0.3.50"),
        ("ip_addresses", "delete", "10.0.3.5/24 on web3 ens20 (gone)"),
        ("mac_addresses", "create", f"web3 net0 {mac(3)}"),
        ("mac_addresses", "delete", f"web3 ens20 {mac(33)} (id 31)"),
        ("primary_ips", "update", "web3 IPv4"),
        ("primary_macs", "update", "web3 net0"),
        ("vm_interfaces", "create", "web3 net0"),
        ("vm_interfaces", "delete", "web3 ens20 (gone)"),
    ]


@GUESTS.part
def primary_address_went(estate: Estate) -> None:
    """The ledger has what NetBox empties because of a delete as written, so for web4; without that a person did it."""
    for number, written in ((4, None), (5, {"id": 99, "name": "10.0.5.5"})):
        web(estate, number, mac(number))
        nic(estate, number * 10, "eth0", number, mac(number))
        address(estate, number * 10, f"10.0.{number}.50", on=number * 10, kind=VM)
        gave(estate, number, written)
        shows(estate, 100 + number, f"10.0.{number}.50/24")


@pytest.mark.parametrize(("number", "action"), [(4, "update"), (5, "conflict")], ids=["by us", "by a person"])
def test_a_primary_address_that_went_with_a_delete_of_ours_was_not_taken_off_by_a_person(
    number: int, action: str
) -> None:
    assert changes(number) == [("primary_ips", action, f"web{number} IPv4")]


ORDERS = [("br0", "ens18.20", "ens18"), ("ens18", "ens18.20", "br0")]


@GUESTS.part
def orders(estate: Estate) -> None:
    """A bridge and a VLAN interface have the MAC address of the card below them."""
    for number, order in enumerate(ORDERS, 6):
        address(estate, number * 10, f"192.168.{number}.5", on=number * 10, kind=VM)
        address(estate, number * 10 + 1, f"10.0.{number}.1", on=number * 10, kind=VM)
        web(estate, number, mac(number), shown=(), primary=(number * 10, f"192.168.{number}.5"))
        for position, name in enumerate(order):
            estate.add(
                "proxmox.guest_agent_interfaces",
                **{"vmid": 100 + number, "key": "net0", "position": position, "name": name},
                mac=mac(number),
            )
        hosts = {"br0": f"192.168.{number}.5/24", "ens18.20": f"10.0.{number}.1/24"}
        shows(estate, 100 + number, *(hosts[name] for name in order if name in hosts))
        nic(estate, number * 10, "ens18", number, mac(number))


@pytest.mark.parametrize("number", [6, 7], ids=[" ".join(order) for order in ORDERS])
def test_another_order_of_the_agents_interfaces_changes_nothing(number: int) -> None:
    assert changes(number) == []


@GUESTS.part
def loopback_alone(estate: Estate) -> None:
    for number, host in ((80, "10.3.8.5"), (81, "10.3.8.6")):
        address(estate, number, host, on=80, kind=VM)
        estate.ours("ipam/ip-addresses", number)
    web(estate, 8, mac(8), shown=(), primary=(80, "10.3.8.5"))
    nic(estate, 80, "eth0", 8, mac(8))


def test_an_agent_that_shows_no_interface_says_nothing_of_addresses() -> None:
    """It answered with lo only."""
    assert changes(8) == []
