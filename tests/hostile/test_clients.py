"""Every client against every bad manner: one sentence, soon, without a credential in it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from netbox_sync_dagster.config.limits import Limits
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_lab.certs import LabCertificates
from tests.hostile.behaviours import BEHAVIOURS, RETRY_AFTER
from tests.hostile.clients import CANARIES, CLIENTS, IMPATIENT, SECRETS, SMALL, netbox, serve
from tests.hostile.server import Behaviour, HostileServer, answer

# All tries of one call: four that are silent for 0.5 seconds, or one that takes a whole second; and a busy machine.
SOON = 10


# What takes its whole second is done to one client of each kind of connection.
TAKES_TIME = re.compile("silence|drip|100 Continue|103 Early")
OF_EACH_KIND = ("librenms", "proxmox by password", "docker by socket")


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sentence(client: str, server: HostileServer, certificates: LabCertificates, **more: Any) -> str:
    """What the client says of its first call."""
    began = time.monotonic()
    with pytest.raises(ServerError) as caught:
        CLIENTS[client](server.url, certificates, **more)
    text = str(caught.value)
    assert time.monotonic() - began < SOON, text
    assert "\n" not in text and len(text) < 700
    assert not [word for word in CANARIES if word in text]
    return text


@pytest.mark.parametrize(
    ("name", "client"),
    [
        (name, one)
        for name in BEHAVIOURS
        for one in CLIENTS
        if one in OF_EACH_KIND or not TAKES_TIME.search(name)
    ],
)
def test_a_bad_answer_is_one_sentence_soon(
    name: str, client: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    behaviour, said = BEHAVIOURS[name]
    settings = IMPATIENT if TAKES_TIME.search(name) else SMALL
    with serve(client, behaviour, certificates, tmp_path) as server:
        text = sentence(client, server, certificates, **settings)
    assert re.search(said, text), text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_follows_a_redirect(
    status: int, client: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    """The other host gets no request at all, so neither password nor ticket nor token; what it would have
    answered is not believed."""
    with HostileServer(answer(b'{"data": {"version": "9.1"}, "netbox-version": "4.6.8"}')) as other:
        moved = answer(status=f"{status} Moved", headers=(f"Location: {other.url}/elsewhere",))
        with serve(client, moved, certificates, tmp_path) as server:
            text = sentence(client, server, certificates)
        assert f"was redirected to {other.url}/elsewhere; nothing was sent there; set `url` to that" in text
        assert other.asked == []


@pytest.mark.parametrize("target", ["", "http://[", "//", "x" * 5_000, "javascript:alert(1)"])
def test_a_redirect_to_nowhere_is_one_sentence(
    target: str, client: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    moved = answer(status="302 Found", headers=(f"Location: {target}",))
    with serve(client, moved, certificates, tmp_path) as server:
        assert "was redirected to" in sentence(client, server, certificates)


def echo(status: str) -> Behaviour:
    """Everything that a server was sent, in an error: its page for developers."""

    def behave(asked):
        words = f"{asked.head}\n{asked.body}".replace('"', "'")
        yield from answer(words.encode("latin-1"), status=f"{status} {' '.join(words.split())[:300]}")(asked)

    return behave


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "500", "502", "200"])
def test_what_a_server_repeats_of_our_credentials_is_masked(
    status: str, client: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    with serve(client, echo(status), certificates, tmp_path) as server:
        sentence(client, server, certificates)
        if not client.startswith("docker"):
            heads = " ".join(asked.head + asked.body for asked in server.asked)
            assert any(
                word in heads for word in (*SECRETS.values(), "canary5+pve%2Fpassword%2Bwith+%C3%BCnusual")
            )


@pytest.mark.parametrize("value", RETRY_AFTER, ids=lambda value: value[:20] or "empty")
@pytest.mark.parametrize("client", ["librenms", "proxmox"])
def test_any_retry_after_is_a_short_wait(
    value: str, client: str, certificates: LabCertificates, tmp_path: Path
) -> None:
    busy = answer(status="503 Busy", headers=(f"Retry-After: {value}",))
    with serve(client, busy, certificates, tmp_path) as server:
        assert "503" in sentence(client, server, certificates)
        assert len(server.asked) == 4


def test_a_byte_order_mark_is_no_fault(certificates: LabCertificates) -> None:
    with HostileServer(answer(b'\xef\xbb\xbf{"netbox-version": "4.6.8"}')) as server:
        CLIENTS["netbox"](server.url, certificates)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"answer_seconds": 0}, "answer_seconds"),
        ({"answer_seconds": float("nan")}, "answer_seconds"),
        ({"answer_seconds": float("inf")}, "answer_seconds"),
        ({"answer_mib": 0}, "answer_mib"),
        ({"list_mib": 1e300}, "list_mib"),
        ({"snapshot_seconds": "soon"}, "snapshot_seconds"),
        ({"rows": -1}, "rows"),
        ({"megabytes": 1}, "megabytes"),
    ],
)
def test_a_limit_that_is_none_is_a_configuration_error(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Limits.model_validate(given)


def test_the_time_of_an_answer_follows_from_the_timeout() -> None:
    assert netbox("http://127.0.0.1:9", timeout=60, limits={}).answer_seconds == 900
    assert netbox("http://127.0.0.1:9", timeout=3, limits={}).answer_seconds == 45
    assert netbox("http://127.0.0.1:9", timeout=3, limits={"answer_seconds": 7}).answer_seconds == 7
