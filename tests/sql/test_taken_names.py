"""Names that NetBox has already where a device or virtual machine moves to, or is created."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, guest, machine, paris, told

TAKEN = "NetBox has another device there with the name SW1, and takes a name once per site and tenant"


def _moved_device(**other: Any) -> Estate:
    """sw1, which moves from Lyon to Paris, where NetBox has SW1."""
    owned = ["devices.site", "devices.name"]
    estate = Estate("librenms", policies={**GENEROUS, "owns": owned}, defaults={"site": "Paris"})
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=1, name="sw1", site_id=2, status="active", cf={"librenms_id": {"lib": 1}})
    estate.add("netbox.devices", **{"id": 2, "name": "SW1", "site_id": 1, "status": "active", **other})
    return estate


def test_a_device_moves_to_no_site_that_has_one_of_its_name() -> None:
    estate = _moved_device()
    assert told(estate, "devices") == {"sw1": ("conflict", f"site: {TAKEN}")}
    estate.change("netbox.devices", "SW1", tenant_id=5)
    assert {r.key: r.fields for r in estate.rows()} == {"sw1": {"site": {"id": 1, "name": "Paris"}}}


def test_a_device_takes_the_name_of_one_that_is_renamed_first() -> None:
    """SW1 is LibreNMS's sw2, and gets this name in the same diff."""
    estate = _moved_device(cf={"librenms_id": {"lib": 2}}, serial="FOC2")
    device(estate, 2, "sw2", serial="FOC2")
    assert told(estate, "devices") == {}
    assert {r.key: r.fields for r in estate.rows()} == {
        "sw1": {"site": {"id": 1, "name": "Paris"}},
        "sw2": {"name": "sw2"},
    }


def test_a_virtual_machine_moves_to_no_cluster_that_has_one_of_its_name() -> None:
    estate = paris(policies={**GENEROUS, "owns": ["virtual_machines.cluster"]})
    estate.add("netbox.clusters", id=2, name="other")
    guest(estate, 101, "web")
    machine(estate, 1, "web", 101, cluster_id=2, start_on_boot="off")
    machine(estate, 2, "Web", None)
    said = "NetBox has another virtual machine there with the name Web, and takes a name once per cluster and tenant"
    assert told(estate, "virtual_machines") == {"web": ("conflict", f"cluster: {said}")}
