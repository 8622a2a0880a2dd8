"""Rows of SQL files: what is taken, and rows that are rejected with the file, the row and the column."""

from __future__ import annotations

import duckdb
import pytest

from netbox_sync_dagster.config.secrets import remember
from tests.sources.tables.conftest import Machines

DEVICE = "select 'd1' as id, 'sw1' as name"
VM = "select 'v1' as id, 'web' as name"
PORT = "select 'd1' as device, 'eth0' as name"


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("devices", "select null as id, 'x' as name", "id: has no value"),
        ("devices", "select 'd1' as id, '  ' as name", "name: has no value"),
        (
            "devices",
            f"{DEVICE}, 'up' as status",
            "status: 'up' is not one of active, offline, planned, staged, failed, inventory, decommissioning",
        ),
        ("interfaces", f"{PORT}, 'much' as mtu", "mtu: 'much' is not a whole number"),
        ("interfaces", f"{PORT}, 1499.6 as mtu", "mtu: '1499.6' is not a whole number"),
        ("interfaces", f"{PORT}, 70000 as mtu", "mtu: '70000' is not from 1 to 65536"),
        ("interfaces", f"{PORT}, 'maybe' as enabled", "enabled: 'maybe' is not true or false"),
        (
            "interfaces",
            f"{PORT}, '10, all' as tagged_vlans",
            "tagged_vlans: '10, all' is not a list of whole numbers",
        ),
        (
            "interfaces",
            f"{PORT}, [10, 5000] as tagged_vlans",
            "tagged_vlans: '[10, 5000]' is not from 1 to 4094",
        ),
        ("interfaces", f"{PORT}, 'trunk' as mode", "mode: 'trunk' is not one of access, tagged, tagged-all"),
        ("interfaces", f"{PORT}, '0a000001' as mac", "mac: '0a000001' is not a MAC address"),
        (
            "ip_addresses",
            "select 'd1' as device, 'eth0' as interface, '192.0.2.1/24' as address, 'my host' as dns_name",
            "dns_name: 'my host' is not a DNS name",
        ),
        (
            "interfaces",
            "select 'd9' as device, 'eth0' as name",
            "device: devices.sql has no row with the id 'd9'",
        ),
        ("virtual_machines", f"{VM}, 'a lot' as vcpus", "vcpus: 'a lot' is not a number"),
        ("virtual_machines", f"{VM}, -1 as memory", "memory: '-1' is not from 0 to 2147483647"),
        ("virtual_machines", f"{VM}, 'd9' as device", "device: devices.sql has no row with the id 'd9'"),
        (
            "vm_interfaces",
            "select 'v9' as virtual_machine, 'eth0' as name",
            "virtual_machine: virtual_machines.sql has no row with the id 'v9'",
        ),
        (
            "virtual_disks",
            "select 'v1' as virtual_machine, 'sda' as name, null as size",
            "size: has no value",
        ),
        (
            "ip_addresses",
            "select 'd1' as device, 'eth0' as interface, '192.0.2' as address",
            "address: '192.0.2' is not an address, such as 192.0.2.10/24",
        ),
        (
            "ip_addresses",
            "select 'd1' as device, 'v1' as virtual_machine, 'eth0' as interface, '192.0.2.1/24' as address",
            "exactly one of device and virtual_machine must have a value",
        ),
        (
            "ip_addresses",
            "select 'd1' as device, 'eth9' as interface, '192.0.2.1/24' as address",
            "interface: interfaces.sql has no 'eth9' of the device 'd1'",
        ),
        (
            "ip_addresses",
            "select 'v1' as virtual_machine, 'eth0' as interface, '192.0.2.1/24' as address",
            "interface: vm_interfaces.sql has no 'eth0' of the virtual_machine 'v1'",
        ),
        ("vlans", "select 'd1' as device, 4095 as vid", "vid: '4095' is not from 1 to 4094"),
        (
            "cables",
            "select 'd1' as device, 'eth9' as interface, 'sw2' as remote_device",
            "interface: interfaces.sql has no 'eth9' of the device 'd1'",
        ),
    ],
)
def test_a_row_that_does_not_fit_is_rejected(machines: Machines, file: str, text: str, reason: str) -> None:
    machines.write("devices.sql", DEVICE)
    machines.write("interfaces.sql", PORT)
    machines.write("virtual_machines.sql", VM)
    machines.write(f"{file}.sql", text)
    manifest = machines.snapshot()
    said = f"{file}.sql, row 1: {reason}"
    assert said in machines.rejected()
    assert not manifest.complete and said in manifest.reasons
    # What nobody saw is not concealed by this row.
    assert (file, False) in machines.rows("scopes", "scope, unseen")


def test_a_rejected_row_leaves_open_only_what_is_about_its_owner(machines: Machines) -> None:
    machines.write("devices.sql", "from (values ('a', 'sw1'), ('b', null), (null, 'sw3')) t(id, name)")
    machines.write(
        "interfaces.sql",
        "from (values ('a', 'e0', 9000), ('a', 'e1', 0), ('b', 'e0', 9000)) t(device, name, mtu)",
    )
    machines.snapshot()
    assert machines.rows("scopes", "scope, scope_id, reason") == [
        ("devices", "*", "devices.sql, row 3: id: has no value"),
        ("devices", "b", "devices.sql, row 2: name: has no value"),
        ("interfaces", "a", "interfaces.sql, row 2: mtu: '0' is not from 1 to 65536"),
        ("interfaces", "b", "interfaces.sql, row 3: device: devices.sql has no row with the id 'b'"),
    ]


def test_two_rows_of_one_identity_are_both_rejected_and_equal_rows_are_one(machines: Machines) -> None:
    machines.write(
        "devices.sql",
        "from (values ('a', 'sw1'), ('b', 'sw2'), ('a', 'sw3'), ('c', 'sw4'), ('c', 'sw4')) t(id, name)",
    )
    manifest = machines.snapshot()
    assert machines.rows("devices", "id, name") == [("b", "sw2"), ("c", "sw4")]
    assert machines.rejected() == [
        "devices.sql, row 1: rows 1 and 3 have the same id",
        "devices.sql, row 3: rows 1 and 3 have the same id",
    ]
    assert manifest.reasons == ["devices.sql, row 1: rows 1 and 3 have the same id (2 rejected rows)"]


def test_one_address_in_two_spellings_is_one_and_with_two_lengths_none(machines: Machines) -> None:
    machines.write("devices.sql", DEVICE)
    machines.write("interfaces.sql", PORT)
    machines.write(
        "ip_addresses.sql",
        "select 'd1' as device, 'eth0' as interface,"
        " unnest(['2001:DB8::1/64', '2001:db8:0::1/64', '192.0.2.1/24', '192.0.2.1/25']) as address",
    )
    machines.snapshot()
    assert machines.rows("ip_addresses", "address") == [("2001:db8::1/64",)]
    assert machines.rejected() == [
        "ip_addresses.sql, row 3: rows 3 and 4 have the same device, interface, address",
        "ip_addresses.sql, row 4: rows 3 and 4 have the same device, interface, address",
    ]


def test_rows_of_an_owner_whose_file_is_not_there(machines: Machines) -> None:
    machines.write("interfaces.sql", PORT)
    machines.snapshot()
    assert machines.rejected() == ["interfaces.sql, row 1: device: there is no devices.sql"]


def test_values_are_converted_as_people_write_them(machines: Machines) -> None:
    machines.write("devices.sql", "select 7 as id, ' sw1 ' as name, 'Active' as status, '' as site")
    machines.write(
        "interfaces.sql",
        "select 7 as device, 'eth0' as name, 'yes' as enabled, '1500' as mtu, '10, 20' as tagged_vlans, '' as mac,"
        " 10.0 as untagged_vlan",
    )
    machines.write(
        "ip_addresses.sql",
        "select 7 as device, 'eth0' as interface, unnest(['192.0.2.1/24', '2001:DB8:0::1/64', '192.0.2.9']) as address",
    )
    assert machines.snapshot().complete
    assert machines.rows("devices", "id, name, status, site") == [("7", "sw1", "active", None)]
    assert machines.rows("interfaces", "enabled, mtu, tagged_vlans, mac, untagged_vlan") == [
        (True, 1500, [10, 20], "", 10)
    ]
    assert machines.rows("ip_addresses", "host, family, prefixlen") == [
        ("192.0.2.1", 4, 24),
        ("192.0.2.9", 4, None),
        ("2001:db8::1", 6, 64),
    ]


def test_files_are_read_from_the_folder_and_helpers_are_tables(machines: Machines) -> None:
    (machines.folder / "data").mkdir()
    machines.write("data/a.csv", "serial,host\nS1,sw1\n")
    machines.write("data/b.csv", "serial,host\nS2,sw2\n")
    machines.settings = {"parameters": {"where": "data", "least": 2}}
    machines.write("_hosts.sql", "-- All hosts.\nfrom read_csv($where || '/*.csv');\n")
    machines.write(
        "devices.sql", "select serial as id, host as name from hosts where serial[2]::int >= $least -- some"
    )
    machines.snapshot()
    assert machines.rows("devices", "id, name") == [("S2", "sw2")]
    assert [row for row in machines.rows("files", "name, present") if row[1]] == [("devices", True)]


def test_an_attached_database_is_read_only(machines: Machines) -> None:
    file = machines.folder / "inventory.db"
    with duckdb.connect(str(file)) as con:
        con.execute("create table hosts as select 'S1' as serial, 'sw1' as name")
    machines.settings = {"attach": [{"name": "inventory", "type": "duckdb", "path": str(file)}]}
    machines.write("devices.sql", "select serial as id, name from inventory.hosts")
    machines.snapshot()
    assert machines.rows("devices", "id, name") == [("S1", "sw1")]
    assert [check.sentence for check in machines.check()][1] == "attached: inventory (duckdb)"


def test_a_file_that_fails_leaves_the_last_snapshot_current(machines: Machines) -> None:
    machines.write("devices.sql", DEVICE)
    first = machines.snapshot()
    machines.write("devices.sql", "select")
    with pytest.raises(Exception, match="SELECT clause without"):
        machines.snapshot()
    assert machines.rows("devices", "snapshot_id") == [(first.snapshot_id,)]


def test_a_file_that_is_deleted_is_a_fall_until_it_is_confirmed(machines: Machines) -> None:
    machines.write("devices.sql", DEVICE)
    machines.write("interfaces.sql", PORT)
    assert machines.snapshot().complete
    (machines.folder / "interfaces.sql").unlink()
    assert machines.snapshot().reasons == ["0 of 1 interfaces of the last good snapshot"]
    assert machines.snapshot(accept_shrink=True).complete
    assert machines.snapshot().complete


def test_a_result_without_rows_is_a_fall(machines: Machines) -> None:
    machines.write("devices.sql", "select unnest(['a', 'b', 'c']) as id, id as name")
    machines.snapshot()
    machines.write("devices.sql", "select 'a' as id, 'a' as name where false")
    manifest = machines.snapshot()
    assert manifest.reasons == ["0 of 3 devices of the last good snapshot"]
    assert machines.snapshot(accept_shrink=True).complete


def test_comments_and_semicolons_are_read_as_duckdb_reads_them(machines: Machines) -> None:
    machines.write("devices.sql", "select 'a' as id, name from a_name;\n-- the end; really")
    # Read before the helper behind it in the alphabet, which its text with two dashes does not hide.
    machines.write("_a_name.sql", "select 'sw1 -- ' || z as name from z_name /* from a_name */")
    machines.write("_z_name.sql", "select 'x' as z")
    assert [check.sentence for check in machines.check() if not check.ok] == []
    machines.snapshot()
    assert machines.rows("devices", "id, name") == [("a", "sw1 -- x")]


def test_a_credential_in_the_data_is_not_stored(machines: Machines) -> None:
    remember("a-token-of-netbox-sync")
    machines.write("devices.sql", "select 'd1' as id, 'sw1' as name, 'a-token-of-netbox-sync' as serial")
    machines.snapshot()
    assert machines.rejected() == ["devices.sql, row 1: serial contains a credential of netbox-sync"]
    assert "a-token-of-netbox-sync" not in str(machines.rows("rejected"))
