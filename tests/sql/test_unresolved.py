"""The manufacturers of what has no NetBox object yet: names of others are not proposed for it."""

from __future__ import annotations

import pytest

from tests.sql.rules import Rules


def rules() -> Rules:
    """NetBox with a switch of MikroTik, which LibreNMS shows with the system routeros."""
    found = Rules()
    for number, name in ((1, "MikroTik"), (2, "Cisco")):
        found.put("netbox.manufacturers", endpoint="netbox", id=number, name=name, slug=name.lower())
        found.put(
            "netbox.device_types",
            endpoint="netbox",
            id=number,
            manufacturer_id=number,
            model=f"T{number}",
            slug="",
        )
    found.put("netbox.platforms", endpoint="netbox", id=1, name="IOS", slug="ios", manufacturer_id=2)
    found.put("netbox.devices", endpoint="netbox", id=1, name="sw1", device_type_id=1)
    found.put("desired.devices", key="sw1", name="sw1", names=["sw1"], os="routeros", inactive=False)
    return found


def new_device(estate: Rules, key: str, os: str | None, **reference: str | None) -> None:
    """A device of this type that NetBox does not have."""
    estate.put("desired.devices", key=key, name=key, names=[key], os=os, hardware="CRS328", inactive=False)
    for field, resource in (("device_type", "device_types"), ("platform", "platforms")):
        estate.put(
            "desired.references",
            owner_resource="devices",
            owner_key=key,
            field=field,
            resource=resource,
            source_name="CRS328" if field == "device_type" else os,
            required=field == "device_type",
            manufacturer=reference.get("manufacturer") if field == "device_type" else None,
        )


@pytest.mark.parametrize(
    ("os", "mapped", "makers"),
    [
        # As the devices with this system that NetBox has.
        ("routeros", None, ["MikroTik"]),
        # As NetBox's platform.
        ("ios", None, ["Cisco"]),
        # The mapping by system wins.
        ("routeros", "Cisco", ["Cisco"]),
        ("routeros", "Unknown Inc.", ["MikroTik"]),
        ("exos", None, []),
        (None, None, []),
    ],
)
def test_the_manufacturers_of_a_type_without_a_match(
    os: str | None, mapped: str | None, makers: list[str]
) -> None:
    estate = rules()
    new_device(estate, "sw2", os, manufacturer=mapped)
    estate.run("match.references", "match.device_pairs", "match.device_exceptions", "match.devices")
    estate.run("desired.unresolved")
    found = estate.con.execute(
        "SELECT word, owners, manufacturers FROM desired.unresolved WHERE section = 'device_types'"
    ).fetchall()
    assert found == [("CRS328", 1, makers)]
