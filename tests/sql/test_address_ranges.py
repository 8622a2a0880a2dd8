"""Addresses and NetBox's prefixes and IP ranges: rules on rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import Parts, address, guest, interface, known_switch, mac, paris, port
from tests.sql.test_primary_addresses import shows


def prefix(estate: Estate, number: int, text: str, **content: Any) -> None:
    """A prefix of NetBox."""
    host, _, length = text.partition("/")
    estate.add(
        "netbox.prefixes",
        **{
            **{"id": number, "prefix": text, "host": host, "prefixlen": int(length), "status": "active"},
            **{"family": 6 if ":" in host else 4},
            **content,
        },
    )


def host_masks(estate: Estate, *hosts: str, port: int = 1) -> None:
    """Addresses that LibreNMS shows with the mask of a host."""
    for host in hosts:
        family, length = (6, 128) if ":" in host else (4, 32)
        estate.add(
            "librenms.ip_addresses",
            address_id=len(host) * 1000 + sum(host.encode()),
            family=family,
            address=host,
            prefixlen=length,
            canonical=host,
            port_id=port,
        )


def addresses(found: list[Row]) -> list[tuple[str, str, str | None, Any]]:
    """(action, host, reason, address) of the addresses."""
    return [
        (r.action, r.key, r.reason, r.fields.get("address")) for r in found if r.resource == "ip_addresses"
    ]


def switches(**policies: Any) -> Estate:
    return Estate("librenms", policies=policies, mappings={"vrfs": {"blue": "Blue"}})


SWITCHES = Parts(switches)
POLICIES: dict[str, Any] = {"host_masks": "prefix", "interface_prefixes": True}


def of_hosts(*hosts: str, **policies: Any) -> list[Row]:
    """The rows about these addresses of switches."""
    return [r for r in SWITCHES.estate(**policies).rows() if r.key in hosts]


FIREWALL = ("10.1.0.7", "10.1.0.9", "192.0.2.1", "2001:db8:0:5::9")


@SWITCHES.part
def firewall(estate: Estate) -> None:
    """sw1 has one port, whose addresses NetBox has with the mask of their network."""
    known_switch(estate, 1)
    port(estate, 11, "port1")
    interface(estate, 11, "port1", port=11)
    prefix(estate, 1, "10.0.0.0/8", status="container")
    prefix(estate, 2, "10.1.0.0/16")
    prefix(estate, 3, "10.1.0.0/24")
    prefix(estate, 4, "2001:db8:0:4::/62")
    prefix(estate, 5, "10.1.0.0/26", vrf_id=7)
    address(estate, 31, "10.1.0.7", on=11)
    host_masks(estate, *FIREWALL, port=11)


def test_masks_of_hosts_are_those_of_netboxs_prefixes_by_policy() -> None:
    """A firewall that reports every mask as that of a host."""
    given = "the mask is that of prefix {}; the source gives /{}"
    assert addresses(of_hosts(*FIREWALL, **POLICIES)) == [
        ("create", "10.1.0.9", given.format("10.1.0.0/24", 32), "10.1.0.9/24"),
        ("create", "192.0.2.1", None, "192.0.2.1/32"),
        ("create", "2001:db8:0:5::9", given.format("2001:db8:0:4::/62", 128), "2001:db8:0:5::9/62"),
    ]
    assert addresses(of_hosts(*FIREWALL))[-1] == (
        "update",
        "10.1.0.7",
        "prefix differs: the source gives the mask of a host",
        "10.1.0.7/32",
    )


@SWITCHES.part
def other_masks(estate: Estate) -> None:
    """sw2 has a network too, sw3 a loopback."""
    for number, name, length in ((2, "port2", 24), (3, "Loopback0", 32)):
        known_switch(estate, number)
        port(estate, number * 10 + 1, "port1", number)
        port(estate, number * 10 + 2, name, number)
        host_masks(estate, f"10.1.0.{number}9", port=number * 10 + 2)
        estate.add(
            "librenms.ip_addresses",
            address_id=number,
            family=4,
            address=f"10.2.{number}.1",
            prefixlen=length,
            canonical=f"10.2.{number}.1",
            port_id=number * 10 + 1,
        )


@pytest.mark.parametrize(("number", "length"), [(2, 24), (3, 32)], ids=["port2", "Loopback0"])
def test_a_device_that_reports_other_masks_too_keeps_those_of_its_hosts(number: int, length: int) -> None:
    host, other = f"10.1.0.{number}9", f"10.2.{number}.1"
    found = addresses(of_hosts(host, other, **POLICIES))
    assert [row[3] for row in found] == [f"{host}/32", f"{other}/{length}"]


@SWITCHES.part
def networks(estate: Estate) -> None:
    known_switch(estate, 4)
    for number, name in ((1, "Vlan10"), (2, "Vlan20")):
        port(estate, 40 + number, name, 4, ifVrf=7 if number == 2 else 0)
    estate.add("librenms.vrfs", vrf_id=7, device_id=4, vrf_name="blue")
    estate.add("netbox.vrfs", id=3, name="Blue")
    prefix(estate, 6, "10.40.0.0/24")
    for number, (text, on) in enumerate(
        [
            ("10.40.0.5/24", 41),
            ("10.40.1.77/26", 41),
            ("10.40.1.78/26", 41),
            ("10.40.2.1/31", 41),
            ("10.40.3.1/32", 41),
            ("10.40.0.6/24", 42),
            ("2001:db8:40:a5::1/60", 41),
            ("2001:db8:40::1:2:3/120", 41),
        ],
        start=400,
    ):
        host, _, length = text.partition("/")
        estate.add(
            "librenms.ip_addresses",
            address_id=number,
            family=6 if ":" in host else 4,
            address=host,
            prefixlen=int(length),
            canonical=host,
            port_id=on,
        )


def test_prefixes_of_interface_networks_are_created_by_policy() -> None:
    """One row per network and VRF; not for hosts, and not for what NetBox has."""
    found = [
        r
        for r in SWITCHES.estate(**POLICIES).rows()
        if r.resource == "prefixes" and r.key.startswith(("10.40.", "2001:db8:40:"))
    ]
    assert [(r.action, r.key, r.fields) for r in found] == [
        (
            "create",
            "10.40.0.0/24 in Blue",
            {"prefix": "10.40.0.0/24", "vrf": {"id": 3, "name": "Blue"}, "status": "active"},
        ),
        ("create", "10.40.1.64/26", {"prefix": "10.40.1.64/26", "status": "active"}),
        ("create", "10.40.2.0/31", {"prefix": "10.40.2.0/31", "status": "active"}),
        (
            "create",
            "2001:db8:40:0:0:1:2:0/120",
            {"prefix": "2001:db8:40:0:0:1:2:0/120", "status": "active"},
        ),
        ("create", "2001:db8:40:a0::/60", {"prefix": "2001:db8:40:a0::/60", "status": "active"}),
    ]
    assert [r for r in SWITCHES.estate().rows() if r.resource == "prefixes"] == []


# Guests -----------------------------------------------------------------------------------------------------------

GUESTS = Parts(lambda: paris(policies={"host_masks": "prefix"}))


def of_guests(*texts: str) -> list[Row]:
    """The rows about these addresses of guests."""
    hosts = [text.partition("/")[0] for text in texts]
    return [r for r in GUESTS.estate().rows() if r.key in hosts]


@GUESTS.part
def host_mask(estate: Estate) -> None:
    guest(estate, 101, "web", mac(1))
    shows(estate, 101, "10.1.0.9/32")
    prefix(estate, 1, "10.1.0.0/24")


def test_the_mask_of_a_guests_host_address_is_that_of_the_prefix_too() -> None:
    assert [row[3] for row in addresses(of_guests("10.1.0.9"))] == ["10.1.0.9/24"]


# (first and last address of a range, an address in it, one outside)
POPULATED = [
    ("10.10.10.100/24", "10.10.10.200/24", "10.10.10.150/24", "10.10.10.201/24"),
    ("2001:db8::100/64", "2001:db8::200/64", "2001:db8::1ff/64", "2001:db8::ff/64"),
    ("10.10.12.100/24", "10.10.12.200/24", "10.10.12.100/25", "10.10.13.150/24"),
]
# (mark_populated, VRF, an address in the range)
OTHERS = [(False, None, "10.10.20.150/24"), (True, 7, "10.10.21.150/24")]


@GUESTS.part
def ranges(estate: Estate) -> None:
    for number, (first, last, inside, outside) in enumerate(POPULATED, start=2):
        guest(estate, 100 + number, f"web{number}", mac(number))
        shows(estate, 100 + number, inside, outside)
        estate.add("netbox.ip_ranges", id=number, start_address=first, end_address=last, mark_populated=True)
    for number, (mark, vrf, inside) in enumerate(OTHERS):
        guest(estate, 110 + number, f"db{number}", mac(10 + number))
        shows(estate, 110 + number, inside)
        estate.add(
            "netbox.ip_ranges",
            id=10 + number,
            start_address=f"10.10.2{number}.100/24",
            end_address=f"10.10.2{number}.200/24",
            mark_populated=mark,
            vrf_id=vrf,
        )


@pytest.mark.parametrize(("first", "last", "inside", "outside"), POPULATED)
def test_an_address_in_a_populated_range_is_blocked(first: str, last: str, inside: str, outside: str) -> None:
    reason = (
        f"it is in the IP range {first.partition('/')[0]} to {last}, which is marked as populated:"
        " NetBox takes no new address in it"
    )
    assert sorted(addresses(of_guests(inside, outside))) == [
        ("blocked", inside.partition("/")[0], reason, None),
        ("create", outside.partition("/")[0], None, outside),
    ]


@pytest.mark.parametrize("inside", [inside for *_, inside in OTHERS], ids=["False-None", "True-7"])
def test_other_ranges_take_addresses(inside: str) -> None:
    assert [row[0] for row in addresses(of_guests(inside))] == ["create"]


def test_prefixes_are_blocked_where_netboxs_could_not_be_read() -> None:
    estate = paris(policies={"interface_prefixes": True})
    guest(estate, 101, "web", mac(1))
    shows(estate, 101, "10.0.0.5/24")
    estate.add(
        "netbox.scopes",
        scope="table",
        scope_id="prefixes",
        complete=False,
        reason="prefixes: the token may not read /api/ipam/prefixes/",
    )
    assert [(r.action, r.reason) for r in estate.rows() if r.resource == "prefixes"] == [
        (
            "blocked",
            "the prefixes of NetBox could not be read: prefixes: the token may not read /api/ipam/prefixes/",
        )
    ]
