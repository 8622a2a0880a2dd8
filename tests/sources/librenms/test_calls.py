"""A snapshot asks for a whole installation at once, and device by device only for what no bulk call gives."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.sources.librenms.conftest import Reader

BULK = {
    "/system",
    "/devices",
    "/ports",
    "/resources/ip/addresses",
    "/resources/vlans",
    "/resources/links",
    "/resources/locations",
    "/routing/vrf",
}


def calls(server: LabLibreNMS) -> Counter[str]:
    """Paths below /api/v0 without the list of columns, and how often they were asked."""
    return Counter(
        re.sub(r"columns=[^&]*%2C[^&]*", "columns=...", target.removeprefix("/api/v0"))
        for target in server.targets
    )


def test_eight_bulk_calls_then_one_per_device_with_vlans_and_one_per_device_with_a_lag(
    state: LibreNMSState, reader: Reader
) -> None:
    with LabLibreNMS(state) as server:
        reader.read(server)
    assert calls(server) == Counter(
        [path for path in BULK if path != "/ports"]
        + [
            "/ports?columns=...",
            "/devices/1/ports?columns=port_id&with=vlans",
            "/devices/2/ports?columns=port_id&with=vlans",
            "/devices/1/port_stack",
        ]
    )


def test_only_the_stored_columns_of_a_port_are_asked_for(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        reader.read(server)
    (target,) = [t for t in server.targets if t.startswith("/api/v0/ports?")]
    assert target == (
        "/api/v0/ports?columns=port_id%2Cdevice_id%2CifIndex%2CifName%2CifDescr%2CifAlias%2CifType%2CifSpeed"
        "%2CifMtu%2CifPhysAddress%2CifAdminStatus%2CifOperStatus%2CifVlan%2CifTrunk%2CifVrf%2CifDuplex"
        "%2Cignore%2Cdisabled%2Cdeleted"
    )


def test_before_26_2_memberships_are_asked_of_trunk_ports_only(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state, version="25.12.0") as server:
        manifest = reader.read(server)
    assert {path for path in calls(server) if path.startswith("/ports/")} == {
        "/ports/1?with=vlans",
        "/ports/4?with=vlans",
    }
    assert [(r["port_id"], r["vlan"]) for r in reader.rows("port_vlans", "port_id, vlan")] == [
        (1, 10),
        (1, 20),
        (4, 20),
    ]
    assert reader.scopes() == {("tagged_vlans", "1"), ("tagged_vlans", "2")}
    assert manifest.reasons == [
        "LibreNMS 25.12.0 gives VLAN memberships port by port (26.2 and newer by device): "
        "only those of trunks were read"
    ]


def test_before_25_4_memberships_are_unknown_and_not_asked_for(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state, version="23.11.0") as server:
        manifest = reader.read(server)
    assert {path.partition("?")[0] for path in calls(server)} == {*BULK, "/devices/1/port_stack"}
    assert reader.rows("port_vlans") == []
    assert reader.scopes() == {("tagged_vlans", "*")}
    assert manifest.reasons == [
        "LibreNMS 23.11.0 gives no VLAN memberships (26.2 and newer do): "
        "the tagged VLANs of trunks are unknown"
    ]


@pytest.mark.parametrize(
    ("version", "said", "ports"),
    [
        ("26.7.0", "9f3c2ab", [1, 1, 2, 4]),
        ("26.2.0", "26.1.0-57-g1bd2f6d5a", [1, 1, 2, 4]),
        ("25.12.0", "", [1, 1, 4]),
        ("23.11.0", "master", []),
    ],
)
def test_what_a_version_does_not_tell_is_tried_out(
    state: LibreNMSState, reader: Reader, version: str, said: str, ports: list[int]
) -> None:
    with SaysVersion(state, version=version) as server:
        server.said = said
        manifest = reader.read(server)
    assert manifest.source_version == said
    assert reader.column("port_vlans", "port_id") == ports
    assert (("tagged_vlans", "*") in reader.scopes()) == (version == "23.11.0")


class SaysVersion(LabLibreNMS):
    """A LibreNMS of one release that names itself otherwise, as a git checkout does."""

    said = ""

    async def handle(self, request):  # type: ignore[no-untyped-def]
        answer = await super().handle(request)
        if request.url.path == "/api/v0/system":
            old = f'"local_ver": "{self.version}"'.encode()
            answer.body = answer.body.replace(old, f'"local_ver": "{self.said}"'.encode())
            answer.headers["content-length"] = str(len(answer.body))
        return answer


@pytest.mark.parametrize("version", ["26.7.0", "23.11.0"])
def test_ports_that_do_not_fit_the_servers_memory_are_read_device_by_device(
    state: LibreNMSState, reader: Reader, version: str
) -> None:
    state.add_device("bare.example.net")
    with LabLibreNMS(state, version=version) as server:
        whole = reader.read(server)
        expected = reader.rows("ports")
        server.php_memory_mb = 1
        server.reset_requests()
        manifest = reader.read(server)
    assert reader.rows("ports") == expected
    assert (manifest.complete, manifest.reasons) == (whole.complete, whole.reasons)
    assert {path for path in calls(server) if path.startswith("/devices/") and "..." in path} == {
        f"/devices/{device}/ports?columns=..." for device in (1, 2, 3, 4)
    }


def test_a_dropped_connection_on_the_port_list_is_answered_device_by_device(
    state: LibreNMSState, reader: Reader
) -> None:
    with LabLibreNMS(state) as server:
        server.fail_always(path_prefix="/ports", status="reset")
        manifest = reader.read(server)
    assert (manifest.complete, manifest.row_counts["ports"]) == (True, 5)


def test_no_more_calls_run_at_once_than_the_endpoint_allows(reader: Reader) -> None:
    lab = LibreNMSState()
    for number in range(12):
        device = lab.add_device(f"sw{number}.example.net")
        lab.add_membership(lab.add_port(device, "1"), 1, 1)
        lab.add_vlan(device, 1, "default")
    with CountsParallel(lab) as server:
        server.set_latency(0.05, path_prefix="/devices/")
        manifest = reader.read(server, fetch_max_concurrency=3)
    assert manifest.row_counts["port_vlans"] == 12
    assert server.most == 3


class CountsParallel(LabLibreNMS):
    """Remembers how many connections were open at once."""

    most = 0

    async def handle(self, request):  # type: ignore[no-untyped-def]
        self.most = max(self.most, len(self._transports))
        return await super().handle(request)


def test_the_address_may_be_given_with_or_without_the_api_path(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        for url in (server.url, server.url + "/", server.url + "/api/v0"):
            assert reader.read(url).row_counts["devices"] == 3
