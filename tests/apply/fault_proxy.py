"""A proxy between client and NetBox that does to a request what networks and proxies do."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx

# What happens to a request that is picked: (whether NetBox gets it, what the client gets).
FAULTS: dict[str, tuple[bool, str | int]] = {
    "reset before": (False, "reset"),
    "reset after": (True, "reset"),
    "silence before": (False, "silence"),
    "silence after": (True, "silence"),
    "429": (False, 429),
    "503": (False, 503),
    "502 before": (False, 502),
    "502 after": (True, 502),
    "504 before": (False, 504),
    "504 after": (True, 504),
    "500 before": (False, 500),
    "500 after": (True, 500),
    "truncated after": (True, "truncated"),
    "html before": (False, "html"),
    "html after": (True, "html"),
}
_PAGE = b"<html><body>Please log in.</body></html>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class FaultProxy:
    """A proxy in front of ``url``. ``fault`` (see FAULTS) happens to the next ``times`` requests of ``method``.

    ``silence`` seconds pass before a silent connection is closed: longer than the client waits.
    ``drop_header``: this header of every request is lost. ``before``: called with (method, path) of every
    request before it is passed on. ``edit`` changes the list that a DELETE carries, ``answer`` the list that
    answers a POST.
    """

    def __init__(
        self,
        url: str,
        *,
        port: int = 0,
        silence: float = 0.0,
        drop_header: str = "",
        before: Any = None,
        edit: Any = None,
        answer: Any = None,
    ) -> None:
        self._lock = threading.Lock()
        self._pending: list[tuple[str, str, str]] = []
        self._then: dict[str, list[tuple[str, str, str]]] = {}
        self.silence, self.drop_header, self.before = silence, drop_header.lower(), before
        self.edit, self.answer = edit, answer
        self.backend = httpx.Client(base_url=url, timeout=60)
        # (method, path, whether NetBox got it) of every request.
        self.seen: list[tuple[str, str, bool]] = []
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def after(self, first: str, fault: str, method: str, path: str, times: int) -> None:
        """As ``fail``, from the next request of method ``first`` on."""
        self._then.setdefault(first, []).extend([(fault, method, path)] * times)

    def heal(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._pending.clear()
            self._then.clear()

    def fail(self, fault: str, method: str, path: str = "", times: int = 1) -> None:
        """The next ``times`` requests of that method and path (its beginning) meet this fault."""
        with self._lock:
            self._pending += [(fault, method, path)] * times

    def take(self, method: str, path: str) -> str | None:
        """The fault of this request, if any."""
        with self._lock:
            self._pending += self._then.pop(method, [])
            for index, (fault, wanted, prefix) in enumerate(self._pending):
                if wanted == method and path.startswith(prefix):
                    del self._pending[index]
                    return fault
        return None

    def wait(self) -> None:
        """Let a client wait for an answer that does not come."""
        self._over.wait(self.silence)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self.backend.close()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            dropped = ("host", "connection", "content-length", "accept-encoding", proxy.drop_header)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in dropped}
            fault = proxy.take(self.command, self.path)
            passed, outcome = FAULTS[fault] if fault else (True, "")
            if proxy.before is not None:
                proxy.before(self.command, self.path)
            answer = None
            if self.command == "DELETE" and proxy.edit is not None:
                body = json.dumps(proxy.edit(json.loads(body))).encode()
            if passed:
                answer = proxy.backend.request(self.command, self.path, content=body, headers=headers)
            proxy.seen.append((self.command, self.path, passed))
            if outcome == "silence":
                proxy.wait()
            if outcome in ("reset", "silence"):
                self.close_connection = True
                self.connection.shutdown(2)
            elif outcome == "html":
                self._say(200, _PAGE, {"content-type": "text/html"})
            elif isinstance(outcome, int):
                extra = {"retry-after": "1"} if outcome in (429, 503) else {}
                self._say(outcome, _PAGE, {"content-type": "text/html", **extra})
            elif answer is not None:
                kept = ("content-type", "x-request-id", "allow")
                found = {k: v for k, v in answer.headers.items() if k.lower() in kept}
                content = answer.content
                if self.command == "POST" and proxy.answer is not None and answer.status_code == 201:
                    content = json.dumps(proxy.answer(json.loads(content))).encode()
                self._say(
                    answer.status_code, content, found, cut=len(content) // 2 * (outcome == "truncated")
                )

        def _say(self, status: int, content: bytes, headers: dict[str, str], cut: int = 0) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - cut])
            if cut:
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = do_OPTIONS = forward

    return Handler
