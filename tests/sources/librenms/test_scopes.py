"""What a snapshot does not show is no evidence: short, empty and changing answers are marked as such."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.sources.librenms.scopes import SCOPES
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.sources.librenms.conftest import Reader


@pytest.mark.parametrize("version", ["26.7.0", "25.12.0", "23.11.0"])
def test_a_token_of_some_devices_makes_the_installation_incomplete(
    state: LibreNMSState, reader: Reader, version: str
) -> None:
    with LabLibreNMS(state, version=version, restricted_to=[1]) as server:
        manifest = reader.read(server)
    assert reader.column("devices", "device_id") == [1]
    assert not manifest.complete
    assert ("installation", "*") in reader.scopes()
    (reason, *_) = [r["reason"] for r in reader.rows("scopes") if r["scope"] == "installation"]
    assert reason.startswith("the token sees only part of the installation (")
    assert reason.endswith("use a token of a user with the global-read role")


def test_hidden_ports_show_even_where_nothing_is_refused(reader: Reader) -> None:
    # No VLANs and no VRFs at all: no list answers 403, only the addresses of other devices tell.
    lab = LibreNMSState()
    ports = [lab.add_port(lab.add_device(f"r{n}.example.net"), "eth0") for n in range(3)]
    for number, port in enumerate(ports):
        lab.add_ipv4(port, f"192.0.2.{number}", 24)

    class NoLists(LabLibreNMS):
        async def handle(self, request):  # type: ignore[no-untyped-def]
            answer = await super().handle(request)
            if answer.status_code == 403 and "/ports" not in request.url.path:
                answer.status_code = 404
                answer.body = b'{"status": "error", "message": "VLANs do not exist"}'
                answer.headers["content-length"] = str(len(answer.body))
            return answer

    with NoLists(lab, restricted_to=[1, 2]) as server:
        reader.read(server)
    assert reader.scopes() == {("installation", "*")}
    assert reader.rows("scopes")[0]["reason"] == (
        "the token sees only part of the installation (1 of 3 addresses are on ports it does not see); "
        "use a token of a user with the global-read role"
    )


@pytest.mark.parametrize("php_memory_mb", [None, 1])
def test_addresses_of_deleted_ports_are_normal(
    state: LibreNMSState, reader: Reader, php_memory_mb: int | None
) -> None:
    """Also where the ports are read device by device, after the addresses."""
    state.ports[4]["deleted"] = 1
    with LabLibreNMS(state, php_memory_mb=php_memory_mb) as server:
        manifest = reader.read(server)
    assert (manifest.complete, manifest.row_counts["ports"], manifest.row_counts["ip_addresses"]) == (
        True,
        4,
        3,
    )


def test_an_empty_installation_is_read_and_is_no_evidence(reader: Reader) -> None:
    with LabLibreNMS(LibreNMSState()) as server:
        manifest = reader.read(server)
    assert manifest.row_counts["devices"] == 0
    assert reader.scopes() == {("installation", "*")}
    assert manifest.reasons == [
        "LibreNMS shows no device at all; an empty answer does not prove that anything was removed"
    ]


def test_a_device_added_between_two_calls_is_read_with_its_ports(
    state: LibreNMSState, reader: Reader, changing
) -> None:  # type: ignore[no-untyped-def]
    def add() -> None:
        device = state.add_device("new.example.net")
        state.add_vlan(device, 10, "users")
        port = state.add_port(device, "eth0", ifVlan="10")
        state.add_membership(port, 10, 1)
        state.add_ipv4(port, "198.51.100.1", 24)

    with changing("/devices", add) as server:
        manifest = reader.read(server)
    assert (manifest.complete, manifest.reasons) == (True, [])
    assert reader.column("devices", "device_id") == [1, 2, 3, 4]
    assert reader.column("ports", "port_id") == [1, 2, 3, 4, 5, 6]
    assert reader.column("port_vlans", "port_id") == [1, 1, 2, 4, 6]


def test_a_device_deleted_between_two_calls_marks_what_was_read_of_it(
    state: LibreNMSState, reader: Reader, changing
) -> None:  # type: ignore[no-untyped-def]
    with changing("/ports", lambda: state.delete_device(2)) as server:
        manifest = reader.read(server)
    assert reader.column("devices", "device_id") == [1, 3]
    assert reader.scopes() == {("ports", "2")}
    assert not manifest.complete


def test_a_port_added_between_two_calls_is_read(state: LibreNMSState, reader: Reader, changing) -> None:  # type: ignore[no-untyped-def]
    def add() -> None:
        state.add_ipv4(state.add_port(state.devices[2], "wan2"), "198.51.100.1", 24)

    with changing("/ports", add) as server:
        manifest = reader.read(server)
    assert (manifest.complete, manifest.row_counts["ports"]) == (True, 6)


def test_a_port_deleted_before_its_memberships_were_read_leaves_them_unknown(
    state: LibreNMSState, reader: Reader, changing
) -> None:  # type: ignore[no-untyped-def]
    with changing("/routing/vrf", lambda: state.delete_port(state.ports[1])) as server:
        reader.read(server)
    assert reader.scopes() == {("port_vlans", "1")}


def test_a_device_deleted_before_its_lag_was_read_is_not_a_lag_without_members(
    reader: Reader, changing, state: LibreNMSState
) -> None:  # type: ignore[no-untyped-def]
    state.vlans.clear()
    with changing("/routing/vrf", lambda: state.delete_device(1)) as server:
        reader.read(server)
    assert reader.rows("port_stack") == []
    assert reader.scopes() == {("port_stack", "1")}


def test_a_device_deleted_during_the_fall_back_has_not_lost_its_ports(
    reader: Reader, changing, state: LibreNMSState
) -> None:  # type: ignore[no-untyped-def]
    with changing("/routing/vrf", lambda: state.delete_device(3), php_memory_mb=1) as server:
        reader.read(server)
    assert ("ports", "3") in reader.scopes()


def test_a_device_that_cannot_be_read_is_not_gone(state: LibreNMSState, reader: Reader) -> None:
    state.devices[1]["location_id"] = "Paris, third floor"
    with LabLibreNMS(state) as server:
        reader.read(server)
    assert reader.column("devices", "device_id") == [1, 3]
    assert ("devices", "2") in reader.scopes()
    assert [row["row_key"] for row in reader.rows("rejected")] == ["2"]


def test_a_shrunken_answer_is_marked_unless_somebody_says_that_it_is_right(reader: Reader) -> None:
    lab = LibreNMSState()
    devices = [lab.add_device(f"r{number}.example.net") for number in range(20)]
    with LabLibreNMS(lab) as server:
        assert reader.read(server).complete
        for device in devices[5:]:
            lab.delete_device(device)
        reader.read(server)
        assert reader.scopes() == {("table", "devices")}


def test_every_scope_that_is_used_is_explained(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state, version="23.11.0", restricted_to=[1]) as server:
        reader.read(server)
    assert {scope for scope, _ in reader.scopes()} <= SCOPES.keys()
