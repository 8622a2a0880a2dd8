"""Sending one message to one channel."""

from __future__ import annotations

import html
import re
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

import httpx

from netbox_sync_dagster.config.limits import ANSWER_TIMEOUTS
from netbox_sync_dagster.config.notifications import Channel, EmailChannel, WebhookChannel
from netbox_sync_dagster.config.secrets import MASK, remember
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.http import REDIRECTS
from netbox_sync_dagster.notify.mail import MailServer, TlsMailServer
from netbox_sync_dagster.notify.notices import Notice
from netbox_sync_dagster.text import visible
from netbox_sync_dagster.wire import ENCODINGS, LOCATION, Allowance, Transport, UnusableProxy

# Maximum number of bytes to read of a webhook's answer.
_LONGEST_ANSWER = 1 << 20
_SECRET_PATH = 12

_MRKDWN = re.compile(r"[*_~\[\]@#|\\!]|://|www\.|:[a-z][a-z0-9_+-]*:", re.IGNORECASE)
# Maximum number of characters of a sentence.
_LONGEST = 2_000


class NotSent(UserError):
    """The message did not arrive and may be sent again. The error names the channel, never its secret."""


class Uncertain(UserError):
    """The message may have arrived and is not sent again. The error names the channel, never its secret."""


# Of each event in a title: the words before its number, and behind it if that is one or more.
_TITLES = {
    "failure": ("", "failure", "failures"),
    "recovery": ("", "recovery", "recoveries"),
    "changes": ("many pending changes of", "endpoint", "endpoints"),
    "deletes": ("new pending deletes of", "endpoint", "endpoints"),
    "test": ("", "test message", "test messages"),
}


def send(channel: Channel, told: Sequence[Notice]) -> None:
    """Send one message with these notices. Raises NotSent, Uncertain, MissingSecret."""
    if isinstance(channel, WebhookChannel):
        _post(channel, told)
    else:
        _mail(channel, told)


def title(told: Sequence[Notice]) -> str:
    """``netbox-sync: 2 failures, 1 recovery, new pending deletes of 1 endpoint``"""
    counts = {event: sum(item.event == event for item in told) for event in _TITLES}
    parts = [
        f"{before} {number} {one if number == 1 else more}".lstrip()
        for event, (before, one, more) in _TITLES.items()
        if (number := counts[event])
    ]
    return f"netbox-sync: {', '.join(parts)}"


def _post(channel: WebhookChannel, told: Sequence[Notice]) -> None:
    url = channel.url()
    _remember_parts(url)
    seconds = ANSWER_TIMEOUTS * channel.timeout
    try:
        transport = Transport(url, verify=True, connections=1, allowance=Allowance(seconds, _LONGEST_ANSWER))
        with httpx.Client(transport=transport, timeout=channel.timeout, trust_env=False) as client:
            answer = client.post(url, json=_payload(channel, told), headers={"Accept-Encoding": ENCODINGS})
    except UnusableProxy as error:
        raise NotSent(f"notifications '{channel.name}': {error}") from None
    except (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.InvalidURL,
    ) as error:
        raise NotSent(
            f"notifications '{channel.name}': no connection to the webhook ({type(error).__name__}); check {channel.url_env}"
        ) from None
    except httpx.HTTPError as error:
        raise Uncertain(
            f"notifications '{channel.name}': the webhook did not answer; the message may have arrived ({type(error).__name__})"
        ) from None
    if answer.status_code in REDIRECTS:
        raise NotSent(
            f"notifications '{channel.name}': the webhook was redirected to {_host(answer)}; nothing was sent there; "
            f"if the new address is right, set {channel.url_env} to it"
        )
    if not answer.is_success:
        raise NotSent(
            f"notifications '{channel.name}': the webhook answered {answer.status_code}; check {channel.url_env}"
        )


def _remember_parts(url: str) -> None:
    """Mask path, query and password of a webhook's URL in all texts: they are secret."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return
    target = parts.raw_path.decode("ascii")
    # A short path (/hook) is not secret, and may occur in any text.
    remember(
        *(text for text in (target, parts.path, parts.query.decode("ascii")) if len(text) >= _SECRET_PATH)
    )
    remember(parts.password)


def _host(answer: httpx.Response) -> str:
    """Where a redirect leads, without the path: it may repeat the secret one."""
    try:
        target = httpx.URL(answer.headers.get(LOCATION, "").partition(MASK)[0])
    except httpx.InvalidURL:
        return "an address that cannot be read"
    return (
        f"{target.scheme}://{target.netloc.decode()}"[:200]
        if target.host
        else "another path of the same server"
    )


def _payload(channel: WebhookChannel, told: Sequence[Notice]) -> dict[str, Any]:
    if channel.format == "slack":
        lines = [f"• {_mrkdwn(item.sentence)}{f' {item.link}' if item.link else ''}" for item in told]
        return {"text": "\n".join([f"*{title(told)}*", *lines])}
    return {
        "title": title(told),
        "text": "\n".join(_line(item) for item in told),
        "notices": [
            {
                "event": item.event,
                "endpoint": item.endpoint,
                "sentence": visible(item.sentence, _LONGEST),
                **({"link": item.link} if item.link else {}),
            }
            for item in told
        ],
    }


def _line(notice: Notice) -> str:
    """A notice on one line, with the link to the review page."""
    text = visible(notice.sentence, _LONGEST)
    return f"{text} {notice.link}" if notice.link else text


def _mrkdwn(sentence: str) -> str:
    """A sentence for Slack and Mattermost. If it contains markup, a link or a mention, as inline code."""
    # Backticks cannot be escaped there; Slack requires &, < and > to be escaped; quotes stay.
    shown = visible(sentence, _LONGEST).replace("`", "\\x60")
    text = html.escape(shown, quote=False)
    return f"`{text}`" if _MRKDWN.search(shown) else text


def _mail(channel: EmailChannel, told: Sequence[Notice]) -> None:
    password = channel.password()
    message = EmailMessage()
    message["Subject"] = title(told)
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message.set_content("\n\n".join(_line(item) for item in told) + "\n")
    try:
        with _connect(channel) as server:
            if channel.user and password:
                server.login(channel.user, password)
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        code = getattr(error, "smtp_code", None)
        why = f"answered {code}" if code else f"could not be used ({type(error).__name__})"
        raise NotSent(
            f"notifications '{channel.name}': the mail server {channel.host}:{channel.port} {why}; check host, "
            "port, security and user"
        ) from None


def _connect(channel: EmailChannel) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if channel.security == "tls":
        return TlsMailServer(channel.host, channel.port, timeout=channel.timeout, context=context)
    server = MailServer(channel.host, channel.port, timeout=channel.timeout)
    if channel.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server
