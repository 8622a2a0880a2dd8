"""Devices of one name at several sites: NetBox takes a name once per site."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import device


def estate(**endpoint: Any) -> Estate:
    """NetBox has the sites Paris and Lyon, which LibreNMS has as locations of these names."""
    found = Estate(
        "librenms",
        **{"import_devices": "all", "defaults": {"role": "switch", "device_type": "C9300"}, **endpoint},
    )
    for number, name in ((1, "Paris"), (2, "Lyon")):
        found.add("netbox.sites", id=number, name=name, slug=name.lower())
    found.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    found.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    found.add("netbox.device_types", id=1, model="C9300", slug="c9300", manufacturer_id=1)
    return found


def has(found: Estate, number: int, name: str, site: int, **content: Any) -> None:
    columns = {"status": "active", "device_type_id": 1, "role_id": 1, "site_id": site, **content}
    found.add("netbox.devices", id=number, name=name, **columns)


def shows(found: Estate, number: int, name: str, location: str, **content: Any) -> None:
    device(found, number, f"host{number}", sysName=name, location=location, **content)


def devices(found: Estate) -> list[tuple[str, str, int | None, str | None]]:
    return [(r.action, r.key, r.netbox_id, r.reason) for r in found.rows() if r.resource == "devices"]


def test_each_is_the_one_at_its_site() -> None:
    found = estate()
    for number, location in ((1, "Paris"), (2, "Lyon")):
        has(found, number, "sw1", site=number)
        shows(found, number, "sw1", location)
    assert devices(found) == [
        ("update", "sw1 (LibreNMS 1)", 1, None),
        ("update", "sw1 (LibreNMS 2)", 2, None),
    ]


def test_one_takes_no_device_of_another_at_its_site() -> None:
    found = estate()
    has(found, 1, "sw1", site=1)
    shows(found, 1, "sw1", "Paris")
    shows(found, 2, "sw1", "Lyon")
    assert devices(found) == [
        ("conflict", "sw1 (LibreNMS 2)", None, "several devices of this endpoint have the name sw1"),
        ("update", "sw1 (LibreNMS 1)", 1, None),
    ]


def test_a_name_at_another_site_is_a_question_if_anything_else_differs() -> None:
    """NetBox has the serial number of sw1, the address of sw2, and neither of sw3, which may have been moved."""
    found = estate()
    has(found, 1, "sw1", site=2, serial="FOC1")
    has(found, 2, "sw2", site=2, primary_ip4_id=2)
    has(found, 3, "sw3", site=2)
    found.add("netbox.ip_addresses", id=2, address="10.0.0.2/24", host="10.0.0.2", family=4, prefixlen=24)
    for number in (1, 2, 3):
        shows(found, number, f"sw{number}", "Paris", serial=f"XYZ{number}", ip=f"10.9.9.{number}")
    said = "NetBox has a device {} at site Lyon; only the name is the same, and the {} is another"
    assert devices(found) == [
        ("conflict", "sw1", None, said.format("sw1", "serial")),
        (
            "conflict",
            "sw2",
            None,
            "NetBox has a device sw2 at site Lyon; only the name is the same, and the address is another",
        ),
        ("update", "sw3", 3, "site: NetBox has a value that netbox-sync did not write (policies.owns)"),
    ]


def test_a_default_says_nothing_of_the_site() -> None:
    found = estate(defaults={"site": "Paris", "role": "switch", "device_type": "C9300"})
    has(found, 1, "sw1", site=2, serial="FOC1")
    shows(found, 1, "sw1", "unknown", serial="XYZ1")
    assert [row[:3] for row in devices(found)] == [("update", "sw1", 1)]
