"""One way to ask any server: limits, timeouts, and retries with back-off."""

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

from netbox_sync_dagster.config.limits import Limits
from netbox_sync_dagster.config.secrets import forms_in_data
from netbox_sync_dagster.config.servers import ClientTls, Server, Tls
from netbox_sync_dagster.server_errors import (
    ServerError,
    advice,
    cut_off,
    explain,
    message,
    redirected,
    start_of,
    web_page,
)
from netbox_sync_dagster.wire import (
    ENCODINGS,
    MIB,
    Allowance,
    Budget,
    Transport,
    UnusableProxy,
)

# Reads are tried this often; the pauses are about 0.5, 1 and 2 seconds with jitter.
READ_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# Answers that say "not now": asking again may help.
RETRYABLE_STATUS = frozenset({429, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Characters of a Retry-After header that are read, at most: of a date, of a number.
_LONGEST_DATE = 300
_LONGEST_NUMBER = 9
# An answer of more values than this would take gigabytes once it is decoded.
_MOST_VALUES = 8_000_000
_BOM = b"\xef\xbb\xbf"

_T = TypeVar("_T")


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


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait (number or HTTP date), never below 0, or None where it does not say."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:_LONGEST_NUMBER])
    try:
        return max(0.0, parsedate_to_datetime(value[:_LONGEST_DATE]).timestamp() - time.time())
    except (ArithmeticError, IndexError, OSError, TypeError, ValueError):
        return None


def pause(attempt: int, asked: float | None = None) -> float:
    """Seconds to wait before try ``attempt`` + 1 (1-based): exponential with jitter, or what was asked."""
    if asked is not None:
        return min(asked, _LONGEST_PAUSE)
    return min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE) * random.uniform(0.7, 1.3)  # noqa: S311


class JsonClient:
    """A thread-safe client for one server's JSON API.

    ``who`` names the endpoint in errors (``endpoint 'librenms-paris'``). ``server`` is its configuration.
    ``headers`` carry the credentials; ``secrets`` are what of them must not come back. ``retryable_status`` are the
    answers after which a read is tried again. ``socket`` is the path of a socket file that is asked instead of the
    URL's host. ``snapshot``: the limits of one snapshot hold for all answers together. ``calls`` counts the
    requests sent. Raises ServerError where a TLS file, a header or the environment's proxy cannot be used.
    """

    def __init__(
        self,
        who: str,
        server: Server,
        *,
        base_url: str,
        concurrency: int,
        headers: dict[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        attempts: int = READ_ATTEMPTS,
        retryable_status: frozenset[int] = RETRYABLE_STATUS,
        socket: str | None = None,
        snapshot: bool = True,
    ) -> None:
        self.who = who
        self.base_url = base_url.rstrip("/")
        self.attempts = attempts
        self.retryable_status = retryable_status
        self.calls = 0
        self.limits: Limits = server.limits
        variable = getattr(server, "token_env", None)
        self._token = f"the token in {variable}" if variable else "the token"
        self._list_allowance = Allowance(server.answer_seconds, self.limits.list_mib * MIB, "limits.list_mib")
        self._lock = Lock()
        # Once the server has answered with JSON, a web page is a fault that passes (a proxy's error or login
        # page); before, it says that the URL is wrong.
        self._proven = False
        for value in (headers or {}).values():
            if not value.isascii() or not value.isprintable():
                raise ServerError(who, "the credential holds characters that no credential has; set it again")
        tls = server.tls
        try:
            self.transport = Transport(
                self.base_url,
                verify=tls_context(tls),
                connections=concurrency,
                allowance=Allowance(server.answer_seconds, self.limits.answer_mib * MIB),
                budget=Budget(self.limits) if snapshot else None,
                socket=socket,
                masked=forms_in_data(*secrets),
            )
        except UnusableProxy as error:
            raise ServerError(who, str(error), unreachable=True) from None
        except (ssl.SSLError, OSError) as error:
            own = isinstance(tls, ClientTls) and tls.cert is not None
            files = "a file in tls.ca, tls.cert or tls.key" if own else "the file in tls.ca"
            raise ServerError(who, f"{files} cannot be used ({error})") from None
        self.http = httpx.Client(
            base_url=self.base_url,
            headers={**(headers or {}), "Accept-Encoding": ENCODINGS},
            timeout=httpx.Timeout(server.timeout, connect=min(server.timeout, 10)),
            transport=self.transport,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def echoed(self) -> str:
        """A sentence where an answer held one of our own credentials, which was masked; else empty."""
        if not self.transport.echoes:
            return ""
        return (
            f"{self.transport.echoes[0]} answered with the credential that netbox-sync uses there, which is shown as *** "
            "and makes the snapshot incomplete; replace that credential, and remove it from the data"
        )

    def __enter__(self) -> JsonClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, params: dict[str, Any] | None = None, *, attempts: int | None = None) -> Any:
        """The decoded answer of a GET. Raises ServerError."""

        def once() -> Any:
            answer = decode(self.who, self._once("GET", path, (200,), params=params), proven=self._proven)
            self._proven = True
            return answer

        return self._retry(once, attempts)

    def send(
        self,
        method: str,
        path: str,
        *,
        ok: tuple[int, ...] = (200,),
        attempts: int | None = None,
        **kwargs: Any,
    ) -> httpx.Response:
        """Send a request that may be repeated (a read) until it is answered with a status in ``ok``.

        429, 502, 503, 504 and broken connections are tried again with back-off. Raises ServerError.
        """
        return self._retry(lambda: self._once(method, path, ok, **kwargs), attempts)

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
        again, into the emptied file. Raises ServerError.
        """

        def once() -> None:
            target.seek(0)
            target.truncate()
            self._count()
            try:
                more = {"allowance": self._list_allowance}
                with self.http.stream("GET", path, params=params, extensions=more) as response:
                    if response.status_code != 200:
                        response.read()
                        raise self._refused("GET", path, response)
                    for chunk in response.iter_raw(1 << 20):
                        target.write(chunk)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self._explain(error) from None
            size = target.tell()
            target.seek(0)
            if target.read(256).lstrip()[:1] == b"<":
                raise web_page(self.who, f"GET {path}", 200, self._proven)
            if not complete(target):
                raise cut_off(self.who, f"GET {path}", 200, size)
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
            except ServerError as failure:
                last = attempt >= (attempts or self.attempts)
                if not failure.retryable or not failure.at_once or last:
                    raise
                time.sleep(pause(attempt, failure.wait))
            attempt += 1

    def _explain(self, error: Exception) -> ServerError:
        return explain(self.who, self.base_url, error)

    def _refused(self, method: str, path: str, response: httpx.Response) -> ServerError:
        status = response.status_code
        body = start_of(response)
        call = f"{method} {path}"
        if status == 401:
            what = f"the server refused {self._token} ({call} answered 401); check it and that it has not expired"
        elif status == 403:
            what = f"no permission for {call} (403: {message(body)}); give the token's user that right"
        elif status in REDIRECTS:
            what = redirected(call, response)
        else:
            what = f"{call} answered {status}: {message(body)}{advice(status)}"
        return ServerError(
            self.who,
            what,
            retryable=status in self.retryable_status,
            status=status,
            body=body,
            wait=retry_after(response),
        )


def decode(who: str, response: httpx.Response, *, proven: bool = False) -> Any:
    """The JSON of an answer. Raises ServerError for HTML, truncated or empty answers.

    ``proven``: this server has answered with JSON before, so a web page is a fault that passes.
    """
    call = f"{response.request.method} {response.request.url.path}"
    content = response.content.removeprefix(_BOM)
    values = sum(map(content.count, (b",", b"[", b"{"))) if len(content) > _MOST_VALUES else 0
    if values > _MOST_VALUES:
        what = f"{call} answered more than {_MOST_VALUES:,} values; look at what the server sends"
        raise ServerError(who, what, status=response.status_code)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        if content.lstrip()[:1] == b"<":
            raise web_page(who, call, response.status_code, proven) from None
        raise cut_off(who, call, response.status_code, len(content)) from None
