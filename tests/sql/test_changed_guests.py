"""Guests whose addresses, network cards or order of interfaces changed: one plan, and then nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import address, guest, machine, nic, paris
from tests.sql.test_primary_addresses import M1, M2, VM, shows, wrote


def web(mac: str = M1, shown: tuple[int, ...] = (0,), **policies: Any) -> Estate:
    """Guest web with one network card, which its agent shows as eth0 (``shown``). NetBox has it as machine 1, in step."""
    estate = paris(policies={"delete": ["ip_addresses", "mac_addresses", "vm_interfaces"], **policies})
    estate.change("netbox.clusters", status="active")
    guest(estate, 101, "web", mac, shown=shown)
    machine(estate, 1, "web", 101, start_on_boot="off")
    return estate


def primary(estate: Estate, number: int, host: str) -> None:
    """The primary address that this product gave machine 1."""
    estate.change("netbox.virtual_machines", primary_ip4_id=number)
    wrote(estate, "virtualization/virtual-machines", 1, "primary_ip4", {"id": number, "name": host})


def changes(estate: Estate) -> list[tuple[str, str, str]]:
    return [(r.resource, r.action, r.key) for r in estate.rows()]


@pytest.mark.parametrize(
    ("policy", "old"),
    [
        ("delete", ("ip_addresses", "delete", "10.61.0.3 on web eth0")),
        ("leave", ("ip_addresses", "drifted", "10.61.0.3 on web eth0")),
    ],
)
def test_a_new_address_by_dhcp_becomes_primary_and_the_old_one_goes_by_policy(
    policy: str, old: tuple[str, str, str]
) -> None:
    estate = web(stale_addresses=policy)
    nic(estate, 11, "eth0", 1, M1)
    address(estate, 31, "10.61.0.3", on=11, kind=VM)
    estate.ours("ipam/ip-addresses", 31)
    primary(estate, 31, "10.61.0.3")
    shows(estate, 101, "10.61.0.103/24")
    assert changes(estate) == [
        ("ip_addresses", "create", "10.61.0.103"),
        old,
        ("primary_ips", "update", "web IPv4"),
    ]


def test_after_that_plan_nothing_is_left() -> None:
    estate = web(stale_addresses="delete")
    nic(estate, 11, "eth0", 1, M1)
    address(estate, 32, "10.61.0.103", on=11, kind=VM)
    primary(estate, 32, "10.61.0.103")
    shows(estate, 101, "10.61.0.103/24")
    assert changes(estate) == []


def test_a_guest_with_another_card_and_address_is_one_plan() -> None:
    """It was made again under its number: the old interface goes with its addresses, the new one becomes primary."""
    estate = web(M2)
    nic(estate, 11, "ens20", 1, M1)
    address(estate, 31, "10.0.0.5", on=11, kind=VM)
    for kind, number in (
        ("virtualization/interfaces", 11),
        ("dcim/mac-addresses", 11),
        ("ipam/ip-addresses", 31),
    ):
        estate.ours(kind, number)
    primary(estate, 31, "10.0.0.5")
    shows(estate, 101, "10.0.0.50/24")
    assert changes(estate) == [
        ("ip_addresses", "create", "10.0.0.50"),
        ("ip_addresses", "delete", "10.0.0.5/24 on web ens20 (gone)"),
        ("mac_addresses", "create", f"web net0 {M2}"),
        ("mac_addresses", "delete", f"web ens20 {M1} (id 11)"),
        ("primary_ips", "update", "web IPv4"),
        ("primary_macs", "update", "web net0"),
        ("vm_interfaces", "create", "web net0"),
        ("vm_interfaces", "delete", "web ens20 (gone)"),
    ]


@pytest.mark.parametrize(
    ("written", "action"), [(None, "update"), ({"id": 31, "name": "10.0.0.5"}, "conflict")]
)
def test_a_primary_address_that_went_with_a_delete_of_ours_was_not_taken_off_by_a_person(
    written: dict[str, Any] | None, action: str
) -> None:
    """The ledger has what NetBox empties because of a delete as written; without that a person did it."""
    estate = web(M2)
    nic(estate, 12, "eth0", 1, M2)
    address(estate, 32, "10.0.0.50", on=12, kind=VM)
    wrote(estate, "virtualization/virtual-machines", 1, "primary_ip4", written)
    shows(estate, 101, "10.0.0.50/24")
    assert changes(estate) == [("primary_ips", action, "web IPv4")]


@pytest.mark.parametrize("order", [("br0", "ens18.20", "ens18"), ("ens18", "ens18.20", "br0")])
def test_another_order_of_the_agents_interfaces_changes_nothing(order: tuple[str, ...]) -> None:
    """A bridge and a VLAN interface have the MAC address of the card below them."""
    estate = web(shown=())
    for position, name in enumerate(order):
        estate.add(
            "proxmox.guest_agent_interfaces", vmid=101, key="net0", position=position, name=name, mac=M1
        )
    hosts = {"br0": "192.168.1.5/24", "ens18.20": "10.0.20.1/24"}
    shows(estate, 101, *(hosts[name] for name in order if name in hosts))
    nic(estate, 11, "ens18", 1, M1)
    address(estate, 31, "192.168.1.5", on=11, kind=VM)
    address(estate, 32, "10.0.20.1", on=11, kind=VM)
    primary(estate, 31, "192.168.1.5")
    assert changes(estate) == []


def test_an_agent_that_shows_no_interface_says_nothing_of_addresses() -> None:
    """It answered with lo only."""
    estate = web(shown=(), stale_addresses="delete")
    nic(estate, 11, "eth0", 1, M1)
    primary(estate, 31, "10.3.0.5")
    for number, host in ((31, "10.3.0.5"), (32, "10.3.0.6")):
        address(estate, number, host, on=11, kind=VM)
        estate.ours("ipam/ip-addresses", number)
    assert changes(estate) == []
