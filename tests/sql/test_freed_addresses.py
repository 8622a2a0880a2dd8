"""An address that a plan frees is taken over in the same plan: rules on rows."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import address, guest, machine, nic, paris
from tests.sql.test_primary_addresses import M1, M2, VM, shows

DELETES = ["virtual_machines", "vm_interfaces", "mac_addresses", "ip_addresses"]


def found(estate: Estate) -> list[tuple[str, str, str | None]]:
    return [(r.action, r.key, r.reason) for r in estate.rows() if "ip" in r.resource]


def replaced(**policies: Any) -> Estate:
    """Guest t1 with 10.0.5.20 as its primary address, ours, is gone; t2 is new and shows the address."""
    estate = paris(policies=policies)
    machine(estate, 1, "t1", 101, primary_ip4_id=31)
    nic(estate, 11, "eth0", 1, M1)
    address(estate, 31, "10.0.5.20", on=11, kind=VM)
    estate.ours("virtualization/virtual-machines", 1)
    estate.ours("virtualization/interfaces", 11)
    estate.ours("dcim/mac-addresses", 11)
    estate.ours("ipam/ip-addresses", 31)
    guest(estate, 102, "t2", M2)
    shows(estate, 102, "10.0.5.20/24")
    return estate


def test_the_address_of_a_guest_that_is_deleted_goes_to_the_new_one() -> None:
    assert found(replaced(delete=DELETES)) == [
        ("create", "10.0.5.20", "NetBox has it on t1 eth0, where this plan deletes it first"),
        (
            "delete",
            "10.0.5.20/24 on t1 [vmid 101] eth0",
            "goes with its virtual machine: vmid 101 is no longer in Proxmox",
        ),
        ("update", "t2 IPv4", None),
    ]


def test_an_address_of_a_guest_that_is_not_deleted_stays_in_conflict() -> None:
    elsewhere = ("conflict", "10.0.5.20", "assigned elsewhere: NetBox has it on t1 eth0")
    assert elsewhere in found(replaced())
    assert elsewhere in found(replaced(delete=DELETES, missing_guests="offline"))
    # Somebody else's interface keeps the guest.
    estate = replaced(delete=DELETES)
    nic(estate, 12, "eth1", 1)
    assert elsewhere in found(estate)


def test_two_guests_change_addresses() -> None:
    """Both addresses are primary ones: each guest gives up its own first."""
    for policies, expected in (
        ({"stale_addresses": "delete", "delete": ["ip_addresses"]}, {"create", "delete", "update"}),
        ({"stale_addresses": "delete"}, {"conflict", "blocked"}),
        ({"delete": ["ip_addresses"]}, {"conflict"}),
    ):
        estate = paris(policies=policies)
        for number, mac in ((1, M1), (2, M2)):
            guest(estate, 100 + number, f"t{number}", mac)
            machine(estate, number, f"t{number}", 100 + number, primary_ip4_id=30 + number)
            nic(estate, 10 + number, "eth0", number, mac)
            address(estate, 30 + number, f"10.0.5.{number}", on=10 + number, kind=VM)
            estate.ours("ipam/ip-addresses", 30 + number)
            shows(estate, 100 + number, f"10.0.5.{3 - number}/24")
        rows = found(estate)
        assert {action for action, *_ in rows if _[0].startswith("10.")} <= expected, policies
        if "create" in expected:
            assert [(action, key) for action, key, _ in rows if key.startswith("10.")] == [
                ("create", "10.0.5.1"),
                ("create", "10.0.5.2"),
                ("delete", "10.0.5.1 on t1 eth0"),
                ("delete", "10.0.5.2 on t2 eth0"),
            ]
