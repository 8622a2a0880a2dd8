"""Hosts that cannot be read, or only in part: a sentence, and nothing that looks deleted."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.docker.check import check_docker
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_lab.certs import LabCertificates, make_certificates
from netbox_sync_lab.docker import DockerState, LabDocker
from tests.sources.docker.conftest import Endpoint

Serve = Callable[..., Endpoint]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def tls(files: LabCertificates, **more: Any) -> dict[str, Any]:
    return {
        "ca": str(files.ca_path),
        "cert": str(files.client_certfile),
        "key": str(files.client_keyfile),
        **more,
    }


def failure(endpoint: Endpoint) -> str:
    """The sentence of a failed snapshot; what was current before still is."""
    folder = endpoint.warehouse.snapshots("docker", "docker1")
    try:
        before = endpoint.warehouse.manifest(folder)
    except WarehouseError:
        before = None
    with pytest.raises(ServerError) as caught:
        endpoint.snapshot()
    text = str(caught.value)
    assert text.startswith("endpoint 'docker1': ")
    assert "\n" not in text
    if before is not None:
        assert endpoint.warehouse.manifest(folder) == before
    assert '"ok":false' in (folder / "attempts.jsonl").read_text().splitlines()[-1]
    return text.removeprefix("endpoint 'docker1': ")


# -- sockets -------------------------------------------------------------------------------------


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


def test_a_socket_file(state: DockerState, serve: Serve, socket_path: Path) -> None:
    endpoint = serve(state, {"socket_path": socket_path})
    assert endpoint.config.url == f"unix://{socket_path}"
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT name FROM containers") == [("web",)]
    assert snapshot.manifest.complete


def test_no_socket_file(endpoint: Endpoint, socket_path: Path) -> None:
    text = failure(endpoint.changed(url=f"unix://{socket_path}"))
    assert text == f"there is no socket {socket_path}; check the url, and that the daemon is running"


def test_a_socket_file_that_nobody_listens_on(endpoint: Endpoint, socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(socket_path))
    text = failure(endpoint.changed(url=f"unix://{socket_path}"))
    assert text.startswith(f"the daemon does not answer on the socket {socket_path} (")
    assert text.endswith("); check that it is running")


_AS_NOBODY = """
import json, os, sys
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.docker.check import check_docker
endpoint = DockerEndpoint(name="docker1", kind="docker", url=sys.argv[1])
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(json.dumps([[check.ok, check.sentence] for check in check_docker(endpoint)]))
"""


def test_no_permission_on_the_socket(state: DockerState, serve: Serve, socket_path: Path) -> None:
    """As another user than root, whom nothing is forbidden."""
    serve(state, {"socket_path": socket_path})
    socket_path.chmod(0o000)
    for folder in [socket_path.parent, *socket_path.parents]:
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, f"unix://{socket_path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [
        [
            False,
            f"no permission to open the socket {socket_path}; run netbox-sync as a member of the socket's group "
            "(usually docker), or reach the daemon over https",
        ]
    ]


# -- TLS -----------------------------------------------------------------------------------------


def test_a_client_certificate(state: DockerState, serve: Serve, certificates: LabCertificates) -> None:
    server = {
        "certfile": certificates.certfile,
        "keyfile": certificates.keyfile,
        "client_ca": certificates.ca_path,
    }
    endpoint = serve(state, server, tls=tls(certificates))
    assert endpoint.snapshot().manifest.complete
    assert endpoint.changed(tls=tls(certificates, verify=False)).snapshot().manifest.complete
    names = [check.name for check in check_docker(endpoint.config)]
    assert names == ["reachable", "tls", "version", "rights: containers", "rights: networks", "rights: info"]

    without = endpoint.changed(tls={"ca": str(certificates.ca_path)})
    text = failure(without)
    assert text.startswith(f"TLS to {endpoint.lab.url} ")
    assert text.endswith("the daemon asks for a client certificate that it knows: set tls.cert and tls.key")
    assert [(check.name, check.ok) for check in check_docker(without.config)] == [
        ("reachable", True),
        ("tls", False),
    ]


def test_a_client_certificate_of_another_authority(
    state: DockerState, serve: Serve, certificates: LabCertificates, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other", common_name="Other CA")
    server = {
        "certfile": certificates.certfile,
        "keyfile": certificates.keyfile,
        "client_ca": certificates.ca_path,
    }
    endpoint = serve(state, server, tls=tls(other, ca=str(certificates.ca_path)))
    assert "asks for a client certificate that it knows: set tls.cert and tls.key" in failure(endpoint)


def test_an_unknown_certificate_authority(
    state: DockerState, serve: Serve, certificates: LabCertificates
) -> None:
    endpoint = serve(state, {"certfile": certificates.certfile, "keyfile": certificates.keyfile})
    text = failure(endpoint)
    assert "TLS to https://127.0.0.1:" in text
    assert "set tls.ca" in text


def test_a_key_that_is_none(endpoint: Endpoint, certificates: LabCertificates, tmp_path: Path) -> None:
    (tmp_path / "empty.key").write_text("nothing")
    text = failure(endpoint.changed(tls=tls(certificates, key=str(tmp_path / "empty.key"))))
    assert text.startswith("a file in tls.ca, tls.cert or tls.key cannot be used (")


def test_http_and_https_mixed_up(endpoint: Endpoint) -> None:
    url = endpoint.lab.url.replace("http:", "https:")
    text = failure(endpoint.changed(url=url))
    assert text == f"{url} does not speak TLS; write http:// or check the port (Docker's TLS port is 2376)"
    endpoint.lab.replace["/version"] = 400
    assert "GET /version answered 400" in failure(endpoint)


# -- the whole host ------------------------------------------------------------------------------


def test_a_daemon_that_is_down(endpoint: Endpoint) -> None:
    endpoint.snapshot()
    endpoint.lab.stop()
    text = failure(endpoint)
    assert f"cannot connect to {endpoint.lab.url}" in text


def test_a_daemon_that_goes_down_in_the_midst(endpoint: Endpoint, state: DockerState) -> None:
    endpoint.snapshot()

    def stop(text: str) -> None:
        if text.endswith("containers"):
            endpoint.lab.stop()

    with pytest.raises(ServerError, match=r"cannot connect to|connection to .* broke"):
        endpoint.snapshot(progress=stop)


@pytest.mark.parametrize("status", [502, 503, "reset", "truncate", "html200"])
def test_passing_faults_are_read_again(endpoint: Endpoint, status: int | str) -> None:
    endpoint.lab.fail_next(1, status=status, path_prefix="/v1.51/containers/json")
    endpoint.lab.fail_next(1, status=status, path_prefix="/v1.51/networks")
    assert endpoint.snapshot().manifest.complete


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("html200", "GET /version answered with a web page instead of JSON"),
        ("truncate", "connection to"),
        (500, "GET /version answered 500: a web page; the server's own log says why"),
    ],
)
def test_another_server(endpoint: Endpoint, status: int | str, sentence: str) -> None:
    endpoint.lab.fail_always(status=status)
    assert sentence in failure(endpoint)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({}, "GET /version names no ApiVersion; check that `url` is a Docker daemon's"),
        ([], "GET /version names no ApiVersion; check that `url` is a Docker daemon's"),
        (
            {"ApiVersion": "1.24"},
            "the daemon speaks API version 1.24 at most; 1.25 (Docker 1.13) is needed",
        ),
        (
            {"ApiVersion": "2.1", "MinAPIVersion": "2.0"},
            "the daemon speaks API version 2.0 at least, and this netbox-sync knows 1.55; a newer netbox-sync is needed",
        ),
    ],
)
def test_versions_that_do_not_match(endpoint: Endpoint, answer: Any, sentence: str) -> None:
    endpoint.lab.replace["/version"] = answer
    assert failure(endpoint) == sentence


@pytest.mark.parametrize("answer", [{}, "nothing", None])
def test_a_list_that_is_none(endpoint: Endpoint, answer: Any) -> None:
    endpoint.snapshot()
    endpoint.lab.replace["/containers/json"] = answer
    assert "something else than a list" in failure(endpoint)
    endpoint.lab.replace["/containers/json"] = 403
    assert failure(endpoint) == (
        "no permission for GET /v1.51/containers/json (403: refused); let the proxy or the authorization plugin "
        "before the daemon allow it"
    )


# -- parts of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        "text",
        None,
        {},
        {"Id": "c" * 64, "Names": [], "State": "running", "Image": "x"},
        {"Id": "c" * 64, "Names": ["/a", "/b"], "State": "running", "Image": "x"},
        {"Id": "c" * 64, "Names": ["/../../info?"], "State": "running", "Image": "x"},
        {"Id": "../info", "Names": ["/odd"], "State": "running", "Image": "x"},
        {"Id": "c" * 64, "Names": ["/odd"], "State": None, "Image": "x"},
        {"Id": "c" * 64, "Names": ["/web"], "State": "running", "Image": "x"},
    ],
)
def test_one_malformed_row_of_the_list(endpoint: Endpoint, state: DockerState, row: Any) -> None:
    state.odd_rows = [row]
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT name FROM containers") == [("web",)]
    assert [gap[:2] for gap in snapshot.gaps()] == [("containers", "*")]
    assert not snapshot.manifest.complete
    assert snapshot.sql("SELECT count(*) FROM rejected") == [(1,)]


def inspected(state: DockerState, lab: LabDocker, name: str, answer: Any) -> None:
    """Give the daemon another answer for one container."""
    lab.replace[f"/containers/{state.containers[name].id}/json"] = answer


@pytest.mark.parametrize("answer", [[], {}, "text", 500, 403])
def test_one_container_that_is_not_shown(endpoint: Endpoint, state: DockerState, answer: Any) -> None:
    state.add("db")
    inspected(state, endpoint.lab, "db", answer)
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT name, state, inspected, cpus FROM containers ORDER BY name") == [
        ("db", "running", False, None),
        ("web", "running", True, 0.0),
    ]
    assert [gap[:2] for gap in snapshot.gaps()] == [("container", "db")]
    assert not snapshot.manifest.complete


@pytest.mark.parametrize(
    "change",
    [
        {"HostConfig": None},
        {"State": {}},
        {"HostConfig": {"Memory": "much"}},
        {"NetworkSettings": {"Networks": {"front": {}}}},
        {"NetworkSettings": {"Networks": ["front"]}},
        {"Created": "yesterday"},
    ],
)
def test_one_container_that_is_malformed(
    endpoint: Endpoint, state: DockerState, change: dict[str, Any]
) -> None:
    from netbox_sync_lab.docker.answers import container

    state.add("db")
    inspected(state, endpoint.lab, "db", container(state, state.containers["db"]) | change)
    snapshot = endpoint.snapshot()
    assert snapshot.sql("SELECT name FROM containers") == [("web",)]
    assert snapshot.sql("SELECT source_table, row_key FROM rejected") == [("containers", "db")]
    assert [gap[:2] for gap in snapshot.gaps()] == [("container", "db")]


@pytest.mark.parametrize("field", ["MacAddress", "IPAddress", "GlobalIPv6Address"])
def test_one_address_that_is_none(endpoint: Endpoint, state: DockerState, field: str) -> None:
    from netbox_sync_lab.docker.answers import container

    answer = container(state, state.containers["web"])
    answer["NetworkSettings"]["Networks"]["front"][field] = "not-one"
    inspected(state, endpoint.lab, "web", answer)
    assert [gap[:2] for gap in endpoint.snapshot().gaps()] == [("container", "web")]


def test_what_a_proxy_before_the_daemon_does_not_let_through(endpoint: Endpoint) -> None:
    """The socket proxies that people put before Docker refuse whole sections."""
    endpoint.lab.replace |= {"/info": 403, "/networks": 403}
    snapshot = endpoint.snapshot()
    assert [gap[:2] for gap in snapshot.gaps()] == [("host", "*"), ("networks", "*")]
    assert snapshot.manifest.complete
    assert all(check.ok for check in check_docker(endpoint.config))

    needing = endpoint.changed(bridge_addresses=False)
    assert not needing.snapshot().manifest.complete
    assert [check.name for check in check_docker(needing.config) if not check.ok] == ["rights: networks"]
    text = failure(endpoint.changed(cluster_name="daemon"))
    assert text == "GET /info names no host; allow that call, or set cluster_name: endpoint"
