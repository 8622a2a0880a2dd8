"""Rules that set fields of addresses and VLANs."""

from __future__ import annotations

from tests.rules.ruled_switches import SWITCHES, changed, of, port_of, said, sw
from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    address,
    shown,
)

ESTATE = "switches with rules"


@SWITCHES.part
def fields_of_addresses(estate: Estate) -> None:
    sw(estate, 20)
    port_of(estate, 20)
    shown(estate, 1, "192.0.2.1", 201)
    address(estate, 1, "192.0.2.1", 201)
    shown(estate, 2, "192.0.2.2", 201)
    shown(estate, 3, "192.0.2.3", 201)
    address(estate, 3, "192.0.2.3", 201, dns_name="sw20.example.net")
    estate.rule(
        "ip_addresses.sql",
        """SELECT key, 'dns_name' AS field, 'sw20.example.net' AS value FROM desired.ip_addresses
           WHERE host IN ('192.0.2.1', '192.0.2.2')
           UNION ALL SELECT key, 'dns_name', 'SW20.Example.net' FROM desired.ip_addresses WHERE host = '192.0.2.3'
           UNION ALL SELECT key, 'status', 'reserved' FROM desired.ip_addresses WHERE host = '192.0.2.2'""",
    )


def test_addresses_get_a_status_and_a_dns_name() -> None:
    found = changed(SWITCHES, "ip_addresses", "192.0.2.1", "192.0.2.2")
    assert found["192.0.2.1"] == {"dns_name": "sw20.example.net"}
    assert (found["192.0.2.2"]["dns_name"], found["192.0.2.2"]["status"]) == ("sw20.example.net", "reserved")


def test_dns_names_are_in_lower_case_as_netbox_keeps_them() -> None:
    assert of(SWITCHES, "ip_addresses", "192.0.2.3") == []


@SWITCHES.part
def vrfs_of_addresses(estate: Estate) -> None:
    """.11 is new, NetBox has .12 and .15 in red and .14 in no VRF; the rules about .13 disagree."""
    sw(estate, 21)
    port_of(estate, 21)
    for number in (11, 12, 13, 14, 15):
        shown(estate, number, f"192.0.2.{number}", 211)
    address(estate, 12, "192.0.2.12", 211, vrf_id=4)
    address(estate, 14, "192.0.2.14", 211)
    address(estate, 15, "192.0.2.15", 211, vrf_id=4)
    for vrf, hosts in (("red", (11, 12, 13)), ("blue", (13,)), (" Red ", (14,)), ("", (15,))):
        found = ", ".join(f"'192.0.2.{host}'" for host in hosts)
        estate.rule(
            "ip_addresses.sql",
            f"SELECT key, 'vrf' AS field, '{vrf}' AS value FROM desired.ip_addresses WHERE host IN ({found})",
        )


def of_host(number: int) -> list[Row]:
    """The rows about 192.0.2.<number>, in any VRF."""
    return [
        r
        for r in SWITCHES.estate().rows()
        if r.resource == "ip_addresses" and r.key.split(" ")[0] == f"192.0.2.{number}"
    ]


def test_the_vrf_of_addresses_decides_which_one_it_is() -> None:
    [new] = of_host(11)
    assert (new.key, new.action, new.reason) == ("192.0.2.11 in red", "create", None)
    assert new.fields["vrf"] == {"id": 4, "name": "red"}
    assert of_host(12) == []
    # Two rules that disagree: the address is not created in another VRF.
    assert [(r.key, r.action, r.reason) for r in of_host(13)] == [
        ("192.0.2.13", "conflict", "rules/ip_addresses.sql give several values: blue, red")
    ]


def test_an_address_in_another_vrf_changes_its_vrf_and_is_not_doubled() -> None:
    assert [(r.action, r.netbox_id, r.fields) for r in of_host(14)] == [
        ("update", 14, {"vrf": {"id": 4, "name": "red"}})
    ]


def test_an_empty_vrf_is_the_global_table() -> None:
    assert [(r.action, r.netbox_id, r.reason) for r in of_host(15)] == [
        ("drifted", 15, "vrf: NetBox has a value that netbox-sync did not write (policies.owns)")
    ]


@SWITCHES.part
def vlans(estate: Estate) -> None:
    sw(estate, 22)
    estate.add("netbox.vlans", id=5, vid=20, name="VLAN0020", group_id=1, status="active")
    for vid in (10, 20):
        estate.add("librenms.vlans", vlan_id=vid, device_id=22, vlan_vlan=vid, vlan_name=None)
    estate.rule(
        "vlans.sql",
        "SELECT key, 'name' AS field, 'users-' || vid AS value FROM desired.vlans",
    )


def test_vlans_get_names() -> None:
    assert changed(SWITCHES, "vlans", "10 in campus")["10 in campus"]["name"] == "users-10"
    assert said(SWITCHES, "vlans", "20 in campus")["20 in campus"][0] == "drifted"
