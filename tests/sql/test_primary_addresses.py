"""Which address becomes the primary one of a guest or device: rules on rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import (
    Parts,
    address,
    device,
    guest,
    interface,
    machine,
    nic,
    paris,
    port,
    shown,
    told,
)

M1, M2 = "BC:24:11:00:00:01", "BC:24:11:00:00:02"
VM = "virtualization.vminterface"


def shows(
    estate: Estate,
    vmid: int,
    *hosts: str,
    net: int = 0,
    source: str = "agent",
    configured: tuple[str, ...] = (),
) -> None:
    """What a guest shows on one netN, in this order: ``10.0.0.5/24``."""
    for position, text in enumerate(hosts):
        host, _, length = text.partition("/")
        estate.add(
            "proxmox.guest_addresses",
            vmid=vmid,
            key=f"net{net}",
            family=6 if ":" in host else 4,
            address=host,
            prefixlen=int(length),
            canonical=host,
            source=source,
            position=position,
            configured=host in configured,
        )


def wrote(estate: Estate, object_type: str, netbox_id: int, field: str, value: Any) -> None:
    """The value that this product wrote last."""
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type=object_type,
        netbox_id=netbox_id,
        field=field,
        value=json.dumps(value),
    )


def primaries(estate: Estate) -> dict[str, str | None]:
    """{key: name of the address that becomes primary, or the reason why none does}."""
    return {
        r.key: next(iter(r.fields.values()))["name"] if r.fields else f"{r.action}: {r.reason}"
        for r in estate.rows()
        if r.resource == "primary_ips"
    }


GUESTS = Parts(paris)


def of(name: str) -> dict[str, str | None]:
    """``primaries`` of one of GUESTS, by family: ``IPv4``."""
    found = primaries(GUESTS.estate())
    return {key.removeprefix(f"{name} "): value for key, value in found.items() if key.startswith(f"{name} ")}


@GUESTS.part
def host_addresses(estate: Estate) -> None:
    guest(estate, 101, "k1", M1)
    shows(estate, 101, "10.0.0.100/32", "10.0.0.11/24", "2001:db8::100/128", "2001:db8::11/64")
    guest(estate, 102, "k2", "BC:24:11:00:02:01", "BC:24:11:00:02:02")
    shows(estate, 102, "10.0.2.100/32")
    shows(estate, 102, "10.0.1.11/24", net=1)


@pytest.mark.parametrize(("own", "family"), [("10.0.0.11", 4), ("2001:db8::11", 6)])
def test_a_host_address_beside_one_with_a_network_does_not_become_primary(own: str, family: int) -> None:
    """keepalived, kube-vip and MetalLB put the address of a service on the interface of its holder."""
    assert of("k1")[f"IPv{family}"] == own


def test_a_host_address_alone_becomes_primary() -> None:
    assert of("k2") == {"IPv4": "10.0.2.100"}


@GUESTS.part
def configured(estate: Estate) -> None:
    guest(estate, 103, "lb1", "BC:24:11:00:03:01", "BC:24:11:00:03:02", type="lxc")
    shows(estate, 103, "10.0.3.20/24", "10.0.3.21/24", source="lxc", configured=("10.0.3.21",))
    guest(estate, 104, "lb2", "BC:24:11:00:04:01", "BC:24:11:00:04:02")
    shows(estate, 104, "10.0.4.30/24")
    shows(estate, 104, "10.1.4.31/32", "10.1.4.32/24", net=1, configured=("10.1.4.31",))


def test_the_address_that_the_configuration_names_becomes_primary() -> None:
    """A container's ip=, and ipconfigN of a virtual machine, whose agent shows others first."""
    assert (of("lb1"), of("lb2")) == ({"IPv4": "10.0.3.21"}, {"IPv4": "10.1.4.31"})


@GUESTS.part
def with_gateway(estate: Estate) -> None:
    guest(estate, 105, "gw", "BC:24:11:00:05:01")
    estate.add(
        "proxmox.guest_interfaces",
        vmid=105,
        key="net1",
        position=1,
        mac="BC:24:11:00:05:02",
        bridge="vmbr0",
        gateway="10.1.5.1",
    )
    shows(estate, 105, "10.0.5.5/24")
    shows(estate, 105, "10.1.5.5/24", net=1)


def test_without_a_named_address_the_interface_with_the_gateway_comes_first() -> None:
    assert of("gw") == {"IPv4": "10.1.5.5"}


@GUESTS.part
def with_temporary_addresses(estate: Estate) -> None:
    guest(estate, 141, "slaac", "BC:24:11:00:41:01")
    shows(estate, 141, "2001:db8::a1b2:c3d4:e5f6:789/64", "2001:db8::be24:11ff:fe00:4101/64")
    guest(estate, 142, "static6", "BC:24:11:00:42:01")
    shows(
        estate, 142, "2001:db8::be24:11ff:fe00:4201/64", "2001:db8::a1b2:c3d4:e5f6:790/64", "2001:db8::42/64"
    )


def test_a_temporary_address_is_primary_only_if_there_is_no_other() -> None:
    """The guest agent does not mark them. One that a person chose comes first, then the one of the MAC address."""
    assert (of("slaac"), of("static6")) == (
        {"IPv6": "2001:db8::be24:11ff:fe00:4101"},
        {"IPv6": "2001:db8::42"},
    )


VIRTUAL: list[dict[str, Any]] = [
    {"assigned_object_type": "ipam.fhrpgroup", "assigned_object_id": 1},
    *({"role": role} for role in ("vip", "vrrp", "hsrp", "glbp", "carp", "anycast")),
]


@GUESTS.part
def beside_virtual_ones(estate: Estate) -> None:
    """A guest per line of VIRTUAL: ``pf0``, ``pf1`` and so on."""
    for number, known in enumerate(VIRTUAL):
        mac, host = f"BC:24:11:01:00:{number:02X}", f"192.168.{number}.1"
        guest(estate, 131 + number, f"pf{number}", mac)
        machine(estate, 101 + number, f"pf{number}", 131 + number)
        nic(estate, 111 + number, "eth0", 101 + number, mac)
        shows(estate, 131 + number, f"{host}/27", f"192.168.{number}.2/27")
        estate.add(
            "netbox.ip_addresses",
            **{
                **{"id": 131 + number, "address": f"{host}/27", "host": host, "prefixlen": 27, "family": 4},
                **{"status": "active", "assigned_object_type": VM, "assigned_object_id": 111 + number},
                **known,
            },
        )


@pytest.mark.parametrize("number", range(len(VIRTUAL)), ids=lambda number: str(VIRTUAL[number]))
def test_a_virtual_address_does_not_become_primary_but_the_next_one(number: int) -> None:
    assert of(f"pf{number}") == {"IPv4": f"192.168.{number}.2"}


@GUESTS.part
def of_other_owners(estate: Estate) -> None:
    machine(estate, 2, "by hand", None)
    for number, (vmid, name, *more) in enumerate(((106, "next", "10.0.6.6/24"), (107, "only")), 12):
        guest(estate, vmid, name, f"BC:24:11:00:{vmid - 100:02}:01")
        shows(estate, vmid, f"10.0.{vmid - 100}.5/24", *more)
        nic(estate, number, f"eth{number - 12}", 2)
        address(estate, 19 + number, f"10.0.{vmid - 100}.5", on=number, kind=VM)
    guest(estate, 108, "vip", "BC:24:11:00:08:01")
    shows(estate, 108, "10.0.8.7/24")
    address(estate, 39, "10.0.8.7", on=1, kind="ipam.fhrpgroup")


def test_an_address_of_another_owner_does_not_become_primary_but_the_next_one() -> None:
    assert of("next") == {"IPv4": "10.0.6.6"}


def test_a_row_says_why_no_address_becomes_primary() -> None:
    found = told(GUESTS.estate(), "primary_ips")
    assert found["only IPv4"] == (
        "blocked",
        "no IPv4 address can be the primary one: 10.0.7.5 is not on it in NetBox"
        " (assigned elsewhere: NetBox has it on by hand eth1)",
    )
    assert found["vip IPv4"] == (
        "blocked",
        "no IPv4 address can be the primary one:"
        " 10.0.8.7 is an address in NetBox that several machines can hold",
    )


SWITCHES = Parts(lambda: Estate("librenms"))


def of_devices(*names: str) -> dict[str, str | None]:
    """{key: name of the address that becomes primary, or the reason why none does} of these devices."""
    found = primaries(SWITCHES.estate())
    return {key: said for key, said in found.items() if key.split(" ")[0] in names}


@SWITCHES.part
def polled_addresses(estate: Estate) -> None:
    """That of sw2 is on no port, that of self is a loopback, and set has another primary address."""
    for number, name, ip, held in (
        (2, "sw2", "192.0.2.9", None),
        (3, "self", "127.0.0.1", None),
        (4, "set", "192.0.2.10", 77),
    ):
        device(estate, number, name, ip=ip)
        ids = {"librenms_id": {"lib": number}}
        estate.add("netbox.devices", id=number, name=name, cf=ids, primary_ip4_id=held)
    port(estate, 3, "lo", device=3)
    shown(estate, 9, "127.0.0.1", port=3)


def test_a_polled_address_on_no_interface_is_a_row() -> None:
    assert of_devices("sw2", "self", "set") == {
        "sw2 IPv4": (
            "blocked: no IPv4 address can be the primary one:"
            " 192.0.2.9, which LibreNMS polls, is on no interface of the device"
        ),
        "self IPv4": (
            "blocked: no IPv4 address can be the primary one:"
            " 127.0.0.1, which LibreNMS polls, is on no interface of the device that is compared"
            " (loopback address)"
        ),
    }


@SWITCHES.part
def virtual_address(estate: Estate) -> None:
    device(estate, 5, "rt5", ip="10.0.0.1")
    estate.add("netbox.devices", id=5, name="rt5", cf={"librenms_id": {"lib": 5}})
    for number, name in ((51, "Vlan10"), (52, "Vlan20")):
        port(estate, number, name, device=5)
        interface(estate, number, name, device=5, port=number)
    shown(estate, 1, "10.0.0.1", port=51)
    shown(estate, 2, "10.0.0.2", port=51)
    shown(estate, 3, "10.0.1.2", port=52)
    address(estate, 31, "10.0.0.1", on=1, kind="ipam.fhrpgroup")


def test_the_address_beside_a_polled_virtual_one_becomes_primary() -> None:
    assert of_devices("rt5") == {"rt5 IPv4": "10.0.0.2"}


LEAVING = Parts(lambda: paris(policies={"stale_addresses": "leave"}))


@LEAVING.part
def by_dhcp(estate: Estate) -> None:
    """DHCP gives web1 another address; web2 gets a second one on an earlier interface."""
    for number in (1, 2):
        cards = [f"BC:24:11:00:0{number}:0{card}" for card in (1, 2)]
        guest(estate, 100 + number, f"web{number}", *cards)
        machine(estate, number, f"web{number}", 100 + number, primary_ip4_id=number)
        for place, card in enumerate(cards):
            nic(estate, number * 10 + place, f"eth{place}", number, card)
        address(estate, number, f"10.61.{number}.3", on=number * 10 + 1, kind=VM)
        primary = {"id": number, "name": f"10.61.{number}.3"}
        wrote(estate, "virtualization/virtual-machines", number, "primary_ip4", primary)
        shows(estate, 100 + number, f"10.61.{number}.103/24")
    shows(estate, 102, "10.61.2.3/24", net=1)


@pytest.mark.parametrize("moved", [False, True])
def test_a_primary_address_of_ours_follows_the_guest_only_once_it_is_gone(moved: bool) -> None:
    name = "web1" if moved else "web2"
    found = {key: said for key, said in primaries(LEAVING.estate()).items() if key.startswith(name)}
    assert found == ({"web1 IPv4": "10.61.1.103"} if moved else {})


def two_nics(estate: Estate, number: int, *, by_us: bool) -> None:
    """two<number> shows 10.2.<number>.5 on ens18 and 10.3.<number>.5, its primary address, on ens19: NetBox has them the
    other way round."""
    cards = [f"BC:24:11:00:{number}:0{card}" for card in (1, 2)]
    first, name = number * 10, f"two{number}"
    guest(estate, 100 + number, name, *cards)
    machine(estate, number, name, 100 + number, primary_ip4_id=first)
    for place, card in enumerate(cards):
        nic(estate, first + place, f"eth{place}", number, card)
    hosts = (f"10.3.{number}.5", f"10.2.{number}.5")
    for place, host in enumerate(hosts):
        address(
            estate,
            first + place,
            host,
            on=first + place,
            kind=VM,
            dns_name="" if place else f"{name}.example.com",
        )
    if by_us:
        primary = {"id": first, "name": hosts[0]}
        wrote(estate, "virtualization/virtual-machines", number, "primary_ip4", primary)
        for place in (first, first + 1):
            on = {"id": place, "name": name, "type": VM}
            wrote(estate, "ipam/ip-addresses", place, "assigned_object", on)
    shows(estate, 100 + number, f"{hosts[1]}/24")
    shows(estate, 100 + number, f"{hosts[0]}/24", net=1)


@GUESTS.part
def crossed_addresses(estate: Estate) -> None:
    """This product put those of two71 there, a person those of two72."""
    two_nics(estate, 71, by_us=True)
    two_nics(estate, 72, by_us=False)


def test_addresses_of_one_machine_change_places_without_a_policy() -> None:
    found = [(r.resource, r.action, r.key, r.reason, list(r.fields)) for r in GUESTS.estate().rows()]
    place = ["assigned_object"]
    assert [row for row in found if row[0] == "ip_addresses" and ".71." in row[2]] == [
        (
            "ip_addresses",
            "update",
            "10.2.71.5",
            "moved from two71 eth1 to two71 eth0; it stays on two71",
            place,
        ),
        (
            "ip_addresses",
            "update",
            "10.3.71.5",
            "moved from two71 eth0 to two71 eth1; it stays on two71",
            place,
        ),
    ]
    assert of("two71") == {}


def test_an_address_that_a_person_put_on_another_interface_of_the_machine_stays() -> None:
    found = GUESTS.estate().rows()
    assert [r for r in found if r.resource == "ip_addresses" and ".72." in r.key] == []
    estate = paris(policies={"owns": ["ip_addresses.assigned_object"]})
    two_nics(estate, 72, by_us=False)
    assert [r.key for r in estate.rows() if r.resource == "ip_addresses"] == ["10.2.72.5", "10.3.72.5"]


@SWITCHES.part
def on_another_interface(estate: Estate) -> None:
    """A person put the polled address on Vlan10, the source shows it on irb.10."""
    device(estate, 6, "rt6", ip="10.0.6.1")
    estate.add("netbox.devices", id=6, name="rt6", cf={"librenms_id": {"lib": 6}})
    port(estate, 61, "irb.10", device=6)
    interface(estate, 61, "irb.10", device=6, port=61)
    interface(estate, 62, "Vlan10", device=6)
    shown(estate, 61, "10.0.6.1", port=61)
    address(estate, 61, "10.0.6.1", on=62)


def test_an_address_on_another_interface_of_the_machine_can_become_primary() -> None:
    found = [r for r in SWITCHES.estate().rows() if "rt6" in r.key or r.key == "10.0.6.1"]
    assert [(r.resource, r.key) for r in found if "ip" in r.resource] == [("primary_ips", "rt6 IPv4")]


@GUESTS.part
def made_again(estate: Estate) -> None:
    guest(estate, 109, "again", "BC:24:11:00:09:02")
    machine(estate, 9, "again", 109, primary_ip4_id=91)
    nic(estate, 90, "ens20", 9, "BC:24:11:00:09:01")
    estate.ours("virtualization/interfaces", 90)
    address(estate, 91, "10.0.9.5", on=90, kind=VM)
    shows(estate, 109, "10.0.9.5/24")


def test_an_address_follows_from_an_interface_that_the_guest_no_longer_has() -> None:
    """A guest was made again under its number, with another network card and the same address."""
    rows = {(r.resource, r.action, r.key, r.reason) for r in GUESTS.estate().rows()}
    assert (
        "ip_addresses",
        "update",
        "10.0.9.5",
        "moved from again ens20 to again eth0; it stays on again",
    ) in rows
    assert of("again") == {}
