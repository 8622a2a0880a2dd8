"""Addresses and NetBox's prefixes and IP ranges: rules on rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import address, guest, interface, paris, port, switch
from tests.sql.test_primary_addresses import M1, shows


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


def addresses(estate: Estate) -> list[tuple[str, str, str | None, Any]]:
    return [
        (r.action, r.key, r.reason, r.fields.get("address"))
        for r in estate.rows()
        if r.resource == "ip_addresses"
    ]


def firewall(**endpoint: Any) -> Estate:
    """Device sw1 with one port, whose addresses NetBox has with the mask of their network."""
    estate = switch(**endpoint)
    port(estate, 1, "port1")
    interface(estate, 11, "port1", port=1)
    prefix(estate, 1, "10.0.0.0/8", status="container")
    prefix(estate, 2, "10.1.0.0/16")
    prefix(estate, 3, "10.1.0.0/24")
    prefix(estate, 4, "2001:db8:0:4::/62")
    prefix(estate, 5, "10.1.0.0/26", vrf_id=7)
    address(estate, 31, "10.1.0.7", on=11)
    host_masks(estate, "10.1.0.7", "10.1.0.9", "192.0.2.1", "2001:db8:0:5::9")
    return estate


def test_masks_of_hosts_are_those_of_netboxs_prefixes_by_policy() -> None:
    """A firewall that reports every mask as that of a host."""
    given = "the mask is that of prefix {}; the source gives /{}"
    assert addresses(firewall(policies={"host_masks": "prefix"})) == [
        ("create", "10.1.0.9", given.format("10.1.0.0/24", 32), "10.1.0.9/24"),
        ("create", "192.0.2.1", None, "192.0.2.1/32"),
        ("create", "2001:db8:0:5::9", given.format("2001:db8:0:4::/62", 128), "2001:db8:0:5::9/62"),
    ]
    assert addresses(firewall())[-1] == (
        "update",
        "10.1.0.7",
        "prefix differs: the source gives the mask of a host",
        "10.1.0.7/32",
    )


@pytest.mark.parametrize(("name", "length"), [("port2", 24), ("Loopback0", 32)])
def test_a_device_that_reports_other_masks_too_keeps_those_of_its_hosts(name: str, length: int) -> None:
    estate = switch(policies={"host_masks": "prefix"})
    port(estate, 1, "port1")
    port(estate, 2, name)
    prefix(estate, 1, "10.1.0.0/24")
    host_masks(estate, "10.1.0.9", port=2)
    estate.add(
        "librenms.ip_addresses",
        address_id=1,
        family=4,
        address="10.2.0.1",
        prefixlen=length,
        canonical="10.2.0.1",
        port_id=1,
    )
    assert [row[3] for row in addresses(estate)] == ["10.1.0.9/32", f"10.2.0.1/{length}"]


def test_the_mask_of_a_guests_host_address_is_that_of_the_prefix_too() -> None:
    estate = paris(policies={"host_masks": "prefix"})
    guest(estate, 101, "web", M1)
    shows(estate, 101, "10.1.0.9/32")
    prefix(estate, 1, "10.1.0.0/24")
    assert [row[3] for row in addresses(estate)] == ["10.1.0.9/24"]


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside"),
    [
        ("10.10.10.100/24", "10.10.10.200/24", "10.10.10.150/24", "10.10.10.201/24"),
        ("2001:db8::100/64", "2001:db8::200/64", "2001:db8::1ff/64", "2001:db8::ff/64"),
        ("10.10.10.100/24", "10.10.10.200/24", "10.10.10.100/25", "10.10.11.150/24"),
    ],
)
def test_an_address_in_a_populated_range_is_blocked(first: str, last: str, inside: str, outside: str) -> None:
    estate = paris()
    guest(estate, 101, "web", M1)
    shows(estate, 101, inside, outside)
    estate.add("netbox.ip_ranges", id=1, start_address=first, end_address=last, mark_populated=True)
    reason = (
        f"it is in the IP range {first.partition('/')[0]} to {last}, which is marked as populated:"
        " NetBox takes no new address in it"
    )
    assert sorted(addresses(estate)) == [
        ("blocked", inside.partition("/")[0], reason, None),
        ("create", outside.partition("/")[0], None, outside),
    ]


@pytest.mark.parametrize(("mark", "vrf"), [(False, None), (True, 7)])
def test_other_ranges_take_addresses(mark: bool, vrf: int | None) -> None:
    estate = paris()
    guest(estate, 101, "web", M1)
    shows(estate, 101, "10.10.10.150/24")
    estate.add(
        "netbox.ip_ranges",
        id=1,
        start_address="10.10.10.100/24",
        end_address="10.10.10.200/24",
        mark_populated=mark,
        vrf_id=vrf,
    )
    assert [row[0] for row in addresses(estate)] == ["create"]


def test_prefixes_of_interface_networks_are_created_by_policy() -> None:
    """One row per network and VRF; not for hosts, and not for what NetBox has."""

    def estate(**policies: Any) -> Estate:
        found = switch(policies=policies, mappings={"vrfs": {"blue": "Blue"}})
        for number, name in ((1, "Vlan10"), (2, "Vlan20")):
            port(found, number, name, ifVrf=7 if number == 2 else 0)
        found.add("librenms.vrfs", vrf_id=7, device_id=1, vrf_name="blue")
        found.add("netbox.vrfs", id=3, name="Blue")
        prefix(found, 1, "10.0.0.0/24")
        for number, (text, on) in enumerate(
            [
                ("10.0.0.5/24", 1),
                ("10.0.1.77/26", 1),
                ("10.0.1.78/26", 1),
                ("10.0.2.1/31", 1),
                ("10.0.3.1/32", 1),
                ("10.0.0.6/24", 2),
                ("2001:db8:0:a5::1/60", 1),
                ("2001:db8::1:2:3/120", 1),
            ]
        ):
            host, _, length = text.partition("/")
            found.add(
                "librenms.ip_addresses",
                address_id=number,
                family=6 if ":" in host else 4,
                address=host,
                prefixlen=int(length),
                canonical=host,
                port_id=on,
            )
        return found

    found = [r for r in estate(interface_prefixes=True).rows() if r.resource == "prefixes"]
    assert [(r.action, r.key, r.fields) for r in found] == [
        (
            "create",
            "10.0.0.0/24 in Blue",
            {"prefix": "10.0.0.0/24", "vrf": {"id": 3, "name": "Blue"}, "status": "active"},
        ),
        ("create", "10.0.1.64/26", {"prefix": "10.0.1.64/26", "status": "active"}),
        ("create", "10.0.2.0/31", {"prefix": "10.0.2.0/31", "status": "active"}),
        (
            "create",
            "2001:db8:0:0:0:1:2:0/120",
            {"prefix": "2001:db8:0:0:0:1:2:0/120", "status": "active"},
        ),
        ("create", "2001:db8:0:a0::/60", {"prefix": "2001:db8:0:a0::/60", "status": "active"}),
    ]
    assert [r for r in estate().rows() if r.resource == "prefixes"] == []


def test_prefixes_are_blocked_where_netboxs_could_not_be_read() -> None:
    estate = paris(policies={"interface_prefixes": True})
    guest(estate, 101, "web", M1)
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
