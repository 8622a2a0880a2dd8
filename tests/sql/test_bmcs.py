"""Management controllers (BMC) that LibreNMS polls beside their hosts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, Parts, about, address, device, port
from tests.sql.test_host_rules import basics, librenms


def servers(**endpoint: Any) -> Estate:
    estate = librenms(defaults={"device_type": "Generic"}, **endpoint)
    basics(estate, "Generic")
    return estate


SERVERS = Parts(lambda: servers(policies=GENEROUS, mappings={"bmcs": {"SRV8-iDRAC.example.com": "srv8"}}))


def host_and_bmc(estate: Estate, number: int, *held: dict[str, Any], serial: str | None = None) -> None:
    """The server srv<number> and its iDRAC, polled as two devices; ``held``: the server's interfaces in NetBox, from the
    id <number>1 on; ``serial``: another one of the iDRAC."""
    own = f"ABC12{number}"
    device(estate, number, f"srv{number}", os="linux", serial=own, ip=f"10.0.{number}.1")
    address = f"10.9.{number}.1"
    device(
        estate, 100 + number, f"srv{number}-idrac.example.com", os="drac", serial=serial or own, ip=address
    )
    ids = {"librenms_id": {"lib": number}}
    estate.add("netbox.devices", id=number, name=f"srv{number}", serial=own, status="active", cf=ids)
    for place, content in enumerate(held, number * 10 + 1):
        row = {"type": "1000base-t", "mgmt_only": False, "tagged_vlan_ids": [], "enabled": True, **content}
        estate.add("netbox.interfaces", id=place, device_id=number, **row)


def skipped(number: int) -> list[tuple[str, str]]:
    return [
        (key, reason)
        for resource, key, reason in SERVERS.estate().left_out()
        if resource == "devices" and key.startswith(f"srv{number}")
    ]


def found(number: int, estate: Estate | None = None) -> list[tuple[str, str, str, Any]]:
    """(resource, action, key, first values) of the rows about the controller of srv<number>."""
    return [
        (r.resource, r.action, r.key, r.reason or list(r.fields.values()))
        for r in (estate or SERVERS.estate()).rows()
        if ("drac" in f"{r.key} {r.fields}".lower() or "OOB" in r.key)
        and (f"srv{number}" in r.key.lower() or r.key == f"10.9.{number}.1")
    ]


MAC = "D0:67:E5:00:00:01"


@SERVERS.part
def without_interface(estate: Estate) -> None:
    host_and_bmc(estate, 1)
    port(estate, 21, "NIC", device=101, ifSpeed=100_000_000, ifPhysAddress="d067e5000001")
    estate.add(
        "librenms.ip_addresses",
        address_id=1,
        family=4,
        address="10.9.1.1",
        prefixlen=25,
        canonical="10.9.1.1",
        port_id=21,
    )


def test_a_host_without_an_interface_for_its_controller_gets_one() -> None:
    host = {"id": 1, "name": "srv1"}
    there = {
        "key": "srv1 srv1-idrac",
        "name": "srv1 srv1-idrac",
        "ref": "interfaces",
        "type": "dcim.interface",
    }
    assert found(1) == [
        ("interfaces", "create", "srv1 srv1-idrac", [host, "srv1-idrac", "100base-tx", True]),
        ("ip_addresses", "create", "10.9.1.1", ["10.9.1.1/25", "active", there]),
        ("mac_addresses", "create", f"srv1 srv1-idrac {MAC}", [MAC, there]),
        (
            "primary_ips",
            "update",
            "srv1 OOB",
            [{"key": "10.9.1.1", "name": "10.9.1.1", "ref": "ip_addresses"}],
        ),
        (
            "primary_macs",
            "update",
            "srv1 srv1-idrac",
            [{"key": f"srv1 srv1-idrac {MAC}", "name": MAC, "ref": "mac_addresses"}],
        ),
    ]
    assert skipped(1) == [
        ("srv1-idrac.example.com", "it is the management controller of srv1, by the serial")
    ]


def test_the_name_of_the_interface_is_configured() -> None:
    estate = servers(bmc_interface="iDRAC ({os})")
    host_and_bmc(estate, 1)
    assert [r[2] for r in found(1, estate) if r[0] == "interfaces"] == ["srv1 iDRAC (drac)"]


@pytest.mark.parametrize("value", ["", "{node}"])
def test_a_name_of_the_interface_that_cannot_be(value: str) -> None:
    with pytest.raises(ValueError, match=r"must be a name, which may contain \{name\} and \{os\}"):
        servers(bmc_interface=value)


@SERVERS.part
def with_interface(estate: Estate) -> None:
    """srv2 has one of the controller's name, srv3 an only one for management, that of srv4 has the address, and srv5 has
    two for management."""
    host_and_bmc(estate, 2, {"name": "SRV2-IDRAC"}, {"name": "eth0"})
    host_and_bmc(estate, 3, {"name": "iDRAC", "mgmt_only": True}, {"name": "eth0"})
    host_and_bmc(estate, 4, {"name": "iDRAC"}, {"name": "mgmt", "mgmt_only": True})
    estate.add("netbox.vrfs", id=5, name="mgmt", rd="65000:5")
    address(estate, 4, "10.9.4.1", 41, vrf_id=5)
    host_and_bmc(estate, 5, *({"name": name, "mgmt_only": True} for name in ("iDRAC", "mgmt")))


@pytest.mark.parametrize(
    ("number", "name"),
    [(2, "SRV2-IDRAC"), (3, "iDRAC")],
    ids=["name", "only interface for management"],
)
def test_an_interface_that_netbox_has_is_the_controllers(number: int, name: str) -> None:
    rows = found(number)
    assert [(r[0], r[1]) for r in rows] == [("ip_addresses", "create"), ("primary_ips", "update")]
    there = {"id": number * 10 + 1, "name": f"srv{number} {name}", "type": "dcim.interface"}
    assert rows[0][3][2] == there


def test_the_interface_with_the_address_is_the_controllers_and_the_address_stays() -> None:
    assert found(4) == [("primary_ips", "update", "srv4 OOB", [{"id": 4, "name": "10.9.4.1"}])]


def test_several_interfaces_for_management_are_a_question() -> None:
    several = (
        "NetBox has several interfaces that could be its management controller srv5-idrac.example.com: iDRAC (id 51),"
        " mgmt (id 52)"
    )
    rows = about(SERVERS.estate().rows(), "srv5", "10.9.5.1")
    assert {
        r.key: (r.action, r.reason) for r in rows if r.resource in ("interfaces", "ip_addresses") and r.reason
    } == {
        "srv5 srv5-idrac": (
            "conflict",
            several,
        ),
        **{f"srv5 {name}": ("blocked", "it may be srv5-idrac.example.com") for name in ("iDRAC", "mgmt")},
        "10.9.5.1": ("blocked", f"its interface srv5 srv5-idrac is not written: {several}"),
    }


@SERVERS.part
def complete(estate: Estate) -> None:
    host_and_bmc(estate, 6, {"name": "srv6-idrac", "mgmt_only": True})
    address(estate, 6, "10.9.6.1", 61)
    estate.change("netbox.devices", 6, oob_ip_id=6)


def test_the_interface_of_a_controller_is_not_missing_in_librenms() -> None:
    assert found(6) == []


@SERVERS.part
def other_serials(estate: Estate) -> None:
    host_and_bmc(estate, 7, serial="XYZ7")
    host_and_bmc(estate, 8, serial="XYZ8")


def test_a_management_controller_of_another_serial_is_named_by_a_mapping() -> None:
    assert skipped(8) == [
        ("srv8-idrac.example.com", "it is the management controller of srv8, by mappings.bmcs")
    ]


def test_a_management_controller_without_its_host_is_a_device() -> None:
    assert skipped(7) == []
    assert ("create", "srv7-idrac.example.com") in [
        (r.action, r.key) for r in SERVERS.estate().rows() if r.resource == "devices"
    ]
