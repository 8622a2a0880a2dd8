"""Objects with a value in NetBox that it no longer accepts: it refuses every edit that leaves the value."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, address, interface, known_switch, port, shown, switch, told


def test_a_device_whose_platform_is_for_another_manufacturer() -> None:
    estate = switch(policies={**GENEROUS, "owns": ["devices.serial"]})
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    estate.add("netbox.device_types", id=1, model="C9300", slug="c9300", manufacturer_id=1)
    estate.add("netbox.platforms", id=1, name="IOS", slug="ios", manufacturer_id=1)
    estate.add("netbox.platforms", id=2, name="Junos", slug="junos", manufacturer_id=2)
    estate.change("netbox.devices", "sw1", device_type_id=1, platform_id=2, status="active", serial="FOC1")
    estate.change("librenms.devices", serial="FOC2")
    said = (
        "its platform Junos is for another manufacturer than that of its type C9300, and NetBox refuses every edit until "
        "one of them is changed"
    )
    assert told(estate, "devices")["sw1"] == ("conflict", f"serial: {said}")
    estate.change("netbox.devices", "sw1", platform_id=1)
    assert {r.key: r.fields for r in estate.rows() if r.resource == "devices"} == {"sw1": {"serial": "FOC2"}}
