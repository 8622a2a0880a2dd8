"""What a new device gets from its device type."""

from __future__ import annotations

from typing import Any


def test_a_new_device_gets_the_interfaces_of_its_type(netbox: Any) -> None:
    old = netbox.device()
    path = f"dcim/device-types/{old['device_type']['id']}/"
    before = netbox.get(path)
    template = {"device_type": before["id"], "name": "Gi1/0/1", "type": "1000base-t", "mgmt_only": True}
    netbox.new("dcim/interface-templates", template)
    after = netbox.get(path)
    assert after["interface_template_count"] == before["interface_template_count"] + 1
    # So an incremental read does not see it.
    assert after["last_updated"] == before["last_updated"]

    new = netbox.new(
        "dcim/devices",
        {
            "name": netbox.name("device"),
            **{field: old[field]["id"] for field in ("device_type", "role", "site")},
        },
    )
    made = netbox.get(f"dcim/interfaces/?device_id={new['id']}")["results"]
    assert [(one["name"], one["type"]["value"], one["enabled"], one["mgmt_only"]) for one in made] == [
        ("Gi1/0/1", "1000base-t", True, True)
    ]
    assert netbox.get(f"dcim/interfaces/?device_id={old['id']}")["count"] == 0
    answer = netbox.refused(
        "POST", "dcim/interfaces/", {"device": new["id"], "name": "Gi1/0/1", "type": "other"}
    )
    assert answer == {"__all__": ["Interface with this Device and Name already exists."]}
