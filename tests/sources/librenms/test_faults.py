"""A fault costs what it hits and nothing else; what ends a read is said in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.responses import Response

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_lab.certs import make_certificates
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.sources.librenms.conftest import Reader

WHOLE = {
    "devices": 3,
    "ports": 5,
    "port_vlans": 4,
    "port_stack": 1,
    "ip_addresses": 3,
    "vlans": 4,
    "links": 2,
}


@pytest.mark.parametrize("kind", [500, 502, 503, 504, 429, "reset", "truncate", "html200"])
def test_a_passing_fault_changes_nothing(state: LibreNMSState, reader: Reader, kind: int | str) -> None:
    with LabLibreNMS(state) as server:
        for path in ("/ports", "/resources/vlans", "/devices/1/ports", "/devices/1/port_stack"):
            server.fail_next(path_prefix=path, status=kind)
        manifest = reader.read(server)
    assert (manifest.complete, manifest.reasons) == (True, [])
    assert {table: manifest.row_counts[table] for table in WHOLE} == WHOLE


def test_the_pause_that_a_server_asks_for_is_kept(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        server.fail_next(path_prefix="/devices", status=503, headers={"Retry-After": "0"})
        assert reader.read(server).complete


def test_a_device_that_fails_is_incomplete_and_the_others_are_whole(
    state: LibreNMSState, reader: Reader
) -> None:
    with LabLibreNMS(state) as server:
        server.fail_always(path_prefix="/devices/1/ports", status=500)
        server.fail_always(path_prefix="/devices/1/port_stack", status=404)
        manifest = reader.read(server)
    assert reader.scopes() == {("port_vlans", "1"), ("port_stack", "1")}
    assert manifest.reasons == [
        "the LAG members of a device could not be read: LibreNMS answered 404",
        "the VLAN memberships of a device could not be read: LibreNMS answered 500",
    ]
    assert reader.column("port_vlans", "device_id") == [2]
    assert manifest.row_counts["ports"] == 5


def test_a_device_whose_ports_fail_in_the_fall_back_is_incomplete(
    state: LibreNMSState, reader: Reader
) -> None:
    with LabLibreNMS(state, php_memory_mb=1) as server:
        server.fail_always(path_prefix="/devices/3/ports", status="html200")
        reader.read(server)
    assert reader.column("ports", "device_id") == [1, 1, 1, 2]
    assert ("ports", "3") in reader.scopes()
    assert ("ports", "1") not in reader.scopes()


def test_a_list_that_stays_broken_is_unknown_and_the_rest_is_read(
    state: LibreNMSState, reader: Reader
) -> None:
    with LabLibreNMS(state) as server:
        server.fail_always(path_prefix="/resources/links", status="truncate")
        manifest = reader.read(server)
    assert reader.scopes() == {("links", "*")}
    assert manifest.row_counts["links"] == 0
    assert manifest.row_counts["vlans"] == 4


def test_without_the_list_of_vlans_memberships_are_unknown(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        server.fail_always(path_prefix="/resources/vlans", status=400)
        reader.read(server)
    assert reader.scopes() == {("vlans", "*"), ("port_vlans", "*")}


def test_a_server_that_stops_answering_for_devices_is_not_asked_for_each(reader: Reader) -> None:
    lab = LibreNMSState()
    for number in range(60):
        device = lab.add_device(f"sw{number}.example.net")
        lab.add_port(device, "1")
        lab.add_vlan(device, 1, "default")
    with LabLibreNMS(lab) as server:
        server.fail_always(path_prefix="/devices/", status="reset")
        manifest = reader.read(server)
    asked = {request.path for request in server.requests if request.path.startswith("/api/v0/devices/")}
    assert len(asked) < 40
    assert ("port_vlans", "*") in reader.scopes()
    assert manifest.row_counts["ports"] == 60


def test_a_token_that_is_revoked_midway_ends_the_read(state: LibreNMSState, reader: Reader, changing) -> None:  # type: ignore[no-untyped-def]
    server = changing("/routing/vrf", lambda: server.revoke_token("lab-token"))
    with server, pytest.raises(ServerError) as caught:
        reader.read(server)
    assert caught.value.status == 401
    with pytest.raises(WarehouseError):
        _ = reader.current


def test_a_failed_read_leaves_the_last_snapshot_current(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        good = reader.read(server)
        server.fail_always(path_prefix="/devices", status="html200")
        with pytest.raises(ServerError) as caught:
            reader.read(server)
    assert str(caught.value) == (
        "endpoint 'paris': GET /devices answered with a web page instead of JSON; "
        "check that `url` is the API's base address"
    )
    assert reader.current.name == good.snapshot_id
    attempts = reader.warehouse.snapshots("librenms", "paris") / "attempts.jsonl"
    assert [json.loads(line)["ok"] for line in attempts.read_text().splitlines()] == [True, False]


def test_a_wrong_token_is_named_by_its_variable_not_by_its_value(
    state: LibreNMSState, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRENMS_TOKEN", "wrong-and-secret")
    with LabLibreNMS(state) as server, pytest.raises(ServerError) as caught:
        reader.read(server)
    assert len(server.requests) == 1
    assert "refused the token" in str(caught.value)
    assert "wrong-and-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "endpoint 'paris': set the environment variable LIBRENMS_TOKEN"),
        (
            "geheim\tß",
            "endpoint 'paris': the environment variable LIBRENMS_TOKEN holds no LibreNMS API token",
        ),
    ],
)
def test_a_token_that_cannot_be_sent_is_an_error_of_the_configuration(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, token: str, sentence: str
) -> None:
    monkeypatch.setenv("LIBRENMS_TOKEN", token)
    with pytest.raises(ServerError) as caught:
        reader.read("http://127.0.0.1:9")
    assert str(caught.value) == sentence


def test_an_unknown_certificate_authority_says_which_setting_helps(
    state: LibreNMSState, reader: Reader, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path / "certs")
    with LabLibreNMS(state, certfile=certificates.certfile, keyfile=certificates.keyfile) as server:
        with pytest.raises(ServerError, match=r"TLS to https://127.0.0.1:\d+ failed .*; set tls.ca"):
            reader.read(server)
        assert reader.read(server, tls={"ca": str(certificates.ca_path)}).complete


def test_another_web_server_is_told_from_a_librenms(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        with pytest.raises(ServerError, match=r"/wrong/api/v0/system answered 404; check that `url`"):
            reader.read(server.url + "/wrong")
        server.fail_always(path_prefix="/system", status="html200")
        with pytest.raises(ServerError, match="web page instead of JSON"):
            reader.read(server)


def test_nobody_there(reader: Reader) -> None:
    with pytest.raises(ServerError, match=r"cannot connect to http://127.0.0.1:9 .*; check the url"):
        reader.read("http://127.0.0.1:9")


class Rewrites(LabLibreNMS):
    """A LibreNMS whose answer to one path is altered on its way."""

    path = "/ports"
    old = b""
    new = b""

    async def handle(self, request):  # type: ignore[no-untyped-def]
        answer = await super().handle(request)
        if request.url.path == self.base_path + self.path:
            answer.body = answer.body.replace(self.old, self.new)
            answer.headers["content-length"] = str(len(answer.body))
        return answer


def test_a_long_answer_that_is_broken_in_its_middle_makes_nothing_current(
    state: LibreNMSState, reader: Reader
) -> None:
    for number in range(9000):
        state.add_port(state.devices[2], f"port{number}", port_id=1000 + number, ifIndex=100 + number)
    with Rewrites(state) as server:
        server.old, server.new = b'"port8000",', b'"port8000"'
        with pytest.raises(ServerError, match="GET /ports answered with broken JSON"):
            reader.read(server, timeout=60)
    with pytest.raises(WarehouseError):
        _ = reader.current


def test_an_answer_without_its_list_is_not_taken_as_empty(state: LibreNMSState, reader: Reader) -> None:
    with Rewrites(state) as server:
        server.path, server.old, server.new = "/resources/links", b'"links"', b'"lnks"'
        reader.read(server)
    assert reader.scopes() == {("links", "*")}


def test_a_device_list_without_its_list_ends_the_read(state: LibreNMSState, reader: Reader) -> None:
    with Rewrites(state) as server:
        server.path, server.old, server.new = "/devices", b'"devices"', b'"error"'
        with pytest.raises(ServerError, match="GET /devices answered without a list 'devices'"):
            reader.read(server)


class LacksColumn(LabLibreNMS):
    """A release whose ports have no ifDuplex."""

    async def handle(self, request):  # type: ignore[no-untyped-def]
        if "ifDuplex" in request.query_params.get("columns", ""):
            text = '{"status": "error", "message": "Invalid columns: ifDuplex"}'
            return Response(text, 400, media_type="application/json")
        return await super().handle(request)


def test_a_release_without_one_port_column_is_read_without_it(state: LibreNMSState, reader: Reader) -> None:
    with LacksColumn(state) as server:
        manifest = reader.read(server)
    assert manifest.row_counts["ports"] == 5
    assert manifest.reasons == ["this LibreNMS has no port columns ifDuplex"]
    assert reader.scopes() == {("ports", "*")}
