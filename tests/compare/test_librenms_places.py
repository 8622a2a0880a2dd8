"""Coordinates of sites, out-of-band addresses, and devices imported by their group."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.librenms import LibreNMSState
from tests.support import NetBox, Pipeline, after, before, row, rows


def test_sites_get_coordinates_by_policy(pipeline: Pipeline, state: LibreNMSState, netbox: NetBox) -> None:
    """Nearer than 0.0001 degrees is the same place; NetBox's own coordinates stay unless the policy says always."""
    lyon = netbox.create("dcim/sites", name="Lyon", slug="lyon", latitude=45.76, longitude=4.83)
    netbox.create("dcim/sites", name="Nice", slug="nice", latitude=43.70005, longitude=7.26)
    state.add_location("Paris", 48.8566, 2.3522)
    state.add_location("Building 7", 45.7, 4.8)
    state.add_location("Nice", 43.7, 7.26005)
    state.add_location("Elsewhere", 1.0, 1.0)
    state.add_location("Atlantic", 0.0, 0.0)
    pipeline.configure(mappings={"sites": {"building 7": "lyon", "Atlantic": "paris"}})
    assert rows(pipeline.sync(), "sites") == []
    pipeline.configure(policies={"site_coordinates": "set_if_empty"})
    plan = pipeline.again()
    assert [(r.key, r.action, r.reason) for r in rows(plan, "sites")] == [
        ("lyon", "drifted", "NetBox has other coordinates; site_coordinates is set_if_empty"),
        ("paris", "update", None),
    ]
    assert after(row(plan, "sites", "paris")) == {"latitude": 48.8566, "longitude": 2.3522}
    pipeline.configure(policies={"site_coordinates": "always"})
    changed = row(pipeline.apply(), "sites", "lyon")
    assert (changed.netbox_id, before(changed), after(changed)) == (
        lyon["id"],
        {"latitude": 45.76, "longitude": 4.83},
        {"latitude": 45.7, "longitude": 4.8},
    )
    assert [r.key for r in rows(pipeline.sync(), "sites")] == []
    assert netbox.one("dcim/sites", slug="paris")["latitude"] == 48.8566
    # Two locations of one site, far apart: nobody knows which is meant.
    pipeline.configure(mappings={"sites": {"Building 7": "paris"}})
    found = row(pipeline.again(), "sites", "paris")
    assert (found.action, found.reason) == (
        "conflict",
        "the locations of this site are at several places: Building 7, Paris",
    )


def test_out_of_band_address(pipeline: Pipeline, state: LibreNMSState, netbox: NetBox) -> None:
    """The address on an interface that the configuration names, once NetBox has it there."""
    for number in (1, 2):
        found = state.add_device(f"sw{number}", hardware="C9300-48P", ip=f"10.0.0.{number}")
        state.add_ipv4(state.add_port(found, "Vlan1"), f"10.0.0.{number}", 24)
        state.add_ipv4(state.add_port(found, "Mgmt0"), f"192.0.2.{number}", 24)
    state.add_ipv4(state.port(found, "Mgmt0"), "192.0.2.8", 24)
    assert [r.key for r in rows(pipeline.sync(), "primary_ips")] == ["sw1 IPv4", "sw2 IPv4"]
    pipeline.configure(oob_interfaces=["mgmt[0-9]+"])
    pipeline.apply()
    device = netbox.one("dcim/devices", name="sw1")
    assert (device["oob_ip"]["address"], device["primary_ip4"]["address"]) == ("192.0.2.1/24", "10.0.0.1/24")
    # Somebody adds the same address in a VRF.
    vrf = netbox.create("ipam/vrfs", name="management")
    port_id = netbox.one("dcim/interfaces", device="sw1", name="Mgmt0")["id"]
    here = {"assigned_object_type": "dcim.interface", "assigned_object_id": port_id}
    netbox.create("ipam/ip-addresses", address="192.0.2.1/24", vrf=vrf["id"], **here)
    done = pipeline.sync()
    assert [(r.resource, r.key) for r in done.changes] == []
    assert [(r.key, r.action, r.reason) for r in rows(done, "primary_ips")] == [
        ("sw2 OOB", "conflict", "several addresses on out-of-band interfaces: 192.0.2.2, 192.0.2.8")
    ]


def test_import_by_device_group(pipeline: Pipeline, state: LibreNMSState) -> None:
    first, _ = (state.add_device(name, hardware="C9300-48P") for name in ("sw1", "sw2"))
    state.add_device_group("Core / Paris", [first])
    state.add_device_group("Empty")
    left_out = "not in NetBox, and the import filter of this endpoint leaves it out"
    pipeline.configure(import_devices={"group": ["Core / Paris", "Empty"]})

    def told() -> list[tuple[str, str, Any]]:
        return [(r.key, r.action, r.reason) for r in rows(pipeline.sync(), "devices")]

    assert told() == [("sw1", "create", None), ("sw2", "blocked", left_out)]
    assert pipeline.snapshot().complete is True
    # A group that is not there imports nobody, and the snapshot says so.
    pipeline.configure(import_devices={"group": ["Cores"]})
    assert told() == [("sw1", "blocked", left_out), ("sw2", "blocked", left_out)]
    manifest = pipeline.snapshot()
    assert manifest.reasons == ["LibreNMS has no device group 'Cores' (import_devices.group)"]
