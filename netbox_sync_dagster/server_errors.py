"""Errors of servers as sentences that a person can act on: who, what failed, what to do; never a secret."""

from __future__ import annotations

import httpx
import orjson

from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.wire import LOCATION, AnswerTimeout, AnswerTooLarge, SnapshotOverLimit

# Characters of an answer that are shown, at most.
_LONGEST_WORDS = 300

LOOK_BETWEEN = "look at the server and at the proxies before it"


class ServerError(UserError):
    """A server could not be read. The text is one sentence: who, what failed, what to do; never a secret.

    ``retryable``: a later try may succeed (network, overload); False for a wrong token, TLS or a wrong URL.
    ``at_once``: so may one in a second. ``unreachable``: not even a connection came about. ``whole``: nothing
    more can be read in this snapshot. ``status``: the HTTP status, where there was an answer; ``body`` the
    start of its text; ``wait`` the seconds that it asked to wait.
    """

    def __init__(
        self,
        who: str,
        what: str,
        *,
        retryable: bool = False,
        at_once: bool = True,
        unreachable: bool = False,
        whole: bool = False,
        status: int | None = None,
        body: str = "",
        wait: float | None = None,
    ) -> None:
        # Whatever a server or a library says may hold what we sent.
        what = redact(what)
        super().__init__(f"{who}: {what}")
        self.who = who
        self.what = what
        self.retryable = retryable
        self.at_once = at_once
        self.unreachable = unreachable
        self.whole = whole
        self.status = status
        self.body = redact(body)
        self.wait = wait


def explain(who: str, url: str, error: Exception) -> ServerError:
    """Turn a transport error into a sentence."""
    return _exceeded(who, error) or _broken(who, url, error)


def _exceeded(who: str, error: Exception) -> ServerError | None:
    """The sentence about an answer that came, and was not to be read to its end; None for other errors."""
    text = str(error)
    if isinstance(error, SnapshotOverLimit):
        return ServerError(who, text, whole=True)
    if isinstance(error, AnswerTooLarge):
        return ServerError(who, f"{_call(error)} {text}")
    if isinstance(error, AnswerTimeout):
        what = f"{_call(error)} {text}; look at the server, or raise limits.answer_seconds"
        return ServerError(who, what, retryable=True, at_once=False)
    if isinstance(error, httpx.DecodingError):
        return ServerError(who, f"{_call(error)}: {text}; {LOOK_BETWEEN}", retryable=True)
    return None


def _broken(who: str, url: str, error: Exception) -> ServerError:
    where, text = place(url), str(error)
    if isinstance(error, httpx.ProxyError):
        what = f"the proxy of HTTPS_PROXY did not let the request through to {where} ({text}); {LOOK_BETWEEN}"
        return ServerError(who, what, retryable=True, unreachable=True)
    if isinstance(error, httpx.ConnectError) and ("CERTIFICATE" in text or "SSL" in text.upper()):
        return ServerError(
            who,
            f"TLS to {where} failed ({text}); set tls.ca to your certificate authority's PEM file",
            unreachable=True,
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return ServerError(
            who,
            f"cannot connect to {where} ({text}); check the url and the network",
            retryable=True,
            unreachable=True,
        )
    if isinstance(error, httpx.TimeoutException):
        return ServerError(
            who, f"{where} did not answer in time; raise `timeout` or look at the server", retryable=True
        )
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return ServerError(
            who, f"{where} is not a usable URL; it must begin with http:// or https://", unreachable=True
        )
    what = f"the connection to {where} broke ({type(error).__name__}); {LOOK_BETWEEN}"
    return ServerError(who, what, retryable=True)


def place(url: str) -> str:
    """``https://host:port`` of a URL, without what else may be in it."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return "the url"
    return f"{parts.scheme}://{parts.netloc.decode()}"


def _call(error: Exception) -> str:
    request = getattr(error, "_request", None)
    return f"{request.method} {request.url.path}" if request is not None else "the request"


def redirected(call: str, response: httpx.Response) -> str:
    """What to say of a redirect, which is never followed: its target would get the credentials."""
    target = " ".join(response.headers.get(LOCATION, "").split())[:_LONGEST_WORDS] or "an unnamed address"
    return f"{call} was redirected to {target}; nothing was sent there; set `url` to that, if it is right"


def too_many(what: str, most: int) -> str:
    """The sentence about a list that does not end."""
    return f"{what} answered more than {most} rows; look at what the server sends, or raise limits.rows"


def advice(status: int) -> str:
    """What to do about an answer that no configuration of ours explains, as the end of a sentence."""
    if status in (502, 503, 504):
        return "; the server or a proxy before it is down or overloaded: look there, and try again later"
    if status >= 500:
        return "; the server's own log says why"
    return ""


def start_of(response: httpx.Response) -> str:
    """The start of an answer's text. JSON is UTF-8, whatever a header says."""
    return response.content[: 4 * _LONGEST_WORDS].decode("utf-8", "replace")[:_LONGEST_WORDS]


def web_page(who: str, call: str, status: int, proven: bool) -> ServerError:
    what = f"{call} answered with a web page instead of JSON; check that `url` is the API's base address"
    return ServerError(who, what, retryable=proven, status=status)


def cut_off(who: str, call: str, status: int, size: int) -> ServerError:
    what = f"{call} answered with broken JSON ({size} bytes); it was cut off, or is not JSON; {LOOK_BETWEEN}"
    return ServerError(who, what, retryable=True, status=status)


def message(body: str) -> str:
    """The server's own words in an error answer, on one line."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "a web page" if body.lstrip()[:1] == "<" else " ".join(body.split())[:200]
    if isinstance(content, dict):
        content = content.get("message") or content.get("detail") or content.get("error") or content
    return " ".join(str(content).split())[:200]
