"""The examples spreadsheet, vcenter, netdisco and librenms-database: from their files to objects in NetBox."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.sources.tables.config import TablesEndpoint
from tests.sources.tables.databases import LIBRENMS, NETDISCO, write_database
from tests.sources.tables.examples import DATA, EVERYTHING, EXAMPLES, Example, named
from tests.support import NetBox, after, rows

VMS = "virtualization/virtual-machines"


def test_a_spreadsheet_of_sites_racks_and_devices(tmp_path: Path, netbox: NetBox) -> None:
    site = netbox.create("dcim/sites", name="Paris", slug="paris")
    room = netbox.create("dcim/locations", name="Room 1", slug="room-1", site=site["id"])
    netbox.create("dcim/racks", name="A1", site=site["id"], location=room["id"])
    inventory = Example(tmp_path, netbox, "spreadsheet")
    plan = inventory.sync()
    # Racks are not created: the devices are created without.
    assert {(row.action, row.key, row.reason) for row in plan.rows if row.reason} == {
        ("create", "par-srv2", 'rack: NetBox has no rack "A2"'),
        ("create", "lyo-sw1", 'rack: NetBox has no rack "B1"'),
    }
    inventory.apply()
    assert named(
        netbox.all("dcim/devices"),
        *("name", "site", "location", "rack", "role", "device_type", "serial", "status", "primary_ip4"),
    ) == [
        *[
            (
                "lyo-sw1",
                "Lyon",
                None,
                None,
                "Access Switch",
                "EX3400-24P",
                "NX0217360002",
                "active",
                "198.51.100.11/24",
            ),
            (
                "par-srv1",
                "Paris",
                "Room 1",
                "A1",
                "Server",
                "PowerEdge R640",
                "5XK1234",
                "active",
                "192.0.2.21/24",
            ),
            ("par-srv2", "Paris", "Room 1", None, "Server", "PowerEdge R640", "5XK1235", "planned", None),
            (
                "par-sw1",
                "Paris",
                "Room 1",
                "A1",
                "Access Switch",
                "EX3400-24P",
                "NX0217360001",
                "active",
                "192.0.2.11/24",
            ),
        ]
    ]
    assert inventory.sync().rows == ()


def test_hosts_of_vcenter_without_a_serial_number_of_their_own(tmp_path: Path, netbox: NetBox) -> None:
    """White boxes and nested hosts have a placeholder: they are known by their names."""
    export = tmp_path / "export"
    shutil.copytree(DATA / "rvtools", export)
    hosts = export / "RVTools_tabvHost.csv"
    text = hosts.read_text().replace("5XK0001,5XK0001", "None,None").replace("5XK0002,5XK0002", "None,None")
    hosts.write_text(text)
    vcenter = Example(
        tmp_path,
        netbox,
        "vcenter",
        **{
            "parameters": {"export": str(export)},
            "mappings": {"sites": {"DC1": "Paris"}},
            "defaults": {"role": "Hypervisor"},
            "policies": {"create": EVERYTHING},
        },
    )
    plan = vcenter.sync()
    assert sorted(row.key for row in rows(plan, "devices")) == ["esx1", "esx2"]
    assert sorted(after(row)["device"]["key"] for row in rows(plan, "virtual_machines")) == ["esx1", "esx2"]


def test_vcenter_from_csv_files(tmp_path: Path, netbox: NetBox) -> None:
    netbox.create("ipam/prefixes", prefix="10.10.1.0/24")
    vcenter = Example(
        tmp_path,
        netbox,
        "vcenter",
        **{
            "parameters": {"export": str(DATA / "rvtools")},
            "cluster_type": "VMware",
            "mappings": {"sites": {"DC1": "Paris"}},
            "defaults": {"role": "Hypervisor"},
            "policies": {"create": EVERYTHING, "host_masks": "prefix"},
        },
    )
    assert vcenter.apply_and_compare() == []
    assert named(netbox.all("virtualization/clusters"), "name", "type", "scope") == [
        ("Prod", "VMware", "Paris")
    ]
    assert named(
        netbox.all("dcim/devices"), "name", "site", "cluster", "device_type", "platform", "serial"
    ) == [
        ("esx1", "Paris", "Prod", "PowerEdge R640", "VMware ESXi 7.0", "5XK0001"),
        ("esx2", "Paris", "Prod", "PowerEdge R640", "VMware ESXi 7.0", "5XK0002"),
    ]
    assert named(
        netbox.all(VMS),
        *("name", "status", "cluster", "device", "vcpus", "memory", "description", "primary_ip4"),
    ) == [
        ("db1", "offline", "Prod", "esx2", 2.0, 4096, "", None),
        ("web1", "active", "Prod", "esx1", 4.0, 8192, "Shop front end", "10.10.1.21/24"),
    ]
    assert named(
        netbox.all("virtualization/interfaces"), "virtual_machine", "name", "enabled", "mac_address"
    ) == [
        ("db1", "Network adapter 1", False, "00:50:56:9B:69:03"),
        ("web1", "Network adapter 1", True, "00:50:56:9B:69:01"),
        ("web1", "Network adapter 2", False, "00:50:56:9B:69:02"),
    ]
    assert named(netbox.all("virtualization/virtual-disks"), "virtual_machine", "name", "size") == [
        ("db1", "Hard disk 1", 61440),
        ("web1", "Hard disk 1", 40960),
        ("web1", "Hard disk 2", 102400),
    ]
    assert sorted(one["address"] for one in netbox.all("ipam/ip-addresses")) == [
        "10.10.1.21/24",
        "2001:db8:10::21/128",
    ]


def test_a_virtual_machine_that_moves_to_another_cluster_is_the_same(tmp_path: Path, netbox: NetBox) -> None:
    export = shutil.copytree(DATA / "rvtools", tmp_path / "export")
    vcenter = Example(
        tmp_path / "data",
        netbox,
        "vcenter",
        **{"parameters": {"export": str(export)}, "defaults": {"site": "Paris", "role": "Hypervisor"}},
    )
    vcenter.apply()
    for name in ("vInfo", "vHost"):
        file = export / f"RVTools_tab{name}.csv"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"Prod,((green,.*)?esx2|green,False)", r"Test,\1", text), encoding="utf-8")
    file = export / "RVTools_tabvInfo.csv"
    file.write_text(
        file.read_text(encoding="utf-8").replace("DC1,Prod,esx2", "DC1,Test,esx2"), encoding="utf-8"
    )
    plan = vcenter.sync()
    assert [
        (row.action, row.key, row.netbox_id is not None)
        for row in plan.rows
        if row.resource == "virtual_machines"
    ] == [("update", "db1", True)]


def _switches(netbox: NetBox) -> list[tuple[Any, ...]]:
    return named(
        netbox.all("dcim/devices"), "name", "site", "device_type", "platform", "serial", "primary_ip4"
    )


@pytest.mark.parametrize(
    ("name", "database", "script", "port", "vlan_port"),
    [
        ("netdisco", "netdisco", NETDISCO, "GigabitEthernet1/0/1", "Vlan10"),
        ("librenms-database", "librenms", LIBRENMS, "Gi1/0/1", "Vl10"),
    ],
)
def test_the_databases_of_netdisco_and_librenms(
    tmp_path: Path, netbox: NetBox, name: str, database: str, script: str, port: str, vlan_port: str
) -> None:
    file = tmp_path / "network.db"
    write_database(file, script)
    network = Example(
        tmp_path / "data",
        netbox,
        name,
        **{
            "attach": [{"name": database, "type": "duckdb", "path": str(file)}],
            "mappings": {"sites": {"Server room, Paris": "Paris"}},
            "defaults": {"role": "Switch", "manufacturer": "Generic"},
        },
    )
    assert network.apply_and_compare() == []
    assert [(one[0], one[1], one[2], one[4]) for one in _switches(netbox)] == [
        ("acc1", "Paris", "EX3400-24P", "NX0"),
        ("core1", "Paris", "WS-C3850-24T", "FOC1"),
    ]
    ports = {(one["device"]["name"], one["name"]): one for one in netbox.all("dcim/interfaces")}
    trunk = ports["core1", port]
    assert (
        trunk["type"]["value"],
        trunk["speed"],
        trunk["mtu"],
        trunk["description"],
        trunk["mac_address"],
    ) == (*("1000base-t", 1000000, 1500, "to acc1", "00:1B:54:00:01:01"),)
    assert (
        trunk["mode"]["value"],
        trunk["untagged_vlan"]["vid"],
        [v["vid"] for v in trunk["tagged_vlans"]],
    ) == (*("tagged", 1, [10]),)
    assert ports["core1", vlan_port]["type"]["value"] == "virtual"
    assert {(v["vid"], v["name"]) for v in netbox.all("ipam/vlans")} == {(1, "default"), (10, "mgmt")}
    assert netbox.one("dcim/devices", name="core1")["primary_ip4"]["address"] == "192.0.2.1/24"
    (cable,) = netbox.all("dcim/cables")
    ends = {end[0]["object"]["name"] for end in (cable["a_terminations"], cable["b_terminations"])}
    assert ends == {port, "ge-0/0/0"}


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_the_configuration_in_each_readme_is_valid(folder: Path, tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "netbox_sync.yaml"
    file.write_text(text, encoding="utf-8")
    (endpoint,) = load_config(file).endpoints
    assert isinstance(endpoint, TablesEndpoint)
    assert endpoint.sql == tmp_path / folder.name


def test_a_snapshot_with_the_same_rows_is_not_compared_again(tmp_path: Path, netbox: NetBox) -> None:
    inventory = Example(tmp_path, netbox, "spreadsheet")
    first = inventory.sync()
    with Comparer(inventory.warehouse, inventory.config) as comparison:
        for _ in range(2):
            inventory.snapshot()
            manifest = comparison.compare(inventory.endpoint)
    assert manifest["carried_over_from"] is not None
    assert sum(sum(found.values()) for found in manifest["counts"].values()) == len(first.rows)
