"""The faults that a lab server can simulate, as a client sees them; HTTPS with a private CA."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from netbox_sync_lab.certs import make_certificates
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState

HEADERS = {"X-Auth-Token": "lab-token"}


@pytest.fixture
def server() -> Iterator[LabLibreNMS]:
    state = LibreNMSState()
    state.add_port(state.add_device("sw1"), "Gi0/1")
    with LabLibreNMS(state) as running:
        yield running


def ports(server: LabLibreNMS, timeout: float = 5) -> httpx.Response:
    return httpx.get(f"{server.url}/api/v0/ports", headers=HEADERS, timeout=timeout)


def test_the_next_requests_below_a_path_fail(server: LabLibreNMS) -> None:
    server.fail_next(2, status=502, path_prefix="/api/v0/ports")

    devices = httpx.get(f"{server.url}/api/v0/devices", headers=HEADERS)

    assert devices.status_code == 200
    assert [ports(server).status_code for _ in range(3)] == [502, 502, 200]
    assert ports(server).json()["ports"] == [{"port_id": 1, "ifName": "Gi0/1"}]


def test_the_base_path_may_be_left_out_and_a_star_matches(server: LabLibreNMS) -> None:
    server.fail_next(1, status=503, path_prefix="/devices/*/port_stack", headers={"Retry-After": "2"})
    assert ports(server).status_code == 200
    answer = httpx.get(f"{server.url}/api/v0/devices/1/port_stack", headers=HEADERS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_lasting_fault_ends_when_it_is_cleared(server: LabLibreNMS) -> None:
    server.fail_always(status=500, path_prefix="/ports")
    assert [ports(server).status_code for _ in range(3)] == [500, 500, 500]
    server.clear_faults()
    assert ports(server).status_code == 200


def test_reset_drops_the_connection(server: LabLibreNMS) -> None:
    server.fail_next(1, status="reset")
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        ports(server)
    assert server.requests == [("GET", "/api/v0/ports", 0)]


def test_truncate_sends_half_of_what_was_announced(server: LabLibreNMS) -> None:
    server.fail_next(1, status="truncate")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        ports(server)


def test_html200_is_a_login_page(server: LabLibreNMS) -> None:
    server.fail_next(1, status="html200")
    answer = ports(server)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Please log in." in answer.text


def test_hang_never_answers_and_does_not_hold_up_the_stop(server: LabLibreNMS) -> None:
    server.fail_next(1, status="hang")
    with pytest.raises(httpx.ReadTimeout):
        ports(server, timeout=0.2)
    assert ports(server).status_code == 200
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 3


def test_latency_delays_one_path(server: LabLibreNMS) -> None:
    server.set_latency(0.3, path_prefix="/ports")
    started = time.monotonic()
    assert ports(server).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_an_unknown_fault_is_refused(server: LabLibreNMS) -> None:
    with pytest.raises(ValueError, match="reset, truncate, html200, hang, not 'explode'"):
        server.fail_next(1, status="explode")


def test_https_is_trusted_through_its_ca_and_not_without(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    with LabLibreNMS(LibreNMSState(), certfile=files.certfile, keyfile=files.keyfile) as server:
        assert server.url.startswith("https://127.0.0.1:")
        strict = ssl.create_default_context(cafile=str(files.ca_path))
        strict.verify_flags |= ssl.VERIFY_X509_STRICT
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{server.port}/api/v0/system"
            assert httpx.get(url, headers=HEADERS, verify=strict).status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{server.url}/api/v0/system", headers=HEADERS)
    assert oct(files.keyfile.stat().st_mode)[-3:] == "600"


def test_a_taken_port_is_an_error() -> None:
    with LabLibreNMS(LibreNMSState()) as first, pytest.raises(OSError, match="in use"):
        LabLibreNMS(LibreNMSState(), port=first.port).start()
