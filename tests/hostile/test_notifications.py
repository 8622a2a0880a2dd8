"""Webhooks and mail servers without manners: one sentence, soon, without the URL or the password in it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from netbox_sync_dagster.config.notifications import EmailChannel, WebhookChannel
from netbox_sync_dagster.notify.channels import NotSent, Uncertain, send
from netbox_sync_dagster.notify.notices import Notice
from tests.hostile.behaviours import BEHAVIOURS
from tests.hostile.server import Behaviour, HostileServer, answer

PATH = "/services/T0CANARY5/B0CANARY5/canary5webhook5secret"
NOTICES = [Notice("failure", "paris", "paris: unreachable", ())]
CHANNEL = WebhookChannel(kind="webhook", name="ops", url_env="HOOK", timeout=0.2)


def posted(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> Exception | None:
    """The error of one message; None if it arrived."""
    with HostileServer(behaviour) as server:
        monkeypatch.setenv("HOOK", server.url + PATH)
        began = time.monotonic()
        failure: Exception | None = None
        try:
            send(CHANNEL, NOTICES)
        except (NotSent, Uncertain) as error:
            failure = error
        assert time.monotonic() - began < 5
        assert "canary5" not in str(failure).lower()
        assert len(server.asked) == 1
    return failure


@pytest.mark.parametrize(
    "name",
    ["silence", "drip of the body", "drip of headers", "endless body", "gzip bomb", "not HTTP", "reset"],
)
def test_a_webhook_that_does_not_answer_properly_may_have_taken_the_message(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(posted(BEHAVIOURS[name][0], monkeypatch), Uncertain)


def test_a_webhook_that_redirects_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileServer(answer(b"ok")) as other:
        moved = answer(status="307 Moved", headers=(f"Location: {other.url}{PATH}",))
        error = posted(moved, monkeypatch)
        assert other.asked == []
    assert isinstance(error, NotSent)
    assert str(error) == (
        f"notifications 'ops': the webhook was redirected to {other.url}; nothing was sent there; if "
        "the new address is right, set HOOK to it"
    )


def test_the_url_of_a_webhook_is_in_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert posted(answer(b"ok"), monkeypatch) is None
    assert "HTTP Request: POST ***" in caplog.text
    assert "canary5" not in caplog.text.lower()


@contextmanager
def mail_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A mail server that does this with each connection; gives its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), connection:
                        talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def drip(connection: socket.socket) -> None:
    connection.sendall(b"220-")
    while True:
        time.sleep(0.02)
        connection.sendall(b"x")


def flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-more\r\n" * 1_000)


def long_line(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"2" * 65_536)


@pytest.mark.parametrize("talk", [drip, flood, long_line])
@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_mail_server_that_does_not_end(talk: Callable[[socket.socket], None], security: str) -> None:
    with mail_server(talk) as port:
        given = {"host": "127.0.0.1", "port": port, "security": security, "sender": "a@b", "to": ["c@d"]}
        channel = EmailChannel.model_validate({"kind": "email", "name": "ops", "timeout": 0.1, **given})
        began = time.monotonic()
        with pytest.raises(NotSent, match=rf"notifications 'ops': the mail server 127.0.0.1:{port} "):
            send(channel, NOTICES)
        assert time.monotonic() - began < 4
