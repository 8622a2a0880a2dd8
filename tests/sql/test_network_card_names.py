"""Which of the names that a guest agent shows for one network card its interface in NetBox has."""

from __future__ import annotations

from functools import cache

import pytest

from tests.sql.kinds import guest, paris

CARDS = [
    (["br0", "ens18.20", "ens18"], "ens18"),
    (["ens18", "ens18.20", "br0"], "ens18"),
    (["lan", "ens18"], "ens18"),
    (["bond0", "ens19", "ens18"], "ens18"),
    (["vtnet0.30", "lagg0", "vtnet0"], "vtnet0"),
    (["vEthernet (External)", "Ethernet 2"], "Ethernet 2"),
    (["eth10", "eth2"], "eth2"),
    (["bridge", "wan"], "wan"),
    (["br-lan", "vlan20"], "br-lan"),
]


@cache
def named_cards() -> dict[str, str]:
    """{guest: name of its interface}: a guest per list of CARDS and order, e.g. ``fw0`` and ``fw0-reversed``."""
    estate = paris()
    for number, (names, _) in enumerate(CARDS):
        for vmid, name, order in (
            (100 + number, f"fw{number}", names),
            (200 + number, f"fw{number}-reversed", names[::-1]),
        ):
            mac = f"BC:24:11:00:00:{vmid - 100:02X}"
            guest(estate, vmid, name, mac, shown=[])
            for position, card in enumerate(order):
                estate.add(
                    "proxmox.guest_agent_interfaces",
                    **{"vmid": vmid, "key": "net0", "position": position, "name": card, "mac": mac},
                )
    return {r.key.partition(" ")[0]: r.fields["name"] for r in estate.rows() if r.resource == "vm_interfaces"}


@pytest.mark.parametrize("number", range(len(CARDS)), ids=lambda number: " ".join(CARDS[number][0]))
def test_an_interface_of_a_guest_has_the_name_of_its_network_card(number: int) -> None:
    expected = CARDS[number][1]
    found = named_cards()
    assert (found[f"fw{number}"], found[f"fw{number}-reversed"]) == (expected, expected)
