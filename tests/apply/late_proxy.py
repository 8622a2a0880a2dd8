"""A proxy that loses a client's connection and carries the request out all the same, some time later."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx


class LateProxy:
    """A proxy in front of ``url``. The next request of ``late_method`` arrives there ``delay`` seconds late.

    Without ``delay`` it arrives just before the next one of that method. ``status``: it is answered with that at once.
    ``skip`` of them pass first.
    """

    def __init__(
        self, url: str, *, late_method: str, delay: float | None, status: int | None = None, skip: int = 0
    ) -> None:
        self._skip, self._left = skip, 1
        self.kept: tuple[str, str, bytes, dict[str, str]] | None = None
        self._lock = threading.Lock()
        self.late_method, self.delay, self.status = late_method, delay, status
        self.backend = httpx.Client(base_url=url, timeout=30)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, method: str) -> bool:
        """Whether this request is the one to be late."""
        with self._lock:
            late = method == self.late_method and self._left > 0
            if late and self._skip:
                self._skip -= 1
                return False
            self._left -= late
            return late

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.backend.close()


def _handler(proxy: LateProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            if proxy.take(self.command):
                # Closed before the answer, while the request is on its way.
                if proxy.status is not None:
                    self.send_response(proxy.status)
                    self.send_header("content-length", "0")
                    self.end_headers()
                    self.wfile.flush()
                self.connection.shutdown(2)
                self.close_connection = True
                if proxy.delay is None:
                    proxy.kept = self.command, self.path, body, headers
                    return
                time.sleep(proxy.delay)
                proxy.backend.request(self.command, self.path, content=body, headers=headers)
                return
            if proxy.kept is not None and self.command == proxy.late_method:
                method, path, content, sent = proxy.kept
                proxy.kept = None
                proxy.backend.request(method, path, content=content, headers=sent)
            answer = proxy.backend.request(self.command, self.path, content=body, headers=headers)
            self.send_response(answer.status_code)
            for name in ("content-type", "x-request-id", "retry-after"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("content-length", str(len(answer.content)))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_DELETE = forward

    return Handler
