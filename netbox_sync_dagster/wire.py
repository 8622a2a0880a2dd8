"""The one transport of every HTTP client: a whole answer has a time, a size and a clean text, or is an error.

httpx's own timeouts bound the silence between two bytes only, and its decoders unpack whatever comes. Here a
deadline holds from connecting to the last byte of the body, headers and TLS included; bodies are unpacked in
small pieces and counted; our own credentials are masked in what comes back; cookies are not kept. Redirects are
never followed: they are answers like any other, with a status that nobody expects.
"""

from __future__ import annotations

import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.request import getproxies_environment, proxy_bypass

import httpcore
import httpx

from netbox_sync_dagster.config.limits import Limits
from netbox_sync_dagster.config.secrets import redact, remember
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.wire_bodies import Mask, masked_header, unpacker

MIB = 1 << 20
ENCODINGS = "gzip, deflate"
_WRITE = 16 << 10
_NEVER = float("inf")
_DROPPED = frozenset({b"set-cookie", b"content-encoding", b"content-length", b"transfer-encoding"})
# Under this name a redirect's target is handed on: httpx reads Location, and fails if it is not a URL.
LOCATION = "x-location"
_RENAMED = {b"location": LOCATION.encode()}
# Where httpx looks for authorities first.
_CA_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_T = TypeVar("_T")


class AnswerTimeout(httpx.TimeoutException):
    """The whole answer took longer than it may."""


class AnswerTooLarge(httpx.TransportError):
    """The answer is larger than it may be. The text is the end of a sentence that begins with the call."""


class SnapshotOverLimit(httpx.TransportError):
    """All answers together are larger, or took longer, than one snapshot may. The text is a sentence."""


class UnusableProxy(UserError):
    """The environment names a proxy that cannot be used; the text is a sentence."""


@dataclass(frozen=True)
class Allowance:
    """What one answer may take: ``seconds`` in all, ``size`` in bytes, unpacked. ``setting`` raises the size."""

    seconds: float
    size: int
    setting: str = "limits.answer_mib"


class Budget:
    """What all answers of one snapshot may take together. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.until = time.monotonic() + limits.snapshot_seconds
        self._left = limits.snapshot_mib * MIB
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Count bytes. Raises SnapshotOverLimit once there are too many, or it is too late."""
        with self._lock:
            self._left -= size
            left = self._left
        if left < 0:
            raise SnapshotOverLimit(
                f"the answers of one snapshot hold more than {self._limits.snapshot_mib} MiB; look at what the server "
                "sends, or raise limits.snapshot_mib"
            )
        if time.monotonic() >= self.until:
            raise SnapshotOverLimit(
                f"reading took longer than {self._limits.snapshot_seconds:g} seconds; look at the server, or raise "
                "limits.snapshot_seconds"
            )


class _Clock(threading.local):
    """Until when the request of this thread may take (``time.monotonic``)."""

    until = _NEVER


_clock = _Clock()


class _OutOfTime(Exception):
    """The deadline of this thread's request has passed."""


def _in_time(call: Callable[[float | None], _T], timeout: float | None) -> _T:
    """``call(seconds)`` with the request's ``timeout``, or what is left until the deadline."""
    left = _clock.until - time.monotonic()
    if left <= 0:
        raise _OutOfTime
    try:
        return call(left if timeout is None else min(timeout, left))
    except httpcore.TimeoutException:
        if time.monotonic() >= _clock.until:
            raise _OutOfTime from None
        raise


class _Stream(httpcore.NetworkStream):
    """A connection that gives up at the deadline of the request that uses it."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return _in_time(lambda seconds: self._stream.read(max_bytes, seconds), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, so that a server that takes byte by byte meets the deadline too.
        for start in range(0, len(buffer), _WRITE):
            piece = buffer[start : start + _WRITE]
            _in_time(lambda seconds, piece=piece: self._stream.write(piece, seconds), timeout)  # type: ignore[misc]

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(
            _in_time(lambda seconds: self._stream.start_tls(ssl_context, server_hostname, seconds), timeout)
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Opens connections that keep deadlines."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> _Stream:
        return _Stream(
            _in_time(lambda seconds: self._plain.connect_tcp(host, port, seconds, *args, **more), timeout)
        )

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, *args: Any, **more: Any
    ) -> _Stream:
        return _Stream(
            _in_time(lambda seconds: self._plain.connect_unix_socket(path, seconds, *args, **more), timeout)
        )

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@cache
def _trusting(verify: bool, *_: str | None) -> ssl.SSLContext:
    """The context of all clients that trust the well-known authorities, or those that the environment names: reading
    them takes 20 ms."""
    return httpx.create_ssl_context(verify=verify)


class Transport(httpx.BaseTransport):
    """Sends requests of one client. Thread-safe.

    A request may bring its own ``Allowance`` as the extension ``allowance``. ``masked`` are the credentials that
    this client sends, as ``forms_in_data``; ``echoes`` are the calls whose answers held one of them.
    """

    def __init__(
        self,
        url: str,
        *,
        verify: ssl.SSLContext | bool,
        connections: int,
        allowance: Allowance,
        budget: Budget | None = None,
        socket: str | None = None,
        masked: tuple[bytes, ...] = (),
    ) -> None:
        self._allowance = allowance
        self._budget = budget
        self.masked = masked
        self.echoes: list[str] = []
        context = (
            _trusting(verify, *map(os.environ.get, _CA_SETTINGS)) if isinstance(verify, bool) else verify
        )
        common: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": connections,
            "max_keepalive_connections": connections,
            "network_backend": _Network(),
        }
        proxy = None if socket else proxy_of(url)
        if proxy is not None:
            auth = (proxy.username, proxy.password) if proxy.username else None
            plain = str(proxy.copy_with(username=None, password=None))
            self._pool: httpcore.ConnectionPool = httpcore.HTTPProxy(plain, auth, **common)
        else:
            self._pool = httpcore.ConnectionPool(uds=socket, **common)

    def close(self) -> None:
        self._pool.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        allowance: Allowance = request.extensions.get("allowance", self._allowance)
        until = time.monotonic() + allowance.seconds
        if self._budget is not None:
            self._budget.take(0)
            until = min(until, self._budget.until)
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        _clock.until = until
        with self._plainly(request, allowance):
            answer = self._pool.handle_request(sent)
        return httpx.Response(
            status_code=answer.status,
            headers=[
                (_RENAMED.get(name.lower(), name), masked_header(value))
                for name, value in answer.headers
                if name.lower() not in _DROPPED
            ],
            stream=_Body(self, request, answer, allowance, until),
            extensions=answer.extensions,
        )

    @contextmanager
    def _plainly(self, request: httpx.Request, allowance: Allowance) -> Iterator[None]:
        """Turn httpcore's errors into httpx's, and a passed deadline into AnswerTimeout."""
        try:
            yield
        except _OutOfTime:
            if self._budget is not None:
                self._budget.take(0)
            raise AnswerTimeout(
                f"was not answered completely within {allowance.seconds:g} seconds", request=request
            ) from None
        except Exception as error:
            kind = getattr(httpx, type(error).__name__, None)
            if not isinstance(error, _CORE_ERRORS) or kind is None:
                raise
            raise kind(str(error), request=request) from None

    def body(
        self, request: httpx.Request, answer: httpcore.Response, allowance: Allowance
    ) -> Iterator[bytes]:
        """The body in pieces, unpacked, counted, without our credentials."""
        names = [value for name, value in answer.headers if name.lower() == b"content-encoding"]
        unpack = unpacker(b",".join(names).decode("latin-1"))
        mask = Mask(self.masked)
        packed = size = 0
        with self._plainly(request, allowance):
            parts: Iterable[bytes] = answer.iter_stream()
            for part in parts:
                packed += len(part)
                for piece in unpack.feed(part):
                    size += len(piece)
                    self._count(len(piece), max(size, packed), allowance)
                    yield mask.feed(piece)
                self._count(0, packed, allowance)
            if packed:
                unpack.end()
            yield mask.end()
        if mask.hit:
            self.echoes.append(f"{request.method} {request.url.path}")

    def _count(self, size: int, total: int, allowance: Allowance) -> None:
        if self._budget is not None:
            self._budget.take(size)
        if total > allowance.size:
            raise AnswerTooLarge(
                f"answered more than {allowance.size // MIB} MiB; look at what the server sends, or raise "
                f"{allowance.setting}"
            )


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class _Body(httpx.SyncByteStream):
    """An answer's body, read by the thread that asked."""

    def __init__(
        self,
        transport: Transport,
        request: httpx.Request,
        answer: httpcore.Response,
        allowance: Allowance,
        until: float,
    ) -> None:
        self._transport, self._request, self._answer = transport, request, answer
        self._allowance, self._until = allowance, until

    def __iter__(self) -> Iterator[bytes]:
        _clock.until = self._until
        try:
            yield from self._transport.body(self._request, self._answer, self._allowance)
        finally:
            _clock.until = _NEVER

    def close(self) -> None:
        self._answer.close()


def proxy_of(url: str) -> httpx.URL | None:
    """The proxy that the environment names for this URL. Raises UnusableProxy.

    Only for https, where a proxy carries what it cannot read (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``): over
    plain http it would be handed the credentials.
    """
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    found = getproxies_environment()
    text = found.get("https") or found.get("all") or ""
    where = f"{target.host}:{target.port}" if target.port else target.host
    if target.scheme != "https" or not text or proxy_bypass(where):
        return None
    try:
        proxy = httpx.URL(text if "://" in text else f"http://{text}")
    except httpx.InvalidURL:
        raise UnusableProxy("the environment variable HTTPS_PROXY holds no usable URL") from None
    if proxy.scheme not in ("http", "https") or not proxy.host:
        raise UnusableProxy(
            "the environment variable HTTPS_PROXY names a proxy that is not of http:// or https://, which cannot be "
            "used; set NO_PROXY for this server, or name another proxy"
        )
    if proxy.password:
        remember(proxy.password)
    return proxy


class _Redacted(logging.Filter):
    """httpx logs every URL, and a webhook's URL is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_Redacted())
