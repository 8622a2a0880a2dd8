"""A real HTTP server on loopback for the lab: request log, injected faults, start and stop in a `with` block."""

import asyncio
import contextlib
import fnmatch
import socket
import ssl
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FAULT_KINDS = ("reset", "truncate", "html200", "hang")

_LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Login</title></head><body>Please log in.</body></html>\n"


class LoggedRequest(NamedTuple):
    """One request as the server saw it. `status` is 0 when no answer was sent (reset, hang)."""

    method: str
    path: str
    status: int


@dataclass
class _Fault:
    status: int | str
    path: str
    method: str | None
    left: int | None  # None: until clear_faults()
    headers: dict[str, str] = field(default_factory=dict)

    def matches(self, method: str, path: str, base: str) -> bool:
        if self.left == 0 or (self.method and self.method != method):
            return False
        for pattern in (self.path, base + self.path):
            if fnmatch.fnmatchcase(path, pattern + "*") if "*" in pattern else path.startswith(pattern):
                return True
        return False


class LabServer(ABC):
    """Base of the lab servers. Subclasses answer in `handle`; this class listens, logs and breaks things.

    port: 0 takes a free one. certfile and keyfile (PEM): serve HTTPS. Only 127.0.0.1 is ever bound.
    client_ca: ask clients for a certificate of that authority. socket_path: listen on a socket file instead of a port.
    Use as a context manager, or call `start()` and `stop()`.
    """

    base_path = ""

    def __init__(
        self,
        *,
        port: int = 0,
        certfile: Path | str | None = None,
        keyfile: Path | str | None = None,
        client_ca: Path | str | None = None,
        socket_path: Path | str | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.requests: list[LoggedRequest] = []
        # Path with query string, one per entry of `requests`.
        self.targets: list[str] = []
        self._certfile = str(certfile) if certfile else None
        self._keyfile = str(keyfile) if keyfile else None
        self._client_ca = str(client_ca) if client_ca else None
        self._socket_path = str(socket_path) if socket_path else None
        self._faults: list[_Fault] = []
        self._latency: dict[str, float] = {}
        self._lock = threading.Lock()
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    async def handle(self, request: Request) -> Response:
        """Answer one request."""

    # -- running ---------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>` (https with a certificate), without a path; `unix://<path>` of a socket file."""
        if self._socket_path:
            return f"unix://{self._socket_path}"
        return f"{'https' if self._certfile else 'http'}://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen; returns when requests are answered. Raises OSError when the port is taken."""
        # The protocol is named because asyncio sets TCP_NODELAY only then; without it every second answer on
        # a kept connection comes 40 ms late.
        if self._socket_path:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(self._socket_path)
        else:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._asgi,
            http=_protocol(self._transports),
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            ssl_certfile=self._certfile,
            ssl_keyfile=self._keyfile,
            ssl_ca_certs=self._client_ca,
            ssl_cert_reqs=ssl.CERT_REQUIRED if self._client_ca else ssl.CERT_NONE,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name=type(self).__name__, daemon=True
        )
        self._thread.start()
        if not self._server.listening.wait(timeout=10):
            raise OSError(f"The server on port {self.port} did not start")
        return self

    def stop(self) -> None:
        """Close the listener and every connection, hanging ones too."""
        if self._server and self._thread:
            self._server.stop()
            self._thread.join(timeout=10)
            if self._socket_path:
                Path(self._socket_path).unlink(missing_ok=True)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- what a test asks for --------------------------------------------------------------------

    def reset_requests(self) -> None:
        """Forget the logged requests."""
        with self._lock:
            self.requests.clear()
            self.targets.clear()

    def fail_next(
        self,
        n: int = 1,
        *,
        status: int | str = 502,
        path_prefix: str = "",
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Break the next n requests whose path starts with path_prefix (`*` matches anything; the API's base
        path may be left out).

        status: a number answers with it and a proxy's HTML page; "reset" drops the connection without an
        answer; "truncate" announces the whole answer and sends half; "html200" answers 200 with a login page;
        "hang" never answers. headers: added to the answer (`Retry-After`).
        """
        self._add_fault(_Fault(status, path_prefix, method, n, headers or {}))

    def fail_always(
        self,
        *,
        status: int | str = 502,
        path_prefix: str = "",
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Like `fail_next`, until `clear_faults()`."""
        self._add_fault(_Fault(status, path_prefix, method, None, headers or {}))

    def set_latency(self, seconds: float, *, path_prefix: str = "") -> None:
        """Answer requests below path_prefix only after that time."""
        with self._lock:
            self._latency[path_prefix] = seconds

    def clear_faults(self) -> None:
        """Undo `fail_next`, `fail_always` and `set_latency`."""
        with self._lock:
            self._faults.clear()
            self._latency.clear()

    # -- inside ----------------------------------------------------------------------------------

    def _add_fault(self, fault: _Fault) -> None:
        if isinstance(fault.status, str) and fault.status not in FAULT_KINDS:
            raise ValueError(
                f"status must be a number or one of {', '.join(FAULT_KINDS)}, not {fault.status!r}"
            )
        with self._lock:
            self._faults.append(fault)

    def _take_fault(self, method: str, path: str) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, path, self.base_path):
                    if fault.left is not None:
                        fault.left -= 1
                    return fault
        return None

    def _delay(self, path: str) -> float:
        with self._lock:
            return max(
                (
                    s
                    for p, s in self._latency.items()
                    if _Fault(0, p, None, None).matches("", path, self.base_path)
                ),
                default=0.0,
            )

    def _log(self, request: Request, status: int) -> None:
        query = request.url.query
        with self._lock:
            self.requests.append(LoggedRequest(request.method, request.url.path, status))
            self.targets.append(request.url.path + (f"?{query}" if query else ""))

    async def _asgi(self, scope: Message, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["path"]
        if delay := self._delay(path):
            await asyncio.sleep(delay)
        fault = self._take_fault(request.method, path)
        if fault is None:
            response = await self.handle(request)
            self._log(request, response.status_code)
            if isinstance(response, RawResponse):
                await self._send_raw(scope, receive, response)
            else:
                await response(scope, receive, send)
        elif fault.status == "hang":
            self._log(request, 0)
            await _until_disconnected(receive)
        elif fault.status == "reset":
            self._log(request, 0)
            self._abort(scope)
        elif fault.status == "truncate":
            response = await self.handle(request)
            self._log(request, response.status_code)
            await self._truncate(scope, send, response)
        else:
            response = _fault_page(fault)
            self._log(request, response.status_code)
            await response(scope, receive, send)

    async def _truncate(self, scope: Message, send: Send, response: Response) -> None:
        body = bytes(response.body)
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        if transport := self._transport(scope):
            transport.close()

    def _transport(self, scope: Message) -> asyncio.Transport | None:
        # A client on a socket file has no address.
        return self._transports.get(tuple(scope["client"])) if scope["client"] else None

    def _abort(self, scope: Message) -> None:
        if transport := self._transport(scope):
            with contextlib.suppress(OSError):
                # Linger of zero seconds: the peer sees a reset, not an orderly close.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            transport.abort()

    async def _send_raw(self, scope: Message, receive: Receive, response: "RawResponse") -> None:
        if transport := self._transport(scope):
            transport.write(response.wire())
            transport.close()
        await _until_disconnected(receive)


class RawResponse(Response):
    """An answer with a custom reason phrase, which ASGI cannot send. Closes the connection."""

    def __init__(self, status_code: int, reason: str, content: bytes, media_type: str) -> None:
        super().__init__(content, status_code=status_code, media_type=media_type)
        self.reason = reason

    def wire(self) -> bytes:
        """The whole answer as bytes on the wire."""
        lines = [f"HTTP/1.1 {self.status_code} {self.reason}".encode("latin-1", "replace")]
        lines += [name + b": " + value for name, value in self.raw_headers]
        return b"\r\n".join([*lines, b"connection: close", b"", b""]) + bytes(self.body)


class _Server(uvicorn.Server):
    """uvicorn without its polling and its patience: stops at once, cutting off what still runs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self.listening.set()
        await self._end.wait()

    def stop(self) -> None:
        """End `run` (from another thread)."""
        self._loop.call_soon_threadsafe(self._end.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _fault_page(fault: _Fault) -> Response:
    if fault.status == "html200":
        return Response(_LOGIN_PAGE, media_type="text/html", headers=fault.headers)
    status = int(fault.status)
    page = f"<html>\r\n<head><title>{status}</title></head>\r\n<body>{status}<hr>nginx</body>\r\n</html>\r\n"
    return Response(page, status_code=status, media_type="text/html", headers=fault.headers)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _protocol(transports: dict[tuple[str, int], asyncio.Transport]) -> type[H11Protocol]:
    # ASGI hides the connection; cutting one off needs its transport.
    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                transports.pop(self.client, None)
            super().connection_lost(exc)

    return Protocol
