"""Management controllers (BMC) that LibreNMS polls beside their hosts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, address, device, port, told
from tests.sql.test_host_rules import basics, librenms


def host_and_bmc(serial: str = "ABC123", *held: dict[str, Any], **endpoint: Any) -> Estate:
    """A server and its iDRAC, polled as two devices; ``held``: the server's interfaces in NetBox."""
    estate = librenms(defaults={"device_type": "Generic"}, **endpoint)
    basics(estate, "Generic")
    device(estate, 1, "srv1", os="linux", serial="ABC123", ip="10.0.0.1")
    device(estate, 2, "srv1-idrac.example.com", os="drac", serial=serial, ip="10.0.9.1")
    estate.add(
        "netbox.devices", id=1, name="srv1", serial="ABC123", status="active", cf={"librenms_id": {"lib": 1}}
    )
    for number, content in enumerate(held, 11):
        row = {"type": "1000base-t", "mgmt_only": False, "tagged_vlan_ids": [], "enabled": True, **content}
        estate.add("netbox.interfaces", id=number, device_id=1, **row)
    return estate


def skipped(estate: Estate) -> list[tuple[str, str]]:
    return [(key, reason) for resource, key, reason in estate.left_out() if resource == "devices"]


def found(estate: Estate) -> list[tuple[str, str, str, Any]]:
    """(resource, action, key, first values) of the rows about the controller."""
    return [
        (r.resource, r.action, r.key, r.reason or list(r.fields.values()))
        for r in estate.rows()
        if "drac" in f"{r.key} {r.fields}".lower() or "OOB" in r.key
    ]


SEVERAL = (
    "NetBox has several interfaces that could be its management controller srv1-idrac.example.com: iDRAC (id 11),"
    " mgmt (id 12)"
)
MAC = "D0:67:E5:00:00:01"
HOST = {"id": 1, "name": "srv1"}


def test_a_host_without_an_interface_for_its_controller_gets_one() -> None:
    estate = host_and_bmc()
    port(estate, 21, "NIC", device=2, ifSpeed=100_000_000, ifPhysAddress="d067e5000001")
    estate.add(
        "librenms.ip_addresses",
        address_id=1,
        family=4,
        address="10.0.9.1",
        prefixlen=25,
        canonical="10.0.9.1",
        port_id=21,
    )
    there = {
        "key": "srv1 srv1-idrac",
        "name": "srv1 srv1-idrac",
        "ref": "interfaces",
        "type": "dcim.interface",
    }
    assert found(estate) == [
        ("interfaces", "create", "srv1 srv1-idrac", [HOST, "srv1-idrac", "100base-tx", True]),
        ("ip_addresses", "create", "10.0.9.1", ["10.0.9.1/25", "active", there]),
        ("mac_addresses", "create", f"srv1 srv1-idrac {MAC}", [MAC, there]),
        (
            "primary_ips",
            "update",
            "srv1 OOB",
            [{"key": "10.0.9.1", "name": "10.0.9.1", "ref": "ip_addresses"}],
        ),
        (
            "primary_macs",
            "update",
            "srv1 srv1-idrac",
            [{"key": f"srv1 srv1-idrac {MAC}", "name": MAC, "ref": "mac_addresses"}],
        ),
    ]
    assert skipped(estate) == [
        ("srv1-idrac.example.com", "it is the management controller of srv1, by the serial")
    ]


def test_the_name_of_the_interface_is_configured() -> None:
    estate = host_and_bmc(bmc_interface="iDRAC ({os})")
    assert [r[2] for r in found(estate) if r[0] == "interfaces"] == ["srv1 iDRAC (drac)"]


@pytest.mark.parametrize("value", ["", "{node}"])
def test_a_name_of_the_interface_that_cannot_be(value: str) -> None:
    with pytest.raises(ValueError, match=r"must be a name, which may contain \{name\} and \{os\}"):
        host_and_bmc(bmc_interface=value)


@pytest.mark.parametrize(
    "held",
    [{"name": "SRV1-IDRAC"}, {"name": "iDRAC", "mgmt_only": True}],
    ids=["name", "only interface for management"],
)
def test_an_interface_that_netbox_has_is_the_controllers(held: dict[str, Any]) -> None:
    rows = found(host_and_bmc("ABC123", held, {"name": "eth0"}))
    assert [(r[0], r[1]) for r in rows] == [("ip_addresses", "create"), ("primary_ips", "update")]
    assert rows[0][3][2] == {"id": 11, "name": f"srv1 {held['name']}", "type": "dcim.interface"}


def test_the_interface_with_the_address_is_the_controllers_and_the_address_stays() -> None:
    estate = host_and_bmc("ABC123", {"name": "iDRAC"}, {"name": "mgmt", "mgmt_only": True})
    estate.add("netbox.vrfs", id=5, name="mgmt", rd="65000:5")
    address(estate, 7, "10.0.9.1", 11, vrf_id=5)
    assert found(estate) == [("primary_ips", "update", "srv1 OOB", [{"id": 7, "name": "10.0.9.1"}])]


def test_several_interfaces_for_management_are_a_question() -> None:
    both = [{"name": name, "mgmt_only": True} for name in ("iDRAC", "mgmt")]
    assert told(host_and_bmc("ABC123", *both, policies=GENEROUS), "interfaces", "ip_addresses") == {
        "srv1 srv1-idrac": (
            "conflict",
            SEVERAL,
        ),
        **{f"srv1 {name}": ("blocked", "it may be srv1-idrac.example.com") for name in ("iDRAC", "mgmt")},
        "10.0.9.1": ("blocked", f"its interface srv1 srv1-idrac is not written: {SEVERAL}"),
    }


def test_the_interface_of_a_controller_is_not_missing_in_librenms() -> None:
    estate = host_and_bmc(
        "ABC123",
        {"name": "srv1-idrac", "mgmt_only": True},
        policies={"missing_interfaces": "delete", "delete": ["interfaces"], "delete_unowned": ["interfaces"]},
    )
    address(estate, 7, "10.0.9.1", 11)
    estate.change("netbox.devices", oob_ip_id=7)
    assert found(estate) == []


def test_a_management_controller_of_another_serial_is_named_by_a_mapping() -> None:
    estate = host_and_bmc("XYZ", mappings={"bmcs": {"SRV1-iDRAC.example.com": "srv1"}})
    assert skipped(estate) == [
        ("srv1-idrac.example.com", "it is the management controller of srv1, by mappings.bmcs")
    ]


def test_a_management_controller_without_its_host_is_a_device() -> None:
    estate = host_and_bmc("XYZ")
    assert skipped(estate) == []
    assert ("create", "srv1-idrac.example.com") in [
        (r.action, r.key) for r in estate.rows() if r.resource == "devices"
    ]
