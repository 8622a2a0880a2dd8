"""One way to ask any server: limits, timeouts, retries with back-off, and errors a person can act on."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, BinaryIO, TypeVar

import httpx
import orjson

from netbox_sync_dagster.config.servers import ClientTls, Tls

# Reads are tried this often; the pauses are about 0.5, 1 and 2 seconds with jitter.
READ_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# Answers that say "not now": asking again may help.
PASSING_STATUS = frozenset({429, 502, 503, 504})

LOOK_BETWEEN = "look at the server and at the proxies before it"

_T = TypeVar("_T")


class SourceError(Exception):
    """A server could not be read. The text is one sentence: who, what failed, what to do; never a secret.

    ``passing``: a later try may succeed (network, overload); False for a wrong token, TLS or a wrong URL.
    ``unreachable``: not even a connection came about. ``status``: the HTTP status, where there was an
    answer; ``body`` the start of its text; ``wait`` the seconds that it asked to wait.
    """

    def __init__(
        self,
        who: str,
        what: str,
        *,
        passing: bool = False,
        unreachable: bool = False,
        status: int | None = None,
        body: str = "",
        wait: float | None = None,
    ) -> None:
        super().__init__(f"{who}: {what}")
        self.who = who
        self.what = what
        self.passing = passing
        self.unreachable = unreachable
        self.status = status
        self.body = body
        self.wait = wait


def tls_context(tls: Tls) -> ssl.SSLContext | bool:
    """What httpx and requests take as ``verify``."""
    if isinstance(tls, ClientTls) and tls.cert is not None:
        context = ssl.create_default_context(cafile=str(tls.ca) if tls.ca else None)
        if not tls.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        # Without a password here OpenSSL would ask for that of a locked key on the terminal.
        context.load_cert_chain(tls.cert, tls.key, password="")
        return context
    if not tls.verify:
        return False
    if tls.ca is not None:
        return ssl.create_default_context(cafile=str(tls.ca))
    return True


def explain(who: str, url: str, error: Exception) -> SourceError:
    """Turn a transport error into a sentence."""
    where = f"{httpx.URL(url).scheme}://{httpx.URL(url).netloc.decode()}"
    text = str(error)
    if isinstance(error, httpx.ConnectError) and ("CERTIFICATE" in text or "SSL" in text.upper()):
        return SourceError(
            who,
            f"TLS to {where} failed ({text}); set tls.ca to your certificate authority's PEM file",
            unreachable=True,
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return SourceError(
            who,
            f"cannot connect to {where} ({text}); check the url and the network",
            passing=True,
            unreachable=True,
        )
    if isinstance(error, httpx.TimeoutException):
        return SourceError(
            who, f"{where} did not answer in time; raise `timeout` or look at the server", passing=True
        )
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return SourceError(
            who, f"{url} is no usable URL; it begins with http:// or https://", unreachable=True
        )
    what = f"the connection to {where} broke ({type(error).__name__}); {LOOK_BETWEEN}"
    return SourceError(who, what, passing=True)


def advice(status: int) -> str:
    """What to do about an answer that no configuration of ours explains, as the end of a sentence."""
    if status in (502, 503, 504):
        return "; the server or a proxy before it is down or overloaded: look there, and try again later"
    if status >= 500:
        return "; the server's own log says why"
    return ""


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait (number or HTTP date), or None."""
    value = response.headers.get("retry-after", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def pause(attempt: int, asked: float | None = None) -> float:
    """Seconds to wait before try ``attempt`` + 1 (1-based): exponential with jitter, or what was asked."""
    if asked is not None:
        return min(asked, _LONGEST_PAUSE)
    return min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE) * random.uniform(0.7, 1.3)  # noqa: S311


class JsonClient:
    """A thread-safe client for one server's JSON API.

    ``who`` names the endpoint in errors (``endpoint 'librenms-paris'``). ``headers`` carry the credentials.
    ``passing_status`` are the answers after which a read is tried again. ``socket`` is the path of a socket file
    that is asked instead of the URL's host. ``calls`` counts the requests sent.
    """

    def __init__(
        self,
        who: str,
        base_url: str,
        *,
        headers: dict[str, str],
        tls: Tls,
        timeout: float,
        concurrency: int,
        attempts: int = READ_ATTEMPTS,
        passing_status: frozenset[int] = PASSING_STATUS,
        socket: str | None = None,
    ) -> None:
        self.who = who
        self.base_url = base_url.rstrip("/")
        self.attempts = attempts
        self.passing_status = passing_status
        self.calls = 0
        self._lock = Lock()
        # Once the server has answered with JSON, a web page is a passing fault (a proxy's error or login
        # page); before, it says that the URL is wrong.
        self._proven = False
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        try:
            self.http = httpx.Client(
                base_url=self.base_url,
                headers=headers,
                verify=tls_context(tls),
                timeout=httpx.Timeout(timeout, connect=min(timeout, 10)),
                limits=limits,
                transport=httpx.HTTPTransport(uds=socket, limits=limits) if socket else None,
                follow_redirects=False,
            )
        except (ssl.SSLError, OSError) as error:
            own = isinstance(tls, ClientTls) and tls.cert is not None
            files = "a file in tls.ca, tls.cert or tls.key" if own else "the file in tls.ca"
            raise SourceError(who, f"{files} cannot be used ({error})") from None

    def __enter__(self) -> JsonClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, params: dict[str, Any] | None = None, *, attempts: int | None = None) -> Any:
        """The decoded answer of a GET. Raises SourceError."""

        def once() -> Any:
            answer = decode(self.who, self._once("GET", path, (200,), params=params), proven=self._proven)
            self._proven = True
            return answer

        return self._retry(once, attempts)

    def send(self, method: str, path: str, *, ok: tuple[int, ...] = (200,), **kwargs: Any) -> httpx.Response:
        """Send a request that may be repeated (a read) until it is answered with a status in ``ok``.

        429, 502, 503, 504 and broken connections are tried again with back-off. Raises SourceError.
        """
        return self._retry(lambda: self._once(method, path, ok, **kwargs))

    def download(
        self,
        path: str,
        target: BinaryIO,
        *,
        params: dict[str, Any] | None = None,
        complete: Callable[[BinaryIO], bool],
        attempts: int | None = None,
    ) -> None:
        """Write a large JSON answer to the file ``target`` without holding it in memory.

        ``complete(target)`` says whether the file holds a whole answer; one that was cut off is asked for
        again, into the emptied file. Raises SourceError.
        """

        def once() -> None:
            target.seek(0)
            target.truncate()
            self._count()
            try:
                with self.http.stream("GET", path, params=params) as response:
                    if response.status_code != 200:
                        response.read()
                        raise self._refused("GET", path, response)
                    for chunk in response.iter_bytes(1 << 20):
                        target.write(chunk)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self._explain(error) from None
            size = target.tell()
            target.seek(0)
            if target.read(256).lstrip()[:1] == b"<":
                raise _web_page(self.who, f"GET {path}", 200, self._proven)
            if not complete(target):
                raise _cut_off(self.who, f"GET {path}", 200, size)
            self._proven = True

        self._retry(once, attempts)

    def _count(self) -> None:
        with self._lock:
            self.calls += 1

    def _once(self, method: str, path: str, ok: tuple[int, ...], **kwargs: Any) -> httpx.Response:
        self._count()
        try:
            response = self.http.request(method, path, **kwargs)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._explain(error) from None
        if response.status_code not in ok:
            raise self._refused(method, path, response)
        return response

    def _retry(self, once: Callable[[], _T], attempts: int | None = None) -> _T:
        attempt = 1
        while True:
            try:
                return once()
            except SourceError as failure:
                if not failure.passing or attempt >= (attempts or self.attempts):
                    raise
                time.sleep(pause(attempt, failure.wait))
            attempt += 1

    def _explain(self, error: Exception) -> SourceError:
        return explain(self.who, self.base_url, error)

    def _refused(self, method: str, path: str, response: httpx.Response) -> SourceError:
        status = response.status_code
        body = response.text[:300]
        call = f"{method} {path}"
        if status == 401:
            what = f"the server refused the token ({call} answered 401); check it and that it has not expired"
        elif status == 403:
            what = f"no permission for {call} (403: {message(body)}); give the token's user that right"
        elif 300 <= status < 400:
            what = f"{call} was redirected to {response.headers.get('location', '?')}; put that address into `url`"
        else:
            what = f"{call} answered {status}: {message(body)}{advice(status)}"
        return SourceError(
            self.who,
            what,
            passing=status in self.passing_status,
            status=status,
            body=body,
            wait=retry_after(response),
        )


def decode(who: str, response: httpx.Response, *, proven: bool = False) -> Any:
    """The JSON of an answer. Raises SourceError for HTML, truncated or empty answers.

    ``proven``: this server has answered with JSON before, so a web page is a passing fault.
    """
    call = f"{response.request.method} {response.request.url.path}"
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        if response.text.lstrip()[:1] == "<":
            raise _web_page(who, call, response.status_code, proven) from None
        raise _cut_off(who, call, response.status_code, len(response.content)) from None


def _web_page(who: str, call: str, status: int, proven: bool) -> SourceError:
    what = f"{call} answered with a web page instead of JSON; check that `url` is the API's base address"
    return SourceError(who, what, passing=proven, status=status)


def _cut_off(who: str, call: str, status: int, size: int) -> SourceError:
    what = f"{call} answered with broken JSON ({size} bytes); the answer was cut off"
    return SourceError(who, what, passing=True, status=status)


def message(body: str) -> str:
    """The server's own words in an error answer, on one line."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "a web page" if body.lstrip()[:1] == "<" else " ".join(body.split())[:200]
    if isinstance(content, dict):
        content = content.get("message") or content.get("detail") or content.get("error") or content
    return " ".join(str(content).split())[:200]
