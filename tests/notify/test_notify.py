"""Notifications over real HTTP and SMTP on loopback: each is sent once, whatever is restarted or breaks."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from ruamel.yaml import YAML

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.notifications import WebhookChannel
from netbox_sync_dagster.defs.sensors.notification_sensors import notification_sensor
from netbox_sync_dagster.notify import notices, notify
from netbox_sync_dagster.notify.notices import Seen
from netbox_sync_dagster.notify.run import read_memory
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.configured import note_endpoints
from tests.storage.versions import publish_diff
from tests.support import evaluate

ENDPOINT = {"name": "paris", "kind": "librenms", "url": "http://127.0.0.1:1", "interval": 3600}
NETBOX = {"url": "http://127.0.0.1:1"}


class Hook(ThreadingHTTPServer):
    """Takes what is posted; answers with ``status``, or drops the connection where that is 0."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.bodies: list[Any] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_address[1]}/services/SECRET-PATH"

    def handle_error(self, *_: Any) -> None:
        """A dropped connection is on purpose."""


class _HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.bodies.append(body)
        if not self.server.status:
            self.connection.close()
            return
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


class Inbox:
    """Takes every mail, or none."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.open = True

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if not self.open:
            return "451 try again later"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


class _OnAnyPort(Controller):
    """Listens on a port of the system's choice."""

    @property
    def chosen(self) -> int:
        return self.server.sockets[0].getsockname()[1]

    def _trigger_server(self) -> None:
        with socket.create_connection(("127.0.0.1", self.chosen), 5) as connection:
            connection.recv(1000)


class NotifyHarness:
    """A warehouse with one endpoint, and the channels that hear of it."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = Warehouse(folder / "data")
        self.path = folder / "netbox_sync.yaml"
        self.channels: list[dict[str, Any]] = []
        self.minute = 0

    @property
    def config(self) -> Config:
        content = {"netbox": NETBOX, "endpoints": [ENDPOINT], "notifications": self.channels}
        YAML(typ="safe").dump(content, self.path)
        return Config.model_validate(content)

    def tell(self) -> tuple[list[str], list[str]]:
        """What the sensor does at a tick."""
        note_endpoints(self.warehouse, self.config)
        return notify(self.warehouse, self.config)

    def tried(self, error: str = "", *, unreachable: bool = False) -> None:
        """Paris was read and compared, or could not be read."""
        self.minute += 1
        at = (now() - timedelta(hours=1) + timedelta(minutes=self.minute)).isoformat()
        line = {"system": "librenms", "started": at, "finished": at, "ok": not error}
        reads = self.warehouse.snapshots("librenms", "paris") / "attempts.jsonl"
        self.warehouse.append_jsonl(reads, {**line, "error": error or None, "unreachable": unreachable})
        if not error:
            self.warehouse.append_jsonl(self.warehouse.diffs("paris") / "attempts.jsonl", line)


@pytest.fixture
def harness(tmp_path: Path) -> NotifyHarness:
    return NotifyHarness(tmp_path)


@pytest.fixture
def hook(harness: NotifyHarness, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("CHAT_URL", server.url)
        harness.channels.append({"name": "chat", "kind": "webhook", "url_env": "CHAT_URL"})
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def inbox(harness: NotifyHarness) -> Iterator[Inbox]:
    box = Inbox()
    controller = _OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    port = controller.chosen
    harness.channels.append(
        {
            "name": "mail",
            "kind": "email",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "netbox-sync@example.com",
            "to": ["a@example.com", "b@example.com"],
        }
    )
    yield box
    controller.stop()


def test_a_failure_and_its_recovery_are_told_once_each(
    harness: NotifyHarness, hook: Hook, inbox: Inbox
) -> None:
    publish_diff(harness.warehouse, "paris")
    harness.tried()
    assert harness.tell() == ([], [])
    harness.tried("endpoint 'paris': cannot connect to <b> & co", unreachable=True)

    sent, problems = harness.tell()
    assert (sent, problems) == (["chat: netbox-sync: 1 failure", "mail: netbox-sync: 1 failure"], [])
    assert hook.bodies == [
        {
            "text": "*netbox-sync: 1 failure*\n"
            "• paris: unreachable: endpoint 'paris': cannot connect to &lt;b&gt; &amp; co"
        }
    ]
    [(to, mail)] = inbox.mails
    assert to == ["a@example.com", "b@example.com"]
    assert (mail["From"], mail["Subject"]) == ("netbox-sync@example.com", "netbox-sync: 1 failure")
    assert mail.get_content().strip() == "paris: unreachable: endpoint 'paris': cannot connect to <b> & co"

    # It goes on failing, in whatever words: the same thing.
    harness.tried("endpoint 'paris': no answer")
    assert harness.tell() == ([], [])
    harness.tried()
    harness.tell()
    assert harness.tell() == ([], [])
    assert [body["text"].split("\n")[0] for body in hook.bodies] == [
        "*netbox-sync: 1 failure*",
        "*netbox-sync: 1 recovery*",
    ]
    assert "• paris: works again after failing since 20" in hook.bodies[1]["text"]
    assert len(inbox.mails) == 2
    # Another failure is another thing.
    harness.tried("endpoint 'paris': cannot connect")
    assert len(harness.tell()[0]) == 2


def test_a_sentence_that_quotes_anything_is_text(harness: NotifyHarness, hook: Hook, inbox: Inbox) -> None:
    """No line, link, mention or markup but the product's own, in chat and mail; long ones are cut."""
    publish_diff(harness.warehouse, "paris")
    harness.tried(
        "evil\x1b[2K\n• forged\u202e @channel *b* `c` [a](http://evil.example) <!here>" + "x" * 3_000
    )
    harness.tell()
    shown = r"paris: error: evil\x1b[2K\n• forged\u202e @channel *b* {0}c{0} [a](http://evil.example) {1}"
    title, line = hook.bodies[0]["text"].split("\n")
    assert title == "*netbox-sync: 1 failure*"
    assert line.startswith("• `" + shown.format(r"\x60", "&lt;!here&gt;") + "xxx")
    assert line.endswith("x… (3,082 characters)`")
    [(_, mail)] = inbox.mails
    assert mail.get_content().strip().startswith(shown.format("`", "<!here>") + "xxx")
    assert len(mail.get_content().strip().splitlines()) == 1


def test_a_channel_can_wait_for_several_failures_and_leave_events_out(
    harness: NotifyHarness, hook: Hook
) -> None:
    harness.channels[0] |= {"after_failures": 3, "on": ["failure"], "format": "json"}
    publish_diff(harness.warehouse, "paris")
    harness.tried()
    for number in range(3):
        assert len(hook.bodies) == 0
        harness.tried(f"error {number}")
        harness.tell()
    sentence = "paris: error: error 2"
    assert hook.bodies == [
        {
            "title": "netbox-sync: 1 failure",
            "text": sentence,
            "notices": [{"event": "failure", "endpoint": "paris", "sentence": sentence}],
        }
    ]
    harness.tried()
    assert harness.tell() == ([], [])


@pytest.mark.parametrize("setting", ["changes_above", "drift_above"])
def test_pending_changes_are_told_when_they_rise_above_the_threshold(
    harness: NotifyHarness, hook: Hook, setting: str
) -> None:
    """The former names of the setting and of the event work too."""
    harness.channels[0] |= {setting: 2, "on": [setting.removesuffix("_above")]}
    publish_diff(harness.warehouse, "paris", create=2)
    harness.tried()
    assert harness.tell() == ([], [])
    for creates, told in ((3, 1), (7, 1), (1, 1), (1, 1), (9, 2)):
        # What people have acknowledged counts neither as waiting nor as a conflict.
        publish_diff(harness.warehouse, "paris", create=creates, acknowledged=5 if told == 2 else 0)
        harness.tell()
        assert len(hook.bodies) == told, creates
    assert {body["text"].split("\n")[0] for body in hook.bodies} == {
        "*netbox-sync: many pending changes of 1 endpoint*"
    }
    assert [body["text"].split("• ")[1] for body in hook.bodies] == [
        "paris: 3 changes are waiting, more than 2",
        "paris: 9 changes are waiting, more than 2; 5 acknowledged rows are not among them",
    ]


def test_deletes_that_wait_are_told_by_name_and_only_new_ones_again(
    harness: NotifyHarness, hook: Hook
) -> None:
    publish_diff(harness.warehouse, "paris", delete=2)
    harness.tried()
    harness.tell()
    publish_diff(harness.warehouse, "paris", delete=3)
    harness.tell()
    assert harness.tell() == ([], [])
    assert [body["text"].split("• ")[1] for body in hook.bodies] == [
        "paris: 2 new deletes are waiting for a decision: devices delete-0, devices delete-1",
        "paris: 1 new delete is waiting for a decision: devices delete-2",
    ]


def test_a_message_that_did_not_arrive_is_sent_again_after_a_pause(
    harness: NotifyHarness, hook: Hook, inbox: Inbox
) -> None:
    publish_diff(harness.warehouse, "paris")
    harness.tried("boom")
    hook.status, inbox.open = 500, False

    sent, problems = harness.tell()

    assert sent == []
    assert problems[0] == "notifications 'chat': the webhook answered 500; check CHAT_URL"
    assert problems[1].startswith("notifications 'mail': the mail server 127.0.0.1:")
    assert problems[1].endswith("answered 451; check host, port, security and user")
    # Neither the URL nor a part of it.
    assert "SECRET" not in "".join(problems)
    hook.status, inbox.open = 200, True
    # Not at once.
    assert harness.tell() == ([], [])
    for name in ("chat", "mail"):
        path = harness.warehouse.home / "notices" / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            line["at"] = (now() - timedelta(seconds=61)).isoformat()
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert harness.tell() == (["chat: netbox-sync: 1 failure", "mail: netbox-sync: 1 failure"], [])
    assert harness.tell() == ([], [])
    assert (len(hook.bodies), len(inbox.mails)) == (2, 1)


def test_what_may_have_arrived_is_not_sent_again(harness: NotifyHarness, hook: Hook) -> None:
    publish_diff(harness.warehouse, "paris")
    harness.tried("boom")
    hook.status = 0
    sent, problems = harness.tell()
    assert (sent, len(hook.bodies)) == ([], 1)
    assert problems == [
        "notifications 'chat': the webhook did not answer; the message may have arrived (RemoteProtocolError)"
    ]
    hook.status = 200
    assert harness.tell() == ([], [])
    # Killed after the message was on its way: the same.
    harness.tried()
    path = harness.warehouse.home / "notices" / "chat.jsonl"
    [told] = read_memory(path).told
    harness.warehouse.append_jsonl(
        path, {"at": now().isoformat(), "outcome": "sending", "ids": [f"recovery {told}"]}
    )
    assert harness.tell() == ([], [])


def test_a_missing_secret_is_named_and_hinders_no_other_channel(
    harness: NotifyHarness, hook: Hook, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHAT_URL")
    publish_diff(harness.warehouse, "paris")
    harness.tried("boom")
    assert harness.tell() == (
        ["mail: netbox-sync: 1 failure"],
        ["notifications 'chat': set the environment variable CHAT_URL"],
    )


def test_the_sensor_tells_and_says_what_it_told(
    harness: NotifyHarness, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_diff(harness.warehouse, "paris")
    harness.tried("boom")
    note_endpoints(harness.warehouse, harness.config)
    monkeypatch.setenv("NETBOX_SYNC_CONFIG", str(harness.path))
    monkeypatch.setenv("NETBOX_SYNC_HOME", str(harness.warehouse.home))
    said = [evaluate(notification_sensor).skip_message for _ in range(2)]
    assert said == ["chat: netbox-sync: 1 failure", "nothing new to send"]


def test_the_command_line_tells_and_tests(
    harness: NotifyHarness, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_diff(harness.warehouse, "paris")
    harness.tried("boom")
    note_endpoints(harness.warehouse, harness.config)
    options = ["--config", str(harness.path), "--home", str(harness.warehouse.home)]
    assert run([*options, "notify", "--test"]) == 0
    assert hook.bodies[0]["text"] == "*netbox-sync: 1 test message*\n• this is a test of the channel 'chat'"
    assert run([*options, "notify"]) == 0
    hook.status = 404
    assert run([*options, "notify", "--test"]) == 1
    out = capsys.readouterr()
    assert out.out.splitlines() == ["chat: sent", "chat: netbox-sync: 1 failure"]
    assert out.err == "error: notifications 'chat': the webhook answered 404; check CHAT_URL\n"


def test_an_apply_that_left_something_undone_is_a_failure() -> None:
    channel = WebhookChannel(name="chat", kind="webhook", url_env="CHAT_URL")
    seen = Seen([], [], [("paris", "20260101T000000000Z-0000", "3 applied, 1 stale")])
    [notice] = notices(seen, set(), channel)
    assert (notice.event, notice.sentence) == (
        "failure",
        "paris: apply 20260101T000000000Z-0000 is incomplete: 3 applied, 1 stale; see ledger.verdicts",
    )
    assert notices(seen, set(notice.ids), channel) == []


def test_a_dry_run_shows_messages_and_sends_none(
    harness: NotifyHarness, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_diff(harness.warehouse, "paris")
    harness.tried()
    harness.tell()
    harness.tried("endpoint 'paris': cannot connect", unreachable=True)
    _ = harness.config
    options = ["--config", str(harness.path), "--home", str(harness.warehouse.home), "notify"]

    assert run([*options, "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "chat: would send failure: paris: unreachable: endpoint 'paris': cannot connect\n"
    )
    assert run([*options, "--test", "--dry-run"]) == 0
    assert capsys.readouterr().out == "chat: a test message would be sent\n"
    assert hook.bodies == []
    assert not (harness.warehouse.home / "notices" / "chat.jsonl").exists()

    assert harness.tell() == (["chat: netbox-sync: 1 failure"], [])
    assert run([*options, "--dry-run"]) == 0
    assert capsys.readouterr().out == "nothing new to send\n"
