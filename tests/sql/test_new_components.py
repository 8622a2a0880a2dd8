"""New devices whose type has interfaces and module bays in NetBox: NetBox creates these with the device."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import device, part, port, shown

INTERFACES = (
    "NetBox gives sw1 the interfaces of its type C9300 (48) when it creates it; sync again after that"
)
BAYS = "NetBox gives sw1 the module bays of its type C9300 (2) when it creates it; sync again after that"


def estate(**counts: Any) -> Estate:
    """A NetBox with the device type C9300, and LibreNMS with sw1 of that type."""
    found = Estate(
        "librenms",
        import_devices="all",
        inventory=True,
        defaults={"site": "Paris", "role": "switch"},
        policies={
            "create": ["devices", "interfaces", "module_bays", "modules", "ip_addresses", "mac_addresses"]
        },
    )
    found.add("netbox.sites", id=1, name="Paris", slug="paris")
    found.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    found.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    found.add("netbox.device_types", id=1, model="C9300", slug="c9300", manufacturer_id=1, **counts)
    found.add("netbox.module_types", id=1, manufacturer_id=1, model="PWR")
    device(found, 1, "sw1", hardware="C9300")
    port(found, 1, "Gi1/0/1", ifPhysAddress="020000000001")
    shown(found, 1, "10.0.0.1", 1)
    part(
        found,
        1,
        5,
        "powerSupply",
        entPhysicalName="PS 1",
        entPhysicalSerialNum="P1",
        entPhysicalModelName="PWR",
    )
    return found


def said(found: Estate) -> list[tuple[str, str, str, str | None]]:
    kinds = ("devices", "interfaces", "mac_addresses", "module_bays", "modules")
    return [(r.resource, r.action, r.key, r.reason) for r in found.rows() if r.resource in kinds]


def test_interfaces_wait_until_netbox_has_created_those_of_the_type() -> None:
    """Whatever their names: NetBox may call Gi1/0/1 GigabitEthernet1/0/1."""
    assert said(estate(interface_template_count=48, module_bay_template_count=0)) == [
        ("devices", "create", "sw1", None),
        ("interfaces", "blocked", "sw1 Gi1/0/1", INTERFACES),
        ("module_bays", "create", "sw1 PS 1", None),
        ("modules", "create", "sw1 PS 1", None),
    ]


def test_modules_wait_until_netbox_has_created_the_bays_of_the_type() -> None:
    assert said(estate(interface_template_count=0, module_bay_template_count=2)) == [
        ("devices", "create", "sw1", None),
        ("interfaces", "create", "sw1 Gi1/0/1", None),
        ("mac_addresses", "create", "sw1 Gi1/0/1 02:00:00:00:00:01", None),
        ("modules", "blocked", "sw1 PS 1", BAYS),
    ]


def test_the_addresses_of_such_interfaces_wait_too() -> None:
    found = estate(interface_template_count=48)
    assert [(r.action, r.reason) for r in found.rows() if r.resource == "ip_addresses"] == [
        ("blocked", f"its interface sw1 Gi1/0/1 is not written: {INTERFACES}")
    ]


def test_interfaces_of_a_device_that_netbox_has_do_not_wait() -> None:
    found = estate(interface_template_count=48, module_bay_template_count=2)
    found.add("netbox.devices", id=1, name="sw1", site_id=1, device_type_id=1, role_id=1)
    assert [row[:3] for row in said(found)] == [
        ("devices", "update", "sw1"),
        ("interfaces", "create", "sw1 Gi1/0/1"),
        ("mac_addresses", "create", "sw1 Gi1/0/1 02:00:00:00:00:01"),
        ("module_bays", "create", "sw1 PS 1"),
        ("modules", "create", "sw1 PS 1"),
    ]
