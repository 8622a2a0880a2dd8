"""What new devices and modules get from their types."""

from __future__ import annotations

from typing import Any

import pytest


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


@pytest.mark.differs("4.2", "4.3", "4.4", "4.5")
def test_a_module_brings_the_interfaces_of_its_type_unless_the_request_says_no(netbox: Any) -> None:
    device = netbox.device()
    kind = netbox.new(
        "dcim/module-types",
        {"manufacturer": device["device_type"]["manufacturer"]["id"], "model": netbox.name("card")},
    )
    netbox.new(
        "dcim/interface-templates", {"module_type": kind["id"], "name": "xe-0/1/0", "type": "10gbase-x-sfpp"}
    )
    bays = [
        netbox.new("dcim/module-bays", {"device": device["id"], "name": name})
        for name in ("one", "two", "three")
    ]
    first, second, third = (
        {"device": device["id"], "module_bay": bay["id"], "module_type": kind["id"]} for bay in bays
    )
    path = f"dcim/interfaces/?device_id={device['id']}"
    quiet = netbox.new("dcim/modules", {**first, "replicate_components": False})
    assert "replicate_components" not in quiet
    assert netbox.get(path)["count"] == 0

    module = netbox.new("dcim/modules", second)
    made = netbox.get(path)["results"]
    assert [(one["name"], one["type"]["value"], one["module"]["id"]) for one in made] == [
        ("xe-0/1/0", "10gbase-x-sfpp", module["id"])
    ]
    (said,) = netbox.refused("POST", "dcim/modules/", third).values()
    assert said == ["A Interface named xe-0/1/0 already exists"]
    netbox.new("dcim/modules", {**third, "replicate_components": False})
