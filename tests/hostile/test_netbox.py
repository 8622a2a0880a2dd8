"""A NetBox without manners: pages without end, and answers to writes that nobody can use."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_dagster.apply.client import Answer, NetBoxWriter
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage import Warehouse
from tests.hostile.behaviours import BEHAVIOURS
from tests.hostile.clients import CANARIES, IMPATIENT, LIMITS, SECRETS, netbox
from tests.hostile.server import Asked, Behaviour, HostileServer, answer, routes

STATUS = json.dumps({"netbox-version": "4.6.8", "plugins": {}}).encode()


def written(behaviour: Behaviour, **more: Any) -> Answer:
    """What a write of one site comes back as."""
    with HostileServer(behaviour) as server, NetBoxWriter(netbox(server.url, **more)) as writer:
        began = time.monotonic()
        found = writer.write("POST", "dcim/sites", [{"name": "hq", "slug": "hq"}])
        assert time.monotonic() - began < 8
        assert len(server.asked) == 1
    assert not [word for word in CANARIES if word in repr(found)]
    return found


@pytest.mark.parametrize(
    ("name", "timed_out", "said"),
    [
        ("silence", True, "NetBox did not answer in time"),
        ("drip of the body", True, "NetBox did not answer in time"),
        ("drip of headers", True, "NetBox did not answer in time"),
        ("endless body", False, "NetBox answered more than 1 MiB"),
        ("gzip bomb", False, "NetBox answered more than 1 MiB"),
        ("less than the length says", False, "the connection to NetBox broke"),
        ("brotli", False, "the connection to NetBox broke"),
        ("not HTTP", False, "the connection to NetBox broke"),
        ("reset", False, "the connection to NetBox broke"),
    ],
)
def test_whether_a_write_arrived_is_not_known(name: str, timed_out: bool, said: str) -> None:
    found = written(BEHAVIOURS[name][0], **(IMPATIENT if timed_out else {}))

    assert (found.kind, found.timed_out) == ("doubt", timed_out)
    assert said in found.message


def test_a_write_does_not_follow_a_redirect() -> None:
    with HostileServer(answer(b"[]", status="201 Created")) as other:
        found = written(answer(status="307 Moved", headers=(f"Location: {other.url}/api/dcim/sites/",)))
        assert other.asked == []
        where = other.url
    assert found.kind == "refused"
    assert found.message.startswith(f"POST was redirected to {where}/api/dcim/sites/; nothing was sent there")


def test_what_netbox_repeats_of_the_token_is_masked_in_the_ledgers_message() -> None:
    def echo(asked: Asked) -> Iterator[bytes]:
        body = json.dumps({"detail": f"bad: {asked.head}"}).encode()
        yield from answer(
            body, status="400 Bad Request", headers=(f"X-Request-ID: {SECRETS['NETBOX_TOKEN']}",)
        )(asked)

    found = written(echo)

    assert found.kind == "refused"
    assert "Authorization: Bearer ***" in found.message


@pytest.mark.parametrize("value", ["x" * 5_000, "a b", "<script>", "\x1b[31m"])
def test_a_request_id_that_is_none_is_not_kept(value: str) -> None:
    found = written(answer(b"[]", status="201 Created", headers=(f"X-Request-ID: {value}",)))
    assert (found.kind, found.request_id) == ("ok", None)


def test_an_error_within_errors_within_errors() -> None:
    found = written(answer(b'{"a":' * 900 + b"1" + b"}" * 900, status="400 Bad Request"))
    assert found.kind == "refused"
    assert found.message.endswith("...")


def test_a_list_whose_pages_do_not_end() -> None:
    numbers = itertools.count(1)

    def page(asked: Asked) -> Iterator[bytes]:
        rows = [{"id": next(numbers)} for _ in range(100)]
        yield from answer(json.dumps({"next": "more", "results": rows}).encode())(asked)

    target = {"limits": {**LIMITS, "rows": 1_000}}
    with HostileServer(page) as server, NetBoxWriter(netbox(server.url, **target)) as writer:
        with pytest.raises(ServerError, match=r"/api/dcim/sites/ answered more than 1000 rows"):
            list(writer.rows("dcim/sites", []))
        assert len(server.asked) == 11


def test_a_snapshot_whose_pages_do_not_end_ends_by_its_limit(tmp_path) -> None:
    numbers = itertools.count(1)

    def page(asked: Asked) -> Iterator[bytes]:
        rows = [{"id": next(numbers), "name": "x" * 200_000, "last_updated": None} for _ in range(2)]
        yield from answer(json.dumps({"count": 9, "next": "more", "results": rows}).encode())(asked)

    behaviour = routes(
        {
            "/api/status/": STATUS,
            "/api/core/background-workers/": answer(status="403 No"),
            "/api/authentication-check/": answer(status="404 No"),
        },
        page,
    )
    limits = {**LIMITS, "snapshot_mib": 4, "answer_seconds": 10}
    with HostileServer(behaviour) as server:
        with pytest.raises(ServerError, match="hold more than 4 MiB"):
            snapshot_netbox(netbox(server.url, timeout=5, limits=limits), Warehouse(tmp_path))
        assert len(server.asked) < 30
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("name", ["gzip bomb", "endless body", "drip of the body", "JSON 100,000 deep"])
def test_graphql_is_bounded_like_rest(name: str) -> None:
    behaviour, said = BEHAVIOURS[name]
    with (
        HostileServer(routes({"/api/status/": STATUS, "/graphql/": behaviour})) as server,
        NetBox(netbox(server.url, **(IMPATIENT if "drip" in name else {}))) as client,
    ):
        client.open()
        with pytest.raises(ServerError, match=said):
            client.graphql("{ site_list { id } }")


def test_a_token_that_no_header_can_hold_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", "canary-tökén\nof two lines")
    with pytest.raises(ServerError) as caught:
        NetBox(netbox("http://127.0.0.1:9"))
    assert str(caught.value) == "netbox: the credential holds characters that no credential has; set it again"
    assert SECRETS["NETBOX_TOKEN"] not in str(caught.value)
