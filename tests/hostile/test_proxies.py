"""What the environment says about proxies and passwords: credentials go to the configured host and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_lab.certs import LabCertificates
from tests.hostile.clients import CANARIES, CLIENTS
from tests.hostile.server import Asked, HostileServer, answer

OVER_HTTP = ["librenms", "docker", "netbox", "netbox to write"]
VERSIONS = b'{"system": [{"local_ver": "25.10"}], "ApiVersion": "1.41", "netbox-version": "4.6.8"}'


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize("client", OVER_HTTP)
def test_no_proxy_gets_credentials_in_plain_text(
    client: str, variable: str, certificates: LabCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileServer(answer(VERSIONS)) as proxy, HostileServer(answer(VERSIONS)) as server:
        monkeypatch.setenv(variable, proxy.url)
        CLIENTS[client](server.url, certificates)
        assert (len(server.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize("client", ["proxmox", "proxmox by password"])
def test_a_proxy_for_https_sees_a_host_and_no_credential(
    client: str, certificates: LabCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        HostileServer(answer(status="307 Moved", headers=("Location: http://127.0.0.1:9/",))) as proxy,
        HostileServer(answer(), certificates=certificates) as server,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://user:canary5proxy5password@"))
        with pytest.raises(ServerError) as caught:
            CLIENTS[client](server.url, certificates)
        assert "the proxy of HTTPS_PROXY did not let the request through" in str(caught.value)
        assert "canary5proxy5password" not in str(caught.value)
        assert {asked.method for asked in proxy.asked} == {"CONNECT"}
        assert not [
            word for word in CANARIES if any(word in asked.head + asked.body for asked in proxy.asked)
        ]
        assert server.asked == []


def test_no_proxy_names_hosts_that_are_asked_directly(
    certificates: LabCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        HostileServer(answer()) as proxy,
        HostileServer(answer(b'{"data": {"version": "9.1"}}'), certificates=certificates) as server,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        CLIENTS["proxmox"](server.url, certificates)
        assert (len(server.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://127.0.0.1:9", "http://"])
def test_a_proxy_that_cannot_be_used_is_one_sentence(
    proxy: str, certificates: LabCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ServerError, match="the environment variable HTTPS_PROXY"):
        CLIENTS["proxmox"]("https://127.0.0.1:9", certificates)


@pytest.mark.parametrize("client", CLIENTS)
def test_netrc_is_never_read(
    client: str, certificates: LabCertificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrcuser password canary5netrc5password\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    def refuse(asked: Asked) -> Iterator[bytes]:
        challenge = ("WWW-Authenticate: Basic realm=x",)
        yield from answer(status="401 Unauthorized", headers=challenge)(asked)

    secure = client.startswith("proxmox")
    path = tmp_path / "d.sock" if client.endswith("socket") else None
    with HostileServer(refuse, certificates=certificates if secure else None, path=path) as server:
        with pytest.raises(ServerError):
            CLIENTS[client](server.url, certificates)
        assert server.asked
        assert not [asked for asked in server.asked if "basic" in asked.head.lower()]


def test_a_cookie_of_a_server_is_not_sent_back(certificates: LabCertificates) -> None:
    from netbox_sync_dagster.sources.netbox.client import NetBox
    from tests.hostile.clients import netbox

    body = b'{"netbox-version": "4.6.8"}'
    with (
        HostileServer(answer(body, headers=("Set-Cookie: sessionid=abc; Path=/",))) as server,
        NetBox(netbox(server.url)) as client,
    ):
        client.open()
        client.open()
        assert not [asked for asked in server.asked if "cookie" in asked.head.lower()]
