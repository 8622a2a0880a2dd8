"""``adopt``: an existing NetBox has the same things under other names; they are taken over, not doubled."""

from __future__ import annotations

import json

from tests.cli.conftest import CliHarness
from tests.support import NetBox


def by_hand(netbox: NetBox) -> dict[str, int]:
    """sw1 as somebody entered it: with its domain, its serial number, and one port under the name it has."""
    common = {"role": netbox.one("dcim/device-roles", slug="access")["id"]}
    kind = netbox.one("dcim/device-types", slug="c2960")["id"]
    site = netbox.one("dcim/sites", slug="paris")["id"]
    switch = netbox.create("dcim/devices", name="sw1.example.net", device_type=kind, site=site, **common)
    port = netbox.create("dcim/interfaces", device=switch["id"], name="Gi0/1", type="1000base-t")
    netbox.create(
        "dcim/mac-addresses",
        mac_address="84:BF:20:85:3E:00",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
    )
    return {"switch": switch["id"], "port": port["id"]}


def test_a_device_with_its_domain_is_taken_over(harness: CliHarness, netbox: NetBox) -> None:
    ids = by_hand(netbox)
    harness.ok("sync")

    (pair,) = json.loads(harness.ok("adopt", "nms", "--json"))["pairs"]
    assert (pair["resource"], pair["key"], pair["netbox_id"], pair["agree"], pair["contradicted"]) == (
        "devices",
        "sw1",
        ids["switch"],
        ["short name", "MAC"],
        False,
    )
    shown = harness.ok("adopt", "nms", "--yes", "--who", "ada")
    assert "= devices  sw1  is  sw1.example.net" in shown
    assert "taken over: 1; the diff now:" in shown

    harness.ok("approve", "nms", "--all-creates-and-updates", "--yes", "--override-limit", "first sync")
    harness.ok("apply", "nms", "--yes")
    assert [device["id"] for device in netbox.all("dcim/devices")] == [ids["switch"]]
    assert [port["id"] for port in netbox.all("dcim/interfaces", name="Gi0/1")] == [ids["port"]]
    assert harness.ok("adopt", "nms") == "no pair is left to take over\n"


def test_another_serial_number_is_not_taken_over(harness: CliHarness, netbox: NetBox) -> None:
    ids = by_hand(netbox)
    netbox.edit("dcim/devices", ids["switch"], serial="OTHER")
    harness.ok("sync")

    shown = harness.ok("adopt", "nms", "--yes", "--who", "ada")

    assert "! devices  sw1  is  sw1.example.net" in shown
    assert "differs: serial" in shown
    assert "1 too uncertain: netbox-sync resolve answers them one by one" in shown
    assert harness.ok("resolutions", "nms") == "0 answers\n"


def _machines(harness: CliHarness, endpoint: str, address: str) -> None:
    """An endpoint with the virtual machine web01 in a cluster of the endpoint's name."""
    folder = harness.folder / endpoint
    folder.mkdir()
    for name, sql in (
        ("virtual_machines", "select '1' as id, 'web01' as name"),
        ("vm_interfaces", "select '1' as virtual_machine, 'eth0' as name"),
        ("ip_addresses", f"select '1' as virtual_machine, 'eth0' as interface, '{address}/24' as address"),
    ):
        (folder / f"{name}.sql").write_text(sql)
    kinds = {"also_create": ["cluster_types"]}
    harness.add_endpoint(name=endpoint, kind="tables", sql=endpoint, policies=kinds)


def test_a_machine_is_not_taken_over_by_its_name_alone_nor_from_another_endpoint(
    harness: CliHarness, netbox: NetBox
) -> None:
    kind = netbox.create("virtualization/cluster-types", name="KVM", slug="kvm")["id"]
    cluster = netbox.create("virtualization/clusters", name="By hand", type=kind)["id"]
    machine = netbox.create("virtualization/virtual-machines", name="WEB01", cluster=cluster)["id"]
    port = netbox.create("virtualization/interfaces", virtual_machine=machine, name="eth0")["id"]
    netbox.create(
        "ipam/ip-addresses",
        address="192.0.2.10/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=port,
    )
    for endpoint, address in (
        ("berlin", "192.0.2.10"),
        ("hamburg", "198.51.100.10"),
        ("bremen", "192.0.2.10"),
    ):
        _machines(harness, endpoint, address)
    harness.ok("sync", "berlin", "hamburg", "bremen")

    shown = harness.ok("adopt", "hamburg", "--yes", "--who", "ada")
    assert f"! virtual_machines  web01  is  WEB01 (id {machine}, cluster By hand)" in shown
    assert "agrees: name; differs: address" in shown
    assert harness.ok("resolutions", "hamburg") == "0 answers\n"

    shown = harness.ok("adopt", "berlin", "--yes", "--who", "ada")
    assert f"= virtual_machines  web01  is  WEB01 (id {machine}, cluster By hand)" in shown
    shown = harness.ok("adopt", "bremen", "--yes", "--who", "ada")
    assert "agrees: name, address; an answer gives it to berlin" in shown
    assert "1 too uncertain: netbox-sync resolve answers them one by one" in shown
    assert harness.ok("resolutions", "bremen") == "0 answers\n"
