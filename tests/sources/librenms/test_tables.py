"""What a LibreNMS says arrives as rows: typed, whole, and without its secrets."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.sources.librenms.tables import TABLES as LIBRENMS
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.sources.librenms.conftest import Reader


def test_every_table_holds_what_the_server_said(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        manifest = reader.read(server)

    assert (manifest.complete, manifest.reasons, manifest.source_version) == (True, [], "26.7.0")
    assert manifest.row_counts == {
        "system": 1,
        "devices": 3,
        "ports": 5,
        "port_vlans": 4,
        "port_stack": 1,
        "ip_addresses": 3,
        "vlans": 4,
        "links": 2,
        "locations": 1,
        "vrfs": 1,
        "device_groups": 0,
        "inventory": 0,
        "transceivers": 0,
        "scopes": 0,
        "rejected": 0,
        "row_counts": 16,
    }
    core = reader.rows("devices", "device_id")[0]
    assert (core["device_id"], core["hostname"], core["os"], core["serial"], core["ip"]) == (
        1,
        "core.example.net",
        "ios",
        "FDO1",
        "10.0.0.1",
    )
    assert (core["location"], core["lat"], core["lng"]) == ("Paris", 48.8566, 2.3522)
    assert (core["status"], core["ignore"], core["disabled"]) == (True, False, False)
    uplink = reader.rows("ports", "port_id")[0]
    assert uplink == {
        "port_id": 1,
        "device_id": 1,
        "ifIndex": 1,
        "ifName": "Gi1/0/1",
        "ifDescr": "Gi1/0/1",
        "ifAlias": "Gi1/0/1",
        "ifType": "ethernetCsmacd",
        "ifSpeed": 1000000000,
        "ifMtu": 1500,
        "ifPhysAddress": None,
        "ifAdminStatus": "up",
        "ifOperStatus": "up",
        "ifVlan": "10",
        "ifTrunk": "dot1Q",
        "ifVrf": 0,
        "ifDuplex": state.ports[0]["ifDuplex"],
        "ignore": False,
        "disabled": False,
        "deleted": False,
    }
    assert reader.rows("port_vlans", "port_id, vlan") == [
        {"device_id": 1, "port_id": 1, "vlan": 10, "untagged": True},
        {"device_id": 1, "port_id": 1, "vlan": 20, "untagged": False},
        {"device_id": 1, "port_id": 2, "vlan": 20, "untagged": True},
        {"device_id": 2, "port_id": 4, "vlan": 20, "untagged": False},
    ]
    assert reader.rows("port_stack") == [
        {"device_id": 1, "high_port_id": 3, "low_port_id": 1, "ifStackStatus": "active"}
    ]
    assert [
        (r["family"], r["address"], r["prefixlen"], r["canonical"]) for r in reader.rows("ip_addresses")
    ] == [
        (4, "10.0.0.1", 24, "10.0.0.1"),
        (6, "2001:0db8:0000:0000:0000:0000:0000:0001", 64, "2001:db8::1"),
        (4, "192.0.2.2", 30, "192.0.2.2"),
    ]
    assert reader.rows("vrfs")[0]["mplsVpnVrfRouteDistinguisher"] == "65000:1"
    assert reader.rows("links", "id")[0]["remote_port_id"] == 4
    assert reader.rows("locations") == [{"id": 1, "location": "Paris", "lat": 48.8566, "lng": 2.3522}]


def test_a_table_has_its_columns_even_without_rows(reader: Reader) -> None:
    lab = LibreNMSState()
    lab.add_device("lonely.example.net")
    with LabLibreNMS(lab) as server:
        manifest = reader.read(server)
    assert (manifest.complete, manifest.row_counts["ports"]) == (True, 0)
    assert reader.rows("ports") == []


def test_snmp_secrets_reach_nothing_that_is_stored(state: LibreNMSState, reader: Reader) -> None:
    secrets = {
        "community": "s3cret-a",
        "authname": "s3cret-b",
        "authpass": "s3cret-c",
        "cryptopass": "s3cret-d",
    }
    for device in state.devices:
        device.update(secrets)
    # A row that is rejected is kept too, without them.
    state.devices[2]["uptime"] = "since yesterday"
    with LabLibreNMS(state) as server:
        reader.read(server)

    assert [row["row_key"] for row in reader.rows("rejected")] == ["3"]
    for table in LIBRENMS:
        assert "s3cret" not in repr(reader.rows(table))
    for file in reader.home.rglob("*.json*"):
        assert "s3cret" not in file.read_text()
    assert "s3cret" not in " ".join(reader.said)


def test_odd_values_arrive_as_the_server_has_them(state: LibreNMSState, reader: Reader) -> None:
    device = state.devices[2]
    names = ["redacted", "redacted", "", None, "x" * 70, "WAN Miniport (SS\n54 50 29 00", "Zürich→α"]
    for name in names:
        state.add_port(device, name)
    odd = state.add_port(
        device,
        "odd",
        ifMtu=2147483647,
        ifSpeed=4294967295,
        ifPhysAddress="000000000000",
        ifType=None,
        ifVlan="0",
        ifAdminStatus=None,
    )
    state.add_vlan(state.devices[0], 14095, "far out", vlan_domain=None)
    with LabLibreNMS(state) as server:
        manifest = reader.read(server)

    assert manifest.complete
    assert [r["ifName"] for r in reader.rows("ports", "port_id")][5:] == [*names, "odd"]
    row = next(r for r in reader.rows("ports") if r["port_id"] == odd["port_id"])
    assert (row["ifMtu"], row["ifSpeed"], row["ifPhysAddress"]) == (2147483647, 4294967295, "000000000000")
    assert (row["ifType"], row["ifVlan"], row["ifAdminStatus"]) == (None, "0", None)
    assert (14095, None) in {(r["vlan_vlan"], r["vlan_domain"]) for r in reader.rows("vlans")}


def test_numbers_may_be_strings_and_booleans_numbers(state: LibreNMSState, reader: Reader) -> None:
    state.ports[0] |= {"ifSpeed": "1000000000", "ifMtu": "1500", "ignore": "1", "disabled": True}
    state.ports[1] |= {"ifVlan": 20, "ignore": "false", "ifSpeed": "100000000.00"}
    state.devices[0] |= {"status": "0", "uptime": "86400", "ignore": True}
    with LabLibreNMS(state) as server:
        manifest = reader.read(server)

    assert manifest.complete
    first, second = reader.rows("ports", "port_id")[:2]
    assert (first["ifSpeed"], first["ifMtu"], first["ignore"], first["disabled"]) == (10**9, 1500, True, True)
    assert (second["ifVlan"], second["ignore"], second["ifSpeed"]) == ("20", False, 10**8)
    core = reader.rows("devices", "device_id")[0]
    assert (core["status"], core["uptime"], core["ignore"]) == (False, 86400, True)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("ifSpeed", "fast", "ifSpeed: 'fast' is not a number"),
        ("ifMtu", 2**63, f"ifMtu: {2**63} does not fit 64 bits"),
        ("ifAlias", {"a": 1}, "ifAlias: a dict is not text"),
        ("ignore", "maybe", "ignore: 'maybe' is neither true nor false"),
        ("ifIndex", 1.5, "ifIndex: 1.5 is not a whole number"),
    ],
)
def test_an_unreadable_row_is_kept_apart_and_its_device_is_incomplete(
    state: LibreNMSState, reader: Reader, column: str, value: object, reason: str
) -> None:
    state.ports[4][column] = value
    with LabLibreNMS(state) as server:
        manifest = reader.read(server)

    assert reader.column("ports", "port_id") == [1, 2, 3, 4]
    (rejected,) = reader.rows("rejected")
    assert (rejected["source_table"], rejected["row_key"], rejected["reason"]) == ("ports", "5", reason)
    assert not manifest.complete
    assert ("ports", "3") in reader.scopes()
    assert ("ports", "1") not in reader.scopes()


def test_a_text_that_is_no_address_is_stored_reported_and_has_no_canonical_form(
    state: LibreNMSState, reader: Reader
) -> None:
    state.add_ipv4(state.ports[1], "10.90.6", 24)
    with LabLibreNMS(state) as server:
        reader.read(server)
    stored = next(row for row in reader.rows("ip_addresses") if row["address"] == "10.90.6")
    assert stored["canonical"] is None
    (rejected,) = reader.rows("rejected")
    assert (rejected["source_table"], rejected["reason"]) == (
        "ip_addresses",
        "'10.90.6' is not an IP address",
    )
    assert reader.scopes() == {("ip_addresses", "1")}


def test_one_address_has_one_canonical_text(state: LibreNMSState, reader: Reader) -> None:
    port = state.ports[1]
    for text in ("2001:DB8:0:0::A", "::ffff:169.254.9.1", "fe80::1"):
        state.add_ipv6(port, text, 64)
    state.ipv6_addresses[-1] |= {"ipv6_address": "fe80::1%eth0"}
    with LabLibreNMS(state) as server:
        manifest = reader.read(server)
    assert manifest.complete
    canonical = reader.column("ip_addresses", "canonical")
    assert {"2001:db8::a", "::ffff:a9fe:901", "fe80::1"} <= set(canonical)


def test_a_port_has_all_its_memberships_or_none(state: LibreNMSState, reader: Reader) -> None:
    state.add_membership(state.ports[0], 30)["vlan"] = "trunk"
    with LabLibreNMS(state) as server:
        reader.read(server)
    assert reader.column("port_vlans", "port_id") == [2, 4]
    assert ("port_vlans", "1") in reader.scopes()
    assert ("port_vlans", "2") not in reader.scopes()


def test_the_old_names_of_port_stacking_are_understood(state: LibreNMSState, reader: Reader) -> None:
    state.add_stack(state.ports[2], state.ports[1])["low_port_id"] = None
    with LabLibreNMS(state, version="23.11.0") as server:
        reader.read(server)
    stacks = [(r["high_port_id"], r["low_port_id"]) for r in reader.rows("port_stack", "low_port_id")]
    assert stacks == [(3, 1), (3, None)]


def test_more_than_four_megabytes_of_ports_pass_row_by_row(state: LibreNMSState, reader: Reader) -> None:
    device = state.devices[2]
    for number in range(9000):
        state.add_port(device, f"port{number}]", port_id=1000 + number, ifIndex=100 + number)
    with LabLibreNMS(state) as server:
        server.fail_next(path_prefix="/ports", status="truncate")
        manifest = reader.read(server, timeout=60)
    # The answer that was cut off left nothing behind.
    assert (manifest.complete, manifest.row_counts["ports"]) == (True, 9005)
    assert len(set(reader.column("ports", "port_id"))) == 9005
