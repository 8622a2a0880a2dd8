"""pynetbox sends through this product's client: its limits, its errors, one server, no write without a guard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.api import listed, netbox_api
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_lab.certs import make_certificates
from netbox_sync_lab.netbox import LabNetBox
from tests.hostile.server import HostileServer, answer
from tests.lies import lying

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)


@pytest.fixture
def server() -> Iterator[LabNetBox]:
    with LabNetBox(token=TOKEN) as netbox:
        yield netbox


def opened(url: str, **more: Any) -> NetBox:
    return NetBox(NetBoxTarget.model_validate({"url": url, **more}))


def test_it_reads_with_the_clients_token_and_below_a_path(server: LabNetBox) -> None:
    with opened(server.url) as netbox:
        assert netbox.api.status()["netbox-version"] == "4.6.8"
        netbox.api.extras.tags.create({"name": "a", "slug": "a"})
        assert [tag["slug"] for tag in listed(netbox.http, netbox.api.extras.tags)] == ["a"]
        # pynetbox itself knows no token.
        assert netbox.api.token is None
        assert netbox.http.calls == 3


def test_a_list_is_read_to_its_end_whatever_a_page_holds(
    server: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netbox_sync_dagster.sources.netbox.api._PAGE", 2)
    with opened(server.url) as netbox:
        for name in "abcde":
            netbox.api.extras.tags.create({"name": name, "slug": name})
        assert [tag["slug"] for tag in listed(netbox.http, netbox.api.extras.tags)] == list("abcde")


def test_the_next_page_is_asked_of_the_configured_server_alone(server: LabNetBox) -> None:
    def lie(path: str, content: Any) -> Any:
        if isinstance(content, dict) and "results" in content:
            return {**content, "count": 2, "next": "http://127.0.0.1:9/api/extras/tags/?offset=1"}
        return None

    with lying(LabNetBox, lie=lie, token=TOKEN) as liar, opened(liar.url) as netbox:
        netbox.api.extras.tags.create({"name": "a", "slug": "a"})
        assert [tag["slug"] for tag in listed(netbox.http, netbox.api.extras.tags)] == ["a"]
        # pynetbox's own way of going on is refused.
        with pytest.raises(ServerError) as caught:
            list(netbox.api.extras.tags.all(limit=1))
    assert "which is not below" in str(caught.value)
    assert "nothing was sent there" in str(caught.value)


def test_a_list_without_an_end_is_an_error(server: LabNetBox) -> None:
    def lie(path: str, content: Any) -> Any:
        return {**content, "count": 10**9, "results": [{"id": 1}] * 600} if "results" in content else None

    with (
        lying(LabNetBox, lie=lie, token=TOKEN) as liar,
        opened(liar.url, limits={"rows": 1000}) as netbox,
        pytest.raises(ServerError, match="answered more than 1000 rows"),
    ):
        listed(netbox.http, netbox.api.extras.tags)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_no_redirect_is_followed(server: LabNetBox, status: str) -> None:
    moved = answer(status=status, headers=(f"Location: {server.url}/api/status/",))
    with (
        HostileServer(moved) as hostile,
        opened(hostile.url) as netbox,
        pytest.raises(ServerError, match="was redirected to"),
    ):
        netbox.api.status()
    assert server.requests == []


def test_errors_are_sentences_that_say_whether_to_try_again(server: LabNetBox) -> None:
    server.fail_next(2, status=503)
    with opened(server.url) as netbox:
        netbox.http.attempts = 2
        with pytest.raises(ServerError) as caught:
            netbox.api.status()
        assert caught.value.retryable and caught.value.status == 503
        netbox.http.http.headers["Authorization"] = "Token wrong"
        with pytest.raises(ServerError) as caught:
            netbox.api.users.permissions.filter(enabled="true").__next__()
    assert not caught.value.retryable
    assert TOKEN not in str(caught.value)


def test_certificates_are_checked_by_the_configuration(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    with LabNetBox(token=TOKEN, certfile=files.certfile, keyfile=files.keyfile) as server:
        with opened(server.url) as netbox, pytest.raises(ServerError, match=r"set tls\.ca"):
            netbox.api.status()
        with opened(server.url, tls={"ca": str(files.ca_path)}) as netbox:
            assert netbox.api.status()["netbox-version"] == "4.6.8"


def test_it_can_neither_write_unguarded_nor_send_past_the_client(server: LabNetBox) -> None:
    with opened(server.url) as netbox:
        made = netbox.api.extras.tags.create({"name": "a", "slug": "a"})
        made.name = "b"
        with pytest.raises(NotImplementedError, match="changes are guarded"):
            made.save()
        with pytest.raises(NotImplementedError, match="changes are guarded"):
            made.delete()
        session = netbox.api.http_session
        assert isinstance(session, requests.Session)
        with pytest.raises(requests.exceptions.InvalidSchema):
            session.send(requests.Request("GET", server.url).prepare())


def test_a_post_is_sent_once(server: LabNetBox) -> None:
    with opened(server.url) as netbox:
        server.fail_next(status=503)
        with pytest.raises(ServerError):
            netbox.api.extras.journal_entries.create([{"comments": "x"}])
        assert netbox.http.calls == 1


def test_a_path_before_the_api_is_kept() -> None:
    asked = []

    class Client(JsonClient):
        def get(self, path: str, params: Any = None, *, attempts: int | None = None) -> Any:
            asked.append(path)
            return {"netbox-version": "4.6.8"}

    target = NetBoxTarget.model_validate({"url": "http://127.0.0.1:9/netbox"})
    with Client("netbox", target, base_url=target.base_url, concurrency=1) as client:
        netbox_api(client).status()
    assert asked == ["/api/status/"]
