"""A snapshot of one device: its rows are read, the others are those of the last snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.sources.librenms.conftest import Reader

TABLES = (
    *("devices", "ports", "port_vlans", "port_stack", "ip_addresses", "vlans", "links", "locations", "vrfs"),
    *("inventory", "transceivers"),
)


def everything(reader: Reader) -> dict[str, list[dict[str, Any]]]:
    return {table: reader.rows(table) for table in TABLES}


def test_it_has_the_same_rows_as_a_whole_snapshot(reader: Reader, state: LibreNMSState) -> None:
    for inventory in (False, True):
        with LabLibreNMS(state, 0) as server:
            whole = reader.read(server, inventory=inventory)
            before = everything(reader)
            server.requests.clear()
            part = reader.read(server, inventory=inventory, only="core.example.net")
        assert (part.only, part.complete, whole.only) == ("1", True, None)
        assert part.whole_started == whole.started
        assert everything(reader) == before
        # No call for another device, and none for all ports.
        assert {request.path for request in server.requests} & {
            "/api/v0/ports",
            "/api/v0/devices/2/ports",
            "/api/v0/resources/links",
        } == set()


def test_only_its_rows_change(reader: Reader, state: LibreNMSState) -> None:
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        state.ports[0]["ifAlias"] = state.ports[3]["ifAlias"] = "new"
        state.add_ipv4(state.ports[1], "10.9.9.9", 24)
        state.add_ipv4(state.ports[3], "10.9.9.8", 24)
        state.devices[0]["hostname"] = "core2"
        reader.read(server, only="core.example.net")
    assert [row["port_id"] for row in reader.rows("ports") if row["ifAlias"] == "new"] == [1]
    assert [address for address in reader.column("ip_addresses", "address") if "10.9" in address] == [
        "10.9.9.9"
    ]
    assert reader.column("devices", "hostname") == ["core2", "edge.example.net", "wall.example.net"]


def test_what_cannot_be_read_is_a_gap_of_the_device(
    reader: Reader, state: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.005)
    for path, scopes in (
        ("/devices/1/ports", {("ports", "1"), ("port_vlans", "1")}),
        ("/resources/ip/addresses", {("ip_addresses", "*")}),
        ("/resources/vlans", {("vlans", "1"), ("port_vlans", "1")}),
        ("/devices/1/links", {("links", "1")}),
        ("/routing/vrf", {("vrfs", "1")}),
        ("/devices/1/port_stack", {("port_stack", "1")}),
        ("/resources/locations", {("locations", "*")}),
    ):
        with LabLibreNMS(state, 0) as server:
            reader.read(server)
            server.fail_always(status=500, path_prefix=f"/api/v0{path}")
            part = reader.read(server, only="1")
            assert not part.complete, path
            assert scopes <= reader.scopes(), path
            # The gaps of a device end when it is read again.
            server.clear_faults()
            assert reader.read(server, only="1").complete or path == "/resources/ip/addresses", path
            assert reader.read(server).complete


def test_gaps_of_other_devices_stay(reader: Reader, state: LibreNMSState) -> None:
    with LabLibreNMS(state, 0) as server:
        server.fail_always(status=500, path_prefix="/api/v0/devices/2/ports")
        reader.read(server)
        assert ("port_vlans", "2") in reader.scopes()
        server.clear_faults()
        part = reader.read(server, only="1")
    assert not part.complete
    assert ("port_vlans", "2") in reader.scopes()


def test_a_removed_device_has_no_rows_and_a_hidden_one_is_a_gap(
    reader: Reader, state: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        server.add_token("few", role="user", devices=[1, 3])
        edge = state.devices.pop(1)
        part = reader.read(server, only="edge.example.net")
        assert (part.complete, reader.column("devices", "device_id")) == (True, [1, 3])
        assert {row["device_id"] for row in reader.rows("ports")} == {1, 3}
        state.devices.insert(1, edge)
        reader.read(server)
        monkeypatch.setenv("LIBRENMS_TOKEN", "few")
        assert not reader.read(server, only="edge.example.net").complete
        assert ("devices", "2") in reader.scopes()
